//! Fields against the schema of the target.

use regex::Regex;
use serde_json::Value as Json;

use super::{Around, Facts, Flow, Nulls, of_kind};
use crate::decimal::Decimal;
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Field, escape_pointer, nearest};
use crate::plan::OutputType;
use crate::schema::{Bound, Node, NodeKind};
use crate::value::Constant;

impl<'d> Flow<'d> {
    /// The node of a member; what the schema does not have is told.
    pub(super) fn target_member(
        &mut self,
        around: &'d Node,
        name: &str,
        pointer: &str,
    ) -> Option<&'d Node> {
        if is_open_ended(around) {
            return None;
        }
        let found = around.child(name);
        if found.is_some() || !around.kinds.contains(&NodeKind::Object) {
            return found;
        }
        let known: Vec<String> = around
            .children
            .iter()
            .map(|child| child.name.clone())
            .collect();
        let near = nearest(name, &known);
        let message = format!("the target schema has no {name:?} here");
        let place = format!("{pointer}/to");
        match (around.open, near) {
            // others are allowed: only what looks like a slip is told
            (true, None) => {}
            (true, Some(near)) => self.found.push(Diagnostic::warning(
                code::TARGET_ABSENT,
                place,
                message,
                format!("did you mean {near:?}?"),
            )),
            (false, near) => {
                let hint = match near {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!(
                        "known there: {}",
                        tributary_model::issue::shorten(&known.join(", "), 200)
                    ),
                };
                self.found
                    .push(Diagnostic::error(code::TARGET_ABSENT, place, message, hint));
            }
        }
        None
    }

    /// Required members that no field writes.
    pub(super) fn missing(&mut self, fields: &[Field], node: &Node, around: &Around<'_>) {
        for child in &node.children {
            let written = fields
                .iter()
                .any(|field| field.to.as_deref() == Some(child.name.as_str()));
            if written || !child.required || child.read_only {
                continue;
            }
            self.found.push(Diagnostic::error(
                code::TARGET_UNMAPPED,
                &around.pointer,
                format!(
                    "the target schema requires {:?}, and no field writes it",
                    format!("{}/{}", around.pattern, escape_pointer(&child.name))
                ),
                format!(
                    "add a field with \"to\": {:?}; it is {}",
                    child.name,
                    of_kind(child)
                ),
            ));
        }
    }

    /// The node, if an object or array may stand there.
    pub(super) fn container(
        &mut self,
        node: Option<&'d Node>,
        kind: NodeKind,
        pointer: &str,
    ) -> Option<&'d Node> {
        let node = node?;
        if is_open_ended(node) {
            return None;
        }
        if node.kinds.contains(&kind) {
            return Some(node);
        }
        self.wrong_kind(node, kind.word(), pointer);
        None
    }

    fn wrong_kind(&mut self, node: &Node, written: &str, pointer: &str) {
        let (array, list) = (
            node.kinds == [NodeKind::Array],
            written.starts_with("array"),
        );
        let hint = match (array, list) {
            (true, false) => "write an array: each, or the type array(…)".to_owned(),
            (false, true) => "write one value: name an element, or combine them".to_owned(),
            _ => format!("the target needs {}", of_kind(node)),
        };
        self.found.push(Diagnostic::error(
            code::TARGET_KIND,
            pointer,
            format!(
                "{} is {} in the target schema, and this writes {}",
                named(node),
                of_kind(node),
                article(written)
            ),
            hint,
        ));
    }

    /// Compares a value with what the target's schema allows.
    pub(super) fn against(
        &mut self,
        field: &Field,
        output: &OutputType,
        facts: &Facts,
        raw: &Facts,
        node: &Node,
        pointer: &str,
    ) {
        if !fits_kind(output, node) {
            self.wrong_kind(node, &output.word(), pointer);
            return;
        }
        self.nulls(field, facts, node, pointer);
        match &facts.constant {
            Some(Constant::Null) => {}
            Some(constant) => self.constant_against(constant, node, pointer),
            None => self.texts_against(facts, node, pointer),
        }
        if facts.constant.is_none()
            && matches!(output, OutputType::Text { .. } | OutputType::Enum { .. })
        {
            self.length_against(facts, node, pointer);
        }
        if output.is_number() && facts.constant.is_none() {
            self.number_against(facts, raw, node, pointer);
        }
    }

    fn nulls(&mut self, field: &Field, facts: &Facts, node: &Node, pointer: &str) {
        if !facts.null.is_possible() {
            return;
        }
        if Self::omits(field) {
            if node.required {
                self.left_out(node, pointer, "the value is null");
            }
            return;
        }
        if !node.nullable && !is_open_ended(node) {
            let what = if facts.null == Nulls::Always {
                "is"
            } else {
                "may be"
            };
            let hint = match node.required {
                true => "write required: true (such records go to quarantine), or add a default",
                false => "write null: omit, required: true, or add a default",
            };
            self.found.push(Diagnostic::warning(
                code::NULL_INTO_REQUIRED,
                pointer,
                format!("the value {what} null, which the target schema does not allow"),
                hint,
            ));
        }
    }

    fn not_allowed(&mut self, text: &str, allowed: &[String], always: bool, pointer: &str) {
        let list = tributary_model::issue::shorten(&allowed.join(", "), 200);
        let hint = match nearest(text.trim_matches('"'), allowed) {
            Some(near) => format!("did you mean {near:?}? allowed are {list}"),
            None => format!("allowed are {list}"),
        };
        let diagnostic = if always {
            Diagnostic::error
        } else {
            Diagnostic::warning
        };
        let verb = if always { "is" } else { "can be" };
        self.found.push(diagnostic(
            code::TARGET_VALUE,
            pointer.to_owned(),
            format!("the value {verb} {text}, which the target schema does not allow"),
            hint,
        ));
    }

    /// Every text that the value can be is one that the target knows.
    fn texts_against(&mut self, facts: &Facts, node: &Node, pointer: &str) {
        let allowed = allowed(node);
        let (Some(texts), false) = (&facts.texts, allowed.is_empty()) else {
            return;
        };
        let words: Vec<String> = allowed.iter().map(word).collect();
        let outside: Vec<&str> = texts
            .iter()
            .filter(|text| !allowed.iter().any(|value| value.as_str() == Some(text)))
            .map(String::as_str)
            .collect();
        if outside.is_empty() {
            return;
        }
        let always = outside.len() == texts.len();
        match outside.as_slice() {
            [only] => self.not_allowed(&format!("{only:?}"), &words, always, pointer),
            many => {
                let shown: Vec<String> = many
                    .iter()
                    .take(5)
                    .map(|text| format!("{text:?}"))
                    .collect();
                let more = if many.len() > 5 { ", …" } else { "" };
                let list = format!("{}{more}", shown.join(", "));
                self.not_allowed(&list, &words, always, pointer);
            }
        }
    }

    fn constant_against(&mut self, constant: &Constant, node: &Node, pointer: &str) {
        let allowed = allowed(node);
        if !allowed.is_empty() && !allowed.iter().any(|value| same(constant, value)) {
            let words: Vec<String> = allowed.iter().map(word).collect();
            self.not_allowed(&shown(constant), &words, true, pointer);
            return;
        }
        match constant {
            Constant::Text(text) => self.text_against(text, node, pointer),
            Constant::Decimal(number) => {
                let below = node
                    .minimum
                    .as_ref()
                    .is_some_and(|bound| beyond(*number, bound, true));
                let above = node
                    .maximum
                    .as_ref()
                    .is_some_and(|bound| beyond(*number, bound, false));
                if below || above {
                    self.found.push(Diagnostic::error(
                        code::TARGET_RANGE,
                        pointer,
                        format!("the value is {number}, outside of the target's range"),
                        range_words(node),
                    ));
                }
            }
            _ => {}
        }
    }

    fn text_against(&mut self, text: &str, node: &Node, pointer: &str) {
        let length = text.chars().count() as u64;
        if node.max_length.is_some_and(|max| length > max)
            || node.min_length.is_some_and(|min| length < min)
        {
            self.found.push(Diagnostic::error(
                code::TARGET_LENGTH,
                pointer,
                format!("the text {text:?} has {length} characters"),
                length_words(node),
            ));
        }
        if let Some(pattern) = &node.pattern
            && let Ok(expression) = Regex::new(pattern)
            && !expression.is_match(text)
        {
            self.found.push(Diagnostic::error(
                code::TARGET_PATTERN,
                pointer,
                format!("the text {text:?} does not match the target's pattern"),
                format!("the pattern is {pattern}"),
            ));
        }
    }

    fn length_against(&mut self, facts: &Facts, node: &Node, pointer: &str) {
        let Some(limit) = node.max_length else { return };
        // a list of values says more than a length
        if !node.values.is_empty() || node.constant.is_some() {
            return;
        }
        let message = match facts.max_length {
            Some(length) if length <= limit => return,
            Some(length) => {
                format!("the text may have {length} characters, the target takes {limit}")
            }
            None => {
                format!("the text may be longer than the {limit} characters that the target takes")
            }
        };
        self.found.push(Diagnostic::warning(
            code::TARGET_LENGTH,
            pointer,
            message,
            format!("write string({limit}) (longer ones go to quarantine), or cut with truncate"),
        ));
    }

    fn number_against(&mut self, facts: &Facts, raw: &Facts, node: &Node, pointer: &str) {
        let whole = node.kinds == [NodeKind::Int];
        let limit = if whole { Some(0) } else { node.decimals };
        if let Some(limit) = limit {
            let scale = [facts.scale, raw.scale].into_iter().flatten().min();
            let message = match scale {
                Some(scale) if scale <= limit => None,
                Some(scale) => Some(format!(
                    "the number may have {scale} decimals, the target takes {limit}"
                )),
                None => Some(format!(
                    "the number may have any decimals, the target takes {limit}"
                )),
            };
            if let Some(message) = message {
                self.found.push(Diagnostic::warning(
                    code::TARGET_SCALE,
                    pointer,
                    message,
                    match limit {
                        0 => "write the type int, or add round".to_owned(),
                        _ => format!("write a type with {limit} decimals, or add round"),
                    },
                ));
            }
        }
        let low = facts.minimum.zip(node.minimum.as_ref());
        let high = facts.maximum.zip(node.maximum.as_ref());
        if low.is_some_and(|(number, bound)| beyond(number, bound, true))
            || high.is_some_and(|(number, bound)| beyond(number, bound, false))
        {
            self.found.push(Diagnostic::warning(
                code::TARGET_RANGE,
                pointer,
                "the number may lie outside of the target's range",
                range_words(node),
            ));
        }
    }
}

