/* Pictures that come by and by, and pictures whose planes lie apart: the same bytes as of one call. */
#include "check.h"

enum { WIDTH = 61, HEIGHT = 45, GAP = 7 };

/* A format of several planes: of each, bytes of a row, and rows of the picture for one of its own. */
struct layout {
    int32_t format;
    size_t planes_len;
    struct {
        size_t row, down;
    } planes[3];
};

static const struct layout LAYOUTS[] = {
    {COSIMG_PIXEL_RGB8, 1, {{WIDTH * 3, 1}}},
    {COSIMG_PIXEL_RGB_PLANAR8, 3, {{WIDTH, 1}, {WIDTH, 1}, {WIDTH, 1}}},
    {COSIMG_PIXEL_YCBCR_PLANAR_444, 3, {{WIDTH, 1}, {WIDTH, 1}, {WIDTH, 1}}},
    {COSIMG_PIXEL_YCBCR_PLANAR_422, 3, {{WIDTH, 1}, {(WIDTH + 1) / 2, 1}, {(WIDTH + 1) / 2, 1}}},
    {COSIMG_PIXEL_YCBCR_PLANAR_420, 3, {{WIDTH, 1}, {(WIDTH + 1) / 2, 2}, {(WIDTH + 1) / 2, 2}}},
    {COSIMG_PIXEL_NV12, 2, {{WIDTH, 1}, {(WIDTH + 1) / 2 * 2, 2}}},
};
enum { LAYOUTS_LEN = sizeof LAYOUTS / sizeof LAYOUTS[0] };

static uint8_t pixels[WIDTH * HEIGHT * 3];

struct collected {
    uint8_t *data;
    size_t len;
    int32_t answer;
};

static int32_t collect(void *user, const uint8_t *data, size_t len) {
    struct collected *to = (struct collected *)user;
    to->data = (uint8_t *)realloc(to->data, to->len + len);
    CHECK(to->data != NULL);
    memcpy(to->data + to->len, data, len);
    to->len += len;
    return to->answer;
}

static int same(const uint8_t *data, size_t len, const cosimg_buffer *expected) {
    return len == expected->len && memcmp(data, expected->data, len) == 0;
}

static cosimg_row_encoder *begin(const cosimg_encoder *encoder, int32_t format) {
    cosimg_row_encoder *rows;
    DONE(cosimg_row_encoder_new(encoder, WIDTH, HEIGHT, format, &rows, &err));
    CHECK(cosimg_row_encoder_rows_left(rows) == HEIGHT);
    return rows;
}

/* Finishes and frees: the file is the expected one. */
static void check_finish(cosimg_row_encoder *rows, const cosimg_buffer *expected) {
    cosimg_buffer out;
    CHECK(cosimg_row_encoder_rows_left(rows) == 0);
    DONE(cosimg_row_encoder_finish(rows, &out, &err));
    CHECK(same(out.data, out.len, expected));
    cosimg_buffer_free(&out);
    cosimg_row_encoder_free(rows);
}

/* Bytes in any batches. */
static void check_batches(const cosimg_encoder *encoder, const cosimg_buffer *expected) {
    static const size_t batches[] = {1, 100, WIDTH * 3, WIDTH * 3 + 1, WIDTH * 3 * 16, sizeof pixels};
    size_t i, at;
    for (i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        cosimg_row_encoder *rows = begin(encoder, COSIMG_PIXEL_RGB8);
        for (at = 0; at < sizeof pixels; at += batches[i]) {
            const size_t len = sizeof pixels - at < batches[i] ? sizeof pixels - at : batches[i];
            DONE(cosimg_row_encoder_push(rows, slice_of(pixels + at, len), &err));
        }
        check_finish(rows, expected);
    }
}

