//! The kernels on the instruction sets of the processor.
//!
//! ```text
//! mod.rs        which instructions to use, the pixel kernels, their scalar form
//! lanes.rs      the pixel kernels on vectors, of any length
//! avx2.rs       vectors of AVX2
//! avx512.rs     vectors of AVX-512
//! ac_avx2.rs    the inner loops of AC scans on AVX2 and BMI
//! ac_avx512.rs  the same on AVX-512
//! eights.rs     tokens of eight positions at a time, for `ac_avx2.rs`
//! ```
//!
//! The inner loops of AC scans are specified in `entropy/planes.rs`. Each pixel kernel is specified by a function in
//! `color.rs`, `sample.rs`, `fdct.rs` or `quant/quantise.rs`, which is also its [`Scalar`] form. Every other form gives
//! the same bits: the arithmetic is `f32` in the same order without fused operations, and IEEE 754 leaves no room
//! beyond that. A form is a token whose value proves that the processor has the instructions, so its methods are safe
//! to call. Kernels work on whole rows and the caller is generic over them, so an image is dispatched once.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::quant::quantise::Quantiser;
use crate::jpeg::{color, fdct, sample};

#[cfg(target_arch = "x86_64")]
mod ac_avx2;
#[cfg(target_arch = "x86_64")]
mod ac_avx512;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod eights;
#[cfg(target_arch = "x86_64")]
mod lanes;

/// Which vector instructions may be used. The bytes that come out are the same for all: this is for measuring and
/// testing. In text: `auto`, `scalar`, `avx2` or `avx512`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Simd {
    /// The best that the processor has.
    #[default]
    Auto,
    /// None beyond what the crate is compiled for.
    Scalar,
    /// Up to AVX2, with BMI1, BMI2, LZCNT and POPCNT.
    Avx2,
    /// Up to AVX-512 with VBMI2, as all processors have it since Ice Lake and Zen 4.
    Avx512,
}

impl Simd {
    /// Whether this processor has the instructions.
    pub fn is_available(self) -> bool {
        self.level().is_ok()
    }

    /// The form of the kernels to use on this processor.
    ///
    /// # Errors
    /// `Unsupported` where the processor lacks the instructions that are asked for by name.
    pub(crate) fn level(self) -> Result<Level> {
        let best = Level::detect();
        let available = match (self, best) {
            (Self::Auto, best) => Some(best),
            (Self::Scalar, _) => Some(Level::Scalar(Scalar)),
            #[cfg(target_arch = "x86_64")]
            (Self::Avx2, Level::Avx512(kernels)) => Some(Level::Avx2(kernels.avx2())),
            #[cfg(target_arch = "x86_64")]
            (Self::Avx2, Level::Avx2(_)) | (Self::Avx512, Level::Avx512(_)) => Some(best),
            _ => None,
        };
        available.ok_or_else(|| Error::unsupported(format!("this processor has no {self}")).field_named("simd"))
    }
}

impl FromStr for Simd {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Auto, Self::Scalar, Self::Avx2, Self::Avx512];
        all.into_iter().find(|simd| simd.to_string() == text).ok_or_else(|| {
            let message = format!("{text:?} is not auto, scalar, avx2 or avx512");
            Error::usage(message).field_named("simd")
        })
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

/// A form of the kernels that the processor can run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Level {
    /// Runs a piece of work, compiled for general instructions such as BMI2 as far as it is inlined.
    #[inline(always)]
    pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
        match self {
            Self::Scalar(kernels) => kernels.run(work),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(kernels) => kernels.run(work),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(kernels) => kernels.avx2().run(work),
        }
    }

    fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = avx512::Avx512::detect() {
            return Self::Avx512(token);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = avx2::Avx2::detect() {
            return Self::Avx2(token);
        }
        Self::Scalar(Scalar)
    }
}

/// The pixel kernels. Rows that go together have the lengths that the scalar functions of the same name ask for; rows
/// of other lengths give a result of no use, never a fault.
pub(crate) trait Kernels: Copy {
    /// [`color::gray`].
    fn gray(self, pixels: &[u8], y: &mut [f32]);

