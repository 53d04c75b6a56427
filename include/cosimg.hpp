/**
 * @file
 * cosimg for C++17: the C ABI of cosimg.h with owners, exceptions and views. Header only, and one file whatever its
 * length, so that it can be copied beside a program.
 *
 * Objects are move-only and free themselves. A failure throws `cosimg::error`. Text goes in as UTF-8
 * `std::string_view`, bytes as `cosimg::bytes_view`, which anything contiguous turns into. `const` member functions may
 * run on any number of threads at once on one object, the others need it for themselves.
 */
#ifndef COSIMG_HPP
#define COSIMG_HPP

#include "cosimg.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cosimg {

/** Who has to act for the call to succeed: the blocks of the status codes. */
enum class error_kind : std::int32_t {
    input = COSIMG_INPUT,
    usage = COSIMG_USAGE,
    unsupported = COSIMG_UNSUPPORTED,
    limit = COSIMG_LIMIT,
    cancelled = COSIMG_CANCELLED,
    signature = COSIMG_SIGNATURE,
    io = COSIMG_IO,
    internal = COSIMG_INTERNAL,
};

/** What every failing function throws: the sentence, the code, and the name or the byte that it is about. */
class error : public std::runtime_error {
public:
    error(cosimg_status code, const std::string &message, std::optional<std::string> field,
          std::optional<std::uint64_t> offset)
        : std::runtime_error(message), code_(code), field_(std::move(field)), offset_(offset) {}

    /** One of the `COSIMG_*` codes. */
    cosimg_status code() const noexcept { return code_; }
    error_kind kind() const noexcept { return static_cast<error_kind>(code_ / 100 * 100); }
    /** The argument, option, parameter or bound that the error is about, where there is one. */
    const std::optional<std::string> &field() const noexcept { return field_; }
    /** The byte of the input, from 0, that the error is about, where there is one. */
    std::optional<std::uint64_t> offset() const noexcept { return offset_; }

private:
    cosimg_status code_;
    std::optional<std::string> field_;
    std::optional<std::uint64_t> offset_;
};

namespace detail {

template <auto Free> struct freed_by {
    template <class T> void operator()(T *object) const noexcept { Free(object); }
};

template <class T, auto Free> using owner = std::unique_ptr<T, freed_by<Free>>;

using error_owner = owner<cosimg_error, cosimg_error_free>;

inline error exception(const cosimg_error *failure) {
    const char *field = cosimg_error_field(failure);
    std::uint64_t offset = 0;
    const bool placed = cosimg_error_offset(failure, &offset) != 0;
    return error(cosimg_error_code(failure), cosimg_error_message(failure),
                 field ? std::optional<std::string>(field) : std::nullopt,
                 placed ? std::optional<std::uint64_t>(offset) : std::nullopt);
}

/** Calls a function of the C ABI with `err` as its last argument; throws where it fails. */
template <class Function, class... Arguments> void call(Function function, Arguments... arguments) {
    cosimg_error *failure = nullptr;
    const cosimg_status status = function(arguments..., &failure);
    if (status != COSIMG_OK) {
        const error_owner held(failure);
        throw exception(held.get());
    }
}

/** Makes an object by a function whose last arguments are `out` and `err`. */
template <class Owner, class Function, class... Arguments> Owner make(Function function, Arguments... arguments) {
    static const bool compatible = (call(cosimg_abi_check, std::uint32_t{COSIMG_ABI_MAJOR}, std::uint32_t{COSIMG_ABI_MINOR}), true);
    (void)compatible;
    typename Owner::pointer object = nullptr;
    call(function, arguments..., &object);
    return Owner(object);
}

inline std::string_view text(cosimg_slice slice) noexcept {
    return slice.len == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char *>(slice.data), slice.len);
}

inline cosimg_slice slice(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

} // namespace detail

/** The version of the library that is loaded. */
inline std::string_view version() noexcept { return cosimg_version(); }

/** Borrowed bytes. Made from a pointer and a length, or from anything contiguous whose elements are bytes. */
class bytes_view {
public:
    constexpr bytes_view() noexcept = default;
    bytes_view(const void *data, std::size_t size) noexcept : data_(static_cast<const std::uint8_t *>(data)), size_(size) {}

    template <class Container, class Element = std::remove_pointer_t<decltype(std::declval<const Container &>().data())>,
              class = std::enable_if_t<sizeof(Element) == 1 && std::is_trivially_copyable_v<Element>>>
    bytes_view(const Container &container) noexcept : bytes_view(container.data(), container.size()) {}

