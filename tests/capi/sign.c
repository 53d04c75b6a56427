/* Signing and verifying, over the table that Rust, C++ and Python assert too. */
#include "check.h"
#include "vectors.h"

static cosimg_signer *signer_of(const struct sign_row *row) {
    cosimg_signer *signer;
    DONE(cosimg_signer_new(TEXT(row->secret_id), TEXT(row->secret_key), TEXT(row->token), &signer, &err));
    DONE(cosimg_signer_set_headers(signer, row->all_headers ? COSIMG_HEADERS_ALL : COSIMG_HEADERS_DEFAULT, &err));
    DONE(cosimg_signer_set_sign_host(signer, row->sign_host, &err));
    return signer;
}

static cosimg_link *link_of(const struct sign_row *row) {
    cosimg_link *link;
    const struct pair *pair;
    const char *const *rule;
    DONE(cosimg_link_new(TEXT(row->method), TEXT(row->host), TEXT(row->key), &link, &err));
    for (pair = row->params; pair->name; pair++)
        DONE(cosimg_link_param(link, TEXT(pair->name), TEXT(pair->value), &err));
    for (rule = row->process; *rule; rule++)
        DONE(cosimg_link_process(link, TEXT(*rule), &err));
    for (pair = row->headers; pair->name; pair++)
        DONE(cosimg_link_header(link, TEXT(pair->name), TEXT(pair->value), &err));
    return link;
}

static void check_sign_row(const struct sign_row *row) {
    cosimg_signer *signer = signer_of(row);
    cosimg_link *link = link_of(row);
    cosimg_signature *signature;
    cosimg_buffer url;
    cosimg_slice name, value;

    DONE(cosimg_link_sign_headers(link, signer, row->start, row->end, &signature, &err));
    CHECK(slice_is(cosimg_signature_authorization(signature), row->authorization));
    CHECK(slice_is(cosimg_signature_http_string(signature), row->http_string));
    CHECK(slice_is(cosimg_signature_string_to_sign(signature), row->string_to_sign));
    CHECK(cosimg_signature_hex(signature).len == 40);
    CHECK(cosimg_signature_headers_len(signature) == (row->token[0] ? 2u : 1u));
    DONE(cosimg_signature_header(signature, 0, &name, &value, &err));
    CHECK(slice_is(name, "Authorization") && slice_is(value, row->authorization));
    if (row->token[0]) {
        DONE(cosimg_signature_header(signature, 1, &name, &value, &err));
        CHECK(slice_is(name, "x-cos-security-token") && slice_is(value, row->token));
    }
    FAILS(COSIMG_USAGE, cosimg_signature_header(signature, 2, &name, &value, &err));
    CHECK(name.data == NULL && value.data == NULL);

    DONE(cosimg_link_sign_url(link, signer, row->start, row->end, &url, &err));
    CHECK(strlen((const char *)url.data) == url.len);
    CHECK(strcmp((const char *)url.data, row->url) == 0);

    cosimg_buffer_free(&url);
    cosimg_signature_free(signature);
    cosimg_link_free(link);
    cosimg_signer_free(signer);
}

static void check_verify_row(const cosimg_verifier *verifier, const struct verify_row *row) {
    cosimg_verdict *verdict;
    const int valid = strcmp(row->expect, "valid") == 0;
    if (row->url) {
        DONE(cosimg_verifier_verify_url(verifier, TEXT(row->method), TEXT(row->url), row->now, &verdict, &err));
    } else {
        cosimg_slice headers[32];
        size_t count = 0;
        const struct pair *pair;
        for (pair = row->headers; pair->name; pair++) {
            headers[count++] = slice_of(pair->name, strlen(pair->name));
            headers[count++] = slice_of(pair->value, strlen(pair->value));
        }
        DONE(cosimg_verifier_verify_request(verifier, TEXT(row->method), TEXT(row->target), headers, count, row->now,
                                            &verdict, &err));
    }
    if (cosimg_verdict_accepted(verdict) != valid || (!valid && !slice_is(cosimg_verdict_code(verdict), row->expect))) {
        const cosimg_slice code = cosimg_verdict_code(verdict);
        fprintf(stderr, "%s: %.*s instead of %s\n", row->name, (int)code.len, (const char *)code.data, row->expect);
        exit(1);
    }
    if (valid) {
        uint64_t start, end;
        DONE(cosimg_verdict_require(verdict, &err));
        DONE(cosimg_verdict_key_time(verdict, &start, &end, &err));
        CHECK(start < end && cosimg_verdict_http_status(verdict) == 200);
        CHECK(slice_is(cosimg_verdict_secret_id(verdict), verify_secret_id));
        CHECK(cosimg_verdict_reason(verdict).len == 0 && cosimg_verdict_code(verdict).len == 0);
    } else {
        cosimg_buffer xml;
        FAILS(COSIMG_SIGNATURE, cosimg_verdict_require(verdict, &err));
        CHECK(cosimg_verdict_reason(verdict).len > 0 && cosimg_verdict_message(verdict).len > 0);
        CHECK(cosimg_verdict_http_status(verdict) >= 400);
        DONE(cosimg_verdict_xml(verdict, TEXT("/key"), TEXT("request"), TEXT("trace"), &xml, &err));
        CHECK(strstr((const char *)xml.data, row->expect) != NULL);
        cosimg_buffer_free(&xml);
    }
    cosimg_verdict_free(verdict);
}

