//! DC coefficients in the order of interleaved MCUs.

use super::DcRows;
use crate::jpeg::frame::Frame;

impl DcRows {
    /// Adds a row of MCUs of a component, of those that have come, to `to`: in the order in which an interleaved scan
    /// has its blocks (T.81 A.2.3), and with those that pad the MCUs, each of which repeats the one before it.
    #[inline(always)]
    pub(crate) fn in_mcu_order(&self, frame: &Frame, component: usize, y: u32, to: &mut Vec<i16>) {
        match frame.components[component].horizontal {
            1 => self.put::<1>(frame, component, y, to),
            2 => self.put::<2>(frame, component, y, to),
            3 => self.put::<3>(frame, component, y, to),
            _ => self.put::<4>(frame, component, y, to),
        }
    }

    /// The same where each MCU has `H` blocks of the component in a row.
    #[inline(always)]
    fn put<const H: usize>(&self, frame: &Frame, i: usize, y: u32, to: &mut Vec<i16>) {
        let (component, start) = (&frame.components[i], to.len());
        let down = component.vertical as usize;
        to.resize(start + frame.mcus_wide as usize * down * H, 0);
        let (stretches, _) = to[start..].as_chunks_mut::<H>();
        let mut present = 0;
        for row in component.rows_of(y).map(|row| self.row(frame, i, row)) {
            let (whole, rest) = row.as_chunks::<H>();
            stretches.iter_mut().skip(present).step_by(down).zip(whole).for_each(|(to, from)| *to = *from);
            // Only the last MCU of a row may have fewer.
            if let (Some(&last), Some(to)) = (rest.last(), stretches.get_mut(whole.len() * down + present)) {
                to.fill(last);
                to[..rest.len()].copy_from_slice(rest);
            }
            present += usize::from(!row.is_empty());
        }
        // Only the last row of MCUs may have fewer rows of blocks.
        for mcu in stretches.chunks_exact_mut(down).filter(|_| (1..down).contains(&present)) {
            let (rows, padding) = mcu.split_at_mut(present);
            padding.as_flattened_mut().fill(rows[present - 1][H - 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::frame::Component;

    #[test]
    fn blocks_come_mcu_by_mcu_and_padding_repeats_the_one_before() {
        // Rows of MCUs of 32x32, the last of which has 1 to 4 of its rows of blocks.
        for height in [100, 108, 116, 128] {
            for (across, down) in (1..=4).flat_map(|across| (1..=4).map(move |down| (across, down))) {
                let components = vec![Component::new(1, across, down, 0), Component::new(2, 4, 4, 0)];
                let frame = Frame::new(170, height, 8, components).unwrap();
                let component = &frame.components[0];
                let mut rows = DcRows::default();
                rows.values[0] = (1..=component.blocks() as i16).collect();
                let mut all = Vec::new();
                (0..frame.mcus_high).for_each(|y| rows.in_mcu_order(&frame, 0, y, &mut all));
                let mut expected = Vec::new();
                for (y, x) in (0..frame.mcus_high).flat_map(|y| (0..frame.mcus_wide).map(move |x| (y, x))) {
                    for (row, column) in
                        (0..component.vertical).flat_map(|r| (0..component.horizontal).map(move |c| (r, c)))
                    {
                        let row = rows.row(&frame, 0, y * component.vertical + row);
                        let block = row.get((x * component.horizontal + column) as usize);
                        expected.push(block.or(expected.last()).copied().unwrap());
                    }
                }
                assert_eq!(all, expected, "{across}x{down}, {height} high");
            }
        }
    }
}
