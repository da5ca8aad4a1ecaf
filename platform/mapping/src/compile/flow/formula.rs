//! What is known about the value of a formula, and comparisons that can come to one result only.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::facts::{Facts, Nulls};
use super::{Flow, Known};
use crate::compile::calls::json;
use crate::diagnostic::{Diagnostic, code};
use crate::document::nearest;
use crate::formula::ast::{Ast, Node, Operator, Pick};
use crate::formula::parse;
use crate::functions;
use crate::value::{Constant, Kind};

impl Flow<'_> {
    /// A formula that decides something.
    pub(super) fn condition(&mut self, text: &str, pointer: &str) -> Option<bool> {
        let facts = self.formula(text, pointer);
        let Some(Constant::Bool(truth)) = facts.constant else {
            return None;
        };
        self.found.push(Diagnostic::warning(
            code::CONSTANT_CONDITION,
            pointer,
            format!("the condition is always {truth}"),
            "compare with a value of the record, or remove it",
        ));
        Some(truth)
    }

    /// The value of a formula; nothing is known of one that cannot be read.
    pub(super) fn formula(&mut self, text: &str, pointer: &str) -> Facts {
        match parse(text) {
            Ok(ast) => {
                self.formula_uses(&ast);
                self.value_of(&ast, pointer)
            }
            Err(_) => Facts::unknown(),
        }
    }

    fn value_of(&mut self, ast: &Ast, pointer: &str) -> Facts {
        match &ast.node {
            Node::Constant(constant) => Facts::of_constant(constant.clone()),
            Node::Name(name, picks) => self.name(name, picks, pointer),
            Node::List(items) => {
                for item in items {
                    self.value_of(item, pointer);
                }
                Facts::of(Kind::List, Nulls::Never)
            }
            Node::Not(inner) => match self.value_of(inner, pointer).constant {
                Some(Constant::Bool(truth)) => Facts::of_constant(Constant::Bool(!truth)),
                _ => Facts::of(Kind::Bool, Nulls::Never),
            },
            Node::Negate(inner) => {
                let inner = self.value_of(inner, pointer);
                if let Some(Constant::Decimal(number)) = inner.constant {
                    return Facts::of_constant(Constant::Decimal(number.negate()));
                }
                let mut facts = Facts::of(Kind::Number, Nulls::Never);
                facts.scale = inner.scale;
                facts
            }
            Node::Binary(operator, left, right) => self.binary(*operator, left, right, pointer),
            Node::If(condition, yes, no) => self.choice(condition, yes, no, pointer),
            Node::Call(name, arguments) => self.formula_call(name, arguments, pointer),
        }
    }

    fn choice(&mut self, condition: &Ast, yes: &Ast, no: &Ast, pointer: &str) -> Facts {
        let condition = self.value_of(condition, pointer).constant;
        let (yes, no) = (self.value_of(yes, pointer), self.value_of(no, pointer));
        match condition {
            Some(Constant::Bool(true)) => yes,
            Some(Constant::Bool(false)) => no,
            _ => Facts {
                sure: false,
                ..yes.or(no)
            },
        }
    }

    fn binary(&mut self, operator: Operator, left: &Ast, right: &Ast, pointer: &str) -> Facts {
        if operator == Operator::In
            && let Node::List(items) = &right.node
        {
            return self.member(left, items, pointer);
        }
        let (left, right) = (self.value_of(left, pointer), self.value_of(right, pointer));
        let number = |scale| {
            let mut facts = Facts::of(Kind::Number, Nulls::Never);
            facts.scale = scale;
            facts
        };
        match operator {
            Operator::And | Operator::Or => junction(operator, &left, &right),
            Operator::In => Facts::of(Kind::Bool, Nulls::Never),
            Operator::Add | Operator::Subtract => {
                number(left.scale.zip(right.scale).map(|(a, b)| a.max(b)))
            }
            Operator::Multiply => number(
                left.scale
                    .zip(right.scale)
                    .map(|(a, b)| a.saturating_add(b)),
            ),
            Operator::Divide | Operator::Remainder => number(None),
            _ => self.comparison(operator, &left, &right, pointer),
        }
    }

    fn comparison(
        &mut self,
        operator: Operator,
        left: &Facts,
        right: &Facts,
        pointer: &str,
    ) -> Facts {
        let bool = Facts::of(Kind::Bool, Nulls::Never);
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        let null = left.kind == Kind::Null || right.kind == Kind::Null;
        if !null && !left.kind.may_be(right.kind) {
            self.mismatch(
                pointer,
                format!(
                    "by the source schema a {} is compared with a {}",
                    left.kind.word(),
                    right.kind.word()
                ),
                "compare values of the same type",
            );
            return bool;
        }
        if !equality {
            return bool;
        }
        if let (Some(a), Some(b)) = (&left.constant, &right.constant) {
            return Facts::of_constant(Constant::Bool((a == b) == (operator == Operator::Equal)));
        }
        for (one, other) in [(left, right), (right, left)] {
            if let Some(Constant::Text(text)) = &one.constant {
                self.outside(other, text, pointer);
            }
        }
        bool
    }

    fn member(&mut self, left: &Ast, items: &[Ast], pointer: &str) -> Facts {
        let needle = self.value_of(left, pointer);
        if items.is_empty() {
            return Facts::of_constant(Constant::Bool(false));
        }
        for item in items {
            let item = self.value_of(item, pointer);
            if !needle.kind.may_be(item.kind) && item.kind != Kind::Null {
                self.mismatch(
                    pointer,
                    format!(
                        "by the source schema a {} is looked for in a list with a {}",
                        needle.kind.word(),
                        item.kind.word()
                    ),
                    "compare values of the same type",
                );
                break;
            }
            if let Some(Constant::Text(text)) = &item.constant {
                self.outside(&needle, text, pointer);
            }
        }
        Facts::of(Kind::Bool, Nulls::Never)
    }

    /// A value is compared with a text that it never is.
    fn outside(&mut self, value: &Facts, text: &str, pointer: &str) {
        let Some(texts) = &value.texts else { return };
        if texts.contains(text) || value.constant.is_some() {
            return;
        }
        let known: Vec<String> = texts.iter().cloned().collect();
        let list = tributary_model::issue::shorten(&known.join(", "), 200);
        let hint = match nearest(text, &known) {
            Some(candidate) => format!("did you mean {candidate:?}? its values are {list}"),
            None => format!("its values are {list}"),
        };
        self.found.push(Diagnostic::warning(
            code::NEVER_EQUAL,
            pointer,
            format!("the value is never {text:?}"),
            hint,
        ));
    }

    fn name(&mut self, name: &str, picks: &[Pick], pointer: &str) -> Facts {
        let innermost = self.levels.len().saturating_sub(1);
        match (name, picks) {
            ("src", _) => return self.picked(innermost, picks, pointer),
            ("param", [Pick::Member(param)]) => return self.param(param),
            ("it", _) => return Facts::unknown(),
            _ => {}
        }
        if let Some((level, known, rest)) = self.find(name, picks) {
            let facts = match (known, rest) {
                (Known::Value(facts), true) => facts,
                _ => Facts::unknown(),
            };
            self.shadowed(name, picks, level, pointer);
            return facts;
        }
        let scope = self
            .levels
            .iter()
            .rposition(|level| level.scope.as_deref() == Some(name));
        match scope {
            Some(level) => self.picked(level, picks, pointer),
            None => Facts::unknown(),
        }
    }

    /// What the longest dotted name stands for, in which level, and whether it takes all picks.
    fn find(&self, name: &str, picks: &[Pick]) -> Option<(usize, Known, bool)> {
        let mut dotted = vec![name.to_owned()];
        for pick in picks {
            let Pick::Member(member) = pick else { break };
            let longer = format!("{}.{member}", dotted.last().map_or("", String::as_str));
            dotted.push(longer);
        }
        for (number, level) in self.levels.iter().enumerate().rev() {
            for (taken, candidate) in dotted.iter().enumerate().rev() {
                if let Some(known) = level.names.get(candidate) {
                    return Some((number, known.clone(), taken == picks.len()));
                }
            }
        }
        None
    }

    /// A formula uses a name that stands for something else further out.
    fn shadowed(&mut self, name: &str, picks: &[Pick], level: usize, pointer: &str) {
        let whole = picks.iter().fold(name.to_owned(), |text, pick| match pick {
            Pick::Member(member) => format!("{text}.{member}"),
            Pick::Index(_) => text,
        });
        let outer = self.levels.iter().take(level);
        let hidden = outer.rev().any(|outer| outer.names.contains_key(&whole));
        let scope = picks.is_empty()
            || !self
                .levels
                .iter()
                .any(|level| level.scope.as_deref() == Some(name));
        if !hidden && scope {
            return;
        }
        let what = if hidden { "a field" } else { "a scope" };
        self.found.push(Diagnostic::warning(
            code::SHADOWED,
            pointer,
            format!("{whole:?} means the nearest field, and hides {what} of this name further out"),
            "give one of them another name with as",
        ));
    }

    fn formula_call(&mut self, name: &str, arguments: &[Ast], pointer: &str) -> Facts {
        match (name, arguments) {
            ("if", [condition, yes, no]) => return self.choice(condition, yes, no, pointer),
            ("sum" | "count" | "min" | "max", [over]) => {
                if let Some(facts) = self.aggregate(name, over) {
                    return facts;
                }
            }
            _ => {}
        }
        let values: Vec<Facts> = arguments
            .iter()
            .map(|argument| self.value_of(argument, pointer))
            .collect();
        let mut values = values.into_iter();
        let Some(first) = values.next() else {
            return Facts::unknown();
        };
        match name {
            "coalesce" => values.fold(first, Facts::or_default),
            "concat" => Facts::of(Kind::Text, Nulls::Unknown),
            "least" | "greatest" => Facts {
                minimum: None,
                maximum: None,
                sure: false,
                ..values.fold(first, Facts::or)
            },
            _ => {
                let default = (name == "default").then(|| values.next()).flatten();
                let given = constants(name, arguments.get(1..).unwrap_or_default());
                self.call(name, first, &given, default, pointer)
            }
        }
    }

    fn aggregate(&self, name: &str, over: &Ast) -> Option<Facts> {
        let Node::Name(root, picks) = &over.node else {
            return None;
        };
        let whole: Vec<&str> = std::iter::once(root.as_str())
            .chain(picks.iter().filter_map(|pick| match pick {
                Pick::Member(member) => Some(member.as_str()),
                Pick::Index(_) => None,
            }))
            .collect();
        // the loop may lie in objects: its name is the first part of the dotted name that is known
        let (each, field) = (1..=whole.len()).rev().find_map(|length| {
            let (each, field) = whole.split_at_checked(length)?;
            let each = each.join(".");
            let known = self
                .levels
                .iter()
                .rev()
                .find_map(|level| level.names.get(&each))?;
            match known {
                Known::Each(place) => Some((*place, field.join("."))),
                Known::Value(_) => None,
            }
        })?;
        let fields: &BTreeMap<String, Facts> = self.loops.get(each)?;
        let of_field = fields.get(&field);
        let mut facts = match name {
            "sum" | "count" => Facts::of(Kind::Number, Nulls::Never),
            _ => Facts::of(
                of_field.map_or(Kind::Any, |facts| facts.kind),
                Nulls::Unknown,
            ),
        };
        facts.scale = match name {
            "count" => Some(0),
            _ => of_field.and_then(|facts| facts.scale),
        };
        Some(facts)
    }
}

fn junction(operator: Operator, left: &Facts, right: &Facts) -> Facts {
    let ends = operator == Operator::Or;
    let truth = |facts: &Facts| match facts.constant {
        Some(Constant::Bool(truth)) => Some(truth),
        _ => None,
    };
    match (truth(left), truth(right)) {
        (Some(end), _) | (_, Some(end)) if end == ends => Facts::of_constant(Constant::Bool(ends)),
        (Some(_), Some(_)) => Facts::of_constant(Constant::Bool(!ends)),
        _ => Facts::of(Kind::Bool, Nulls::Never),
    }
}

/// The constant arguments of a call by their names.
fn constants(name: &str, given: &[Ast]) -> Map<String, Json> {
    let mut found = Map::new();
    if let Some(function) = functions::find(name) {
        for (argument, ast) in function.signature.arguments.iter().zip(given) {
            if let Some(value) = json(ast) {
                found.insert(argument.name.to_owned(), value);
            }
        }
    }
    found
}