    const std::uint8_t *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    const std::uint8_t *begin() const noexcept { return data_; }
    const std::uint8_t *end() const noexcept { return data_ + size_; }
    cosimg_slice capi() const noexcept { return {data_, size_}; }

private:
    const std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

/** Bytes that the library allocated. */
class bytes {
public:
    bytes() noexcept = default;
    bytes(bytes &&other) noexcept : buffer_(std::exchange(other.buffer_, cosimg_buffer{})) {}
    bytes &operator=(bytes &&other) noexcept {
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    bytes(const bytes &) = delete;
    bytes &operator=(const bytes &) = delete;
    ~bytes() { cosimg_buffer_free(&buffer_); }

    const std::uint8_t *data() const noexcept { return buffer_.data; }
    std::size_t size() const noexcept { return buffer_.len; }
    bool empty() const noexcept { return buffer_.len == 0; }
    const std::uint8_t *begin() const noexcept { return data(); }
    const std::uint8_t *end() const noexcept { return data() + size(); }
    std::string_view text() const noexcept { return detail::text({data(), size()}); }
    /** Where a function of the C ABI puts its result; what was held is freed. */
    cosimg_buffer *capi_out() noexcept {
        cosimg_buffer_free(&buffer_);
        return &buffer_;
    }

private:
    cosimg_buffer buffer_{};
};

namespace detail {

/** Carries a callable through the write callback, and what it throws around the C frames. */
template <class Sink> struct sink_call {
    Sink &sink;
    std::exception_ptr thrown;

    static std::int32_t write(void *user, const std::uint8_t *data, std::size_t len) noexcept {
        auto *self = static_cast<sink_call *>(user);
        try {
            self->sink(bytes_view(data, len));
            return 0;
        } catch (...) {
            self->thrown = std::current_exception();
            return 1;
        }
    }
};

/** Runs a `_run_to` function, given as `run(write, user)`, over a callable; what that throws comes out unchanged. */
template <class Run, class Sink> void run_to(Run &&run, Sink &sink) {
    sink_call<Sink> carrier{sink, nullptr};
    try {
        run(&sink_call<Sink>::write, static_cast<void *>(&carrier));
    } catch (const error &) {
        if (carrier.thrown)
            std::rethrow_exception(carrier.thrown);
        throw;
    }
}

/** A progress function, and what it threw on this thread. */
struct progress_call {
    std::function<bool(std::uint64_t, std::uint64_t)> function;
    static inline thread_local std::exception_ptr thrown;

    explicit progress_call(std::function<bool(std::uint64_t, std::uint64_t)> tell) : function(std::move(tell)) {}

    static std::int32_t tell(void *user, std::uint64_t done, std::uint64_t total) noexcept {
        try {
            return static_cast<progress_call *>(user)->function(done, total) ? 0 : 1;
        } catch (...) {
            thrown = std::current_exception();
            return 1;
        }
    }
};

/** Makes a call that may tell of its progress; what the function throws comes out unchanged. */
template <class Call> void told(Call &&call) {
    progress_call::thrown = nullptr;
    try {
        call();
    } catch (const error &) {
        if (const std::exception_ptr thrown = std::exchange(progress_call::thrown, nullptr))
            std::rethrow_exception(thrown);
        throw;
    }
}

} // namespace detail

/** Bounds on what a call may cost. */
class limits {
public:
    enum class profile : std::int32_t {
        own = COSIMG_LIMITS_DEFAULT,
        intl_2024 = COSIMG_LIMITS_INTL_2024,
        intl_2025 = COSIMG_LIMITS_INTL_2025,
        cn_current = COSIMG_LIMITS_CN_CURRENT,
    };

    explicit limits(profile which = profile::own)
        : object_(detail::make<owner>(cosimg_limits_new, static_cast<std::int32_t>(which))) {}

    limits &input_bytes(std::uint64_t bound) { return set(cosimg_limits_set_input_bytes, bound); }
    limits &side(std::uint32_t bound) { return set(cosimg_limits_set_side, bound); }
    limits &pixels(std::uint64_t bound) { return set(cosimg_limits_set_pixels, bound); }
    limits &result_side(std::uint32_t bound) { return set(cosimg_limits_set_result_side, bound); }
    limits &scans(std::uint32_t bound) { return set(cosimg_limits_set_scans, bound); }
    limits &block_visits(std::uint64_t bound) { return set(cosimg_limits_set_block_visits, bound); }
    limits &memory(std::uint64_t bound) { return set(cosimg_limits_set_memory, bound); }
    limits &stages(std::uint32_t bound) { return set(cosimg_limits_set_stages, bound); }
    const cosimg_limits *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_limits, cosimg_limits_free>;

    template <class Function, class Bound> limits &set(Function function, Bound bound) {
        detail::call(function, object_.get(), bound);
        return *this;
    }

    owner object_;
};

/** A flag that any thread may raise to stop the runs that were told of it. */
class cancel {
public:
    cancel() : object_(detail::make<owner>(cosimg_cancel_new)) {}
    void trigger() const { detail::call(cosimg_cancel_trigger, object_.get()); }
    const cosimg_cancel *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_cancel, cosimg_cancel_free>;
    owner object_;
};

/** From when to when a signature holds, in Unix seconds. */
struct key_time {
    std::uint64_t start;
    std::uint64_t end;

    static key_time starting_at(std::chrono::system_clock::time_point start, std::chrono::seconds valid) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(start.time_since_epoch()).count();
        return {static_cast<std::uint64_t>(seconds), static_cast<std::uint64_t>(seconds + valid.count())};
    }
};

/** Which headers of a request are signed. Host has a switch of its own. */
enum class header_policy : std::int32_t {
    standard = COSIMG_HEADERS_DEFAULT,
    all = COSIMG_HEADERS_ALL,
    none = COSIMG_HEADERS_NONE,
};

/** A credential and what of a request it signs. */
class signer {
public:
    /** The token is that of temporary keys; an empty one is none. */
    signer(std::string_view secret_id, std::string_view secret_key, std::string_view token = {})
        : object_(detail::make<owner>(cosimg_signer_new, secret_id.data(), secret_id.size(), secret_key.data(),
                                      secret_key.size(), token.data(), token.size())) {}