    /// [`color::rgb`].
    fn rgb(self, pixels: &[u8], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]);

    /// [`color::rgba`].
    fn rgba(self, pixels: &[u8], background: [u8; 3], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]);

    /// [`sample::h2v1`].
    fn h2v1(self, full: &[f32], half: &mut [f32]);

    /// [`sample::h2v2`].
    fn h2v2(self, upper: &[f32], lower: &[f32], half: &mut [f32]);

    /// [`sample::sharpen`].
    fn sharpen(self, smooth: &[f32], half: &mut [f32]);

    /// Sharpens a row that was halved. `scratch` is two samples longer.
    fn sharpen_row(self, half: &mut [f32], scratch: &mut [f32]) {
        if let [_, smooth @ .., _] = scratch {
            smooth.copy_from_slice(half);
        }
        sample::repeat_ends(scratch);
        self.sharpen(scratch, half);
    }

    /// [`sample::light`].
    fn light(self, y: &[f32], cb: &[f32], cr: &[f32], light: &mut [f32]);

    /// [`sample::mix`].
    fn mix(self, rows: [&[f32]; 2], mixed: &mut [f32]);

    /// [`sample::correct_luma`].
    fn correct_luma(self, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]);

    /// Mixes the nearer and the farther of two rows of chroma for a row of luma, and corrects it. `scratch` is two
    /// samples longer than they are.
    fn correct_by_rows(
        self,
        light: &[f32],
        cb: [&[f32]; 2],
        cr: [&[f32]; 2],
        scratch: &mut [Vec<f32>; 2],
        y: &mut [f32],
    ) {
        for (rows, mixed) in [cb, cr].into_iter().zip(&mut *scratch) {
            if let [_, mixed @ .., _] = &mut mixed[..] {
                self.mix(rows, mixed);
            }
            sample::repeat_ends(mixed);
        }
        self.correct_luma(light, &scratch[0], &scratch[1], y);
    }

    /// [`sample::correct_full`].
    fn correct_full(self, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]);

    /// A row of blocks: [`fdct::fdct`], then [`fdct::zigzag`]. Each row of samples is 8 times as long as `blocks`, or
    /// longer.
    fn block_row(self, rows: [&[f32]; 8], blocks: &mut [Block]);

    /// [`Quantiser::quantise`].
    fn quantise(self, quantiser: &Quantiser, fine: &[Block], blocks: &mut [Block]);
}

/// The kernels as the compiler makes them from their specification.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar;

impl AcKernels for Scalar {}

impl Kernels for Scalar {
    fn gray(self, pixels: &[u8], y: &mut [f32]) {
        color::gray(pixels, y);
    }

    fn rgb(self, pixels: &[u8], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
        color::rgb(pixels, y, cb, cr);
    }

    fn rgba(self, pixels: &[u8], background: [u8; 3], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
        color::rgba(pixels, background, y, cb, cr);
    }

    fn h2v1(self, full: &[f32], half: &mut [f32]) {
        sample::h2v1(full, half);
    }

    fn h2v2(self, upper: &[f32], lower: &[f32], half: &mut [f32]) {
        sample::h2v2(upper, lower, half);
    }

    fn sharpen(self, smooth: &[f32], half: &mut [f32]) {
        sample::sharpen(smooth, half);
    }

    fn light(self, y: &[f32], cb: &[f32], cr: &[f32], light: &mut [f32]) {
        sample::light(y, cb, cr, light);
    }

    fn mix(self, rows: [&[f32]; 2], mixed: &mut [f32]) {
        sample::mix(rows, mixed);
    }

    fn correct_luma(self, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
        sample::correct_luma(light, cb, cr, y);
    }

    fn correct_full(self, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
        sample::correct_full(light, cb, cr, y);
    }

    fn block_row(self, rows: [&[f32]; 8], blocks: &mut [Block]) {
        let rows = rows.map(|row| row.as_chunks().0);
        for (x, block) in blocks.iter_mut().enumerate() {
            fdct::zigzag(&fdct::fdct(&rows.map(|row| row[x])), block);
        }
    }

    fn quantise(self, quantiser: &Quantiser, fine: &[Block], blocks: &mut [Block]) {
        quantiser.quantise(fine, blocks);
    }
}

#[cfg(test)]
pub(crate) mod noise;

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // of small numbers
mod tests {
    use super::noise::{Noise, random_blocks};
    use super::*;
    use crate::jpeg::entropy::Band;
    use crate::jpeg::entropy::pairs;
    use crate::jpeg::entropy::planes::{AT_ONCE, Changes, GROUP, Planes, Refined, Wanted, Words};
    use crate::jpeg::entropy::token::{ROOM, Room};
    use crate::jpeg::quant::QuantTable;
    use crate::jpeg::quant::quantise::DeadZone;

