//! `mask_email`: an e-mail address with its name hidden.

use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "mask_email",
    summary: "Hides the name of an e-mail address but for its first character, always behind three signs so that its length stays unknown. A text that is no address is hidden whole.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""anna.schmidt@example.com""#,
            r#"{}"#,
            r#""a***@example.com""#,
        ),
        Example::gives(r#""ä@example.de""#, r#"{}"#, r#""***@example.de""#),
        Example::gives(r#""anna""#, r#"{}"#, r#""***""#),
        Example::gives(r#""@example.com""#, r#"{}"#, r#""***""#),
        Example::gives(r#""a b@c@example.com""#, r#"{}"#, r#""a***@example.com""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
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
struct MaskEmail;

impl Operation for MaskEmail {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        if text.is_empty() {
            return Ok(Value::Text(text));
        }
        let mut masked = run.text_buffer(text.len() + 4);
        match text.rsplit_once('@') {
            Some((name, domain)) if !name.is_empty() && !domain.is_empty() => {
                let mut signs = name.chars();
                // the first character of a name of one would be the whole name
                masked.extend(signs.next().filter(|_| !signs.as_str().is_empty()));
                masked.push_str("***@");
                masked.push_str(domain);
            }
            _ => masked.push_str("***"),
        }
        Ok(Value::Text(masked.into_bump_str()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(MaskEmail)
}