static void check_three_ways(const cosimg_encoder *encoder, const cosimg_buffer *expected) {
    struct collected pieces = {NULL, 0, 0};
    cosimg_row_encoder *rows = begin(encoder, COSIMG_PIXEL_RGB8);
    cosimg_buffer out;
    uint8_t *memory = (uint8_t *)malloc(expected->len);
    size_t len;

    CHECK(memory != NULL);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels, sizeof pixels), &err));
    DONE(cosimg_row_encoder_finish_to(rows, collect, &pieces, &err));
    CHECK(same(pieces.data, pieces.len, expected));
    cosimg_row_encoder_free(rows);

    /* A file that finds no room is kept until it does. */
    rows = begin(encoder, COSIMG_PIXEL_RGB8);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels, sizeof pixels), &err));
    FAILS(COSIMG_BUFFER_TOO_SMALL, cosimg_row_encoder_finish_into(rows, NULL, 0, &len, &err));
    CHECK(len == expected->len);
    FAILS(COSIMG_USAGE, cosimg_row_encoder_push(rows, slice_of(pixels, 0), &err));
    FAILS(COSIMG_BUFFER_TOO_SMALL, cosimg_row_encoder_finish_into(rows, memory, len - 1, &len, &err));
    FAILS(COSIMG_USAGE_NULL, cosimg_row_encoder_finish(rows, NULL, &err));
    DONE(cosimg_row_encoder_finish_into(rows, memory, len, &len, &err));
    CHECK(same(memory, len, expected));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_finish_into(rows, memory, len, &len, &err));
    CHECK(len == 0);
    cosimg_row_encoder_free(rows);
    free(memory);

    /* A sink that fails has had its file. */
    rows = begin(encoder, COSIMG_PIXEL_RGB8);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels, sizeof pixels), &err));
    pieces.answer = 1;
    FAILS(COSIMG_IO, cosimg_row_encoder_finish_to(rows, collect, &pieces, &err));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_finish(rows, &out, &err));
    cosimg_row_encoder_free(rows);
    free(pieces.data);
}

static void check_misuse(const cosimg_encoder *encoder, const cosimg_buffer *expected) {
    const cosimg_image_view narrow = {pixels, sizeof pixels, WIDTH - 1, 2, WIDTH * 3, COSIMG_PIXEL_RGB8};
    const cosimg_image_view other = {pixels, sizeof pixels, WIDTH, 2, WIDTH * 3, COSIMG_PIXEL_BGR8};
    const cosimg_image_view whole = {pixels, sizeof pixels, WIDTH, HEIGHT, 0, COSIMG_PIXEL_RGB8};
    cosimg_row_encoder *rows;
    cosimg_buffer out;

    FAILS(COSIMG_USAGE_ENUM, cosimg_row_encoder_new(encoder, WIDTH, HEIGHT, 99, &rows, &err));
    CHECK(rows == NULL);
    FAILS(COSIMG_USAGE, cosimg_row_encoder_new(encoder, 0, HEIGHT, COSIMG_PIXEL_RGB8, &rows, &err));
    FAILS(COSIMG_LIMIT, cosimg_row_encoder_new(encoder, UINT32_MAX, UINT32_MAX, COSIMG_PIXEL_RGB8, &rows, &err));
    FAILS(COSIMG_USAGE_NULL, cosimg_row_encoder_new(NULL, WIDTH, HEIGHT, COSIMG_PIXEL_RGB8, &rows, &err));
    FAILS(COSIMG_USAGE_NULL, cosimg_row_encoder_push(NULL, slice_of(pixels, 1), &err));
    CHECK(cosimg_row_encoder_rows_left(NULL) == 0);

    /* Nothing that is refused leaves a trace. */
    rows = begin(encoder, COSIMG_PIXEL_RGB8);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels, WIDTH * 3 + 1), &err));
    CHECK(cosimg_row_encoder_rows_left(rows) == HEIGHT - 1);
    FAILS(COSIMG_USAGE, cosimg_row_encoder_push(rows, slice_of(pixels, sizeof pixels - WIDTH * 3), &err));
    FAILS(COSIMG_USAGE_NULL, cosimg_row_encoder_push(rows, slice_of(NULL, 1), &err));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_push_image(rows, &whole, &err));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_push_image(rows, &narrow, &err));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_push_image(rows, &other, &err));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_finish(rows, &out, &err));
    CHECK(out.data == NULL && out.len == 0);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels + WIDTH * 3 + 1, sizeof pixels - WIDTH * 3 - 1), &err));
    DONE(cosimg_row_encoder_push(rows, slice_of(NULL, 0), &err));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_push(rows, slice_of(pixels, 1), &err));
    DONE(cosimg_row_encoder_finish(rows, &out, &err));
    CHECK(same(out.data, out.len, expected));
    cosimg_buffer_free(&out);
    FAILS(COSIMG_USAGE, cosimg_row_encoder_finish(rows, &out, &err));
    FAILS(COSIMG_USAGE, cosimg_row_encoder_push(rows, slice_of(pixels, 1), &err));
    CHECK(cosimg_row_encoder_rows_left(rows) == 0);
    cosimg_row_encoder_free(rows);

    /* Begun and let go. */
    rows = begin(encoder, COSIMG_PIXEL_RGB8);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels, 1000), &err));
    cosimg_row_encoder_free(rows);
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

