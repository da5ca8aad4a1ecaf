//! Values: their source, their chain of functions, and whether the end fits the written type.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::compiler::{Compiler, Named};
use super::fields::Spot;
use super::types::{conversion, parse_type};
use crate::date::Date;
use crate::decimal::Decimal;
use crate::diagnostic::code;
use crate::document::{Combine, Field, OnError, OnNull, Paths, RowStep, Step, nearest};
use crate::formula::ast::Ast;
use crate::functions::signature::Output;
use crate::functions::{self, Arguments, Call};
use crate::plan::{Case, Combined, OutputType, Source, ValueNode};
use crate::value::{Constant, Kind};

/// The value members that fields and switch cases share.
struct Given<'a> {
    from: Option<&'a Paths>,
    constant: Option<&'a Json>,
    param: Option<&'a str>,
    formula: Option<&'a str>,
}

/// The arguments of a call: as JSON, and those that a formula gives and that may be computed.
pub(super) struct GivenArguments<'a> {
    pub(super) values: &'a serde_json::Map<String, Json>,
    pub(super) formulas: BTreeMap<&'static str, &'a [Ast]>,
}

/// Whether values from this source to this type have a quick lane.
fn is_quick(source: &Source, output: &OutputType) -> bool {
    let from = matches!(
        source,
        Source::Slot(_) | Source::Formula(_) | Source::Constant(Constant::Text(_))
    );
    let to = match output {
        OutputType::Decimal { size } => size.is_some(),
        OutputType::Text { .. } | OutputType::Enum { .. } | OutputType::Int | OutputType::Date => {
            true
        }
        OutputType::Bool | OutputType::DateTime | OutputType::Json | OutputType::Array(_) => false,
    };
    from && to
}