    signer &headers(header_policy policy) {
        detail::call(cosimg_signer_set_headers, object_.get(), static_cast<std::int32_t>(policy));
        return *this;
    }
    /** Signs the headers of these names. */
    signer &headers(std::initializer_list<std::string_view> names) {
        std::vector<cosimg_slice> slices;
        for (const std::string_view name : names)
            slices.push_back(detail::slice(name));
        detail::call(cosimg_signer_set_header_names, object_.get(), slices.data(), slices.size());
        return *this;
    }
    signer &sign_host(bool on) {
        detail::call(cosimg_signer_set_sign_host, object_.get(), std::int32_t{on});
        return *this;
    }
    const cosimg_signer *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_signer, cosimg_signer_free>;
    owner object_;
};

/** A signature in header form, and the strings it came from. The views live as long as it does. */
class signature {
public:
    std::string_view authorization() const noexcept { return detail::text(cosimg_signature_authorization(capi())); }
    std::string_view http_string() const noexcept { return detail::text(cosimg_signature_http_string(capi())); }
    std::string_view string_to_sign() const noexcept { return detail::text(cosimg_signature_string_to_sign(capi())); }
    /** 40 hexadecimal digits. */
    std::string_view hex() const noexcept { return detail::text(cosimg_signature_hex(capi())); }
    /** All headers to send: `Authorization`, and the token where there is one. */
    std::vector<std::pair<std::string_view, std::string_view>> headers() const {
        std::vector<std::pair<std::string_view, std::string_view>> all;
        for (std::size_t index = 0; index < cosimg_signature_headers_len(capi()); ++index) {
            cosimg_slice name{}, value{};
            detail::call(cosimg_signature_header, capi(), index, &name, &value);
            all.emplace_back(detail::text(name), detail::text(value));
        }
        return all;
    }
    const cosimg_signature *capi() const noexcept { return object_.get(); }

private:
    friend class link;
    using owner = detail::owner<cosimg_signature, cosimg_signature_free>;
    explicit signature(owner object) : object_(std::move(object)) {}
    owner object_;
};

/** A request to sign: method, host, key, rules, parameters, headers. The key is decoded, as it was uploaded. */
class link {
public:
    link(std::string_view method, std::string_view host, std::string_view key)
        : object_(detail::make<owner>(cosimg_link_new, method.data(), method.size(), host.data(), host.size(), key.data(),
                                      key.size())) {}

    /** A link for download. */
    static link get(std::string_view host, std::string_view key) { return link("GET", host, key); }

    /** Adds a processing rule, which the signature covers. */
    link &process(std::string_view rule) & {
        detail::call(cosimg_link_process, object_.get(), rule.data(), rule.size());
        return *this;
    }
    /** Adds a query parameter, decoded, which the signature covers. */
    link &param(std::string_view name, std::string_view value) & {
        detail::call(cosimg_link_param, object_.get(), name.data(), name.size(), value.data(), value.size());
        return *this;
    }
    /** Adds a header that the request will carry. */
    link &header(std::string_view name, std::string_view value) & {
        detail::call(cosimg_link_header, object_.get(), name.data(), name.size(), value.data(), value.size());
        return *this;
    }
    link process(std::string_view rule) && { return std::move(process(rule)); }
    link param(std::string_view name, std::string_view value) && { return std::move(param(name, value)); }
    link header(std::string_view name, std::string_view value) && { return std::move(header(name, value)); }

    /** The presigned URL. */
    std::string sign_url(const signer &by, key_time valid) const {
        bytes url;
        detail::call(cosimg_link_sign_url, capi(), by.capi(), valid.start, valid.end, url.capi_out());
        return std::string(url.text());
    }
    /**
     * The presigned URLs of many objects, a line each in the order of the keys. `keys` has a key a line; all but the key
     * is that of this link.
     */
    std::string sign_urls(const signer &by, key_time valid, std::string_view keys, std::size_t threads = 1) const {
        bytes urls;
        detail::call(cosimg_link_sign_urls, capi(), by.capi(), valid.start, valid.end, keys.data(), keys.size(), threads,
                     urls.capi_out());
        return std::string(urls.text());
    }
    /** The signature as headers to send with the request. */
    signature sign_headers(const signer &by, key_time valid) const {
        return signature(detail::make<signature::owner>(cosimg_link_sign_headers, capi(), by.capi(), valid.start, valid.end));
    }
    const cosimg_link *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_link, cosimg_link_free>;
    owner object_;
};

/** What a verifier found. True where the signature holds. The views live as long as it does. */
class verdict {
public:
    bool accepted() const noexcept { return cosimg_verdict_accepted(capi()) != 0; }
    explicit operator bool() const noexcept { return accepted(); }
    /** Throws `error_kind::signature` where the signature does not hold. */
    void require() const { detail::call(cosimg_verdict_require, capi()); }

    /** Why it was refused, by a stable name: `expired`, `mismatch` and so on. */
    std::string_view reason() const noexcept { return detail::text(cosimg_verdict_reason(capi())); }
    /** The parameter, header or field that the reason is about. */
    std::string_view subject() const noexcept { return detail::text(cosimg_verdict_subject(capi())); }
    /** COS's error code, message, HTTP status and document. */
    std::string_view code() const noexcept { return detail::text(cosimg_verdict_code(capi())); }
    std::string_view message() const noexcept { return detail::text(cosimg_verdict_message(capi())); }
    int http_status() const noexcept { return cosimg_verdict_http_status(capi()); }
    std::string xml(std::string_view resource, std::string_view request_id, std::string_view trace_id) const {
        bytes document;
        detail::call(cosimg_verdict_xml, capi(), resource.data(), resource.size(), request_id.data(), request_id.size(),
                     trace_id.data(), trace_id.size(), document.capi_out());
        return std::string(document.text());
    }

