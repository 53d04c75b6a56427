//! A lake under mountains: gradients in the sky, texture on the slopes and the grass, edges at the hut and the trees.
//!
//! Only additions, multiplications, divisions and square roots are used, which IEEE 754 rounds alike everywhere, so
//! that every machine renders the same bytes.

#![allow(clippy::cast_possible_truncation, reason = "every value is clamped or floored before it is cast")]

pub(crate) const WIDTH: u32 = 768;
pub(crate) const HEIGHT: u32 = 512;

/// When the picture is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Light {
    Day,
    Dusk,
}

type Rgb = [f64; 3];

/// The whole picture: rows of red, green and blue.
#[allow(dead_code, reason = "the test renders rows")]
pub(crate) fn render(light: Light) -> Vec<u8> {
    (0..HEIGHT).flat_map(|y| row(light, y)).collect()
}

/// One row.
pub(crate) fn row(light: Light, y: u32) -> Vec<u8> {
    let scene = Scene::new(light);
    let mut samples = Vec::with_capacity(WIDTH as usize * 3);
    for x in 0..WIDTH {
        // Four points a pixel smooth the edges.
        let mut colour = [0.0; 3];
        for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
            let point = (f64::from(x) + dx, f64::from(y) + dy);
            colour = add(colour, scale(scene.colour(point.0 / f64::from(HEIGHT), point.1 / f64::from(HEIGHT)), 0.25));
        }
        // Even levels only: no eye sees it, and PNG has a third less to store.
        samples.extend(colour.map(|sample| (sample * 127.0 + 0.5).clamp(0.0, 127.0) as u8 * 2));
    }
    samples
}

/// Heights are fractions of the picture's height, from the top.
const SHORE: f64 = 0.60;

struct Scene {
    sky_top: Rgb,
    sky_low: Rgb,
    sun: Rgb,
    haze: Rgb,
    rock: Rgb,
    snow: Rgb,
    grass: Rgb,
    dark: Rgb,
    window: Rgb,
    sun_at: (f64, f64),
}

impl Scene {
    fn new(light: Light) -> Self {
        match light {
            Light::Day => Self {
                sky_top: [0.22, 0.45, 0.78],
                sky_low: [0.78, 0.87, 0.93],
                sun: [1.0, 0.97, 0.85],
                haze: [0.70, 0.80, 0.88],
                rock: [0.33, 0.36, 0.38],
                snow: [0.93, 0.95, 0.98],
                grass: [0.33, 0.45, 0.16],
                dark: [0.07, 0.14, 0.09],
                window: [0.25, 0.30, 0.34],
                sun_at: (1.16, 0.13),
            },
            Light::Dusk => Self {
                sky_top: [0.13, 0.15, 0.36],
                sky_low: [0.98, 0.62, 0.36],
                sun: [1.0, 0.82, 0.52],
                haze: [0.72, 0.46, 0.42],
                rock: [0.20, 0.17, 0.24],
                snow: [0.90, 0.66, 0.62],
                grass: [0.20, 0.19, 0.11],
                dark: [0.04, 0.05, 0.07],
                window: [1.0, 0.78, 0.36],
                sun_at: (0.98, 0.42),
            },
        }
    }

    fn colour(&self, x: f64, y: f64) -> Rgb {
        if let Some(colour) = self.hut(x, y).or_else(|| self.tree(x, y)).or_else(|| self.meadow(x, y)) {
            return colour;
        }
        if y < SHORE { self.far(x, y) } else { self.water(x, y) }
    }

    /// Sky and mountains.
    fn far(&self, x: f64, y: f64) -> Rgb {
        for (layer, base, height, roughness) in [(3, 0.585, 0.07, 6.0), (2, 0.56, 0.20, 3.2), (1, 0.53, 0.40, 1.9)] {
            let ridge = base - height * (1.25 * fbm(x * roughness + 7.0 * f64::from(layer), 0.5, 7, 10 + layer) - 0.12);
            if y > ridge {
                return self.slope(x, y, y - ridge, layer);
            }
        }
        self.sky(x, y)
    }

