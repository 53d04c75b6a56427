//! Where the coefficients of a picture are while a writer takes them: in memory, or still in the source.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;

use crate::error::{Error, ErrorKind, Result};
use crate::jpeg::coeff::{Block, CoefficientImage, Plane};
use crate::jpeg::frame::Frame;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::stream::{Stream, Window};
use crate::limits::Cancel;

/// A picture on its way from a reader, or from an encoder, to a writer.
#[derive(Debug)]
pub(crate) struct Coefficients<'a> {
    pub(crate) frame: Cow<'a, Frame>,
    /// A quantisation table for each component.
    pub(crate) tables: Cow<'a, [QuantTable]>,
    pub(crate) rows: Rows<'a>,
}

/// The blocks of a picture, which are taken an MCU row at a time, from the first to the last and from the first again.
#[derive(Debug)]
pub(crate) enum Rows<'a> {
    /// A plane for each component.
    Held(Cow<'a, [Plane]>),
    /// The scan that has them all is decoded as they are asked for. Memory that is touched for the first time costs
    /// more than its coefficients took to decode: a row in the cache does instead of 128 bytes for every block.
    Streamed(Box<Stream<'a>>),
}

impl<'a> From<&'a CoefficientImage> for Coefficients<'a> {
    fn from(image: &'a CoefficientImage) -> Self {
        Self {
            frame: Cow::Borrowed(&image.frame),
            tables: Cow::Borrowed(&image.tables),
            rows: Rows::Held(Cow::Borrowed(&image.planes)),
        }
    }
}

impl From<CoefficientImage> for Coefficients<'_> {
    fn from(image: CoefficientImage) -> Self {
        let CoefficientImage { frame, planes, tables } = image;
        Self { frame: Cow::Owned(frame), tables: Cow::Owned(tables), rows: Rows::Held(Cow::Owned(planes)) }
    }
}

impl Coefficients<'_> {
    /// Takes the whole picture into memory. The caller has checked it against the limits.
    pub(crate) fn hold(self, cancel: &Cancel) -> Result<CoefficientImage> {
        let frame = self.frame.into_owned();
        let planes = match self.rows {
            Rows::Held(planes) => planes.into_owned(),
            Rows::Streamed(stream) => stream.hold(&frame, cancel)?,
        };
        Ok(CoefficientImage { frame, planes, tables: self.tables.into_owned() })
    }
}

/// An MCU row of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) enum McuRow<'a> {
    /// In the planes of the whole picture.
    Held(&'a [Plane]),
    Alone(&'a Window),
}

impl McuRow<'_> {
    /// A row of blocks of a component, counted from the top of the picture.
    #[inline(always)]
    pub(crate) fn row(&self, component: usize, row: u32) -> &[Block] {
        match self {
            Self::Held(planes) => planes[component].row(row as usize),
            Self::Alone(window) => window.row(component, row),
        }
    }
}

/// MCU rows that are decoded ahead of those that take them, by a thread of their own: enough that neither waits for
/// the other because of one row that takes long.
const AHEAD: usize = 6;

impl Rows<'_> {
    /// Gives all MCU rows of a frame in their order to `take`, with their number. Where there are `threads` for it, they
    /// are decoded by one while another takes them.
    pub(crate) fn for_each(
        &mut self,
        frame: &Frame,
        threads: usize,
        mut take: impl FnMut(u32, McuRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut rows = 0..frame.mcus_high;
        match self {
            Self::Held(planes) => rows.try_for_each(|y| take(y, McuRow::Held(planes))),
            Self::Streamed(stream) => {
                if threads > 1 && decode_ahead(stream, rows.clone(), &mut take)? {
                    return Ok(());
                }
                rows.try_for_each(|y| {
                    stream.go_to(y)?;
                    take(y, McuRow::Alone(stream.window()))
                })
            }
        }
    }

    /// The whole picture, where it is in memory.
    pub(crate) fn planes(&self) -> Option<&[Plane]> {
        match self {
            Self::Held(planes) => Some(planes),
            Self::Streamed(_) => None,
        }
    }

    /// Whether the whole picture is in memory, so that to take it again costs next to nothing.
    pub(crate) fn are_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// Gives their memory back, unless it is another's, once nothing more is taken from them.
    pub(crate) fn release(&mut self) {
        if !matches!(self, Self::Held(Cow::Borrowed(_))) {
            *self = Self::Held(Cow::Borrowed(&[]));
        }
    }

    /// Bytes of memory in use with so many threads.
    pub(crate) fn bytes(&self, threads: usize) -> u64 {
        match self {
            Self::Held(planes) => planes.iter().map(Plane::bytes).sum(),
            Self::Streamed(stream) if threads > 1 => stream.bytes() + AHEAD as u64 * stream.window().bytes(),
            Self::Streamed(stream) => stream.bytes(),
        }
    }
}

/// As [`Rows::for_each`]: windows go round between a thread that fills them and this one, which takes what is in them.
/// Whichever ends first hangs up, and the other ends too. Nothing is done where the system has no thread to give: the
/// answer is whether it had.
fn decode_ahead(
    stream: &mut Stream<'_>,
    rows: Range<u32>,
    mut take: impl FnMut(u32, McuRow<'_>) -> Result<()>,
) -> Result<bool> {
    let (give_back, free) = mpsc::channel::<Window>();
    let (hand_over, decoded) = mpsc::channel::<Result<Window>>();
    for _ in 0..AHEAD {
        // It is open as long as `free` is there.
        let _ = give_back.send(stream.window().clone());
    }
    let range = rows.clone();
    let decode = || {
        // Of that side.
        let (free, hand_over) = (free, hand_over);
        for (y, mut window) in range.zip(&free) {
            let outcome = stream.go_to(y);
            stream.exchange(&mut window);
            let ended = outcome.is_err();
            if hand_over.send(outcome.map(|()| window)).is_err() || ended {
                break;
            }
        }
    };
    thread::scope(|scope| {
        if thread::Builder::new().spawn_scoped(scope, decode).is_err() {
            return Ok(false);
        }
        // Of this side. Whichever side ends, the other hears it.
        let (give_back, decoded) = (give_back, decoded);
        for y in rows {
            let gone = |_| Error::new(ErrorKind::Internal, "the thread that decodes is gone");
            let window = decoded.recv().map_err(gone)??;
            take(y, McuRow::Alone(&window))?;
            // Nobody waits for the last ones.
            let _ = give_back.send(window);
        }
        Ok(true)
    })
}