    /** Who signed, for how long, and what the signature covers. */
    std::string_view secret_id() const noexcept { return detail::text(cosimg_verdict_secret_id(capi())); }
    key_time valid() const {
        key_time window{};
        detail::call(cosimg_verdict_key_time, capi(), &window.start, &window.end);
        return window;
    }
    std::vector<std::string_view> params() const { return list(cosimg_verdict_params_len, cosimg_verdict_param); }
    std::vector<std::string_view> headers() const { return list(cosimg_verdict_headers_len, cosimg_verdict_header); }
    const cosimg_verdict *capi() const noexcept { return object_.get(); }

private:
    friend class verifier;
    using owner = detail::owner<cosimg_verdict, cosimg_verdict_free>;
    explicit verdict(owner object) : object_(std::move(object)) {}

    template <class Length, class Entry> std::vector<std::string_view> list(Length length, Entry entry) const {
        std::vector<std::string_view> all;
        for (std::size_t index = 0; index < length(capi()); ++index)
            all.push_back(detail::text(entry(capi(), index)));
        return all;
    }

    owner object_;
};

/** The credentials whose signatures are accepted, and how strictly. */
class verifier {
public:
    verifier() : object_(detail::make<owner>(cosimg_verifier_new)) {}

    /** Accepts this credential too. */
    verifier &credential(std::string_view secret_id, std::string_view secret_key, std::string_view token = {}) & {
        detail::call(cosimg_verifier_credential, object_.get(), secret_id.data(), secret_id.size(), secret_key.data(),
                     secret_key.size(), token.data(), token.size());
        return *this;
    }
    /** Whether every parameter and Host must be covered. */
    verifier &strict(bool on) & {
        detail::call(cosimg_verifier_set_strict, object_.get(), std::int32_t{on});
        return *this;
    }
    verifier credential(std::string_view secret_id, std::string_view secret_key, std::string_view token = {}) && {
        return std::move(credential(secret_id, secret_key, token));
    }
    verifier strict(bool on) && { return std::move(strict(on)); }

    /** Judges the request that opening `url` makes, at the time `now` in Unix seconds. */
    verdict verify_url(std::string_view method, std::string_view url, std::int64_t now) const {
        return verdict(detail::make<verdict::owner>(cosimg_verifier_verify_url, capi(), method.data(), method.size(),
                                                    url.data(), url.size(), now));
    }
    /** Judges a request that a server received: `target` is `/key?query` as on the wire. */
    template <class Headers>
    verdict verify_request(std::string_view method, std::string_view target, const Headers &headers,
                           std::int64_t now) const {
        std::vector<cosimg_slice> slices;
        for (const auto &[name, value] : headers) {
            slices.push_back(detail::slice(name));
            slices.push_back(detail::slice(value));
        }
        return verdict(detail::make<verdict::owner>(cosimg_verifier_verify_request, capi(), method.data(), method.size(),
                                                    target.data(), target.size(), slices.data(), slices.size(), now));
    }
    const cosimg_verifier *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_verifier, cosimg_verifier_free>;
    owner object_;
};

/** How the entropy-coded data is laid out. */
enum class coding : std::int32_t {
    progressive = COSIMG_CODING_PROGRESSIVE,
    baseline = COSIMG_CODING_BASELINE,
    smaller = COSIMG_CODING_SMALLER,
};

/** What the scans of a progressive file are chosen for. */
enum class mode : std::int32_t {
    display = COSIMG_MODE_DISPLAY,
    fast = COSIMG_MODE_FAST,
    small = COSIMG_MODE_SMALL,
};

/** What metadata a transcoder leaves out: `strip::exif | strip::xmp`. */
enum class strip : std::int32_t {
    nothing = COSIMG_STRIP_NOTHING,
    exif = COSIMG_STRIP_EXIF,
    icc = COSIMG_STRIP_ICC,
    xmp = COSIMG_STRIP_XMP,
    iptc = COSIMG_STRIP_IPTC,
    comments = COSIMG_STRIP_COMMENTS,
    thumbnails = COSIMG_STRIP_THUMBNAILS,
    images = COSIMG_STRIP_IMAGES,
    trailing = COSIMG_STRIP_TRAILING,
    other = COSIMG_STRIP_OTHER,
    all = COSIMG_STRIP_ALL,
    safe = COSIMG_STRIP_SAFE,
};

constexpr strip operator|(strip a, strip b) noexcept {
    return static_cast<strip>(static_cast<std::int32_t>(a) | static_cast<std::int32_t>(b));
}

/** How much work an encoder spends on a smaller file of the same looks. */
enum class preset : std::int32_t {
    fast = COSIMG_PRESET_FAST,
    balanced = COSIMG_PRESET_BALANCED,
    small = COSIMG_PRESET_SMALL,
};

/** Chroma sampling of an encoder. */
enum class subsampling : std::int32_t {
    automatic = COSIMG_SUBSAMPLING_AUTO,
    s420 = COSIMG_SUBSAMPLING_420,
    s422 = COSIMG_SUBSAMPLING_422,
    s444 = COSIMG_SUBSAMPLING_444,
};

/** What a density counts. */
enum class density : std::int32_t {
    aspect_ratio = COSIMG_DENSITY_ASPECT_RATIO,
    per_inch = COSIMG_DENSITY_PER_INCH,
    per_centimetre = COSIMG_DENSITY_PER_CENTIMETRE,
};

/** What a restart interval counts. */
enum class restart : std::int32_t {
    /** MCUs of each scan: blocks where it has one component. */
    mcus = COSIMG_RESTART_MCUS,
    /** Rows of the MCUs of the picture: the same part of it in each scan. */
    rows = COSIMG_RESTART_ROWS,
};

/** Order and meaning of the bytes of a pixel. */
enum class pixel_format : std::int32_t {
    gray8 = COSIMG_PIXEL_GRAY8,
    rgb8 = COSIMG_PIXEL_RGB8,
    rgba8 = COSIMG_PIXEL_RGBA8,
    gray_alpha8 = COSIMG_PIXEL_GRAY_ALPHA8,
    bgr8 = COSIMG_PIXEL_BGR8,
    bgra8 = COSIMG_PIXEL_BGRA8,
    argb8 = COSIMG_PIXEL_ARGB8,
    abgr8 = COSIMG_PIXEL_ABGR8,
    rgba_premultiplied8 = COSIMG_PIXEL_RGBA_PREMULTIPLIED8,
    bgra_premultiplied8 = COSIMG_PIXEL_BGRA_PREMULTIPLIED8,
    argb_premultiplied8 = COSIMG_PIXEL_ARGB_PREMULTIPLIED8,
    gray16 = COSIMG_PIXEL_GRAY16,
    rgb16 = COSIMG_PIXEL_RGB16,
    rgba16 = COSIMG_PIXEL_RGBA16,
    rgb_f32 = COSIMG_PIXEL_RGB_F32,
    rgb_planar8 = COSIMG_PIXEL_RGB_PLANAR8,
    cmyk8 = COSIMG_PIXEL_CMYK8,
    ycbcr8 = COSIMG_PIXEL_YCBCR8,
    ycbcr_planar_444 = COSIMG_PIXEL_YCBCR_PLANAR_444,
    ycbcr_planar_422 = COSIMG_PIXEL_YCBCR_PLANAR_422,
    ycbcr_planar_420 = COSIMG_PIXEL_YCBCR_PLANAR_420,
    nv12 = COSIMG_PIXEL_NV12,
};

/** A borrowed picture. Rows are `stride` bytes apart, or follow without a gap where it is 0. */
struct image_view {
    bytes_view data;
    std::uint32_t width;
    std::uint32_t height;
    pixel_format format;
    std::size_t stride = 0;

