//! `flip/<direction>`. `rotate` and `auto-orient` are plain numbers and flags of [`Op`](super::Op).

use std::fmt;

/// The direction of a mirror image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // a plane has two
pub enum Flip {
    /// Top and bottom change places.
    Vertical,
    /// Left and right change places.
    Horizontal,
}

impl Flip {
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "vertical" => Some(Self::Vertical),
            "horizontal" => Some(Self::Horizontal),
            _ => None,
        }
    }
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vertical => "vertical",
            Self::Horizontal => "horizontal",
        })
    }
}
