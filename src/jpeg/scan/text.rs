//! Scripts in text, as libjpeg's `wizard.txt` describes them and `cjpeg -scans` reads them.

use std::iter::Peekable;
use std::vec;

use super::Scan;
use crate::error::{Error, Result};
use crate::jpeg::frame::MAX_COMPONENTS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Number(u8),
    Colon,
    Semicolon,
}

/// The scans of a text. Commas and hyphens stand for blanks; the last semicolon may be left out.
///
/// # Errors
/// `Usage`, with the line in its message and the part of a scan as its field.
pub(super) fn parse(text: &str) -> Result<Vec<Scan>> {
    let mut words = Words { words: words(text)?.into_iter().peekable(), line: 1 };
    let mut scans = Vec::new();
    while words.peek().is_some() {
        scans.push(words.scan()?);
    }
    if scans.is_empty() {
        return Err(Error::usage("the script has no scans").field_named("scans"));
    }
    Ok(scans)
}

/// Words with their lines, comments left out.
fn words(text: &str) -> Result<Vec<(usize, Word)>> {
    let mut words = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mut rest = text.split('#').next().unwrap_or_default();
        while let Some(first) = rest.chars().next() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let word = match first {
                ':' => Some(Word::Colon),
                ';' => Some(Word::Semicolon),
                ',' | '-' => None,
                c if c.is_whitespace() => None,
                c if c.is_ascii_digit() => {
                    let number = rest[..digits].parse();
                    Some(Word::Number(number.map_err(|_| wrong(line, "a number is over 255", "scans"))?))
                }
                c => return Err(wrong(line, &format!("{c:?} has no meaning in a script"), "scans")),
            };
            words.extend(word.map(|word| (line, word)));
            rest = &rest[digits.max(first.len_utf8())..];
        }
    }
    Ok(words)
}

struct Words {
    words: Peekable<vec::IntoIter<(usize, Word)>>,
    /// Of the last word taken.
    line: usize,
}

impl Words {
    fn peek(&mut self) -> Option<Word> {
        self.words.peek().map(|&(_, word)| word)
    }

    fn next(&mut self) -> Option<Word> {
        let (line, word) = self.words.next()?;
        self.line = line;
        Some(word)
    }

    fn number(&mut self) -> Option<u8> {
        let Some(Word::Number(number)) = self.peek() else { return None };
        self.next();
        Some(number)
    }

    fn scan(&mut self) -> Result<Scan> {
        let mut scan = Scan::sequential(Vec::new());
        while let Some(component) = self.number() {
            if scan.components.len() == MAX_COMPONENTS {
                return Err(wrong(self.line, "a scan has at most four components", "components"));
            }
            scan.components.push(component.into());
        }
        if scan.components.is_empty() {
            self.next();
            return Err(wrong(self.line, "a scan has no components", "components"));
        }
        if self.peek() == Some(Word::Colon) {
            self.next();
            let fields = [
                ("Ss", &mut scan.start, 63),
                ("Se", &mut scan.end, 63),
                ("Ah", &mut scan.high, 14),
                ("Al", &mut scan.low, 13),
            ];
            for (name, field, most) in fields {
                let Some(number) = self.number() else {
                    return Err(wrong(self.line, &format!("{name} is missing"), name));
                };
                if number > most {
                    return Err(wrong(self.line, &format!("{name} is {number}, over {most}"), name));
                }
                *field = number;
            }
        }
        match self.next() {
            Some(Word::Semicolon) | None => Ok(scan),
            Some(_) => Err(wrong(self.line, "a semicolon is missing after a scan", "scans")),
        }
    }
}

fn wrong(line: usize, what: &str, field: &'static str) -> Error {
    Error::usage(format!("line {line} of the script: {what}")).field_named(field)
}
