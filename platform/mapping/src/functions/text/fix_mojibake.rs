//! `fix_mojibake`: a text whose bytes were read in the wrong encoding.

use encoding_rs::WINDOWS_1252;
use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "fix_mojibake",
    summary: "Repairs a text in UTF-8 that was read as Windows-1252 (MÃ¼ller), even several times over. It changes only a text that as a whole goes back to valid UTF-8.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""MÃ¼ller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""5 â‚¬""#, r#"{}"#, r#""5 €""#),
        Example::gives(r#""MÃƒÂ¼ller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""Müller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""Ã¼ und 東京""#, r#"{}"#, r#""Ã¼ und 東京""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct FixMojibake;

impl Operation for FixMojibake {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut text = value.text()?;
        for _ in 0..MOST_TIMES {
            match read_again(text, run) {
                Some(better) => text = better,
                None => break,
            }
        }
        Ok(Value::Text(text))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(FixMojibake)
}

/// How often a text may have been read wrongly.
const MOST_TIMES: usize = 3;

/// The text's bytes in Windows-1252, read as UTF-8.
fn read_again<'a>(text: &str, run: &Run<'a>) -> Option<&'a str> {
    if !looks_broken(text) {
        return None;
    }
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    if unmappable {
        return None;
    }
    let better = std::str::from_utf8(&bytes).ok()?;
    Some(run.arena.alloc_str(better))
}

/// Whether somewhere the first byte of a UTF-8 sequence, C2 to F4, stands before a further one, 80 to
/// BF, both as Windows-1252 shows them.
fn looks_broken(text: &str) -> bool {
    let mut after_first = false;
    text.chars().any(|sign| {
        let first = ('\u{c2}'..='\u{f4}').contains(&sign);
        let further = sign >= '\u{80}' && !('\u{c0}'..='\u{ff}').contains(&sign);
        let found = after_first && further;
        after_first = first;
        found
    })
}
