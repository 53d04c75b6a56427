//! Huffman tables: as a DHT segment gives them, made ready to decode, optimal for given counts.

use crate::error::{Error, Result};

/// The longest code (T.81 C.2).
const MAX_LENGTH: usize = 16;
/// Bits that one look-up of the decoder covers; longer codes take the slow path. 10 to 12 are equally fast, and a small
/// table is sooner built.
pub(crate) const LOOKUP_BITS: u32 = 10;

/// A table as it stands in a DHT segment: BITS and HUFFVAL of T.81 B.2.4.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HuffmanTable {
    /// Codes of each length, 1 to 16.
    pub(crate) counts: [u8; MAX_LENGTH],
    /// Symbols in the order of their codes.
    pub(crate) symbols: Vec<u8>,
}

impl HuffmanTable {
    /// Checks that the codes fit their lengths.
    pub(crate) fn new(counts: [u8; MAX_LENGTH], symbols: Vec<u8>) -> Result<Self> {
        let mut code = 0u32;
        for &count in &counts {
            code = (code + u32::from(count)) << 1;
        }
        // After the loop `code` is the first free code of 17 bits; more than 2^17 means that some length overflowed,
        // because every length at least doubles what the one before it overflowed by.
        if code > 1 << (MAX_LENGTH + 1) || counts.iter().map(|&c| usize::from(c)).sum::<usize>() != symbols.len() {
            return Err(Error::input("the codes of a Huffman table do not fit their lengths").field_named("DHT"));
        }
        Ok(Self { counts, symbols })
    }

    /// The typical tables of T.81 K.3: luma in slot 0, chroma in slot 1.
    pub(crate) fn typical(dc: bool, slot: u8) -> Option<Self> {
        let (counts, frequent): ([u8; MAX_LENGTH], &[u8]) = match (dc, slot) {
            (true, 0) => ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
            (true, 1) => ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
            (false, 0) => ([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], TYPICAL_AC_LUMA),
            (false, 1) => ([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], TYPICAL_AC_CHROMA),
            _ => return None,
        };
        let mut symbols = frequent.to_vec();
        if !dc {
            // All other symbols that a baseline scan may have follow in their own order: they share 16 bits.
            let sizes = |symbol: &u8| (1..=10).contains(&(symbol & 15)) && !frequent.contains(symbol);
            symbols.extend((0..=0xFF).filter(sizes));
        }
        Some(Self { counts, symbols })
    }

    /// The shortest code for `counts`, none longer than 16 bits, the code of all ones left free (T.81 K.2).
    /// Symbols that do not occur get no code.
    pub(crate) fn optimal(counts: &[u32; 256]) -> Self {
        let mut used: Vec<(u32, u8)> =
            (0..=255).map(|s: u8| (counts[usize::from(s)], s)).filter(|&(n, _)| n > 0).collect();
        used.sort_unstable();
        // A leaf of weight nothing takes the longest code; it is the one that may not be used.
        let weights: Vec<u64> = std::iter::once(0).chain(used.iter().map(|&(n, _)| u64::from(n))).collect();
        let mut lengths = huffman_lengths(&weights);
        if lengths.iter().any(|&l| l > MAX_LENGTH) {
            lengths = limited_lengths(&weights);
        }
        let mut table = Self { counts: [0; MAX_LENGTH], symbols: Vec::with_capacity(used.len()) };
        // The rarest symbols come first and have the longest codes, so codes in order are the symbols backwards.
        for (&(_, symbol), &length) in used.iter().zip(&lengths[1..]).rev() {
            table.counts[length - 1] += 1;
            table.symbols.push(symbol);
        }
        table
    }

    /// Bytes of the table in a DHT segment, its class and slot included.
    pub(crate) fn segment_bytes(&self) -> usize {
        1 + MAX_LENGTH + self.symbols.len()
    }

    /// Bits of the codes of so many symbols.
    pub(crate) fn code_bits(&self, counts: &[u32; 256]) -> u64 {
        self.codes().map(|(symbol, _, length)| u64::from(counts[usize::from(symbol)]) * u64::from(length)).sum()
    }

    /// Bits of the codes of so many symbols and of the extra bits that follow them.
    pub(crate) fn scan_bits(&self, counts: &[u32; 256]) -> u64 {
        let with_extra =
            |(symbol, _, length)| u64::from(counts[usize::from(symbol)]) * u64::from(length + extra_bits(symbol));
        self.codes().map(with_extra).sum()
    }

    /// Symbols with their code and its length, in the order of the codes (T.81 C.2).
    pub(crate) fn codes(&self) -> impl Iterator<Item = (u8, u32, u32)> {
        let mut code = 0;
        let lengths = (1..).zip(self.counts).flat_map(|(length, count)| std::iter::repeat_n(length, count.into()));
        let mut last = 0;
        self.symbols.iter().zip(lengths).map(move |(&symbol, length)| {
            code <<= length - last;
            last = length;
            code += 1;
            (symbol, code - 1, length)
        })
    }
}

