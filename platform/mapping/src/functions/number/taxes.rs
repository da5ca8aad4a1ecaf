//! `tax_amount`, `gross_from_net`, `net_from_gross`, `discount`: amounts at a rate in percent, each
//! rounded once.

use tributary_model::error_code::ErrorCode;

use super::{MODE, made};
use crate::decimal::{Decimal, DecimalError, Rounding};
use crate::functions::computed::{Computed, scale_or};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SCALE: Argument = Argument::optional(
    "scale",
    ArgumentKind::Computed(Kind::Number),
    "decimals of the amount, 0 to 38; default 2; for a currency: currency_scale(…)",
);

const RATE: Argument = Argument::required(
    "rate",
    ArgumentKind::Computed(Kind::Number),
    "rate in percent: 19, not 0.19",
);

const SHARED: Signature = Signature {
    input: Kind::Number,
    output: Output::Is(Kind::Number),
    arguments: &[RATE, SCALE, MODE],
    fails_with: &[
        ErrorCode::NumberInvalid,
        ErrorCode::NumberRange,
        ErrorCode::ValueMissing,
        ErrorCode::FormulaFailed,
    ],
    ..Signature::EMPTY
};

const TAX_SIGNATURE: Signature = Signature {
    name: "tax_amount",
    summary: "Computes the tax on a net amount, or with included the tax within a gross amount.",
    arguments: &[
        RATE,
        SCALE,
        MODE,
        Argument::optional(
            "included",
            ArgumentKind::Flag,
            "whether the value is a gross amount that includes the tax",
        ),
    ],
    examples: &[
        Example::gives(r#"100"#, r#"{"rate": 19}"#, r#"19"#),
        Example::gives(r#"119"#, r#"{"rate": 19, "included": true}"#, r#"19"#),
        Example::gives(r#"0.13"#, r#"{"rate": 19}"#, r#"0.02"#),
        Example::gives(
            r#"999"#,
            r#"{"rate": 10, "scale": 0, "mode": "down"}"#,
            r#"99"#,
        ),
        Example::gives(r#"null"#, r#"{"rate": 19}"#, r#"null"#),
        Example::fails(
            r#"100"#,
            r#"{"rate": {"from": "$.rate"}}"#,
            ErrorCode::ValueMissing,
        ),
    ],
    ..SHARED
};

const GROSS_SIGNATURE: Signature = Signature {
    name: "gross_from_net",
    summary: "Adds a tax to a net amount.",
    examples: &[
        Example::gives(r#"100"#, r#"{"rate": 19}"#, r#"119"#),
        Example::gives(r#"19.99"#, r#"{"rate": 7.7}"#, r#"21.53"#),
        Example::gives(
            r#"1000"#,
            r#"{"rate": 10, "scale": {"formula": "currency_scale('JPY')"}}"#,
            r#"1100"#,
        ),
        Example::gives(r#"null"#, r#"{"rate": 19}"#, r#"null"#),
        Example::fails(r#""100""#, r#"{"rate": 19}"#, ErrorCode::NumberInvalid),
    ],
    ..SHARED
};

const NET_SIGNATURE: Signature = Signature {
    name: "net_from_gross",
    summary: "Takes the tax out of a gross amount; the exact quotient is rounded once.",
    examples: &[
        Example::gives(r#"119"#, r#"{"rate": 19}"#, r#"100"#),
        Example::gives(r#"100"#, r#"{"rate": 19}"#, r#"84.03"#),
        Example::gives(r#"-100"#, r#"{"rate": 7, "scale": 4}"#, r#"-93.4579"#),
        Example::gives(r#"null"#, r#"{"rate": 19}"#, r#"null"#),
        Example::fails(r#"100"#, r#"{"rate": -100}"#, ErrorCode::FormulaFailed),
    ],
    ..SHARED
};

const DISCOUNT_SIGNATURE: Signature = Signature {
    name: "discount",
    summary: "Takes a percentage off an amount.",
    examples: &[
        Example::gives(r#"80"#, r#"{"rate": 25}"#, r#"60"#),
        Example::gives(r#"9.99"#, r#"{"rate": 3}"#, r#"9.69"#),
        Example::gives(r#"80"#, r#"{"rate": 0}"#, r#"80"#),
        Example::gives(r#"null"#, r#"{"rate": 25}"#, r#"null"#),
        Example::fails(r#"true"#, r#"{"rate": 25}"#, ErrorCode::NumberInvalid),
    ],
    ..SHARED
};

pub(super) const TAX_AMOUNT: Function = Function {
    signature: &TAX_SIGNATURE,
    compile: |arguments| {
        let share = if arguments.flag("included") {
            Share::TaxOfGross
        } else {
            Share::TaxOfNet
        };
        compile(arguments, share)
    },
};

pub(super) const GROSS_FROM_NET: Function = Function {
    signature: &GROSS_SIGNATURE,
    compile: |arguments| compile(arguments, Share::Gross),
};

pub(super) const NET_FROM_GROSS: Function = Function {
    signature: &NET_SIGNATURE,
    compile: |arguments| compile(arguments, Share::Net),
};

pub(super) const DISCOUNT: Function = Function {
    signature: &DISCOUNT_SIGNATURE,
    compile: |arguments| compile(arguments, Share::Rest),
};

/// Which part of the amount is wanted.
#[derive(Debug, Clone, Copy)]
enum Share {
    /// rate / 100
    TaxOfNet,
    /// rate / (100 + rate)
    TaxOfGross,
    /// (100 + rate) / 100
    Gross,
    /// 100 / (100 + rate)
    Net,
    /// (100 - rate) / 100
    Rest,
}

impl Share {
    fn of(
        self,
        amount: Decimal,
        rate: Decimal,
        scale: u8,
        mode: Rounding,
    ) -> Result<Decimal, DecimalError> {
        let hundred = Decimal::from(100);
        let (factor, divisor) = match self {
            Self::TaxOfNet => (rate, hundred),
            Self::TaxOfGross => (rate, hundred.add(rate)?),
            Self::Gross => (hundred.add(rate)?, hundred),
            Self::Net => (hundred, hundred.add(rate)?),
            Self::Rest => (hundred.subtract(rate)?, hundred),
        };
        amount.multiply(factor)?.divide_to(divisor, scale, mode)
    }
}

#[derive(Debug)]
struct AtRate {
    share: Share,
    rate: Computed,
    scale: Option<Computed>,
    mode: Rounding,
}

impl Operation for AtRate {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let amount = value.decimal()?;
        let (Some(rate), Some(scale)) = (
            self.rate.number(run)?,
            scale_or(self.scale.as_ref(), 2, run)?,
        ) else {
            return Ok(Value::Failed);
        };
        made(self.share.of(amount, rate, scale, self.mode))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>, share: Share) -> Compiled {
    ready(AtRate {
        share,
        rate: Computed::required(arguments, "rate", Kind::Number)?,
        scale: Computed::optional(arguments, "scale", Kind::Number)?,
        mode: arguments.rounding(),
    })
}
