// Linked into each C++ program: the header may be part of several translation units, and be included twice.
#include "cosimg.hpp"
#include "cosimg.hpp"

cosimg::error_kind kind_of_a_failure() {
    try {
        cosimg::link("GET", "host", "\xff");
    } catch (const cosimg::error &error) {
        return error.kind();
    }
    return cosimg::error_kind::internal;
}
