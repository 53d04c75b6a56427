//! `cosimg inspect`: what a JPEG is made of.

use cosimg::Limits;
use cosimg::jpeg::{self, Inspection, QualityEstimate};

use crate::args::Inspect;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::scan_text;

pub(crate) fn run(args: &Inspect) -> Outcome {
    let limits = Limits::default();
    let source = output::read(&args.file, limits.input_bytes.min(limits.memory))?;
    let inspection = jpeg::inspect(&source, &limits).map_err(|e| Failure::about(args.file.display(), &e))?;
    if args.json { output::line(inspection.to_json()) } else { show(&inspection) }
}

fn show(jpeg: &Inspection) -> Outcome {
    let coding = if jpeg.arithmetic { "arithmetic" } else { "Huffman" };
    let form = format!("{}, {coding} (SOF{}), {} bit", jpeg.process, jpeg.sof, jpeg.precision);
    let bytes = output::grouped(jpeg.bytes);
    output::line(format_args!("frame       {}x{}, {form}, {bytes} bytes", jpeg.width, jpeg.height))?;
    if !jpeg.color.is_empty() {
        output::line(format_args!("colours     {}", jpeg.color))?;
    }
    if let Some(orientation) = jpeg.orientation {
        output::line(format_args!("orientation {orientation}"))?;
    }
    for component in &jpeg.components {
        let name = jpeg.component_name(component.id);
        let sampling = format!("{}x{}", component.horizontal, component.vertical);
        let table = component.quantisation_table;
        output::line(format_args!("component   {name:<3} id {:<3} sampling {sampling}  table {table}", component.id))?;
    }
    if let Some(quality) = &jpeg.quality {
        let chroma = quality.chroma.as_ref().map(|chroma| format!(", chroma {}", estimate(chroma)));
        output::line(format_args!("quality     luma {}{}", estimate(&quality.luma), chroma.unwrap_or_default()))?;
    }
    if jpeg.restart_interval > 0 {
        output::line(format_args!("restarts    every {} MCUs", jpeg.restart_interval))?;
    }
    for table in &jpeg.quantisation_tables {
        let (first, bits) = (table.values[0], table.bits);
        output::line(format_args!("DQT         {}   {bits} bit, {first} for DC, at {}", table.slot, table.offset))?;
    }
    for table in &jpeg.huffman_tables {
        let codes = format!("{} codes of up to {} bits", table.codes, table.longest);
        output::line(format_args!("DHT         {} {}  {codes}, at {}", table.class, table.slot, table.offset))?;
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
    for image in &jpeg.images {
        let missing = if image.present { "" } else { ", which is not there" };
        let size = output::grouped(image.bytes);
        output::line(format_args!("image       {:<11} {size} bytes at {}{missing}", image.kind, image.offset))?;
    }
    let complete = match jpeg {
        Inspection { complete: true, .. } => "yes",
        Inspection { cut: true, .. } => "no, the file is cut short",
        _ => "no",
    };
    output::line(format_args!("complete    {complete}"))?;
    output::line(format_args!("trailing    {} bytes after the end", output::grouped(jpeg.trailing_bytes)))
}

fn estimate(estimate: &QualityEstimate) -> String {
    match estimate.deviation {
        0.0 => estimate.quality.to_string(),
        deviation => format!("about {} ({:.1} % off)", estimate.quality, deviation * 100.0),
    }
}