/// The symbols of T.81 table K.5 that are not left to the end.
const TYPICAL_AC_LUMA: &[u8] = &[
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14,
    0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72, 0x82,
];

/// The symbols of T.81 table K.6 that are not left to the end.
const TYPICAL_AC_CHROMA: &[u8] = &[
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32,
    0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1, 0x0A, 0x16,
    0x24, 0x34, 0xE1, 0x25, 0xF1,
];

/// Lengths of Huffman's code for weights in rising order, by two queues: leaves, and trees, which are made in rising
/// order too.
fn huffman_lengths(weights: &[u64]) -> Vec<usize> {
    let n = weights.len();
    if n < 2 {
        return vec![1; n];
    }
    let mut weight = weights.to_vec();
    let mut parent = vec![0; 2 * n - 1];
    let (mut leaf, mut tree) = (0, n);
    for node in n..2 * n - 1 {
        let mut sum = 0;
        for _ in 0..2 {
            let take_leaf = leaf < n && (tree >= node || weight[leaf] <= weight[tree]);
            let child = if take_leaf { &mut leaf } else { &mut tree };
            sum += weight[*child];
            parent[*child] = node;
            *child += 1;
        }
        weight.push(sum);
    }
    let mut depth = vec![0; 2 * n - 1];
    for node in (0..2 * n - 2).rev() {
        depth[node] = depth[parent[node]] + 1;
    }
    depth.truncate(n);
    depth
}

/// Lengths of the best code with none over 16 bits for weights in rising order: package-merge (Larmore and Hirschberg,
/// 1990). A list holds, in rising order of weight, leaves and packages of two items of the list before it.
fn limited_lengths(weights: &[u64]) -> Vec<usize> {
    let n = weights.len();
    let leaves: Vec<(u64, Option<usize>)> = weights.iter().map(|&w| (w, None)).collect();
    let mut lists = vec![leaves.clone()];
    for level in 1..MAX_LENGTH {
        let packages = lists[level - 1].chunks_exact(2).enumerate().map(|(i, pair)| (pair[0].0 + pair[1].0, Some(i)));
        let mut list: Vec<_> = leaves.iter().copied().chain(packages).collect();
        list.sort_by_key(|&(w, _)| w);
        lists.push(list);
    }
    // The first 2n - 2 items of the last list are the solution; a leaf is as deep as the number of lists it is taken
    // in.
    let mut lengths = vec![0; n];
    let mut take = 2 * n - 2;
    for list in lists.iter().rev() {
        let taken = &list[..take.min(list.len())];
        let packages = taken.iter().filter(|item| item.1.is_some()).count();
        lengths[..taken.len() - packages].iter_mut().for_each(|l| *l += 1);
        take = 2 * packages;
    }
    lengths
}

/// A table made ready to decode.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    /// By the next bits: the symbol in the low byte and the length above it; 0 where the code is longer.
    lookup: Box<[u16; 1 << LOOKUP_BITS]>,
    /// For each length: codes below this, all 16 bits of them, are at most that long.
    limits: [u32; MAX_LENGTH],
    /// For each length: what to add to a code of that length to find its symbol.
    offsets: [i32; MAX_LENGTH],
    symbols: Vec<u8>,
}

impl Decoder {
    /// Bytes of memory of one, at most.
    pub(crate) const BYTES: u64 = (size_of::<Self>() + size_of::<[u16; 1 << LOOKUP_BITS]>() + 256) as u64;

    pub(crate) fn new(table: &HuffmanTable) -> Self {
        let mut lookup = Box::new([0; 1 << LOOKUP_BITS]);
        for (symbol, code, length) in table.codes() {
            if length <= LOOKUP_BITS {
                let first = (code as usize) << (LOOKUP_BITS - length);
                lookup[first..first + (1 << (LOOKUP_BITS - length))].fill((length as u16) << 8 | u16::from(symbol));
            }
        }
        let (mut limits, mut offsets) = ([0; MAX_LENGTH], [0; MAX_LENGTH]);
        let (mut code, mut index) = (0u32, 0i32);
        for (i, &count) in table.counts.iter().enumerate() {
            offsets[i] = index - code as i32;
            code += u32::from(count);
            index += i32::from(count);
            limits[i] = code << (MAX_LENGTH - 1 - i);
            code <<= 1;
        }
        Self { lookup, limits, offsets, symbols: table.symbols.clone() }
    }

