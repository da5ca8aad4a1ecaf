//! `to_object`: an object from a list of names and values.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::each::made;
use super::object::{last_wins, write_object};
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::path::Step;
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "to_object",
    summary: "Makes an object of a list. Of a name that comes more than once the last value counts, at the first place; nulls as name are left out.",
    input: Kind::List,
    output: Output::Is(Kind::Json),
    arguments: &[
        Argument::optional(
            "name",
            ArgumentKind::ForEach(Kind::Text),
            "the name, a formula over it, the element; default: it.name",
        ),
        Argument::optional(
            "value",
            ArgumentKind::ForEach(Kind::Any),
            "the value, a formula over it; default: it.value",
        ),
    ],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(
            r#"[{"name":"a","value":1},{"name":"b","value":[2]}]"#,
            r#"{}"#,
            r#"{"a":1,"b":[2]}"#,
        ),
        Example::gives(
            r#"[{"sku":"x","n":1},{"sku":"y","n":2}]"#,
            r#"{"name": "it.sku", "value": "it"}"#,
            r#"{"x":{"sku":"x","n":1},"y":{"sku":"y","n":2}}"#,
        ),
        Example::gives(
            r#"["a", "b", "a"]"#,
            r#"{"name": "it", "value": "upper(it)"}"#,
            r#"{"a":"A","b":"B"}"#,
        ),
        Example::gives(
            r#"[{"name":"q\"","value":"\n"},{"value":1}]"#,
            r#"{}"#,
            r#"{"q\"":"\n"}"#,
        ),
        Example::gives(r#"[]"#, r#"{}"#, r#"{}"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"[{"name":1}]"#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#"{"a":1}"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct ToObject {
    name: Expression,
    value: Expression,
}

impl Operation for ToObject {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut members = ArenaVec::new_in(run.arena);
        for element in value.elements(run)? {
            let (Some(name), Some(value)) = (
                made(&self.name, *element, run)?,
                made(&self.value, *element, run)?,
            ) else {
                return Ok(Value::Failed);
            };
            if !name.is_null() {
                members.push((name.text()?, value));
            }
        }
        let members = last_wins(members.into_iter(), run);
        Ok(write_object(members.into_iter(), run))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(ToObject {
        name: part(arguments, "name", Kind::Text)?,
        value: part(arguments, "value", Kind::Any)?,
    })
}

/// The formula of the argument, or the element's member of the same name.
fn part(arguments: &mut Arguments<'_, '_>, name: &str, kind: Kind) -> Option<Expression> {
    if arguments.has(name) {
        return arguments.for_each(name, kind).map(|(formula, _)| formula);
    }
    let path = vec![Step::Name(name.to_owned())];
    Some(Expression::Pick(Box::new(Expression::Item), path))
}
