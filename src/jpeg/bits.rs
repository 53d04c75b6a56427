//! Bits in and out of entropy-coded data. Byte stuffing (T.81 B.1.1.5) lives only here: it is taken out of a scan
//! before its bits are read and put in after they are written, so that neither loop has to look for it.

use std::ops::Range;

use crate::jpeg::marker;

/// The entropy-coded data of a scan without its stuffing, cut at its restart markers.
#[derive(Debug, Default)]
pub(crate) struct Unstuffed {
    bytes: Vec<u8>,
    pub(crate) intervals: Vec<Interval>,
    /// Where the source has more data than the intervals that were asked for.
    pub(crate) surplus: Option<usize>,
}

/// What stands between two restart markers.
#[derive(Clone, Debug)]
pub(crate) struct Interval {
    /// Where it lies in the bytes without stuffing.
    range: Range<usize>,
    /// Where it begins in the source.
    pub(crate) source: usize,
    /// n of the RSTn before it; the first interval of a scan has none.
    pub(crate) restart: Option<u8>,
}

impl Unstuffed {
    /// Takes the stuffing out of `source[start..end]`, which ends before a marker that is not RSTn. Restart markers
    /// after the last of `intervals` are passed over, as long as nothing but more of them follows.
    pub(crate) fn fill(&mut self, source: &[u8], start: usize, end: usize, intervals: usize) {
        self.bytes.clear();
        self.bytes.reserve(end - start);
        self.intervals.clear();
        self.intervals.reserve_exact(Self::intervals_at_most(end - start, intervals));
        self.surplus = None;
        let mut interval = Interval { range: 0..0, source: start, restart: None };
        let mut at = start;
        while let Some(found) = memchr::memchr(0xFF, &source[at..end]) {
            self.bytes.extend_from_slice(&source[at..at + found]);
            let code = source.get(at + found + 1).copied().filter(|_| at + found + 1 < end);
            at = (at + found + 2).min(end);
            match code {
                Some(0) => self.bytes.push(0xFF),
                // A fill byte (T.81 B.1.1.2): the marker follows the last one.
                Some(0xFF) | None => at -= usize::from(code.is_some()),
                Some(_) if self.intervals.len() + 1 == intervals => {
                    (self.surplus, at) = (after_restarts(&source[..end], at), end);
                }
                Some(code) => {
                    interval.range.end = self.bytes.len();
                    let from = self.bytes.len();
                    let next = Interval { range: from..from, source: at, restart: Some(code & 7) };
                    self.intervals.push(std::mem::replace(&mut interval, next));
                }
            }
        }
        self.bytes.extend_from_slice(&source[at..end]);
        interval.range.end = self.bytes.len();
        self.intervals.push(interval);
    }

    /// Bytes of memory for the data of a scan of `bytes` with so many intervals.
    pub(crate) fn memory(bytes: usize, intervals: usize) -> u64 {
        (bytes + Self::intervals_at_most(bytes, intervals) * size_of::<Interval>()) as u64
    }

    /// Bits of all intervals.
    pub(crate) fn bits(&self) -> usize {
        self.bytes.len().saturating_mul(8)
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        (self.bytes.capacity() + self.intervals.capacity() * size_of::<Interval>()) as u64
    }

    /// Each but the first has a marker of two bytes.
    fn intervals_at_most(bytes: usize, intervals: usize) -> usize {
        intervals.min(bytes / 2 + 1)
    }

    /// What stands in one interval.
    pub(crate) fn data(&self, interval: &Interval) -> &[u8] {
        &self.bytes[interval.range.clone()]
    }
}

/// Where something else follows than restart markers, and fill bytes before them or before the marker at the end.
fn after_restarts(source: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let fill = source[at..].iter().take_while(|&&b| b == 0xFF).count();
        match source.get(at + fill)? {
            marker::RST0..=marker::RST7 if fill > 0 => at += fill + 1,
            _ => return Some(at),
        }
    }
}

/// The offset in the source of a byte of an interval, counted without stuffing.
pub(crate) fn source_offset(source: &[u8], interval: &Interval, plain: usize) -> usize {
    let mut at = interval.source;
    for _ in 0..plain {
        match source.get(at..at + 2) {
            Some([0xFF, 0]) => at += 2,
            Some(_) => at += 1,
            None => break,
        }
    }
    at
}

/// Bits that [`BitReader::refill`] makes ready.
pub(crate) const READY: u32 = 56;

/// Reads bits, most significant first. Past the end it reads zeros, and [`BitReader::overrun`] tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BitReader<'a> {
    data: &'a [u8],
    /// Bytes that are in `word`, or have been.
    next: usize,
    /// The next bits, from the top down; `count` of them are sure.
    word: u64,
    count: u32,
}

