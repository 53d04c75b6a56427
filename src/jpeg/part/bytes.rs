//! The data of scans as it will be written, made by all threads: that of DC coefficients from bands of rows, that of
//! others from pieces of their tokens.

use std::iter;
use std::ops::Range;
use std::sync::Arc;

use super::{Data, Part, Ready, dc};
use crate::error::Result;
use crate::jpeg::entropy::complete::{Complete, Piece};
use crate::jpeg::entropy::emit::{self, Bits};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::entropy::store::Store;
use crate::jpeg::entropy::token::SLOTS;
use crate::jpeg::frame::Frame;
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::scan::dc::DcRows;
use crate::jpeg::threads::{self, Threads};
use crate::limits::Cancel;

/// Scans of DC coefficients whose tokens are still to be made.
#[derive(Clone, Copy)]
pub(crate) struct OfDc<'a, 'b> {
    pub(crate) frame: &'b Frame,
    pub(crate) rows: &'b DcRows,
    pub(crate) parts: &'b [Part<'a>],
}

/// A scan whose data is still to be written.
enum Left<'a, 'b> {
    Dc(OfDc<'a, 'b>, &'b Part<'a>),
    Ready(Box<Ready<'a>>),
}

impl<'a, 'b> Left<'a, 'b> {
    /// Tokens of a block take about as long as a byte.
    fn weight(&self) -> usize {
        match self {
            Self::Dc(OfDc { frame, .. }, part) => part.scan.blocks(frame) as usize,
            Self::Ready(ready) => ready.bytes(),
        }
    }

    /// What threads can do of it apart: where it is more than a thread's share, it would still be one's when the others
    /// have nothing left.
    fn jobs(&self, share: usize, threads: &Threads, store: &Store) -> Vec<Job<'a, 'b>> {
        match self {
            &Self::Dc(all, part) => {
                let bands = threads::bands(0..all.frame.mcus_high, threads);
                bands.into_iter().map(|rows| Job::Band(all, part, rows)).collect()
            }
            Self::Ready(ready) if self.weight() > share => {
                let Data::Tokens(tokens, _) = &ready.data else { return Vec::new() };
                let pieces = tokens.pieces(self.weight().div_ceil(share.max(1)), store);
                // The others come to the first; tokens of some take more than those of all on average.
                let of_a_piece = self.weight() / pieces.len().max(1);
                let rooms = iter::once(self.weight()).chain(iter::repeat(of_a_piece + of_a_piece / 8));
                let job = |(piece, room)| Job::Piece(Arc::clone(tokens), ready.tables.clone(), piece, room);
                pieces.into_iter().zip(rooms).map(job).collect()
            }
            Self::Ready(_) => Vec::new(),
        }
    }
}

/// A part of the work on a scan.
enum Job<'a, 'b> {
    Band(OfDc<'a, 'b>, &'b Part<'a>, Range<u32>),
    /// With the tables, and room for so many bytes.
    Piece(Arc<Complete>, [Option<HuffmanTable>; SLOTS], Piece, usize),
}

/// What comes of it.
enum Done<'a> {
    Tokens(Box<(Part<'a>, Store)>),
    Bits(Bits),
}

/// Scans of DC coefficients, if any, and then `others`, whose tokens are in a store: with their data as it will be
/// written, by so many threads.
///
/// # Errors
/// Where a difference is too large for the coding process, or the call is cancelled.
pub(crate) fn make<'a>(
    kernels: impl AcKernels,
    of_dc: Option<OfDc<'a, '_>>,
    (others, store): (Vec<Ready<'a>>, &Store),
    (threads, cancel): (&Threads, &Cancel),
) -> Result<Vec<Ready<'a>>> {
    let scans = of_dc.iter().flat_map(|&all| all.parts.iter().map(move |part| Left::Dc(all, part)));
    let scans: Vec<_> = scans.chain(others.into_iter().map(|ready| Left::Ready(Box::new(ready)))).collect();
    let share = scans.iter().map(Left::weight).sum::<usize>().div_ceil(threads.count());
    let groups = scans.into_iter().map(|left| {
        let jobs = left.jobs(share, threads, store);
        (left, jobs)
    });
    let work = |job: Job<'a, '_>| match job {
        Job::Band(OfDc { frame, rows, .. }, part, band) => {
            Done::Tokens(Box::new(dc::band(kernels, frame, rows, part, band)))
        }
        Job::Piece(tokens, tables, piece, room) => {
            Done::Bits(emit::emit_piece(kernels, &tokens, store, piece, &tables, room))
        }
    };
    let then = |left, done: Vec<Done<'a>>| {
        cancel.check()?;
        Ok(match left {
            Left::Dc(all, part) => {
                let (ready, store) = joined(all, part, done)?;
                ready.with_bytes(kernels, &store, Vec::new())
            }
            Left::Ready(ready) => {
                let bits = |done| if let Done::Bits(bits) = done { Some(bits) } else { None };
                ready.with_bytes(kernels, store, done.into_iter().filter_map(bits).collect())
            }
        })
    };
    threads.share_groups(groups.collect(), Left::weight, work, then).into_iter().collect()
}

/// A scan of DC coefficients with the tokens of its bands.
fn joined<'a>(
    OfDc { frame, rows, .. }: OfDc<'a, '_>,
    part: &Part<'a>,
    bands: Vec<Done<'a>>,
) -> Result<(Ready<'a>, Store)> {
    let (mut whole, mut store) = (dc::from_row(frame, rows, part, 0), Store::default());
    for band in bands {
        if let Done::Tokens(band) = band {
            let (part, own) = *band;
            let pieces = store.append(own);
            whole.join(part, pieces, &mut store);
        }
    }
    whole.finish(&mut store);
    Ok((whole.ready(frame)?, store))
}

impl Ready<'_> {
    /// The same with its data as it will be written: of `pieces`, where it was made in some.
    fn with_bytes(mut self, kernels: impl AcKernels, store: &Store, pieces: Vec<Bits>) -> Self {
        let room = self.bytes();
        self.data = Data::Bytes(match self.data {
            Data::Tokens(tokens, _) if pieces.is_empty() => {
                let mut bytes = Vec::with_capacity(room);
                emit::emit(kernels, &tokens, store, &self.tables, &mut bytes);
                bytes
            }
            Data::Tokens(..) => emit::join(pieces),
            Data::Bytes(bytes) => bytes,
        });
        self
    }
}