/// Whether the schema says nothing about what stands at a node.
fn is_open_ended(node: &Node) -> bool {
    node.cut.is_some() || node.kinds.is_empty() || node.kinds.contains(&NodeKind::Any)
}

/// Whether a type may be written at a node.
fn fits_kind(output: &OutputType, node: &Node) -> bool {
    if is_open_ended(node) {
        return true;
    }
    let any = |kinds: &[NodeKind]| kinds.iter().any(|kind| node.may_be(*kind));
    match output {
        OutputType::Json => true,
        OutputType::Text { .. } | OutputType::Enum { .. } => {
            any(&[NodeKind::String, NodeKind::Date, NodeKind::DateTime])
        }
        OutputType::Int => any(&[NodeKind::Int]),
        // what has no decimals is whole; number_against tells of the others
        OutputType::Decimal { .. } => any(&[NodeKind::Int, NodeKind::Decimal]),
        OutputType::Bool => any(&[NodeKind::Bool]),
        OutputType::Date => any(&[NodeKind::Date, NodeKind::String]),
        OutputType::DateTime => any(&[NodeKind::DateTime, NodeKind::String]),
        OutputType::Array(inner) => {
            any(&[NodeKind::Array])
                && node
                    .items
                    .as_ref()
                    .is_none_or(|items| fits_kind(inner, items))
        }
    }
}

