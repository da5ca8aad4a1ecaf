//! Where a mapping may fail on data: a list for editors, so that an author can choose an error
//! policy before any data is there.

use tributary_model::error_code::ErrorCode;

use super::Environment;
use super::types::parse_type;
use crate::document::{Case, Document, Field, Step};
use crate::formula::ast::{Ast, Node, Operator};
use crate::formula::parse;
use crate::functions;
use crate::plan::OutputType;

/// A place of a document that can fail.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FailurePoint {
    /// id of the field
    pub node: String,
    /// place in the document, RFC 6901
    pub pointer: String,
    /// the function, or the member that asks for something: `required`, `type`, `formula`, `combine`
    pub function: String,
    /// the codes of the issues that it may leave
    pub codes: Vec<ErrorCode>,
}

/// Every place where the fields of a document may fail, in the order of the document. What the
/// functions promise counts (`fails_with`), not what the data is like; the environment says which
/// names exist and nothing more.
#[must_use]
pub fn failure_points(document: &Document, _environment: &Environment<'_>) -> Vec<FailurePoint> {
    let mut found = Vec::new();
    fields(&document.fields, "/fields", &mut found);
    found
}

fn fields(list: &[Field], pointer: &str, found: &mut Vec<FailurePoint>) {
    for (place, field) in list.iter().enumerate() {
        let pointer = format!("{pointer}/{place}");
        let mut at = |pointer: String, function: &str, codes: &[ErrorCode]| {
            if codes.is_empty() {
                return;
            }
            found.push(FailurePoint {
                node: field.id.clone(),
                pointer,
                function: function.to_owned(),
                codes: codes.to_vec(),
            });
        };
        for (member, text) in [("when", &field.when), ("keep", &field.keep)] {
            if let Some(text) = text {
                formula(text, &format!("{pointer}/{member}"), &mut at);
            }
        }
        if let Some(text) = &field.formula {
            formula(text, &format!("{pointer}/formula"), &mut at);
        }
        for (place, case) in field.switch.iter().flatten().enumerate() {
            case_points(case, &format!("{pointer}/switch/{place}"), &mut at);
        }
        steps(&field.steps, &format!("{pointer}/do"), &mut at);
        if field.combine.is_some() {
            at(
                format!("{pointer}/combine"),
                "combine",
                &[ErrorCode::GroupConflict, ErrorCode::FormulaFailed],
            );
        }
        if field.required {
            at(
                format!("{pointer}/required"),
                "required",
                &[ErrorCode::ValueMissing],
            );
        }
        if let Some(output) = field
            .kind
            .as_deref()
            .and_then(|kind| parse_type(kind, &field.values))
        {
            at(format!("{pointer}/type"), "type", type_codes(&output));
        }
        if field.min_items.is_some() {
            at(
                format!("{pointer}/min_items"),
                "min_items",
                &[ErrorCode::ValueMissing],
            );
        }
        if field.max_items.is_some() {
            at(
                format!("{pointer}/max_items"),
                "max_items",
                &[ErrorCode::RecordTooLarge],
            );
        }
        if let Some(inner) = &field.object {
            fields(inner, &format!("{pointer}/object"), found);
        }
        fields(&field.fields, &format!("{pointer}/fields"), found);
    }
}

fn case_points(case: &Case, pointer: &str, at: &mut impl FnMut(String, &str, &[ErrorCode])) {
    for (member, text) in [("when", &case.when), ("formula", &case.formula)] {
        if let Some(text) = text {
            formula(text, &format!("{pointer}/{member}"), at);
        }
    }
    steps(&case.steps, &format!("{pointer}/do"), at);
}

fn steps(list: &[Step], pointer: &str, at: &mut impl FnMut(String, &str, &[ErrorCode])) {
    for (place, step) in list.iter().enumerate() {
        if let Some(function) = functions::find(&step.function) {
            let signature = function.signature;
            at(
                format!("{pointer}/{place}"),
                signature.name,
                signature.fails_with,
            );
        }
    }
}

fn formula(text: &str, pointer: &str, at: &mut impl FnMut(String, &str, &[ErrorCode])) {
    let Ok(ast) = parse(text) else { return };
    let mut called = Vec::new();
    let mut calculates = false;
    walk(&ast, &mut called, &mut calculates);
    for name in called {
        if let Some(function) = functions::find(&name) {
            at(pointer.to_owned(), &name, function.signature.fails_with);
        }
    }
    if calculates {
        at(pointer.to_owned(), "formula", &[ErrorCode::FormulaFailed]);
    }
}

/// The functions that a formula calls, each once, and whether it has an operator that can fail.
fn walk(ast: &Ast, called: &mut Vec<String>, calculates: &mut bool) {
    match &ast.node {
        Node::Constant(_) | Node::Name(..) => {}
        Node::List(items) => {
            for item in items {
                walk(item, called, calculates);
            }
        }
        Node::Call(name, arguments) => {
            if !called.contains(name) {
                called.push(name.clone());
            }
            for argument in arguments {
                walk(argument, called, calculates);
            }
        }
        Node::Not(inner) | Node::Negate(inner) => {
            *calculates = true;
            walk(inner, called, calculates);
        }
        Node::Binary(operator, left, right) => {
            // equality and membership have an answer for all values
            *calculates |= !matches!(
                operator,
                Operator::Equal | Operator::NotEqual | Operator::In
            );
            walk(left, called, calculates);
            walk(right, called, calculates);
        }
        Node::If(condition, yes, no) => {
            for part in [condition, yes, no] {
                walk(part, called, calculates);
            }
        }
    }
}

fn type_codes(output: &OutputType) -> &'static [ErrorCode] {
    match output {
        OutputType::Json => &[],
        OutputType::Text { max: None } => &[ErrorCode::ValueInvalid],
        OutputType::Text { max: Some(_) } => &[ErrorCode::ValueInvalid, ErrorCode::TextTooLong],
        OutputType::Enum { .. } => &[ErrorCode::EnumMismatch, ErrorCode::ValueInvalid],
        OutputType::Int => &[ErrorCode::NumberInvalid],
        OutputType::Decimal { size: None } => &[ErrorCode::NumberInvalid],
        OutputType::Decimal { size: Some(_) } => {
            &[ErrorCode::NumberInvalid, ErrorCode::NumberRange]
        }
        OutputType::Bool | OutputType::Date | OutputType::DateTime | OutputType::Array(_) => {
            &[ErrorCode::ValueInvalid]
        }
    }
}
