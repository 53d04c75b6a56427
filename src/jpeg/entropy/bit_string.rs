//! Bits without form: the corrections of refinements, which leave in the order in which they came.

/// A string of bits.
#[derive(Debug, Default)]
pub(super) struct BitString {
    /// Bits before the words that are not kept; such a string only counts.
    forgotten: u64,
    /// Whole words, their first bit the highest.
    words: Vec<u64>,
    /// The `count` bits that do not fill a word yet, below 64, the first of them the lowest.
    last: u64,
    count: u32,
}

impl BitString {
    /// Adds `count` bits, 63 at most, the first of them the lowest.
    #[inline(always)]
    pub(super) fn push(&mut self, bits: u64, count: u32) {
        self.last |= bits << self.count;
        let sum = self.count + count;
        if sum >= 64 {
            self.words.push(self.last.reverse_bits());
            self.last = bits >> 1 >> (63 - self.count);
        }
        self.count = sum % 64;
    }

    /// Adds another string.
    pub(super) fn append(&mut self, next: &Self) {
        self.forgotten += next.forgotten;
        self.words.reserve(next.words.len() + 1);
        // What does not fill a word yet, its first bit the highest.
        let mut last = self.last.reverse_bits();
        for word in &next.words {
            self.words.push(last | word >> self.count);
            last = word << 1 << (63 - self.count);
        }
        self.last = last.reverse_bits();
        self.push(next.last, next.count);
    }

    /// Keeps none of the bits so far.
    pub(super) fn forget(&mut self) {
        self.forgotten += self.words.len() as u64 * 64;
        self.words = Vec::new();
    }

    /// Bits.
    pub(super) fn len(&self) -> u64 {
        self.forgotten + self.words.len() as u64 * 64 + u64::from(self.count)
    }

    /// Bytes of all whole words.
    pub(super) fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// Bytes of memory in use.
    pub(super) fn bytes_in_use(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    /// All of its bits.
    pub(super) fn complete(mut self) -> Corrections {
        // One word more than there are bits for, so that two words can be read at any place.
        self.words.reserve_exact(2);
        self.words.extend([self.last.reverse_bits(), 0]);
        Corrections { words: self.words }
    }
}

/// A string that has all its bits.
#[derive(Debug)]
pub(super) struct Corrections {
    words: Vec<u64>,
}

impl Corrections {
    /// Takes it apart again, from a bit on.
    pub(super) fn reader(&self, at: usize) -> BitStringReader<'_> {
        BitStringReader { words: &self.words, at }
    }

    /// Bytes of memory in use.
    pub(super) fn bytes_in_use(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

/// Takes bits from a string.
#[derive(Debug)]
pub(super) struct BitStringReader<'a> {
    words: &'a [u64],
    at: usize,
}

impl BitStringReader<'_> {
    /// Bits that were taken, and those before the first of them.
    pub(super) fn taken(&self) -> usize {
        self.at
    }

    /// The next `count` bits, 63 at most and no more than are left, the first of them the highest.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u64 {
        let (word, shift) = (self.at / 64, self.at % 64);
        let words = &self.words[word..][..2];
        self.at += count as usize;
        (words[0] << shift | words[1] >> 1 >> (63 - shift)) >> 1 >> (63 - count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_bits_come_back_in_other_pieces() {
        let mut string = BitString::default();
        let bit = |i: usize| (i * i / 7 + i / 3) as u64 & 1;
        let mut at = 0;
        for count in (0..64).chain([63, 1, 63, 1]) {
            let bits = (0..count).fold(0, |bits, i| bits | bit(at + i) << i);
            string.push(bits, count as u32);
            at += count;
        }
        assert_eq!(string.len(), at as u64);
        let total = at;
        let string = string.complete();
        let mut reader = string.reader(0);
        let mut at = 0;
        for count in (0..64).rev().cycle() {
            let count = count.min(total - reader.taken());
            let expected = (0..count).fold(0, |bits, i| bits << 1 | bit(at + i));
            assert_eq!(reader.take(count as u32), expected, "{count} bits at {at}");
            at += count;
            if reader.taken() == total {
                break;
            }
        }
    }

    #[test]
    fn strings_are_joined_at_any_bit() {
        for (first, second) in (0..130).flat_map(|first| (0..130).step_by(7).map(move |second| (first, second))) {
            let bit = |i: u64| (i * i / 5 + i / 3) & 1;
            let string = |from: u64, count: u64| {
                let mut string = BitString::default();
                (from..from + count).for_each(|i| string.push(bit(i), 1));
                string
            };
            let (mut joined, whole) = (string(0, first), string(0, first + second));
            joined.append(&string(first, second));
            let mut forgotten = string(0, first);
            forgotten.forget();
            forgotten.append(&string(first, second));
            assert_eq!(forgotten.len(), whole.len());
            assert_eq!((joined.len(), joined.words, joined.last), (whole.len(), whole.words, whole.last));
        }
    }
}
