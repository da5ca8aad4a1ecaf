//! `html_escape`: a text inside HTML.

use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "html_escape",
    summary: "Writes & < > \" ' so that they stand for themselves in HTML, in texts and attributes.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""<a href=\"x\">R&D</a>""#,
            r#"{}"#,
            r#""&lt;a href=&quot;x&quot;&gt;R&amp;D&lt;/a&gt;""#,
        ),
        Example::gives(r#""it's""#, r#"{}"#, r#""it&#39;s""#),
        Example::gives(r#""Müller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""&amp;""#, r#"{}"#, r#""&amp;amp;""#),
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
struct HtmlEscape;

impl Operation for HtmlEscape {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        escape(value.text()?, "&#39;", run)
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(HtmlEscape)
}

/// The text with references in place of the signs that mean something in HTML and XML.
pub(super) fn escape<'a>(text: &'a str, apostrophe: &str, run: &Run<'a>) -> Made<Value<'a>> {
    const SIGNS: [char; 5] = ['&', '<', '>', '"', '\''];
    if !text.contains(SIGNS) {
        return Ok(Value::Text(text));
    }
    let mut escaped = run.text_buffer(text.len() + 16);
    let mut rest = text;
    while let Some(place) = rest.find(SIGNS) {
        let (before, after) = rest.split_at_checked(place).unwrap_or((rest, ""));
        escaped.push_str(before);
        let mut signs = after.chars();
        escaped.push_str(match signs.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&quot;",
            _ => apostrophe,
        });
        rest = signs.as_str();
    }
    escaped.push_str(rest);
    bounds::check_growth(text.len(), escaped.len())?;
    Ok(Value::Text(escaped.into_bump_str()))
}
