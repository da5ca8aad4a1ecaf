//! The quick lane of a value: texts and small numbers that need no closer look go from slot to output in
//! registers. It writes exactly what the general way would, or nothing at all; then the general way
//! starts from the beginning, because functions are pure.

use super::run::Run;
use super::write::write_text;
use crate::decimal::Small;
use crate::formula::evaluate::small;
use crate::plan::{Node, OutputType, Source, ValueNode};
use crate::reader::Slot;
use crate::value::Value;

/// A value on its way.
enum Lane<'a> {
    Text(&'a str),
    Number(Small),
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
        let start = match &value.source {
            Source::Slot(slot) => match self.raw(*slot) {
                Slot::Text(text) | Slot::Decoded(text) if !self.is_null_token(text) => {
                    Lane::Text(text)
                }
                Slot::Number(digits) => Lane::Number(Small::parse(digits, b'.')),
                _ => return false,
            },
            Source::Formula(expression) => Lane::Number(small(expression, self)),
            _ => return false,
        };
        match self.along(start, value) {
            Some(Lane::Text(text)) => self.quick_text(node, value, text, out),
            Some(Lane::Number(number)) => self.quick_number(node, value, number, out),
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
                    None => Lane::Number(step.operation.parsed(text)),
                },
                Lane::Number(number) if number.is_none() => return None,
                Lane::Number(number) => Lane::Number(step.operation.number(number)),
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
        text: &'a str,
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
        if node.key.is_some() {
            super::nodes::begin(node, out);
            write_text(text, out);
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
        if node.key.is_some() {
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
        if node.key.is_none() {
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
}
