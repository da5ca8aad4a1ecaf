//! Arguments that are computed, at the time of a record.
//!
//! Invariant: an argument that comes to null is an error that names it, never a silent null result:
//! what null means is said in the mapping with `default` or `coalesce`. `None` always stands for
//! "something it needs has failed before", so that the caller stays silent too.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::Arguments;
use super::bounds::MAX_ELEMENTS;
use super::given::missing;
use crate::date::{Date, DateTime};
use crate::decimal::{Decimal, MAX_DIGITS};
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::value::{Constant, Kind, Made, Value, failure};
use crate::worker::run::Run;

/// A computed argument.
#[derive(Debug)]
pub(super) struct Computed {
    name: &'static str,
    value: Expression,
}

impl Computed {
    /// Compiles an argument that is given.
    pub(super) fn required(
        arguments: &mut Arguments<'_, '_>,
        name: &'static str,
        kind: Kind,
    ) -> Option<Self> {
        let (value, _) = arguments.computed(name, kind)?;
        Some(Self { name, value })
    }

    /// Compiles an argument that need not be given, or is given as the constant null to reach the
    /// ones after it; `None` only after a diagnostic.
    pub(super) fn optional(
        arguments: &mut Arguments<'_, '_>,
        name: &'static str,
        kind: Kind,
    ) -> Option<Option<Self>> {
        let made = Self::required(arguments, name, kind)?;
        let is_given = !matches!(made.value, Expression::Constant(Constant::Null));
        Some(is_given.then_some(made))
    }

    /// What it comes to, which is not null.
    pub(super) fn value<'a>(&'a self, run: &Run<'a>) -> Made<Option<Value<'a>>> {
        match evaluate(&self.value, run)? {
            Value::Failed => Ok(None),
            Value::Null => missing(self.name),
            value => Ok(Some(value)),
        }
    }

    pub(super) fn number<'a>(&'a self, run: &Run<'a>) -> Made<Option<Decimal>> {
        self.value(run)?.map(Value::decimal).transpose()
    }

    pub(super) fn text<'a>(&'a self, run: &Run<'a>) -> Made<Option<&'a str>> {
        self.value(run)?.map(Value::text).transpose()
    }

    pub(super) fn date<'a>(&'a self, run: &Run<'a>) -> Made<Option<Date>> {
        self.value(run)?.map(Value::date).transpose()
    }

    pub(super) fn date_time<'a>(&'a self, run: &Run<'a>) -> Made<Option<DateTime>> {
        self.value(run)?.map(Value::date_time).transpose()
    }

    /// A whole number between `-limit` and `limit`.
    pub(super) fn whole<'a>(&'a self, limit: i64, run: &Run<'a>) -> Made<Option<i64>> {
        let Some(number) = self.number(run)? else {
            return Ok(None);
        };
        if !number.is_integer() {
            return failure(
                ErrorCode::NumberInvalid,
                format!("{:?} is {number}, not a whole number", self.name),
            );
        }
        match number.to_i64() {
            Some(whole) if (-limit..=limit).contains(&whole) => Ok(Some(whole)),
            _ => failure(
                ErrorCode::NumberRange,
                format!("{:?} is {number}, the limit is {limit}", self.name),
            ),
        }
    }

    /// A number of decimals, 0 to 38.
    pub(super) fn scale<'a>(&'a self, run: &Run<'a>) -> Made<Option<u8>> {
        let Some(whole) = self.whole(i64::from(MAX_DIGITS), run)? else {
            return Ok(None);
        };
        match u8::try_from(whole) {
            Ok(scale) => Ok(Some(scale)),
            Err(_) => failure(
                ErrorCode::NumberRange,
                format!("{:?} is {whole}, decimals are 0 to 38", self.name),
            ),
        }
    }
}

/// The decimals that an argument comes to, or `otherwise` if it is not given.
pub(super) fn scale_or<'a>(
    argument: Option<&'a Computed>,
    otherwise: u8,
    run: &Run<'a>,
) -> Made<Option<u8>> {
    argument.map_or(Ok(Some(otherwise)), |argument| argument.scale(run))
}

/// The values of a list of arguments; an argument that is a list counts as its elements.
#[derive(Debug)]
pub(super) struct ComputedList {
    name: &'static str,
    values: Box<[Expression]>,
}

impl ComputedList {
    pub(super) fn compile(arguments: &mut Arguments<'_, '_>, name: &'static str) -> Option<Self> {
        let values = arguments.computed_list(name, Kind::Any)?;
        Some(Self {
            name,
            values: values.into_iter().map(|(value, _)| value).collect(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values, if the record does not matter for them.
    pub(super) fn constants(&self) -> Option<Vec<Value<'_>>> {
        self.values
            .iter()
            .map(|value| match value {
                Expression::Constant(constant) => Some(constant.value()),
                _ => None,
            })
            .collect()
    }

    /// What they come to, nulls included.
    pub(super) fn values<'a>(&'a self, run: &Run<'a>) -> Made<Option<&'a [Value<'a>]>> {
        let mut found = ArenaVec::with_capacity_in(self.values.len(), run.arena);
        for value in &self.values {
            match evaluate(value, run)? {
                Value::Failed => return Ok(None),
                value if is_list(value) => found.extend_from_slice_copy(value.elements(run)?),
                value => found.push(value),
            }
            if found.len() > MAX_ELEMENTS {
                return failure(
                    ErrorCode::ValueInvalid,
                    format!("{:?} has more than {MAX_ELEMENTS} values", self.name),
                );
            }
        }
        Ok(Some(found.into_bump_slice()))
    }
}

fn is_list(value: Value<'_>) -> bool {
    match value {
        Value::List(_) => true,
        Value::Json(text) => text.starts_with('['),
        _ => false,
    }
}
