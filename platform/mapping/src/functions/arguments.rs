//! The arguments of one call: checked against the signature first, then handed out by form. What is
//! wrong becomes a diagnostic at the argument's place.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::Locale;
use super::signature::{ArgumentKind, Signature};
use crate::compile::compiler::Compiler;
use crate::decimal::{Decimal, Rounding};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{escape_pointer, nearest};
use crate::formula::expression::SlotRef;
use crate::value::Constant;

/// The arguments of one call.
pub(crate) struct Arguments<'a, 'd> {
    pub(crate) values: &'a Map<String, Value>,
    /// the call's place in the document
    pub(crate) pointer: String,
    /// scope on which paths are evaluated
    pub(crate) scope: u16,
    pub(crate) compiler: &'a mut Compiler<'d>,
}

impl<'a> Arguments<'a, '_> {
    /// Checks names and forms; whether the function can be compiled.
    pub(crate) fn check(&mut self, signature: &Signature) -> bool {
        let before = self.compiler.diagnostics.len();
        for argument in signature.arguments {
            match self.values.get(argument.name) {
                Some(value) if !has_form(value, argument.kind) => {
                    let message = format!("{value} is not a {}", argument.kind.words());
                    let _: Option<()> = self.invalid(argument.name, &message);
                }
                None if argument.required => self.compiler.diagnostics.push(Diagnostic::error(
                    code::ARGUMENT_MISSING,
                    self.pointer.clone(),
                    format!("{} needs {:?}", signature.name, argument.name),
                    format!("add it: {}", argument.summary),
                )),
                _ => {}
            }
        }
        let known: Vec<String> = signature
            .arguments
            .iter()
            .map(|a| a.name.to_owned())
            .collect();
        for name in self.values.keys().filter(|name| !known.contains(name)) {
            let hint = match nearest(name, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None if known.is_empty() => format!("{} has no arguments", signature.name),
                None => format!("{} has {}", signature.name, known.join(", ")),
            };
            self.compiler.diagnostics.push(Diagnostic::error(
                code::ARGUMENT_UNKNOWN,
                format!("{}/{}", self.pointer, escape_pointer(name)),
                format!("{} has no argument {name:?}", signature.name),
                hint,
            ));
        }
        self.compiler.diagnostics.len() == before
    }

    /// Says that an argument is wrong.
    pub(super) fn invalid<T>(&mut self, name: &str, message: &str) -> Option<T> {
        self.compiler.diagnostics.push(Diagnostic::error(
            code::ARGUMENT_INVALID,
            format!("{}/{}", self.pointer, escape_pointer(name)),
            format!("{name:?}: {message}"),
            "see platform/docs/mapping/functions.md",
        ));
        None
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).and_then(Value::as_str)
    }

    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.values.get(name)?.as_array()?;
        Some(
            items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    }

    pub(super) fn integer(&self, name: &str) -> Option<u32> {
        self.values.get(name).and_then(integer)
    }

    pub(super) fn decimal(&self, name: &str) -> Option<Decimal> {
        self.values.get(name).and_then(decimal)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.values
            .get(name)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    pub(super) fn scalar(&self, name: &str) -> Option<Constant> {
        self.values.get(name).and_then(Constant::from_json)
    }

    pub(super) fn scalars(&self, name: &str) -> Option<Vec<Constant>> {
        let items = self.values.get(name)?.as_array()?;
        Some(items.iter().filter_map(Constant::from_json).collect())
    }

    /// The locale named by `locale`, or the source's.
    pub(super) fn locale(&self) -> Locale {
        self.text("locale")
            .and_then(Locale::named)
            .unwrap_or(self.compiler.locale)
    }

    /// The time zone named by the argument, or the source's.
    pub(super) fn zone(&mut self, name: &str) -> Option<TimeZone> {
        match self.text(name) {
            Some(text) => TimeZone::get(text)
                .ok()
                .or_else(|| self.invalid(name, &format!("{text:?} is not an IANA time zone"))),
            None => match self.compiler.zone.clone() {
                Some(zone) => Some(zone),
                None => self.invalid(name, "rfc3339 needs a zone here or time_zone in the source"),
            },
        }
    }

    /// The value of a parameter.
    pub(super) fn param(&mut self, argument: &str, name: &str) -> Option<Constant> {
        let pointer = format!("{}/{argument}", self.pointer);
        self.compiler.param(name, &pointer)
    }

    /// A lookup and how many columns its key has.
    pub(super) fn lookup(&mut self, argument: &str, name: &str) -> Option<(usize, usize)> {
        let pointer = format!("{}/{argument}", self.pointer);
        self.compiler.lookup(name, &pointer)
    }

    /// The slots of a list of paths; empty if the argument is not there.
    pub(super) fn slots(&mut self, name: &str) -> Option<Vec<SlotRef>> {
        let paths = self.texts(name).unwrap_or_default();
        let mut slots = Vec::with_capacity(paths.len());
        for (place, path) in paths.iter().enumerate() {
            let pointer = format!("{}/{name}/{place}", self.pointer);
            slots.push(self.compiler.slot(self.scope, path, &pointer)?);
        }
        Some(slots)
    }
}

fn integer(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Decimal::parse(&number.to_string()).ok(),
        Value::String(text) => Decimal::parse(text).ok(),
        _ => None,
    }
}

fn has_form(value: &Value, kind: ArgumentKind) -> bool {
    let scalar = |value: &Value| Constant::from_json(value).is_some();
    let list = |test: &dyn Fn(&Value) -> bool| {
        value.as_array().is_some_and(|items| items.iter().all(test))
    };
    match kind {
        ArgumentKind::Text => value.is_string(),
        ArgumentKind::Texts | ArgumentKind::Paths => list(&Value::is_string),
        ArgumentKind::Integer => integer(value).is_some(),
        ArgumentKind::Decimal => decimal(value).is_some(),
        ArgumentKind::Flag => value.is_boolean(),
        ArgumentKind::Scalar => scalar(value),
        ArgumentKind::Scalars => list(&scalar),
        ArgumentKind::Locale => value
            .as_str()
            .is_some_and(|name| Locale::named(name).is_some()),
        ArgumentKind::Rounding => value
            .as_str()
            .is_some_and(|word| Rounding::parse(word).is_some()),
        ArgumentKind::OnMiss => matches!(value.as_str(), Some("error" | "null" | "default")),
    }
}
