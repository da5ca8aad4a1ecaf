//! `csv_quote`: a text as a field of a CSV line.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "csv_quote",
    summary: "Writes a text as one field of a CSV line (RFC 4180): in quotes where it holds a delimiter, quote or line break, or a space at an end.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional("delimiter", ArgumentKind::Text, "one character; default ,"),
        Argument::optional("always", ArgumentKind::Flag, "true: always in quotes"),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""Meyer, Anna""#, r#"{}"#, r#""\"Meyer, Anna\"""#),
        Example::gives(r#""5\" disk""#, r#"{}"#, r#""\"5\"\" disk\"""#),
        Example::gives(r#""a,b""#, r#"{"delimiter": ";"}"#, r#""a,b""#),
        Example::gives(r#""abc""#, r#"{"always": true}"#, r#""\"abc\"""#),
        Example::gives(r#"" x""#, r#"{}"#, r#""\" x\"""#),
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
struct CsvQuote {
    delimiter: char,
    always: bool,
}

impl Operation for CsvQuote {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let special = ['"', '\n', '\r', self.delimiter];
        if !self.always && text.trim().len() == text.len() && !text.contains(special) {
            return Ok(Value::Text(text));
        }
        let mut quoted = run.text_buffer(text.len() + 8);
        quoted.push('"');
        for sign in text.chars() {
            if sign == '"' {
                quoted.push('"');
            }
            quoted.push(sign);
        }
        quoted.push('"');
        bounds::check_growth(text.len(), quoted.len())?;
        Ok(Value::Text(quoted.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let mut signs = arguments.text("delimiter").unwrap_or(",").chars();
    let (Some(delimiter), None) = (signs.next(), signs.next()) else {
        return arguments.invalid("delimiter", "exactly one character is needed");
    };
    ready(CsvQuote {
        delimiter,
        always: arguments.flag("always"),
    })
}
