// What the C++ programs of this folder share.
#ifndef CHECK_HPP
#define CHECK_HPP

#include "cosimg.hpp"

#include "check.h"

#include <functional>

/** What a call throws. */
inline cosimg::error thrown_by(const std::function<void()> &call) {
    try {
        call();
    } catch (const cosimg::error &error) {
        return error;
    }
    fprintf(stderr, "nothing was thrown\n");
    exit(1);
}

inline bool same(cosimg::bytes_view a, cosimg::bytes_view b) {
    return a.size() == b.size() && std::string_view(reinterpret_cast<const char *>(a.data()), a.size()) ==
                                       std::string_view(reinterpret_cast<const char *>(b.data()), b.size());
}

#endif
