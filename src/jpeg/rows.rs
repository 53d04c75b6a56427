//! Where the coefficients of a picture are while a writer takes them: in memory, or still in the source.

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use crate::error::Result;
use crate::jpeg::ahead::{McuStart, ROWS_TOLD};
use crate::jpeg::coeff::{BLOCK_BYTES, Block, CoefficientImage, Plane};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::packed::{PackedPicture, Spliced, gather};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::scans::Scans;
use crate::jpeg::simd::Scalar;
use crate::jpeg::stream::Stream;
use crate::jpeg::tail;
use crate::jpeg::threads::Threads;
use crate::jpeg::window::Window;
use crate::jpeg::write::Work;
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
    /// In memory without their zeros.
    Packed(Cow<'a, PackedPicture>),
    /// The scan that has them all is decoded as they are asked for. Memory that is touched for the first time costs
    /// more than its coefficients took to decode: a row in the cache does instead of 128 bytes for every block.
    Streamed(Box<Stream<'a>>),
    /// The same for scans that only together have them all.
    Together(Box<Scans<'a>>),
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
    pub(crate) fn in_memory(mut self, kernels: impl AcKernels, work: Work<'_>) -> Result<Self> {
        if let Some(packed) = self.rows.packed(kernels, &self.frame, work)? {
            return Ok(Self { rows: Rows::Packed(Cow::Owned(packed)), ..self });
        }
        if let Rows::Streamed(_) | Rows::Together(_) = self.rows {
            self.rows.hold_in_place(&self.frame, 0, work)?;
        }
        Ok(self)
    }
}

/// What comes before a rest: so many of [`tail::WHOLE`] parts of a scan. Tokens are made of it at once; who has done that
/// sooner than the rest is decoded helps with the tokens of the rest, but nobody helps with what comes before.
const BEFORE: u64 = 120;

/// Bytes of the coefficients of a picture that is packed, at least, and MCU rows, as each has a window beside it. Up to
/// some megabytes would take 5 % less time with their zeros, but leave no room for what a search knows of them.
const PACKED_BYTES: u64 = 1 << 18;
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

    /// Gives MCU rows of a frame to `take` with their zeros, and their numbers; of the components that are not `wanted`
    /// they may have anything.
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
                let mut unpacker = Unpacker::default();
                numbers.try_for_each(|y| {
                    let row = unpacker.with_zeros(kernels, frame, MadeRow::Packed(packed.row(y)), &wanted);
                    take(y, row)
                })
            }
        }
    }
}

/// An MCU row of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) enum McuRow<'a> {
    /// In planes of the whole picture, or of a stripe that has it.
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

/// An MCU row of a picture as it is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MadeRow<'a> {
    WithZeros(McuRow<'a>),
    Packed(Spliced<'a>),
}

/// Gives rows their zeros that are there without them.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    window: Option<Window>,
}

impl Unpacker {
    /// A row with its zeros, of the same frame each time; of the components that are not `wanted` it may have
    /// anything.
    pub(crate) fn with_zeros<'a>(
        &'a mut self,
        kernels: impl AcKernels,
        frame: &Frame,
        row: MadeRow<'a>,
        wanted: impl Fn(usize) -> bool,
    ) -> McuRow<'a> {
        match row {
            MadeRow::WithZeros(row) => row,
            MadeRow::Packed(row) => {
                let window = self.window.get_or_insert_with(|| Window::new(frame));
                kernels.run(
                    #[inline(always)]
                    || row.unpack(kernels, wanted, window),
                );
                McuRow::Alone(window)
            }
        }
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.window.as_ref().map_or(0, Window::bytes)
    }
}

