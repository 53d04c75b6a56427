//! The binary arithmetic decoder, and the probabilities that it learns (T.81 annex D).

use crate::jpeg::bits::{self, BitReader};
use crate::jpeg::entropy::Input;

/// What is learnt of a decision: its state in the table of estimates, and in the top bit its more probable value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bin(u8);

/// The bit of a [`Bin`] that holds the more probable value.
const MPS: u8 = 0x80;
/// In the successor of a state: the more probable value changes sides.
const S: u8 = MPS;

/// Takes decisions from the data of an interval. Past its end there are zeros: encoders leave them out (T.81 D.1.8).
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    bits: BitReader<'a>,
    /// The interval register A, from 0x8000 to 0x10000 between decisions.
    interval: u32,
    /// The high half of the code register C: less than A.
    code: u32,
}

/// How far a [`Decoder`] has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    bits: bits::Place,
    interval: u32,
    code: u32,
}

impl Decoder<'_> {
    /// A decision by what `bin` has learnt, which learns from it (T.81 figures D.15 to D.18).
    #[inline(always)]
    pub(crate) fn decide(&mut self, bin: &mut Bin) -> bool {
        let (estimate, after_less_probable, after_more_probable) = ESTIMATES[usize::from(bin.0 & !MPS)];
        let more_probable = bin.0 & MPS;
        match self.split(estimate) {
            None => more_probable != 0,
            Some(false) => {
                bin.0 = more_probable | after_more_probable;
                more_probable != 0
            }
            Some(true) => {
                bin.0 = more_probable ^ after_less_probable;
                more_probable == 0
            }
        }
    }

    /// A decision that is as likely as not, and stays so (T.81 F.1.4.4.2, G.1.3.1).
    #[inline(always)]
    pub(crate) fn decide_evenly(&mut self) -> bool {
        self.split(ESTIMATES[0].0) == Some(true)
    }

    /// Splits the interval and takes the part that the code lies in: whether that is the less probable one, or nothing
    /// where it is the more probable one without a renormalisation, from which no bin learns.
    #[inline(always)]
    fn split(&mut self, estimate: u16) -> Option<bool> {
        let estimate = u32::from(estimate);
        self.interval -= estimate;
        let upper = self.code >= self.interval;
        if !upper && self.interval >= 0x8000 {
            return None;
        }
        // The larger part belongs to the more probable value, whichever part that is.
        let less_probable = upper != (self.interval < estimate);
        if upper {
            self.code -= self.interval;
            self.interval = estimate;
        }
        let shift = self.interval.leading_zeros() - 16;
        self.bits.refill();
        self.interval <<= shift;
        self.code = self.code << shift | self.bits.take(shift);
        Some(less_probable)
    }
}

impl<'a> Input<'a> for Decoder<'a> {
    type Place = Option<Place>;

    fn resume(data: &'a [u8], place: Option<Place>) -> Self {
        if let Some(Place { bits, interval, code }) = place {
            return Self { bits: BitReader::resume(data, bits), interval, code };
        }
        let mut bits = BitReader::new(data);
        bits.refill();
        let code = bits.take(16);
        Self { bits, interval: 0x10000, code }
    }

    fn place(&self) -> Option<Place> {
        let Self { bits, interval, code } = self;
        Some(Place { bits: bits.place(), interval: *interval, code: *code })
    }

    fn byte_position(&self) -> usize {
        self.bits.byte_position()
    }

    fn overrun(&self) -> bool {
        false
    }

    fn left_over(&self) -> usize {
        self.bits.left_over()
    }
}