    cosimg_image_view capi() const noexcept {
        return {data.data(), data.size(), width, height, stride, static_cast<std::int32_t>(format)};
    }
};

/** A borrowed plane. Rows are `stride` bytes apart; the last need not be followed by its gap. */
struct plane {
    bytes_view data;
    std::size_t stride;
};

/** A borrowed picture whose planes lie each in their own memory, in the order of the format. */
class planes_view {
public:
    planes_view(std::initializer_list<plane> planes, std::uint32_t width, std::uint32_t height, pixel_format format)
        : planes_view(planes.begin(), planes.size(), width, height, format) {}
    planes_view(const plane *planes, std::size_t len, std::uint32_t width, std::uint32_t height, pixel_format format)
        : width_(width), height_(height), format_(format) {
        for (std::size_t i = 0; i < len; i++)
            planes_.push_back({planes[i].data.data(), planes[i].data.size(), planes[i].stride});
    }

    /** Valid as long as this object. */
    cosimg_planes_view capi() const noexcept {
        return {planes_.data(), planes_.size(), width_, height_, static_cast<std::int32_t>(format_)};
    }

private:
    std::vector<cosimg_plane> planes_;
    std::uint32_t width_;
    std::uint32_t height_;
    pixel_format format_;
};

/** What a run has to say of its source. */
class report {
public:
    /** Whether the result is the source, but for what was stripped. */
    bool kept_source() const noexcept { return cosimg_report_kept_source(capi()) != 0; }
    /** How many damages the source has; 0 unless the transcoder is tolerant. */
    std::uint64_t damages() const noexcept { return cosimg_report_damages(capi()); }
    /** The first 16 of them: what a run that is not tolerant would throw. */
    std::vector<error> listed() const {
        std::vector<error> all;
        for (std::size_t i = 0; i < cosimg_report_damages_len(capi()); i++) {
            cosimg_error *damage = nullptr;
            detail::call(cosimg_report_damage, capi(), i, &damage);
            all.push_back(detail::exception(detail::error_owner(damage).get()));
        }
        return all;
    }
    const cosimg_report *capi() const noexcept { return object_.get(); }

private:
    friend class transcoder;
    using owner = detail::owner<cosimg_report, cosimg_report_free>;
    explicit report(owner object) : object_(std::move(object)) {}
    owner object_;
};

/** A result and what there is to say of its source. */
struct transcoded {
    cosimg::bytes bytes;
    cosimg::report report;
};

/** What a JPEG is made of: one JSON object, which docs/inspect.md describes. */
inline std::string inspect(bytes_view source, const limits &bounds = limits()) {
    bytes out;
    detail::call(cosimg_jpeg_inspect, source.capi(), bounds.capi(), out.capi_out());
    return std::string(out.text());
}

/** Makes JPEG from JPEG without changing a coefficient, unless it is told to requantise. */
class transcoder {
public:
    transcoder() : object_(detail::make<owner>(cosimg_transcoder_new)) {}

