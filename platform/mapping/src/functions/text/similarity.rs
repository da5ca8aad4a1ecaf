//! `similarity`: how alike two texts are.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;

use super::lower::lower_case;
use crate::decimal::Decimal;
use crate::formula::expression::Expression;
use crate::functions::given;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value, failure};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "similarity",
    summary: "Compares two texts after Jaro and Winkler: from 0, nothing in common, to 1, the same; four decimals, rounded half up. Upper and lower case are the same; at most 1000 characters each.",
    input: Kind::Text,
    output: Output::Is(Kind::Number),
    arguments: &[Argument::required(
        "with",
        ArgumentKind::Computed(Kind::Text),
        "the other text",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::ValueMissing],
    examples: &[
        Example::gives(r#""MARTHA""#, r#"{"with": "MARHTA"}"#, r#"0.9611"#),
        Example::gives(r#""Dixon""#, r#"{"with": "DICKSONX"}"#, r#"0.8133"#),
        Example::gives(r#""DWAYNE""#, r#"{"with": "DUANE"}"#, r#"0.84"#),
        Example::gives(r#""abc""#, r#"{"with": "xyz"}"#, r#"0"#),
        Example::gives(r#""""#, r#"{"with": ""}"#, r#"1"#),
        Example::gives(r#"null"#, r#"{"with": "a"}"#, r#"null"#),
        Example::fails(r#"12"#, r#"{"with": "12"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Similarity {
    with: Expression,
}

impl Operation for Similarity {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let other = match given::text(&self.with, "with", run)? {
            Ok(other) => other,
            Err(nothing) => return Ok(nothing),
        };
        let mut sides = [ArenaVec::new_in(run.arena), ArenaVec::new_in(run.arena)];
        for (side, text) in sides.iter_mut().zip([text, other]) {
            side.extend(lower_case(text, run).chars().take(MAX_CHARS + 1));
            if side.len() > MAX_CHARS {
                return failure(
                    ErrorCode::ValueInvalid,
                    format!(
                        "{:?} has more than {MAX_CHARS} characters",
                        shorten(text, 40)
                    ),
                );
            }
        }
        let [left, right] = &sides;
        let parts = jaro_winkler(left, right, run);
        let number = Decimal::new(i128::from(parts), 4).unwrap_or(Decimal::ZERO);
        Ok(Value::Decimal(number.normalize()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (with, _) = arguments.computed("with", Kind::Text)?;
    ready(Similarity { with })
}

/// Most characters of either text: the comparison takes time in the product of their numbers.
const MAX_CHARS: usize = 1000;

/// The similarity in ten-thousandths. Every part of it is a fraction of small whole numbers, so it is
/// computed exactly and rounded once.
///
/// Source: W. E. Winkler, "String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter
/// Model of Record Linkage" (1990), with the usual weight of a tenth for each of up to four
/// characters with which both begin.
fn jaro_winkler(left: &[char], right: &[char], run: &Run<'_>) -> u64 {
    if left.is_empty() && right.is_empty() {
        return 10_000;
    }
    let (common, misplaced) = matches(left, right, run);
    if common == 0 {
        return 0;
    }
    let (long, short) = (left.len() as u64, right.len() as u64);
    // (c/l + c/r + (c - m/2)/c) / 3 over the denominator 6·l·r·c
    let whole = 6 * long * short * common;
    let jaro = 2 * common * common * (long + short) + (2 * common - misplaced) * long * short;
    let pairs = left.iter().zip(right).take(4);
    let prefix = pairs.take_while(|(left, right)| left == right).count() as u64;
    // jaro + prefix/10 · (1 - jaro), over ten times the denominator
    let winkler = jaro * (10 - prefix) + prefix * whole;
    (winkler * 2 * 1000 + whole) / (2 * whole)
}

/// How many characters the texts have in common, at places not too far apart, and how many of these
/// stand in another order.
fn matches(left: &[char], right: &[char], run: &Run<'_>) -> (u64, u64) {
    let reach = (left.len().max(right.len()) / 2).saturating_sub(1);
    let mut taken = ArenaVec::new_in(run.arena);
    taken.resize(right.len(), false);
    let mut common = ArenaVec::new_in(run.arena);
    for (place, sign) in left.iter().enumerate() {
        let from = place.saturating_sub(reach);
        let partners = right.iter().zip(taken.iter_mut()).skip(from);
        for (other, taken) in partners.take(place + reach + 1 - from) {
            if !*taken && other == sign {
                *taken = true;
                common.push(*sign);
                break;
            }
        }
    }
    let partners = right.iter().zip(taken.iter()).filter(|(_, taken)| **taken);
    let misplaced = partners
        .zip(&common)
        .filter(|((right, _), left)| right != left);
    (common.len() as u64, misplaced.count() as u64)
}
