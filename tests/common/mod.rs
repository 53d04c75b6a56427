//! A JPEG builder and a JPEG reader of the tests' own, made from T.81 and from nothing in `src`, so that legal and
//! illegal files can be made by description and a fault of the library cannot hide behind itself.
//!
//! ```text
//! picture   coefficients, known by construction        script  which scans, and what they leave known
//! huffman   tables of every shape                      entropy blocks to symbols
//! arithmetic blocks to arithmetic-coded data
//! build     segments and scans to bytes                decode  bytes to coefficients, bit by bit
//! samples   small files with one feature each          tools   other programs as judges
//! metadata  Exif blocks and MPF indices                  machine which programs there are
//! laws      what must hold for every file               threads what several of them say
//! ```
#![allow(dead_code, reason = "every test file uses a part")]

pub(crate) mod arithmetic;
pub(crate) mod build;
pub(crate) mod decode;
pub(crate) mod entropy;
pub(crate) mod huffman;
pub(crate) mod laws;
#[path = "../support/tools.rs"]
pub(crate) mod machine;
pub(crate) mod metadata;
pub(crate) mod picture;
pub(crate) mod samples;
pub(crate) mod script;
pub(crate) mod threads;
pub(crate) mod tools;

/// Numbers that are the same in every run (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    /// From 0 to `n - 1`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// From `low` to `high`, both included.
    pub(crate) fn within(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as usize) as i32
    }

    /// True `n` times in 256.
    pub(crate) fn chance(&mut self, n: usize) -> bool {
        self.below(256) < n
    }
}

/// The files shared between projects, where they are present; nobody is asked to have them.
pub(crate) fn shared(what: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var_os("COSIMG_SHARED")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), std::path::PathBuf::from);
    let path = root.join(what);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {what} of the shared files is missing (COSIMG_SHARED)");
    None
}
