//! Small files of known structure.

use super::build::{File, How};
use super::entropy::Freedom;
use super::picture::{Content, Picture};
use super::script::Scan;

pub(crate) const JFIF: &[u8] = b"JFIF\0\x01\x02\x01\0\x48\0\x48\0\0";

/// 4:2:0 of 3 by 2 MCUs that are not whole.
pub(crate) fn picture() -> Picture {
    Picture::new(41, 23, &[(2, 2), (1, 1), (1, 1)]).filled(7, Content::SPARSE)
}

/// One interleaved scan, a JFIF header and a comment.
pub(crate) fn baseline(picture: &Picture) -> File {
    File::new()
        .segment(0xE0, JFIF)
        .segment(0xFE, b"a comment")
        .quant_tables(picture)
        .frame(picture, 0xC0)
        .scan(picture, &Scan::sequential(&[0, 1, 2]), &How::default())
        .end()
}

/// Six scans of every kind.
pub(crate) fn progressive(picture: &Picture) -> File {
    File::whole(picture, 0xC2, &progressive_script(), &How::default())
}

pub(crate) fn progressive_script() -> Vec<Scan> {
    vec![
        Scan::dc(&[0, 1, 2], 0, 1),
        Scan::ac(0, 1, 63, 0, 1),
        Scan::ac(2, 1, 63, 0, 0),
        Scan::dc(&[0, 1, 2], 1, 0),
        Scan::ac(1, 1, 63, 0, 0),
        Scan::ac(0, 1, 63, 1, 0),
    ]
}

/// A scan for each component, with a restart marker every two MCUs.
pub(crate) fn restarts(picture: &Picture) -> File {
    let how = How { freedom: Freedom { slots: [(0, 0); 4], ..Freedom::default() }, ..How::default() };
    let file = File::of(picture, 0xC0).restart(2);
    (0..3).fold(file, |file, c| file.scan(picture, &Scan::sequential(&[c]), &how)).end()
}

/// A picture of one component, and a scan of it.
pub(crate) fn grey() -> (Picture, Scan) {
    (Picture::new(20, 20, &[(1, 1)]).filled(1, Content::SPARSE), Scan::sequential(&[0]))
}