/// How far a [`BitReader`] has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    next: usize,
    word: u64,
    count: u32,
}

impl Place {
    /// That before a byte.
    pub(crate) fn at_byte(next: usize) -> Self {
        Self { next, word: 0, count: 0 }
    }

    /// Bits before it.
    pub(crate) fn position(self) -> usize {
        (self.next * 8).saturating_sub(self.count as usize)
    }
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self::resume(data, Place::default())
    }

    /// Goes on from a place in the same data.
    pub(crate) fn resume(data: &'a [u8], Place { next, word, count }: Place) -> Self {
        Self { data, next, word, count }
    }

    pub(crate) fn place(&self) -> Place {
        Place { next: self.next, word: self.word, count: self.count }
    }

    /// Makes [`READY`] bits ready, at least.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        let bytes = match self.data.get(self.next..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(chunk) => u64::from_be_bytes(*chunk),
            None => last_bytes(self.data, self.next),
        };
        self.word |= bytes >> self.count;
        self.next += (63 - self.count as usize) >> 3;
        self.count |= READY;
    }

    /// The next bits, from the top down; sure are those that [`BitReader::refill`] made ready.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        self.word
    }

    #[inline(always)]
    pub(crate) fn consume(&mut self, bits: u32) {
        self.word <<= bits;
        self.count -= bits;
    }

    /// Goes back to `word`, which was there before `taken` bits were, less the first `bits` of them.
    pub(crate) fn put_back(&mut self, word: u64, taken: u32, bits: u32) {
        self.word = word << bits;
        self.count += taken - bits;
    }

    /// The next `bits` of 0 to 16, as a number. [`BitReader::refill`] must have made them ready.
    #[inline(always)]
    pub(crate) fn take(&mut self, bits: u32) -> u32 {
        let value = (self.word >> 32 >> (32 - bits)) as u32;
        self.consume(bits);
        value
    }

    /// A coefficient or difference of `size` 0 to 16 in its extra bits (T.81 F.2.2.1, EXTEND).
    #[inline(always)]
    pub(crate) fn take_signed(&mut self, size: u32) -> i32 {
        let negative = !(self.word as i64 >> 63) as i32;
        let bits = self.take(size) as i32;
        bits - (negative & ((1 << size) - 1))
    }

    /// Bits taken so far.
    pub(crate) fn position(&self) -> usize {
        self.place().position()
    }

    /// Whole bytes taken so far, at most those there are.
    pub(crate) fn byte_position(&self) -> usize {
        (self.position() / 8).min(self.data.len())
    }

    /// Whether bits were taken that are not there.
    #[inline(always)]
    pub(crate) fn overrun(&self) -> bool {
        self.position() > self.data.len() * 8
    }

    /// Whole bytes that were not taken.
    pub(crate) fn left_over(&self) -> usize {
        (self.data.len() * 8).saturating_sub(self.position()) / 8
    }
}

/// The bytes from `next` on, which are fewer than 8, and zeros after them.
#[cold]
fn last_bytes(data: &[u8], next: usize) -> u64 {
    let mut chunk = [0; 8];
    let rest = data.get(next..).unwrap_or_default();
    chunk[..rest.len()].copy_from_slice(rest);
    u64::from_be_bytes(chunk)
}

/// Bits that [`BitWriter::put`] takes at a time.
pub(crate) const MAX_BITS: u32 = 56;

/// Writes bits, most significant first, and puts the stuffing in on their way to the output.
#[derive(Debug)]
pub(crate) struct BitWriter {
    /// Whole bytes, `len` of them; behind them there is room for a word.
    plain: Vec<u8>,
    len: usize,
    /// Bits that wait for a whole byte, `count` of them, from the top down.
    word: u64,
    count: u32,
}

impl BitWriter {
    /// With room for so many bytes between two calls of [`BitWriter::stuff_into`].
    pub(crate) fn new(bytes: usize) -> Self {
        Self { plain: vec![0; bytes + size_of::<u64>()], len: 0, word: 0, count: 0 }
    }

    /// Appends the `len` bits of `bits`, [`MAX_BITS`] at most; the bits above them must be zero.
    #[inline(always)]
    pub(crate) fn put(&mut self, bits: u64, len: u32) {
        // No bits at all make the shift 64, and nothing to shift.
        self.word |= bits.wrapping_shl(64 - self.count - len);
        self.plain[self.len..][..size_of::<u64>()].copy_from_slice(&self.word.to_be_bytes());
        let count = self.count + len;
        self.len += count as usize / 8;
        self.word <<= count & !7;
        self.count = count % 8;
    }