/* The settings are those of the beginning: the encoder may change, and be gone. */
static void check_progress_and_cancel(const cosimg_buffer *expected) {
    cosimg_encoder *encoder;
    cosimg_row_encoder *rows;
    cosimg_cancel *cancel;
    cosimg_buffer out;
    struct watched by = {0, 0, 0};

    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_set_progress(encoder, watch, &by, &err));
    rows = begin(encoder, COSIMG_PIXEL_RGB8);
    DONE(cosimg_encoder_set_quality(encoder, 1, &err));
    cosimg_encoder_free(encoder);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels, sizeof pixels), &err));
    CHECK(by.calls > 1);
    check_finish(rows, expected);
    CHECK(by.done == 0); /* the total was reached */

    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_set_progress(encoder, watch, &by, &err));
    rows = begin(encoder, COSIMG_PIXEL_RGB8);
    by.calls = 0;
    by.stop_at = 2;
    FAILS(COSIMG_CANCELLED, cosimg_row_encoder_push(rows, slice_of(pixels, sizeof pixels), &err));
    CHECK(by.calls == 2);
    FAILS(COSIMG_USAGE, cosimg_row_encoder_finish(rows, &out, &err)); /* rows are missing */
    cosimg_row_encoder_free(rows);
    cosimg_encoder_free(encoder);

    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_cancel_new(&cancel, &err));
    DONE(cosimg_encoder_set_cancel(encoder, cancel, &err));
    rows = begin(encoder, COSIMG_PIXEL_RGB8);
    DONE(cosimg_row_encoder_push(rows, slice_of(pixels, sizeof pixels), &err));
    DONE(cosimg_cancel_trigger(cancel, &err));
    cosimg_cancel_free(cancel);
    FAILS(COSIMG_CANCELLED, cosimg_row_encoder_finish(rows, &out, &err));
    CHECK(out.data == NULL);
    cosimg_row_encoder_free(rows);
    cosimg_encoder_free(encoder);
}

