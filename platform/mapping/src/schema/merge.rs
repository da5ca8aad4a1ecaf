//! Two descriptions of the same value to one: `allOf` (both hold) and `anyOf` or `oneOf` (one of
//! them holds).

use super::{Bound, Node, NodeKind};

/// Both hold. `first` stands nearer to the member, so its texts count where both have one.
pub(super) fn merge(first: Node, second: Node) -> Node {
    let mut made = Node {
        kinds: both_kinds(&first.kinds, &second.kinds),
        nullable: first.nullable && second.nullable,
        required: first.required || second.required,
        read_only: first.read_only || second.read_only,
        open: first.open && second.open,
        minimum: tighter(first.minimum, second.minimum, true),
        maximum: tighter(first.maximum, second.maximum, false),
        min_length: first.min_length.max(second.min_length),
        max_length: least(first.max_length, second.max_length),
        min_items: first.min_items.max(second.min_items),
        max_items: least(first.max_items, second.max_items),
        decimals: least(first.decimals, second.decimals),
        name: first.name,
        constant: first.constant.or(second.constant),
        pattern: first.pattern.or(second.pattern),
        format: first.format.or(second.format),
        title: first.title.or(second.title),
        description: first.description.or(second.description),
        cut: first.cut.or(second.cut),
        observed: first.observed.or(second.observed),
        notes: joined(first.notes, second.notes),
        values: if first.values.is_empty() {
            second.values
        } else if second.values.is_empty() {
            first.values
        } else {
            let common = first.values.into_iter();
            common
                .filter(|value| second.values.contains(value))
                .collect()
        },
        examples: if first.examples.is_empty() {
            second.examples
        } else {
            first.examples
        },
        children: first.children,
        items: match (first.items, second.items) {
            (Some(first), Some(second)) => Some(Box::new(merge(*first, *second))),
            (first, second) => first.or(second),
        },
    };
    for child in second.children {
        match made
            .children
            .iter()
            .position(|known| known.name == child.name)
        {
            None => made.children.push(child),
            Some(place) => {
                if let Some(known) = made.children.get_mut(place) {
                    *known = merge(std::mem::take(known), child);
                }
            }
        }
    }
    made
}

/// `base` holds, and one of `parts`, or null.
pub(super) fn alternatives(base: Node, mut parts: Vec<Node>, null: bool) -> Node {
    // parts like `{ "required": ["a"] }` choose between members, not between kinds
    parts.retain(|part| {
        !part.kinds.is_empty()
            || !part.values.is_empty()
            || part.constant.is_some()
            || part.cut.is_some()
            || part.items.is_some()
            || part.children.iter().any(|child| !child.kinds.is_empty())
    });
    let nullable = null || parts.iter().any(|part| part.nullable);
    let mut made = match parts.len() {
        0 => {
            let mut base = base;
            base.nullable |= null;
            return base;
        }
        1 => {
            let mut base = base;
            // what says nothing of its kind does not forbid the null of its only alternative
            let silent = base.kinds.is_empty();
            let nullable_base = base.nullable;
            base.nullable = true;
            let mut made = parts.into_iter().fold(base, merge);
            made.nullable = nullable && (silent || nullable_base || null);
            return made;
        }
        _ => union(&parts),
    };
    if !base.children.is_empty() || base.kinds.contains(&NodeKind::Object) {
        // members that all alternatives share are known; the rest is open
        let mut base = base;
        base.open = true;
        base.notes.append(&mut made.notes);
        return base;
    }
    made.nullable = nullable;
    let nullable_base = base.nullable || base.kinds.is_empty();
    let mut all = merge(base, made);
    all.nullable = nullable && nullable_base;
    all
}

/// What several alternatives have in common.
fn union(parts: &[Node]) -> Node {
    let mut made = Node {
        open: true,
        notes: vec![format!(
            "one of: {}",
            parts.iter().map(describe).collect::<Vec<_>>().join("; ")
        )],
        ..Node::default()
    };
    let listed = |part: &Node| part.constant.is_some() || !part.values.is_empty();
    if parts.iter().all(listed) {
        // `oneOf` of constants is how enumerations with titles are written
        for part in parts {
            made.values.extend(part.constant.clone());
            made.values.extend(part.values.iter().cloned());
        }
    }
    let mut kinds: Vec<NodeKind> = parts.iter().flat_map(|part| part.kinds.clone()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let known = parts.iter().all(|part| !part.kinds.is_empty());
    let scalar = kinds.iter().all(|kind| kind.is_scalar());
    if known && scalar {
        made.kinds = kinds;
    } else if made.values.is_empty() {
        made.kinds = vec![NodeKind::Any];
    }
    made
}

/// An alternative in a few words.
fn describe(part: &Node) -> String {
    let name = part.title.clone().unwrap_or_default();
    let kinds: Vec<&str> = part.kinds.iter().map(|kind| kind.word()).collect();
    let members: Vec<&str> = part
        .children
        .iter()
        .take(6)
        .map(|child| child.name.as_str())
        .collect();
    let mut text = name;
    let what = match (&part.constant, part.cut.as_ref()) {
        (Some(value), _) => tributary_model::issue::shorten(&value.to_string(), 60),
        (None, Some(reason)) => reason.clone(),
        (None, None) if kinds.is_empty() && part.children.is_empty() => "any".to_owned(),
        (None, None) if kinds.is_empty() => "object".to_owned(),
        (None, None) => kinds.join(" or "),
    };
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(&what);
    if !members.is_empty() {
        text.push_str(&format!(" ({})", members.join(", ")));
    }
    text
}

/// Kinds that both allow; if there are none, the schema cannot be met and the first side counts.
fn both_kinds(first: &[NodeKind], second: &[NodeKind]) -> Vec<NodeKind> {
    if first.is_empty() || first == [NodeKind::Any] {
        return second.to_vec();
    }
    if second.is_empty() || second == [NodeKind::Any] {
        return first.to_vec();
    }
    let allows = |kinds: &[NodeKind], kind: NodeKind| {
        kinds.contains(&kind) || (kind == NodeKind::Int && kinds.contains(&NodeKind::Decimal))
    };
    let mut common: Vec<NodeKind> = first
        .iter()
        .chain(second)
        .copied()
        .filter(|kind| allows(first, *kind) && allows(second, *kind))
        .collect();
    common.sort_unstable();
    common.dedup();
    if common.is_empty() {
        first.to_vec()
    } else {
        common
    }
}

/// The stronger of two ends of a range.
pub(super) fn tighter(first: Option<Bound>, second: Option<Bound>, lower: bool) -> Option<Bound> {
    let (Some(one), Some(two)) = (first, second) else {
        return first.or(second);
    };
    if one.value == two.value {
        return if one.exclusive { first } else { second };
    }
    if (one.value > two.value) == lower {
        first
    } else {
        second
    }
}

fn least<T: Ord>(first: Option<T>, second: Option<T>) -> Option<T> {
    match (first, second) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

fn joined(mut first: Vec<String>, second: Vec<String>) -> Vec<String> {
    for note in second {
        if !first.contains(&note) {
            first.push(note);
        }
    }
    first
}