    /// Moves the whole bytes written so far to `out`, a zero after each 0xFF.
    pub(crate) fn stuff_into(&mut self, out: &mut Vec<u8>) {
        let mut rest = &self.plain[..self.len];
        while let Some(at) = memchr::memchr(0xFF, rest) {
            out.extend_from_slice(&rest[..=at]);
            out.push(0);
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
        self.len = 0;
    }

    /// Moves the whole bytes written so far to `out` as they are.
    pub(crate) fn move_into(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.plain[..self.len]);
        self.len = 0;
    }

    /// The bits that do not fill a byte, and how many they are.
    pub(crate) fn rest(&self) -> (u64, u32) {
        (self.word >> 1 >> (63 - self.count), self.count)
    }

    /// Pads the last byte with ones (T.81 F.1.2.3) and moves everything to `out`.
    pub(crate) fn finish_into(&mut self, out: &mut Vec<u8>) {
        let padding = (8 - self.count) % 8;
        self.put((1 << padding) - 1, padding);
        self.stuff_into(out);
    }
}

/// Whether the byte after 0xFF continues entropy-coded data: stuffing, fill, or a restart marker.
pub(crate) fn continues(code: u8) -> bool {
    matches!(code, 0 | 0xFF | marker::RST0..=marker::RST7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_bits_are_read_back() {
        let fields: Vec<(u32, u32)> = (0..4000u32).map(|i| (i.wrapping_mul(0x9E37_79B9) >> 16, i % 16 + 1)).collect();
        let (mut writer, mut out) = (BitWriter::new(8), Vec::new());
        for &(value, len) in &fields {
            writer.put(u64::from(value) & ((1 << len) - 1), len);
            writer.stuff_into(&mut out);
        }
        writer.finish_into(&mut out);
        let mut plain = Unstuffed::default();
        plain.fill(&out, 0, out.len(), 1);
        assert_eq!(plain.intervals.len(), 1);
        let mut reader = BitReader::new(plain.data(&plain.intervals[0]));
        for &(value, len) in &fields {
            reader.refill();
            assert_eq!(reader.take(len), value & ((1 << len) - 1));
        }
        assert!(!reader.overrun());
        assert_eq!(reader.left_over(), 0);
    }

    #[test]
    fn restarts_cut_and_fill_bytes_vanish() {
        let source = [1, 0xFF, 0, 2, 0xFF, 0xFF, 0xFF, 0xD3, 3, 0xFF, 0xD4, 0xFF];
        let mut plain = Unstuffed::default();
        plain.fill(&source, 0, source.len(), 3);
        let parts: Vec<_> = plain.intervals.iter().map(|i| (plain.data(i), i.restart)).collect();
        assert_eq!(parts, [(&[1, 0xFF, 2][..], None), (&[3][..], Some(3)), (&[][..], Some(4))]);
        assert_eq!(plain.intervals[1].source, 8);
        assert_eq!(source_offset(&source, &plain.intervals[0], 2), 3);
    }

    #[test]
    fn restart_markers_at_the_end_are_passed_over_but_data_is_not() {
        let mut plain = Unstuffed::default();
        plain.fill(&[1, 0xFF, 0xD0, 0xFF, 0xD1], 0, 5, 1);
        assert_eq!((plain.intervals.len(), plain.surplus), (1, None));
        plain.fill(&[1, 0xFF, 0xD0, 0xFF, 0xFF, 0xD1, 0xFF], 0, 7, 1);
        assert_eq!((plain.intervals.len(), plain.surplus), (1, None));
        plain.fill(&[1, 0xFF, 0xD0, 0xFF, 0xD1, 9], 0, 6, 1);
        assert_eq!((plain.intervals.len(), plain.surplus), (1, Some(5)));
        plain.fill(&[1, 0xFF, 0xD0, 0xD1], 0, 4, 1);
        assert_eq!((plain.intervals.len(), plain.surplus), (1, Some(3)));
    }

    #[test]
    fn reading_past_the_end_gives_zeros_and_tells() {
        let mut plain = Unstuffed::default();
        plain.fill(&[0xAB], 0, 1, 1);
        let mut reader = BitReader::new(plain.data(&plain.intervals[0]));
        reader.refill();
        assert_eq!(reader.take(8), 0xAB);
        assert!(!reader.overrun());
        for _ in 0..100 {
            reader.refill();
            assert_eq!(reader.take(16), 0);
        }
        assert!(reader.overrun());
        assert_eq!(reader.byte_position(), 1);
    }

    #[test]
    fn extension_of_the_sign() {
        let mut plain = Unstuffed::default();
        plain.fill(&[0b0100_0111, 0b0000_0000, 0b1111_1111, 0, 0xFF, 0], 0, 6, 1);
        let mut reader = BitReader::new(plain.data(&plain.intervals[0]));
        reader.refill();
        assert_eq!([1, 1, 3, 3].map(|size| reader.take_signed(size)), [-1, 1, -7, 7]);
        assert_eq!(reader.take_signed(8), -255);
    }
}
