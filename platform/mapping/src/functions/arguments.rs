//! The arguments of one call: checked against the signature first, then handed out by form. What is
//! wrong becomes a diagnostic at the argument's place.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::Locale;
use super::signature::{ArgumentKind, Signature};
use crate::compile::compiler::Compiler;
use crate::date::{Date, parse_rfc3339};
use crate::decimal::{Decimal, Rounding};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{escape_pointer, nearest};
use crate::formula::ast::Ast;
use crate::formula::expression::{Expression, SlotRef};
use crate::plan::LookupTable;
use crate::value::{Constant, Kind};

/// The arguments of one call.
pub(crate) struct Arguments<'a, 'd> {
    pub(crate) values: &'a Map<String, Value>,
    /// arguments that a formula gives and that may be computed
    pub(crate) formulas: BTreeMap<&'static str, &'a [Ast]>,
    /// what is known about the value that the function is applied to
    pub(crate) input: Kind,
    /// what is known about the result, if more than the signature says
    pub(crate) output: Option<Kind>,
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
                None if argument.required && !self.formulas.contains_key(argument.name) => {
                    self.compiler.diagnostics.push(Diagnostic::error(
                        code::ARGUMENT_MISSING,
                        self.pointer.clone(),
                        format!("{} needs {:?}", signature.name, argument.name),
                        format!("add it: {}", argument.summary),
                    ))
                }
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

    /// The rounding mode named by `mode`, or half up.
    pub(super) fn rounding(&self) -> Rounding {
        self.text("mode")
            .and_then(Rounding::parse)
            .unwrap_or_default()
    }

