/* Encoding pixels and transcoding, by the three ways out; limits, cancelling, sinks that fail. */
#include "check.h"

enum { WIDTH = 200, HEIGHT = 150 };

struct collected {
    uint8_t *data;
    size_t len;
    size_t calls;
    size_t fail_at;
};

static int32_t collect(void *user, const uint8_t *data, size_t len) {
    struct collected *to = (struct collected *)user;
    if (++to->calls == to->fail_at)
        return 7;
    to->data = (uint8_t *)realloc(to->data, to->len + len);
    CHECK(to->data != NULL);
    memcpy(to->data + to->len, data, len);
    to->len += len;
    return 0;
}

struct watched {
    uint64_t done;
    size_t calls;
    size_t stop_at;
};

static int32_t watch(void *user, uint64_t done, uint64_t total) {
    struct watched *by = (struct watched *)user;
    CHECK(by->done < done && done <= total);
    by->done = done == total ? 0 : done;
    return ++by->calls == by->stop_at ? 1 : 0;
}

/* Threads change nothing, and a function is told of the progress, which may stop it. */
static void check_progress(cosimg_encoder *encoder, const cosimg_image_view *view, const cosimg_buffer *expected) {
    cosimg_buffer again;
    struct collected pieces = {0};
    struct watched by = {0};

    FAILS(COSIMG_USAGE, cosimg_encoder_set_threads(encoder, 0, &err));
    DONE(cosimg_encoder_set_threads(encoder, 2, &err));
    DONE(cosimg_encoder_set_progress(encoder, watch, &by, &err));
    DONE(cosimg_encoder_run(encoder, view, &again, &err));
    CHECK(again.len == expected->len && memcmp(again.data, expected->data, again.len) == 0);
    CHECK(by.calls > 1 && by.done == 0); /* the total was reached */
    cosimg_buffer_free(&again);

    by.calls = 0;
    by.stop_at = 1;
    FAILS(COSIMG_CANCELLED, cosimg_encoder_run(encoder, view, &again, &err));
    CHECK(by.calls == 1 && again.data == NULL);
    by.done = by.calls = 0;
    FAILS(COSIMG_CANCELLED, cosimg_encoder_run_to(encoder, view, collect, &pieces, &err));
    CHECK(by.calls == 1 && pieces.calls == 0);

    DONE(cosimg_encoder_set_progress(encoder, NULL, NULL, &err));
    DONE(cosimg_encoder_set_threads(encoder, 1, &err));
    pieces.fail_at = 1;
    FAILS(COSIMG_IO, cosimg_encoder_run_to(encoder, view, collect, &pieces, &err));
    CHECK(by.calls == 1 && pieces.calls == 1);
}

static void check_three_ways(const cosimg_transcoder *transcoder, cosimg_slice source) {
    cosimg_buffer whole;
    struct collected pieces = {0};
    uint8_t *memory;
    size_t len = 0;

    DONE(cosimg_transcoder_run(transcoder, source, &whole, &err));
    DONE(cosimg_transcoder_run_to(transcoder, source, collect, &pieces, &err));
    CHECK(pieces.len == whole.len && memcmp(pieces.data, whole.data, whole.len) == 0);

    FAILS(COSIMG_BUFFER_TOO_SMALL, cosimg_transcoder_run_into(transcoder, source, NULL, 0, &len, &err));
    CHECK(len == whole.len);
    memory = (uint8_t *)malloc(len);
    CHECK(memory != NULL);
    FAILS(COSIMG_BUFFER_TOO_SMALL, cosimg_transcoder_run_into(transcoder, source, memory, len - 1, &len, &err));
    CHECK(len == whole.len);
    DONE(cosimg_transcoder_run_into(transcoder, source, memory, len, &len, &err));
    CHECK(len == whole.len && memcmp(memory, whole.data, len) == 0);

    pieces.fail_at = pieces.calls + 1;
    FAILS(COSIMG_IO, cosimg_transcoder_run_to(transcoder, source, collect, &pieces, &err));

    free(memory);
    free(pieces.data);
    cosimg_buffer_free(&whole);
}

