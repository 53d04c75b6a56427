//! `cut`, `crop` with `gravity`, and `scrop`.

use std::fmt;

use super::value::{integer, length, width_height};

/// `cut/<w>x<h>x<dx>x<dy>`: a rectangle by its size and the offset of its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Cut {
    /// Samples, above 0.
    pub width: u32,
    /// Samples, above 0.
    pub height: u32,
    /// Samples from the left edge. The documents ask for more than 0; 0 is accepted, for it is the edge itself.
    pub x: u32,
    /// Samples from the top edge.
    pub y: u32,
}

impl Cut {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('x');
        let mut side = |range| integer(parts.next()?, range);
        let (width, height) = (side(1..=u32::MAX)?, side(1..=u32::MAX)?);
        let (x, y) = (side(0..=u32::MAX)?, side(0..=u32::MAX)?);
        parts.next().is_none().then_some(Self { width, height, x, y })
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}x{}", self.width, self.height, self.x, self.y)
    }
}

/// `crop/<W>x<H>`, where one side may be left out: `crop/<W>x`, `crop/x<H>`. Where the rectangle lies is said by
/// `gravity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Crop {
    /// `<W>x`.
    Width(u32),
    /// `x<H>`.
    Height(u32),
    /// `<W>x<H>`.
    Both(u32, u32),
}

impl Crop {
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.split_once('x')? {
            (width, "") => length(width).map(Self::Width),
            ("", height) => length(height).map(Self::Height),
            _ => width_height(text).map(|(width, height)| Self::Both(width, height)),
        }
    }
}

impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Width(width) => write!(f, "{width}x"),
            Self::Height(height) => write!(f, "x{height}"),
            Self::Both(width, height) => write!(f, "{width}x{height}"),
        }
    }
}

/// `scrop/<W>x<H>`: a rectangle around the faces; without a face the service answers with the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FaceCrop {
    /// Samples, above 0.
    pub width: u32,
    /// Samples, above 0.
    pub height: u32,
}

impl FaceCrop {
    pub(super) fn read(text: &str) -> Option<Self> {
        width_height(text).map(|(width, height)| Self { width, height })
    }
}

impl fmt::Display for FaceCrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// One of the nine places of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // there are nine
pub enum Position {
    /// Top left.
    NorthWest,
    /// Top.
    North,
    /// Top right.
    NorthEast,
    /// Left.
    West,
    /// The middle.
    Center,
    /// Right.
    East,
    /// Bottom left.
    SouthWest,
    /// Bottom.
    South,
    /// Bottom right.
    SouthEast,
}

impl Position {
    const ALL: [Self; 9] = [
        Self::NorthWest,
        Self::North,
        Self::NorthEast,
        Self::West,
        Self::Center,
        Self::East,
        Self::SouthWest,
        Self::South,
        Self::SouthEast,
    ];

    /// The name as the URLs of the documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NorthWest => "northwest",
            Self::North => "north",
            Self::NorthEast => "northeast",
            Self::West => "west",
            Self::Center => "center",
            Self::East => "east",
            Self::SouthWest => "southwest",
            Self::South => "south",
            Self::SouthEast => "southeast",
        }
    }
}

/// `gravity/<position>` in any case of letters, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gravity {
    text: String,
    position: Position,
}

impl Gravity {
    /// The place that is meant.
    pub fn position(&self) -> Position {
        self.position
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let position = Position::ALL.into_iter().find(|position| position.name().eq_ignore_ascii_case(text))?;
        Some(Self { text: text.to_owned(), position })
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
