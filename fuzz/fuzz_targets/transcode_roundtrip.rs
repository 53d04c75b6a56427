//! Any bytes that the transcoder takes: the picture stays the same coefficient by coefficient in all modes and codings,
//! and a second pass changes nothing.

#![no_main]

use cosimg::Limits;
use cosimg::jpeg::{Coding, CoefficientImage, Mode, Strip, Transcoder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &[u8]| {
    let mut limits = Limits::default();
    limits.memory = 16 << 20;
    limits.block_visits = 1 << 16;

    for (coding, mode, strip) in [
        (Coding::Progressive, Mode::Display, Strip::NOTHING),
        (Coding::Progressive, Mode::Fast, Strip::THUMBNAILS),
        (Coding::Progressive, Mode::Small, Strip::SAFE),
        (Coding::Baseline, Mode::Display, Strip::ALL),
        (Coding::Smaller, Mode::Fast, Strip::NOTHING),
    ] {
        let transcoder = Transcoder::new().coding(coding).mode(mode).strip(strip).limits(limits.clone());
        let Ok(written) = transcoder.run(source) else { continue };
        let before = CoefficientImage::read(source, &limits).expect("it was read a moment ago");
        let after = CoefficientImage::read(&written, &limits).expect("what is written can be read");
        assert!(before == after, "{coding:?}, {mode:?}, {strip:?}: the picture changed");
        let again = transcoder.run(&written).expect("what is written can be transcoded");
        assert!(again == written, "{coding:?}, {mode:?}, {strip:?}: a second pass changed bytes");
    }
});