/* A link with a rule, there and back: what is covered is named, what is taken away is noticed. */
static void check_round_trip(void) {
    const char *host = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
    const char *rule = "imageMogr2/format/jpg/interlace/1/ignore-error/1";
    const cosimg_slice names[] = {slice_of("x-a", 3), slice_of("x-b", 3)};
    const cosimg_slice absent[] = {slice_of("x-absent", 8)};
    cosimg_signer *signer;
    cosimg_link *link;
    cosimg_verifier *verifier;
    cosimg_verdict *verdict;
    cosimg_signature *signature;
    cosimg_buffer url;
    char *cut;

    DONE(cosimg_signer_new(TEXT("AKIDexample"), TEXT("exampleSecretKey"), NULL, 0, &signer, &err));
    DONE(cosimg_link_new(TEXT("GET"), TEXT(host), TEXT("sample.png"), &link, &err));
    DONE(cosimg_link_process(link, TEXT(rule), &err));
    DONE(cosimg_link_sign_url(link, signer, 1700000000, 1700000600, &url, &err));
    DONE(cosimg_verifier_new(&verifier, &err));
    DONE(cosimg_verifier_credential(verifier, TEXT("AKIDother"), TEXT("otherSecretKey"), NULL, 0, &err));
    DONE(cosimg_verifier_credential(verifier, TEXT("AKIDexample"), TEXT("exampleSecretKey"), NULL, 0, &err));
    DONE(cosimg_verifier_set_strict(verifier, 1, &err));

    DONE(cosimg_verifier_verify_url(verifier, TEXT("GET"), (const char *)url.data, url.len, 1700000100, &verdict, &err));
    CHECK(cosimg_verdict_accepted(verdict));
    CHECK(slice_is(cosimg_verdict_secret_id(verdict), "AKIDexample"));
    CHECK(cosimg_verdict_params_len(verdict) == 1);
    CHECK(slice_is(cosimg_verdict_param(verdict, 0), "imagemogr2%2fformat%2fjpg%2finterlace%2f1%2fignore-error%2f1"));
    CHECK(cosimg_verdict_param(verdict, 1).len == 0);
    CHECK(cosimg_verdict_headers_len(verdict) == 1 && slice_is(cosimg_verdict_header(verdict, 0), "host"));
    cosimg_verdict_free(verdict);

    DONE(cosimg_verifier_verify_url(verifier, TEXT("GET"), (const char *)url.data, url.len, 1700000601, &verdict, &err));
    CHECK(!cosimg_verdict_accepted(verdict) && slice_is(cosimg_verdict_reason(verdict), "expired"));
    cosimg_verdict_free(verdict);

    cut = strstr((char *)url.data, "&imageMogr2");
    CHECK(cut != NULL);
    DONE(cosimg_verifier_verify_url(verifier, TEXT("GET"), (const char *)url.data, (size_t)(cut - (char *)url.data),
                                    1700000100, &verdict, &err));
    CHECK(!cosimg_verdict_accepted(verdict) && cosimg_verdict_http_status(verdict) == 403);
    cosimg_verdict_free(verdict);

    cosimg_buffer_free(&url);

    /* Headers by name: those and no others are signed, and all of them must be there. */
    DONE(cosimg_link_header(link, TEXT("x-a"), TEXT("1"), &err));
    DONE(cosimg_link_header(link, TEXT("x-b"), TEXT("2"), &err));
    DONE(cosimg_link_header(link, TEXT("x-c"), TEXT("3"), &err));
    DONE(cosimg_signer_set_header_names(signer, names, 2, &err));
    DONE(cosimg_signer_set_sign_host(signer, 0, &err));
    DONE(cosimg_link_sign_headers(link, signer, 1700000000, 1700000600, &signature, &err));
    CHECK(strstr((const char *)cosimg_signature_authorization(signature).data, "q-header-list=x-a;x-b&") != NULL);
    cosimg_signature_free(signature);
    DONE(cosimg_signer_set_header_names(signer, absent, 1, &err));
    FAILS(COSIMG_USAGE, cosimg_link_sign_headers(link, signer, 1700000000, 1700000600, &signature, &err));
    CHECK(signature == NULL);
    DONE(cosimg_signer_set_headers(signer, COSIMG_HEADERS_NONE, &err));

    FAILS(COSIMG_USAGE, cosimg_link_sign_url(link, signer, 1700000600, 1700000600, &url, &err));
    CHECK(url.data == NULL && url.len == 0);

    cosimg_verifier_free(verifier);
    cosimg_link_free(link);
    cosimg_signer_free(signer);
}

