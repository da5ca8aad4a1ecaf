//! `capitalize`: the first letter in upper case.

use bumpalo::collections::String as ArenaString;
use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "capitalize",
    summary: "Makes the first character upper case; the rest stays, or becomes lower case.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "lower_rest",
        ArgumentKind::Flag,
        "true: make the rest lower case",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""berlin""#, r#"{}"#, r#""Berlin""#),
        Example::gives(r#""iPhone 15""#, r#"{}"#, r#""IPhone 15""#),
        Example::gives(r#""HAMBURG""#, r#"{"lower_rest": true}"#, r#""Hamburg""#),
        Example::gives(r#""ßa""#, r#"{}"#, r#""Ssa""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"1"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Capitalize {
    lower_rest: bool,
}

impl Operation for Capitalize {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let mut signs = text.chars();
        let Some(first) = signs.next() else {
            return Ok(Value::Text(text));
        };
        let mut changed = run.text_buffer(text.len() + 4);
        push_capital(first, &mut changed);
        if self.lower_rest {
            changed.extend(signs.flat_map(char::to_lowercase));
        } else {
            changed.push_str(signs.as_str());
        }
        if changed.as_str() == text {
            return Ok(Value::Text(text));
        }
        Ok(Value::Text(changed.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Capitalize {
        lower_rest: arguments.flag("lower_rest"),
    })
}

/// Appends a letter as the capital of a word: of a letter that becomes several (ß, ﬁ) only the first
/// is upper case.
pub(super) fn push_capital(letter: char, out: &mut ArenaString<'_>) {
    let mut upper = letter.to_uppercase();
    out.extend(upper.next());
    out.extend(upper.flat_map(char::to_lowercase));
}
