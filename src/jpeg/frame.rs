//! The frame header and all geometry: sampling, padding, block and MCU counts (T.81 A.1, A.2).

use std::ops::Range;

use crate::error::{Error, Result};
use crate::jpeg::marker::{SOF0, SOF1, SOF2, SOF9, SOF10};
use crate::jpeg::scan::Scan;

/// Samples a side of a block.
pub(crate) const BLOCK_SIDE: u32 = 8;
/// Components of a frame at most: T.81 allows 255 in sequential mode; no file with more than four has a meaning here.
pub(crate) const MAX_COMPONENTS: usize = 4;
/// Blocks of an interleaved MCU at most (T.81 B.2.3).
pub(crate) const MAX_MCU_BLOCKS: u32 = 10;

/// The coding process that a frame header names (T.81 table B.1), of those that this crate reads. Baseline (SOF0) is an
/// extended sequential process (SOF1) with fewer tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// SOF2 and SOF10; else sequential.
    pub(crate) is_progressive: bool,
    /// SOF9 and SOF10; else Huffman-coded.
    pub(crate) is_arithmetic: bool,
}

impl Process {
    /// The process of a marker, where it begins a frame that is read here.
    pub(crate) fn of(code: u8) -> Option<Self> {
        let process = |is_progressive, is_arithmetic| Some(Self { is_progressive, is_arithmetic });
        match code {
            SOF0 | SOF1 => process(false, false),
            SOF2 => process(true, false),
            SOF9 => process(false, true),
            SOF10 => process(true, true),
            _ => None,
        }
    }

    /// What a block of a scan weighs in the bound on visits of blocks. Arithmetic coding may tell decisions for every
    /// coefficient without a bit of data, and they take as long as a visit of a block that has nothing: so there a
    /// block weighs one for each of them.
    pub(crate) fn weight(self, scan: &Scan) -> u64 {
        let band = u64::from(scan.end.saturating_sub(scan.start)) + 1;
        let coefficients = if self.is_progressive { band } else { 64 };
        if self.is_arithmetic { coefficients } else { 1 }
    }
}

/// A component of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    /// Ci, or where another component has it already, one that none has.
    pub(crate) id: u8,
    /// Ci, by which the scan headers of its file name it.
    pub(crate) name: u8,
    /// Hi, 1 to 4.
    pub(crate) horizontal: u32,
    /// Vi, 1 to 4.
    pub(crate) vertical: u32,
    /// Tqi, the slot of its quantisation table.
    pub(crate) table: u8,
    /// Blocks that hold samples of the picture, in a row.
    pub(crate) blocks_wide: u32,
    /// Rows of such blocks.
    pub(crate) blocks_high: u32,
}

impl Component {
    /// A component before the frame has given it its size.
    pub(crate) fn new(id: u8, horizontal: u8, vertical: u8, table: u8) -> Self {
        let (horizontal, vertical) = (u32::from(horizontal), u32::from(vertical));
        Self { id, name: id, horizontal, vertical, table, blocks_wide: 0, blocks_high: 0 }
    }

    pub(crate) fn blocks(&self) -> u64 {
        u64::from(self.blocks_wide) * u64::from(self.blocks_high)
    }

    /// The rows of blocks within the picture that an MCU row of the frame has.
    pub(crate) fn rows_of(&self, mcu_row: u32) -> Range<u32> {
        mcu_row * self.vertical..((mcu_row + 1) * self.vertical).min(self.blocks_high)
    }
}

/// A frame: its size in samples, its components, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits a sample.
    pub(crate) precision: u8,
    pub(crate) components: Vec<Component>,
    /// MCUs of an interleaved scan, in a row.
    pub(crate) mcus_wide: u32,
    /// Rows of such MCUs.
    pub(crate) mcus_high: u32,
}

