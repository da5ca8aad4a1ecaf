//! `join_on`: two lists of objects joined by a key.

use std::collections::HashMap;

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use super::bounds::{MOST_BYTES, check_bytes, check_elements};
use super::each::made;
use super::key::Key;
use super::object::write_object;
use crate::formula::evaluate::evaluate;
use crate::formula::expression::Expression;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "join_on",
    summary: "Joins the elements of two lists whose keys are the same: a list of {\"left\": …, \"right\": …}, in the order of the left list. Null keys fit nothing. Most of the joined list: 100,000 elements, and 1 MiB or four times the two lists.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[
        Argument::required(
            "with",
            ArgumentKind::Computed(Kind::List),
            "the right list; null is empty",
        ),
        Argument::required(
            "left",
            ArgumentKind::ForEach(Kind::Any),
            "the key of it, an element of the left list",
        ),
        Argument::required(
            "right",
            ArgumentKind::ForEach(Kind::Any),
            "the key of it, an element of the right list",
        ),
        Argument::optional(
            "keep",
            ArgumentKind::Text,
            "left (default): an element without partner has right null; inner: it is left out",
        ),
    ],
    fails_with: &[
        ErrorCode::ValueInvalid,
        ErrorCode::NumberInvalid,
        ErrorCode::FormulaFailed,
        ErrorCode::RecordTooLarge,
    ],
    examples: &[
        Example::gives(
            r#"[{"s":"a"},{"s":"x"}]"#,
            r#"{"with": {"formula": "[src['in'][0]]"}, "left": "it.s", "right": "it.s"}"#,
            r#"[{"left":{"s":"a"},"right":{"s":"a"}},{"left":{"s":"x"},"right":null}]"#,
        ),
        Example::gives(
            r#"[1, 2, 3]"#,
            r#"{"with": {"formula": "[2, 3, 3]"}, "left": "it", "right": "it", "keep": "inner"}"#,
            r#"[{"left":2,"right":2},{"left":3,"right":3},{"left":3,"right":3}]"#,
        ),
        Example::gives(
            r#"[null]"#,
            r#"{"with": {"formula": "[null]"}, "left": "it", "right": "it"}"#,
            r#"[{"left":null,"right":null}]"#,
        ),
        Example::gives(
            r#"[1]"#,
            r#"{"with": {"from": "$.none"}, "left": "it", "right": "it", "keep": "inner"}"#,
            r#"[]"#,
        ),
        Example::gives(
            r#"null"#,
            r#"{"with": {"formula": "[2]"}, "left": "it", "right": "it"}"#,
            r#"null"#,
        ),
        Example::fails(
            r#"7"#,
            r#"{"with": {"formula": "[2]"}, "left": "it", "right": "it"}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#"[1]"#,
            r#"{"with": {"formula": "['x']"}, "left": "it", "right": "it * 2"}"#,
            ErrorCode::NumberInvalid,
        ),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct JoinOn {
    with: Expression,
    left: Expression,
    right: Expression,
    inner: bool,
}

impl Operation for JoinOn {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let left = value.elements(run)?;
        let right = match evaluate(&self.with, run)? {
            Value::Failed => return Ok(Value::Failed),
            Value::Null => &[],
            list => list.elements(run)?,
        };
        let mut given = 0;
        let Some(partners) = self.index(right, &mut given, run)? else {
            return Ok(Value::Failed);
        };
        let mut joined = ArenaVec::new_in(run.arena);
        let mut bytes = 0;
        for element in left {
            let key = match made(&self.left, *element, run)? {
                None => return Ok(Value::Failed),
                Some(Value::Null) => None,
                Some(key) => partners.get(&Key::of(key)?),
            };
            let text = Value::Json(run.json(*element));
            given += length(text);
            let found = key.map(Vec::as_slice).unwrap_or_default();
            let alone: &[Value<'a>] = if found.is_empty() && !self.inner {
                &[Value::Null]
            } else {
                &[]
            };
            for partner in found.iter().chain(alone) {
                let members = [("left", text), ("right", *partner)];
                let object = write_object(members.into_iter(), run);
                bytes += length(object);
                joined.push(object);
                check_elements(joined.len())?;
                check_bytes(bytes, MOST_BYTES.max(given * 4))?;
            }
        }
        Ok(Value::List(joined.into_bump_slice()))
    }
}

impl JoinOn {
    /// The elements of the right list by their keys, already as JSON text; adds their size to `given`.
    fn index<'a>(
        &'a self,
        right: &[Value<'a>],
        given: &mut usize,
        run: &Run<'a>,
    ) -> Made<Option<HashMap<Key<'a>, Vec<Value<'a>>>>> {
        let mut partners: HashMap<Key<'a>, Vec<Value<'a>>> = HashMap::new();
        for element in right {
            let text = Value::Json(run.json(*element));
            *given += length(text);
            match made(&self.right, *element, run)? {
                None => return Ok(None),
                Some(Value::Null) => {}
                Some(key) => partners.entry(Key::of(key)?).or_default().push(text),
            }
        }
        Ok(Some(partners))
    }
}

fn length(value: Value<'_>) -> usize {
    match value {
        Value::Json(text) => text.len(),
        _ => 0,
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let (with, _) = arguments.computed("with", Kind::List)?;
    let (left, _) = arguments.for_each("left", Kind::Any)?;
    let (right, _) = arguments.for_each("right", Kind::Any)?;
    let keep = arguments.word("keep", &["left", "inner"])?;
    ready(JoinOn {
        with,
        left,
        right,
        inner: keep == "inner",
    })
}
