//! Objects: their members, and new ones as JSON text in the record's memory.
//!
//! A name that stands twice in an object of the source counts once, with its last value.

use std::collections::HashMap;

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::reader::members;
use crate::value::{Made, Value, failure_with_hint};
use crate::worker::run::Run;

/// Up to so many members a name is looked for one by one.
const FEW: usize = 16;

/// A member's name and value.
pub(super) type Member<'a> = (&'a str, Value<'a>);

/// The members of an object.
pub(super) fn members_of<'a>(value: Value<'a>, run: &Run<'a>) -> Made<ArenaVec<'a, Member<'a>>> {
    match value {
        Value::Json(text) if text.starts_with('{') => {
            Ok(last_wins(members(text, run.arena).iter().copied(), run))
        }
        other => failure_with_hint(
            ErrorCode::ValueInvalid,
            format!("a {} where an object is needed", other.kind_word()),
            "name an object of the source, or make one with to_object",
        ),
    }
}

/// The members with every name once: at its first place, with its last value.
pub(super) fn last_wins<'a>(
    given: impl Iterator<Item = Member<'a>>,
    run: &Run<'a>,
) -> ArenaVec<'a, Member<'a>> {
    let mut kept: ArenaVec<'a, Member<'a>> = ArenaVec::new_in(run.arena);
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (name, value) in given {
        let known = if kept.len() <= FEW {
            kept.iter().position(|(other, _)| *other == name)
        } else {
            if places.is_empty() {
                places.extend(
                    kept.iter()
                        .enumerate()
                        .map(|(place, (other, _))| (*other, place)),
                );
            }
            places.get(name).copied()
        };
        match known.and_then(|place| kept.get_mut(place)) {
            Some(member) => member.1 = value,
            None => {
                if kept.len() > FEW {
                    places.insert(name, kept.len());
                }
                kept.push((name, value));
            }
        }
    }
    kept
}

/// An object with the members, whose names differ.
pub(super) fn write_object<'a>(
    members: impl Iterator<Item = Member<'a>>,
    run: &Run<'a>,
) -> Value<'a> {
    let mut text = run.text_buffer(64);
    text.push('{');
    for (place, (name, value)) in members.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(run.json(Value::Text(name)));
        text.push(':');
        text.push_str(run.json(value));
    }
    text.push('}');
    Value::Json(text.into_bump_str())
}
