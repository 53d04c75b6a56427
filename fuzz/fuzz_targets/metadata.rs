//! Any bytes, and any kinds of metadata to leave out: what is inspected prints as JSON, what is stripped keeps its
//! coefficients, is no larger for it, and once more changes nothing.

#![no_main]

use cosimg::Limits;
use cosimg::jpeg::{CoefficientImage, Strip, Transcoder, inspect};
use libfuzzer_sys::fuzz_target;

const KINDS: [Strip; 10] = [
    Strip::EXIF,
    Strip::ICC,
    Strip::XMP,
    Strip::IPTC,
    Strip::COMMENTS,
    Strip::THUMBNAILS,
    Strip::IMAGES,
    Strip::TRAILING,
    Strip::OTHER,
    Strip::SAFE,
];

fuzz_target!(|input: (u16, &[u8])| {
    let (kinds, source) = input;
    let mut limits = Limits::default();
    limits.memory = 16 << 20;
    limits.block_visits = 1 << 16;

    if let Ok(said) = inspect(source, &limits) {
        let json = said.to_json();
        assert!(json.starts_with("{\"schema\":1,") && json.ends_with('}'));
    }
    let strip = KINDS.iter().enumerate().filter(|(i, _)| kinds >> i & 1 == 1);
    let strip = strip.fold(Strip::NOTHING, |strip, (_, kind)| strip | *kind);
    let Ok(whole) = Transcoder::new().limits(limits).run(source) else { return };
    // Ten scans visit more blocks than one.
    let transcoder = Transcoder::new().strip(strip);
    let stripped = transcoder.run(source).expect("it was read a moment ago");
    // An orientation of its own may take more than the Exif block that it was in.
    assert!(stripped.len() <= whole.len() + 64, "{strip:?} made it larger");
    let read = |bytes: &[u8]| CoefficientImage::read(bytes, &Limits::default()).expect("it can be read");
    assert!(read(&stripped) == read(source), "{strip:?} changed the picture");
    assert!(transcoder.run(&stripped).expect("what is written can be read") == stripped, "{strip:?} twice");

    let kept = transcoder.never_larger(true).run_and_report(source).expect("it was read a moment ago");
    assert!(kept.bytes.len() <= source.len() || strip != Strip::NOTHING);
    assert!(read(&kept.bytes) == read(source), "{strip:?} of the source itself changed the picture");
});