/* A number of bytes to keep to, a score to reach, and coarser coefficients. */
static void check_sizes(const cosimg_image_view *view, cosimg_slice source) {
    cosimg_encoder *encoder;
    cosimg_transcoder *transcoder;
    cosimg_buffer out, again;

    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_set_target_bytes(encoder, UINT64_MAX, &err));
    DONE(cosimg_encoder_run(encoder, view, &out, &err));
    DONE(cosimg_encoder_set_target_bytes(encoder, out.len - 1, &err));
    DONE(cosimg_encoder_run(encoder, view, &again, &err));
    CHECK(again.len < out.len && again.len > out.len / 2);
    cosimg_buffer_free(&again);
    cosimg_buffer_free(&out);
    DONE(cosimg_encoder_set_target_bytes(encoder, 0, &err));
    {
        cosimg_error *err = NULL;
        CHECK(cosimg_encoder_run(encoder, view, &out, &err) == COSIMG_LIMIT);
        CHECK(strcmp(cosimg_error_field(err), "target_bytes") == 0);
        cosimg_error_free(err);
    }
    cosimg_encoder_free(encoder);

    DONE(cosimg_encoder_new(&encoder, &err));
    if (cosimg_encoder_set_target_ssimulacra2(encoder, 40.0, NULL) == COSIMG_UNSUPPORTED) {
        FAILS(COSIMG_UNSUPPORTED, cosimg_encoder_set_target_ssimulacra2(encoder, 101.0, &err));
    } else {
        FAILS(COSIMG_USAGE, cosimg_encoder_set_target_ssimulacra2(encoder, 101.0, &err));
        DONE(cosimg_encoder_run(encoder, view, &out, &err));
        DONE(cosimg_encoder_set_target_ssimulacra2(encoder, 70.0, &err));
        DONE(cosimg_encoder_run(encoder, view, &again, &err));
        CHECK(again.len > out.len);
        cosimg_buffer_free(&again);
        cosimg_buffer_free(&out);
    }
    cosimg_encoder_free(encoder);

    DONE(cosimg_transcoder_new(&transcoder, &err));
    DONE(cosimg_transcoder_run(transcoder, source, &out, &err));
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_requantise(transcoder, 0, COSIMG_PRESET_FAST, &err));
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_requantise(transcoder, 256 + 40, COSIMG_PRESET_FAST, &err));
    FAILS(COSIMG_USAGE_ENUM, cosimg_transcoder_set_requantise(transcoder, 40, 0, &err));
    DONE(cosimg_transcoder_set_requantise(transcoder, 40, COSIMG_PRESET_FAST, &err));
    DONE(cosimg_transcoder_run(transcoder, source, &again, &err));
    CHECK(again.len < out.len);
    cosimg_buffer_free(&again);
    DONE(cosimg_transcoder_set_target_bytes(transcoder, out.len / 4, &err));
    DONE(cosimg_transcoder_run(transcoder, source, &again, &err));
    CHECK(again.len <= out.len / 4);
    cosimg_buffer_free(&again);
    cosimg_buffer_free(&out);
    cosimg_transcoder_free(transcoder);
}

