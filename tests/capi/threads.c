/* Const objects are shared between threads: the same bytes everywhere, and a flag raised from another thread. Others go
   from thread to thread. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 8, WIDTH = 160, HEIGHT = 120 };

struct work {
    const cosimg_encoder *encoder;
    const cosimg_transcoder *transcoder;
    const cosimg_link *link;
    const cosimg_signer *signer;
    const cosimg_image_view *view;
    cosimg_row_encoder *rows;
    const cosimg_buffer *jpeg;
    const cosimg_buffer *progressive;
    const cosimg_buffer *url;
};

static int same(const cosimg_buffer *a, const cosimg_buffer *b) {
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* The second half of a picture that was begun in another thread. */
static void *go_on(void *user) {
    const struct work *work = (const struct work *)user;
    const size_t half = work->view->len / 2;
    cosimg_buffer out;
    DONE(cosimg_row_encoder_push(work->rows, slice_of(work->view->data + half, work->view->len - half), &err));
    DONE(cosimg_row_encoder_finish(work->rows, &out, &err));
    CHECK(same(&out, work->jpeg));
    cosimg_buffer_free(&out);
    return NULL;
}

static cosimg_row_encoder *half_a_picture(const struct work *work) {
    cosimg_row_encoder *rows;
    DONE(cosimg_row_encoder_new(work->encoder, WIDTH, HEIGHT, work->view->format, &rows, &err));
    DONE(cosimg_row_encoder_push(rows, slice_of(work->view->data, work->view->len / 2), &err));
    return rows;
}

static void *repeat(void *user) {
    const struct work *work = (const struct work *)user;
    int round;
    for (round = 0; round < ROUNDS; round++) {
        struct work own = *work;
        cosimg_buffer out;
        own.rows = half_a_picture(work);
        go_on(&own);
        cosimg_row_encoder_free(own.rows);
        DONE(cosimg_encoder_run(work->encoder, work->view, &out, &err));
        CHECK(same(&out, work->jpeg));
        cosimg_buffer_free(&out);
        DONE(cosimg_transcoder_run(work->transcoder, slice_of_buffer(work->jpeg), &out, &err));
        CHECK(same(&out, work->progressive));
        cosimg_buffer_free(&out);
        DONE(cosimg_link_sign_url(work->link, work->signer, 1700000000, 1700000600, &out, &err));
        CHECK(same(&out, work->url));
        cosimg_buffer_free(&out);
    }
    return NULL;
}

static void *run_until_cancelled(void *user) {
    const struct work *work = (const struct work *)user;
    for (;;) {
        cosimg_buffer out;
        const cosimg_status status = cosimg_encoder_run(work->encoder, work->view, &out, NULL);
        cosimg_buffer_free(&out);
        if (status == COSIMG_CANCELLED)
            return NULL;
        CHECK(status == COSIMG_OK);
    }
}

int main(void) {
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    const cosimg_image_view view = {rgb, sizeof rgb, WIDTH, HEIGHT, 0, COSIMG_PIXEL_RGB8};
    cosimg_encoder *encoder;
    cosimg_transcoder *transcoder;
    cosimg_link *link;
    cosimg_signer *signer;
    cosimg_cancel *cancel;
    cosimg_buffer jpeg, progressive, url;
    struct work work;
    pthread_t threads[THREADS];
    int index;

    paint(rgb, WIDTH, HEIGHT);
    DONE(cosimg_encoder_new(&encoder, &err));
    DONE(cosimg_encoder_set_coding(encoder, COSIMG_CODING_BASELINE, &err));
    DONE(cosimg_transcoder_new(&transcoder, &err));
    DONE(cosimg_link_new(TEXT("GET"), TEXT("host.example"), TEXT("key"), &link, &err));
    DONE(cosimg_link_process(link, TEXT("imageMogr2/interlace/1"), &err));
    DONE(cosimg_signer_new(TEXT("id"), TEXT("key"), NULL, 0, &signer, &err));
    DONE(cosimg_encoder_run(encoder, &view, &jpeg, &err));
    DONE(cosimg_transcoder_run(transcoder, slice_of_buffer(&jpeg), &progressive, &err));
    DONE(cosimg_link_sign_url(link, signer, 1700000000, 1700000600, &url, &err));

    work.encoder = encoder;
    work.transcoder = transcoder;
    work.link = link;
    work.signer = signer;
    work.view = &view;
    work.rows = NULL;
    work.jpeg = &jpeg;
    work.progressive = &progressive;
    work.url = &url;
    for (index = 0; index < THREADS; index++)
        CHECK(pthread_create(&threads[index], NULL, repeat, &work) == 0);
    for (index = 0; index < THREADS; index++)
        CHECK(pthread_join(threads[index], NULL) == 0);

    work.rows = half_a_picture(&work);
    CHECK(pthread_create(&threads[0], NULL, go_on, &work) == 0);
    CHECK(pthread_join(threads[0], NULL) == 0);
    cosimg_row_encoder_free(work.rows);

    DONE(cosimg_cancel_new(&cancel, &err));
    DONE(cosimg_encoder_set_cancel(encoder, cancel, &err));
    CHECK(pthread_create(&threads[0], NULL, run_until_cancelled, &work) == 0);
    DONE(cosimg_cancel_trigger(cancel, &err));
    CHECK(pthread_join(threads[0], NULL) == 0);

    cosimg_cancel_free(cancel);
    cosimg_buffer_free(&jpeg);
    cosimg_buffer_free(&progressive);
    cosimg_buffer_free(&url);
    cosimg_signer_free(signer);
    cosimg_link_free(link);
    cosimg_transcoder_free(transcoder);
    cosimg_encoder_free(encoder);
    return 0;
}
