//! Formulas: names to slots and variables, kinds checked, constants folded.

use super::compiler::{Compiler, Named};
use super::types::conversion;
use crate::decimal::Decimal;
use crate::diagnostic::code;
use crate::document::nearest;
use crate::formula::ast::{Ast, Node, Operator, Pick};
use crate::formula::expression::{Expression, Reference};
use crate::formula::parse;
use crate::path::{Path, Step};
use crate::value::{Constant, Kind};

/// A compiled part with what is known about its value.
pub(crate) type Typed = (Expression, Kind);

impl Compiler<'_> {
    /// Compiles the formula `text` on a scope.
    pub(crate) fn formula(&mut self, text: &str, scope: u16, pointer: &str) -> Option<Typed> {
        match parse(text) {
            Ok(ast) => self.resolve(&ast, scope, pointer),
            Err(error) => {
                let before = text.get(..error.offset).unwrap_or(text);
                self.error(
                    code::FORMULA_SYNTAX,
                    pointer,
                    format!(
                        "{} at character {}",
                        error.message,
                        before.chars().count() + 1
                    ),
                    "see platform/docs/mapping/formulas.md",
                );
                None
            }
        }
    }

    pub(crate) fn resolve(&mut self, ast: &Ast, scope: u16, pointer: &str) -> Option<Typed> {
        match &ast.node {
            Node::Constant(constant) => {
                Some((Expression::Constant(constant.clone()), constant.kind()))
            }
            Node::Name(name, picks) => self.name(name, picks, scope, pointer),
            Node::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(self.resolve(item, scope, pointer)?.0);
                }
                Some((Expression::List(list), Kind::List))
            }
            Node::Not(inner) => {
                let inner = self.operand(inner, Kind::Bool, scope, pointer)?;
                Some((Expression::Not(Box::new(inner)), Kind::Bool))
            }
            Node::Negate(inner) => match self.operand(inner, Kind::Number, scope, pointer)? {
                Expression::Constant(Constant::Decimal(number)) => Some((
                    Expression::Constant(Constant::Decimal(number.negate())),
                    Kind::Number,
                )),
                other => Some((Expression::Negate(Box::new(other)), Kind::Number)),
            },
            Node::Binary(operator, left, right) => {
                self.binary(*operator, left, right, scope, pointer)
            }
            Node::If(condition, yes, no) => self.choice(condition, yes, no, scope, pointer),
            Node::Call(name, arguments) => self.formula_call(name, arguments, scope, pointer),
        }
    }

    /// A part that must have a kind.
    pub(super) fn operand(
        &mut self,
        ast: &Ast,
        wanted: Kind,
        scope: u16,
        pointer: &str,
    ) -> Option<Expression> {
        let (expression, kind) = self.resolve(ast, scope, pointer)?;
        if !kind.may_be(wanted) || kind == Kind::Null {
            self.error(
                code::TYPE_MISMATCH,
                pointer,
                format!(
                    "a {} where a {} is needed, at character {}",
                    kind.word(),
                    wanted.word(),
                    ast.offset + 1
                ),
                conversion(kind, wanted).replace(" before", ": to_decimal(src.price)"),
            );
            return None;
        }
        Some(expression)
    }

    pub(super) fn choice(
        &mut self,
        condition: &Ast,
        yes: &Ast,
        no: &Ast,
        scope: u16,
        pointer: &str,
    ) -> Option<Typed> {
        let condition = self.operand(condition, Kind::Bool, scope, pointer)?;
        let (yes, of_yes) = self.resolve(yes, scope, pointer)?;
        let (no, of_no) = self.resolve(no, scope, pointer)?;
        let kind = of_yes.or(of_no);
        Some((
            Expression::If(Box::new(condition), Box::new(yes), Box::new(no)),
            kind,
        ))
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Ast,
        right: &Ast,
        scope: u16,
        pointer: &str,
    ) -> Option<Typed> {
        match operator {
            Operator::And | Operator::Or => {
                let left = Box::new(self.operand(left, Kind::Bool, scope, pointer)?);
                let right = Box::new(self.operand(right, Kind::Bool, scope, pointer)?);
                let joined = match operator {
                    Operator::And => Expression::And(left, right),
                    _ => Expression::Or(left, right),
                };
                Some((joined, Kind::Bool))
            }
            Operator::In => self.member(left, right, scope, pointer),
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => {
                let left = self.operand(left, Kind::Number, scope, pointer)?;
                let right = self.operand(right, Kind::Number, scope, pointer)?;
                Some((fold(operator, left, right), Kind::Number))
            }
            _ => self.comparison(operator, left, right, scope, pointer),
        }
    }

    fn comparison(
        &mut self,
        operator: Operator,
        left: &Ast,
        right: &Ast,
        scope: u16,
        pointer: &str,
    ) -> Option<Typed> {
        let (left_side, left_kind) = self.resolve(left, scope, pointer)?;
        let (right_side, right_kind) = self.resolve(right, scope, pointer)?;
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        let null = left_kind == Kind::Null || right_kind == Kind::Null;
        let fits = if null {
            equality
        } else {
            left_kind.may_be(right_kind)
        };
        if !fits {
            let hint = match (left_kind, right_kind) {
                (Kind::Text, Kind::Number) | (Kind::Number, Kind::Text) => {
                    "make a number of the text: to_decimal(src.price)"
                }
                (Kind::Text, Kind::Date) | (Kind::Date, Kind::Text) => {
                    "make a date of the text: date_parse('2026-01-31', ['yyyy-MM-dd'])"
                }
                _ => "compare values of the same type; ask for null with == null",
            };
            self.error(
                code::TYPE_MISMATCH,
                pointer,
                format!(
                    "a {} is compared with a {}",
                    left_kind.word(),
                    right_kind.word()
                ),
                hint,
            );
            return None;
        }
        let compared = Expression::Compare(operator, Box::new(left_side), Box::new(right_side));
        Some((compared, Kind::Bool))
    }

    fn member(&mut self, left: &Ast, right: &Ast, scope: u16, pointer: &str) -> Option<Typed> {
        let Node::List(items) = &right.node else {
            let (needle, _) = self.resolve(left, scope, pointer)?;
            let list = self.operand(right, Kind::List, scope, pointer)?;
            return Some((
                Expression::InList(Box::new(needle), Box::new(list)),
                Kind::Bool,
            ));
        };
        let (needle, kind) = self.resolve(left, scope, pointer)?;
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let (item, of_item) = self.resolve(item, scope, pointer)?;
            if !kind.may_be(of_item) {
                self.error(
                    code::TYPE_MISMATCH,
                    pointer,
                    format!(
                        "a {} is looked for in a list with a {}",
                        kind.word(),
                        of_item.word()
                    ),
                    conversion(kind, of_item).replace(" before", ": to_decimal(src.price)"),
                );
                return None;
            }
            list.push(item);
        }
        Some((Expression::In(Box::new(needle), list), Kind::Bool))
    }

    fn name(&mut self, name: &str, picks: &[Pick], scope: u16, pointer: &str) -> Option<Typed> {
        if name == "src" {
            return self.source_value(scope, picks, pointer);
        }
        if name == "param" {
            let [Pick::Member(param)] = picks else {
                self.error(
                    code::NAME_UNKNOWN,
                    pointer,
                    "param needs one name",
                    "write param.company_code",
                );
                return None;
            };
            let constant = self.param(param, pointer)?;
            let kind = constant.kind();
            return Some((Expression::Constant(constant), kind));
        }
        if name == "it" && self.items > 0 {
            return Some(picked(Expression::Item, Kind::Any, picks));
        }
        if let Some((Named::Variable(index, kind), rest)) = self.find(name, picks, scope)
            && (rest.is_empty() || kind.may_be(Kind::Json))
        {
            self.read.insert(index);
            self.resolved.push(Reference::Variable(index));
            return Some(picked(Expression::Variable(index), kind, rest));
        }
        if let Some(outer) = self.scope_named(scope, name) {
            return self.source_value(outer, picks, pointer);
        }
        self.unknown_name(name, picks, scope, pointer);
        None
    }

    fn source_value(&mut self, scope: u16, picks: &[Pick], pointer: &str) -> Option<Typed> {
        let slot = self.slot_of(scope, path_of(picks), pointer)?;
        Some((Expression::Slot(slot), self.source_kind()))
    }

    /// The target value with the longest dotted name that fits, from the scope outwards; and the picks
    /// that are left.
    pub(super) fn find<'p>(
        &self,
        name: &str,
        picks: &'p [Pick],
        scope: u16,
    ) -> Option<(Named, &'p [Pick])> {
        let mut dotted = vec![name.to_owned()];
        for pick in picks {
            let Pick::Member(member) = pick else { break };
            let longer = format!("{}.{member}", dotted.last().map_or("", String::as_str));
            dotted.push(longer);
        }
        for id in self.chain(scope) {
            let Some(names) = self.names.get(usize::from(id)) else {
                continue;
            };
            for (taken, candidate) in dotted.iter().enumerate().rev() {
                if let Some(named) = names.get(candidate) {
                    return Some((*named, picks.get(taken..).unwrap_or_default()));
                }
            }
        }
        None
    }

    pub(super) fn unknown_name(&mut self, name: &str, picks: &[Pick], scope: u16, pointer: &str) {
        let mut known: Vec<String> = Vec::new();
        for id in self.chain(scope) {
            if let Some(names) = self.names.get(usize::from(id)) {
                known.extend(names.keys().cloned());
            }
            known.extend(
                self.scopes
                    .get(usize::from(id))
                    .and_then(|scope| scope.name.clone()),
            );
        }
        let written = picks.iter().fold(name.to_owned(), |text, pick| match pick {
            Pick::Member(member) => format!("{text}.{member}"),
            Pick::Index(index) => format!("{text}[{index}]"),
        });
        let hint = match nearest(&written, &known) {
            Some(candidate) => format!("did you mean {candidate:?}?"),
            None if known.is_empty() => "write src.<name> for a source value".to_owned(),
            None => format!(
                "known here: src, param, {}; a field must stand before the formula that uses it",
                tributary_model::issue::shorten(&known.join(", "), 200)
            ),
        };
        self.error(
            code::NAME_UNKNOWN,
            pointer,
            format!("there is nothing called {written:?} here"),
            hint,
        );
    }
}

