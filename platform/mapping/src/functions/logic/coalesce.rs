//! `coalesce`: the first value that is not null.

use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "coalesce",
    summary: "Takes the value if it is not null, otherwise the first of the others that is not null. In formulas coalesce(a, b, …) is the same.",
    input: Kind::Any,
    output: Output::SameOr,
    arguments: &[Argument::required(
        "values",
        ArgumentKind::ComputedList(Kind::Any),
        "the others, in order; each is computed only if it is needed",
    )],
    examples: &[
        Example::gives(
            r#"null"#,
            r#"{"values": [{"from": "$.none"}, {"from": "$.key"}]}"#,
            r#"1"#,
        ),
        Example::gives(r#""x""#, r#"{"values": ["y"]}"#, r#""x""#),
        Example::gives(r#""""#, r#"{"values": ["y"]}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"values": ["y"]}"#, r#""y""#),
        Example::gives(r#"null"#, r#"{"values": []}"#, r#"null"#),
    ],
    takes_null: true,
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Coalesce {
    values: Vec<Expression>,
}

impl Operation for Coalesce {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        if !value.is_null() {
            return Ok(value);
        }
        for other in &self.values {
            match evaluate(other, run)? {
                Value::Null => {}
                found => return Ok(found),
            }
        }
        Ok(Value::Null)
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let mut kind = arguments.input;
    let mut values = Vec::new();
    for (value, of_value) in arguments.computed_list("values", Kind::Any)? {
        kind = kind.or(of_value);
        values.push(value);
    }
    arguments.output = Some(kind);
    ready(Coalesce { values })
}
