//! Rows of a picture as the encoder takes them: grey, RGB, RGBA, or components that are already its own, of 8 bits.

use super::MAX_PLANES;
use super::format::{Alpha, Colour, Depth, PixelFormat, PlaneShape};
use crate::jpeg::color::over;

/// What every plane has of one row of the picture; nothing for planes that the format lacks.
pub(crate) type PlaneRows<'a> = [&'a [u8]; MAX_PLANES];

/// Pixels side by side.
pub(crate) enum Row<'a> {
    Gray(&'a [u8]),
    Rgb(&'a [u8]),
    /// With straight alpha.
    Rgba(&'a [u8]),
}

/// Ordered dither: thresholds of a cell of 8 by 8, 0 to 63, each new one as far as may be from those before it
/// (B. E. Bayer, 1973).
const BAYER: [[u8; 8]; 8] = bayer();

/// Brings rows of a format to those that the encoder takes.
pub(crate) struct RowReader {
    format: PixelFormat,
    background: [u8; 3],
    dither: bool,
    /// Samples reduced to 8 bits.
    reduced: Vec<u8>,
    /// Samples in the order that is asked for.
    ordered: Vec<u8>,
}

impl RowReader {
    /// Pictures with premultiplied or grey alpha are laid over the background here.
    pub(crate) fn new(format: PixelFormat, background: [u8; 3], dither: bool) -> Self {
        Self { format, background, dither, reduced: Vec::new(), ordered: Vec::new() }
    }

    /// The pixels of row `y` of a picture that is not YCbCr. Of CMYK: its first three inks in the place of RGB. Adobe
    /// stores inks inverted, and YCCK is made from the inverse of what is stored.
    pub(crate) fn pixels<'a>(&'a mut self, rows: PlaneRows<'a>, y: usize) -> Row<'a> {
        let Self { format, background, dither, reduced, ordered } = self;
        let source = match format.depth() {
            Depth::U8 => rows[0],
            depth => {
                reduce(rows[0], depth, dither.then(|| &BAYER[y % 8]), format.channels(), reduced);
                reduced
            }
        };
        ordered.clear();
        let order = format.order();
        match (format.colour(), format.alpha()) {
            (Colour::Gray, Alpha::None) => return Row::Gray(source),
            (Colour::Gray, _) => {
                let below = luma(*background);
                ordered.extend(source.as_chunks().0.iter().map(|&[v, alpha]| over(v, below, alpha)));
                return Row::Gray(ordered);
            }
            (Colour::Cmyk, _) => {
                ordered.extend(source.as_chunks().0.iter().flat_map(|&[c, m, y, _]| [c, m, y]));
            }
            _ if *format == PixelFormat::RgbPlanar8 => {
                let [red, green, blue] = rows;
                ordered.extend(red.iter().zip(green).zip(blue).flat_map(|((&r, &g), &b)| [r, g, b]));
            }
            (_, Alpha::None) if order == [0, 1, 2, 3] => return Row::Rgb(source),
            (_, Alpha::None) => {
                ordered.extend(source.as_chunks::<3>().0.iter().flat_map(|pixel| [0, 1, 2].map(|i| pixel[order[i]])));
            }
            (_, Alpha::Straight) if order == [0, 1, 2, 3] => return Row::Rgba(source),
            (_, Alpha::Straight) => {
                ordered.extend(source.as_chunks::<4>().0.iter().flat_map(|pixel| order.map(|i| pixel[i])));
                return Row::Rgba(ordered);
            }
            (_, Alpha::Premultiplied) => {
                let flattened = source.as_chunks::<4>().0.iter().flat_map(|pixel| {
                    let below = 255 - pixel[order[3]];
                    [0, 1, 2].map(|i| pixel[order[i]].saturating_add(over(background[i], 0, below)))
                });
                ordered.extend(flattened);
            }
        }
        Row::Rgb(ordered)
    }

    /// The samples of a component that the picture has as it is encoded: any of YCbCr, and the fourth of CMYK, which is
    /// stored inverted as Adobe does it.
    pub(crate) fn component<'a>(&'a mut self, rows: PlaneRows<'a>, component: usize) -> &'a [u8] {
        let ordered = &mut self.ordered;
        ordered.clear();
        match self.format {
            PixelFormat::Cmyk8 => ordered.extend(rows[0].as_chunks::<4>().0.iter().map(|pixel| 255 - pixel[3])),
            PixelFormat::Ycbcr8 => {
                ordered.extend(rows[0].as_chunks::<3>().0.iter().map(|pixel| pixel[component]));
            }
            PixelFormat::Nv12 if component > 0 => {
                ordered.extend(rows[1].as_chunks::<2>().0.iter().map(|pair| pair[component - 1]));
            }
            _ => return rows[component],
        }
        ordered
    }
}

impl PixelFormat {
    /// Samples of a pixel, in the first plane of a format of several.
    fn channels(self) -> usize {
        let sample = match self.depth() {
            Depth::U8 => 1,
            Depth::U16 => 2,
            Depth::F32 => 4,
        };
        self.bytes() / sample
    }
}

impl PlaneShape {
    /// Bytes of a row of this plane in a picture of such a width.
    pub(super) fn row_bytes(self, width: usize) -> usize {
        width.div_ceil(self.across) * self.bytes
    }
}

/// Samples of 16 bits or floating point to 8 bits: to the nearest, or over the thresholds of a row of dither.
fn reduce(row: &[u8], depth: Depth, thresholds: Option<&[u8; 8]>, channels: usize, out: &mut Vec<u8>) {
    // In 128ths: thresholds stand in the middle of their 64ths.
    let threshold = |sample: usize| thresholds.map_or(64, |row| 2 * u32::from(row[sample / channels % 8]) + 1);
    out.clear();
    match depth {
        Depth::U8 => out.extend_from_slice(row),
        Depth::U16 => out.extend(row.as_chunks().0.iter().enumerate().map(|(i, &bytes)| {
            let value = u32::from(u16::from_ne_bytes(bytes)) * 255 + 65_535 * threshold(i) / 128;
            // 65,535 times 255 and less than 65,535 more.
            (value / 65_535) as u8
        })),
        Depth::F32 => out.extend(row.as_chunks().0.iter().enumerate().map(|(i, &bytes)| {
            let value = f32::from_ne_bytes(bytes).clamp(0.0, 1.0) * 255.0 + threshold(i) as f32 / 128.0;
            // Less than 256; what is not a number becomes 0.
            value as u8
        })),
    }
}

/// Rec. 601 luma, rounded.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

const fn bayer() -> [[u8; 8]; 8] {
    let mut cell = [[0; 8]; 8];
    let mut y = 0;
    while y < 8 {
        let mut x = 0;
        while x < 8 {
            let (mut bit, mut value) = (0, 0);
            while bit < 3 {
                // The lowest bits of the place decide most.
                let (a, b) = (x >> bit & 1, y >> bit & 1);
                value |= ((a ^ b) << 1 | b) << (2 * (2 - bit));
                bit += 1;
            }
            cell[y][x] = value as u8;
            x += 1;
        }
        y += 1;
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_dither_has_every_threshold_once() {
        let mut thresholds: Vec<_> = BAYER.as_flattened().to_vec();
        thresholds.sort_unstable();
        assert!(thresholds.iter().copied().eq(0..64));
        assert_eq!(BAYER[0][..4], [0, 32, 8, 40]);
    }

    #[test]
    fn eight_bits_survive_sixteen() {
        let row: Vec<u8> = (0..=255_u16).flat_map(|v| (v * 257).to_ne_bytes()).collect();
        let floats: Vec<u8> = (0..=255_u8).flat_map(|v| (f32::from(v) / 255.0).to_ne_bytes()).collect();
        for thresholds in [None, Some(&BAYER[0]), Some(&BAYER[5])] {
            let mut out = Vec::new();
            reduce(&row, Depth::U16, thresholds, 1, &mut out);
            assert!(out.iter().copied().eq(0..=255));
            reduce(&floats, Depth::F32, None, 1, &mut out);
            assert!(out.iter().copied().eq(0..=255));
        }
    }

    #[test]
    fn floats_out_of_range_are_brought_to_the_nearer_end() {
        let row: Vec<u8> =
            [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.5, 2.0].iter().flat_map(|v| v.to_ne_bytes()).collect();
        let mut out = Vec::new();
        reduce(&row, Depth::F32, None, 1, &mut out);
        assert_eq!(out, [0, 255, 0, 0, 255]);
    }

    #[test]
    fn dither_keeps_the_mean() {
        // A quarter of the way between 100 and 101, in a cell of 64 pixels.
        let row: Vec<u8> = (0..8).flat_map(|_| (100 * 257 + 64_u16).to_ne_bytes()).collect();
        let mut sum = 0;
        for thresholds in &BAYER {
            let mut out = Vec::new();
            reduce(&row, Depth::U16, Some(thresholds), 1, &mut out);
            sum += out.iter().map(|&v| u32::from(v)).sum::<u32>();
        }
        assert_eq!(sum, 64 * 100 + 16);
    }
}
