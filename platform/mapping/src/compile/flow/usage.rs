//! Parameters, lookups and functions of code that nothing uses.

use serde_json::{Map, Value as Json};

use super::Flow;
use crate::diagnostic::{Diagnostic, code};
use crate::document::escape_pointer;
use crate::formula::ast::{Ast, Node, Pick};
use crate::formula::parse;
use crate::value::Constant;

impl Flow<'_> {
    /// Notes what a formula uses.
    pub(super) fn formula_uses(&mut self, ast: &Ast) {
        match &ast.node {
            Node::Constant(_) => {}
            Node::Name(root, picks) => {
                if let ("param", Some(Pick::Member(name))) = (root.as_str(), picks.first()) {
                    self.params.insert(name.clone());
                }
            }
            Node::List(items) => {
                for item in items {
                    self.formula_uses(item);
                }
            }
            Node::Call(_, arguments) => {
                for argument in arguments {
                    // a function may name a lookup, or the parameter to be taken
                    if let Node::Constant(Constant::Text(text)) = &argument.node {
                        self.lookups.insert(text.to_string());
                        self.external.insert(text.to_string());
                        self.params.insert(text.to_string());
                    }
                    self.formula_uses(argument);
                }
            }
            Node::Not(inner) | Node::Negate(inner) => self.formula_uses(inner),
            Node::Binary(_, left, right) => {
                self.formula_uses(left);
                self.formula_uses(right);
            }
            Node::If(condition, yes, no) => {
                for part in [condition, yes, no] {
                    self.formula_uses(part);
                }
            }
        }
    }

    /// Notes what the arguments of a step use: names of lookups and parameters, and formulas.
    pub(super) fn argument_uses(&mut self, arguments: &Map<String, Json>) {
        for (name, value) in arguments {
            match value {
                Json::String(text) => {
                    match name.as_str() {
                        "param" => self.params.insert(text.clone()),
                        "name" => self.external.insert(text.clone()),
                        _ => self.lookups.insert(text.clone()),
                    };
                    if let Ok(ast) = parse(text) {
                        self.formula_uses(&ast);
                    }
                }
                Json::Object(inner) => self.argument_uses(inner),
                Json::Array(items) => {
                    for item in items.iter().filter_map(Json::as_object) {
                        self.argument_uses(item);
                    }
                }
                _ => {}
            }
        }
    }

    /// Tells of what is declared and not used.
    pub(super) fn unused(&mut self) {
        for name in self.document.lookups.keys() {
            if !self.lookups.contains(name) {
                self.found.push(Diagnostic::warning(
                    code::LOOKUP_UNUSED,
                    format!("/lookups/{}", escape_pointer(name)),
                    format!("nothing uses the lookup {name:?}"),
                    "remove it, or use it in a lookup function",
                ));
            }
        }
        for name in self.document.external.keys() {
            if !self.external.contains(name) {
                self.found.push(Diagnostic::warning(
                    code::EXTERNAL_UNUSED,
                    format!("/external/{}", escape_pointer(name)),
                    format!("nothing calls the function of code {name:?}"),
                    "remove it, or call it with the function external",
                ));
            }
        }
        for name in self.document.params.keys() {
            if !self.params.contains(name) {
                self.found.push(Diagnostic::warning(
                    code::PARAM_UNUSED,
                    format!("/params/{}", escape_pointer(name)),
                    format!("nothing uses the parameter {name:?}"),
                    "remove it, here and in the integrations",
                ));
            }
        }
    }
}