impl Compiler<'_> {
    /// Compiles a field that holds a single value.
    pub(crate) fn value(&mut self, spot: &Spot<'_>) -> Option<ValueNode> {
        let field = spot.field;
        let output = self.output_type(field, &spot.pointer)?;
        let scope = match &field.scope {
            None => spot.scope,
            Some(name) => match self.scope_named(spot.scope, name) {
                Some(scope) => scope,
                None => {
                    self.error(
                        code::SCOPE_UNKNOWN,
                        format!("{}/scope", spot.pointer),
                        format!("no scope around this field is called {name:?}"),
                        "use the as of the group or of an each around it",
                    );
                    return None;
                }
            },
        };
        let (source, kind) = self.source(field, spot, scope, &output)?;
        let (steps, kind) =
            self.steps(&field.steps, kind, scope, &format!("{}/do", spot.pointer))?;
        let sensitive = self.calls_sensitive;
        self.fits(kind, &output, spot);
        let on_error_value = self.on_error_value(field, &output, spot);
        let variable = self.variable();
        for name in &spot.names {
            let named = Named::Variable(variable, output.kind());
            self.define(spot.scope, name.clone(), named, &spot.pointer);
        }
        if let Some(subject) = self.subjects.get_mut(&field.id) {
            subject.variable = (!sensitive).then_some(variable);
            subject.value = Some(variable);
        }
        let amount = figure(&self.document.amounts, spot);
        let copied = match (&source, &output) {
            (Source::Slot(slot), OutputType::Text { .. })
                if steps.is_empty()
                    && field.to.is_some()
                    && field.combine.is_none()
                    && amount.is_none() =>
            {
                Some(*slot)
            }
            _ => None,
        };
        let combine = self.combine(field, spot);
        let plain = steps.iter().all(|step| step.operation.keeps_plain());
        let quick = combine.is_none() && is_quick(&source, &output);
        Some(ValueNode {
            source,
            origin: origin(field).into(),
            steps,
            combine,
            output,
            variable,
            // known when the whole document is compiled
            read: true,
            copied,
            plain,
            quick,
            omit_null: field.on_null == OnNull::Omit,
            required: field.required,
            on_error: field.on_error,
            on_error_value,
            sensitive,
            amount,
            date: figure(&self.document.dates, spot),
        })
    }

    /// The rule that makes one value of all rows of the group.
    fn combine(&mut self, field: &Field, spot: &Spot<'_>) -> Option<Box<Combined>> {
        let rule = field.combine?;
        let grouped = self
            .document
            .rows
            .iter()
            .any(|step| matches!(step, RowStep::Group(_)));
        if !grouped || spot.inside_loop || field.from.is_none() {
            self.error(
                code::MISPLACED,
                format!("{}/combine", spot.pointer),
                "combine makes one value of all rows of a group",
                "use it on a field with from, outside of each, in a mapping with a group",
            );
        }
        if field.separator.is_some() && rule != Combine::Join {
            self.error(
                code::MISPLACED,
                format!("{}/separator", spot.pointer),
                "separator belongs to combine: join",
                "remove it",
            );
        }
        Some(Box::new(Combined {
            rule,
            separator: field.separator.as_deref().unwrap_or(", ").into(),
        }))
    }

    fn output_type(&mut self, field: &Field, pointer: &str) -> Option<OutputType> {
        let Some(text) = &field.kind else {
            self.error(
                code::TYPE_MISSING,
                pointer,
                format!("the field {:?} has no type", field.id),
                "write string, enum, int, decimal(18,2), bool, date, datetime, array(…) or json",
            );
            return None;
        };
        let parsed = parse_type(text, &field.values);
        if parsed.is_none() {
            self.error(
                code::TYPE_MISSING,
                format!("{pointer}/type"),
                format!("{text:?} is no type that a value can have"),
                "decimal(p,s) has 1 to 38 digits and at most p of them after the point",
            );
        }
        if !field.values.is_empty() && !text.contains("enum") {
            self.error(
                code::MISPLACED,
                format!("{pointer}/values"),
                "values belongs to the type enum",
                "write \"type\": \"enum\", or remove values",
            );
        }
        parsed
    }

    fn source(
        &mut self,
        field: &Field,
        spot: &Spot<'_>,
        scope: u16,
        output: &OutputType,
    ) -> Option<(Source, Kind)> {
        // what the value is made of may only add to it
        self.calls_sensitive = field.sensitive;
        if let Some(cases) = &field.switch {
            let mut compiled = Vec::with_capacity(cases.len());
            let mut kind = Kind::Null;
            for (place, case) in cases.iter().enumerate() {
                let pointer = format!("{}/switch/{place}", spot.pointer);
                if case.otherwise && place + 1 < cases.len() {
                    self.error(
                        code::MISPLACED,
                        &pointer,
                        "cases after else are never reached",
                        "move else to the end",
                    );
                }
                let when = match &case.when {
                    Some(text) => {
                        Some(self.condition(text, spot.scope, &format!("{pointer}/when"))?)
                    }
                    None => None,
                };
                let given = Given {
                    from: case.from.as_ref(),
                    constant: case.constant.as_ref(),
                    param: case.param.as_deref(),
                    formula: case.formula.as_deref(),
                };
                let (source, of_source) = self.given(&given, spot.scope, &pointer, output)?;
                let (steps, of_case) =
                    self.steps(&case.steps, of_source, spot.scope, &format!("{pointer}/do"))?;
                kind = kind.or(of_case);
                compiled.push(Case {
                    when,
                    source,
                    steps,
                });
            }
            return Some((Source::Switch(compiled), kind));
        }
        let given = Given {
            from: field.from.as_ref(),
            constant: field.constant.as_ref(),
            param: field.param.as_deref(),
            formula: field.formula.as_deref(),
        };
        // a constant of the field itself may be written as text of its type, unless functions follow
        if field.steps.is_empty() {
            self.given(&given, scope, &spot.pointer, output)
        } else {
            self.given(&given, scope, &spot.pointer, &OutputType::Json)
        }
    }

    fn given(
        &mut self,
        given: &Given<'_>,
        scope: u16,
        pointer: &str,
        output: &OutputType,
    ) -> Option<(Source, Kind)> {
        match (given.from, given.constant, given.param, given.formula) {
            (Some(paths), None, None, None) => {
                if let Paths::One(path) = paths
                    && let Some(nodes) = self.nodes_path(scope, path, &format!("{pointer}/from"))
                {
                    return Some((Source::Nodes(Box::new(nodes)), Kind::List));
                }
                let mut slots = Vec::new();
                for (place, path) in paths.as_slice().iter().enumerate() {
                    let pointer = match paths {
                        Paths::One(_) => format!("{pointer}/from"),
                        Paths::FirstOf(_) => format!("{pointer}/from/{place}"),
                    };
                    slots.push(self.slot(scope, path, &pointer)?);
                }
                let source = match slots.as_slice() {
                    [slot] => Source::Slot(*slot),
                    _ => Source::FirstOf(slots),
                };
                Some((source, self.source_kind()))
            }
            (None, Some(value), None, None) => {
                let constant = self.constant(value, output, &format!("{pointer}/const"))?;
                let kind = constant.kind();
                Some((Source::Constant(constant), kind))
            }
            (None, None, Some(name), None) => {
                let constant = self.param(name, &format!("{pointer}/param"))?;
                let kind = constant.kind();
                Some((Source::Constant(constant), kind))
            }
            (None, None, None, Some(text)) => {
                let (expression, kind) =
                    self.formula(text, scope, &format!("{pointer}/formula"))?;
                Some((Source::Formula(expression), kind))
            }
            _ => {
                self.error(
                    code::ONE_SOURCE,
                    pointer,
                    "a case needs exactly one value",
                    "write exactly one of from, const, param, formula",
                );
                None
            }
        }
    }

    /// A constant in the form of its type: texts become decimals and dates where those are written.
    fn constant(&mut self, value: &Json, output: &OutputType, pointer: &str) -> Option<Constant> {
        let made = match (value, output) {
            (Json::String(text), OutputType::Int | OutputType::Decimal { .. }) => {
                Decimal::parse(text).ok().map(Constant::Decimal)
            }
            (Json::String(text), OutputType::Date) => Date::parse_iso(text).map(Constant::Date),
            _ => Constant::from_json(value),
        };
        if made.is_none() {
            self.error(
                code::CONSTANT,
                pointer,
                format!("{value} does not fit the type {}", output.word()),
                "numbers have at most 38 digits, dates the form yyyy-MM-dd",
            );
        }
        made
    }

    fn on_error_value(&mut self, field: &Field, output: &OutputType, spot: &Spot<'_>) -> Constant {
        match (field.on_error, &field.on_error_value) {
            (OnError::Default, Some(value)) => {
                let pointer = format!("{}/on_error_value", spot.pointer);
                let constant = self
                    .constant(value, output, &pointer)
                    .unwrap_or(Constant::Null);
                if !constant.kind().may_be(output.kind()) {
                    self.error(
                        code::CONSTANT,
                        pointer,
                        format!("{value} does not fit the type {}", output.word()),
                        "write a value of the field's type",
                    );
                }
                constant
            }
            (OnError::Default, None) => {
                self.error(
                    code::ARGUMENT_MISSING,
                    &spot.pointer,
                    "on_error: default needs on_error_value",
                    "add on_error_value",
                );
                Constant::Null
            }
            (OnError::DropLine, _) if !spot.inside_loop => {
                self.error(
                    code::MISPLACED,
                    format!("{}/on_error", spot.pointer),
                    "there is no line to drop outside of each",
                    "use reject, null or default",
                );
                Constant::Null
            }
            _ => Constant::Null,
        }
    }

    /// Compiles a chain of functions; gives the kind at its end.
    pub(crate) fn steps(
        &mut self,
        steps: &[Step],
        mut kind: Kind,
        scope: u16,
        pointer: &str,
    ) -> Option<(Vec<Call>, Kind)> {
        let mut calls = Vec::with_capacity(steps.len());
        for (place, step) in steps.iter().enumerate() {
            let pointer = format!("{pointer}/{place}");
            let given = GivenArguments {
                values: &step.arguments,
                formulas: BTreeMap::new(),
            };
            let (call, next) = self.call(&step.function, given, kind, scope, pointer)?;
            calls.push(call);
            kind = next;
        }
        Some((calls, kind))
    }

    /// Compiles one call of a function on a value of a kind.
    pub(super) fn call(
        &mut self,
        name: &str,
        given: GivenArguments<'_>,
        kind: Kind,
        scope: u16,
        pointer: String,
    ) -> Option<(Call, Kind)> {
        let Some(function) = functions::find(name) else {
            let known: Vec<String> = functions::signatures().map(|s| s.name.to_owned()).collect();
            let hint = match nearest(name, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None => "see platform/docs/mapping/functions.md".to_owned(),
            };
            self.error(
                code::FUNCTION_UNKNOWN,
                pointer,
                format!("there is no function {name:?}"),
                hint,
            );
            return None;
        };
        let signature = function.signature;
        if !kind.may_be(signature.input) {
            self.error(
                code::TYPE_MISMATCH,
                pointer.clone(),
                format!(
                    "{name} takes a {}, and the value before it is a {}",
                    signature.input.word(),
                    kind.word()
                ),
                conversion(kind, signature.input),
            );
        }
        let written = match given.values.is_empty() {
            true => String::new(),
            false => serde_json::to_string(given.values).unwrap_or_default(),
        };
        let before = self.resolved.len();
        let mut arguments = Arguments {
            values: given.values,
            formulas: given.formulas,
            input: kind,
            output: None,
            pointer,
            scope,
            compiler: self,
        };
        if !arguments.check(signature) {
            return None;
        }
        let operation = (function.compile)(&mut arguments)?;
        let next = arguments.output.unwrap_or(match signature.output {
            Output::Is(next) => next,
            Output::Same | Output::SameOr => kind,
        });
        let reads = self.resolved.get(before..).unwrap_or_default();
        let call = Call {
            function: signature.name,
            arguments: written.into(),
            reads: reads.into(),
            takes_null: signature.takes_null,
            operation,
        };
        Some((call, next))
    }

    fn fits(&mut self, kind: Kind, output: &OutputType, spot: &Spot<'_>) {
        let wanted = output.kind();
        if kind.may_be(wanted) {
            return;
        }
        self.error(
            code::TYPE_MISMATCH,
            spot.pointer.clone(),
            format!(
                "the value is a {}, the type of {:?} is {}",
                kind.word(),
                spot.field.id,
                output.word()
            ),
            conversion(kind, wanted),
        );
    }
}

/// What the document says about a field's value, in one line.
fn origin(field: &Field) -> String {
    if let Some(paths) = &field.from {
        return format!("from {}", paths.as_slice().join(" or "));
    }
    if let Some(formula) = &field.formula {
        return format!("formula {formula}");
    }
    if let Some(param) = &field.param {
        return format!("param {param}");
    }
    match &field.constant {
        Some(constant) => format!("const {constant}"),
        None => "switch".to_owned(),
    }
}

/// The place of the field among the pointers of figures of a run.
fn figure(pointers: &[String], spot: &Spot<'_>) -> Option<usize> {
    let mut pointers = pointers.iter();
    pointers.position(|pointer| spot.field.to.is_some() && *pointer == spot.pattern)
}
