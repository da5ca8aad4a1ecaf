//! `unit`: a unit of measure of UN/ECE Recommendation 20.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::units::{ABBREVIATION, CODE, Meaning, NAME, SYMBOL, find};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure_with_hint};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "unit",
    summary: "Finds a unit by an abbreviation of ERP systems (PC, ST, KG, M, H, L, …), a name, or its code of UN/ECE Recommendation 20 (packages: 21). Some texts are both: PAL is a pallet and the code of the pascal; from says which is meant.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[
        Argument::optional(
            "to",
            ArgumentKind::Text,
            "code (default), abbreviation, symbol or name_en",
        ),
        Argument::optional(
            "from",
            ArgumentKind::Text,
            "any (default): abbreviations and names first, then codes; abbreviation; code",
        ),
        Argument::optional("on_miss", ArgumentKind::OnMiss, "error (default) or null"),
    ],
    fails_with: &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#""ST""#, r#"{}"#, r#""H87""#),
        Example::gives(r#""kg""#, r#"{}"#, r#""KGM""#),
        Example::gives(r#""Stück""#, r#"{"to": "name_en"}"#, r#""piece""#),
        Example::gives(r#""MTQ""#, r#"{"to": "abbreviation"}"#, r#""M3""#),
        Example::gives(r#""qm""#, r#"{"to": "symbol"}"#, r#""m²""#),
        Example::gives(r#""PAL""#, r#"{}"#, r#""XPX""#),
        Example::gives(
            r#""PAL""#,
            r#"{"from": "code", "to": "name_en"}"#,
            r#""pascal""#,
        ),
        Example::fails(r#""furlong""#, r#"{}"#, ErrorCode::EnumMismatch),
        Example::gives(r#""furlong""#, r#"{"on_miss": "null"}"#, r#"null"#),
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
struct Unit {
    to: usize,
    from: Meaning,
    null_on_miss: bool,
}

impl Operation for Unit {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?.trim();
        match find(text, self.from, run).and_then(|row| row.cell(self.to)) {
            Some(found) => Ok(Value::Text(found)),
            None if self.null_on_miss => Ok(Value::Null),
            None => failure_with_hint(
                ErrorCode::EnumMismatch,
                format!("{:?} is not a known unit of measure", shorten(text, 60)),
                "send a code of UN/ECE Recommendation 20, or put a lookup or translate before this step",
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let to = match arguments.word("to", &["code", "abbreviation", "symbol", "name_en"])? {
        "abbreviation" => ABBREVIATION,
        "symbol" => SYMBOL,
        "name_en" => NAME,
        _ => CODE,
    };
    let from = match arguments.word("from", &["any", "abbreviation", "code"])? {
        "abbreviation" => Meaning::Abbreviation,
        "code" => Meaning::Code,
        _ => Meaning::Any,
    };
    ready(Unit {
        to,
        from,
        null_on_miss: arguments.null_on_miss()?,
    })
}
