/* progressive IN OUT.jpg: signs a link that asks the service for a progressive JPEG, and makes the same JPEG here.
 *
 *   gcc -std=c11 progressive.c -o progressive $(pkg-config --cflags --libs cosimg)
 */
#include <cosimg.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char rule[] = "imageMogr2/format/jpg/interlace/1";

static int failed(const char *what, cosimg_error *err) {
    fprintf(stderr, "%s: %s (code %d)\n", what, cosimg_error_message(err), (int)cosimg_error_code(err));
    cosimg_error_free(err);
    return 1;
}

/* The credential comes from the environment, as it should; the documents' own example stands in where there is none. */
static const char *from_environment(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static int print_link(void) {
    const char *secret_id = from_environment("COSIMG_SECRET_ID", "AKIDexample");
    const char *secret_key = from_environment("COSIMG_SECRET_KEY", "exampleSecretKey");
    const char *host = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
    const uint64_t now = (uint64_t)time(NULL);
    cosimg_signer *signer = NULL;
    cosimg_link *link = NULL;
    cosimg_buffer url = {0};
    cosimg_error *err = NULL;

    if (cosimg_signer_new(secret_id, strlen(secret_id), secret_key, strlen(secret_key), NULL, 0, &signer, &err) ==
            COSIMG_OK &&
        cosimg_link_new("GET", 3, host, strlen(host), "sample.png", 10, &link, &err) == COSIMG_OK &&
        cosimg_link_process(link, rule, strlen(rule), &err) == COSIMG_OK &&
        cosimg_link_sign_url(link, signer, now, now + 600, &url, &err) == COSIMG_OK)
        printf("%s\n", (const char *)url.data);

    /* On failure the outputs are NULL or empty, and freeing those does nothing. */
    cosimg_buffer_free(&url);
    cosimg_link_free(link);
    cosimg_signer_free(signer);
    return err ? failed("signing", err) : 0;
}

static int32_t write_to_file(void *user, const uint8_t *data, size_t len) {
    return fwrite(data, 1, len, (FILE *)user) == len ? 0 : 1;
}

static int process(cosimg_slice source, const char *path) {
    cosimg_processor *processor = NULL;
    cosimg_error *err = NULL;
    int32_t format = COSIMG_FORMAT_UNKNOWN;
    FILE *out = fopen(path, "wb");

    if (!out) {
        perror(path);
        return 1;
    }
    if (cosimg_processor_new(&processor, &err) == COSIMG_OK)
        cosimg_processor_run_to(processor, source, rule, strlen(rule), write_to_file, out, &format, NULL, &err);
    cosimg_processor_free(processor);
    if (fclose(out) != 0 || err) {
        remove(path);
        return err ? failed("processing", err) : 1;
    }
    {
        const cosimg_slice type = cosimg_format_content_type(format);
        printf("%s: %.*s\n", path, (int)type.len, (const char *)type.data);
    }
    return 0;
}

static int read_file(const char *path, uint8_t **data, size_t *len) {
    FILE *in = fopen(path, "rb");
    long size = -1;

    if (in && fseek(in, 0, SEEK_END) == 0)
        size = ftell(in);
    if (size < 0 || fseek(in, 0, SEEK_SET) != 0) {
        perror(path);
        if (in)
            fclose(in);
        return 1;
    }
    *len = (size_t)size;
    *data = malloc(*len ? *len : 1);
    if (!*data || fread(*data, 1, *len, in) != *len) {
        perror(path);
        free(*data);
        fclose(in);
        return 1;
    }
    fclose(in);
    return 0;
}

int main(int argc, char **argv) {
    uint8_t *data = NULL;
    cosimg_slice source;
    int status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s IN OUT.jpg\n", argv[0]);
        return 2;
    }
    if (cosimg_abi_check(COSIMG_ABI_MAJOR, COSIMG_ABI_MINOR, NULL) != COSIMG_OK) {
        fprintf(stderr, "libcosimg %s is not the one this program was compiled for\n", cosimg_version());
        return 1;
    }
    if (print_link() != 0 || read_file(argv[1], &data, &source.len) != 0)
        return 1;
    source.data = data;
    status = process(source, argv[2]);
    free(data);
    return status;
}
