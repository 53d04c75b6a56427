/* Processing bytes by a rule. */
#include "check.h"
#include "vectors.h"

static int32_t count(void *user, const uint8_t *data, size_t len) {
    (void)data;
    *(size_t *)user += len;
    return 0;
}

int main(void) {
    const cosimg_slice png = slice_of(sample_png, sizeof sample_png);
    cosimg_processor *processor;
    cosimg_transcoder *transcoder;
    cosimg_limits *limits;
    cosimg_buffer jpeg, lossless, expected, out;
    cosimg_error *ignored = (cosimg_error *)(uintptr_t)0x8;
    int32_t format = 77;
    size_t total = 0, len = 0;

    CHECK(cosimg_format_sniff(png) == COSIMG_FORMAT_PNG);
    CHECK(cosimg_format_sniff(slice_of(NULL, 0)) == COSIMG_FORMAT_UNKNOWN);
    CHECK(slice_is(cosimg_format_content_type(COSIMG_FORMAT_JPEG), "image/jpeg"));
    CHECK(slice_is(cosimg_format_name(COSIMG_FORMAT_JPEG), "jpg"));
    CHECK(slice_is(cosimg_format_content_type(COSIMG_FORMAT_UNKNOWN), "application/octet-stream"));
    CHECK(cosimg_format_content_type(99).len == 0 && cosimg_format_name(-1).len == 0);

    /* PNG to a progressive JPEG. */
    DONE(cosimg_processor_new(&processor, &err));
    DONE(cosimg_processor_set_default_quality(processor, 90, &err));
    DONE(cosimg_processor_set_background(processor, 0, 128, 255, &err));
    DONE(cosimg_processor_run(processor, png, TEXT("imageMogr2/format/jpg/interlace/1/ignore-error/1"), &jpeg, &format,
                              &ignored, &err));
    CHECK(frame_marker(jpeg.data, jpeg.len) == 0xC2);
    CHECK(format == COSIMG_FORMAT_JPEG && ignored == NULL);
    CHECK(cosimg_format_sniff(slice_of_buffer(&jpeg)) == COSIMG_FORMAT_JPEG);

    /* The other two ways out. */
    DONE(cosimg_processor_run_to(processor, png, TEXT("imageMogr2/format/jpg/interlace/1"), count, &total, NULL, NULL,
                                 &err));
    CHECK(total == jpeg.len);
    DONE(cosimg_processor_run_to(processor, png, TEXT("imageMogr2/format/jpg/interlace/1"), count, &total, &format,
                                 &ignored, &err));
    FAILS(COSIMG_BUFFER_TOO_SMALL, cosimg_processor_run_into(processor, png, TEXT("imageMogr2/format/jpg/interlace/1"),
                                                             NULL, 0, &len, &format, &ignored, &err));
    CHECK(len == jpeg.len && format == COSIMG_FORMAT_UNKNOWN && ignored == NULL);

    /* JPEG with interlace/1 alone is the lossless transcoder. */
    DONE(cosimg_transcoder_new(&transcoder, &err));
    DONE(cosimg_transcoder_set_coding(transcoder, COSIMG_CODING_BASELINE, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&jpeg), &expected, &err));
    DONE(cosimg_processor_run(processor, slice_of_buffer(&expected), TEXT("imageMogr2/interlace/1"), &lossless, NULL,
                              NULL, &err));
    DONE(cosimg_transcoder_set_coding(transcoder, COSIMG_CODING_PROGRESSIVE, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&jpeg), &out, &err));
    CHECK(lossless.len == out.len && memcmp(lossless.data, out.data, out.len) == 0);
    cosimg_buffer_free(&out);

    /* What goes wrong: a rule, a source, and ignore-error/1, which gives the source back and says why. */
    FAILS(COSIMG_UNSUPPORTED, cosimg_processor_run(processor, slice_of("no image", 8), TEXT("imageMogr2/format/jpg"), &out,
                                                   &format, &ignored, &err));
    FAILS(COSIMG_INPUT, cosimg_processor_run(processor, slice_of(jpeg.data, jpeg.len / 2), TEXT("imageMogr2/interlace/0"),
                                             &out, &format, &ignored, &err));
    CHECK(out.data == NULL && format == COSIMG_FORMAT_UNKNOWN && ignored == NULL);
    CHECK(cosimg_processor_run(processor, png, TEXT("imageMogr2//"), &out, NULL, NULL, NULL) != COSIMG_OK);
    DONE(cosimg_processor_run(processor, slice_of(jpeg.data, jpeg.len / 2),
                              TEXT("imageMogr2/format/jpg/interlace/1/ignore-error/1"), &out, &format, &ignored, &err));
    CHECK(out.len == jpeg.len / 2 && memcmp(out.data, jpeg.data, out.len) == 0);
    CHECK(ignored != NULL && cosimg_error_code(ignored) == COSIMG_INPUT);
    CHECK(format == COSIMG_FORMAT_JPEG);
    cosimg_error_free(ignored);
    cosimg_buffer_free(&out);
    DONE(cosimg_processor_set_ignore_error(processor, COSIMG_IGNORE_ERROR_NEVER, &err));
    FAILS(COSIMG_INPUT, cosimg_processor_run(processor, slice_of(jpeg.data, jpeg.len / 2),
                                             TEXT("imageMogr2/format/jpg/interlace/1/ignore-error/1"), &out, &format,
                                             &ignored, &err));
    CHECK(out.data == NULL && ignored == NULL);

    /* A later stage encodes anew, unless interlace is carried. */
    DONE(cosimg_processor_run(processor, png, TEXT("imageMogr2/format/jpg/interlace/1|imageMogr2/format/jpg"), &out, NULL,
                              NULL, &err));
    CHECK(frame_marker(out.data, out.len) == 0xC0);
    cosimg_buffer_free(&out);
    DONE(cosimg_processor_set_carry_interlace(processor, 1, &err));
    DONE(cosimg_processor_set_subsampling(processor, COSIMG_SUBSAMPLING_444, &err));
    DONE(cosimg_processor_run(processor, png, TEXT("imageMogr2/format/jpg/interlace/1|imageMogr2/format/jpg"), &out, NULL,
                              NULL, &err));
    CHECK(frame_marker(out.data, out.len) == 0xC2 && out.len != jpeg.len);
    cosimg_buffer_free(&out);

    DONE(cosimg_limits_new(COSIMG_LIMITS_INTL_2024, &limits, &err));
    DONE(cosimg_limits_set_input_bytes(limits, 10, &err));
    DONE(cosimg_processor_set_limits(processor, limits, &err));
    FAILS(COSIMG_LIMIT, cosimg_processor_run(processor, png, TEXT("imageMogr2/format/jpg"), &out, NULL, NULL, &err));

    cosimg_limits_free(limits);
    cosimg_buffer_free(&jpeg);
    cosimg_buffer_free(&lossless);
    cosimg_buffer_free(&expected);
    cosimg_transcoder_free(transcoder);
    cosimg_processor_free(processor);
    return 0;
}
