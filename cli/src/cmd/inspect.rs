//! `cosimg inspect`: what a JPEG is made of.

use cosimg::Limits;
use cosimg::jpeg::{self, Inspection};
use serde::Serialize;

use crate::args::Inspect;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::scan_text;

pub(crate) fn run(args: &Inspect) -> Outcome {
    let limits = Limits::default();
    let source = output::read(&args.file, limits.input_bytes.min(limits.memory))?;
    let inspection = jpeg::inspect(&source, &limits).map_err(|e| Failure::about(args.file.display(), &e))?;
    let bytes = source.len() as u64;
    if args.json { output::json(&Report::new(&inspection, bytes)) } else { show(&inspection, bytes) }
}

fn show(jpeg: &Inspection, bytes: u64) -> Outcome {
    let coding = if jpeg.arithmetic { "arithmetic" } else { "Huffman" };
    let form = format!("{}, {coding} (SOF{}), {} bit", jpeg.process, jpeg.sof, jpeg.precision);
    output::line(format_args!("frame       {}x{}, {form}, {} bytes", jpeg.width, jpeg.height, output::grouped(bytes)))?;
    for component in &jpeg.components {
        let name = scan_text::component(jpeg, component.id);
        let sampling = format!("{}x{}", component.horizontal, component.vertical);
        let table = component.quantisation_table;
        output::line(format_args!("component   {name:<3} id {:<3} sampling {sampling}  table {table}", component.id))?;
    }
    if jpeg.restart_interval > 0 {
        output::line(format_args!("restarts    every {} MCUs", jpeg.restart_interval))?;
    }
    for segment in &jpeg.metadata {
        let size = format!("{} bytes at {}", output::grouped(segment.bytes), segment.offset);
        output::line(format_args!("metadata    {:<5} {:<9} {size}", segment.marker, segment.kind))?;
    }
    for (i, scan) in jpeg.scans.iter().enumerate() {
        let number = i + 1;
        let names = scan_text::components(jpeg, scan);
        let (band, bits) = (scan_text::band(scan), scan_text::bits(scan));
        let range = format!("{}..{}", scan.start, scan.end);
        let size = output::grouped(scan.end.saturating_sub(scan.start));
        output::line(format_args!("scan {number:<6} {names:<8}  {band:<9}  {bits:<13}  {range:<17} {size:>11} bytes"))?;
    }
    output::line(format_args!("complete    {}", if jpeg.complete { "yes" } else { "no" }))?;
    output::line(format_args!("trailing    {} bytes after the end", output::grouped(jpeg.trailing_bytes)))
}

#[derive(Serialize)]
struct Report {
    schema: u32,
    bytes: u64,
    sof: u8,
    width: u32,
    height: u32,
    precision: u8,
    progressive: bool,
    arithmetic: bool,
    restart_interval: u16,
    components: Vec<Component>,
    scans: Vec<Scan>,
    metadata: Vec<Segment>,
    complete: bool,
    trailing_bytes: u64,
}

#[derive(Serialize)]
struct Component {
    id: u8,
    name: String,
    horizontal: u8,
    vertical: u8,
    quantisation_table: u8,
}

#[derive(Serialize)]
struct Scan {
    components: Vec<u8>,
    spectral_start: u8,
    spectral_end: u8,
    approximation_high: u8,
    approximation_low: u8,
    start: u64,
    end: u64,
}

#[derive(Serialize)]
struct Segment {
    marker: &'static str,
    kind: &'static str,
    offset: u64,
    bytes: u64,
}

impl Report {
    fn new(jpeg: &Inspection, bytes: u64) -> Self {
        let components = jpeg.components.iter().map(|c| Component {
            id: c.id,
            name: scan_text::component(jpeg, c.id),
            horizontal: c.horizontal,
            vertical: c.vertical,
            quantisation_table: c.quantisation_table,
        });
        let scans = jpeg.scans.iter().map(|s| Scan {
            components: s.components.clone(),
            spectral_start: s.spectral_start,
            spectral_end: s.spectral_end,
            approximation_high: s.approximation_high,
            approximation_low: s.approximation_low,
            start: s.start,
            end: s.end,
        });
        let metadata =
            jpeg.metadata.iter().map(|m| Segment { marker: m.marker, kind: m.kind, offset: m.offset, bytes: m.bytes });
        Self {
            schema: output::SCHEMA,
            bytes,
            sof: jpeg.sof,
            width: jpeg.width,
            height: jpeg.height,
            precision: jpeg.precision,
            progressive: jpeg.progressive,
            arithmetic: jpeg.arithmetic,
            restart_interval: jpeg.restart_interval,
            components: components.collect(),
            scans: scans.collect(),
            metadata: metadata.collect(),
            complete: jpeg.complete,
            trailing_bytes: jpeg.trailing_bytes,
        }
    }
}
