//! `hour`, `minute`, `second`: what the clock shows at the offset of an instant.

use jiff::civil::DateTime;
use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SHARED: Signature = Signature {
    input: Kind::DateTime,
    output: Output::Is(Kind::Number),
    fails_with: &[ErrorCode::DateInvalid],
    ..Signature::EMPTY
};

const HOUR_SIGNATURE: Signature = Signature {
    name: "hour",
    summary: "Gives the hour that a clock at the value’s offset shows, 0 to 23; to_zone before for other clocks.",
    examples: &[
        Example::gives(r#""2026-03-05T23:30:00-08:00""#, r#"{}"#, r#"23"#),
        Example::gives(r#""2026-03-05T00:30:00Z""#, r#"{}"#, r#"0"#),
        Example::gives(r#""2026-03-05T09:59:59.9+05:30""#, r#"{}"#, r#"9"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#""23:30""#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const MINUTE_SIGNATURE: Signature = Signature {
    name: "minute",
    summary: "Gives the minute that a clock at the value’s offset shows, 0 to 59.",
    examples: &[
        Example::gives(r#""2026-03-05T23:30:00-08:00""#, r#"{}"#, r#"30"#),
        Example::gives(r#""2026-03-05T00:00:59Z""#, r#"{}"#, r#"0"#),
        Example::gives(r#""2026-03-05T09:59:59.9Z""#, r#"{}"#, r#"59"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"30"#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

const SECOND_SIGNATURE: Signature = Signature {
    name: "second",
    summary: "Gives the second that a clock at the value’s offset shows, 0 to 59, without its fraction.",
    examples: &[
        Example::gives(r#""2026-03-05T23:30:07Z""#, r#"{}"#, r#"7"#),
        Example::gives(r#""2026-03-05T23:30:59.9Z""#, r#"{}"#, r#"59"#),
        Example::gives(r#""2026-03-05T23:30:00Z""#, r#"{}"#, r#"0"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{}"#, ErrorCode::DateInvalid),
    ],
    ..SHARED
};

pub(super) const HOUR: Function = Function {
    signature: &HOUR_SIGNATURE,
    compile: |_| ready(ClockPart(DateTime::hour)),
};

pub(super) const MINUTE: Function = Function {
    signature: &MINUTE_SIGNATURE,
    compile: |_| ready(ClockPart(DateTime::minute)),
};

pub(super) const SECOND: Function = Function {
    signature: &SECOND_SIGNATURE,
    compile: |_| ready(ClockPart(DateTime::second)),
};

#[derive(Debug)]
struct ClockPart(fn(DateTime) -> i8);

impl Operation for ClockPart {
    fn apply<'a>(&'a self, value: Value<'a>, _run: &Run<'a>) -> Made<Value<'a>> {
        let number = (self.0)(value.date_time()?.civil());
        Ok(Value::Decimal(Decimal::from(i64::from(number))))
    }
}
