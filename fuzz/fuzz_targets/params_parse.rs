//! Any text: a rule is parsed or refused with a place inside the text, and what is parsed prints and parses to itself.

#![no_main]

use cosimg::{ErrorKind, Params};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Params::is_rule(text);
    match text.parse::<Params>() {
        Ok(rule) => {
            let printed = rule.to_string();
            let again: Params = printed.parse().expect("what is printed can be parsed");
            assert_eq!(again, rule, "{text:?} printed as {printed:?}");
            assert_eq!(again.to_string(), printed);
        }
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
            assert!(error.offset().is_none_or(|offset| offset <= text.len() as u64), "{error}");
        }
    }
});