/* Scans of one's own, of pixels as of a JPEG. */
static void check_scans(const cosimg_image_view *view) {
    static const char script[] = "0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;";
    cosimg_encoder *encoder;
    cosimg_transcoder *transcoder;
    cosimg_buffer plain, out, again;

    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_run(encoder, view, &plain, &err));
    DONE(cosimg_transcoder_new(&transcoder, &err));
    DONE(cosimg_transcoder_set_scans(transcoder, script, sizeof script - 1, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&plain), &again, &err));
    FAILS(COSIMG_USAGE, cosimg_encoder_set_scans(encoder, "0 1 2: 5", 8, &err));
    FAILS(COSIMG_USAGE_NULL, cosimg_encoder_set_scans(encoder, NULL, 8, &err));
    DONE(cosimg_encoder_set_scans(encoder, script, sizeof script - 1, &err));
    DONE(cosimg_encoder_run(encoder, view, &out, &err));
    CHECK(out.len == again.len && memcmp(out.data, again.data, out.len) == 0);
    cosimg_buffer_free(&out);
    DONE(cosimg_encoder_set_scans(encoder, "0; 1;", 5, &err));
    {
        cosimg_error *err = NULL;
        CHECK(cosimg_encoder_run(encoder, view, &out, &err) == COSIMG_USAGE);
        CHECK(strcmp(cosimg_error_field(err), "components") == 0);
        cosimg_error_free(err);
    }
    cosimg_buffer_free(&again);
    cosimg_buffer_free(&plain);
    cosimg_transcoder_free(transcoder);
    cosimg_encoder_free(encoder);
}

/* Whether a file has a marker. */
static int find_marker(const cosimg_buffer *file, uint8_t code) {
    size_t i;
    for (i = 0; i + 1 < file->len; i++)
        if (file->data[i] == 0xFF && file->data[i + 1] == code)
            return 1;
    return 0;
}

/* The mode, the tables, and what is embedded. */
static void check_encoder_options(const cosimg_image_view *view) {
    static const char header[] = "JFIF\0\1\1\2\0\100\0\41";
    uint8_t steps[64];
    cosimg_encoder *encoder;
    cosimg_transcoder *transcoder;
    cosimg_buffer plain, out, again;

    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_run(encoder, view, &plain, &err));
    DONE(cosimg_transcoder_new(&transcoder, &err));
    DONE(cosimg_transcoder_set_mode(transcoder, COSIMG_MODE_FAST, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&plain), &again, &err));
    FAILS(COSIMG_USAGE_ENUM, cosimg_encoder_set_mode(encoder, 99, &err));
    DONE(cosimg_encoder_set_mode(encoder, COSIMG_MODE_FAST, &err));
    DONE(cosimg_encoder_set_dither(encoder, 1, &err));
    DONE(cosimg_encoder_run(encoder, view, &out, &err));
    CHECK(out.len == again.len && memcmp(out.data, again.data, out.len) == 0);
    cosimg_buffer_free(&out);

    memset(steps, 255, sizeof steps);
    FAILS(COSIMG_USAGE, cosimg_encoder_set_tables(encoder, slice_of(steps, 63), slice_of(steps, 64), &err));
    DONE(cosimg_encoder_set_tables(encoder, slice_of(steps, 64), slice_of(steps, 64), &err));
    FAILS(COSIMG_USAGE_ENUM, cosimg_encoder_set_density(encoder, 3, 1, 1, &err));
    FAILS(COSIMG_USAGE, cosimg_encoder_set_density(encoder, COSIMG_DENSITY_PER_INCH, 0, 1, &err));
    DONE(cosimg_encoder_set_density(encoder, COSIMG_DENSITY_PER_CENTIMETRE, 64, 33, &err));
    DONE(cosimg_encoder_add_comment(encoder, slice_of("hello", 5), &err));
    DONE(cosimg_encoder_run(encoder, view, &out, &err));
    CHECK(out.len < again.len && find_marker(&out, 0xFE));
    CHECK(memcmp((const char *)out.data + 6, header, sizeof header - 1) == 0);
    cosimg_buffer_free(&out);
    cosimg_buffer_free(&again);
    cosimg_buffer_free(&plain);
    cosimg_transcoder_free(transcoder);
    cosimg_encoder_free(encoder);
}

