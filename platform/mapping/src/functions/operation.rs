//! A function with its arguments, ready to run.

use std::fmt::Debug;

use crate::value::{Made, Value};
use crate::worker::run::Run;

/// What a function does to a value. Pure: the value, the arguments and the record decide alone.
pub(crate) trait Operation: Debug + Send + Sync {
    /// The value that the function makes of `value`, which is never [`Value::Failed`], and null only
    /// if the signature says that the function takes null.
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>>;
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
            value => self.operation.apply(value, run),
        }
    }
}
