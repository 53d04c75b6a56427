//! Writes a C program that calls every function of the header with each of its arguments wrong in turn, between two
//! calls with all arguments right: the first shows that the failure is the argument's, the second that no harm was
//! done. What is wrong with an argument follows from its type and name, so that new functions are covered by
//! themselves; an argument whose type is new stops the test until it is taught here.

use std::fmt::Write;

use crate::header::{Function, Parameter, functions};

pub(crate) fn program() -> String {
    let mut text = String::from(PRELUDE);
    let mut main = String::new();
    for function in functions() {
        let name = &function.name;
        writeln!(text, "static void try_{name}(void) {{\n    struct world w;\n    world_new(&w);").unwrap();
        if name.ends_with("_free") {
            for parameter in &function.parameters {
                writeln!(text, "    {name}(({})NULL);\n    cases++;", parameter.kind).unwrap();
            }
        } else {
            let right: Vec<String> = function.parameters.iter().map(|p| right(&function, p)).collect();
            text.push_str(&case(&function, &right, expected(name), "all right"));
            for (index, parameter) in function.parameters.iter().enumerate() {
                for (wrong, status, what) in wrongs(&function, index) {
                    let mut arguments = right.clone();
                    arguments[index] = wrong;
                    let what = format!("{} {what}", parameter.name);
                    text.push_str(&case(&function, &arguments, status, &what));
                }
            }
            text.push_str(&case(&function, &right, expected(name), "all right again"));
        }
        text.push_str("    world_free(&w);\n}\n\n");
        writeln!(main, "    try_{name}();").unwrap();
    }
    write!(text, "int main(void) {{\n{main}    printf(\"%u\\n\", cases);\n    return 0;\n}}\n").unwrap();
    text
}

/// What the call gives when its arguments are right; the verdict of the world is a refusal.
fn expected(name: &str) -> &'static str {
    match name {
        "cosimg_verdict_require" => "COSIMG_SIGNATURE",
        "cosimg_verdict_key_time" => "COSIMG_USAGE",
        "cosimg_encoder_set_target_ssimulacra2" if !cfg!(feature = "ssimulacra2") => "COSIMG_UNSUPPORTED",
        _ => "COSIMG_OK",
    }
}

/// Any status but a fault of the library.
const ANY: &str = "ANY";

fn right(function: &Function, parameter: &Parameter) -> String {
    let Parameter { kind, name } = parameter;
    let plain = kind.trim_start_matches("const ").trim_end_matches('*').trim();
    match (kind.as_str(), name.as_str()) {
        (_, "err") => "&err".into(),
        (_, "error") => "w.error".into(),
        ("const char *", _) => format!("\"{}\"", right_text(name)),
        ("size_t", "index") => "0".into(),
        ("size_t", "capacity") => "sizeof w.room".into(),
        ("size_t", "headers_len" | "names_len" | "threads") => "2".into(),
        ("size_t", name) => right_text(name.strip_suffix("_len").expect("a length has a pointer")).len().to_string(),
        ("uint8_t *", _) => "w.room".into(),
        ("cosimg_slice", "source") => "w.source".into(),
        ("cosimg_slice", "data") => "slice_of(w.pixels, sizeof w.pixels)".into(),
        ("cosimg_slice", "luma" | "chroma") => "slice_of(w.steps, sizeof w.steps)".into(),
        ("cosimg_slice", _) | ("const cosimg_slice *", _) => {
            if kind == "cosimg_slice" {
                "w.slices[0]".into()
            } else {
                "w.slices".into()
            }
        }
        ("const cosimg_image_view *", _) => "&w.image".into(),
        ("const cosimg_planes_view *", _) => "&w.planes".into(),
        // A picture is pushed and finished once.
        ("cosimg_row_encoder *", _) if function.name.contains("finish") => "rows(&w, sizeof w.pixels)".into(),
        ("cosimg_row_encoder *", _) => "rows(&w, 0)".into(),
        ("cosimg_write_fn", _) => "swallow".into(),
        ("cosimg_progress_fn", _) => "heed".into(),
        ("void *", _) => "NULL".into(),
        ("uint32_t", "major") => "COSIMG_ABI_MAJOR".into(),
        ("uint32_t", "minor") => "COSIMG_ABI_MINOR".into(),
        ("int32_t", "quality") => "50".into(),
        ("int32_t", "effort") => "3".into(),
        ("int32_t", "max_scans") => "12".into(),
        ("int32_t", "interval" | "unit" | "density" | "x" | "y") => "2".into(),
        ("float", "percent") => "0.5f".into(),
        ("double", "score") => "50.0".into(),
        ("int32_t", "subsampling") => "COSIMG_SUBSAMPLING_422".into(),
        ("int32_t", "format" | "on" | "preset") => "1".into(),
        ("int32_t", "profile" | "headers" | "coding" | "mode" | "strip" | "covered") => "0".into(),
        ("uint64_t", "start") => "1700000000".into(),
        ("uint64_t", "end") | ("int64_t", "now") => "1700000600".into(),
        ("uint8_t" | "uint32_t" | "uint64_t", _) => "200".into(),
        _ if is_output(parameter) => format!("&out_{name}"),
        _ if kind.ends_with('*') && plain.starts_with("cosimg_") => {
            format!("w.{}", plain.strip_prefix("cosimg_").unwrap_or_default())
        }
        _ => panic!("{}: {kind} {name} is a kind of argument that this file does not know", function.name),
    }
}