/* Planes of one memory and planes apart, in one call and by and by. */
static void check_planes(const cosimg_encoder *encoder, const struct layout *layout) {
    static uint8_t packed[WIDTH * HEIGHT * 3];
    uint8_t *apart[3] = {NULL, NULL, NULL};
    cosimg_plane planes[3];
    cosimg_image_view image = {packed, 0, WIDTH, HEIGHT, 0, layout->format};
    cosimg_planes_view view = {planes, layout->planes_len, WIDTH, HEIGHT, layout->format};
    struct collected pieces = {NULL, 0, 0};
    cosimg_buffer expected, out;
    cosimg_row_encoder *rows;
    uint8_t *memory;
    size_t i, y, len, batch;

    for (i = 0; i < layout->planes_len; i++) {
        const size_t row = layout->planes[i].row, count = (HEIGHT + layout->planes[i].down - 1) / layout->planes[i].down;
        /* Not a byte more than the last row has, so that a sanitizer sees whoever reads on. */
        planes[i].stride = row + GAP;
        planes[i].len = (row + GAP) * count - GAP;
        planes[i].data = apart[i] = (uint8_t *)malloc(planes[i].len);
        CHECK(apart[i] != NULL);
        memset(apart[i], 0xA5, planes[i].len);
        for (y = 0; y < count; y++) {
            memcpy(packed + image.len, pixels + i * 1000 + y * row, row);
            memcpy(apart[i] + y * (row + GAP), packed + image.len, row);
            image.len += row;
        }
    }
    DONE(cosimg_encoder_run(encoder, &image, &expected, &err));
    DONE(cosimg_encoder_run_planes(encoder, &view, &out, &err));
    CHECK(same(out.data, out.len, &expected));
    cosimg_buffer_free(&out);
    DONE(cosimg_encoder_run_planes_to(encoder, &view, collect, &pieces, &err));
    CHECK(same(pieces.data, pieces.len, &expected));
    free(pieces.data);
    FAILS(COSIMG_BUFFER_TOO_SMALL, cosimg_encoder_run_planes_into(encoder, &view, NULL, 0, &len, &err));
    memory = (uint8_t *)malloc(len);
    CHECK(memory != NULL && len == expected.len);
    DONE(cosimg_encoder_run_planes_into(encoder, &view, memory, len, &len, &err));
    CHECK(same(memory, len, &expected));
    free(memory);

    for (batch = 2; batch <= HEIGHT; batch += 14) {
        rows = begin(encoder, layout->format);
        for (y = 0; y < HEIGHT; y += view.height) {
            view.height = (uint32_t)(HEIGHT - y < batch ? HEIGHT - y : batch);
            for (i = 0; i < layout->planes_len; i++) {
                const size_t down = layout->planes[i].down;
                planes[i].data = apart[i] + y / down * planes[i].stride;
                planes[i].len = (view.height + down - 1) / down * planes[i].stride - GAP;
            }
            DONE(cosimg_row_encoder_push_planes(rows, &view, &err));
        }
        check_finish(rows, &expected);
    }
    rows = begin(encoder, layout->format);
    DONE(cosimg_row_encoder_push_image(rows, &image, &err));
    check_finish(rows, &expected);
    if (layout->planes_len > 1) {
        rows = begin(encoder, layout->format);
        FAILS(COSIMG_USAGE, cosimg_row_encoder_push(rows, slice_of(packed, WIDTH), &err));
        cosimg_row_encoder_free(rows);
    }

    /* A plane too few or too short. */
    for (i = 0; i < layout->planes_len; i++)
        planes[i].data = apart[i];
    view.height = HEIGHT;
    FAILS(COSIMG_USAGE, cosimg_encoder_run_planes(encoder, &view, &out, &err));
    view.height = 2;
    view.planes_len--;
    FAILS(COSIMG_USAGE, cosimg_encoder_run_planes(encoder, &view, &out, &err));
    for (i = 0; i < 3; i++)
        free(apart[i]);
    cosimg_buffer_free(&expected);
}

int main(void) {
    const cosimg_image_view view = {pixels, sizeof pixels, WIDTH, HEIGHT, 0, COSIMG_PIXEL_RGB8};
    cosimg_encoder *encoder;
    cosimg_buffer expected;
    size_t i;

    paint(pixels, WIDTH, HEIGHT);
    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_run(encoder, &view, &expected, &err));
    check_batches(encoder, &expected);
    check_three_ways(encoder, &expected);
    check_misuse(encoder, &expected);
    check_progress_and_cancel(&expected);
    for (i = 0; i < LAYOUTS_LEN; i++)
        check_planes(encoder, &LAYOUTS[i]);

    /* Where the subsampling depends on the picture, it is held until the last row. */
    cosimg_buffer_free(&expected);
    DONE(cosimg_encoder_set_subsampling(encoder, COSIMG_SUBSAMPLING_AUTO, &err));
    DONE(cosimg_encoder_run(encoder, &view, &expected, &err));
    check_batches(encoder, &expected);
    for (i = 0; i < 2; i++)
        check_planes(encoder, &LAYOUTS[i]);

    cosimg_buffer_free(&expected);
    cosimg_encoder_free(encoder);
    return 0;
}