    transcoder &coding(cosimg::coding which) { return set(cosimg_transcoder_set_coding, static_cast<std::int32_t>(which)); }
    transcoder &strip(cosimg::strip which) { return set(cosimg_transcoder_set_strip, static_cast<std::int32_t>(which)); }
    transcoder &mode(cosimg::mode which) { return set(cosimg_transcoder_set_mode, static_cast<std::int32_t>(which)); }
    transcoder &effort(std::int32_t level) { return set(cosimg_transcoder_set_effort, level); }
    transcoder &max_scans(std::int32_t most) { return set(cosimg_transcoder_set_max_scans, most); }
    /** A restart marker after so many MCUs of each scan, or rows of those of the picture; 0 is none. */
    transcoder &restart_interval(std::int32_t interval, cosimg::restart unit = cosimg::restart::rows) {
        return set(cosimg_transcoder_set_restart_interval, interval, static_cast<std::int32_t>(unit));
    }
    transcoder &display_allowance(float percent) { return set(cosimg_transcoder_set_display_allowance, percent); }
    /** The scans one by one, as `cjpeg -scans` takes them. */
    transcoder &scans(std::string_view script) {
        return set(cosimg_transcoder_set_scans, script.data(), script.size());
    }
    /** Coarser steps, those of the encoder at a quality, where the source has finer ones: this changes the picture. */
    transcoder &requantise(int quality, cosimg::preset which = cosimg::preset::balanced) {
        return set(cosimg_transcoder_set_requantise, std::int32_t{quality}, static_cast<std::int32_t>(which));
    }
    /** Where the result has more bytes, the best quality at which it has not. */
    transcoder &target_bytes(std::uint64_t bytes) { return set(cosimg_transcoder_set_target_bytes, bytes); }
    transcoder &never_larger(bool on) { return set(cosimg_transcoder_set_never_larger, std::int32_t(on)); }
    transcoder &tolerant(bool on) { return set(cosimg_transcoder_set_tolerant, std::int32_t(on)); }
    transcoder &threads(std::size_t most) { return set(cosimg_transcoder_set_threads, most); }
    transcoder &limits(const cosimg::limits &bounds) { return set(cosimg_transcoder_set_limits, bounds.capi()); }
    transcoder &cancel(const cosimg::cancel &flag) { return set(cosimg_transcoder_set_cancel, flag.capi()); }

    bytes run(bytes_view source) const {
        bytes out;
        detail::call(cosimg_transcoder_run, capi(), source.capi(), out.capi_out());
        return out;
    }
    /** The result and what there is to say of the source. */
    transcoded run_and_report(bytes_view source) const {
        bytes out;
        cosimg_report *said = nullptr;
        detail::call(cosimg_transcoder_run_and_report, capi(), source.capi(), out.capi_out(), &said);
        return {std::move(out), report(report::owner(said))};
    }
    /** Gives the result piece by piece to `sink(bytes_view)`; what that throws comes out unchanged. */
    template <class Sink> void run_to(bytes_view source, Sink &&sink) const {
        detail::run_to([&](auto write, void *user) { detail::call(cosimg_transcoder_run_to, capi(), source.capi(), write, user); },
                       sink);
    }
    /** Fills memory of the caller's and gives the size of the result. */
    std::size_t run_into(bytes_view source, std::uint8_t *out, std::size_t capacity) const {
        std::size_t len = 0;
        detail::call(cosimg_transcoder_run_into, capi(), source.capi(), out, capacity, &len);
        return len;
    }
    const cosimg_transcoder *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_transcoder, cosimg_transcoder_free>;

    template <class Function, class... Values> transcoder &set(Function function, Values... values) {
        detail::call(function, object_.get(), values...);
        return *this;
    }

    owner object_;
};

/** An encoder in the middle of a picture (`encoder::rows`); the file is the same as of the whole picture in one call. After
 * an error that stops it, it can only be destroyed. */
class row_encoder {
public:
    /** The next bytes of a picture of one plane: rows without gaps between them, any number of them or a part of one. */
    void push(bytes_view data) {
        detail::told([&] { detail::call(cosimg_row_encoder_push, object_.get(), data.capi()); });
    }
    /** The next rows, as a picture of the same width and format: of planes, or with gaps between them. Where two rows share
     * their chroma, as in 4:2:0, the number of rows is even in all but the last ones. */
    void push(const image_view &rows) {
        const cosimg_image_view view = rows.capi();
        detail::told([&] { detail::call(cosimg_row_encoder_push_image, object_.get(), &view); });
    }
    void push(const planes_view &rows) {
        const cosimg_planes_view view = rows.capi();
        detail::told([&] { detail::call(cosimg_row_encoder_push_planes, object_.get(), &view); });
    }
    /** How many rows are still to come, one that is not whole among them. */
    std::uint32_t rows_left() const noexcept { return cosimg_row_encoder_rows_left(object_.get()); }

    /** The file, once. */
    bytes finish() {
        bytes out;
        detail::told([&] { detail::call(cosimg_row_encoder_finish, object_.get(), out.capi_out()); });
        return out;
    }
    /** Gives the file piece by piece to `sink(bytes_view)`; what that throws comes out unchanged. */
    template <class Sink> void finish_to(Sink &&sink) {
        detail::told([&] {
            detail::run_to([&](auto write, void *user) { detail::call(cosimg_row_encoder_finish_to, object_.get(), write, user); },
                           sink);
        });
    }
    /** Fills memory of the caller's and gives the size of the file, which is kept where it does not fit. */
    std::size_t finish_into(std::uint8_t *out, std::size_t capacity) {
        std::size_t len = 0;
        detail::told([&] { detail::call(cosimg_row_encoder_finish_into, object_.get(), out, capacity, &len); });
        return len;
    }
    const cosimg_row_encoder *capi() const noexcept { return object_.get(); }

private:
    friend class encoder;
    using owner = detail::owner<cosimg_row_encoder, cosimg_row_encoder_free>;
    row_encoder(owner object, std::shared_ptr<detail::progress_call> progress)
        : progress_(std::move(progress)), object_(std::move(object)) {}

    std::shared_ptr<detail::progress_call> progress_;
    owner object_;
};

/** Makes JPEG from pixels. */
class encoder {
public:
    encoder() : object_(detail::make<owner>(cosimg_encoder_new)) {}

