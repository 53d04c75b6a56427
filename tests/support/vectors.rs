//! `vectors.h`: the table of `tests/data/sign` and a small PNG, as C data.

use std::fmt::Write;
use std::io::Cursor;
use std::path::Path;

use serde_json::Value;

pub(crate) fn header() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sign");
    let read = |name: &str| -> Value {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap()
    };
    let (sign, verify) = (read("vectors.json"), read("verify.json"));
    let mut text = String::from(TYPES);
    let rows = sign_rows(&mut text, &sign) + verify_rows(&mut text, &verify);
    assert!(rows > 50, "the table has only {rows} rows");
    writeln!(text, "enum {{ VECTOR_ROWS = {rows} }};").unwrap();
    let png: Vec<String> = sample_png().iter().map(u8::to_string).collect();
    writeln!(text, "DATA unsigned char sample_png[] = {{{}}};", png.join(",")).unwrap();
    text + "#endif\n"
}

/// 96 x 64 pixels, partly transparent.
pub(crate) fn sample_png() -> Vec<u8> {
    let picture = image::RgbaImage::from_fn(96, 64, |x, y| {
        let channel = |value: u32| u8::try_from(value & 0xFF).unwrap();
        image::Rgba([channel(x * 2), channel(y * 3), channel(x * y), channel(255 - x)])
    });
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

const TYPES: &str = r"#ifndef VECTORS_H
#define VECTORS_H
#include <stddef.h>
#include <stdint.h>
#if defined(__GNUC__)
#define DATA __attribute__((unused)) static const
#else
#define DATA static const
#endif
struct pair { const char *name, *value; };
struct sign_row {
    const char *name, *method, *host, *key, *secret_id, *secret_key, *token;
    int sign_host, all_headers;
    uint64_t start, end;
    const struct pair *params;
    const char *const *process;
    const struct pair *headers;
    const char *http_string, *string_to_sign, *authorization, *url;
};
struct verify_row {
    const char *name, *method, *url, *target;
    const struct pair *headers;
    int64_t now;
    const char *expect;
};
";

fn sign_rows(text: &mut String, table: &Value) -> usize {
    let mut rows = String::new();
    let all = table["rows"].as_array().unwrap();
    for (number, row) in all.iter().enumerate() {
        pairs(
            text,
            &format!("sign_params_{number}"),
            row["params"].as_array().unwrap().iter().map(|pair| (&pair[0], &pair[1])),
        );
        let rules: String = row["process"].as_array().unwrap().iter().map(|rule| literal(rule) + ",").collect();
        writeln!(text, "DATA char *const sign_process_{number}[] = {{{rules}NULL}};").unwrap();
        headers(text, &format!("sign_headers_{number}"), &row["headers"]);
        let texts = |names: &[&str]| -> String { names.iter().map(|name| literal(&row[*name]) + ",").collect() };
        let first = texts(&["name", "method", "host", "key", "secret_id", "secret_key"]);
        let token = row.get("token").map_or_else(|| "\"\"".to_owned(), literal);
        let all_headers = match row["sign_headers"].as_str() {
            Some("all") => 1,
            Some("default") => 0,
            other => panic!("the C programs do not know sign_headers {other:?}"),
        };
        let sign_host = i32::from(row["sign_host"].as_bool().unwrap());
        let (start, end) = (&row["start"], &row["end"]);
        let last = texts(&["http_string", "string_to_sign", "authorization", "url"]);
        writeln!(
            rows,
            "{{{first}{token},{sign_host},{all_headers},{start}u,{end}u,sign_params_{number},sign_process_{number},sign_headers_{number},{last}}},"
        )
        .unwrap();
    }
    let none = "NULL,".repeat(7);
    writeln!(
        text,
        "DATA struct sign_row sign_rows[] = {{{rows}{{{none}0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL}}}};"
    )
    .unwrap();
    all.len()
}

fn verify_rows(text: &mut String, table: &Value) -> usize {
    let base = &table["base"];
    let mut rows = String::new();
    let all = table["rows"].as_array().unwrap();
    for (number, row) in all.iter().enumerate() {
        let field = |name: &str| row.get(name).unwrap_or(&base[name]);
        let mut sent = field("headers").clone();
        sent["Authorization"] = field("authorization").clone();
        headers(text, &format!("verify_headers_{number}"), &sent);
        let url = row.get("url").map_or_else(|| "NULL".to_owned(), literal);
        let (name, method, target) = (literal(&row["name"]), literal(field("method")), literal(field("target")));
        let (now, expect) = (&row["now"], literal(&row["expect"]));
        writeln!(rows, "{{{name},{method},{url},{target},verify_headers_{number},{now},{expect}}},").unwrap();
    }
    writeln!(text, "DATA struct verify_row verify_rows[] = {{{rows}{{NULL,NULL,NULL,NULL,NULL,0,NULL}}}};").unwrap();
    for name in ["secret_id", "secret_key"] {
        writeln!(text, "DATA char *const verify_{name} = {};", literal(&table[name])).unwrap();
    }
    all.len()
}

fn headers(text: &mut String, name: &str, headers: &Value) {
    let names: Vec<_> =
        headers.as_object().unwrap().iter().map(|(name, value)| (Value::from(name.as_str()), value)).collect();
    pairs(text, name, names.iter().map(|(name, value)| (name, *value)));
}

fn pairs<'a>(text: &mut String, name: &str, pairs: impl Iterator<Item = (&'a Value, &'a Value)>) {
    let entries: String = pairs.map(|(name, value)| format!("{{{},{}}},", literal(name), literal(value))).collect();
    writeln!(text, "DATA struct pair {name}[] = {{{entries}{{NULL,NULL}}}};").unwrap();
}

/// A C string literal; every byte that could mean something is written as an octal escape of full length.
fn literal(value: &Value) -> String {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text"));
    assert!(!text.contains('\0'), "a C string ends at its first NUL");
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b" -_./:;,=&%~()<>!*+@|#".contains(&byte) {
            literal.push(char::from(byte));
        } else {
            write!(literal, "\\{byte:03o}").unwrap();
        }
    }
    literal + "\""
}