fn right_text(name: &str) -> &'static str {
    match name {
        "rule" => "imageMogr2/format/jpg/interlace/1",
        "method" => "GET",
        "host" => "host.example",
        "url" => "https://host.example/key?x=1",
        "target" | "resource" => "/key?x=1",
        "script" => "0 1 2;",
        _ => "text",
    }
}

/// The wrong values of an argument, the status that each gives, and what is wrong.
fn wrongs(function: &Function, index: usize) -> Vec<(String, &'static str, &'static str)> {
    let parameter = &function.parameters[index];
    let Parameter { kind, name } = parameter;
    let mut wrongs: Vec<(String, &'static str, &'static str)> = Vec::new();
    let mut add = |value: &str, status, what| wrongs.push((value.to_owned(), status, what));
    let right = right(function, parameter);
    let length = function.parameters.get(index + 1).filter(|next| next.name == format!("{name}_len"));
    match kind.as_str() {
        _ if ["err", "user", "ignored", "offset"].contains(&name.as_str()) => add("NULL", ANY, "NULL"),
        "int32_t *" => add("NULL", ANY, "NULL"),
        "const char *" if length.is_some() => {
            add("NULL", "COSIMG_USAGE_NULL", "NULL with a length");
            let size = right_text(name).len();
            add(&format!("\"{}\\377\"", "a".repeat(size - 1)), "COSIMG_USAGE_UTF8", "not UTF-8");
            add(&format!("\"{}\\303\" \"a\"", "a".repeat(size - 2)), "COSIMG_USAGE_UTF8", "half a character");
            add(&format!("\"{}\\000\"", "a".repeat(size - 1)), "COSIMG_USAGE_UTF8", "with a NUL");
        }
        "size_t" if name == "capacity" => {
            add("SIZE_MAX", "COSIMG_USAGE_LENGTH", "enormous");
            add("0", "COSIMG_BUFFER_TOO_SMALL", "zero");
            add("1", "COSIMG_BUFFER_TOO_SMALL", "small");
        }
        "size_t" if name == "threads" => {
            add("SIZE_MAX", "COSIMG_OK", "more than there will be");
            add("0", "COSIMG_USAGE", "none");
        }
        "size_t" if name == "index" => add("SIZE_MAX", ANY, "enormous"),
        "size_t" => {
            add("SIZE_MAX", "COSIMG_USAGE_LENGTH", "enormous");
            add("(size_t)PTRDIFF_MAX + 1", "COSIMG_USAGE_LENGTH", "just too large");
            add("0", ANY, "zero");
        }
        "cosimg_slice" => {
            add("slice_of(NULL, 1)", "COSIMG_USAGE_NULL", "NULL with a length");
            add("slice_of(w.room, SIZE_MAX)", "COSIMG_USAGE_LENGTH", "enormous");
            add("slice_of(NULL, 0)", ANY, "empty");
            add("slice_of(w.room, 1)", ANY, "a byte");
        }
        "const cosimg_slice *" => {
            add("NULL", "COSIMG_USAGE_NULL", "NULL with a length");
            add("w.bad_slices", "COSIMG_USAGE_UTF8", "not UTF-8");
            add("w.null_slices", "COSIMG_USAGE_NULL", "NULL inside");
        }
        "const cosimg_image_view *" => {
            add("NULL", "COSIMG_USAGE_NULL", "NULL");
            add("view(&w, 0, 0, 0, 0, SIZE_MAX)", "COSIMG_USAGE_LENGTH", "enormous");
            add("view(&w, 99, 0, 0, 0, 0)", "COSIMG_USAGE_ENUM", "of no format");
            add("view(&w, -1, 0, 0, 0, 0)", "COSIMG_USAGE_ENUM", "of a negative format");
            add("view(&w, 0, UINT32_MAX, 0, 0, 0)", ANY, "of enormous width");
            add("view(&w, 0, UINT32_MAX, UINT32_MAX, 0, 0)", ANY, "of enormous size");
            add("view(&w, 0, 0, 0, 1, 0)", "COSIMG_USAGE", "of overlapping rows");
            add("view(&w, 0, 0, 0, SIZE_MAX, 0)", "COSIMG_USAGE", "of enormous stride");
            add("view(&w, 0, 0, 0, 0, 5)", "COSIMG_USAGE", "with too few bytes");
        }
        "const cosimg_planes_view *" => {
            add("NULL", "COSIMG_USAGE_NULL", "NULL");
            for (change, status, what) in [
                ("changed.planes = NULL", "COSIMG_USAGE_NULL", "of planes that are NULL"),
                ("changed.planes_len = 0", "COSIMG_USAGE", "of no planes"),
                ("changed.planes_len = 2", "COSIMG_USAGE", "of too many planes"),
                ("changed.planes_len = SIZE_MAX", "COSIMG_USAGE_LENGTH", "of more planes than there can be"),
                ("changed.format = 99", "COSIMG_USAGE_ENUM", "of no format"),
                ("changed.format = COSIMG_PIXEL_NV12", "COSIMG_USAGE", "of a format of more planes"),
                ("changed.width = UINT32_MAX", "COSIMG_USAGE", "of enormous width"),
                ("changed.height = UINT32_MAX", "COSIMG_USAGE", "of enormous height"),
                ("plane.data = NULL", "COSIMG_USAGE_NULL", "with a plane that is NULL"),
                ("plane.len = SIZE_MAX", "COSIMG_USAGE_LENGTH", "with an enormous plane"),
                ("plane.len = 5", "COSIMG_USAGE", "with too few bytes"),
                ("plane.stride = 0", "COSIMG_USAGE", "of rows in one place"),
                ("plane.stride = 1", "COSIMG_USAGE", "of overlapping rows"),
                ("plane.stride = SIZE_MAX", "COSIMG_USAGE", "of enormous stride"),
            ] {
                let place = change.replace("plane.", "w.bad_plane.").replace("changed.", "w.bad_planes.");
                add(&format!("(worse(&w), {place}, &w.bad_planes)"), status, what);
            }
        }
        "cosimg_write_fn" => {
            add("NULL", "COSIMG_USAGE_NULL", "NULL");
            add("refuse", "COSIMG_IO", "that refuses");
        }
        "cosimg_progress_fn" => add("NULL", "COSIMG_OK", "NULL"),
        "int32_t"
            if [
                "profile",
                "headers",
                "coding",
                "mode",
                "strip",
                "subsampling",
                "covered",
                "preset",
                "unit",
                "density",
            ]
            .contains(&name.as_str()) =>
        {
            for number in ["-1", "9999", "INT32_MAX", "INT32_MIN"] {
                add(number, "COSIMG_USAGE_ENUM", "of no meaning");
            }
        }
        "float" => {
            for number in ["-1.0f", "1e9f"] {
                add(number, "COSIMG_USAGE", "out of range");
            }
        }
        "double" => {
            let status = if cfg!(feature = "ssimulacra2") { "COSIMG_USAGE" } else { "COSIMG_UNSUPPORTED" };
            for number in ["-1.0", "100.5", "1e300", "-1e300"] {
                add(number, status, "out of range");
            }
        }
        "int32_t" if name == "effort" => {
            for number in ["-1", "0", "10", "256 + 5", "INT32_MAX", "INT32_MIN"] {
                add(number, "COSIMG_USAGE", "out of range");
            }
        }
        "int32_t" if name == "max_scans" => {
            for number in ["-1", "7", "101", "256 + 12", "INT32_MAX", "INT32_MIN"] {
                add(number, "COSIMG_USAGE", "out of range");
            }
        }
        "int32_t" if name == "x" || name == "y" => {
            for number in ["-1", "0", "65536", "INT32_MAX", "INT32_MIN"] {
                add(number, "COSIMG_USAGE", "out of range");
            }
        }
        "int32_t" if name == "interval" => {
            for number in ["-1", "65536", "INT32_MAX", "INT32_MIN"] {
                add(number, "COSIMG_USAGE", "out of range");
            }
        }
        "int32_t" if name == "quality" => {
            for number in ["-1", "0", "101", "256 + 50", "INT32_MAX", "INT32_MIN"] {
                add(number, "COSIMG_USAGE", "out of range");
            }
        }
        "int32_t" => {
            for number in ["-1", "9999", "INT32_MAX", "INT32_MIN"] {
                add(number, ANY, "unusual");
            }
        }
        "int64_t" => {
            add("INT64_MAX", "COSIMG_USAGE", "after all calendars");
            add("INT64_MIN", "COSIMG_USAGE", "before all calendars");
        }
        "uint8_t" => add("255", ANY, "large"),
        "uint32_t" if ["major", "minor"].contains(&name.as_str()) => {
            add("77", "COSIMG_ABI_MISMATCH", "of another library");
        }
        "uint32_t" => {
            add("0", ANY, "zero");
            add("UINT32_MAX", ANY, "large");
        }
        "uint64_t" => {
            add("0", ANY, "zero");
            add("UINT64_MAX", ANY, "large");
        }
        // Handles and outputs.
        _ => {
            add("NULL", "COSIMG_USAGE_NULL", "NULL");
            if kind != "uint8_t *" {
                add(&format!("({kind})((uintptr_t){right} + 1)"), "COSIMG_USAGE_NULL", "misaligned");
            }
        }
    }
    wrongs
}

