//! `choose`: one of two values by a condition.

use tributary_model::error_code::ErrorCode;

use crate::formula::evaluate::{condition, evaluate};
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "choose",
    summary: "Takes one of two values by a condition over it, the value; without then or else that side is the value itself. Only the chosen side is computed.",
    input: Kind::Any,
    output: Output::SameOr,
    arguments: &[
        Argument::required(
            "when",
            ArgumentKind::ForEach(Kind::Bool),
            "a condition over it, the value",
        ),
        Argument::optional(
            "then",
            ArgumentKind::Computed(Kind::Any),
            "the result where it holds; default: the value",
        ),
        Argument::optional(
            "else",
            ArgumentKind::Computed(Kind::Any),
            "the result where it does not; default: the value",
        ),
    ],
    fails_with: &[ErrorCode::FormulaFailed],
    examples: &[
        Example::gives(
            r#""RE""#,
            r#"{"when": "it == 'RE'", "then": "sale", "else": "other"}"#,
            r#""sale""#,
        ),
        Example::gives(r#"-3"#, r#"{"when": "it < 0", "then": 0}"#, r#"0"#),
        Example::gives(r#"5"#, r#"{"when": "it < 0", "then": 0}"#, r#"5"#),
        Example::gives(
            r#"null"#,
            r#"{"when": "it == null", "then": {"from": "$.key"}}"#,
            r#"1"#,
        ),
        Example::gives(r#"5"#, r#"{"when": "it < 10", "else": null}"#, r#"5"#),
        Example::gives(r#"50"#, r#"{"when": "it < 10", "else": null}"#, r#"null"#),
        Example::fails(
            r#"null"#,
            r#"{"when": "it < 0", "then": 0}"#,
            ErrorCode::FormulaFailed,
        ),
    ],
    takes_null: true,
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Choose {
    when: Expression,
    /// none: the value itself
    then: Option<Expression>,
    otherwise: Option<Expression>,
}

impl Operation for Choose {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let side = match run.with_item(value, || condition(&self.when, run))? {
            None => return Ok(Value::Failed),
            Some(true) => &self.then,
            Some(false) => &self.otherwise,
        };
        match side {
            Some(side) => evaluate(side, run),
            None => Ok(value),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (when, _) = arguments.for_each("when", Kind::Bool)?;
    if !arguments.has("then") && !arguments.has("else") {
        return arguments.invalid("then", "then, else or both are needed");
    }
    let mut kind = None;
    let mut side = |name: &str, arguments: &mut Arguments<'_, '_>| -> Option<Option<Expression>> {
        let (side, of_side) = if arguments.has(name) {
            let (side, of_side) = arguments.computed(name, Kind::Any)?;
            (Some(side), of_side)
        } else {
            (None, arguments.input)
        };
        kind = Some(kind.map_or(of_side, |kind: Kind| kind.or(of_side)));
        Some(side)
    };
    let then = side("then", arguments)?;
    let otherwise = side("else", arguments)?;
    arguments.output = kind;
    ready(Choose {
        when,
        then,
        otherwise,
    })
}
