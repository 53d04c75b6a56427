//! Marker codes and their names (T.81 table B.1). A table, no logic.

pub(crate) const SOF0: u8 = 0xC0;
pub(crate) const SOF1: u8 = 0xC1;
pub(crate) const SOF2: u8 = 0xC2;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const SOF9: u8 = 0xC9;
pub(crate) const SOF10: u8 = 0xCA;
pub(crate) const DAC: u8 = 0xCC;
pub(crate) const RST0: u8 = 0xD0;
pub(crate) const RST7: u8 = 0xD7;
pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DNL: u8 = 0xDC;
pub(crate) const DRI: u8 = 0xDD;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
pub(crate) const APP14: u8 = 0xEE;
pub(crate) const APP15: u8 = 0xEF;
pub(crate) const COM: u8 = 0xFE;
pub(crate) const TEM: u8 = 0x01;

/// Whether a marker stands alone, without a length and a payload (T.81 B.1.1.4).
pub(crate) fn stands_alone(code: u8) -> bool {
    matches!(code, TEM | RST0..=EOI)
}

/// Whether the segment carries what the picture does not need to be decoded: APPn and COM.
pub(crate) fn is_metadata(code: u8) -> bool {
    matches!(code, APP0..=APP15 | COM)
}

/// The standard's name of a marker.
pub(crate) fn name(code: u8) -> &'static str {
    const SOF: [&str; 16] = [
        "SOF0", "SOF1", "SOF2", "SOF3", "DHT", "SOF5", "SOF6", "SOF7", "JPG", "SOF9", "SOF10", "SOF11", "DAC", "SOF13",
        "SOF14", "SOF15",
    ];
    const MISC: [&str; 16] = [
        "RST0", "RST1", "RST2", "RST3", "RST4", "RST5", "RST6", "RST7", "SOI", "EOI", "SOS", "DQT", "DNL", "DRI",
        "DHP", "EXP",
    ];
    const APP: [&str; 16] = [
        "APP0", "APP1", "APP2", "APP3", "APP4", "APP5", "APP6", "APP7", "APP8", "APP9", "APP10", "APP11", "APP12",
        "APP13", "APP14", "APP15",
    ];
    const JPG: [&str; 14] = [
        "JPG0", "JPG1", "JPG2", "JPG3", "JPG4", "JPG5", "JPG6", "JPG7", "JPG8", "JPG9", "JPG10", "JPG11", "JPG12",
        "JPG13",
    ];
    let low = usize::from(code & 15);
    match code {
        0xC0..=0xCF => SOF[low],
        0xD0..=0xDF => MISC[low],
        0xE0..=0xEF => APP[low],
        0xF0..=0xFD => JPG[low],
        COM => "COM",
        TEM => "TEM",
        _ => "RES",
    }
}

/// What a frame header this crate does not read stands for.
pub(crate) fn unsupported_process(code: u8) -> Option<&'static str> {
    match code {
        0xC3 => Some("lossless JPEG (SOF3)"),
        0xC5..=0xC7 | 0xDE | 0xDF => Some("hierarchical JPEG"),
        0xC8 => Some("the reserved JPEG extension (JPG)"),
        0xCB => Some("arithmetic-coded lossless JPEG (SOF11)"),
        0xCD..=0xCF => Some("arithmetic-coded hierarchical JPEG"),
        0xF7 => Some("JPEG-LS"),
        _ => None,
    }
}