fn is_output(parameter: &Parameter) -> bool {
    let Parameter { kind, name } = parameter;
    kind.ends_with("**")
        || ["size_t *", "uint64_t *", "int32_t *", "cosimg_slice *"].contains(&kind.as_str())
        || (kind == "cosimg_buffer *" && name != "buffer")
}

/// One call, with what must be true after it.
fn case(function: &Function, arguments: &[String], status: &str, what: &str) -> String {
    let Function { result, name, parameters } = function;
    let mut text = format!("    cases++; /* {what} */\n    {{\n");
    let outputs: Vec<_> = parameters.iter().filter(|p| is_output(p) && p.name != "err").collect();
    for Parameter { kind, name } in &outputs {
        let base = kind.strip_suffix('*').unwrap_or(kind).trim();
        writeln!(text, "        {base} out_{name};\n        memset(&out_{name}, 0xA5, sizeof out_{name});").unwrap();
    }
    let with_err = parameters.iter().any(|p| p.name == "err");
    if with_err && arguments.last().is_some_and(|last| last == "&err") {
        text.push_str("        cosimg_error *err = (cosimg_error *)(uintptr_t)0xA5A5A5A0;\n");
    }
    let call = format!("{name}({})", arguments.join(", "));
    if result == "cosimg_status" && with_err {
        let err = if arguments.last().is_some_and(|last| last == "NULL") { "NULL" } else { "&err" };
        writeln!(text, "        const cosimg_status status = {call};").unwrap();
        writeln!(text, "        after(\"{name}: {what}\", status, {status}, {err});").unwrap();
        for (Parameter { kind, name }, argument) in
            outputs.iter().map(|out| (*out, position(parameters, out, arguments)))
        {
            if argument != format!("&out_{name}") {
                continue;
            }
            let zero = match kind.as_str() {
                "cosimg_buffer *" => {
                    format!("out_{name}.data == NULL && out_{name}.len == 0 && out_{name}.capacity == 0")
                }
                "cosimg_slice *" => format!("out_{name}.data == NULL && out_{name}.len == 0"),
                "size_t *" => format!("(out_{name} == 0) == (status != COSIMG_BUFFER_TOO_SMALL)"),
                kind if kind.ends_with("**") => format!("out_{name} == NULL"),
                _ => format!("out_{name} == 0"),
            };
            writeln!(text, "        if (status != COSIMG_OK) CHECK({zero});").unwrap();
            match kind.as_str() {
                "cosimg_buffer *" => writeln!(text, "        cosimg_buffer_free(&out_{name});").unwrap(),
                kind if kind.ends_with("**") => {
                    let object = kind.trim_end_matches('*').trim();
                    writeln!(text, "        {object}_free(out_{name});").unwrap();
                }
                _ => {}
            }
        }
    } else {
        // A getter: it answers whatever it is asked about, and with nothing where there is nothing.
        writeln!(text, "        {result} const answer = {call};").unwrap();
        match result.as_str() {
            "cosimg_slice" => writeln!(text, "        CHECK((answer.data != NULL) || answer.len == 0);").unwrap(),
            _ => writeln!(text, "        (void)answer;").unwrap(),
        }
        if arguments.first().is_some_and(|first| first == "NULL") {
            let nothing = match result.as_str() {
                "cosimg_slice" => "answer.len == 0",
                "const char *" => "answer == NULL || answer[0] == '\\0'",
                _ => "answer == 0",
            };
            writeln!(text, "        CHECK({nothing});").unwrap();
        }
    }
    text + "    }\n"
}