impl Rows<'_> {
    /// Gives MCU rows of a frame in their order to `take`, with their numbers. Those of a stream begin with the first.
    pub(crate) fn for_each(
        &mut self,
        frame: &Frame,
        numbers: impl Iterator<Item = u32>,
        mut take: impl FnMut(u32, MadeRow<'_>) -> Result<()>,
    ) -> Result<()> {
        for y in numbers {
            let row = match self {
                Self::Held(planes) => MadeRow::WithZeros(McuRow::Held(planes)),
                Self::Packed(packed) => MadeRow::Packed(packed.row(y)),
                Self::Streamed(stream) => stream.go_to(y)?,
                Self::Together(scans) => MadeRow::WithZeros(McuRow::Held(scans.go_to(frame, y)?)),
            };
            take(y, row)?;
        }
        Ok(())
    }

    /// All that another thread has decoded of a stream, where it was met.
    ///
    /// # Errors
    /// `Input` where what was met has been given up. Whoever decodes alone finds what is wrong, if anything is.
    pub(crate) fn rest(&mut self) -> Result<Option<PackedPicture>> {
        let Self::Streamed(stream) = self else { return Ok(None) };
        let rest = stream.rest()?;
        Ok(rest.map(|rest| {
            let mut packed = PackedPicture::new(stream.window(), 0);
            packed.join(rest);
            packed
        }))
    }

    /// Does `work` while another thread decodes the rest of a stream, of a picture with so many bytes of coefficients,
    /// at least; otherwise nothing. What the rest may take counts as taken. The thread then goes on with it, as
    /// [`tail::begin`] says.
    pub(crate) fn with_rest<T>(
        &mut self,
        kernels: impl AcKernels,
        frame: &Frame,
        least: u64,
        (threads, cancel): (&Threads, &Cancel),
        then: impl FnOnce(u32, &PackedPicture, &AtomicBool) + Send,
        work: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let bytes = frame.blocks() * BLOCK_BYTES;
        if bytes < least || !matches!(self, Self::Streamed(_)) {
            return None;
        }
        let may_go_on = |_| cancel.check();
        threads.scope(|scope| {
            if let (Self::Streamed(stream), Some(scope)) = (&mut *self, scope) {
                let mut packed = PackedPicture::new(stream.window(), 0);
                // Were none of them zero, a sixteenth more; as much for guesses that are dropped; and where MCUs begin.
                let rest = bytes / tail::WHOLE * (tail::WHOLE - BEFORE) + stream.window().bytes();
                let told = (ROWS_TOLD as usize * stream.window().mcus() * size_of::<McuStart>()) as u64;
                let terms = tail::Terms { after: BEFORE, most: rest / 16 * 18 + told };
                tail::begin(kernels, scope, stream, terms, &may_go_on, move |start, rest, is_over| {
                    packed.join(rest);
                    then(start, &packed, is_over);
                });
            }
            let done = work(self);
            if let Self::Streamed(stream) = self {
                stream.ahead = None;
            }
            Some(done)
        })
    }

    /// All rows that are still in the source, without their zeros, where that pays.
    fn packed(
        &mut self,
        kernels: impl AcKernels,
        frame: &Frame,
        Work { threads, limits, cancel, .. }: Work<'_>,
    ) -> Result<Option<PackedPicture>> {
        if frame.blocks() * BLOCK_BYTES < PACKED_BYTES || frame.mcus_high < PACKED_ROWS {
            return Ok(None);
        }
        match self {
            Self::Streamed(stream) => {
                let may_hold = |bytes| {
                    cancel.check()?;
                    limits.check_memory(bytes, "the coefficients of the picture")
                };
                tail::pack(kernels, stream, frame, threads, may_hold).map(Some)
            }
            Self::Together(scans) => gather::pack(kernels, scans, frame, threads, limits).map(Some),
            Self::Held(_) | Self::Packed(_) => Ok(None),
        }
    }

    /// All blocks of a frame, by component. The caller has checked their memory against the limits.
    pub(crate) fn hold(mut self, frame: &Frame, cancel: &Cancel) -> Result<Vec<Plane>> {
        match self {
            Self::Held(planes) => return Ok(planes.into_owned()),
            Self::Together(mut scans) => {
                let mut planes: Vec<_> = frame.components.iter().map(Plane::new).collect();
                scans.decode(frame, &mut planes)?;
                return Ok(planes);
            }
            Self::Packed(_) | Self::Streamed(_) => {}
        }
        let mut planes: Vec<_> = frame.components.iter().map(Plane::without_rows).collect();
        let mut unpacker = Unpacker::default();
        self.for_each(frame, 0..frame.mcus_high, |y, mcu_row| {
            cancel.check()?;
            let mcu_row = unpacker.with_zeros(Scalar, frame, mcu_row, |_| true);
            for (i, (plane, component)) in planes.iter_mut().zip(&frame.components).enumerate() {
                component.rows_of(y).for_each(|row| plane.push(mcu_row.row(i, row)));
            }
            Ok(())
        })?;
        Ok(planes)
    }

    /// Takes all blocks of a frame into memory, once that is within the limits with so many bytes `beside`.
    pub(crate) fn hold_in_place(&mut self, frame: &Frame, beside: u64, work: Work<'_>) -> Result<()> {
        work.limits.check_memory(frame.blocks() * BLOCK_BYTES + beside, "the coefficients of the picture")?;
        let rows = std::mem::replace(self, Self::Held(Cow::Borrowed(&[])));
        *self = Self::Held(Cow::Owned(rows.hold(frame, work.cancel)?));
        Ok(())
    }

    /// Whether the whole picture is in memory with its zeros.
    pub(crate) fn are_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// The picture, where the whole of it is in memory.
    pub(crate) fn in_memory(&self) -> Option<InMemory<'_>> {
        match self {
            Self::Held(planes) => Some(InMemory::Planes(planes)),
            Self::Packed(packed) => Some(InMemory::Packed(packed)),
            Self::Streamed(_) | Self::Together(_) => None,
        }
    }

    /// Gives their memory back, unless it is another's, once nothing more is taken from them.
    pub(crate) fn release(&mut self) {
        if self.are_own() {
            *self = Self::Held(Cow::Borrowed(&[]));
        }
    }

    /// Whether their memory can be given back.
    pub(crate) fn are_own(&self) -> bool {
        !matches!(self, Self::Held(Cow::Borrowed(_)) | Self::Packed(Cow::Borrowed(_)))
    }

    /// Bytes of memory in use while rows are taken.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Held(planes) => InMemory::Planes(planes).bytes(1),
            Self::Packed(packed) => packed.bytes(1),
            Self::Streamed(stream) => stream.bytes() + stream.ahead.as_ref().map_or(0, |ahead| ahead.most),
            Self::Together(scans) => scans.bytes(),
        }
    }
}

#[cfg(test)]
impl Coefficients<'_> {
    /// Those of a file, still in it where they may be.
    pub(crate) fn of(source: &[u8]) -> Coefficients<'_> {
        use crate::jpeg::damage::Tolerance;
        use crate::jpeg::read::{self, Terms};
        let (limits, cancel) = (crate::limits::Limits::default(), Cancel::new());
        let (level, tolerance) = (crate::jpeg::simd::Simd::Auto.level().unwrap(), Tolerance::new(false));
        let mut terms =
            Terms { limits: &limits, cancel: &cancel, level, threads: &crate::jpeg::threads::ALONE, tolerance };
        read::read(source, &mut terms).unwrap().coefficients
    }
}