    encoder &preset(cosimg::preset which) { return set(cosimg_encoder_set_preset, static_cast<std::int32_t>(which)); }
    /** 1 to 100, alike to the eye with libjpeg's. */
    encoder &quality(int quality) { return set(cosimg_encoder_set_quality, std::int32_t{quality}); }
    /** The best quality up to the one set whose file has no more bytes. */
    encoder &target_bytes(std::uint64_t bytes) { return set(cosimg_encoder_set_target_bytes, bytes); }
    /** The least quality, whatever is set, whose file scores so much by ssimulacra2; where the library has the feature. */
    encoder &target_ssimulacra2(double score) { return set(cosimg_encoder_set_target_ssimulacra2, score); }
    encoder &subsampling(cosimg::subsampling which) {
        return set(cosimg_encoder_set_subsampling, static_cast<std::int32_t>(which));
    }
    encoder &coding(cosimg::coding which) { return set(cosimg_encoder_set_coding, static_cast<std::int32_t>(which)); }
    /** A restart marker after so many MCUs of each scan, or rows of those of the picture; 0 is none. */
    encoder &restart_interval(std::int32_t interval, cosimg::restart unit = cosimg::restart::rows) {
        return set(cosimg_encoder_set_restart_interval, interval, static_cast<std::int32_t>(unit));
    }
    /** The scans one by one, as `cjpeg -scans` takes them. */
    encoder &scans(std::string_view script) { return set(cosimg_encoder_set_scans, script.data(), script.size()); }
    /** Whether samples of more than 8 bits are reduced with an ordered dither. */
    encoder &dither(bool on) { return set(cosimg_encoder_set_dither, std::int32_t(on)); }
    /** 64 steps of 1 to 255 each, row by row as T.81 Annex K prints them. */
    encoder &tables(bytes_view luma, bytes_view chroma) {
        return set(cosimg_encoder_set_tables, luma.capi(), chroma.capi());
    }
    /** What the scans of a progressive file are chosen for. */
    encoder &mode(cosimg::mode which) { return set(cosimg_encoder_set_mode, static_cast<std::int32_t>(which)); }
    /** What transparent pixels are laid over. */
    encoder &background(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
        return set(cosimg_encoder_set_background, red, green, blue);
    }
    encoder &icc_profile(bytes_view profile) { return set(cosimg_encoder_set_icc_profile, profile.capi()); }
    /** An Exif block: TIFF, without the prefix. */
    encoder &exif(bytes_view exif) { return set(cosimg_encoder_set_exif, exif.capi()); }
    encoder &density(cosimg::density unit, std::int32_t x, std::int32_t y) {
        return set(cosimg_encoder_set_density, static_cast<std::int32_t>(unit), x, y);
    }
    /** A comment to embed after those before it. */
    encoder &comment(bytes_view text) { return set(cosimg_encoder_add_comment, text.capi()); }
    encoder &threads(std::size_t most) { return set(cosimg_encoder_set_threads, most); }
    /** Calls `tell(done, total)` during every run, on its thread: false stops it, and so does what it throws, which comes
        out unchanged. An empty function is none. Row encoders share it from their beginning on. */
    encoder &progress(std::function<bool(std::uint64_t, std::uint64_t)> tell) {
        auto call = tell ? std::make_shared<detail::progress_call>(std::move(tell)) : nullptr;
        set(cosimg_encoder_set_progress, call ? &detail::progress_call::tell : nullptr, static_cast<void *>(call.get()));
        progress_ = std::move(call);
        return *this;
    }
    encoder &limits(const cosimg::limits &bounds) { return set(cosimg_encoder_set_limits, bounds.capi()); }
    encoder &cancel(const cosimg::cancel &flag) { return set(cosimg_encoder_set_cancel, flag.capi()); }

    bytes run(const image_view &image) const {
        const cosimg_image_view view = image.capi();
        bytes out;
        detail::told([&] { detail::call(cosimg_encoder_run, capi(), &view, out.capi_out()); });
        return out;
    }
    /** Gives the result piece by piece to `sink(bytes_view)`; what that throws comes out unchanged. */
    template <class Sink> void run_to(const image_view &image, Sink &&sink) const {
        const cosimg_image_view view = image.capi();
        detail::told([&] {
            detail::run_to([&](auto write, void *user) { detail::call(cosimg_encoder_run_to, capi(), &view, write, user); },
                           sink);
        });
    }
    /** Fills memory of the caller's and gives the size of the result. */
    std::size_t run_into(const image_view &image, std::uint8_t *out, std::size_t capacity) const {
        const cosimg_image_view view = image.capi();
        std::size_t len = 0;
        detail::told([&] { detail::call(cosimg_encoder_run_into, capi(), &view, out, capacity, &len); });
        return len;
    }
    /** The same of planes that lie apart. */
    bytes run(const planes_view &planes) const {
        const cosimg_planes_view view = planes.capi();
        bytes out;
        detail::told([&] { detail::call(cosimg_encoder_run_planes, capi(), &view, out.capi_out()); });
        return out;
    }
    template <class Sink> void run_to(const planes_view &planes, Sink &&sink) const {
        const cosimg_planes_view view = planes.capi();
        detail::told([&] {
            detail::run_to([&](auto write, void *user) { detail::call(cosimg_encoder_run_planes_to, capi(), &view, write, user); },
                           sink);
        });
    }
    std::size_t run_into(const planes_view &planes, std::uint8_t *out, std::size_t capacity) const {
        const cosimg_planes_view view = planes.capi();
        std::size_t len = 0;
        detail::told([&] { detail::call(cosimg_encoder_run_planes_into, capi(), &view, out, capacity, &len); });
        return len;
    }
    /** Begins a picture whose rows come by and by, with the settings as they are now. */
    row_encoder rows(std::uint32_t width, std::uint32_t height, pixel_format format) const {
        return {detail::make<row_encoder::owner>(cosimg_row_encoder_new, capi(), width, height, static_cast<std::int32_t>(format)),
                progress_};
    }
    const cosimg_encoder *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_encoder, cosimg_encoder_free>;

