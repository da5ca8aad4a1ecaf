//! `default`: a constant or parameter in place of null.

use crate::decimal::Small;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "default",
    summary: "Puts a value in place of null.",
    input: Kind::Any,
    output: Output::SameOr,
    arguments: &[
        Argument::optional(
            "value",
            ArgumentKind::Computed(Kind::Any),
            "the value; either this or param",
        ),
        Argument::optional("param", ArgumentKind::Text, "name of a parameter"),
    ],
    fails_with: &[],
    examples: &[
        Example::gives(r#"null"#, r#"{"value": "0"}"#, r#""0""#),
        Example::gives(r#""x""#, r#"{"value": "0"}"#, r#""x""#),
        Example::gives(r#""""#, r#"{"value": "0"}"#, r#""""#),
        Example::gives(r#"null"#, r#"{"value": 0.5}"#, r#"0.5"#),
        Example::gives(r#"false"#, r#"{"value": true}"#, r#"false"#),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Default {
    value: Expression,
}

impl Operation for Default {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        if value.is_null() {
            return evaluate(&self.value, run);
        }
        Ok(value)
    }

    fn text<'a>(&'a self, text: &'a str, _run: &Run<'a>) -> Option<&'a str> {
        Some(text)
    }

    fn keeps_plain(&self) -> bool {
        true
    }

    fn number(&self, number: Small) -> Small {
        number
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (value, kind) = match (
        arguments.has("value"),
        arguments.text("param").map(str::to_owned),
    ) {
        (true, None) => arguments.computed("value", Kind::Any)?,
        (false, Some(name)) => {
            let constant = arguments.param("param", &name)?;
            let kind = constant.kind();
            (Expression::Constant(constant), kind)
        }
        _ => return arguments.invalid("value", "exactly one of value and param is needed"),
    };
    arguments.output = Some(arguments.input.or(kind));
    ready(Default { value })
}