    /// Runs a check on each form that the processor has, and says which it lacks.
    macro_rules! for_every_level {
        ($check:ident) => {
            #[cfg(target_arch = "x86_64")]
            match avx512::Avx512::detect() {
                Some(kernels) => $check(kernels),
                None => eprintln!("skipped: this processor has no AVX-512 with VBMI2"),
            }
            #[cfg(target_arch = "x86_64")]
            match avx2::Avx2::detect() {
                Some(kernels) => $check(kernels),
                None => eprintln!("skipped: this processor has no AVX2"),
            }
            $check(Scalar);
        };
    }

    fn ac_is_scalar<K: AcKernels>(kernels: K) {
        let mut noise = Noise(4);
        for round in 0..200 {
            let blocks = random_blocks(&mut noise);
            // Groups that are not whole leave the words of what is not there alone.
            let blocks = &blocks[..if round % 4 == 0 { round % GROUP } else { GROUP }];
            let mut words = [[0; GROUP]; 4];
            for low in 0..14 {
                let [now, before, bit, negative] = &mut words;
                let check = |got: &Words, fill: &dyn Fn(&mut Words), what| {
                    let mut expected = *got;
                    expected[..blocks.len()].fill(!0);
                    fill(&mut expected);
                    assert!(*got == expected, "{what}, Al {low}");
                };
                kernels.not_zero(blocks, low, now);
                check(now, &|words| Scalar.not_zero(blocks, low, words), "not zero");
                kernels.not_zero(blocks, low + 1, before);
                check(before, &|words| Scalar.not_zero(blocks, low + 1, words), "not zero before");
                kernels.bit(blocks, low, bit);
                check(bit, &|words| Scalar.bit(blocks, low, words), "bit");
                kernels.negative(blocks, negative);
                check(negative, &|words| Scalar.negative(blocks, words), "negative");
                let mask = u64::MAX >> (noise.next() % 64) << (noise.next() % 64);
                assert_eq!(kernels.filled(now, mask), Scalar.filled(now, mask), "filled, {mask:x}");
                for (i, block) in blocks.iter().enumerate() {
                    assert_eq!(kernels.extract(bit[i], before[i]), Scalar.extract(bit[i], before[i]));
                    let start = 1 + usize::from(noise.next()) % 63;
                    let band = Band { start, end: start + usize::from(noise.next()) % (64 - start), low };
                    let new = now[i] & band.mask();
                    let refined =
                        Refined { new: new & !before[i], known: before[i] & band.mask(), negative: negative[i] };
                    let at = i % 2;
                    let (mut room, mut expected) = (ROOM_OF_NOTHING, ROOM_OF_NOTHING);
                    if new != 0 {
                        let end = kernels.first(block, new, band, &mut room, at);
                        assert_eq!(end, Scalar.first(block, new, band, &mut expected, at));
                        assert_eq!(room[at..end], expected[at..end], "first, {band:?} of {block:?}");
                    }
                    if refined.new != 0 {
                        let end = kernels.refine(refined, band, &mut room, at);
                        assert_eq!(end, Scalar.refine(refined, band, &mut expected, at));
                        assert_eq!(room[at..end], expected[at..end], "refinement, {band:?}, {refined:x?}");
                    }
                }
            }
        }
    }

    fn changing_is_scalar<K: AcKernels>(kernels: K) {
        let mut noise = Noise(8);
        let blocks: Vec<_> = (0..40).flat_map(|_| random_blocks(&mut noise)).collect();
        // No process reads the one value whose magnitude has 16 bits.
        for block in blocks.into_iter().map(|block| block.map(|value| value.max(-i16::MAX))) {
            let places = Scalar.places(&block);
            assert_eq!(kernels.places(&block), places);
            let [word, mask, places] = [!0, !0, places].map(|of| noise.word() & of);
            assert_eq!(kernels.deposit(word, mask), Scalar.deposit(word, mask), "{word:x}, {mask:x}");
            let new = !Scalar.places(&block) & noise.word();
            let changes = Changes { places: places | new, negative: new & noise.word() };
            for low in 0..14 {
                let (mut changed, mut expected) = (block, block);
                kernels.change(&mut changed, changes, low);
                Scalar.change(&mut expected, changes, low);
                assert_eq!(changed, expected, "{changes:x?}, Al {low}");
            }
        }
    }

