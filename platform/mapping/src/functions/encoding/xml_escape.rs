//! `xml_escape`: a text inside XML.

use tributary_model::error_code::ErrorCode;

use super::html_escape::escape;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "xml_escape",
    summary: "Writes & < > \" ' so that they stand for themselves in XML, in texts and attributes. A control character that XML 1.0 cannot hold is an error.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""R&D <x>""#, r#"{}"#, r#""R&amp;D &lt;x&gt;""#),
        Example::gives(r#""it's \"x\"""#, r#"{}"#, r#""it&apos;s &quot;x&quot;""#),
        Example::gives(r#""Müller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""a\tb""#, r#"{}"#, r#""a\tb""#),
        Example::fails(r#""a\u0001b""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct XmlEscape;

impl Operation for XmlEscape {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let forbidden = |sign: &char| matches!(sign, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        if let Some(sign) = text.chars().find(forbidden) {
            return failure_with_hint(
                ErrorCode::ValueInvalid,
                format!("XML cannot hold the character U+{:04X}", u32::from(sign)),
                "add remove_control_chars before this step",
            );
        }
        escape(text, "&apos;", run)
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(XmlEscape)
}