fn position<'a>(parameters: &[Parameter], wanted: &Parameter, arguments: &'a [String]) -> &'a str {
    let index = parameters.iter().position(|parameter| parameter == wanted);
    index.map_or("", |index| arguments[index].as_str())
}

const PRELUDE: &str = r#"#include "check.h"

enum { ANY = -1, WIDTH = 32, HEIGHT = 24 };

static unsigned cases = 0;

/* One right object of each kind. */
struct world {
    cosimg_error *error;
    cosimg_cancel *cancel;
    cosimg_limits *limits;
    cosimg_signer *signer;
    cosimg_link *link;
    cosimg_signature *signature;
    cosimg_verifier *verifier;
    cosimg_verdict *verdict;
    cosimg_transcoder *transcoder;
    cosimg_report *report;
    cosimg_encoder *encoder;
    cosimg_row_encoder *row_encoder;
    cosimg_processor *processor;
    cosimg_buffer jpeg;
    cosimg_slice source, slices[2], bad_slices[2], null_slices[2];
    cosimg_image_view image, changed;
    cosimg_planes_view planes, bad_planes;
    cosimg_plane plane, bad_plane;
    uint8_t pixels[WIDTH * HEIGHT * 3];
    uint8_t room[1 << 16], steps[64];
};

static void world_new(struct world *w) {
    cosimg_buffer half;
    memset(w, 0, sizeof *w);
    CHECK(cosimg_limits_new(-1, &w->limits, &w->error) == COSIMG_USAGE_ENUM);
    DONE(cosimg_cancel_new(&w->cancel, &err));
    DONE(cosimg_limits_new(COSIMG_LIMITS_DEFAULT, &w->limits, &err));
    DONE(cosimg_signer_new(TEXT("id"), TEXT("key"), TEXT("token"), &w->signer, &err));
    DONE(cosimg_link_new(TEXT("GET"), TEXT("host.example"), TEXT("key"), &w->link, &err));
    DONE(cosimg_link_sign_headers(w->link, w->signer, 1700000000, 1700000600, &w->signature, &err));
    DONE(cosimg_verifier_new(&w->verifier, &err));
    DONE(cosimg_verifier_verify_url(w->verifier, TEXT("GET"), TEXT("https://host.example/key"), 1700000000,
                                    &w->verdict, &err));
    CHECK(!cosimg_verdict_accepted(w->verdict));
    DONE(cosimg_transcoder_new(&w->transcoder, &err));
    DONE(cosimg_encoder_new(&w->encoder, &err));
    DONE(cosimg_processor_new(&w->processor, &err));
    paint(w->pixels, WIDTH, HEIGHT);
    w->image.data = w->pixels;
    w->image.len = sizeof w->pixels;
    w->image.width = WIDTH;
    w->image.height = HEIGHT;
    w->image.format = COSIMG_PIXEL_RGB8;
    w->plane.data = w->pixels;
    w->plane.len = sizeof w->pixels;
    w->plane.stride = WIDTH * 3;
    w->planes.planes = &w->plane;
    w->planes.planes_len = 1;
    w->planes.width = WIDTH;
    w->planes.height = HEIGHT;
    w->planes.format = COSIMG_PIXEL_RGB8;
    DONE(cosimg_row_encoder_new(w->encoder, WIDTH, HEIGHT, COSIMG_PIXEL_RGB8, &w->row_encoder, &err));
    DONE(cosimg_encoder_run(w->encoder, &w->image, &w->jpeg, &err));
    w->source = slice_of_buffer(&w->jpeg);
    DONE(cosimg_transcoder_set_tolerant(w->transcoder, 1, &err));
    DONE(cosimg_transcoder_run_and_report(w->transcoder, slice_of(w->jpeg.data, w->jpeg.len / 2), &half, &w->report, &err));
    cosimg_buffer_free(&half);
    memset(w->steps, 16, sizeof w->steps);
    w->slices[0] = w->slices[1] = w->bad_slices[0] = w->null_slices[0] = slice_of("text", 4);
    w->bad_slices[1] = slice_of("\377", 1);
    w->null_slices[1] = slice_of(NULL, 1);
}

