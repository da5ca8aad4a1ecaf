//! Calls in formulas: the few that only formulas have, aggregates, and the functions of `do`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::compiler::{Compiler, Named};
use super::formulas::Typed;
use super::values::GivenArguments;
use crate::diagnostic::code;
use crate::formula::ast::{Ast, Node, Pick};
use crate::formula::expression::{Expression, Reference};
use crate::functions;
use crate::functions::signature::{ArgumentKind, Signature};
use crate::plan::{Accumulator, AccumulatorKind};
use crate::value::{Constant, Kind};

impl Compiler<'_> {
    pub(super) fn formula_call(
        &mut self,
        name: &str,
        arguments: &[Ast],
        scope: u16,
        pointer: &str,
    ) -> Option<Typed> {
        match (name, arguments) {
            ("if", [condition, yes, no]) => self.choice(condition, yes, no, scope, pointer),
            ("coalesce", [_, ..]) => {
                let (items, kind) = self.items(arguments, scope, pointer)?;
                Some((Expression::Coalesce(items), kind))
            }
            ("concat", [_, ..]) => {
                let items = self.all(arguments, Kind::Text, scope, pointer)?;
                Some((Expression::Concat(items), Kind::Text))
            }
            ("least" | "greatest", [_, ..]) => {
                let (items, kind) = self.items(arguments, scope, pointer)?;
                let expression = match name {
                    "least" => Expression::Least(items),
                    _ => Expression::Greatest(items),
                };
                Some((expression, kind))
            }
            ("sum" | "count" | "min" | "max", [over]) if self.is_each(over, scope) => {
                self.aggregate(name, over, scope, pointer)
            }
            ("if" | "coalesce" | "concat" | "least" | "greatest", _) => {
                self.error(
                    code::ARGUMENT_MISSING,
                    pointer,
                    format!("{name} does not take {} values", arguments.len()),
                    "see platform/docs/mapping/formulas.md",
                );
                None
            }
            _ => self.function_call(name, arguments, scope, pointer),
        }
    }

    fn items(
        &mut self,
        arguments: &[Ast],
        scope: u16,
        pointer: &str,
    ) -> Option<(Vec<Expression>, Kind)> {
        let mut items = Vec::with_capacity(arguments.len());
        let mut kind = Kind::Null;
        for argument in arguments {
            let (item, of_item) = self.resolve(argument, scope, pointer)?;
            kind = kind.or(of_item);
            items.push(item);
        }
        Some((items, kind))
    }

    fn all(
        &mut self,
        arguments: &[Ast],
        kind: Kind,
        scope: u16,
        pointer: &str,
    ) -> Option<Vec<Expression>> {
        let mut items = Vec::with_capacity(arguments.len());
        for argument in arguments {
            items.push(self.operand(argument, kind, scope, pointer)?);
        }
        Some(items)
    }

    /// A function of `do` with its arguments by position; one that needs no value may have none.
    fn function_call(
        &mut self,
        name: &str,
        arguments: &[Ast],
        scope: u16,
        pointer: &str,
    ) -> Option<Typed> {
        let Some((value, rest)) = arguments.split_first() else {
            let found = functions::find(name).filter(|f| f.signature.input == Kind::Null);
            if found.is_some() {
                let null = Ast {
                    offset: 0,
                    node: Node::Constant(Constant::Null),
                };
                return self.function_call(name, &[null], scope, pointer);
            }
            self.error(
                code::ARGUMENT_MISSING,
                pointer,
                format!("{name} needs a value"),
                "write the value first: trim(src.name)",
            );
            return None;
        };
        let (inner, kind) = self.resolve(value, scope, pointer)?;
        let mut values = Map::new();
        let mut formulas = BTreeMap::new();
        if let Some(function) = functions::find(name) {
            self.positional(
                function.signature,
                rest,
                pointer,
                &mut values,
                &mut formulas,
            )?;
        }
        let given = GivenArguments {
            values: &values,
            formulas,
        };
        let (call, kind) = self.call(name, given, kind, scope, pointer.to_owned())?;
        Some((Expression::Apply(Box::new(inner), Box::new(call)), kind))
    }

    /// Arguments by their place; a list of values takes all that are left.
    fn positional<'a>(
        &mut self,
        signature: &'static Signature,
        given: &'a [Ast],
        pointer: &str,
        values: &mut Map<String, Json>,
        formulas: &mut BTreeMap<&'static str, &'a [Ast]>,
    ) -> Option<()> {
        let mut rest = given;
        for argument in signature.arguments {
            let Some((first, others)) = rest.split_first() else {
                return Some(());
            };
            match argument.kind {
                ArgumentKind::ComputedList(_) => {
                    formulas.insert(argument.name, rest);
                    return Some(());
                }
                ArgumentKind::Computed(_) | ArgumentKind::ForEach(_) => {
                    formulas.insert(argument.name, std::slice::from_ref(first));
                }
                _ => {
                    let Some(constant) = json(first) else {
                        self.error(
                            code::ARGUMENT_INVALID,
                            pointer,
                            format!("{}: {:?} must be a constant", signature.name, argument.name),
                            "write the value itself there; use if or a switch to choose between calls",
                        );
                        return None;
                    };
                    // null leaves an argument out, so that those after it can be reached
                    let left_out = constant.is_null()
                        && !argument.required
                        && argument.kind != ArgumentKind::Scalar;
                    if !left_out {
                        values.insert(argument.name.to_owned(), constant);
                    }
                }
            }
            rest = others;
        }
        if rest.is_empty() {
            return Some(());
        }
        self.error(
            code::ARGUMENT_UNKNOWN,
            pointer,
            format!(
                "{} has {} arguments after the value, this gives {}",
                signature.name,
                signature.arguments.len(),
                given.len()
            ),
            "see platform/docs/mapping/functions.md",
        );
        None
    }

    /// Whether a name is that of a loop, or of a field of its elements.
    fn is_each(&self, over: &Ast, scope: u16) -> bool {
        match &over.node {
            Node::Name(root, picks) => {
                matches!(self.find(root, picks, scope), Some((Named::Each(_), _)))
            }
            _ => false,
        }
    }

    /// `sum(lines.amount)`: the loop keeps the aggregate in a variable of its own.
    fn aggregate(&mut self, name: &str, over: &Ast, scope: u16, pointer: &str) -> Option<Typed> {
        let Node::Name(root, picks) = &over.node else {
            self.error(
                code::NAME_UNKNOWN,
                pointer,
                format!("{name} goes over a field of an each"),
                format!("write {name}(lines.amount); put a calculation into a helper field (\"to\": null) of the each"),
            );
            return None;
        };
        let Some((Named::Each(each), rest)) = self.find(root, picks, scope) else {
            self.unknown_name(root, picks, scope, pointer);
            return None;
        };
        let input = match rest {
            [] if name == "count" => None,
            [Pick::Member(_), ..] => Some(self.element_value(each, root, rest, pointer)?),
            _ => {
                self.error(
                    code::NAME_UNKNOWN,
                    pointer,
                    format!("{name} needs a field of the each"),
                    format!("write {name}({root}.amount)"),
                );
                return None;
            }
        };
        let (kind, needed) = match name {
            "sum" => (AccumulatorKind::Sum, Some(Kind::Number)),
            "count" => (AccumulatorKind::Count, None),
            "min" => (AccumulatorKind::Min, None),
            _ => (AccumulatorKind::Max, None),
        };
        if let (Some(needed), Some((_, found))) = (needed, input)
            && !found.may_be(needed)
        {
            self.error(
                code::TYPE_MISMATCH,
                pointer,
                format!("{name} needs numbers, and the field is a {}", found.word()),
                "give the field the type int or decimal",
            );
            return None;
        }
        let result = match kind {
            AccumulatorKind::Sum | AccumulatorKind::Count => Kind::Number,
            _ => input.map_or(Kind::Any, |(_, found)| found),
        };
        let output = self.accumulate(each, kind, input.map(|(variable, _)| variable));
        let what = match &input {
            None => format!("count({root})"),
            Some(_) => format!("{name}({root}.{})", dotted(rest)),
        };
        self.variable_names.entry(output).or_insert(what);
        self.resolved.push(Reference::Variable(output));
        Some((Expression::Variable(output), result))
    }

    /// The variable of a field of a loop's element.
    fn element_value(
        &mut self,
        each: usize,
        root: &str,
        picks: &[Pick],
        pointer: &str,
    ) -> Option<(u32, Kind)> {
        let scope = self.eaches.get(each)?.scope;
        let dotted = dotted(picks);
        let names = self.names.get(usize::from(scope))?;
        if let Some(Named::Variable(variable, kind)) = names.get(&dotted) {
            return Some((*variable, *kind));
        }
        let known: Vec<&str> = names.keys().map(String::as_str).collect();
        let hint = format!("its fields are {}", known.join(", "));
        self.error(
            code::NAME_UNKNOWN,
            pointer,
            format!("the elements of {root} have no field {:?}", dotted),
            hint,
        );
        None
    }

    /// The variable of an aggregate; the same aggregate is kept once.
    fn accumulate(&mut self, each: usize, kind: AccumulatorKind, input: Option<u32>) -> u32 {
        let output = self.variables;
        self.read.extend(input);
        let Some(each) = self.eaches.get_mut(each) else {
            return output;
        };
        let known = &mut each.extra.accumulators;
        if let Some(same) = known
            .iter()
            .find(|other| other.kind == kind && other.input == input)
        {
            return same.output;
        }
        known.push(Accumulator {
            kind,
            input,
            output,
        });
        self.variable()
    }
}

fn dotted(picks: &[Pick]) -> String {
    let names: Vec<&str> = picks
        .iter()
        .filter_map(|pick| match pick {
            Pick::Member(name) => Some(name.as_str()),
            Pick::Index(_) => None,
        })
        .collect();
    names.join(".")
}

/// A constant of a formula as the JSON that `do` would hold.
pub(super) fn json(ast: &Ast) -> Option<Json> {
    match &ast.node {
        Node::Constant(Constant::Null) => Some(Json::Null),
        Node::Constant(Constant::Bool(truth)) => Some(Json::Bool(*truth)),
        Node::Constant(Constant::Text(text)) => Some(Json::String(text.to_string())),
        Node::Constant(Constant::Decimal(number)) => match number.to_i64() {
            Some(whole) => Some(Json::from(whole)),
            None => Some(Json::String(number.to_string())),
        },
        Node::List(items) => items
            .iter()
            .map(json)
            .collect::<Option<Vec<Json>>>()
            .map(Json::Array),
        Node::Negate(inner) => match json(inner)? {
            Json::Number(number) => number.as_i64().map(|whole| Json::from(-whole)),
            Json::String(digits) => Some(Json::String(format!("-{digits}"))),
            _ => None,
        },
        _ => None,
    }
}
