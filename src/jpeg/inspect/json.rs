//! An inspection as JSON: the form of `cosimg inspect --json`, the C ABI and Python.

use std::fmt::Display;

use super::{ComponentInfo, HuffmanTableInfo, ImageInfo, Inspection, QualityEstimate, QuantTableInfo};
use super::{ScanInfo, SegmentInfo};

/// Raised when a field changes its meaning or goes; new fields may come.
const SCHEMA: u32 = 1;

/// Bytes of a segment in JSON, and of the rest, roughly: most files need no second allocation.
const SEGMENT_BYTES: usize = 64;
const OTHER_BYTES: usize = 4096;

impl Inspection {
    /// One JSON object on one line. Its field `schema` is the number of its form, 1; the other fields have the names
    /// that they have here, and components a `name`.
    pub fn to_json(&self) -> String {
        let mut json = Json(String::with_capacity(OTHER_BYTES + SEGMENT_BYTES * self.metadata.len()));
        json.object(|o| {
            o.field("schema", SCHEMA).field("bytes", self.bytes);
            o.field("sof", self.sof).text("process", self.process);
            o.field("width", self.width).field("height", self.height).field("precision", self.precision);
            o.field("progressive", self.progressive).field("arithmetic", self.arithmetic);
            o.text("color", self.color).optional("orientation", self.orientation);
            o.field("restart_interval", self.restart_interval);
            o.list("components", &self.components, |o, component| self.component(o, component));
            o.list("quantisation_tables", &self.quantisation_tables, quantisation_table);
            o.list("huffman_tables", &self.huffman_tables, huffman_table);
            match &self.quality {
                Some(quality) => o.key("quality").object(|o| {
                    estimate(o.key("luma"), &quality.luma);
                    match &quality.chroma {
                        Some(chroma) => estimate(o.key("chroma"), chroma),
                        None => _ = o.field("chroma", "null"),
                    }
                }),
                None => _ = o.field("quality", "null"),
            }
            o.list("scans", &self.scans, scan);
            o.list("metadata", &self.metadata, segment);
            o.list("images", &self.images, image);
            o.field("complete", self.complete).field("cut", self.cut).field("trailing_bytes", self.trailing_bytes);
        });
        json.0
    }

    fn component(&self, o: &mut Json, component: &ComponentInfo) {
        o.field("id", component.id).text("name", &self.component_name(component.id));
        o.field("horizontal", component.horizontal).field("vertical", component.vertical);
        o.field("quantisation_table", component.quantisation_table);
    }
}

fn quantisation_table(o: &mut Json, table: &QuantTableInfo) {
    o.field("slot", table.slot).field("bits", table.bits).field("offset", table.offset);
    o.numbers("values", &table.values);
}

fn huffman_table(o: &mut Json, table: &HuffmanTableInfo) {
    o.text("class", table.class).field("slot", table.slot).field("codes", table.codes);
    o.field("longest", table.longest).field("offset", table.offset);
}

fn estimate(json: &mut Json, estimate: &QualityEstimate) {
    json.object(|o| {
        _ = o.field("quality", estimate.quality).field("deviation", format_args!("{:.4}", estimate.deviation))
    });
}

fn scan(o: &mut Json, scan: &ScanInfo) {
    o.numbers("components", &scan.components);
    o.field("spectral_start", scan.spectral_start).field("spectral_end", scan.spectral_end);
    o.field("approximation_high", scan.approximation_high).field("approximation_low", scan.approximation_low);
    o.field("start", scan.start).field("end", scan.end);
}

fn segment(o: &mut Json, segment: &SegmentInfo) {
    o.text("marker", segment.marker).text("kind", segment.kind);
    o.field("offset", segment.offset).field("bytes", segment.bytes);
}

fn image(o: &mut Json, image: &ImageInfo) {
    o.text("kind", image.kind)
        .field("offset", image.offset)
        .field("bytes", image.bytes)
        .field("present", image.present);
}

/// JSON on its way. The names and texts of an inspection need no escapes.
struct Json(String);

impl Json {
    /// A comma, unless what follows is the first in its list or object or the value of a name.
    fn separate(&mut self) -> &mut Self {
        if !self.0.is_empty() && !self.0.ends_with(['{', '[', ':']) {
            self.0.push(',');
        }
        self
    }

    fn key(&mut self, name: &str) -> &mut Self {
        self.separate().0.extend(["\"", name, "\":"]);
        self
    }

    /// A value that prints as JSON.
    fn field(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.key(name).0.push_str(&value.to_string());
        self
    }

    fn optional(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.field(name, value),
            None => self.field(name, "null"),
        }
    }

    fn text(&mut self, name: &str, text: &str) -> &mut Self {
        debug_assert!(text.bytes().all(|b| (0x20..0x7F).contains(&b) && b != b'"' && b != b'\\'), "{text:?}");
        self.key(name).0.extend(["\"", text, "\""]);
        self
    }

    fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.separate().0.push('{');
        fields(self);
        self.0.push('}');
    }

    fn list<T>(&mut self, name: &str, items: &[T], mut fields: impl FnMut(&mut Self, &T)) {
        self.key(name).0.push('[');
        for item in items {
            self.object(|o| fields(o, item));
        }
        self.0.push(']');
    }

    fn numbers(&mut self, name: &str, numbers: &[impl Display]) {
        self.key(name).0.push('[');
        for number in numbers {
            self.separate().0.push_str(&number.to_string());
        }
        self.0.push(']');
    }
}