    fn sky(&self, x: f64, y: f64) -> Rgb {
        let low = smooth(0.0, 0.58, y);
        let mut colour = mix(self.sky_top, self.sky_low, low * low * 0.5 + low * 0.5);
        let (dx, dy) = (x - self.sun_at.0, y - self.sun_at.1);
        let distance = dx * dx + dy * dy;
        colour = mix(colour, self.sun, 0.55 / (1.0 + distance * 40.0));
        colour = mix(colour, self.sun, smooth(-0.0022, -0.0010, -distance));
        // Clouds are drawn out along the wind.
        let cloud = smooth(0.50, 0.78, fbm(x * 1.8 + 3.0, y * 5.5 - x * 0.6, 6, 40));
        mix(colour, mix(self.sun, self.sky_low, 0.5), cloud * 0.75)
    }

    fn slope(&self, x: f64, y: f64, depth: f64, layer: u32) -> Rgb {
        // Light falls from the right: the slope of a height field along x.
        // Folding the noise makes crests and gullies of it.
        let height = |x: f64| {
            let folded = 2.0 * fbm(x * 7.0 + y * 5.0, y * 6.0 - x * 4.0, 5, 20 + layer) - 1.0;
            1.0 - folded.abs()
        };
        let shade = ((height(x - 0.004) - height(x + 0.004)) * 9.0 + 0.5).clamp(0.05, 1.0);
        let mut colour = scale(self.rock, 0.45 + 0.9 * shade);
        if layer == 1 {
            let snow = smooth(0.0, 0.05, 0.10 - depth + 0.30 * (height(x) - 0.72));
            colour = mix(colour, scale(self.snow, 0.55 + 0.45 * shade), snow);
        }
        if layer == 3 {
            let forest = fbm(x * 60.0, y * 36.0, 3, 33);
            colour = mix(colour, scale(self.dark, 1.2 + 1.4 * forest), 0.8);
        }
        let air = [0.0, 0.62, 0.38, 0.14][layer as usize] + 0.25 * smooth(0.0, 0.3, depth);
        mix(colour, self.haze, air.min(0.85))
    }

    fn water(&self, x: f64, y: f64) -> Rgb {
        let depth = y - SHORE;
        // Ripples grow towards the viewer.
        let ripple = fbm(x * 7.0, 4.0 / (depth + 0.045), 4, 50) - 0.5;
        let mirrored = (SHORE - depth * 1.15 + ripple * (0.015 + depth * 0.22)).clamp(0.0, SHORE - 0.001);
        let reflection = self.far(x + ripple * 0.02, mirrored);
        let colour = mix(scale(reflection, 0.82), scale(self.sky_top, 0.45), 0.22 + depth * 0.8);
        add(colour, [ripple * 0.05; 3])
    }

    fn meadow(&self, x: f64, y: f64) -> Option<Rgb> {
        let edge = 0.80 + 0.035 * smooth(0.2, 1.3, x) + 0.03 * (fbm(x * 5.0, 0.3, 5, 60) - 0.5);
        let depth = y - edge - 0.012 * (fbm(x * 90.0, 0.7, 2, 61) - 0.5);
        if depth < 0.0 {
            return None;
        }
        // Blades: long in y, narrow in x, wider towards the viewer.
        let blade = fbm(x * 120.0 / (1.0 + depth * 5.0), y * 22.0, 3, 62);
        let patch = fbm(x * 4.0, y * 9.0, 4, 63);
        let lit = scale(self.grass, 0.45 + 0.75 * blade + 0.35 * patch);
        Some(mix(lit, self.dark, 0.35 * smooth(0.0, 0.02, 0.02 - depth)))
    }

    fn tree(&self, x: f64, y: f64) -> Option<Rgb> {
        for i in 0..9 {
            let own = |n: i32| hash(i, n, 70);
            let foot = 0.84 + 0.10 * own(1);
            let tall = 0.30 + 0.26 * own(2);
            let middle = 0.04 + 0.055 * f64::from(i) + 0.03 * own(3);
            let up = (foot - y) / tall;
            if !(-0.03..1.0).contains(&up) {
                continue;
            }
            let aside = (x - middle).abs();
            if up < 0.04 && aside < 0.007 {
                return Some(scale(self.dark, 1.5));
            }
            // Tiers of branches with ragged ends.
            let tiers = (1.0 - up) * 9.0;
            let reach = (1.0 - up) * 0.052 * (0.62 + 0.45 * (tiers - tiers.floor()));
            let ragged = reach * (0.72 + 0.56 * noise(x * 160.0, y * 120.0, 71));
            if up > 0.02 && aside < ragged {
                let needles = fbm(x * 140.0, y * 110.0, 2, 72);
                let side = if x > middle { 1.35 } else { 0.85 };
                return Some(scale(self.dark, (0.55 + 1.3 * needles) * side));
            }
        }
        None
    }

