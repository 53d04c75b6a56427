//! Pictures as the tests know them: coefficients, not bytes.

use super::Random;

/// The coefficients of a block in zigzag order.
pub(crate) type Block = [i32; 64];

#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub(crate) id: u8,
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    /// The slot of the quantisation table; no part of what the picture is.
    pub(crate) slot: u8,
    pub(crate) quant: [u16; 64],
    /// Blocks that hold samples, in a row and a column.
    pub(crate) wide: usize,
    pub(crate) high: usize,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Bits a sample.
    pub(crate) precision: u8,
    pub(crate) components: Vec<Component>,
}

/// What a picture is filled with.
#[derive(Clone, Copy)]
pub(crate) struct Content {
    /// DC coefficients are within plus and minus this, and at most this less one.
    pub(crate) dc: i32,
    /// AC coefficients are within plus and minus this.
    pub(crate) ac: i32,
    /// How many of 256 AC coefficients are not zero.
    pub(crate) density: usize,
    /// How many of 256 blocks have AC coefficients at all.
    pub(crate) busy: usize,
}

impl Content {
    /// What any sequential 8-bit file can hold (T.81 tables F.1 and F.2).
    pub(crate) const USUAL: Self = Self { dc: 1024, ac: 1023, density: 40, busy: 200 };
    /// Mostly empty blocks, small values.
    pub(crate) const SPARSE: Self = Self { dc: 200, ac: 7, density: 12, busy: 60 };
    /// As [`Content::USUAL`], for 12 bits a sample.
    pub(crate) const DEEP: Self = Self { dc: 16384, ac: 16383, density: 40, busy: 200 };
    /// Every coefficient is there.
    pub(crate) const FULL: Self = Self { dc: 1024, ac: 1023, density: 256, busy: 256 };
    /// Next to nothing.
    pub(crate) const FLAT: Self = Self { dc: 1, ac: 1, density: 0, busy: 0 };

    fn fill(self, block: &mut Block, random: &mut Random) {
        block[0] = random.within(-self.dc, self.dc - 1);
        if random.chance(self.busy) {
            for value in &mut block[1..] {
                if random.chance(self.density) {
                    // All sizes alike: a uniform draw would hardly ever be small.
                    let most = self.ac >> random.below(self.ac.ilog2() as usize + 1);
                    *value = random.within(-most, most);
                }
            }
        }
    }
}

impl Picture {
    /// A picture of zeros, with components of ids 1, 2, … and these sampling factors, each with a table of its own.
    pub(crate) fn new(width: usize, height: usize, sampling: &[(usize, usize)]) -> Self {
        let most = |of: fn(&(usize, usize)) -> usize| sampling.iter().map(of).max().unwrap();
        let (h_max, v_max) = (most(|s| s.0), most(|s| s.1));
        let components = sampling.iter().enumerate().map(|(i, &(horizontal, vertical))| {
            // T.81 A.1.1: the samples of a component, then whole blocks of them.
            let wide = (width * horizontal).div_ceil(h_max).div_ceil(8);
            let high = (height * vertical).div_ceil(v_max).div_ceil(8);
            let quant = std::array::from_fn(|k| (1 + i * 50 + k) as u16);
            let blocks = vec![[0; 64]; wide * high];
            Component { id: i as u8 + 1, horizontal, vertical, slot: i as u8, quant, wide, high, blocks }
        });
        Self { width, height, precision: 8, components: components.collect() }
    }

    pub(crate) fn filled(self, seed: u64, content: Content) -> Self {
        self.striped(seed, &[content])
    }

    /// Filled from top to bottom with one after the other, each in as many blocks.
    pub(crate) fn striped(mut self, seed: u64, contents: &[Content]) -> Self {
        let mut random = Random::new(seed);
        for component in &mut self.components {
            let count = component.blocks.len();
            for (i, block) in component.blocks.iter_mut().enumerate() {
                contents[i * contents.len() / count].fill(block, &mut random);
            }
        }
        self
    }

    pub(crate) fn blocks(&self) -> usize {
        self.components.iter().map(|c| c.blocks.len()).sum()
    }

    /// Blocks of an MCU that interleaves these components.
    pub(crate) fn mcu_blocks(&self, components: &[usize]) -> usize {
        components.iter().map(|&i| self.components[i].horizontal * self.components[i].vertical).sum()
    }

    /// MCUs of an interleaved scan, in a row and a column: as many as cover the picture (T.81 A.2.3).
    pub(crate) fn mcus(&self) -> (usize, usize) {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap();
        (self.width.div_ceil(8 * most(|c| c.horizontal)), self.height.div_ceil(8 * most(|c| c.vertical)))
    }

    /// Where two pictures differ, if they do.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        if (self.width, self.height, self.components.len()) != (other.width, other.height, other.components.len()) {
            return Some(format!("{}x{} and {}x{}", self.width, self.height, other.width, other.height));
        }
        if self.precision != other.precision {
            return Some(format!("{} and {} bits a sample", self.precision, other.precision));
        }
        for (a, b) in self.components.iter().zip(&other.components) {
            let header = |c: &Component| (c.id, c.horizontal, c.vertical, c.wide, c.high);
            if header(a) != header(b) {
                return Some(format!("the components are {:?} and {:?}", header(a), header(b)));
            }
            if a.quant != b.quant {
                return Some(format!("the quantisation tables of component {} differ", a.id));
            }
            for (i, (x, y)) in a.blocks.iter().zip(&b.blocks).enumerate() {
                if let Some(k) = (0..64).find(|&k| x[k] != y[k]) {
                    let place = format!("component {}, block {i} of {}, coefficient {k}", a.id, a.blocks.len());
                    return Some(format!("{place}: {} and {}", x[k], y[k]));
                }
            }
        }
        None
    }
}
