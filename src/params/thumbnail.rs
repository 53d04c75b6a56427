//! `thumbnail/…` in all its forms, and `color/<base64>` that fills what `pad/1` adds.

use std::fmt;

use super::value::{length, width_height};

/// How a picture is scaled. Lengths are samples, above 0; how large they may be depends on
/// [`Limits::result_side`](crate::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Thumbnail {
    /// `!<S>p`: both sides to a percentage.
    Scale(u32),
    /// `!<S>px`: the width to a percentage, the height kept.
    ScaleWidth(u32),
    /// `!x<S>p`: the height to a percentage, the width kept.
    ScaleHeight(u32),
    /// `<W>x`: to this width, in proportion.
    Width(u32),
    /// `x<H>`: to this height, in proportion.
    Height(u32),
    /// `<W>x<H>`: in proportion, to lie inside; may enlarge.
    Fit(u32, u32),
    /// `<W>x<H>>`: as [`Fit`](Self::Fit), but never enlarges.
    Shrink(u32, u32),
    /// `<W>x<H><`: as [`Fit`](Self::Fit), but only enlarges.
    Enlarge(u32, u32),
    /// `!<W>x<H>r`: in proportion, to cover.
    Cover(u32, u32),
    /// `<W>x<H>!`: to exactly this, out of proportion.
    Stretch(u32, u32),
    /// `<A>@`: in proportion, to at most so many pixels.
    Area(u32),
}

impl Thumbnail {
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Some(text) = text.strip_prefix('!') {
            return Self::read_exclaimed(text);
        }
        let sized = |form: fn(u32, u32) -> Self, text| width_height(text).map(|(width, height)| form(width, height));
        match text.char_indices().next_back()? {
            (end, '@') => length(&text[..end]).map(Self::Area),
            (end, '>') => sized(Self::Shrink, &text[..end]),
            (end, '<') => sized(Self::Enlarge, &text[..end]),
            (end, '!') => sized(Self::Stretch, &text[..end]),
            (end, 'x') => length(&text[..end]).map(Self::Width),
            _ => match text.strip_prefix('x') {
                Some(height) => length(height).map(Self::Height),
                None => sized(Self::Fit, text),
            },
        }
    }

    fn read_exclaimed(text: &str) -> Option<Self> {
        if let Some(text) = text.strip_suffix('r') {
            return width_height(text).map(|(width, height)| Self::Cover(width, height));
        }
        if let Some(text) = text.strip_suffix("px") {
            return length(text).map(Self::ScaleWidth);
        }
        let text = text.strip_suffix('p')?;
        match text.strip_prefix('x') {
            Some(text) => length(text).map(Self::ScaleHeight),
            None => length(text).map(Self::Scale),
        }
    }
}

impl fmt::Display for Thumbnail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale(percent) => write!(f, "!{percent}p"),
            Self::ScaleWidth(percent) => write!(f, "!{percent}px"),
            Self::ScaleHeight(percent) => write!(f, "!x{percent}p"),
            Self::Width(width) => write!(f, "{width}x"),
            Self::Height(height) => write!(f, "x{height}"),
            Self::Fit(width, height) => write!(f, "{width}x{height}"),
            Self::Shrink(width, height) => write!(f, "{width}x{height}>"),
            Self::Enlarge(width, height) => write!(f, "{width}x{height}<"),
            Self::Cover(width, height) => write!(f, "!{width}x{height}r"),
            Self::Stretch(width, height) => write!(f, "{width}x{height}!"),
            Self::Area(pixels) => write!(f, "{pixels}@"),
        }
    }
}

/// A colour: `#RRGGBB` in URL-safe base64, kept as it was written (letter case of the digits, padding).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    text: String,
    rgb: [u8; 3],
}

impl Color {
    /// Characters of seven bytes in base64, without the padding.
    const CHARACTERS: usize = 10;
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// Red, green, blue.
    pub fn rgb(&self) -> [u8; 3] {
        self.rgb
    }

    pub(super) fn encode([red, green, blue]: [u8; 3]) -> String {
        let hash = format!("#{red:02X}{green:02X}{blue:02X}");
        let bits = hash.bytes().fold(0_u64, |bits, byte| bits << 8 | u64::from(byte)) << 4; // 56 bits, made 60
        let digits = (0..Self::CHARACTERS).rev().map(|digit| (bits >> (6 * digit) & 0x3F) as usize);
        digits.map(|digit| char::from(Self::ALPHABET[digit])).collect()
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let digits = text.strip_suffix("==").unwrap_or(text);
        if digits.len() != Self::CHARACTERS {
            return None;
        }
        let mut bits = 0_u64;
        for byte in digits.bytes() {
            let digit = Self::ALPHABET.iter().position(|&letter| letter == byte)?;
            bits = bits << 6 | digit as u64;
        }
        let bytes = (bits >> 4).to_be_bytes(); // 0, then '#' and six digits
        let hash = std::str::from_utf8(&bytes[1..]).ok()?.strip_prefix('#')?;
        let rgb = hash.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(hash, 16).ok())??;
        let [_, red, green, blue] = rgb.to_be_bytes();
        Some(Self { text: text.to_owned(), rgb: [red, green, blue] })
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
