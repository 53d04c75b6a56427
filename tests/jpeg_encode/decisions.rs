//! What the encoder decides where more than one file would do: read from its coefficients by the tests' own reader.

use cosimg::jpeg::{Image, PixelFormat, QuantTables, Subsampling};

use crate::common::decode::decode as read;
use crate::reconstruction::inverse_dct;
use crate::{PRESETS, Picture, encoder};

/// Grey of 135 and 136 by turns: DC is 2.5 steps of 24. In a block of five, half of it is 136: 2.58 steps.
fn surface(side: u32) -> Vec<u8> {
    let is_raised = |x: u32, y: u32| (x / 8 + 2 * (y / 8)).is_multiple_of(5) && y % 8 < 4;
    let gray = |(x, y): (u32, u32)| if is_raised(x, y) { 136 } else { 135 + ((x + y) % 2) as u8 };
    (0..side * side).map(|i| gray((i % side, i / side))).collect()
}

#[test]
fn a_row_of_a_plain_surface_between_two_steps_keeps_to_one() {
    let (noise, tables) = (surface(256), QuantTables::new(&[24; 64], &[24; 64]).unwrap());
    let image = Image::new(&noise, 256, 256, PixelFormat::Gray8).unwrap();
    for preset in PRESETS {
        let file = encoder(80).preset(preset).tables(tables.clone()).encode(&image).unwrap();
        let luma = &read(&file).unwrap().picture.components[0];
        for row in luma.blocks.chunks(luma.wide) {
            assert!(row.iter().all(|block| block[0] == row[0][0]), "{preset:?}");
        }
    }
}

#[test]
fn halved_chroma_is_sharpened_across_and_other_chroma_is_not() {
    // Stripes of four samples of halved chroma, Cb 50 and 0 above the middle.
    let stripes = Picture::rgb(32, 32, |x, _| [90, 90, if x / 8 % 2 == 0 { 190 } else { 90 }]);
    let tables = QuantTables::new(&[1; 64], &[1; 64]).unwrap();
    let sharp = [178, 178, 178, 181, 125, 128, 128, 125];
    for (subsampling, row) in [(Subsampling::S420, sharp), (Subsampling::S422, sharp), (Subsampling::S444, [178; 8])] {
        for preset in PRESETS {
            let file = stripes.encode(&encoder(90).preset(preset).tables(tables.clone()).subsampling(subsampling));
            let cb = &read(&file).unwrap().picture.components[1];
            assert_eq!(inverse_dct(&cb.blocks[0], &cb.quant)[0], row.map(f64::from), "{subsampling:?} {preset:?}");
        }
    }
    // Planes that come halved stay as they are.
    let halved: Vec<u8> = (0..16 * 16).map(|i| if i % 16 / 4 % 2 == 0 { 178 } else { 128 }).collect();
    let data = [vec![101; 32 * 32], halved, vec![128; 16 * 16]].concat();
    let image = Image::new(&data, 32, 32, PixelFormat::YcbcrPlanar420).unwrap();
    for preset in PRESETS {
        let file = encoder(90).preset(preset).tables(tables.clone()).encode(&image).unwrap();
        let cb = &read(&file).unwrap().picture.components[1];
        let row = inverse_dct(&cb.blocks[0], &cb.quant)[0];
        assert_eq!(row, [178, 178, 178, 178, 128, 128, 128, 128].map(f64::from), "{preset:?}");
    }
}