/* Many keys in one call give what one call for each gives, in their order, whatever the number of threads. */
static void check_bulk(void) {
    const char *host = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
    const char *keys[] = {"a.png", "/b c.png", "", "\xe5\x9b\xbe.png"};
    cosimg_signer *signer;
    cosimg_buffer urls;
    size_t i, threads;

    DONE(cosimg_signer_new(TEXT("AKIDexample"), TEXT("exampleSecretKey"), NULL, 0, &signer, &err));
    for (threads = 1; threads < 4; threads++) {
        cosimg_link *template_link;
        const char *line;
        DONE(cosimg_link_new(TEXT("GET"), TEXT(host), TEXT("any"), &template_link, &err));
        DONE(cosimg_link_process(template_link, TEXT("imageMogr2/interlace/1"), &err));
        DONE(cosimg_link_sign_urls(template_link, signer, 1700000000, 1700000600,
                                   TEXT("a.png\n/b c.png\n\n\xe5\x9b\xbe.png"), threads, &urls, &err));
        line = (const char *)urls.data;
        for (i = 0; i < 4; i++) {
            cosimg_link *link;
            cosimg_buffer url;
            DONE(cosimg_link_new(TEXT("GET"), TEXT(host), TEXT(keys[i]), &link, &err));
            DONE(cosimg_link_process(link, TEXT("imageMogr2/interlace/1"), &err));
            DONE(cosimg_link_sign_url(link, signer, 1700000000, 1700000600, &url, &err));
            CHECK(strncmp(line, (const char *)url.data, url.len) == 0 && line[url.len] == '\n');
            line += url.len + 1;
            cosimg_buffer_free(&url);
            cosimg_link_free(link);
        }
        CHECK(line == (const char *)urls.data + urls.len);
        cosimg_buffer_free(&urls);

        FAILS(COSIMG_USAGE, cosimg_link_sign_urls(template_link, signer, 1700000000, 1700000600,
                                                  TEXT("a\n..\n"), threads, &urls, &err));
        CHECK(urls.data == NULL);
        DONE(cosimg_link_sign_urls(template_link, signer, 1700000000, 1700000600, NULL, 0, threads, &urls, &err));
        CHECK(urls.len == 0);
        cosimg_buffer_free(&urls);
        FAILS(COSIMG_USAGE, cosimg_link_sign_urls(template_link, signer, 1700000000, 1700000600, TEXT("a"), 0, &urls,
                                                  &err));
        cosimg_link_free(template_link);
    }
    cosimg_signer_free(signer);
}

int main(void) {
    const struct sign_row *sign;
    const struct verify_row *verify;
    cosimg_verifier *verifier;
    size_t rows = 0;

    check_round_trip();
    check_bulk();
    for (sign = sign_rows; sign->name; sign++, rows++)
        check_sign_row(sign);
    DONE(cosimg_verifier_new(&verifier, &err));
    DONE(cosimg_verifier_credential(verifier, TEXT(verify_secret_id), TEXT(verify_secret_key), NULL, 0, &err));
    for (verify = verify_rows; verify->name; verify++, rows++)
        check_verify_row(verifier, verify);
    cosimg_verifier_free(verifier);
    CHECK(rows == VECTOR_ROWS);
    return 0;
}
