//! A function with its arguments, ready to run.

use std::fmt::Debug;

use crate::date::Date;
use crate::decimal::Small;
use crate::formula::expression::Reference;
use crate::value::{Made, Value};
use crate::worker::run::Run;

/// What a function does to a value. Pure: the value, the arguments and the record decide alone.
pub(crate) trait Operation: Debug + Send + Sync {
    /// The value that the function makes of `value`, which is never [`Value::Failed`], and null only
    /// if the signature says that the function takes null.
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>>;

    /// The quick lane from text to text: what [`Self::apply`] makes of a text, in registers. `None` says
    /// that the text needs a closer look, and `apply` decides. Leaves no warnings.
    fn text<'a>(&'a self, _text: &'a str, _run: &Run<'a>) -> Option<&'a str> {
        None
    }

    /// The quick lane from text to number; [`Small::NONE`] says that `apply` decides.
    fn parsed(&self, _text: &str) -> Small {
        Small::NONE
    }

    /// Whether [`Self::text`] makes of a text that stands in JSON as it is another such text.
    fn keeps_plain(&self) -> bool {
        false
    }

    /// The quick lane from text to day; `None` says that `apply` decides.
    fn day(&self, _text: &str) -> Option<Date> {
        None
    }

    /// The quick lane from number to number; [`Small::NONE`] says that `apply` decides.
    fn number(&self, _number: Small) -> Small {
        Small::NONE
    }
}

/// What a function's `compile` gives; none: the arguments are wrong, and a diagnostic says how.
pub(crate) type Compiled = Option<Box<dyn Operation>>;

/// A compiled operation.
pub(crate) fn ready(operation: impl Operation + 'static) -> Compiled {
    Some(Box::new(operation))
}

/// One step of a chain.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static str,
    /// its constant arguments as JSON, for explanations
    pub(crate) arguments: Box<str>,
    /// what its computed arguments read
    pub(crate) reads: Box<[Reference]>,
    pub(crate) takes_null: bool,
    pub(crate) operation: Box<dyn Operation>,
}

impl Call {
    /// The value that the step makes of `value`. What failed before stays failed, and null passes
    /// through functions that do not ask for it.
    #[inline]
    pub(crate) fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        match value {
            Value::Failed => Ok(Value::Failed),
            Value::Null if !self.takes_null => Ok(Value::Null),
            _ if run.is_full() => run.full(),
            value => self.operation.apply(value, run),
        }
    }
}
