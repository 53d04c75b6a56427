/* Version, errors and buffers. */
#include "check.h"

int main(void) {
    cosimg_error *err = NULL;
    cosimg_link *link = NULL;
    cosimg_buffer buffer = {0};
    uint64_t offset = 99;

    CHECK(strcmp(cosimg_version(), EXPECTED_VERSION) == 0);
    DONE(cosimg_abi_check(COSIMG_ABI_MAJOR, COSIMG_ABI_MINOR, &err));
    FAILS(COSIMG_ABI_MISMATCH, cosimg_abi_check(COSIMG_ABI_MAJOR + 1, 0, &err));
    FAILS(COSIMG_ABI_MISMATCH, cosimg_abi_check(COSIMG_ABI_MAJOR, COSIMG_ABI_MINOR + 1, &err));

    /* Code, message, field and offset of one error; what `err` held before is not read. */
    err = (cosimg_error *)(uintptr_t)0x8;
    CHECK(cosimg_link_new(TEXT("GET"), TEXT("host"), "ab\xff", 3, &link, &err) == COSIMG_USAGE_UTF8);
    CHECK(link == NULL);
    CHECK(cosimg_error_code(err) == COSIMG_USAGE_UTF8);
    CHECK(strlen(cosimg_error_message(err)) > 0);
    CHECK(strcmp(cosimg_error_field(err), "key") == 0);
    CHECK(cosimg_error_offset(err, &offset) == 1 && offset == 2);
    CHECK(cosimg_error_offset(err, NULL) == 1);
    cosimg_error_free(err);

    /* An error without a byte. */
    CHECK(cosimg_link_new(TEXT("GET"), TEXT("host"), NULL, 3, &link, &err) == COSIMG_USAGE_NULL);
    CHECK(cosimg_error_offset(err, &offset) == 0 && offset == 0);
    cosimg_error_free(err);

    /* Errors can be declined, and success clears the place. */
    CHECK(cosimg_link_new(TEXT("GET"), TEXT("host"), NULL, 3, &link, NULL) == COSIMG_USAGE_NULL);
    err = (cosimg_error *)(uintptr_t)0x8;
    CHECK(cosimg_link_new(TEXT("GET"), TEXT("host"), TEXT("key"), &link, &err) == COSIMG_OK);
    CHECK(err == NULL && link != NULL);

    /* A rule's error is about a byte of the rule. */
    CHECK(cosimg_link_process(link, TEXT("imageMogr2/interlace/7"), &err) != COSIMG_OK);
    CHECK(cosimg_error_code(err) / 100 * 100 == COSIMG_INPUT || cosimg_error_code(err) / 100 * 100 == COSIMG_USAGE);
    CHECK(cosimg_error_offset(err, &offset) == 1 && offset > 0 && offset <= strlen("imageMogr2/interlace/7"));
    cosimg_error_free(err);
    cosimg_link_free(link);

    /* NULL is nothing to free, and has nothing to say. */
    cosimg_error_free(NULL);
    cosimg_buffer_free(NULL);
    cosimg_buffer_free(&buffer);
    cosimg_buffer_free(&buffer);
    CHECK(cosimg_error_code(NULL) == COSIMG_OK);
    CHECK(cosimg_error_message(NULL)[0] == '\0');
    CHECK(cosimg_error_field(NULL) == NULL);
    CHECK(cosimg_error_offset(NULL, &offset) == 0);
    return 0;
}