    /// The symbol that begins the bits from the top down, and the length of its code; `None` if no code does.
    #[inline(always)]
    pub(crate) fn decode(&self, bits: u64) -> Option<(u8, u32)> {
        let entry = self.lookup[(bits >> (64 - LOOKUP_BITS)) as usize];
        if entry != 0 {
            return Some((entry as u8, u32::from(entry >> 8)));
        }
        self.decode_long(bits)
    }

    #[cold]
    fn decode_long(&self, bits: u64) -> Option<(u8, u32)> {
        let code = (bits >> (64 - MAX_LENGTH)) as u32;
        let i = self.limits.iter().position(|&limit| code < limit)?;
        let index = (code >> (MAX_LENGTH - 1 - i)) as i32 + self.offsets[i];
        let symbol = *self.symbols.get(usize::try_from(index).ok()?)?;
        Some((symbol, i as u32 + 1))
    }
}

/// How many extra bits follow a symbol. One rule serves all kinds of scan: a size in the low half (DC differences, AC
/// coefficients, the sign of a refined one), else the EOBn of the high half, ZRL excepted (T.81 F.1.2, G.1.2).
pub(crate) fn extra_bits(symbol: u8) -> u32 {
    match (symbol >> 4, symbol & 15) {
        (15, 0) => 0,
        (n, 0) => n.into(),
        (_, size) => size.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(seed: u32, symbols: usize, shape: impl Fn(u32) -> u32) -> [u32; 256] {
        let mut counts = [0; 256];
        let mut state = seed;
        for n in counts.iter_mut().take(symbols) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *n = shape(state >> 8);
        }
        counts
    }

    #[test]
    fn optimal_codes_decode_and_leave_all_ones_free() {
        for symbols in [1, 2, 3, 17, 100, 256] {
            let counts = counts(symbols as u32, symbols, |r| r % 1000 + 1);
            let table = HuffmanTable::optimal(&counts);
            assert_eq!(table.symbols.len(), symbols);
            let table = HuffmanTable::new(table.counts, table.symbols).unwrap();
            let decoder = Decoder::new(&table);
            for (symbol, code, length) in table.codes() {
                assert_ne!(code, (1 << length) - 1, "all ones is reserved");
                assert_eq!(decoder.decode(u64::from(code) << (64 - length)), Some((symbol, length)));
            }
            assert_eq!(decoder.decode(u64::MAX), None);
        }
    }

    #[test]
    fn the_limited_code_is_within_16_bits_and_no_worse_than_needed() {
        // Fibonacci weights make Huffman's code as deep as it can be.
        let mut weights = [0; 256];
        let (mut a, mut b) = (1u32, 1u32);
        for w in weights.iter_mut().take(40) {
            *w = a;
            (a, b) = (b, a + b);
        }
        let table = HuffmanTable::optimal(&weights);
        assert_eq!(table.symbols.len(), 40);
        assert!(table.counts[15] > 0);
        // The flat code of 6 bits is a bound from above, the unlimited one from below.
        let sorted: Vec<u64> =
            std::iter::once(0).chain(weights.iter().filter(|&&w| w > 0).map(|&w| w.into())).collect();
        let unlimited: u64 = huffman_lengths(&sorted).iter().zip(&sorted).map(|(&l, &w)| l as u64 * w).sum();
        let total: u64 = sorted.iter().sum();
        assert!(table.code_bits(&weights) >= unlimited && table.code_bits(&weights) < unlimited + total / 1000);
    }

    #[test]
    fn both_ways_agree_where_the_limit_does_not_bind() {
        for seed in 0..50 {
            let counts = counts(seed, 5 + seed as usize * 5, |r| 1 << (r % 9));
            let mut weights: Vec<u64> =
                std::iter::once(0).chain(counts.iter().filter(|&&n| n > 0).map(|&n| n.into())).collect();
            weights.sort_unstable();
            let cost = |lengths: Vec<usize>| lengths.iter().zip(&weights).map(|(&l, &w)| l as u64 * w).sum::<u64>();
            assert_eq!(cost(huffman_lengths(&weights)), cost(limited_lengths(&weights)));
        }
    }

    #[test]
    fn typical_tables_are_whole() {
        for (dc, slot, symbols) in [(true, 0, 12), (true, 1, 12), (false, 0, 162), (false, 1, 162)] {
            let table = HuffmanTable::typical(dc, slot).unwrap();
            assert_eq!(table.symbols.len(), symbols);
            HuffmanTable::new(table.counts, table.symbols).unwrap();
        }
        assert_eq!(HuffmanTable::typical(false, 2), None);
    }

    #[test]
    fn codes_that_do_not_fit_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(HuffmanTable::new(counts, vec![0, 1, 2]).is_err());
        counts[0] = 2;
        assert!(HuffmanTable::new(counts, vec![0, 1]).is_ok());
        counts[15] = 1;
        assert!(HuffmanTable::new(counts, vec![0, 1, 2]).is_err());
    }
}
