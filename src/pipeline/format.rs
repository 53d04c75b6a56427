//! Image formats by their first bytes.

/// Image formats that the pipeline tells apart by their first bytes, whatever a name or header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG, ITU-T T.81.
    Jpeg,
    /// PNG.
    Png,
    /// GIF 87a and 89a.
    Gif,
    /// WebP.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// HEIF with HEVC inside, or of an unnamed codec.
    Heif,
    /// HEIF with AV1 inside.
    Avif,
    /// TIFF.
    Tiff,
    /// None of these: an original that `ignore-error/1` gives back. [`Format::sniff`] never says it.
    Unknown,
}

impl Format {
    /// The format that these bytes begin as.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        let chunk_at = |at: usize| bytes.get(at..at + 4);
        if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return Some(Self::Jpeg);
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
            return Some(Self::Png);
        }
        if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            return Some(Self::Gif);
        }
        if bytes.starts_with(b"RIFF") && chunk_at(8) == Some(b"WEBP") {
            return Some(Self::WebP);
        }
        if bytes.starts_with(b"II\x2A\0") || bytes.starts_with(b"MM\0\x2A") {
            return Some(Self::Tiff);
        }
        if chunk_at(4) == Some(b"ftyp") {
            return chunk_at(8).and_then(Self::of_brand);
        }
        // Two letters alone are too weak a sign: the size of the header that follows must be one there is.
        let header = chunk_at(14).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
        if bytes.starts_with(b"BM") && matches!(header, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)) {
            return Some(Self::Bmp);
        }
        None
    }

    /// The major brand of an ISO base media file.
    fn of_brand(brand: &[u8]) -> Option<Self> {
        match brand {
            b"avif" | b"avis" => Some(Self::Avif),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => Some(Self::Heif),
            _ => None,
        }
    }

    /// `image/jpeg`, …
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Heif => "image/heif",
            Self::Avif => "image/avif",
            Self::Tiff => "image/tiff",
            Self::Unknown => "application/octet-stream",
        }
    }

    /// The name in the processing language: `jpg`, `png`, … `tiff` and `unknown` are not of the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Bmp => "bmp",
            Self::Heif => "heif",
            Self::Avif => "avif",
            Self::Tiff => "tiff",
            Self::Unknown => "unknown",
        }
    }
}