    fn hut(&self, x: f64, y: f64) -> Option<Rgb> {
        let (left, right, top, bottom) = (1.04, 1.22, 0.745, 0.865);
        let (middle, peak, overhang) = (f64::midpoint(left, right), 0.665, 0.018);
        let roof = peak + (x - middle).abs() * (top + 0.01 - peak) / (right - middle);
        if (x - middle).abs() < right - middle + overhang && y > roof && y < roof + 0.018 {
            return Some(scale(self.rock, 0.75 + 0.3 * noise(x * 200.0, y * 40.0, 80)));
        }
        let chimney = x > 1.165 && x < 1.185 && y > 0.67 && y < roof;
        if chimney {
            return Some(scale(self.rock, 1.1));
        }
        let inside = x > left && x < right && y > roof && y < bottom;
        if !inside {
            return None;
        }
        let pane = |from: f64| (x > from && x < from + 0.032) && (y > 0.775 && y < 0.815);
        if pane(left + 0.022) || pane(right - 0.054) {
            let bar =
                [left + 0.038, right - 0.038].iter().any(|at| (x - at).abs() < 0.0015) || (y - 0.795).abs() < 0.0015;
            return Some(if bar { self.dark } else { self.window });
        }
        if (x - middle).abs() < 0.018 && y > 0.785 {
            return Some(scale(self.dark, 1.6));
        }
        // Boards.
        let board = y * 75.0;
        let gap = if board - board.floor() < 0.12 { 0.55 } else { 1.0 };
        let grain = fbm(x * 30.0, board.floor() * 9.0 + y * 160.0, 3, 81);
        Some(scale(mix([0.42, 0.27, 0.16], self.grass, 0.35), gap * (0.6 + 0.7 * grain)))
    }
}

fn add(a: Rgb, b: Rgb) -> Rgb {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn scale(a: Rgb, by: f64) -> Rgb {
    a.map(|sample| sample * by)
}

fn mix(a: Rgb, b: Rgb, share: f64) -> Rgb {
    add(scale(a, 1.0 - share), scale(b, share))
}

/// 0 below `from`, 1 above `to`, smooth between.
fn smooth(from: f64, to: f64, x: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Octaves of noise, 0 to 1.
fn fbm(x: f64, y: f64, octaves: u32, seed: u32) -> f64 {
    let (mut sum, mut weight, mut total, mut frequency) = (0.0, 0.5, 0.0, 1.0);
    for octave in 0..octaves {
        sum += weight * noise(x * frequency, y * frequency, seed * 31 + octave);
        total += weight;
        weight *= 0.5;
        frequency *= 2.0;
    }
    sum / total
}

/// Smooth noise over a lattice of random values, 0 to 1.
fn noise(x: f64, y: f64, seed: u32) -> f64 {
    let (column, row) = (x.floor(), y.floor());
    let (tx, ty) = (smooth(0.0, 1.0, x - column), smooth(0.0, 1.0, y - row));
    let (column, row) = (column as i32, row as i32);
    let at = |dx: i32, dy: i32| hash(column + dx, row + dy, seed);
    let upper = at(0, 0) * (1.0 - tx) + at(1, 0) * tx;
    let lower = at(0, 1) * (1.0 - tx) + at(1, 1) * tx;
    upper * (1.0 - ty) + lower * ty
}

/// A fixed random value for a lattice point, 0 to 1.
fn hash(x: i32, y: i32, seed: u32) -> f64 {
    let mut bits =
        (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    for _ in 0..2 {
        bits ^= bits >> 15;
        bits = bits.wrapping_mul(0x2c1b_3c6d);
        bits ^= bits >> 12;
        bits = bits.wrapping_mul(0x297a_2d39);
    }
    bits ^= bits >> 15;
    f64::from(bits) / f64::from(u32::MAX)
}
