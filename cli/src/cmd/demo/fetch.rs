//! The link opened: is the answer a progressive JPEG of the same picture, and what does each of its scans bring?

use std::path::Path;

use cosimg::Limits;
use cosimg::jpeg::{self, CoefficientImage, Inspection};
use cosimg::pipeline::Format;

use super::Checks;
use super::client;
use super::picture::Rgb;
use super::stage::{Object, RULE, Stage};
use crate::failure::Outcome;
use crate::output::{self, grouped, line};
use crate::scan_text;

/// Pixels that went through JPEG are never the same to the bit. Two different pictures come to 8 to 15 dB, and
/// quality 85 to 30 and more on all but noise.
const SAME_PICTURE: f64 = 25.0;

pub(super) async fn run(stage: &Stage, object: &Object, link: &str, out: &Path, checks: &mut Checks) -> Outcome {
    let Object { key, bytes: source } = object;
    let picture = Rgb::decode(key, source)?;
    let format = Format::sniff(source).map_or("picture", Format::name).to_uppercase();
    line(format_args!(
        "{key}: {format}, {}x{}, {} bytes",
        picture.width,
        picture.height,
        grouped(source.len() as u64)
    ))?;
    line(format_args!("  rule    {RULE}"))?;
    line(format_args!("  link    {link}"))?;
    let reply = client::get(stage.address, &stage.address.to_string(), stage.target(link)).await?;
    let (status, size) = (reply.status, grouped(reply.body.len() as u64));
    let share = percent(reply.body.len(), source.len());
    line(format_args!("  answer  {status} {}, {size} bytes, {share} of the source", reply.content_type))?;
    let path = out.join(format!("{}.progressive.jpg", key.replace('/', "-")));
    output::write(&path, &reply.body)?;
    line(format_args!("  saved   {}", path.display()))?;

    let limits = Limits::default();
    let inspection = match jpeg::inspect(&reply.body, &limits) {
        Ok(inspection) => inspection,
        Err(e) => return checks.check(false, format_args!("the answer is a JPEG: {e}")),
    };
    line("")?;
    scans(&inspection, &reply.body, &picture)?;
    line("")?;

    let form = inspection.progressive && inspection.complete && inspection.scans.len() > 1;
    let right = status == 200 && reply.content_type == "image/jpeg" && form;
    checks.check(right, format_args!("a complete progressive JPEG of {} scans came", inspection.scans.len()))?;
    if Format::sniff(source) == Some(Format::Jpeg) {
        let [before, after] = [source, &reply.body].map(|bytes| CoefficientImage::read(bytes, &limits));
        let same = matches!((before, after), (Ok(before), Ok(after)) if before == after);
        checks.check(same, "every coefficient is the source's: lossless")
    } else {
        let ratio = Rgb::jpeg(&reply.body).ok().and_then(|answer| answer.psnr(&picture));
        let same = ratio.is_some_and(|ratio| ratio >= SAME_PICTURE);
        checks.check(same, format_args!("it decodes to the same picture: {}", decibel(ratio)))
    }
}

/// A line for each scan: what it carries, and the picture of somebody whose connection broke right after it.
fn scans(inspection: &Inspection, answer: &[u8], picture: &Rgb) -> Outcome {
    line("  scan  components  carries   precision      bytes so far             PSNR")?;
    for (i, scan) in inspection.scans.iter().enumerate() {
        let end = usize::try_from(scan.end).unwrap_or(usize::MAX).min(answer.len());
        let mut cut = answer[..end].to_vec();
        cut.extend([0xff, 0xd9]); // EOI
        let ratio = Rgb::jpeg(&cut).ok().and_then(|seen| seen.psnr(picture));
        let (number, names) = (i + 1, scan_text::components(inspection, scan));
        let (band, bits) = (scan_text::band(scan), scan_text::bits(scan));
        let (so_far, share) = (grouped(end as u64), percent(end, answer.len()));
        line(format_args!(
            "  {number:>4}  {names:<10}  {band:<8}  {bits:<13}  {so_far:>12} {share:>7}  {:>8}",
            decibel(ratio)
        ))?;
    }
    Ok(())
}

fn decibel(ratio: Option<f64>) -> String {
    match ratio {
        None => "no picture".to_owned(),
        Some(ratio) if ratio.is_infinite() => "identical".to_owned(),
        Some(ratio) => format!("{ratio:.2} dB"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", part as f64 * 100.0 / whole.max(1) as f64)
}
