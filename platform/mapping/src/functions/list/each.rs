//! A formula over the elements of a list.

use crate::formula::evaluate::{condition, evaluate};
use crate::formula::expression::Expression;
use crate::functions::Arguments;
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

/// What a formula makes of an element; `None` if something that it needs has failed before.
pub(super) fn made<'a>(
    formula: &'a Expression,
    element: Value<'a>,
    run: &Run<'a>,
) -> Made<Option<Value<'a>>> {
    match run.with_item(element, || evaluate(formula, run))? {
        Value::Failed => Ok(None),
        value => Ok(Some(value)),
    }
}

/// Whether a condition holds for an element; `None` if something that it needs has failed before.
pub(super) fn holds<'a>(
    formula: &'a Expression,
    element: Value<'a>,
    run: &Run<'a>,
) -> Made<Option<bool>> {
    run.with_item(element, || condition(formula, run))
}

/// What elements are compared by: what an optional formula makes of them, or they themselves.
#[derive(Debug)]
pub(super) struct By(Option<Expression>);

impl By {
    /// The optional argument called `name`.
    pub(super) fn compile(arguments: &mut Arguments<'_, '_>, name: &str) -> Option<Self> {
        if !arguments.has(name) {
            return Some(Self(None));
        }
        let (formula, _) = arguments.for_each(name, Kind::Any)?;
        Some(Self(Some(formula)))
    }

    /// What the element is compared by; `None` if something that the formula needs has failed before.
    pub(super) fn of<'a>(&'a self, element: Value<'a>, run: &Run<'a>) -> Made<Option<Value<'a>>> {
        match &self.0 {
            Some(formula) => made(formula, element, run),
            None => Ok(Some(element)),
        }
    }
}