/// A value, or what stands inside it.
fn picked(value: Expression, kind: Kind, picks: &[Pick]) -> Typed {
    if picks.is_empty() {
        return (value, kind);
    }
    (Expression::Pick(Box::new(value), path_of(picks)), Kind::Any)
}

fn path_of(picks: &[Pick]) -> Path {
    picks
        .iter()
        .map(|pick| match pick {
            Pick::Member(name) => Step::Name(name.clone()),
            Pick::Index(index) => Step::Index(*index),
        })
        .collect()
}

/// Arithmetic with what is constant done now.
fn fold(operator: Operator, left: Expression, right: Expression) -> Expression {
    if let (
        Expression::Constant(Constant::Decimal(a)),
        Expression::Constant(Constant::Decimal(b)),
    ) = (&left, &right)
    {
        let result = match operator {
            Operator::Add => a.add(*b),
            Operator::Subtract => a.subtract(*b),
            Operator::Multiply => a.multiply(*b),
            Operator::Divide => a.divide(*b),
            _ => a.remainder(*b),
        };
        if let Ok(number) = result {
            return Expression::Constant(Constant::Decimal(number));
        }
    }
    if operator == Operator::Divide
        && let Expression::Constant(Constant::Decimal(divisor)) = &right
        && let Some(places) = power_of_ten(*divisor)
    {
        return Expression::ShiftRight(Box::new(left), places);
    }
    Expression::Arithmetic(operator, Box::new(left), Box::new(right))
}

/// `n` if the number is `10^n` and the quotient by it is exact within the limit of quotients.
fn power_of_ten(number: Decimal) -> Option<u8> {
    let mut power = Decimal::from(1);
    for places in 0..=9 {
        if number == power {
            return Some(places);
        }
        power = power.multiply(Decimal::from(10)).ok()?;
    }
    None
}