    /// Whether the argument is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.formulas.contains_key(name)
    }

    /// An argument that may be computed, as a value of `kind`; null if it is not given.
    pub(super) fn computed(&mut self, name: &str, kind: Kind) -> Option<(Expression, Kind)> {
        let pointer = format!("{}/{}", self.pointer, escape_pointer(name));
        if let Some(formulas) = self.formulas.get(name).copied() {
            let formula = formulas.first()?;
            let pointer = self.pointer.clone();
            let made = self.compiler.resolve(formula, self.scope, &pointer)?;
            return self.fitting(made, kind, name, &pointer);
        }
        match self.values.get(name) {
            Some(value) => self.given(value, kind, name, &pointer),
            None => Some((Expression::Constant(Constant::Null), Kind::Null)),
        }
    }

    /// A list of arguments that may be computed, each as a value of `kind`.
    pub(super) fn computed_list(
        &mut self,
        name: &str,
        kind: Kind,
    ) -> Option<Vec<(Expression, Kind)>> {
        let mut made = Vec::new();
        if let Some(formulas) = self.formulas.get(name).copied() {
            let pointer = self.pointer.clone();
            for formula in formulas {
                let value = self.compiler.resolve(formula, self.scope, &pointer)?;
                made.push(self.fitting(value, kind, name, &pointer)?);
            }
            return Some(made);
        }
        let values = self.values.get(name).and_then(Value::as_array);
        for (place, value) in values.into_iter().flatten().enumerate() {
            let pointer = format!("{}/{}/{place}", self.pointer, escape_pointer(name));
            made.push(self.given(value, kind, name, &pointer)?);
        }
        Some(made)
    }

    /// A formula over each element, which it calls `it`; its result is a `kind`.
    pub(super) fn for_each(&mut self, name: &str, kind: Kind) -> Option<(Expression, Kind)> {
        self.compiler.items += 1;
        let made = self.for_each_formula(name);
        self.compiler.items -= 1;
        let pointer = self.pointer.clone();
        self.fitting(made?, kind, name, &pointer)
    }

    fn for_each_formula(&mut self, name: &str) -> Option<(Expression, Kind)> {
        if let Some(formula) = self.formulas.get(name).copied() {
            let pointer = self.pointer.clone();
            return self
                .compiler
                .resolve(formula.first()?, self.scope, &pointer);
        }
        let text = self.text(name)?;
        let pointer = format!("{}/{}", self.pointer, escape_pointer(name));
        self.compiler.formula(text, self.scope, &pointer)
    }

    /// A computed argument of a step: a scalar, or an object with `from`, `param` or `formula`.
    fn given(
        &mut self,
        value: &'a Value,
        kind: Kind,
        name: &str,
        pointer: &str,
    ) -> Option<(Expression, Kind)> {
        let member = value.as_object().and_then(|object| object.iter().next());
        let made = match member {
            Some((word, text)) => {
                let text = text.as_str().unwrap_or_default();
                let place = format!("{pointer}/{word}");
                match word.as_str() {
                    "from" => {
                        let slot = self.compiler.slot(self.scope, text, &place)?;
                        (Expression::Slot(slot), self.compiler.source_kind())
                    }
                    "param" => {
                        let constant = self.compiler.param(text, &place)?;
                        let kind = constant.kind();
                        (Expression::Constant(constant), kind)
                    }
                    _ => self.compiler.formula(text, self.scope, &place)?,
                }
            }
            None => {
                let constant = constant_of(value, kind)
                    .or_else(|| self.invalid(name, &format!("{value} is not a {}", kind.word())))?;
                let kind = constant.kind();
                (Expression::Constant(constant), kind)
            }
        };
        self.fitting(made, kind, name, pointer)
    }

    fn fitting(
        &mut self,
        made: (Expression, Kind),
        kind: Kind,
        name: &str,
        pointer: &str,
    ) -> Option<(Expression, Kind)> {
        // dates have no literals: a formula or parameter writes them as texts
        if let (Expression::Constant(Constant::Text(text)), Kind::Date | Kind::DateTime) =
            (&made.0, kind)
            && let Some(constant) = day_or_instant(text, kind)
        {
            return Some((Expression::Constant(constant), kind));
        }
        if made.1.may_be(kind) {
            return Some(made);
        }
        self.compiler.diagnostics.push(Diagnostic::error(
            code::TYPE_MISMATCH,
            pointer,
            format!(
                "{name:?} is a {} where a {} is needed",
                made.1.word(),
                kind.word()
            ),
            crate::compile::conversion(made.1, kind),
        ));
        None
    }

    /// The time zone named by the argument, or the source's.
    pub(super) fn zone(&mut self, name: &str) -> Option<TimeZone> {
        match self.text(name) {
            Some(text) => TimeZone::get(text)
                .ok()
                .or_else(|| self.invalid(name, &format!("{text:?} is not an IANA time zone"))),
            None => match self.compiler.zone.clone() {
                Some(zone) => Some(zone),
                None => self.invalid(name, "a zone is needed here, or time_zone in the source"),
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

    /// Whether all values of a table stand in JSON as they are.
    pub(super) fn lookup_is_plain(&self, table: usize) -> bool {
        let lookup = self.compiler.lookups.get(table);
        lookup.is_some_and(LookupTable::is_plain)
    }

    /// A declared function of code, what it takes and what it gives.
    pub(super) fn external(&mut self, name: &str) -> Option<(usize, Kind, Kind)> {
        let pointer = format!("{}/name", self.pointer);
        self.compiler.external_function(name, &pointer)
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
        ArgumentKind::Table => super::words::rows(value).is_some(),
        ArgumentKind::Locale => value
            .as_str()
            .is_some_and(|name| Locale::named(name).is_some()),
        ArgumentKind::Rounding => value
            .as_str()
            .is_some_and(|word| Rounding::parse(word).is_some()),
        ArgumentKind::Computed(_) => is_computed(value),
        ArgumentKind::ComputedList(_) => list(&is_computed),
        ArgumentKind::ForEach(_) => value.is_string(),
        ArgumentKind::OnMiss => matches!(value.as_str(), Some("error" | "null" | "default")),
    }
}

/// A scalar, or an object with exactly one of `from`, `param` and `formula`.
fn is_computed(value: &Value) -> bool {
    match value.as_object() {
        Some(object) => {
            object.len() == 1
                && object.iter().all(|(word, text)| {
                    matches!(word.as_str(), "from" | "param" | "formula") && text.is_string()
                })
        }
        None => Constant::from_json(value).is_some(),
    }
}

/// A scalar as a constant of a kind: a text may hold a number or a date.
fn constant_of(value: &Value, kind: Kind) -> Option<Constant> {
    match (value, kind) {
        (Value::String(text), Kind::Number) => Decimal::parse(text).ok().map(Constant::Decimal),
        (Value::String(text), Kind::Date | Kind::DateTime) => day_or_instant(text, kind),
        _ => Constant::from_json(value),
    }
}

/// The date or instant that a text of the document writes.
fn day_or_instant(text: &str, kind: Kind) -> Option<Constant> {
    match kind {
        Kind::Date => Date::parse_iso(text).map(Constant::Date),
        _ => parse_rfc3339(text).ok().map(Constant::DateTime),
    }
}