static void world_free(struct world *w) {
    cosimg_error_free(w->error);
    cosimg_cancel_free(w->cancel);
    cosimg_limits_free(w->limits);
    cosimg_signer_free(w->signer);
    cosimg_link_free(w->link);
    cosimg_signature_free(w->signature);
    cosimg_verifier_free(w->verifier);
    cosimg_verdict_free(w->verdict);
    cosimg_transcoder_free(w->transcoder);
    cosimg_report_free(w->report);
    cosimg_encoder_free(w->encoder);
    cosimg_row_encoder_free(w->row_encoder);
    cosimg_processor_free(w->processor);
    cosimg_buffer_free(&w->jpeg);
}

/* The right picture with some of its fields changed: those that are not 0. */
static const cosimg_image_view *view(struct world *w, int32_t format, uint32_t width, uint32_t height, size_t stride,
                                     size_t len) {
    w->changed = w->image;
    if (format)
        w->changed.format = format;
    if (width)
        w->changed.width = width;
    if (height)
        w->changed.height = height;
    if (stride)
        w->changed.stride = stride;
    if (len)
        w->changed.len = len;
    return &w->changed;
}

/* A picture that is begun anew, with so many of its bytes. */
static cosimg_row_encoder *rows(struct world *w, size_t bytes) {
    cosimg_row_encoder_free(w->row_encoder);
    DONE(cosimg_row_encoder_new(w->encoder, WIDTH, HEIGHT, COSIMG_PIXEL_RGB8, &w->row_encoder, &err));
    DONE(cosimg_row_encoder_push(w->row_encoder, slice_of(w->pixels, bytes), &err));
    return w->row_encoder;
}