/// The values that a node allows; none: no such list.
fn allowed(node: &Node) -> Vec<Json> {
    match &node.constant {
        Some(constant) => vec![constant.clone()],
        None => node.values.clone(),
    }
}

fn same(constant: &Constant, value: &Json) -> bool {
    match (constant, value) {
        (Constant::Text(text), Json::String(other)) => **text == **other,
        (Constant::Bool(truth), Json::Bool(other)) => truth == other,
        (Constant::Decimal(number), Json::Number(other)) => {
            Decimal::parse(&other.to_string()).is_ok_and(|other| other == *number)
        }
        (Constant::Date(date), Json::String(other)) => date.to_string() == *other,
        (Constant::DateTime(instant), Json::String(other)) => instant.to_string() == *other,
        _ => false,
    }
}

fn shown(constant: &Constant) -> String {
    match constant {
        Constant::Null => "null".to_owned(),
        Constant::Bool(truth) => truth.to_string(),
        Constant::Text(text) => format!("{text:?}"),
        Constant::Decimal(number) => number.to_string(),
        Constant::Date(date) => date.to_string(),
        Constant::DateTime(instant) => instant.to_string(),
    }
}

fn word(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a number lies beyond a bound.
fn beyond(number: Decimal, bound: &Bound, below: bool) -> bool {
    let outside = match below {
        true => number < bound.value,
        false => number > bound.value,
    };
    outside || (bound.exclusive && number == bound.value)
}

fn range_words(node: &Node) -> String {
    let side = |bound: &Option<Bound>, word: &str| {
        bound.as_ref().map(|bound| {
            let not = if bound.exclusive { " (excluded)" } else { "" };
            format!("{word} {}{not}", bound.value)
        })
    };
    let words: Vec<String> = [
        side(&node.minimum, "at least"),
        side(&node.maximum, "at most"),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!("the target takes {}", words.join(" and "))
}

fn length_words(node: &Node) -> String {
    let words: Vec<String> = [
        node.min_length.map(|min| format!("at least {min}")),
        node.max_length.map(|max| format!("at most {max}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!("the target takes {} characters", words.join(" and "))
}

fn named(node: &Node) -> String {
    match node.name.as_str() {
        "*" | "" => "the element".to_owned(),
        name => format!("{name:?}"),
    }
}

fn article(word: &str) -> String {
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {word}", if vowel { "an" } else { "a" })
}
