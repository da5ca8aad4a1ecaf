//! `add`, `subtract`, `multiply`, `quotient`, `modulo`: exact arithmetic with one other number.

use tributary_model::error_code::ErrorCode;

use super::made;
use crate::decimal::{Decimal, DecimalError, Rounding};
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const FAILS_WITH: &[ErrorCode] = &[
    ErrorCode::NumberInvalid,
    ErrorCode::ValueMissing,
    ErrorCode::FormulaFailed,
];

const SHARED: Signature = Signature {
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    fails_with: FAILS_WITH,
    ..Signature::EMPTY
};

const ADD_SIGNATURE: Signature = Signature {
    name: "add",
    summary: "Adds a number, exactly.",
    arguments: &[Argument::required(
        "number",
        ArgumentKind::Computed(Kind::Number),
        "what is added",
    )],
    examples: &[
        Example::gives(r#"0.1"#, r#"{"number": 0.2}"#, r#"0.3"#),
        Example::gives(r#"1"#, r#"{"number": {"from": "$.key"}}"#, r#"2"#),
        Example::gives(r#"5"#, r#"{"number": -7}"#, r#"-2"#),
        Example::gives(r#"null"#, r#"{"number": 1}"#, r#"null"#),
        Example::fails(
            r#"1"#,
            r#"{"number": {"from": "$.freight"}}"#,
            ErrorCode::ValueMissing,
        ),
        Example::fails(r#""1""#, r#"{"number": 1}"#, ErrorCode::NumberInvalid),
    ],
    ..SHARED
};

const SUBTRACT_SIGNATURE: Signature = Signature {
    name: "subtract",
    summary: "Takes a number away, exactly.",
    arguments: &[Argument::required(
        "number",
        ArgumentKind::Computed(Kind::Number),
        "what is taken away",
    )],
    examples: &[
        Example::gives(r#"1"#, r#"{"number": 0.9}"#, r#"0.1"#),
        Example::gives(r#"5"#, r#"{"number": {"from": "$.key"}}"#, r#"4"#),
        Example::gives(r#"5"#, r#"{"number": 5.00}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{"number": 1}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{"number": 1}"#, ErrorCode::NumberInvalid),
    ],
    ..SHARED
};

const MULTIPLY_SIGNATURE: Signature = Signature {
    name: "multiply",
    summary: "Multiplies by a number, exactly.",
    arguments: &[Argument::required(
        "by",
        ArgumentKind::Computed(Kind::Number),
        "the factor",
    )],
    examples: &[
        Example::gives(r#"19.99"#, r#"{"by": 3}"#, r#"59.97"#),
        Example::gives(r#"2.5"#, r#"{"by": {"from": "$.key"}}"#, r#"2.5"#),
        Example::gives(r#"0.1"#, r#"{"by": "-0.1"}"#, r#"-0.01"#),
        Example::gives(r#"null"#, r#"{"by": 2}"#, r#"null"#),
        Example::fails(
            r#"99999999999999999999999999999999999999"#,
            r#"{"by": 10}"#,
            ErrorCode::FormulaFailed,
        ),
    ],
    ..SHARED
};

const QUOTIENT_SIGNATURE: Signature = Signature {
    name: "quotient",
    summary: "Tells how often a number fits into the value as a whole: full pallets, full boxes. Rounds down, so that modulo gives what is left.",
    arguments: &[Argument::required(
        "by",
        ArgumentKind::Computed(Kind::Number),
        "the divisor",
    )],
    examples: &[
        Example::gives(r#"17"#, r#"{"by": 5}"#, r#"3"#),
        Example::gives(r#"-17"#, r#"{"by": 5}"#, r#"-4"#),
        Example::gives(r#"0.3"#, r#"{"by": 0.1}"#, r#"3"#),
        Example::gives(r#"null"#, r#"{"by": 5}"#, r#"null"#),
        Example::fails(r#"1"#, r#"{"by": 0}"#, ErrorCode::FormulaFailed),
    ],
    ..SHARED
};

const MODULO_SIGNATURE: Signature = Signature {
    name: "modulo",
    summary: "Gives what is left of a division; it has the sign of the divisor, as MOD has in Excel. (% in formulas keeps the sign of the value.)",
    arguments: &[Argument::required(
        "by",
        ArgumentKind::Computed(Kind::Number),
        "the divisor",
    )],
    examples: &[
        Example::gives(r#"17"#, r#"{"by": 5}"#, r#"2"#),
        Example::gives(r#"-17"#, r#"{"by": 5}"#, r#"3"#),
        Example::gives(r#"5.5"#, r#"{"by": 0.25}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{"by": 5}"#, r#"null"#),
        Example::fails(r#"1"#, r#"{"by": 0}"#, ErrorCode::FormulaFailed),
    ],
    ..SHARED
};

pub(super) const ADD: Function = Function {
    signature: &ADD_SIGNATURE,
    compile: |arguments| compile(arguments, "number", Decimal::add),
};

pub(super) const SUBTRACT: Function = Function {
    signature: &SUBTRACT_SIGNATURE,
    compile: |arguments| compile(arguments, "number", Decimal::subtract),
};

pub(super) const MULTIPLY: Function = Function {
    signature: &MULTIPLY_SIGNATURE,
    compile: |arguments| compile(arguments, "by", Decimal::multiply),
};

pub(super) const QUOTIENT: Function = Function {
    signature: &QUOTIENT_SIGNATURE,
    compile: |arguments| {
        compile(arguments, "by", |value, by| {
            value.divide_to(by, 0, Rounding::Floor)
        })
    },
};

pub(super) const MODULO: Function = Function {
    signature: &MODULO_SIGNATURE,
    compile: |arguments| compile(arguments, "by", Decimal::modulo),
};

#[derive(Debug)]
struct Arithmetic {
    operate: fn(Decimal, Decimal) -> Result<Decimal, DecimalError>,
    other: Computed,
}

impl Operation for Arithmetic {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let number = value.decimal()?;
        match self.other.number(run)? {
            Some(other) => made((self.operate)(number, other)),
            None => Ok(Value::Failed),
        }
    }
}

fn compile(
    arguments: &mut Arguments<'_, '_>,
    name: &'static str,
    operate: fn(Decimal, Decimal) -> Result<Decimal, DecimalError>,
) -> Compiled {
    let other = Computed::required(arguments, name, Kind::Number)?;
    ready(Arithmetic { operate, other })
}
