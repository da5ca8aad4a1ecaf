//! Fields that hold a value: from their source to the type that is written.

use std::collections::BTreeSet;

use super::{Facts, Flow, Known, Nulls, of_kind};
use crate::compile::types::parse_type;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Case, Combine, Field, OnError, OnNull, Paths};
use crate::functions;
use crate::plan::OutputType;
use crate::schema::{Node, NodeKind};
use crate::value::{Constant, Kind};

/// The value members that fields and switch cases share.
struct Given<'a> {
    from: Option<&'a Paths>,
    constant: Option<&'a serde_json::Value>,
    param: Option<&'a str>,
    formula: Option<&'a str>,
    first_function: Option<&'a str>,
}

impl<'d> Flow<'d> {
    /// A field that holds a value, and the node of the target's schema that it is written to.
    pub(super) fn value(
        &mut self,
        field: &'d Field,
        pointer: &str,
        prefix: &str,
        node: Option<&'d Node>,
    ) {
        let output = field
            .kind
            .as_deref()
            .and_then(|text| parse_type(text, &field.values));
        let Some(output) = output else { return };
        let innermost = self.levels.len().saturating_sub(1);
        let level = match &field.scope {
            Some(name) => self.level_named(name).unwrap_or(innermost),
            None => innermost,
        };
        let start = match &field.switch {
            Some(cases) => self.switch(cases, &output, pointer),
            None => {
                let given = Given {
                    from: field.from.as_ref(),
                    constant: field.constant.as_ref(),
                    param: field.param.as_deref(),
                    formula: field.formula.as_deref(),
                    first_function: field.steps.first().map(|step| step.function.as_str()),
                };
                self.given(&given, level, &output, pointer)
            }
        };
        let mut facts = self.steps(&field.steps, start, &format!("{pointer}/do"));
        if field.combine.is_some_and(|rule| rule != Combine::First) {
            facts = Facts::of(facts.kind, facts.null);
        }
        if !facts.kind.may_be(output.kind()) {
            self.mismatch(
                pointer,
                format!(
                    "by the source schema the value is a {}, the type of {:?} is {}",
                    facts.kind.word(),
                    field.id,
                    output.word()
                ),
                crate::compile::conversion(facts.kind, output.kind()),
            );
        }
        let raw = facts.clone();
        let facts = facts.in_type(&output);
        let facts = self.policy(field, facts, pointer);
        if let Some(node) = node {
            self.against(field, &output, &facts, &raw, node, pointer);
        }
        self.name_value(field, facts, prefix);
    }

    fn name_value(&mut self, field: &Field, facts: Facts, prefix: &str) {
        let mut facts = facts;
        if field.when.is_some() && facts.null == Nulls::Never {
            facts.null = Nulls::Possible;
            facts.constant = None;
        }
        if let Some(name) = &field.to {
            self.define(format!("{prefix}{name}"), Known::Value(facts.clone()));
        }
        if let Some(alias) = &field.alias {
            self.define(alias.clone(), Known::Value(facts));
        }
    }

    /// `required` and `on_error`: what they change, and whether they can have an effect.
    fn policy(&mut self, field: &Field, facts: Facts, pointer: &str) -> Facts {
        let mut facts = facts;
        let has_default = field.steps.iter().any(|step| step.function == "default");
        if field.required && facts.null == Nulls::Never && has_default {
            self.found.push(Diagnostic::warning(
                code::REQUIRED_WITH_DEFAULT,
                format!("{pointer}/required"),
                "the value is never null, because it has a default",
                "remove required, or the default",
            ));
        }
        if field.required {
            facts.sure &= facts.null == Nulls::Never;
            facts.null = Nulls::Never;
        }
        if field.on_error == OnError::Reject {
            return facts;
        }
        if facts.sure && field.combine.is_none() {
            self.found.push(Diagnostic::warning(
                code::DEAD_ON_ERROR,
                format!("{pointer}/on_error"),
                "nothing in this field can fail",
                "remove on_error",
            ));
        }
        match (field.on_error, &field.on_error_value) {
            (OnError::Null, _) => facts.or(Facts::of_constant(Constant::Null)),
            (OnError::Default, Some(value)) => {
                let value = Constant::from_json(value).map(Facts::of_constant);
                let kind = facts.kind;
                let mut joined = facts.or(value.unwrap_or_else(Facts::unknown));
                // dates and decimals may be written as texts there
                joined.kind = kind;
                joined
            }
            _ => facts,
        }
    }