/* The options of a transcoder, and what it has to say. */
static void check_options(cosimg_slice source) {
    cosimg_transcoder *transcoder;
    cosimg_report *report;
    cosimg_limits *limits;
    cosimg_buffer out, smaller, json;
    static const int32_t codings[] = {COSIMG_CODING_PROGRESSIVE, COSIMG_CODING_BASELINE};
    size_t least = SIZE_MAX;
    unsigned i;

    DONE(cosimg_transcoder_new(&transcoder, &err));
    for (i = 0; i < 2; i++) {
        DONE(cosimg_transcoder_set_coding(transcoder, codings[i], &err));
        DONE(cosimg_transcoder_run(transcoder, source, &out, &err));
        least = out.len < least ? out.len : least;
        cosimg_buffer_free(&out);
    }
    DONE(cosimg_transcoder_set_coding(transcoder, COSIMG_CODING_SMALLER, &err));
    DONE(cosimg_transcoder_run(transcoder, source, &smaller, &err));
    CHECK(smaller.len == least);

    /* Unknown kinds are refused, sums of known ones are not. */
    FAILS(COSIMG_USAGE_ENUM, cosimg_transcoder_set_strip(transcoder, 1024, &err));
    DONE(cosimg_transcoder_set_strip(transcoder, COSIMG_STRIP_SAFE | COSIMG_STRIP_ICC, &err));
    DONE(cosimg_transcoder_set_strip(transcoder, COSIMG_STRIP_ALL, &err));
    FAILS(COSIMG_USAGE_ENUM, cosimg_transcoder_set_mode(transcoder, 99, &err));
    DONE(cosimg_transcoder_set_mode(transcoder, COSIMG_MODE_FAST, &err));

    /* The search and scans of one's own. */
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_effort(transcoder, 0, &err));
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_effort(transcoder, 261, &err));
    DONE(cosimg_transcoder_set_effort(transcoder, 1, &err));
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_max_scans(transcoder, 7, &err));
    DONE(cosimg_transcoder_set_max_scans(transcoder, 8, &err));
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_restart_interval(transcoder, 65536, COSIMG_RESTART_ROWS, &err));
    FAILS(COSIMG_USAGE_ENUM, cosimg_transcoder_set_restart_interval(transcoder, 1, 3, &err));
    DONE(cosimg_transcoder_set_restart_interval(transcoder, 1, COSIMG_RESTART_ROWS, &err));
    DONE(cosimg_transcoder_run_and_report(transcoder, source, &out, &report, &err));
    CHECK(find_marker(&out, 0xDD) && find_marker(&out, 0xD0));
    cosimg_report_free(report);
    cosimg_buffer_free(&out);
    DONE(cosimg_transcoder_set_restart_interval(transcoder, 0, COSIMG_RESTART_MCUS, &err));
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_display_allowance(transcoder, -1, &err));
    DONE(cosimg_transcoder_set_display_allowance(transcoder, 1, &err));
    FAILS(COSIMG_USAGE, cosimg_transcoder_set_scans(transcoder, "0 1 2: 5", 8, &err));

    /* The best that there is does not become larger. */
    DONE(cosimg_transcoder_set_never_larger(transcoder, 1, &err));
    DONE(cosimg_transcoder_run_and_report(transcoder, slice_of_buffer(&smaller), &out, &report, &err));
    CHECK(out.len <= smaller.len && cosimg_report_damages(report) == 0 && cosimg_report_damages_len(report) == 0);
    cosimg_report_free(report);
    cosimg_buffer_free(&out);

    /* Half a file. */
    source.len /= 2;
    FAILS(COSIMG_INPUT, cosimg_transcoder_run_and_report(transcoder, source, &out, &report, &err));
    CHECK(report == NULL && out.data == NULL);
    DONE(cosimg_transcoder_set_tolerant(transcoder, 1, &err));
    DONE(cosimg_transcoder_run_and_report(transcoder, source, &out, &report, &err));
    CHECK(cosimg_report_damages(report) > 0 && cosimg_report_damages_len(report) > 0);
    {
        cosimg_error *damage, *err = NULL;
        uint64_t offset;
        CHECK(cosimg_report_damage(report, 0, &damage, &err) == COSIMG_OK && err == NULL);
        CHECK(cosimg_error_code(damage) == COSIMG_INPUT && cosimg_error_offset(damage, &offset));
        CHECK(offset <= source.len);
        cosimg_error_free(damage);
        CHECK(cosimg_report_damage(report, 99, &damage, &err) == COSIMG_USAGE && damage == NULL);
        cosimg_error_free(err);
    }
    DONE(cosimg_limits_new(COSIMG_LIMITS_DEFAULT, &limits, &err));
    DONE(cosimg_jpeg_inspect(slice_of_buffer(&out), limits, &json, &err));
    CHECK(strncmp((const char *)json.data, "{\"schema\":1,", 12) == 0);
    CHECK(strstr((const char *)json.data, "\"complete\":true") != NULL);
    cosimg_buffer_free(&out);
    FAILS(COSIMG_INPUT, cosimg_jpeg_inspect(slice_of("no JPEG", 7), limits, &out, &err));

    cosimg_buffer_free(&json);
    cosimg_buffer_free(&smaller);
    cosimg_limits_free(limits);
    cosimg_report_free(report);
    cosimg_transcoder_free(transcoder);
}

