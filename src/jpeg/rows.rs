//! Where the coefficients of a picture are while a writer takes them: in memory, or still in the source.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;

use crate::error::{Error, ErrorKind, Result};
use crate::jpeg::coeff::{BLOCK_BYTES, Block, CoefficientImage, Plane};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::packed::{PackedPicture, PackedRow, Packer};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::simd::Scalar;
use crate::jpeg::stream::Stream;
use crate::jpeg::window::Window;
use crate::limits::{Cancel, Limits};

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
    /// In memory without their zeros.
    Packed(Cow<'a, PackedPicture>),
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
        let planes = self.rows.hold(&frame, cancel)?;
        Ok(CoefficientImage { frame, planes, tables: self.tables.into_owned() })
    }

    /// Takes the whole picture into memory where it is not there yet, without its zeros where that pays.
    pub(crate) fn in_memory(self, limits: &Limits, cancel: &Cancel) -> Result<Self> {
        let check = |bytes| limits.check_memory(bytes, "the coefficients of the picture");
        let bytes = self.frame.blocks() * BLOCK_BYTES;
        let rows = match self.rows {
            Rows::Streamed(stream) if bytes >= PACKED_BYTES && self.frame.mcus_high >= PACKED_ROWS => {
                let may_hold = |bytes| cancel.check().and_then(|()| check(bytes));
                Rows::Packed(Cow::Owned(stream.pack(&self.frame, may_hold)?))
            }
            Rows::Streamed(stream) => {
                check(bytes)?;
                Rows::Held(Cow::Owned(Rows::Streamed(stream).hold(&self.frame, cancel)?))
            }
            held => held,
        };
        Ok(Self { rows, ..self })
    }
}

/// Bytes of the coefficients of a picture that is packed, at least: less stays in the caches with its zeros. And MCU rows,
/// as each has a window beside it.
const PACKED_BYTES: u64 = 4 << 20;
const PACKED_ROWS: u32 = 16;

/// A picture in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InMemory<'a> {
    Planes(&'a [Plane]),
    Packed(&'a PackedPicture),
}

impl<'a> From<InMemory<'a>> for Rows<'a> {
    fn from(memory: InMemory<'a>) -> Self {
        match memory {
            InMemory::Planes(planes) => Self::Held(Cow::Borrowed(planes)),
            InMemory::Packed(packed) => Self::Packed(Cow::Borrowed(packed)),
        }
    }
}

impl InMemory<'_> {
    /// Bytes of memory in use where so many threads take rows, each for itself.
    pub(crate) fn bytes(self, threads: usize) -> u64 {
        match self {
            Self::Planes(planes) => planes.iter().map(Plane::bytes).sum(),
            Self::Packed(packed) => packed.bytes(threads),
        }
    }

    /// Gives MCU rows of a frame to `take`, with their numbers; of the components that are not `wanted` they may have
    /// anything.
    pub(crate) fn take<E>(
        self,
        kernels: impl AcKernels,
        frame: &Frame,
        mut numbers: impl Iterator<Item = u32>,
        wanted: impl Fn(usize) -> bool,
        mut take: impl FnMut(u32, McuRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Planes(planes) => numbers.try_for_each(|y| take(y, McuRow::Held(planes))),
            Self::Packed(packed) => {
                let mut window = Window::new(frame);
                numbers.try_for_each(|y| {
                    kernels.run(
                        #[inline(always)]
                        || packed.row(y).unpack(&wanted, &mut window),
                    );
                    take(y, McuRow::Alone(&window))
                })
            }
        }
    }
}

/// An MCU row of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) enum McuRow<'a> {
    /// In the planes of the whole picture.
    Held(&'a [Plane]),
    Alone(&'a Window),
}

impl<'a> McuRow<'a> {
    /// A row of blocks of a component, counted from the top of the picture.
    #[inline(always)]
    pub(crate) fn row(self, component: usize, row: u32) -> &'a [Block] {
        match self {
            Self::Held(planes) => planes[component].row(row as usize),
            Self::Alone(window) => window.row(component, row),
        }
    }
}

