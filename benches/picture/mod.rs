//! A picture to measure with, made on the spot: smooth shades, hard edges and noise, so that no stage of the codec has
//! nothing to do. It stands for no photograph: sizes and rates against other encoders come from real ones.

/// Width and height of the picture: 1 MP, with partial blocks on both edges.
pub(crate) const SIZE: (u32, u32) = (1_157, 906);

/// Its pixels, three bytes each, red first.
pub(crate) fn rgb() -> Vec<u8> {
    let (width, height) = SIZE;
    let mut noise = 0x2545_f491_u32;
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            let grain = noise % 9;
            let disc = (x.abs_diff(500).pow(2) + y.abs_diff(400).pow(2)) < 220_u32.pow(2);
            let stripes = if disc && (x / 3 + y / 7) % 5 == 0 { 90 } else { 0 };
            pixels.extend(
                [x * 150 / width + stripes, y * 240 / height, (x + y) % 180]
                    .map(|value| (value + grain).to_le_bytes()[0]),
            );
        }
    }
    pixels
}