    fn switch(&mut self, cases: &'d [Case], output: &OutputType, pointer: &str) -> Facts {
        let mut seen = BTreeSet::new();
        let mut joined: Option<Facts> = None;
        let mut ended = false;
        for (place, case) in cases.iter().enumerate() {
            let pointer = format!("{pointer}/switch/{place}");
            if ended {
                self.unreachable(&pointer, "a case before it is always taken");
            }
            if let Some(when) = &case.when {
                let truth = self.condition(when, &format!("{pointer}/when"));
                if truth == Some(false) {
                    self.unreachable(&pointer, "its condition is never true");
                } else if !seen.insert(squeezed(when)) {
                    self.unreachable(&pointer, "a case before it has the same condition");
                }
                ended |= truth == Some(true);
            }
            let given = Given {
                from: case.from.as_ref(),
                constant: case.constant.as_ref(),
                param: case.param.as_deref(),
                formula: case.formula.as_deref(),
                first_function: case.steps.first().map(|step| step.function.as_str()),
            };
            let innermost = self.levels.len().saturating_sub(1);
            let start = self.given(&given, innermost, output, &pointer);
            let facts = self.steps(&case.steps, start, &format!("{pointer}/do"));
            ended |= case.otherwise;
            joined = Some(match joined {
                None => facts,
                Some(before) => before.or(facts),
            });
        }
        let mut facts = joined.unwrap_or_else(Facts::unknown);
        if !ended {
            facts = facts.or(Facts::of_constant(Constant::Null));
        }
        // conditions can fail
        facts.sure = false;
        facts
    }

    fn unreachable(&mut self, pointer: &str, why: &str) {
        self.found.push(Diagnostic::warning(
            code::UNREACHABLE_CASE,
            pointer,
            format!("the case is never reached: {why}"),
            "remove it, or correct the conditions",
        ));
    }

    fn given(
        &mut self,
        given: &Given<'_>,
        level: usize,
        output: &OutputType,
        pointer: &str,
    ) -> Facts {
        if let Some(paths) = given.from {
            let mut joined: Option<Facts> = None;
            for (number, path) in paths.as_slice().iter().enumerate() {
                let pointer = match paths {
                    Paths::One(_) => format!("{pointer}/from"),
                    Paths::FirstOf(_) => format!("{pointer}/from/{number}"),
                };
                let place = self.place(level, path, &pointer);
                if let (Some(node), false) = (place.node, place.several) {
                    self.single_value(node, given, output, path, &pointer);
                }
                let facts = self.facts_at(&place);
                joined = Some(match joined {
                    None => facts,
                    Some(before) => before.or_default(facts),
                });
            }
            return joined.unwrap_or_else(Facts::unknown);
        }
        if let Some(formula) = given.formula {
            let mut facts = self.formula(formula, &format!("{pointer}/formula"));
            facts.sure &= facts.constant.is_some();
            return facts;
        }
        if let Some(name) = given.param {
            self.params.insert(name.to_owned());
            return self.param(name);
        }
        let constant = given.constant.and_then(|value| match (value, output) {
            (serde_json::Value::String(text), OutputType::Int | OutputType::Decimal { .. })
                if given.first_function.is_none() =>
            {
                Decimal::parse(text).ok().map(Constant::Decimal)
            }
            (serde_json::Value::String(text), OutputType::Date)
                if given.first_function.is_none() =>
            {
                Date::parse_iso(text).map(Constant::Date)
            }
            _ => Constant::from_json(value),
        });
        constant.map_or_else(Facts::unknown, Facts::of_constant)
    }

    /// An object or array of the source where one value is needed.
    fn single_value(
        &mut self,
        node: &Node,
        given: &Given<'_>,
        output: &OutputType,
        path: &str,
        pointer: &str,
    ) {
        let nested = !node.kinds.is_empty()
            && node
                .kinds
                .iter()
                .all(|kind| matches!(kind, NodeKind::Object | NodeKind::Array));
        let takes = match given.first_function.and_then(functions::find) {
            Some(function) => matches!(
                function.signature.input,
                Kind::Any | Kind::Json | Kind::List
            ),
            None => match output {
                OutputType::Json => true,
                OutputType::Array(_) => node.kinds.contains(&NodeKind::Array),
                _ => false,
            },
        };
        if !nested || takes || self.is_csv() {
            return;
        }
        let known: Vec<&str> = node
            .children
            .iter()
            .take(10)
            .map(|child| child.name.as_str())
            .collect();
        let hint = match (known.is_empty(), node.kinds.contains(&NodeKind::Array)) {
            (false, _) => format!("name one of its members: {}", known.join(", ")),
            (true, true) => {
                "go over it with each, name an element ([0]), or use the type array(…)".to_owned()
            }
            (true, false) => "name one of its members, or use the type json".to_owned(),
        };
        self.found.push(Diagnostic::error(
            code::SOURCE_NESTED,
            pointer,
            format!(
                "{path} is {} in the source schema, and one value is needed",
                of_kind(node)
            ),
            hint,
        ));
    }

    /// Says that `null: omit`, `when` and the like leave out what the target needs.
    pub(super) fn left_out(&mut self, node: &Node, pointer: &str, why: &str) {
        self.found.push(Diagnostic::warning(
            code::NULL_INTO_REQUIRED,
            pointer,
            format!(
                "the target schema requires {:?}, and it is left out if {why}",
                node.name
            ),
            "write required: true, add a default, or write the field in any case",
        ));
    }

    /// Whether null of the value leaves the member out.
    pub(super) fn omits(field: &Field) -> bool {
        field.on_null == OnNull::Omit
    }
}

/// A condition without the spaces that mean nothing.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