impl Rows<'_> {
    /// Gives all MCU rows of a frame in their order to `take`, with their number; of the components that are not `wanted`
    /// they may have anything. Where there are `threads` for it, they are decoded by one while another takes them.
    pub(crate) fn for_each(
        &mut self,
        kernels: impl AcKernels,
        frame: &Frame,
        threads: usize,
        wanted: impl Fn(usize) -> bool,
        mut take: impl FnMut(u32, McuRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut rows = 0..frame.mcus_high;
        if let Some(memory) = self.in_memory() {
            return memory.take(kernels, frame, rows, wanted, take);
        }
        let Self::Streamed(stream) = self else { return Ok(()) };
        if threads > 1 && decode_ahead(kernels, stream, rows.clone(), &mut take)? {
            return Ok(());
        }
        rows.try_for_each(|y| {
            stream.go_to(y)?;
            take(y, McuRow::Alone(stream.window()))
        })
    }

    /// All blocks of a frame, by component. The caller has checked their memory against the limits.
    pub(crate) fn hold(mut self, frame: &Frame, cancel: &Cancel) -> Result<Vec<Plane>> {
        if let Self::Held(planes) = self {
            return Ok(planes.into_owned());
        }
        let mut planes: Vec<_> = frame.components.iter().map(Plane::without_rows).collect();
        let every = |_| true;
        self.for_each(Scalar, frame, 1, every, |y, mcu_row| {
            cancel.check()?;
            for (i, (plane, component)) in planes.iter_mut().zip(&frame.components).enumerate() {
                component.rows_of(y).for_each(|row| plane.push(mcu_row.row(i, row)));
            }
            Ok(())
        })?;
        Ok(planes)
    }

    /// Whether the whole picture is in memory, so that to take it again costs next to nothing.
    pub(crate) fn are_held(&self) -> bool {
        !matches!(self, Self::Streamed(_))
    }

    /// The picture, where the whole of it is in memory.
    pub(crate) fn in_memory(&self) -> Option<InMemory<'_>> {
        match self {
            Self::Held(planes) => Some(InMemory::Planes(planes)),
            Self::Packed(packed) => Some(InMemory::Packed(packed)),
            Self::Streamed(_) => None,
        }
    }

    /// Gives their memory back, unless it is another's, once nothing more is taken from them.
    pub(crate) fn release(&mut self) {
        if !matches!(self, Self::Held(Cow::Borrowed(_)) | Self::Packed(Cow::Borrowed(_))) {
            *self = Self::Held(Cow::Borrowed(&[]));
        }
    }

    /// Bytes of memory in use where so many threads work on one row after another.
    pub(crate) fn bytes(&self, threads: usize) -> u64 {
        match self {
            Self::Held(planes) => planes.iter().map(Plane::bytes).sum(),
            Self::Packed(packed) => packed.bytes(1),
            Self::Streamed(stream) => {
                let window = stream.window();
                // Those that wait, one at each end, the packer and another window.
                let ahead = if threads > 1 { (WAITING + 2) * rows_of_a_batch(window) + 2 } else { 0 };
                stream.bytes() + ahead as u64 * PackedRow::most_bytes(window)
            }
        }
    }
}

/// Batches that wait between a thread that decodes and one that takes them, and blocks of a batch: to wake a thread can
/// take longer than to decode a row.
const WAITING: usize = 3;
const BATCH: usize = 1 << 12;

fn rows_of_a_batch(window: &Window) -> usize {
    (BATCH / window.blocks().sum::<usize>().max(1)).max(1)
}

/// As [`Rows::for_each`], with a thread that decodes and this one, which takes what comes. It comes packed: what one core
/// has written is far from another, and to write there anew is as far. Whichever side ends first hangs up, and the other
/// ends too. Nothing is done where the system has no thread to give: the answer is whether it had.
fn decode_ahead(
    kernels: impl AcKernels,
    stream: &mut Stream<'_>,
    rows: Range<u32>,
    mut take: impl FnMut(u32, McuRow<'_>) -> Result<()>,
) -> Result<bool> {
    let (hand_over, decoded) = mpsc::sync_channel::<(Vec<PackedRow>, Result<()>)>(WAITING);
    let mut window = stream.window().clone();
    let size = rows_of_a_batch(&window);
    let batches = rows.clone().step_by(size).map(|y| y..(y + size as u32).min(rows.end));
    let to_decode = batches.clone();
    let decode = || {
        // Of that side.
        let hand_over = hand_over;
        let mut packer = Packer::new(stream.window().blocks());
        for mut numbers in to_decode {
            let mut batch = Vec::with_capacity(size);
            let outcome = numbers.try_for_each(|y| {
                batch.push(stream.pack_row(y, &mut packer)?);
                Ok(())
            });
            let ended = outcome.is_err();
            if hand_over.send((batch, outcome)).is_err() || ended {
                break;
            }
        }
    };
    thread::scope(|scope| {
        if thread::Builder::new().spawn_scoped(scope, decode).is_err() {
            return Ok(false);
        }
        // Of this side. Whichever side ends, the other hears it.
        let decoded = decoded;
        for numbers in batches {
            let gone = |_| Error::new(ErrorKind::Internal, "the thread that decodes is gone");
            let (batch, outcome) = decoded.recv().map_err(gone)?;
            for (y, row) in numbers.zip(&batch) {
                kernels.run(
                    #[inline(always)]
                    || row.unpack(|_| true, &mut window),
                );
                take(y, McuRow::Alone(&window))?;
            }
            outcome?;
        }
        Ok(true)
    })
}
