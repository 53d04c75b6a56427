//! What is allowed but probably not meant: for whoever wonders why a link does not do what it says.

use std::fmt;

use super::op::Op;
use super::{Params, Stage};

/// A doubt about a rule that parses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The stage, counted from 0.
    pub stage: usize,
    /// The byte of the printed rule where the operation or stage begins.
    pub offset: usize,
    /// The operation's name, or the stage's.
    pub name: String,
    /// One sentence.
    pub message: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, at byte {})", self.message, self.name, self.offset)
    }
}

pub(super) fn of(params: &Params) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut offset = 0;
    for (index, stage) in params.stages.iter().enumerate() {
        let mut warn = |offset, name: &str, message| {
            warnings.push(Warning { stage: index, offset, name: name.to_owned(), message });
        };
        match stage {
            Stage::ImageMogr2(stage) => {
                let mut at = offset + "imageMogr2/".len();
                for (place, op) in stage.ops.iter().enumerate() {
                    if let Some(message) = about(op, &stage.ops, place, params, index) {
                        warn(at, op.name(), message);
                    }
                    at += op.to_string().len() + 1;
                }
                if stage.ops.is_empty() {
                    warn(offset, "imageMogr2", "the stage asks for nothing");
                }
            }
            Stage::Unknown(_) => warn(offset, stage.name(), "not a stage that the documents name"),
            _ => {}
        }
        offset += stage.to_string().len() + 1;
    }
    warnings
}

fn about(op: &Op, ops: &[Op], place: usize, params: &Params, stage: usize) -> Option<&'static str> {
    let has = |wanted: fn(&Op) -> bool| ops.iter().any(wanted);
    if ops.iter().take(place).any(|earlier| earlier.rivals(op)) {
        return Some("said twice in one stage; which one counts is not documented");
    }
    match op {
        Op::Unknown(_) => Some("not an operation that the documents name; kept as it is"),
        Op::Gravity(_) if !has(|op| matches!(op, Op::Crop(_))) => Some("without crop it has no effect"),
        Op::Pad(_) if !has(|op| matches!(op, Op::Thumbnail(_))) => Some("without thumbnail it has no effect"),
        Op::Color(_) if !has(|op| *op == Op::Pad(true)) => Some("without pad/1 it has no effect"),
        Op::Interlace(true) if params.output_format().is_some_and(|format| !format.is_jpeg()) => {
            Some("ignored, for the answer is not a JPEG")
        }
        Op::Interlace(true) if !only_ignores_errors(params, stage + 1) => {
            Some("a later stage may encode anew and lose it; it belongs into the last one")
        }
        Op::SizeLimit(limit) if limit.or_source => {
            Some("where the result is not smaller the answer is the source, without any of the changes asked for")
        }
        _ => None,
    }
}

/// Whether the stages from `first` on ask for nothing but `ignore-error`.
fn only_ignores_errors(params: &Params, first: usize) -> bool {
    params.stages.iter().skip(first).all(|stage| match stage {
        Stage::ImageMogr2(stage) => stage.ops.iter().all(|op| *op == Op::IgnoreError),
        _ => false,
    })
}
