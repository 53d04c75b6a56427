// Encoding, transcoding and processing through cosimg.hpp.
#include "check.hpp"
#include "vectors.h"

#include <array>

cosimg::error_kind kind_of_a_failure();

struct full : std::runtime_error {
    full() : std::runtime_error("the disk is full") {}
};

int main() {
    CHECK(kind_of_a_failure() == cosimg::error_kind::usage);
    constexpr std::uint32_t width = 120, height = 90;
    std::vector<std::uint8_t> rgb(width * height * 3);
    paint(rgb.data(), width, height);
    const cosimg::image_view image{rgb, width, height, cosimg::pixel_format::rgb8};

    cosimg::encoder encoder;
    encoder.quality(88).subsampling(cosimg::subsampling::s422).coding(cosimg::coding::baseline);
    encoder.restart_interval(1).restart_interval(4, cosimg::restart::mcus).restart_interval(0);
    cosimg::bytes baseline = encoder.run(image);
    CHECK(frame_marker(baseline.data(), baseline.size()) == 0xC0);
    encoder.subsampling(cosimg::subsampling::automatic);
    CHECK(encoder.run(image).size() > 0);
    encoder.subsampling(cosimg::subsampling::s422);
    CHECK(thrown_by([&] { encoder.quality(101); }).kind() == cosimg::error_kind::usage);

    // The three ways out give the same bytes.
    std::vector<std::uint8_t> pieces;
    encoder.run_to(image, [&](cosimg::bytes_view piece) { pieces.insert(pieces.end(), piece.begin(), piece.end()); });
    CHECK(same(pieces, baseline));
    std::vector<std::uint8_t> memory(baseline.size());
    CHECK(encoder.run_into(image, memory.data(), memory.size()) == baseline.size() && same(memory, baseline));
    CHECK(thrown_by([&] { encoder.run_into(image, memory.data(), 1); }).code() == COSIMG_BUFFER_TOO_SMALL);

    // What a sink throws comes out as it was.
    bool came_out = false;
    try {
        encoder.run_to(image, [](cosimg::bytes_view) { throw full(); });
    } catch (const full &) {
        came_out = true;
    }
    CHECK(came_out);

    // Threads change nothing, and a function is told of the progress; false stops a run, and so does what it throws.
    std::uint64_t told = 0, of = 0;
    encoder.threads(2).progress([&](std::uint64_t done, std::uint64_t total) {
        CHECK(told < done);
        told = done;
        of = total;
        return true;
    });
    CHECK(same(encoder.run(image), baseline) && told == of && of > 0);
    encoder.progress([](std::uint64_t, std::uint64_t) { return false; });
    CHECK(thrown_by([&] { encoder.run(image); }).kind() == cosimg::error_kind::cancelled);
    encoder.progress([](std::uint64_t, std::uint64_t) -> bool { throw full(); });
    came_out = false;
    try {
        encoder.run(image);
    } catch (const full &) {
        came_out = true;
    }
    CHECK(came_out);
    encoder.threads(1).progress(nullptr);

    // Fewer bytes: the best quality that has no more, or coarser coefficients. A score, where the library has the feature.
    CHECK(cosimg::encoder().target_bytes(baseline.size() / 2).run(image).size() <= baseline.size() / 2);
    CHECK(cosimg::transcoder().target_bytes(baseline.size() / 2).run(baseline).size() <= baseline.size() / 2);
    cosimg::encoder scored;
    try {
        scored.subsampling(cosimg::subsampling::automatic).target_ssimulacra2(40.0);
        CHECK(!scored.run(image).empty());
    } catch (const cosimg::error &error) {
        CHECK(error.code() == COSIMG_UNSUPPORTED);
    }
    CHECK(cosimg::transcoder().requantise(30).run(baseline).size() < cosimg::transcoder().run(baseline).size());

    // Scans of one's own are the same as those of a transcoder.
    const char *script = "0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;";
    CHECK(same(cosimg::encoder().scans(script).run(image), cosimg::transcoder().scans(script).run(cosimg::encoder().run(image))));
    CHECK(thrown_by([&] { cosimg::encoder().scans("0 1 2: 5"); }).kind() == cosimg::error_kind::usage);

    // Embedded blocks are there until they are stripped.
    const std::array<std::uint8_t, 8> exif{'I', 'I', 42, 0, 8, 0, 0, 0};
    const std::vector<std::uint8_t> steps(64, 50);
    const cosimg::bytes others = cosimg::encoder()
                                     .mode(cosimg::mode::small)
                                     .dither(true)
                                     .tables(cosimg::bytes_view(steps.data(), steps.size()), cosimg::bytes_view(steps.data(), steps.size()))
                                     .density(cosimg::density::per_inch, 72, 72)
                                     .comment(cosimg::bytes_view("a comment", 9))
                                     .run(image);
    CHECK(others.text().find("a comment") != std::string_view::npos);
    const cosimg::bytes with_exif = encoder.exif(exif).run(image);
    CHECK(with_exif.text().find("Exif") != std::string_view::npos);
    const cosimg::bytes without = cosimg::transcoder().strip(cosimg::strip::exif | cosimg::strip::comments).run(with_exif);
    CHECK(without.text().find("Exif") == std::string_view::npos);

    // Lossless there and back; buffers move.
    cosimg::transcoder transcoder;
    cosimg::bytes progressive = transcoder.run(baseline);
    CHECK(frame_marker(progressive.data(), progressive.size()) == 0xC2);
    const cosimg::bytes moved = std::move(progressive);
    CHECK(progressive.empty() && progressive.data() == nullptr && !moved.empty());
    transcoder.coding(cosimg::coding::baseline);
    CHECK(same(transcoder.run(moved), baseline));
    pieces.clear();
    transcoder.run_to(moved, [&](cosimg::bytes_view piece) { pieces.insert(pieces.end(), piece.begin(), piece.end()); });
    CHECK(same(pieces, baseline));
    CHECK(transcoder.run_into(moved, memory.data(), memory.size()) == baseline.size() && same(memory, baseline));

    // Errors carry code and field.
    CHECK(thrown_by([&] { transcoder.run(std::string_view("no JPEG")); }).kind() == cosimg::error_kind::input);
    cosimg::limits tight;
    tight.side(width - 1);
    transcoder.limits(tight);
    const cosimg::error over = thrown_by([&] { transcoder.run(baseline); });
    CHECK(over.kind() == cosimg::error_kind::limit && over.field() == "side");
    transcoder.limits(cosimg::limits());
    {
        const cosimg::cancel flag;
        transcoder.cancel(flag);
        CHECK(same(transcoder.run(moved), baseline));
        flag.trigger();
    }
    CHECK(thrown_by([&] { transcoder.run(baseline); }).kind() == cosimg::error_kind::cancelled);

    // Rules.
    const cosimg::bytes_view png(sample_png, sizeof sample_png);
    CHECK(cosimg::sniff(png) == cosimg::format::png && cosimg::content_type(cosimg::format::png) == "image/png");
    cosimg::processor processor;
    processor.default_quality(90).background(0, 0, 0).subsampling(cosimg::subsampling::s444).carry_interlace(false);
    const cosimg::processed answer = processor.run(png, "imageMogr2/format/jpg/interlace/1");
    CHECK(answer.format == cosimg::format::jpeg && cosimg::name(answer.format) == "jpg" && !answer.ignored);
    CHECK(frame_marker(answer.bytes.data(), answer.bytes.size()) == 0xC2);
    pieces.clear();
    const cosimg::processed streamed = processor.run_to(png, "imageMogr2/format/jpg/interlace/1", [&](cosimg::bytes_view piece) {
        pieces.insert(pieces.end(), piece.begin(), piece.end());
    });
    CHECK(streamed.format == cosimg::format::jpeg && streamed.bytes.empty() && same(pieces, answer.bytes));
    memory.resize(pieces.size());
    CHECK(processor.run_into(png, "imageMogr2/format/jpg/interlace/1", memory.data(), memory.size()) == memory.size());
    CHECK(same(memory, pieces));

    const cosimg::bytes_view damaged(pieces.data(), pieces.size() / 2);
    const cosimg::processed original = processor.run(damaged, "imageMogr2/format/jpg/interlace/1/ignore-error/1");
    CHECK(same(original.bytes, damaged) && original.ignored && original.ignored->kind() == cosimg::error_kind::input);
    CHECK(thrown_by([&] { processor.run(damaged, "imageMogr2/format/jpg/interlace/1"); }).kind() == cosimg::error_kind::input);
    processor.ignore_error(cosimg::ignore_error::never);
    CHECK(thrown_by([&] { processor.run(damaged, "imageMogr2/format/jpg/interlace/1/ignore-error/1"); }).kind() ==
          cosimg::error_kind::input);
    CHECK(cosimg::sniff(cosimg::process(png, "imageMogr2/format/jpg")) == cosimg::format::jpeg);
    processor.limits(cosimg::limits(cosimg::limits::profile::intl_2025).input_bytes(10));
    CHECK(thrown_by([&] { processor.run(png, "imageMogr2/format/jpg"); }).field() == "input_bytes");
}