impl Frame {
    /// Checks the sampling factors and gives every component its size in blocks. A height of 0 stands for one that is
    /// not known yet (T.81 B.2.5).
    pub(crate) fn new(width: u32, height: u32, precision: u8, mut components: Vec<Component>) -> Result<Self> {
        if width == 0 {
            return Err(Error::input("the frame is empty").field_named("SOF"));
        }
        if components.is_empty() || components.len() > MAX_COMPONENTS {
            let message = format!("a frame of {} components is not supported", components.len());
            return Err(Error::unsupported(message).field_named("SOF"));
        }
        for c in &components {
            if !(1..=4).contains(&c.horizontal) || !(1..=4).contains(&c.vertical) {
                let message = format!("sampling factors {}x{} are not in 1 to 4", c.horizontal, c.vertical);
                return Err(Error::input(message).field_named("SOF"));
            }
        }
        tell_ids_apart(&mut components);
        let h_max = components.iter().map(|c| c.horizontal).max().unwrap_or(1);
        for c in &mut components {
            c.blocks_wide = (width * c.horizontal).div_ceil(h_max).div_ceil(BLOCK_SIDE);
        }
        let mcus_wide = width.div_ceil(BLOCK_SIDE * h_max);
        let mut frame = Self { width, height, precision, components, mcus_wide, mcus_high: 0 };
        frame.set_height(height);
        Ok(frame)
    }

    /// Gives the frame its height, where that was not known.
    pub(crate) fn set_height(&mut self, height: u32) {
        let v_max = self.components.iter().map(|c| c.vertical).max().unwrap_or(1);
        for c in &mut self.components {
            c.blocks_high = (height * c.vertical).div_ceil(v_max).div_ceil(BLOCK_SIDE);
        }
        self.height = height;
        self.mcus_high = height.div_ceil(BLOCK_SIDE * v_max);
    }

    /// Blocks of all components.
    pub(crate) fn blocks(&self) -> u64 {
        self.components.iter().map(Component::blocks).sum()
    }

    /// Whether a scan may interleave the components with these indices (T.81 B.2.3).
    pub(crate) fn may_interleave(&self, components: &[usize]) -> bool {
        let blocks: u32 = components.iter().map(|&i| self.components[i].horizontal * self.components[i].vertical).sum();
        components.len() == 1 || blocks <= MAX_MCU_BLOCKS
    }
}

/// Gives components whose id repeats one of their own: files with such ids are about, and libjpeg reads them; what is
/// written has none.
fn tell_ids_apart(components: &mut [Component]) {
    for i in 1..components.len() {
        let has = |id: u8| components.iter().any(|other| other.id == id);
        if components[..i].iter().any(|other| other.id == components[i].id) {
            components[i].id = (1..=u8::MAX).find(|&id| !has(id)).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: u32, height: u32, sampling: &[(u8, u8)]) -> Frame {
        let components = sampling.iter().zip(1..).map(|(&(h, v), id)| Component::new(id, h, v, 0)).collect();
        Frame::new(width, height, 8, components).unwrap()
    }

    #[test]
    fn blocks_and_mcus_of_odd_sizes() {
        let f = frame(17, 9, &[(2, 2), (1, 1), (1, 1)]);
        assert_eq!((f.components[0].blocks_wide, f.components[0].blocks_high), (3, 2));
        assert_eq!((f.components[1].blocks_wide, f.components[1].blocks_high), (2, 1));
        assert_eq!((f.mcus_wide, f.mcus_high), (2, 1));
    }

    #[test]
    fn a_single_component_ignores_its_own_sampling() {
        let f = frame(17, 9, &[(2, 2)]);
        assert_eq!((f.components[0].blocks_wide, f.components[0].blocks_high), (3, 2));
    }

    #[test]
    fn ratios_that_are_no_power_of_two() {
        let f = frame(100, 50, &[(3, 1), (2, 1), (1, 1)]);
        assert_eq!(f.components[1].blocks_wide, 67_u32.div_ceil(8));
        assert_eq!(f.components[2].blocks_wide, 34_u32.div_ceil(8));
    }
}