    template <class Function, class... Values> encoder &set(Function function, Values... values) {
        detail::call(function, object_.get(), values...);
        return *this;
    }

    std::shared_ptr<detail::progress_call> progress_;
    owner object_;
};

/** Image formats, told apart by their first bytes. */
enum class format : std::int32_t {
    unknown = COSIMG_FORMAT_UNKNOWN,
    jpeg = COSIMG_FORMAT_JPEG,
    png = COSIMG_FORMAT_PNG,
    gif = COSIMG_FORMAT_GIF,
    webp = COSIMG_FORMAT_WEBP,
    bmp = COSIMG_FORMAT_BMP,
    heif = COSIMG_FORMAT_HEIF,
    avif = COSIMG_FORMAT_AVIF,
    tiff = COSIMG_FORMAT_TIFF,
};

inline format sniff(bytes_view source) noexcept { return static_cast<format>(cosimg_format_sniff(source.capi())); }

/** `image/jpeg` and so on. */
inline std::string_view content_type(format which) noexcept {
    return detail::text(cosimg_format_content_type(static_cast<std::int32_t>(which)));
}

/** The name in the processing language, `jpg` and so on. */
inline std::string_view name(format which) noexcept {
    return detail::text(cosimg_format_name(static_cast<std::int32_t>(which)));
}

/** Which failures `ignore-error/1` answers with the source. */
enum class ignore_error : std::int32_t {
    never = COSIMG_IGNORE_ERROR_NEVER,
    limits = COSIMG_IGNORE_ERROR_LIMITS,
    processing = COSIMG_IGNORE_ERROR_PROCESSING,
};

/** The answer of a processor. */
struct processed {
    cosimg::bytes bytes;
    cosimg::format format;
    /** Processing failed and `ignore-error/1` gave the source: why it failed. */
    std::optional<error> ignored;
};

/** Carries out processing rules as the service does, under the service's documented limits unless others are set. */
class processor {
public:
    processor() : object_(detail::make<owner>(cosimg_processor_new)) {}

    /** What transparent pixels are laid over. */
    processor &background(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
        return set(cosimg_processor_set_background, red, green, blue);
    }
    /** Quality of a JPEG from a source that has none of its own. */
    processor &default_quality(int quality) { return set(cosimg_processor_set_default_quality, std::int32_t{quality}); }
    /** Chroma sampling of a JPEG from pixels. */
    processor &subsampling(cosimg::subsampling which) {
        return set(cosimg_processor_set_subsampling, static_cast<std::int32_t>(which));
    }
    /** Whether a stage without `interlace` of its own keeps that of the stage before it. */
    processor &carry_interlace(bool on) { return set(cosimg_processor_set_carry_interlace, std::int32_t{on}); }
    /** Which failures `ignore-error/1` answers with the source. */
    processor &ignore_error(cosimg::ignore_error covered) {
        return set(cosimg_processor_set_ignore_error, static_cast<std::int32_t>(covered));
    }
    processor &limits(const cosimg::limits &bounds) { return set(cosimg_processor_set_limits, bounds.capi()); }
    processor &cancel(const cosimg::cancel &flag) { return set(cosimg_processor_set_cancel, flag.capi()); }

    processed run(bytes_view source, std::string_view rule) const {
        processed answer{};
        remarks told;
        detail::call(cosimg_processor_run, capi(), source.capi(), rule.data(), rule.size(), answer.bytes.capi_out(),
                     &told.format, &told.ignored);
        told.into(answer);
        return answer;
    }
    /** Gives the result piece by piece to `sink(bytes_view)`; what that throws comes out unchanged. The bytes of the
     * answer are empty. */
    template <class Sink> processed run_to(bytes_view source, std::string_view rule, Sink &&sink) const {
        processed answer{};
        remarks told;
        detail::run_to(
            [&](auto write, void *user) {
                detail::call(cosimg_processor_run_to, capi(), source.capi(), rule.data(), rule.size(), write, user,
                             &told.format, &told.ignored);
            },
            sink);
        told.into(answer);
        return answer;
    }
    /** Fills memory of the caller's and gives the size of the result. */
    std::size_t run_into(bytes_view source, std::string_view rule, std::uint8_t *out, std::size_t capacity) const {
        std::size_t len = 0;
        detail::call(cosimg_processor_run_into, capi(), source.capi(), rule.data(), rule.size(), out, capacity, &len,
                     static_cast<std::int32_t *>(nullptr), static_cast<cosimg_error **>(nullptr));
        return len;
    }
    const cosimg_processor *capi() const noexcept { return object_.get(); }

private:
    using owner = detail::owner<cosimg_processor, cosimg_processor_free>;

    /** What a run tells beside its bytes. */
    struct remarks {
        std::int32_t format = COSIMG_FORMAT_UNKNOWN;
        cosimg_error *ignored = nullptr;

        void into(processed &answer) const {
            answer.format = static_cast<cosimg::format>(format);
            if (const detail::error_owner held(ignored); held)
                answer.ignored = detail::exception(held.get());
        }
    };

    template <class Function, class... Values> processor &set(Function function, Values... values) {
        detail::call(function, object_.get(), values...);
        return *this;
    }

    owner object_;
};

/** Carries out a rule under the service's limits. */
inline bytes process(bytes_view source, std::string_view rule) { return processor().run(source, rule).bytes; }

} // namespace cosimg

#endif // COSIMG_HPP
