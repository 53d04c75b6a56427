//! What the WebP decoder takes on trust and hostile files lie about: sizes of chunks, for which it takes memory
//! before it reads, and sizes of frames that differ from the canvas, for which it takes memory and on which it may
//! panic. The container is walked first, and a file that contradicts itself is refused.
//!
//! Layout: RFC 9649 sections 2.3 to 2.7.

use crate::error::{Error, Result};
use crate::limits::Limits;

/// The format's own bound on a side, and the service's.
const MAX_SIDE: u32 = 16_383;

/// Where the chunks after VP8X begin. The decoder looks for chunks up to here plus what RIFF says less 12, which is
/// a few bytes beyond the end of the file.
const VP8X_END: usize = 30;

/// Checks the container of a WebP file up to its first frame.
pub(super) fn check(source: &[u8], limits: &Limits) -> Result<()> {
    let size = source.get(4..8).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
    let size = usize::try_from(size.saturating_sub(12)).unwrap_or(usize::MAX);
    let end = VP8X_END.saturating_add(size);
    let mut chunks = Chunks { source, at: 12, end }; // after "RIFF", size, "WEBP"
    let Some(first) = chunks.next().transpose()? else {
        return Err(malformed("no chunk", 12));
    };
    if first.name != *b"VP8X" {
        return Ok(()); // the one chunk has the only size there is
    }
    let canvas = first.body.get(4..10).map(|sides| Size { width: plus_one(sides, 0), height: plus_one(sides, 3) });
    let canvas = canvas.ok_or_else(|| malformed("a VP8X chunk that is too short", first.at))?;
    if canvas.width > MAX_SIDE || canvas.height > MAX_SIDE {
        let message = format!("a WebP of {}x{} is over the limit of {MAX_SIDE} a side", canvas.width, canvas.height);
        return Err(Error::limit("side", message));
    }
    limits.check_picture(canvas.width, canvas.height)?;

    let mut frames = 0;
    for chunk in chunks {
        let chunk = chunk?;
        match &chunk.name {
            b"VP8 " => chunk.must_be(canvas)?,
            b"ANMF" if frames == 0 => {
                frames += 1;
                first_frame(&chunk, source, canvas)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// `ANMF`: offset and size of the frame, 16 bytes in all, then the chunks of the frame.
fn first_frame(frame: &Chunk<'_>, source: &[u8], canvas: Size) -> Result<()> {
    let sides = frame.body.get(..12).ok_or_else(|| malformed("an ANMF chunk that is too short", frame.at))?;
    let size = Size { width: plus_one(sides, 6), height: plus_one(sides, 9) };
    let (left, top) = (2 * (plus_one(sides, 0) - 1), 2 * (plus_one(sides, 3) - 1));
    if left + size.width > canvas.width || top + size.height > canvas.height {
        return Err(malformed("a frame outside the canvas", frame.at));
    }
    let end = frame.at + 8 + frame.body.len();
    let inside = Chunks { source: source.get(..end).unwrap_or(source), at: frame.at + 8 + 16, end };
    for chunk in inside {
        let chunk = chunk?;
        if chunk.name == *b"VP8 " {
            chunk.must_be(size)?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
}

/// A little-endian number of 24 bits that is stored less one.
fn plus_one(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 3).map_or(1, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1)
}

struct Chunk<'a> {
    name: [u8; 4],
    at: usize,
    body: &'a [u8],
}

impl Chunk<'_> {
    /// A lossy frame says its size after three bytes of tag and three of start code.
    fn must_be(&self, size: Size) -> Result<()> {
        let side = |at: usize| {
            self.body.get(at..at + 2).map(|side| u32::from(u16::from_le_bytes([side[0], side[1]]) & 0x3FFF))
        };
        match (side(6), side(8)) {
            (Some(width), Some(height)) if Size { width, height } == size => Ok(()),
            _ => Err(malformed("a frame of another size than the container says", self.at)),
        }
    }
}

/// The chunks from a place on that begin before `end`. One that reaches beyond the source is an error, unless its
/// name is unknown: then it is data after the end of the file, as for the decoder.
struct Chunks<'a> {
    source: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        if at >= self.end {
            return None;
        }
        let header = self.source.get(at..)?.get(..8)?;
        let (name, size) = header.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(size.try_into().ok()?)).ok()?;
        let Some(body) = self.source.get(at + 8..).and_then(|rest| rest.get(..size)) else {
            self.at = self.end;
            const KNOWN: [&[u8; 4]; 9] =
                [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "];
            if !KNOWN.contains(&name) {
                return None;
            }
            return Some(Err(malformed("a chunk reaches beyond the end", at)));
        };
        self.at = at + 8 + size + size % 2;
        Some(Ok(Chunk { name: *name, at, body }))
    }
}

fn malformed(what: &str, at: usize) -> Error {
    Error::input(format!("malformed webp source: {what}")).field_named("source").at(at as u64)
}
