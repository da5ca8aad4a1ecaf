//! The quick lane of a value: texts and small numbers that need no closer look go from slot to output in
//! registers. It writes exactly what the general way would, or nothing at all; then the general way
//! starts from the beginning, because functions are pure.

use super::run::Run;
use super::write::{close_plain_text, close_text};
use crate::date::Date;
use crate::decimal::Small;
use crate::formula::evaluate::small;
use crate::plan::{Node, OutputType, Source, ValueNode};
use crate::reader::Slot;
use crate::value::{Constant, Value};

/// A value on its way.
enum Lane<'a> {
    Text(&'a str),
    Number(Small),
    Day(Date),
    Null,
}

impl<'a> Run<'a> {
    /// Writes the value if all of its way is quick; whether it has.
    #[inline]
    pub(super) fn quick(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut plain = false;
        let start = match &value.source {
            Source::Slot(slot) => match self.raw(*slot) {
                Slot::Text(text) if !self.is_null_token(text) => {
                    plain = value.plain;
                    Lane::Text(text)
                }
                Slot::Decoded(text) if !self.is_null_token(text) => Lane::Text(text),
                Slot::Number(digits) => Lane::Number(Small::parse(digits, b'.')),
                Slot::Text(_) | Slot::Decoded(_) | Slot::Missing | Slot::Null => Lane::Null,
                Slot::Bool(_) | Slot::Json(_) | Slot::Items { .. } => return false,
            },
            Source::Constant(Constant::Text(text)) => Lane::Text(text),
            Source::Formula(expression) => Lane::Number(small(expression, self)),
            _ => return false,
        };
        match self.along(start, value) {
            Some(Lane::Text(text)) => self.quick_text(node, value, (text, plain), out),
            Some(Lane::Number(number)) => self.quick_number(node, value, number, out),
            Some(Lane::Day(day)) => self.quick_day(node, value, day, out),
            Some(Lane::Null) => self.quick_null(node, value, out),
            None => false,
        }
    }

    /// Through the functions.
    #[inline]
    fn along(&self, mut lane: Lane<'a>, value: &'a ValueNode) -> Option<Lane<'a>> {
        for step in &value.steps {
            lane = match lane {
                Lane::Text(text) => match step.operation.text(text, self) {
                    Some(text) => Lane::Text(text),
                    None => match step.operation.parsed(text) {
                        number if number.is_none() => Lane::Day(step.operation.day(text)?),
                        number => Lane::Number(number),
                    },
                },
                Lane::Number(number) if number.is_none() => return None,
                Lane::Number(number) => Lane::Number(step.operation.number(number)),
                Lane::Null if !step.takes_null => Lane::Null,
                Lane::Day(_) | Lane::Null => return None,
            };
        }
        match lane {
            Lane::Number(number) if number.is_none() => None,
            lane => Some(lane),
        }
    }

    fn quick_text(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        (text, plain): (&'a str, bool),
        out: &mut Vec<u8>,
    ) -> bool {
        let fits = match &value.output {
            OutputType::Enum { values } => {
                values.is_empty() || values.iter().any(|allowed| allowed == text)
            }
            output => output.takes_as_is(text),
        };
        if !fits {
            return false;
        }
        if value.read {
            self.set_variable(value.variable, Value::Text(text));
        }
        if let Some(name) = &node.name {
            name.open_text(out);
            if plain {
                close_plain_text(text, out);
            } else {
                close_text(text, out);
            }
        }
        true
    }

    fn quick_number(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        number: Small,
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        if node.name.is_some() {
            super::nodes::begin(node, out);
        }
        let place = out.len();
        let written = match &value.output {
            OutputType::Int => number.write_whole(out),
            OutputType::Decimal {
                size: Some((digits, scale)),
            } => number.write_sized(*digits, *scale, out),
            _ => false,
        };
        if !written {
            out.truncate(start);
            return false;
        }
        if node.name.is_none() {
            out.truncate(place);
        } else if let Some(amount) = value.amount
            && let Some(kept) = self.amounts.get_mut(amount)
        {
            *kept = Some(number.decimal());
        }
        if value.read {
            self.set_variable(value.variable, Value::Decimal(number.decimal()));
        }
        true
    }

    fn quick_null(&mut self, node: &'a Node, value: &'a ValueNode, out: &mut Vec<u8>) -> bool {
        if value.required {
            return false;
        }
        if value.read {
            self.set_variable(value.variable, Value::Null);
        }
        if let Some(name) = &node.name
            && !value.omit_null
        {
            name.write(out);
            out.extend_from_slice(b"null");
        }
        true
    }

    fn quick_day(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        day: Date,
        out: &mut Vec<u8>,
    ) -> bool {
        if value.output != OutputType::Date {
            return false;
        }
        if value.read {
            self.set_variable(value.variable, Value::Date(day));
        }
        let Some(name) = &node.name else {
            return true;
        };
        if let Some(place) = value.date.and_then(|date| self.dates.get_mut(date)) {
            *place = Some(day);
        }
        name.open_text(out);
        day.write(out);
        out.push(b'"');
        true
    }
}
