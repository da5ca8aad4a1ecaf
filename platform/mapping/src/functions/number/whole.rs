//! `ceil` and `floor`: the whole number above or below.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Rounding;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SHARED: Signature = Signature {
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::NumberInvalid],
    ..Signature::EMPTY
};

const CEIL_SIGNATURE: Signature = Signature {
    name: "ceil",
    summary: "Gives the smallest whole number that is not below the value. For decimals: round with mode ceiling.",
    examples: &[
        Example::gives(r#"2.1"#, r#"{}"#, r#"3"#),
        Example::gives(r#"-2.9"#, r#"{}"#, r#"-2"#),
        Example::gives(r#"3.00"#, r#"{}"#, r#"3"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""3""#, r#"{}"#, ErrorCode::NumberInvalid),
    ],
    ..SHARED
};

const FLOOR_SIGNATURE: Signature = Signature {
    name: "floor",
    summary: "Gives the largest whole number that is not above the value. For decimals: round with mode floor.",
    examples: &[
        Example::gives(r#"2.9"#, r#"{}"#, r#"2"#),
        Example::gives(r#"-2.1"#, r#"{}"#, r#"-3"#),
        Example::gives(r#"3.00"#, r#"{}"#, r#"3"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""3""#, r#"{}"#, ErrorCode::NumberInvalid),
    ],
    ..SHARED
};

pub(super) const CEIL: Function = Function {
    signature: &CEIL_SIGNATURE,
    compile: |_| whole(Rounding::Ceiling),
};

pub(super) const FLOOR: Function = Function {
    signature: &FLOOR_SIGNATURE,
    compile: |_| whole(Rounding::Floor),
};

#[derive(Debug)]
struct Whole {
    mode: Rounding,
}

impl Operation for Whole {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        Ok(Value::Decimal(value.decimal()?.round(0, self.mode)))
    }
}

fn whole(mode: Rounding) -> Compiled {
    ready(Whole { mode })
}
