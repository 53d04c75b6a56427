// Signing and verifying through cosimg.hpp, over the table that Rust, C and Python assert too.
#include "check.hpp"
#include "vectors.h"

cosimg::error_kind kind_of_a_failure();

static void check_sign_row(const sign_row &row) {
    cosimg::signer signer(row.secret_id, row.secret_key, row.token);
    signer.headers(row.all_headers ? cosimg::header_policy::all : cosimg::header_policy::standard)
        .sign_host(row.sign_host != 0);
    cosimg::link link(row.method, row.host, row.key);
    for (const pair *param = row.params; param->name; ++param)
        link.param(param->name, param->value);
    for (const char *const *rule = row.process; *rule; ++rule)
        link.process(*rule);
    for (const pair *header = row.headers; header->name; ++header)
        link.header(header->name, header->value);

    const cosimg::key_time valid{row.start, row.end};
    const cosimg::signature signature = link.sign_headers(signer, valid);
    CHECK(signature.authorization() == row.authorization);
    CHECK(signature.http_string() == row.http_string);
    CHECK(signature.string_to_sign() == row.string_to_sign);
    CHECK(signature.hex().size() == 40);
    const auto headers = signature.headers();
    CHECK(headers.at(0).first == "Authorization" && headers.at(0).second == row.authorization);
    CHECK(headers.size() == (row.token[0] ? 2u : 1u));
    CHECK(link.sign_url(signer, valid) == row.url);
}

static void check_verify_row(const cosimg::verifier &verifier, const verify_row &row) {
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    for (const pair *header = row.headers; header && header->name; ++header)
        headers.emplace_back(header->name, header->value);
    const cosimg::verdict verdict = row.url ? verifier.verify_url(row.method, row.url, row.now)
                                            : verifier.verify_request(row.method, row.target, headers, row.now);
    const bool valid = std::string_view(row.expect) == "valid";
    CHECK(verdict.accepted() == valid);
    if (valid) {
        verdict.require();
        CHECK(verdict.secret_id() == verify_secret_id);
        CHECK(verdict.valid().start < verdict.valid().end);
    } else {
        CHECK(verdict.code() == row.expect);
        CHECK(thrown_by([&] { verdict.require(); }).kind() == cosimg::error_kind::signature);
        CHECK(verdict.xml("/key", "request", "trace").find(row.expect) != std::string::npos);
    }
}

static void check_round_trip() {
    const auto start = std::chrono::system_clock::from_time_t(1700000000);
    const auto valid = cosimg::key_time::starting_at(start, std::chrono::minutes(10));
    CHECK(valid.start == 1700000000 && valid.end == 1700000600);
    const cosimg::signer signer("AKIDexample", "exampleSecretKey");
    const cosimg::link link = cosimg::link::get("examplebucket-1250000000.cos.ap-shanghai.myqcloud.com", "sample.png")
                                  .process("imageMogr2/format/jpg/interlace/1")
                                  .param("response-cache-control", "max-age=600");
    const std::string url = link.sign_url(signer, valid);

    CHECK(link.sign_urls(signer, valid, "sample.png\nother.png", 2).find(url + '\n') == 0);

    const cosimg::verifier verifier = cosimg::verifier().credential("AKIDexample", "exampleSecretKey").strict(true);
    const cosimg::verdict verdict = verifier.verify_url("GET", url, 1700000100);
    CHECK(verdict && verdict.http_status() == 200);
    CHECK(verdict.params().size() == 2 && verdict.headers().size() == 1 && verdict.headers()[0] == "host");

    const cosimg::verdict late = verifier.verify_url("GET", url, 1700000601);
    CHECK(!late && late.reason() == "expired" && late.http_status() == 403 && !late.message().empty());
    CHECK(thrown_by([&] { late.valid(); }).code() == COSIMG_USAGE);
}

int main() {
    static_assert(!std::is_copy_constructible_v<cosimg::signer> && std::is_nothrow_move_constructible_v<cosimg::signer>);
    static_assert(!std::is_copy_constructible_v<cosimg::bytes> && std::is_nothrow_move_constructible_v<cosimg::bytes>);

    CHECK(cosimg::version() == EXPECTED_VERSION);
    CHECK(kind_of_a_failure() == cosimg::error_kind::usage);
    const cosimg::error error = thrown_by([] { cosimg::link("GET", "host", "ab\xff"); });
    CHECK(error.code() == COSIMG_USAGE_UTF8 && error.field() == "key" && error.offset() == 2u);
    CHECK(std::string_view(error.what()).size() > 0);

    check_round_trip();
    std::size_t rows = 0;
    for (const sign_row *row = sign_rows; row->name; ++row, ++rows)
        check_sign_row(*row);
    const cosimg::verifier verifier = cosimg::verifier().credential(verify_secret_id, verify_secret_key);
    for (const verify_row *row = verify_rows; row->name; ++row, ++rows)
        check_verify_row(verifier, *row);
    CHECK(rows == VECTOR_ROWS);
}
