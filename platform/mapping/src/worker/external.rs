//! Calls of functions of code, with the instances that a worker has opened.
//!
//! Invariants: an instance is opened when a record needs it first, so that a mapping without such calls
//! pays nothing; an answer is not trusted: it is read as JSON of the declared type, or the record has an
//! issue. Deliberately absent: what runs behind [`FunctionCalls`].

use std::fmt::Write as _;

use tributary_model::error_code::ErrorCode;
use tributary_model::external::{FunctionCalls, FunctionFault, FunctionFaultKind, ValueType};
use tributary_model::issue::shorten;

use super::explanation::ExplainedCall;
use super::run::Run;
use super::write::write_value;
use crate::date::{Date, parse_rfc3339};
use crate::functions::MAX_TEXT;
use crate::plan::{ExternalFunction, OutputType};
use crate::reader::parse;
use crate::value::{Made, Value, failure, parse_json_number};

/// Longest value of an explanation, in characters.
const SHOWN: usize = 200;

/// The instances of a worker, and the texts on their way to and from them.
#[derive(Debug, Default)]
pub(super) struct Calls {
    opened: Vec<Option<Box<dyn FunctionCalls>>>,
    input: Vec<u8>,
    answer: Vec<u8>,
    /// of the record that is explained
    pub(super) told: Vec<ExplainedCall>,
}

impl Calls {
    /// For a plan with so many components.
    pub(super) fn new(components: usize) -> Self {
        let mut calls = Self::default();
        calls.opened.resize_with(components, || None);
        calls
    }
}

impl<'a> Run<'a> {
    /// What `function` makes of `value` and its further values.
    pub(crate) fn external(
        &self,
        function: &'a ExternalFunction,
        value: Value<'a>,
        with: &[Value<'a>],
    ) -> Made<Value<'a>> {
        let mut calls = self.calls.borrow_mut();
        let Calls {
            opened,
            input,
            answer,
            told,
        } = &mut **calls;
        input.clear();
        input.push(b'[');
        write_value(value.decoded()?, &OutputType::Json, input);
        for value in with {
            input.push(b',');
            // a number is written as the same digits wherever it comes from
            write_value(value.decoded()?, &OutputType::Json, input);
        }
        input.push(b']');
        let (size, limit) = (input.len(), MAX_TEXT);
        if size > limit {
            return failure(
                ErrorCode::RecordTooLarge,
                format!(
                    "{} would get {size} bytes, the limit is {limit}",
                    function.name
                ),
            );
        }
        let place = opened.get_mut(function.code);
        let Some((place, code)) = place.zip(self.plan.code.get(function.code)) else {
            return broken(function, "its component is not at hand");
        };
        answer.clear();
        let asked =
            place
                .get_or_insert_with(|| code.open())
                .call(&function.function, input, answer);
        if self.trace.is_some() {
            told.push(story(function, input, answer, asked.as_ref().err()));
        }
        match asked {
            Ok(()) => self.answer(function, answer),
            Err(fault) => Err(blamed(function, fault)),
        }
    }

    /// The value of an answer, if it is one of the declared type.
    fn answer(&self, function: &ExternalFunction, answer: &[u8]) -> Made<Value<'a>> {
        if answer.len() > MAX_TEXT {
            let size = answer.len();
            let what = format!("it answered {size} bytes, the limit is {MAX_TEXT}");
            return broken(function, &what);
        }
        let Ok(text) = std::str::from_utf8(answer) else {
            return broken(function, "its answer is not UTF-8");
        };
        let text: &'a str = self.arena.alloc_str(text);
        let value = match parse(text, self.arena) {
            Ok(value) => value,
            Err(error) => {
                let what = format!("its answer is not JSON: {}", error.reason);
                return broken(function, &what);
            }
        };
        match (function.gives, value) {
            (_, Value::Null)
            | (ValueType::Text, Value::Text(_))
            | (ValueType::Bool, Value::Bool(_))
            | (ValueType::Json, Value::Json(_))
            | (ValueType::Any, _) => Ok(value),
            (ValueType::List, Value::Json(list)) if list.starts_with('[') => Ok(value),
            (ValueType::Number, Value::Number(digits)) => match parse_json_number(digits) {
                Ok(number) => Ok(Value::Decimal(number)),
                Err(_) => broken(function, "it gave a number of more than 38 digits"),
            },
            (ValueType::Date, Value::Text(text)) => match Date::parse_iso(text) {
                Some(date) => Ok(Value::Date(date)),
                None => mistyped(function, value),
            },
            (ValueType::Datetime, Value::Text(text)) => match parse_rfc3339(text) {
                Ok(instant) => Ok(self.date_time(instant)),
                Err(_) => mistyped(function, value),
            },
            _ => mistyped(function, value),
        }
    }
}

#[cold]
fn blamed(function: &ExternalFunction, fault: FunctionFault) -> Box<crate::value::Failure> {
    let code = match fault.kind {
        FunctionFaultKind::Refused => ErrorCode::ValueInvalid,
        FunctionFaultKind::Failed => ErrorCode::ExternalFunctionFailed,
    };
    let mut message = match fault.kind {
        FunctionFaultKind::Refused => function.name.to_string(),
        FunctionFaultKind::Failed => format!("{} ({})", function.name, function.component),
    };
    let _infallible = match function.sensitive {
        // the function may quote the value
        true => write!(
            message,
            ": its message is kept back, the value is sensitive"
        ),
        false => write!(message, ": {}", fault.message),
    };
    Box::new(crate::value::Failure {
        code,
        message,
        hint: None,
    })
}

#[cold]
fn broken<T>(function: &ExternalFunction, what: &str) -> Made<T> {
    let (name, component) = (&function.name, &function.component);
    failure(
        ErrorCode::ExternalFunctionFailed,
        format!("{name} ({component}): {what}"),
    )
}

#[cold]
fn mistyped<'a>(function: &ExternalFunction, value: Value<'a>) -> Made<Value<'a>> {
    let (found, wanted) = (value.kind_word(), function.gives.word());
    let what = match value {
        Value::Text(_) if wanted != "text" && !function.sensitive => {
            format!(
                "it gave the text {} where {wanted} is promised",
                super::rows::shown(value)
            )
        }
        _ => format!("it gave a {found} where {wanted} is promised"),
    };
    broken(function, &what)
}

/// The call, for an explanation.
#[cold]
fn story(
    function: &ExternalFunction,
    input: &[u8],
    answer: &[u8],
    fault: Option<&FunctionFault>,
) -> ExplainedCall {
    let text = |bytes: &[u8]| match function.sensitive {
        true => crate::plan::MASK.to_owned(),
        false => shorten(&String::from_utf8_lossy(bytes), SHOWN),
    };
    ExplainedCall {
        name: function.name.to_string(),
        component: function.component.to_string(),
        digest: function.digest.to_string(),
        function: function.function.to_string(),
        input: text(input),
        answer: match fault {
            None => text(answer),
            Some(fault) => text(fault.message.as_bytes()),
        },
        failed: fault.is_some(),
    }
}
