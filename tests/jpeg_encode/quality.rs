//! What a quality means: more of it costs more bytes and scores more by ssimulacra2, and presets agree about it. What
//! is allowed was measured; `docs/encoder.md` says it.

use cosimg::jpeg::{Preset, Subsampling};

use crate::peers::photos;
use crate::score::score;
use crate::{PRESETS, Picture, decode, encoder};

const WIDTH: u32 = 192;
const HEIGHT: u32 = 144;

/// What ten more of quality cost and bring at least, in percent and points.
const TEN_MORE: [f64; 2] = [8.0, 1.0];
/// What one more of quality may save and lose, in percent and points.
const ONE_MORE: [f64; 2] = [1.0, 2.0];
/// How far the scores of presets may lie apart, from quality 30 on and below.
const APART: [f64; 2] = [4.0, 8.0];

/// Bytes and score.
fn point(picture: &Picture, quality: u8, preset: Preset, subsampling: Subsampling) -> (f64, f64) {
    let file = picture.encode(&encoder(quality).preset(preset).subsampling(subsampling));
    (file.len() as f64, score(picture, &decode(&file)))
}

/// Those at the qualities 10, 20, … 100.
fn curve(picture: &Picture, preset: Preset, subsampling: Subsampling) -> Vec<(f64, f64)> {
    (10..=100).step_by(10).map(|quality| point(picture, quality, preset, subsampling)).collect()
}

/// Squares of photographs, where they are, and a scene.
fn pictures() -> Vec<(String, Picture)> {
    let crop = |(name, photo): (String, Picture)| {
        let (left, top) = ((photo.width - WIDTH) / 2, (photo.height - HEIGHT) / 2);
        let at = |x: u32, y: u32| 3 * ((top + y) * photo.width + left + x) as usize;
        (name, Picture::rgb(WIDTH, HEIGHT, |x, y| [0, 1, 2].map(|channel| photo.data[at(x, y) + channel])))
    };
    let mut pictures: Vec<_> = photos().into_iter().take(2).map(crop).collect();
    pictures.push(("scene".to_owned(), Picture::scene(WIDTH, HEIGHT)));
    pictures
}

#[test]
fn more_quality_costs_more_and_looks_better_and_presets_agree_about_it() {
    let forms = [Subsampling::S420, Subsampling::S444];
    for ((name, picture), form) in pictures().iter().flat_map(|picture| forms.map(|form| (picture, form))) {
        let curves = PRESETS.map(|preset| curve(picture, preset, form));
        for (preset, curve) in PRESETS.iter().zip(&curves) {
            for (quality, pair) in (20..).step_by(10).zip(curve.windows(2)) {
                let (growth, rise) = (100.0 * (pair[1].0 / pair[0].0 - 1.0), pair[1].1 - pair[0].1);
                let what = format!("{name} {form:?} {preset:?} {quality}: {growth:+.1} % bytes, {rise:+.2} points");
                println!("{what}");
                assert!(growth > TEN_MORE[0] && rise > TEN_MORE[1], "{what}");
            }
        }
        for (i, quality) in (10..=100).step_by(10).enumerate() {
            let mut scores = curves.each_ref().map(|curve| curve[i].1);
            scores.sort_by(f64::total_cmp);
            let apart = scores[2] - scores[0];
            println!("{name} {form:?} {quality}: {apart:.2} points apart");
            assert!(apart < APART[usize::from(quality < 30)], "{name} {form:?} {quality}: {scores:?}");
        }
    }
}

#[test]
fn one_more_of_quality_saves_and_loses_next_to_nothing() {
    let scene = Picture::scene(WIDTH, HEIGHT);
    for preset in PRESETS {
        let points: Vec<_> = (1..=100).map(|quality| point(&scene, quality, preset, Subsampling::S420)).collect();
        for (quality, pair) in (2..).zip(points.windows(2)) {
            let (saved, lost) = (100.0 * (1.0 - pair[1].0 / pair[0].0), pair[0].1 - pair[1].1);
            assert!(saved < ONE_MORE[0] && lost < ONE_MORE[1], "{preset:?} at {quality}: {saved:.2} % and {lost:.2}");
        }
    }
}
