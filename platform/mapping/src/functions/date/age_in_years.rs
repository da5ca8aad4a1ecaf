//! `age_in_years`: full years since a birth or start.

use tributary_model::error_code::ErrorCode;

use crate::decimal::Decimal;
use crate::functions::computed::Computed;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "age_in_years",
    summary: "Tells how old somebody born on the date is on a day, in full years. Who was born on 29 February turns a year older on 1 March of other years.",
    input: Kind::Date,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "on",
        ArgumentKind::Computed(Kind::Date),
        "the day, such as today()",
    )],
    fails_with: &[ErrorCode::DateInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(r#""1990-03-07""#, r#"{"on": "2026-03-06"}"#, r#"35"#),
        Example::gives(r#""1990-03-07""#, r#"{"on": "2026-03-07"}"#, r#"36"#),
        Example::gives(r#""2008-02-29""#, r#"{"on": "2026-02-28"}"#, r#"17"#),
        Example::gives(
            r#""1990-03-07""#,
            r#"{"on": {"formula": "today(null, 'UTC')"}}"#,
            r#"35"#,
        ),
        Example::gives(r#"null"#, r#"{"on": "2026-03-06"}"#, r#"null"#),
        Example::fails(
            r#""2026-03-07""#,
            r#"{"on": "2026-03-06"}"#,
            ErrorCode::DateInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct AgeInYears {
    on: Computed,
}

impl Operation for AgeInYears {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let birth = value.date()?;
        let Some(on) = self.on.date(run)? else {
            return Ok(Value::Failed);
        };
        if birth > on {
            return failure(
                ErrorCode::DateInvalid,
                format!("{birth} is after {on}, so there is no age"),
            );
        }
        let years = birth.months_until(on) / 12;
        Ok(Value::Decimal(Decimal::from(years)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(AgeInYears {
        on: Computed::required(arguments, "on", Kind::Date)?,
    })
}