    fn packing_is_scalar<K: AcKernels>(kernels: K) {
        let mut noise = Noise(7);
        for block in (0..20).flat_map(|_| random_blocks(&mut noise)) {
            let mut room = [-1; pairs::ROOM];
            room[..64].copy_from_slice(&block);
            let (mut values, mut expected, mut back) = (room, room, room);
            let places = kernels.compress(&room, &mut values);
            assert_eq!(places, Scalar.compress(&room, &mut expected));
            let count = places.count_ones() as usize;
            assert_eq!(values[..count], expected[..count]);
            kernels.expand(places, &values[..count.next_multiple_of(AT_ONCE)], &mut back);
            assert_eq!(back[..64], block);
        }
    }

    fn planes_are_scalar<K: AcKernels>(kernels: K) {
        let mut noise = Noise(6);
        for round in 0..300_usize {
            let mut blocks = random_blocks(&mut noise);
            // Its magnitude does not fit an `i16`.
            blocks[round % GROUP][round % 61] = i16::MIN;
            let blocks = &blocks[..if round.is_multiple_of(4) { round % GROUP } else { GROUP }];
            let mut wanted = Wanted::default();
            for _ in 0..1 + round % 4 {
                // Those below Al = 8 have a way of their own, the others not.
                let low = noise.next() % if round.is_multiple_of(3) { 14 } else { 7 };
                if noise.next().is_multiple_of(2) { wanted.first(low) } else { wanted.refinement(low) }
            }
            let (mut got, mut expected) = (Planes::new(), Planes::new());
            kernels.planes(blocks, wanted, &mut got);
            Scalar.planes(blocks, wanted, &mut expected);
            assert!(got == expected, "{wanted:?} of {} blocks", blocks.len());
        }
    }

    const ROOM_OF_NOTHING: Room = [0; ROOM];

    fn bits(rows: &[Vec<f32>]) -> Vec<Vec<u32>> {
        rows.iter().map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
    }

    /// Y, Cb and Cr as bits, from a function that fills rows of `len` samples.
    fn ycbcr(len: usize, convert: impl Fn(&mut [f32], &mut [f32], &mut [f32])) -> Vec<Vec<u32>> {
        let mut rows = [vec![0.0; len + 1], vec![0.0; len + 1], vec![0.0; len + 1]];
        let [y, cb, cr] = &mut rows;
        convert(&mut y[1..], &mut cb[1..], &mut cr[1..]);
        bits(&rows)
    }

    fn color_is_scalar<K: Kernels>(kernels: K) {
        let mut noise = Noise(1);
        for len in 0..70 {
            // From the second byte on, at no address that a vector would choose.
            let [gray, rgb, rgba] = [1, 3, 4].map(|channels| noise.bytes(channels * len + 1));
            let (gray, rgb, rgba) = (&gray[1..], &rgb[1..], &rgba[1..]);
            assert_eq!(ycbcr(len, |y, _, _| kernels.gray(gray, y)), ycbcr(len, |y, _, _| color::gray(gray, y)));
            assert_eq!(
                ycbcr(len, |y, cb, cr| kernels.rgb(rgb, y, cb, cr)),
                ycbcr(len, |y, cb, cr| color::rgb(rgb, y, cb, cr))
            );
            let background = [0, 1, 254];
            assert_eq!(
                ycbcr(len, |y, cb, cr| kernels.rgba(rgba, background, y, cb, cr)),
                ycbcr(len, |y, cb, cr| color::rgba(rgba, background, y, cb, cr))
            );
        }
    }

    fn every_alpha_is_scalar<K: Kernels>(kernels: K) {
        // All pairs of a channel and alpha: the division by 255 has no lucky cases.
        let pixels: Vec<u8> = (0..=0xFFFF_u32).flat_map(|i| [i as u8, !i as u8, i as u8, (i >> 8) as u8]).collect();
        for background in [[0, 128, 255], [255, 0, 77]] {
            let rows = ycbcr(1 << 16, |y, cb, cr| kernels.rgba(&pixels, background, y, cb, cr));
            assert!(rows == ycbcr(1 << 16, |y, cb, cr| color::rgba(&pixels, background, y, cb, cr)));
        }
    }

