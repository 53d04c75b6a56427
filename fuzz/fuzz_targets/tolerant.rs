//! Any bytes: what a tolerant transcoder makes is whole, and what it takes without a complaint is what a strict one
//! takes.

#![no_main]

use cosimg::jpeg::{Coding, CoefficientImage, Transcoder};
use cosimg::{ErrorKind, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &[u8]| {
    let mut limits = Limits::default();
    limits.memory = 16 << 20;
    limits.block_visits = 1 << 16;

    for coding in [Coding::Progressive, Coding::Baseline, Coding::Smaller] {
        let strict = Transcoder::new().coding(coding).limits(limits.clone());
        let tolerant = strict.clone().tolerant(true).run_and_report(source);
        match (strict.run(source), tolerant) {
            (Ok(strict), tolerant) => {
                let tolerant = tolerant.expect("what is whole is taken by both");
                assert!(tolerant.damages.is_empty() && tolerant.bytes == strict, "{coding:?}");
            }
            (Err(_), Ok(tolerant)) => {
                assert!(tolerant.damages.count() > 0, "{coding:?}: damage without a word");
                let offsets = tolerant.damages.listed().iter().map(cosimg::Error::offset);
                assert!(offsets.flatten().all(|offset| offset <= source.len() as u64));
                CoefficientImage::read(&tolerant.bytes, &Limits::default()).expect("what is written is whole");
            }
            (Err(strict), Err(tolerant)) => {
                assert_ne!(strict.kind(), ErrorKind::Internal, "{strict}");
                assert_ne!(tolerant.kind(), ErrorKind::Internal, "{tolerant}");
            }
        }
    }
});
