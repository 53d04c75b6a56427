// Pictures that come by and by, and pictures whose planes lie apart, through cosimg.hpp.
#include "check.hpp"

#include <algorithm>

cosimg::error_kind kind_of_a_failure();

struct full : std::runtime_error {
    full() : std::runtime_error("the disk is full") {}
};

template <class Expected> bool throws(const std::function<void()> &call) {
    try {
        call();
    } catch (const Expected &) {
        return true;
    }
    return false;
}

constexpr std::uint32_t width = 61, height = 45;

/** A row encoder that has all its pixels. */
cosimg::row_encoder filled(const cosimg::encoder &encoder, cosimg::bytes_view rgb) {
    cosimg::row_encoder rows = encoder.rows(width, height, cosimg::pixel_format::rgb8);
    CHECK(rows.rows_left() == height);
    for (std::size_t at = 0; at < rgb.size(); at += 500)
        rows.push({rgb.data() + at, std::min<std::size_t>(500, rgb.size() - at)});
    CHECK(rows.rows_left() == 0);
    return rows;
}

void by_and_by(cosimg::bytes_view rgb) {
    cosimg::encoder encoder;
    const cosimg::bytes expected = encoder.run({rgb, width, height, cosimg::pixel_format::rgb8});
    CHECK(same(filled(encoder, rgb).finish(), expected));

    // The three ways out, and what comes after the end.
    std::vector<std::uint8_t> pieces, memory(expected.size());
    const auto collect = [&](cosimg::bytes_view piece) { pieces.insert(pieces.end(), piece.begin(), piece.end()); };
    filled(encoder, rgb).finish_to(collect);
    CHECK(same(pieces, expected));
    cosimg::row_encoder rows = filled(encoder, rgb);
    CHECK(thrown_by([&] { rows.finish_into(memory.data(), 1); }).code() == COSIMG_BUFFER_TOO_SMALL);
    cosimg::row_encoder moved = std::move(rows);
    CHECK(moved.finish_into(memory.data(), memory.size()) == expected.size() && same(memory, expected));
    CHECK(thrown_by([&] { moved.finish(); }).code() == COSIMG_USAGE);
    CHECK(thrown_by([&] { moved.push(rgb); }).code() == COSIMG_USAGE);
    CHECK(throws<full>([&] { filled(encoder, rgb).finish_to([](cosimg::bytes_view) { throw full(); }); }));

    // Too few rows, too many.
    cosimg::row_encoder half = encoder.rows(width, height, cosimg::pixel_format::rgb8);
    half.push({rgb.data(), rgb.size() / 2});
    CHECK(thrown_by([&] { half.finish(); }).kind() == cosimg::error_kind::usage);
    CHECK(thrown_by([&] { half.push(rgb); }).kind() == cosimg::error_kind::usage);
    half.push({rgb.data() + rgb.size() / 2, rgb.size() - rgb.size() / 2});
    CHECK(same(half.finish(), expected));

    // A progress function lives as long as whoever was told of it.
    std::uint64_t told = 0, of = 0;
    std::optional<cosimg::row_encoder> watched;
    {
        cosimg::encoder gone;
        gone.progress([&](std::uint64_t done, std::uint64_t total) {
            told = done;
            of = total;
            return true;
        });
        watched = gone.rows(width, height, cosimg::pixel_format::rgb8);
        gone.progress(nullptr).quality(1);
    }
    watched->push(rgb);
    CHECK(told > 0 && told < of);
    CHECK(same(watched->finish(), expected) && told == of);

    // It stops the picture, and what it throws comes out.
    encoder.progress([](std::uint64_t, std::uint64_t) { return false; });
    CHECK(thrown_by([&] { filled(encoder, rgb); }).kind() == cosimg::error_kind::cancelled);
    encoder.progress([](std::uint64_t, std::uint64_t) -> bool { throw full(); });
    CHECK(throws<full>([&] { filled(encoder, rgb); }));
    encoder.progress(nullptr);
    const cosimg::cancel flag;
    cosimg::row_encoder stopped = filled(encoder.cancel(flag), rgb);
    flag.trigger();
    CHECK(thrown_by([&] { stopped.finish(); }).kind() == cosimg::error_kind::cancelled);
}

void planes_apart(cosimg::bytes_view pixels) {
    constexpr std::size_t stride = 70, chroma_stride = 75, chroma_rows = (height + 1) / 2;
    // A frame as decoders of video give it: luma, then pairs of chroma, rows padded.
    std::vector<std::uint8_t> luma(stride * height), chroma(chroma_stride * chroma_rows), packed;
    const auto fill = [&](std::vector<std::uint8_t> &plane, std::size_t step, std::size_t row, std::size_t first) {
        for (std::size_t y = 0; y * step < plane.size(); y++) {
            const std::uint8_t *source = pixels.data() + first + y * row;
            std::copy(source, source + row, plane.begin() + static_cast<std::ptrdiff_t>(y * step));
            packed.insert(packed.end(), source, source + row);
        }
    };
    fill(luma, stride, width, 0);
    fill(chroma, chroma_stride, (width + 1) / 2 * 2, 3000);
    const cosimg::planes_view frame{{{luma, stride}, {chroma, chroma_stride}}, width, height, cosimg::pixel_format::nv12};

    const cosimg::encoder encoder;
    const cosimg::image_view image{packed, width, height, cosimg::pixel_format::nv12};
    const cosimg::bytes expected = encoder.run(image);
    CHECK(same(encoder.run(frame), expected));
    std::vector<std::uint8_t> pieces, memory(expected.size());
    encoder.run_to(frame, [&](cosimg::bytes_view piece) { pieces.insert(pieces.end(), piece.begin(), piece.end()); });
    CHECK(same(pieces, expected));
    CHECK(encoder.run_into(frame, memory.data(), memory.size()) == expected.size() && same(memory, expected));

    cosimg::row_encoder rows = encoder.rows(width, height, cosimg::pixel_format::nv12);
    for (std::uint32_t y = 0; y < height; y += 16) {
        const std::uint32_t count = std::min(16U, height - y);
        const cosimg::plane both[] = {{{&luma[y * stride], count * stride}, stride},
                                      {{&chroma[y / 2 * chroma_stride], (count + 1) / 2 * chroma_stride}, chroma_stride}};
        rows.push(cosimg::planes_view(both, 2, width, count, cosimg::pixel_format::nv12));
    }
    CHECK(same(rows.finish(), expected));
    cosimg::row_encoder whole = encoder.rows(width, height, cosimg::pixel_format::nv12);
    whole.push(image);
    CHECK(same(whole.finish(), expected));

    const cosimg::planes_view one{{{luma, stride}}, width, height, cosimg::pixel_format::nv12};
    CHECK(thrown_by([&] { encoder.run(one); }).field() == "planes");
    const cosimg::planes_view short_of{{{luma, stride}, {{chroma.data(), 100}, chroma_stride}}, width, height, cosimg::pixel_format::nv12};
    CHECK(thrown_by([&] { encoder.run(short_of); }).kind() == cosimg::error_kind::usage);
}

int main() {
    CHECK(kind_of_a_failure() == cosimg::error_kind::usage);
    std::vector<std::uint8_t> rgb(width * height * 3);
    paint(rgb.data(), width, height);
    by_and_by(rgb);
    planes_apart(rgb);
}
