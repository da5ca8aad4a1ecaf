//! `external`: a function of code, where the language ends.

use tributary_model::error_code::ErrorCode;
use tributary_model::external::ValueType;

use crate::compile::conversion;
use crate::diagnostic::{Diagnostic, code};
use crate::functions::computed::ComputedList;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "external",
    summary: "Asks a function of code that the document declares under `external`; what it takes and gives stands there.",
    input: Kind::Any,
    output: Output::Is(Kind::Any),
    arguments: &[
        Argument::required(
            "name",
            ArgumentKind::Text,
            "name of the function in the document",
        ),
        Argument::optional(
            "with",
            ArgumentKind::ComputedList(Kind::Any),
            "further values for the function, in its order",
        ),
    ],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::DateInvalid,
        ErrorCode::ValueMissing,
        ErrorCode::RecordTooLarge,
        ErrorCode::ExternalFunctionFailed,
    ],
    examples: &[
        Example::gives(r#""abc""#, r#"{"name": "example"}"#, r#""[\"abc\"]""#),
        Example::gives(
            r#""abc""#,
            r#"{"name": "example", "with": [1.50, true, {"from": "$.key"}]}"#,
            r#""[\"abc\",1.5,true,1]""#,
        ),
        Example::gives(r#"null"#, r#"{"name": "example"}"#, r#"null"#),
        Example::fails(
            r#""refused""#,
            r#"{"name": "example"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#""broken""#,
            r#"{"name": "example"}"#,
            ErrorCode::ExternalFunctionFailed,
        ),
        Example::fails(r#"7"#, r#"{"name": "example"}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct External {
    /// place in the plan
    function: usize,
    with: ComputedList,
}

impl Operation for External {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let Some(function) = run.plan.external.get(self.function) else {
            return failure(
                ErrorCode::ExternalFunctionFailed,
                "the function is not there",
            );
        };
        let value = taken(value, function.takes, run)?;
        match self.with.values(run)? {
            None => Ok(Value::Failed),
            Some(with) => run.external(function, value, with),
        }
    }
}

/// The value as one that the function takes: JSON tells its kind only when it is there.
fn taken<'a>(value: Value<'a>, takes: ValueType, run: &Run<'a>) -> Made<Value<'a>> {
    match takes {
        ValueType::Text => value.text().map(Value::Text),
        ValueType::Number => value.decimal().map(Value::Decimal),
        ValueType::Date => value.date().map(Value::Date),
        ValueType::Datetime => value.date_time().map(|instant| run.date_time(instant)),
        ValueType::List => value.elements(run).map(Value::List),
        ValueType::Any => Ok(value),
        ValueType::Bool | ValueType::Json => {
            let fits = match takes {
                ValueType::Bool => matches!(value, Value::Bool(_)),
                _ => matches!(value, Value::Json(_) | Value::List(_)),
            };
            if fits {
                return Ok(value);
            }
            failure(
                ErrorCode::ValueInvalid,
                format!(
                    "a {} where the function takes {}",
                    value.kind_word(),
                    takes.word()
                ),
            )
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let name = arguments.text("name")?.to_owned();
    let (function, takes, gives) = arguments.external(&name)?;
    let kind = arguments.input;
    if !kind.may_be(takes) {
        arguments.compiler.diagnostics.push(Diagnostic::error(
            code::TYPE_MISMATCH,
            arguments.pointer.clone(),
            format!(
                "{name} takes a {}, and the value before it is a {}",
                takes.word(),
                kind.word()
            ),
            conversion(kind, takes),
        ));
        return None;
    }
    let with = ComputedList::compile(arguments, "with")?;
    arguments.output = Some(gives);
    ready(External { function, with })
}