/* Planes that are right, to be changed. */
static void worse(struct world *w) {
    w->bad_planes = w->planes;
    w->bad_planes.planes = &w->bad_plane;
    w->bad_plane = w->plane;
}

static int32_t swallow(void *user, const uint8_t *data, size_t len) {
    (void)user;
    CHECK(data != NULL && len > 0);
    return 0;
}

static int32_t heed(void *user, uint64_t done, uint64_t total) {
    (void)user;
    return done > total;
}

static int32_t refuse(void *user, const uint8_t *data, size_t len) {
    (void)user;
    (void)data;
    (void)len;
    return -3;
}

/* The status is the expected one, and the error says the same. */
static void after(const char *what, cosimg_status status, cosimg_status expected, cosimg_error **err) {
    const int fits = expected == ANY ? status >= 0 && status < COSIMG_INTERNAL : status == expected;
    if (!fits) {
        fprintf(stderr, "%s: %d instead of %d: %s\n", what, (int)status, (int)expected,
                err ? cosimg_error_message(*err) : "");
        exit(1);
    }
    if (err) {
        CHECK(cosimg_error_code(*err) == status);
        CHECK((*err == NULL) == (status == COSIMG_OK));
        if (status > COSIMG_USAGE && status < COSIMG_UNSUPPORTED)
            CHECK(cosimg_error_field(*err) != NULL);
        cosimg_error_free(*err);
    }
}

"#;
