//! Huffman tables of every shape that is legal, and of some that are not.

use super::Random;

/// BITS and HUFFVAL (T.81 B.2.4.2).
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) counts: [u8; 16],
    pub(crate) symbols: Vec<u8>,
}

/// How codes are given to the symbols that a scan needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// All of about one length, the code of all ones free.
    Flat,
    /// A complete code: the last symbol has the code of all ones, which T.81 C.2 keeps free and decoders read.
    AllOnes,
    /// Half of the symbols have 16 bits, in no good order.
    Long,
    /// Every symbol there is has a code.
    Everything,
    /// The tables of T.81 K.3, in slots 0 (luma) and 1 (chroma).
    Typical,
}

impl Table {
    /// A table for `needed`, of class 0 (DC) or 1 (AC).
    pub(crate) fn new(style: Style, class: u8, slot: u8, needed: &[u8]) -> Self {
        let mut symbols = needed.to_vec();
        let mut random = Random::new(needed.len() as u64);
        for i in (1..symbols.len()).rev() {
            symbols.swap(i, random.below(i + 1));
        }
        let n = symbols.len();
        match style {
            Style::Flat => Self::of_lengths(vec![(n + 1).next_power_of_two().ilog2().max(1); n], symbols),
            Style::AllOnes => {
                if n == 1 {
                    let unused = u8::from(symbols[0] == 0);
                    return Self::of_lengths(vec![1, 1], vec![unused, symbols[0]]);
                }
                let short = n.ilog2();
                let long = 2 * (n - (1 << short));
                let lengths = (0..n).map(|i| if i < n - long { short } else { short + 1 });
                Self::of_lengths(lengths.collect(), symbols)
            }
            Style::Long => {
                let short = (n / 2).min(8);
                Self::of_lengths((0..n).map(|i| if i < short { i as u32 + 1 } else { 16 }).collect(), symbols)
            }
            // libjpeg, the judge, has no DC table with more than 16 symbols.
            Style::Everything if class == 0 => Self::of_lengths(vec![5; 16], (0..16).collect()),
            Style::Everything => {
                symbols.extend((0..=255).filter(|s| !needed.contains(s)));
                Self::of_lengths((0..256).map(|i| if i < 254 { 8 } else { 9 }).collect(), symbols)
            }
            Style::Typical => typical(class, slot).unwrap(),
        }
    }

    /// Symbols with the lengths of their codes, which do not fall.
    fn of_lengths(lengths: Vec<u32>, symbols: Vec<u8>) -> Self {
        assert!(lengths.is_sorted() && lengths.len() == symbols.len());
        let counts = std::array::from_fn(|i| lengths.iter().filter(|&&l| l == i as u32 + 1).count() as u8);
        Self { counts, symbols }
    }

    /// The code of a symbol and its length (T.81 C.2).
    pub(crate) fn code(&self, symbol: u8) -> (u32, u32) {
        let index = self.symbols.iter().position(|&s| s == symbol).unwrap();
        let (mut code, mut first) = (0, 0);
        for (length, &count) in (1..).zip(&self.counts) {
            if index < first + usize::from(count) {
                return (code + (index - first) as u32, length);
            }
            first += usize::from(count);
            code = (code + u32::from(count)) << 1;
        }
        unreachable!("the counts add up to the symbols")
    }

    /// Class, slot, BITS and HUFFVAL, as they stand in a DHT segment.
    pub(crate) fn bytes(&self, class: u8, slot: u8) -> Vec<u8> {
        [&[class << 4 | slot][..], &self.counts, &self.symbols].concat()
    }
}

/// Tables K.3 to K.6 of T.81, which files without DHT mean.
pub(crate) fn typical(class: u8, slot: u8) -> Option<Table> {
    let (counts, symbols) = match (class, slot) {
        (0, 0) => ([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], (0..12).collect()),
        (0, 1) => ([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], (0..12).collect()),
        (1, 0) => ([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], hex::decode(K5).unwrap()),
        (1, 1) => ([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], hex::decode(K6).unwrap()),
        _ => return None,
    };
    Some(Table { counts, symbols })
}

const K5: &str = concat!(
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a343536373839",
    "3a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7",
    "a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
);

const K6: &str = concat!(
    "0001020311040521310612415107617113223281081442",
    "91a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a6364656667",
    "68696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9ca",
    "d2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
);