    fn sampling_is_scalar<K: Kernels>(kernels: K) {
        let mut noise = Noise(2);
        for len in 0..70 {
            let (upper, lower) = (noise.samples(2 * len), noise.samples(2 * len));
            let (mut half, mut expected) = (vec![0.0; len], vec![0.0; len]);
            kernels.h2v1(&upper, &mut half);
            sample::h2v1(&upper, &mut expected);
            assert_eq!(bits(&[half.clone()]), bits(&[expected.clone()]));
            kernels.h2v2(&upper, &lower, &mut half);
            sample::h2v2(&upper, &lower, &mut expected);
            assert_eq!(bits(&[half.clone()]), bits(&[expected.clone()]));
            let mut scratch = [vec![0.0; len + 2], vec![0.0; len + 2]];
            kernels.sharpen_row(&mut half, &mut scratch[0]);
            Scalar.sharpen_row(&mut expected, &mut scratch[1]);
            assert_eq!(bits(&[half]), bits(&[expected]));
        }
    }

    fn light_is_scalar<K: Kernels>(kernels: K) {
        let mut noise = Noise(5);
        for len in 1..70 {
            let rows: [Vec<f32>; 4] = std::array::from_fn(|_| noise.samples(len));
            let [near_cb, far_cb, near_cr, far_cr] = rows.each_ref().map(Vec::as_slice);
            let (y, full_cb, full_cr) = (noise.samples(2 * len), noise.samples(2 * len), noise.samples(2 * len));
            let (mut light, mut expected) = (vec![0.0; 2 * len], vec![0.0; 2 * len]);
            kernels.light(&y, &full_cb, &full_cr, &mut light);
            sample::light(&y, &full_cb, &full_cr, &mut expected);
            assert_eq!(bits(&[light.clone()]), bits(&[expected]));
            let (cb, cr) = ([near_cb, far_cb], [near_cr, far_cr]);
            let mut scratch = [vec![0.0; len + 2], vec![0.0; len + 2]];
            let mut expected_scratch = scratch.clone();
            let (mut luma, mut expected) = (y.clone(), y);
            kernels.correct_by_rows(&light, cb, cr, &mut scratch, &mut luma);
            Scalar.correct_by_rows(&light, cb, cr, &mut expected_scratch, &mut expected);
            assert_eq!(bits(&scratch), bits(&expected_scratch));
            assert_eq!(bits(&[luma.clone()]), bits(&[expected.clone()]));
            kernels.correct_full(&light, &full_cb, &full_cr, &mut luma);
            sample::correct_full(&light, &full_cb, &full_cr, &mut expected);
            assert_eq!(bits(&[luma]), bits(&[expected]));
        }
    }

    fn blocks_are_scalar<K: Kernels>(kernels: K) {
        let mut noise = Noise(3);
        for step in [1, 7, 50, 255] {
            let zone = DeadZone { low: 0.55, rise: 0.2, masked: 0.02, floor: 9.0, most: 0.9, bias: 0.03 };
            let quantiser = Quantiser::new(&QuantTable([step; 64]), &zone);
            // An odd number of blocks: one has no neighbour.
            let rows: [Vec<f32>; 8] = std::array::from_fn(|_| noise.samples(8 * 33));
            let rows: [&[f32]; 8] = std::array::from_fn(|y| rows[y].as_slice());
            let (mut fine, mut expected) = ([[0; 64]; 33], [[0; 64]; 33]);
            kernels.block_row(rows, &mut fine);
            Scalar.block_row(rows, &mut expected);
            assert_eq!(fine, expected);
            let mut blocks = [[0; 64]; 33];
            for fine in [&fine[..], &random_blocks(&mut noise)[..33]] {
                kernels.quantise(&quantiser, fine, &mut blocks);
                Scalar.quantise(&quantiser, fine, &mut expected);
                assert_eq!(blocks, expected);
            }
        }
    }

    #[test]
    fn every_level_is_bit_identical_to_scalar() {
        for_every_level!(color_is_scalar);
        for_every_level!(every_alpha_is_scalar);
        for_every_level!(sampling_is_scalar);
        for_every_level!(light_is_scalar);
        for_every_level!(blocks_are_scalar);
        for_every_level!(ac_is_scalar);
        for_every_level!(planes_are_scalar);
        for_every_level!(packing_is_scalar);
        for_every_level!(changing_is_scalar);
    }

    #[test]
    fn names() {
        for (name, simd) in
            [("auto", Simd::Auto), ("scalar", Simd::Scalar), ("avx2", Simd::Avx2), ("avx512", Simd::Avx512)]
        {
            assert_eq!(name.parse::<Simd>().unwrap(), simd);
        }
        assert_eq!("sse4".parse::<Simd>().unwrap_err().field(), Some("simd"));
    }
}
