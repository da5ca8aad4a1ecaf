//! Walks the target tree and writes it.

use std::cmp::Ordering;

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::Severity;

use super::finish::finish;
use super::issues::Spot;
use super::run::Run;
use super::write::{close_plain_text, write_value};
use crate::document::OnError;
use crate::formula::evaluate::{condition, evaluate};
use crate::formula::expression::SlotRef;
use crate::plan::{
    Accumulator, AccumulatorKind, Body, Case, EachExtra, EachNode, EachSource, Node, Source,
    ValueNode,
};
use crate::reader::Slot;
use crate::value::{Failure, Made, Value};

/// The element of the nearest loop is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dropped;

impl<'a> Run<'a> {
    /// Writes the members of an object.
    pub(super) fn nodes(&mut self, nodes: &'a [Node], out: &mut Vec<u8>) -> Result<(), Dropped> {
        for node in nodes {
            let start = out.len();
            self.node(node, out)?;
            if node.excluded && out.len() > start {
                self.excluded.push((start, out.len()));
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &'a Node, out: &mut Vec<u8>) -> Result<(), Dropped> {
        if let Some(when) = &node.when {
            match condition(when, self) {
                Ok(Some(true)) => {}
                Ok(known) => {
                    if self.trace.is_some() {
                        self.left_out(node, known.is_none());
                    }
                    let value = known.map_or(Value::Failed, |_| Value::Null);
                    self.clear(node, value);
                    return Ok(());
                }
                Err(failure) => {
                    self.condition_failed(node, when, *failure);
                    self.clear(node, Value::Failed);
                    return Ok(());
                }
            }
        }
        match &node.body {
            Body::Value(value) if self.trace.is_some() => self.traced_value(node, value, out),
            Body::Value(value) => self.value(node, value, out),
            Body::Object { nodes, omit_empty } => {
                let start = out.len();
                begin(node, out);
                out.push(b'{');
                let empty = out.len();
                self.nodes(nodes, out)?;
                if *omit_empty && out.len() == empty {
                    out.truncate(start);
                } else {
                    out.push(b'}');
                }
                Ok(())
            }
            Body::Each(each) => self.each(node, each, out),
        }
    }

    /// Values of a node that is left out are null; where its condition has failed they have failed too,
    /// so that what needs them stays silent.
    fn clear(&mut self, node: &'a Node, value: Value<'a>) {
        match &node.body {
            Body::Value(inner) => self.set_variable(inner.variable, value),
            Body::Object { nodes, .. } => {
                for inner in nodes {
                    self.clear(inner, value);
                }
            }
            Body::Each(each) => {
                if let Some(extra) = self.plan.eaches.get(each.index) {
                    match value {
                        Value::Failed => self.fail_accumulators(extra),
                        _ => self.start_accumulators(extra),
                    }
                }
            }
        }
    }

    /// Aggregates over a loop whose elements are not known.
    fn fail_accumulators(&mut self, extra: &EachExtra) {
        for accumulator in &extra.accumulators {
            self.set_variable(accumulator.output, Value::Failed);
        }
    }

    fn value(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        out: &mut Vec<u8>,
    ) -> Result<(), Dropped> {
        if let Some(slot) = value.copied
            && let Slot::Text(text) = self.raw(slot)
            && !self.is_null_token(text)
            && value.output.takes_as_is(text)
        {
            if value.read {
                self.set_variable(value.variable, Value::Text(text));
            }
            if let Some(name) = &node.name {
                name.open_text(out);
            }
            close_plain_text(text, out);
            return Ok(());
        }
        if value.quick && self.quick(node, value, out) {
            return Ok(());
        }
        self.plain_value(node, value, out)
    }

    /// The general way of a value.
    pub(super) fn plain_value(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        out: &mut Vec<u8>,
    ) -> Result<(), Dropped> {
        let row = self.current.first().copied().unwrap_or(0);
        let made = match &value.combine {
            None => self.through(value),
            Some(rule) => self.combined(value, rule),
        };
        let made = made.and_then(|made| finish(made, value, self));
        if !self.notices.get_mut().is_empty() {
            self.tell_notices(node, value);
        }
        let result = match made {
            Ok(result) => result,
            Err(failure) => self.on_error(node, value, *failure)?,
        };
        if value.combine.is_some() {
            // a failure has left the row that failed as the current one, for the issue's place
            self.select(0, row);
        }
        if value.read {
            self.set_variable(value.variable, result);
        }
        if node.name.is_none()
            || matches!(result, Value::Failed)
            || (value.omit_null && result.is_null())
        {
            return Ok(());
        }
        if let (Some(amount), Value::Decimal(number)) = (value.amount, result)
            && let Some(place) = self.amounts.get_mut(amount)
        {
            *place = Some(number);
        }
        if let Some(place) = value.date.and_then(|date| self.dates.get_mut(date)) {
            *place = result.day();
        }
        begin(node, out);
        write_value(result, &value.output, out);
        Ok(())
    }

    /// The value at the end of its chain.
    #[inline]
    pub(super) fn through(&self, value: &'a ValueNode) -> Made<Value<'a>> {
        let mut made = self.make(&value.source)?;
        for step in &value.steps {
            made = step.apply(made, self)?;
        }
        Ok(made)
    }

    /// Tells of a value that could not be made; gives what the field says to put in its place.
    #[cold]
    fn on_error(
        &mut self,
        node: &'a Node,
        value: &'a ValueNode,
        failure: Failure,
    ) -> Result<Value<'a>, Dropped> {
        let spot = Spot {
            rule: &node.id,
            target: Some(&node.target),
            slot: self.used_slot(&value.source),
            sensitive: self.plan.hidden.variable(value.variable),
        };
        let severity = match value.on_error {
            OnError::Reject => Severity::Error,
            _ => Severity::Warning,
        };
        self.issue(&spot, failure, severity);
        match value.on_error {
            OnError::Reject => Ok(Value::Failed),
            OnError::Null => Ok(Value::Null),
            OnError::Default => Ok(value.on_error_value.value()),
            OnError::DropLine => Err(Dropped),
        }
    }

    /// The place that a value came from, or would have come from.
    pub(super) fn used_slot(&self, source: &'a Source) -> Option<SlotRef> {
        match source {
            Source::Slot(slot) => Some(*slot),
            Source::FirstOf(slots) => slots
                .iter()
                .find(|slot| !self.slot(**slot).is_null())
                .or(slots.first())
                .copied(),
            Source::Nodes(nodes) => Some(nodes.within),
            Source::Constant(_) | Source::Formula(_) => None,
            Source::Switch(cases) => {
                let chosen = cases.iter().find(|case| {
                    case.when
                        .as_ref()
                        .is_none_or(|when| matches!(condition(when, self), Ok(Some(true))))
                })?;
                self.used_slot(&chosen.source)
            }
        }
    }

    /// The value of a source.
    #[inline]
    pub(super) fn make(&self, source: &'a Source) -> Made<Value<'a>> {
        match source {
            Source::Slot(slot) => Ok(self.slot(*slot)),
            Source::FirstOf(slots) => {
                let first = slots
                    .iter()
                    .map(|slot| self.slot(*slot))
                    .find(|value| !value.is_null());
                Ok(first.unwrap_or(Value::Null))
            }
            Source::Nodes(nodes) => self.selected(nodes),
            Source::Constant(constant) => Ok(constant.value()),
            Source::Formula(expression) => evaluate(expression, self),
            Source::Switch(cases) => self.chosen(cases),
        }
    }

    fn chosen(&self, cases: &'a [Case]) -> Made<Value<'a>> {
        for case in cases {
            let chosen = match &case.when {
                None => Some(true),
                Some(when) => condition(when, self)?,
            };
            match chosen {
                Some(true) => {
                    let mut made = self.make(&case.source)?;
                    for step in &case.steps {
                        made = step.apply(made, self)?;
                    }
                    return Ok(made);
                }
                Some(false) => {}
                None => return Ok(Value::Failed),
            }
        }
        Ok(Value::Null)
    }

    #[cold]
    fn tell_notices(&mut self, node: &'a Node, value: &'a ValueNode) {
        let slot = self.used_slot(&value.source);
        let notices = std::mem::take(self.notices.get_mut());
        for notice in notices {
            let spot = Spot {
                rule: &node.id,
                target: Some(&node.target),
                slot,
                sensitive: self.plan.hidden.variable(value.variable),
            };
            self.issue(&spot, notice, Severity::Warning);
        }
    }

    fn each(
        &mut self,
        node: &'a Node,
        each: &'a EachNode,
        out: &mut Vec<u8>,
    ) -> Result<(), Dropped> {
        let Some(extra) = self.plan.eaches.get(each.index) else {
            return Ok(());
        };
        self.start_accumulators(extra);
        let (first, count) = match &each.source {
            EachSource::Members => (0, u32::try_from(self.order.len()).unwrap_or(u32::MAX)),
            EachSource::Nodes(nodes, table) => match self.select_elements(nodes, *table) {
                Ok(elements) => elements,
                Err(failure) => {
                    self.fail(node, *failure);
                    self.fail_accumulators(extra);
                    return Ok(());
                }
            },
            EachSource::Array(slot) => match self.raw(*slot) {
                Slot::Items { first, count } => (first, count),
                Slot::Missing | Slot::Null => (0, 0),
                _ => {
                    let spot = Spot {
                        rule: &node.id,
                        target: Some(&node.target),
                        slot: Some(*slot),
                        sensitive: false,
                    };
                    let failure = Failure {
                        code: ErrorCode::ValueInvalid,
                        message: "not an array".to_owned(),
                        hint: None,
                    };
                    self.issue(&spot, failure, Severity::Error);
                    self.fail_accumulators(extra);
                    return Ok(());
                }
            },
        };
        begin(node, out);
        out.push(b'[');
        let level = self.elements.len();
        self.elements.push(0);
        let mut written = 0_u32;
        for number in 0..count {
            let row = match &each.source {
                EachSource::Members => self.order.get(number as usize).copied().unwrap_or(0),
                EachSource::Array(_) | EachSource::Nodes(..) => first + number,
            };
            self.select(each.scope, row);
            if let Some(place) = self.elements.get_mut(level) {
                *place = written;
            }
            if self.element(node, each, written > 0, out) {
                self.rules(&extra.rules);
                for accumulator in &extra.accumulators {
                    self.accumulate(node, accumulator);
                }
                written += 1;
            }
        }
        self.elements.truncate(level);
        out.push(b']');
        self.check_size(node, each, written);
        Ok(())
    }

    /// Writes one element; whether it is there.
    fn element(
        &mut self,
        node: &'a Node,
        each: &'a EachNode,
        comma: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        if let Some(keep) = &each.keep {
            match condition(keep, self) {
                Ok(Some(true)) => {}
                Ok(Some(false)) => return false,
                unknown => {
                    if let Err(failure) = unknown {
                        self.condition_failed(node, keep, *failure);
                    }
                    if let Some(extra) = self.plan.eaches.get(each.index) {
                        self.fail_accumulators(extra);
                    }
                    return false;
                }
            }
        }
        let (start, level, ranges) = (out.len(), self.elements.len(), self.excluded.len());
        let told = self.told();
        if comma {
            out.push(b',');
        }
        out.push(b'{');
        if self.nodes(&each.nodes, out).is_err() {
            out.truncate(start);
            self.elements.truncate(level);
            self.excluded.truncate(ranges);
            self.element_dropped(told);
            return false;
        }
        out.push(b'}');
        true
    }

    fn check_size(&mut self, node: &Node, each: &EachNode, written: u32) {
        if written < each.min_items {
            let message = format!("{written} elements, at least {} are needed", each.min_items);
            self.fail(
                node,
                Failure {
                    code: ErrorCode::ValueMissing,
                    message,
                    hint: None,
                },
            );
        }
        if written > each.max_items {
            let message = format!("{written} elements, at most {} are allowed", each.max_items);
            self.fail(
                node,
                Failure {
                    code: ErrorCode::RecordTooLarge,
                    message,
                    hint: None,
                },
            );
        }
    }

    fn accumulate(&mut self, node: &Node, accumulator: &Accumulator) {
        let sofar = self.variable(accumulator.output);
        let sensitive = self.plan.hidden.variable(accumulator.output);
        let input = accumulator
            .input
            .map_or(Value::Bool(true), |input| self.variable(input));
        let next = match (sofar, input) {
            (Value::Failed, _) | (_, Value::Failed) => Value::Failed,
            (_, Value::Null) => return,
            (Value::Null, first) => first,
            (Value::Decimal(sum), _) if accumulator.kind == AccumulatorKind::Count => {
                match sum.add(1.into()) {
                    Ok(sum) => Value::Decimal(sum),
                    Err(_) => Value::Failed,
                }
            }
            (Value::Decimal(sum), Value::Decimal(number))
                if accumulator.kind == AccumulatorKind::Sum =>
            {
                match sum.add(number) {
                    Ok(sum) => Value::Decimal(sum),
                    Err(error) => {
                        let message = format!("the sum has {error}");
                        let failure = Failure {
                            code: ErrorCode::FormulaFailed,
                            message,
                            hint: None,
                        };
                        self.fail_with(node, failure, sensitive);
                        Value::Failed
                    }
                }
            }
            (best, value) => {
                let wanted = match accumulator.kind {
                    AccumulatorKind::Min => Ordering::Less,
                    _ => Ordering::Greater,
                };
                match value.order(best) {
                    Ok(order) if order == wanted => value,
                    Ok(_) => best,
                    Err(failure) => {
                        self.fail_with(node, *failure, sensitive);
                        Value::Failed
                    }
                }
            }
        };
        self.set_variable(accumulator.output, next);
    }
}

/// Writes a member's name, with a comma if another stands before it.
#[inline]
pub(super) fn begin(node: &Node, out: &mut Vec<u8>) {
    if let Some(name) = &node.name {
        name.write(out);
    }
}
