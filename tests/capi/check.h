/* What the programs of this folder share: checks that name their place and end the program. */
#ifndef CHECK_H
#define CHECK_H

#include "cosimg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* The call succeeded; otherwise its error is printed. Use as DONE(cosimg_x(..., &err)). */
#define DONE(call)                                                                                                     \
    do {                                                                                                               \
        cosimg_error *err = NULL;                                                                                      \
        const cosimg_status done_status = (call);                                                                      \
        if (done_status != COSIMG_OK) {                                                                                \
            fprintf(stderr, "%s:%d: %s: %d: %s\n", __FILE__, __LINE__, #call, (int)done_status,                        \
                    cosimg_error_message(err));                                                                        \
            exit(1);                                                                                                   \
        }                                                                                                              \
        CHECK(err == NULL);                                                                                            \
    } while (0)

/* The call failed with this code, and said so in its error too. */
#define FAILS(code, call)                                                                                              \
    do {                                                                                                               \
        cosimg_error *err = NULL;                                                                                      \
        const cosimg_status fails_status = (call);                                                                     \
        if (fails_status != (code)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s: %d instead of %s: %s\n", __FILE__, __LINE__, #call, (int)fails_status, #code,  \
                    cosimg_error_message(err));                                                                        \
            exit(1);                                                                                                   \
        }                                                                                                              \
        CHECK(cosimg_error_code(err) == (code));                                                                       \
        CHECK(cosimg_error_message(err)[0] != '\0');                                                                   \
        cosimg_error_free(err);                                                                                        \
    } while (0)

/* A C string as pointer and length. */
#define TEXT(string) (string), strlen(string)

static inline int slice_is(cosimg_slice slice, const char *expected) {
    return slice.len == strlen(expected) && (slice.len == 0 || memcmp(slice.data, expected, slice.len) == 0);
}

static inline cosimg_slice slice_of(const void *data, size_t len) {
    cosimg_slice slice;
    slice.data = (const uint8_t *)data;
    slice.len = len;
    return slice;
}

static inline cosimg_slice slice_of_buffer(const cosimg_buffer *buffer) { return slice_of(buffer->data, buffer->len); }

/* The first marker of the frame headers SOF0 to SOF15 in a JPEG: 0xC0 baseline, 0xC2 progressive; 0 for none. */
static inline int frame_marker(const uint8_t *data, size_t len) {
    size_t at = 2;
    if (len < 4 || data[0] != 0xFF || data[1] != 0xD8)
        return 0;
    while (at + 4 <= len && data[at] == 0xFF) {
        const int marker = data[at + 1];
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC)
            return marker;
        at += 2 + ((size_t)data[at + 2] << 8) + data[at + 3];
    }
    return 0;
}

/* A picture with smooth and busy parts. */
static inline void paint(uint8_t *rgb, unsigned width, unsigned height) {
    unsigned x, y;
    for (y = 0; y < height; y++)
        for (x = 0; x < width; x++, rgb += 3) {
            rgb[0] = (uint8_t)(x * 255 / width);
            rgb[1] = (uint8_t)(y * 255 / height);
            rgb[2] = (uint8_t)((x * x + y * 7) & 0xFF);
        }
}

#endif