int main(void) {
    static uint8_t rgb[HEIGHT][WIDTH * 3 + 10];
    static uint8_t tight[HEIGHT * WIDTH * 3];
    cosimg_image_view view = {tight, sizeof tight, WIDTH, HEIGHT, 0, COSIMG_PIXEL_RGB8};
    cosimg_encoder *encoder;
    cosimg_transcoder *transcoder;
    cosimg_limits *limits;
    cosimg_cancel *cancel;
    cosimg_buffer baseline, progressive, again, small;
    unsigned row;

    paint(tight, WIDTH, HEIGHT);
    for (row = 0; row < HEIGHT; row++)
        memcpy(rgb[row], tight + row * WIDTH * 3, WIDTH * 3);

    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_set_quality(encoder, 90, &err));
    DONE(cosimg_encoder_set_subsampling(encoder, COSIMG_SUBSAMPLING_AUTO, &err));
    DONE(cosimg_encoder_set_subsampling(encoder, COSIMG_SUBSAMPLING_444, &err));
    DONE(cosimg_encoder_set_coding(encoder, COSIMG_CODING_BASELINE, &err));
    DONE(cosimg_encoder_run(encoder, &view, &baseline, &err));
    CHECK(frame_marker(baseline.data, baseline.len) == 0xC0);

    /* Rows with a gap are the same picture. */
    view.data = rgb[0];
    view.len = sizeof rgb;
    view.stride = sizeof rgb[0];
    DONE(cosimg_encoder_run(encoder, &view, &again, &err));
    CHECK(again.len == baseline.len && memcmp(again.data, baseline.data, again.len) == 0);
    cosimg_buffer_free(&again);

    check_progress(encoder, &view, &baseline);

    /* A picture that says more than its memory holds. */
    view.len = sizeof rgb / 2;
    FAILS(COSIMG_USAGE, cosimg_encoder_run(encoder, &view, &again, &err));
    CHECK(again.data == NULL && again.len == 0);
    view.len = sizeof rgb;
    view.width = 0;
    FAILS(COSIMG_USAGE, cosimg_encoder_run(encoder, &view, &again, &err));
    view.width = WIDTH;
    view.format = 99;
    FAILS(COSIMG_USAGE_ENUM, cosimg_encoder_run(encoder, &view, &again, &err));
    view.format = COSIMG_PIXEL_RGB8;

    /* A setter that fails changes nothing. */
    FAILS(COSIMG_USAGE, cosimg_encoder_set_quality(encoder, 0, &err));
    FAILS(COSIMG_USAGE, cosimg_encoder_set_quality(encoder, 101, &err));
    FAILS(COSIMG_USAGE, cosimg_encoder_set_quality(encoder, 300, &err));
    DONE(cosimg_encoder_run(encoder, &view, &again, &err));
    CHECK(again.len == baseline.len && memcmp(again.data, baseline.data, again.len) == 0);
    cosimg_buffer_free(&again);
    DONE(cosimg_encoder_set_quality(encoder, 20, &err));
    DONE(cosimg_encoder_run(encoder, &view, &small, &err));
    CHECK(small.len < baseline.len);
    cosimg_buffer_free(&small);

    /* Transcoding there and back gives the first bytes again: nothing was lost. */
    DONE(cosimg_transcoder_new(&transcoder, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&baseline), &progressive, &err));
    CHECK(frame_marker(progressive.data, progressive.len) == 0xC2);
    DONE(cosimg_transcoder_set_coding(transcoder, COSIMG_CODING_BASELINE, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&progressive), &again, &err));
    CHECK(again.len == baseline.len && memcmp(again.data, baseline.data, again.len) == 0);
    cosimg_buffer_free(&again);
    DONE(cosimg_transcoder_set_coding(transcoder, COSIMG_CODING_PROGRESSIVE, &err));
    check_three_ways(transcoder, slice_of_buffer(&baseline));
    check_options(slice_of_buffer(&baseline));
    check_sizes(&view, slice_of_buffer(&baseline));
    check_encoder_options(&view);
    check_scans(&view);

    /* Bad input: empty, no JPEG, cut in the middle. */
    FAILS(COSIMG_INPUT, cosimg_transcoder_run(transcoder, slice_of(NULL, 0), &again, &err));
    FAILS(COSIMG_INPUT, cosimg_transcoder_run(transcoder, slice_of("no JPEG", 7), &again, &err));
    FAILS(COSIMG_INPUT, cosimg_transcoder_run(transcoder, slice_of(baseline.data, baseline.len / 2), &again, &err));
    CHECK(again.data == NULL && again.len == 0);

    /* Limits name the bound that was passed. */
    DONE(cosimg_limits_new(COSIMG_LIMITS_DEFAULT, &limits, &err));
    DONE(cosimg_limits_set_side(limits, WIDTH - 1, &err));
    DONE(cosimg_transcoder_set_limits(transcoder, limits, &err));
    {
        cosimg_error *err = NULL;
        CHECK(cosimg_transcoder_run(transcoder, slice_of_buffer(&baseline), &again, &err) == COSIMG_LIMIT);
        CHECK(strcmp(cosimg_error_field(err), "side") == 0);
        cosimg_error_free(err);
    }
    DONE(cosimg_encoder_set_limits(encoder, limits, &err));
    FAILS(COSIMG_LIMIT, cosimg_encoder_run(encoder, &view, &again, &err));
    DONE(cosimg_limits_set_side(limits, WIDTH, &err));
    FAILS(COSIMG_LIMIT, cosimg_encoder_run(encoder, &view, &again, &err)); /* it keeps a copy */
    DONE(cosimg_encoder_set_limits(encoder, limits, &err));
    DONE(cosimg_transcoder_set_limits(transcoder, limits, &err));
    cosimg_limits_free(limits);
    DONE(cosimg_encoder_run(encoder, &view, &again, &err));
    cosimg_buffer_free(&again);

    /* A raised flag stops the runs; the flag's own handle may be gone by then. */
    DONE(cosimg_cancel_new(&cancel, &err));
    DONE(cosimg_transcoder_set_cancel(transcoder, cancel, &err));
    DONE(cosimg_encoder_set_cancel(encoder, cancel, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&baseline), &again, &err));
    cosimg_buffer_free(&again);
    DONE(cosimg_cancel_trigger(cancel, &err));
    cosimg_cancel_free(cancel);
    FAILS(COSIMG_CANCELLED, cosimg_transcoder_run(transcoder, slice_of_buffer(&baseline), &again, &err));
    FAILS(COSIMG_CANCELLED, cosimg_encoder_run(encoder, &view, &again, &err));

    cosimg_buffer_free(&baseline);
    cosimg_buffer_free(&progressive);
    cosimg_encoder_free(encoder);
    cosimg_transcoder_free(transcoder);
    return 0;
}