/// For each state the probability of the less probable value (Qe), and the states after one and the other (T.81 table
/// D.3).
#[rustfmt::skip]
const ESTIMATES: [(u16, u8, u8); 113] = [
    (0x5A1D, S | 1, 1), (0x2586, 14, 2), (0x1114, 16, 3), (0x080B, 18, 4), (0x03D8, 20, 5), (0x01DA, 23, 6),
    (0x00E5, 25, 7), (0x006F, 28, 8), (0x0036, 30, 9), (0x001A, 33, 10), (0x000D, 35, 11), (0x0006, 9, 12),
    (0x0003, 10, 13), (0x0001, 12, 13), (0x5A7F, S | 15, 15), (0x3F25, 36, 16), (0x2CF2, 38, 17), (0x207C, 39, 18),
    (0x17B9, 40, 19), (0x1182, 42, 20), (0x0CEF, 43, 21), (0x09A1, 45, 22), (0x072F, 46, 23), (0x055C, 48, 24),
    (0x0406, 49, 25), (0x0303, 51, 26), (0x0240, 52, 27), (0x01B1, 54, 28), (0x0144, 56, 29), (0x00F5, 57, 30),
    (0x00B7, 59, 31), (0x008A, 60, 32), (0x0068, 62, 33), (0x004E, 63, 34), (0x003B, 32, 35), (0x002C, 33, 9),
    (0x5AE1, S | 37, 37), (0x484C, 64, 38), (0x3A0D, 65, 39), (0x2EF1, 67, 40), (0x261F, 68, 41), (0x1F33, 69, 42),
    (0x19A8, 70, 43), (0x1518, 72, 44), (0x1177, 73, 45), (0x0E74, 74, 46), (0x0BFB, 75, 47), (0x09F8, 77, 48),
    (0x0861, 78, 49), (0x0706, 79, 50), (0x05CD, 48, 51), (0x04DE, 50, 52), (0x040F, 50, 53), (0x0363, 51, 54),
    (0x02D4, 52, 55), (0x025C, 53, 56), (0x01F8, 54, 57), (0x01A4, 55, 58), (0x0160, 56, 59), (0x0125, 57, 60),
    (0x00F6, 58, 61), (0x00CB, 59, 62), (0x00AB, 61, 63), (0x008F, 61, 32), (0x5B12, S | 65, 65), (0x4D04, 80, 66),
    (0x412C, 81, 67), (0x37D8, 82, 68), (0x2FE8, 83, 69), (0x293C, 84, 70), (0x2379, 86, 71), (0x1EDF, 87, 72),
    (0x1AA9, 87, 73), (0x174E, 72, 74), (0x1424, 72, 75), (0x119C, 74, 76), (0x0F6B, 74, 77), (0x0D51, 75, 78),
    (0x0BB6, 77, 79), (0x0A40, 77, 48), (0x5832, S | 80, 81), (0x4D1C, 88, 82), (0x438E, 89, 83), (0x3BDD, 90, 84),
    (0x34EE, 91, 85), (0x2EAE, 92, 86), (0x299A, 93, 87), (0x2516, 86, 71), (0x5570, S | 88, 89), (0x4CA9, 95, 90),
    (0x44D9, 96, 91), (0x3E22, 97, 92), (0x3824, 99, 93), (0x32B4, 99, 94), (0x2E17, 93, 86), (0x56A8, S | 95, 96),
    (0x4F46, 101, 97), (0x47E5, 102, 98), (0x41CF, 103, 99), (0x3C3D, 104, 100), (0x375E, 99, 93), (0x5231, 105, 102),
    (0x4C0F, 106, 103), (0x4639, 107, 104), (0x415E, 103, 99), (0x5627, S | 105, 106), (0x50E7, 108, 107),
    (0x4B85, 109, 103), (0x5597, 110, 109), (0x504F, 111, 107), (0x5A10, S | 110, 111), (0x5522, 112, 109),
    (0x59EB, S | 112, 111),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_sequence_of_the_standard() {
        // T.81 K.4.1: 256 decisions with one bin.
        let decisions = hex::decode("00020051000000c00352872aaaaaaaaa82c02000fcd79ef674eaabf7697ee74c").unwrap();
        let coded = hex::decode("655b5144f7969d517855bfff00fc5184c7cef93900287d46708ecbc0f6ffd900").unwrap();
        let (scan, _) = coded.split_at(coded.len() - 3);
        let plain: Vec<u8> =
            scan.iter().enumerate().filter(|&(i, _)| i == 0 || scan[i - 1] != 0xFF).map(|p| *p.1).collect();
        let (mut decoder, mut bin) = (Decoder::resume(&plain, None), Bin::default());
        for (i, byte) in decisions.iter().enumerate() {
            let said = (0..8).fold(0, |said, _| said << 1 | u8::from(decoder.decide(&mut bin)));
            assert_eq!(said, *byte, "byte {i}");
        }
        assert_eq!(decoder.left_over(), 0);
    }

    #[test]
    fn every_state_leads_to_states_that_there_are() {
        for (estimate, less, more) in ESTIMATES {
            assert!((1..0x8000).contains(&estimate) && less & !S < 113 && more < 113);
        }
    }
}
