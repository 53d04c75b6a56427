//! `format/<f>`.

use std::fmt;

/// An output format of the processing language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `avif`: needs the service's advanced compression.
    Avif,
    /// `bmp`.
    Bmp,
    /// `gif`.
    Gif,
    /// `heif`: needs the service's advanced compression.
    Heif,
    /// `jpg`.
    Jpg,
    /// `png`.
    Png,
    /// `svgc`: compressed SVG.
    Svgc,
    /// `tpg`: needs the service's advanced compression.
    Tpg,
    /// `webp`.
    Webp,
    /// `yjpeg`: a JPEG that the service has optimised, in essence `jpg`.
    Yjpeg,
}

impl Format {
    /// Whether a file of this format is a JPEG, and `interlace` counts.
    pub fn is_jpeg(self) -> bool {
        matches!(self, Self::Jpg | Self::Yjpeg)
    }

    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::Bmp => "bmp",
            Self::Gif => "gif",
            Self::Heif => "heif",
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Svgc => "svgc",
            Self::Tpg => "tpg",
            Self::Webp => "webp",
            Self::Yjpeg => "yjpeg",
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        const ALL: [Format; 10] = [
            Format::Avif,
            Format::Bmp,
            Format::Gif,
            Format::Heif,
            Format::Jpg,
            Format::Png,
            Format::Svgc,
            Format::Tpg,
            Format::Webp,
            Format::Yjpeg,
        ];
        ALL.into_iter().find(|format| format.name() == text)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
