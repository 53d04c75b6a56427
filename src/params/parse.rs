//! Text to [`Params`]. Every error carries the byte where the wrong thing begins.

use std::str::FromStr;

use super::op::{Op, Operation, Takes, Unknown};
use super::{ImageMogr2, Params, Stage};
use crate::error::{Error, Result};

impl FromStr for Params {
    type Err = Error;

    /// Reads a decoded rule.
    ///
    /// # Errors
    /// `Input`, with the offset, and the operation's or stage's name as field where there is one. `Limit` beyond
    /// [`Params::MAX_STAGES`].
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > Self::MAX_BYTES {
            let message = format!("a rule of {} bytes, more than {}", text.len(), Self::MAX_BYTES);
            return Err(Error::input(message).at(Self::MAX_BYTES as u64));
        }
        if let Some((offset, _)) = text.char_indices().find(|(_, letter)| letter.is_control()) {
            return Err(Error::input("a control character in a rule").at(offset as u64));
        }
        let mut stages = Vec::new();
        let mut offset = 0;
        for part in text.split('|') {
            if stages.len() == Self::MAX_STAGES {
                let message = format!("a rule of more than {} stages", Self::MAX_STAGES);
                return Err(Error::limit("stages", message).at(offset as u64));
            }
            stages.push(stage(part, offset)?);
            offset += part.len() + 1;
        }
        Ok(Self { stages })
    }
}

/// Reads one stage that begins at `offset` of the rule.
fn stage(text: &str, offset: usize) -> Result<Stage> {
    let (name, arguments) = match text.split_once('/') {
        Some((name, arguments)) => (name, Some(arguments)),
        None => (text, None),
    };
    let after_name = offset + name.len();
    let needed = || match arguments {
        Some(arguments) if !arguments.is_empty() => Ok(arguments.to_owned()),
        _ => {
            let error = Error::input(format!("{name} needs arguments")).field_named(name.to_owned());
            Err(error.at((offset + text.len()) as u64))
        }
    };
    let alone = |stage| match arguments {
        None => Ok(stage),
        Some(_) => {
            let error = Error::input(format!("{name} takes no arguments")).field_named(name.to_owned());
            Err(error.at(after_name as u64))
        }
    };
    match name {
        "imageMogr2" => match arguments {
            None => Ok(Stage::ImageMogr2(ImageMogr2::default())),
            Some(arguments) => operations(arguments, after_name + 1).map(Stage::ImageMogr2),
        },
        "imageView2" => needed().map(Stage::ImageView2),
        "watermark" => needed().map(Stage::Watermark),
        "style" => needed().map(Stage::Style),
        "imageInfo" => alone(Stage::ImageInfo),
        "exif" => alone(Stage::Exif),
        "imageAve" => alone(Stage::ImageAve),
        "" => Err(Error::input("an empty stage").at(offset as u64)),
        _ => match known_stage(name) {
            Some(known) => Err(other_case(name, known, offset)),
            None if is_name(name) => Ok(Stage::Unknown(text.to_owned())),
            None => Err(not_a_name("a stage", name, offset)),
        },
    }
}

/// The known stage that `name` is, whatever the case of its letters.
pub(super) fn known_stage(name: &str) -> Option<&'static str> {
    const STAGES: [&str; 7] = ["imageMogr2", "imageView2", "watermark", "style", "imageInfo", "exif", "imageAve"];
    STAGES.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// Reads what follows `imageMogr2/`; `offset` is where it begins in the rule.
pub(super) fn operations(text: &str, offset: usize) -> Result<ImageMogr2> {
    let mut stage = ImageMogr2::default();
    let mut segments = Segments { rest: Some(text), offset }.peekable();
    while let Some((at, name)) = segments.next() {
        if name.is_empty() {
            if segments.peek().is_some() {
                return Err(Error::input("an empty operation: two slashes in a row").at(at as u64));
            }
            stage.trailing_slash = true;
            break;
        }
        let Some(operation) = Operation::named(name) else {
            stage.ops.push(unknown(name, at, &mut segments)?);
            continue;
        };
        let value = match operation.takes {
            Takes::Nothing => None,
            Takes::OptionalValue => {
                segments.next_if(|(_, next)| operation.read(next).is_some_and(|_| !next.is_empty()))
            }
            Takes::Value => segments.next(),
        };
        let (at, value) = value.unwrap_or((at + name.len(), ""));
        let op = operation.read(value).ok_or_else(|| illegal(operation, value, at))?;
        stage.ops.push(op);
    }
    Ok(stage)
}

/// Takes `name` and all that follows it up to the next known operation, or to the slash at the end.
fn unknown<'a>(
    name: &str,
    offset: usize,
    segments: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'a str)>>,
) -> Result<Op> {
    if !is_name(name) {
        return Err(not_a_name("an operation", name, offset));
    }
    let mut text = name.to_owned();
    refuse_other_case(name, offset)?;
    while let Some((at, value)) = segments.next_if(|(_, next)| !next.is_empty() && Operation::named(next).is_none()) {
        refuse_other_case(value, at)?;
        text.push('/');
        text.push_str(value);
    }
    Ok(Op::Unknown(Unknown { text }))
}

fn refuse_other_case(name: &str, offset: usize) -> Result<()> {
    match Operation::named_in_another_case(name) {
        Some(operation) => Err(other_case(name, operation.name, offset)),
        None => Ok(()),
    }
}

/// The parts between slashes, each with its offset in the rule.
struct Segments<'a> {
    rest: Option<&'a str>,
    offset: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest?;
        let offset = self.offset;
        let (segment, rest) = match text.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (text, None),
        };
        self.rest = rest;
        self.offset += segment.len() + 1;
        Some((offset, segment))
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn illegal(operation: &Operation, value: &str, offset: usize) -> Error {
    let (name, expected) = (operation.name, operation.expected);
    let message = match value {
        "" => format!("{name} takes {expected}, and nothing follows it"),
        value => format!("{name} takes {expected}, not {}", quoted(value)),
    };
    Error::input(message).field_named(name).at(offset as u64)
}

fn other_case(name: &str, known: &'static str, offset: usize) -> Error {
    Error::input(format!("{} is written {known}", quoted(name))).field_named(known).at(offset as u64)
}

fn not_a_name(what: &str, text: &str, offset: usize) -> Error {
    Error::input(format!("{} is not the name of {what}", quoted(text))).at(offset as u64)
}

/// What was typed, cut to a readable length, with a hint where it is still percent-encoded.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let encoded =
        text.as_bytes().windows(3).any(|bytes| bytes[0] == b'%' && bytes[1..].iter().all(u8::is_ascii_hexdigit));
    let hint = if encoded { " (percent-encoded: a rule is read after decoding)" } else { "" };
    format!("{shown:?}{hint}")
}
