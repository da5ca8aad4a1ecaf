//! The target of a sheet: a tree grown from its rows, or a given schema in which they are looked up.

use tributary_mapping::schema::{Node, NodeKind, Schema};

use super::sheet_cells::TargetStep;

/// Most levels that a row can open.
const MAX_LEVELS: usize = 32;

/// Why a row has no place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misplaced {
    TooDeep,
    /// a field is a value and an object at once
    Conflict,
    /// the given schema does not have it
    Unknown,
}

/// Adds a leaf; its pointer, and the node to describe it further.
pub(super) fn grow<'a>(
    root: &'a mut Node,
    steps: &[TargetStep],
) -> Result<(String, &'a mut Node), Misplaced> {
    if steps.len() > MAX_LEVELS {
        return Err(Misplaced::TooDeep);
    }
    let mut node = root;
    let mut pointer = String::new();
    for step in steps {
        // what was described as a value by an earlier row has no members
        if node.kinds.first().is_some_and(|kind| kind.is_scalar()) {
            return Err(Misplaced::Conflict);
        }
        match step {
            TargetStep::Elements => {
                if !node.children.is_empty() {
                    return Err(Misplaced::Conflict);
                }
                node.kinds = vec![NodeKind::Array];
                pointer.push_str("/*");
                node = node.items.get_or_insert_with(|| {
                    Box::new(Node {
                        name: "*".to_owned(),
                        required: true,
                        ..Node::default()
                    })
                });
            }
            TargetStep::Name(name) => {
                if node.items.is_some() {
                    return Err(Misplaced::Conflict);
                }
                node.kinds = vec![NodeKind::Object];
                pointer.push('/');
                pointer.push_str(&escaped(name));
                let place = node.children.iter().position(|child| child.name == *name);
                let place = place.unwrap_or_else(|| {
                    node.children.push(Node {
                        name: name.clone(),
                        ..Node::default()
                    });
                    node.children.len() - 1
                });
                node = node.children.get_mut(place).ok_or(Misplaced::Conflict)?;
            }
        }
    }
    if node.children.is_empty() && node.items.is_none() {
        Ok((pointer, node))
    } else {
        Err(Misplaced::Conflict)
    }
}

/// The pointer of a row's leaf in a given schema; arrays need not be marked, case does not count.
pub(super) fn find(schema: &Schema, steps: &[TargetStep]) -> Result<String, Misplaced> {
    let mut node = &schema.root;
    let mut pointer = String::new();
    for step in steps {
        match step {
            TargetStep::Elements => {
                // the array was entered with its name already, or is entered here
                if let Some(items) = node.items.as_deref() {
                    pointer.push_str("/*");
                    node = items;
                }
            }
            TargetStep::Name(name) => {
                if let Some(items) = node.items.as_deref() {
                    pointer.push_str("/*");
                    node = items;
                }
                let exact = node.child(name);
                let child = exact.or_else(|| {
                    let mut alike = node
                        .children
                        .iter()
                        .filter(|child| child.name.eq_ignore_ascii_case(name));
                    // of two that differ in case only, neither is meant for sure
                    let first = alike.next();
                    first.filter(|_| alike.next().is_none())
                });
                node = child.ok_or(Misplaced::Unknown)?;
                pointer.push('/');
                pointer.push_str(&escaped(&node.name));
            }
        }
    }
    let leaf = node.children.is_empty()
        && node
            .items
            .as_ref()
            .is_none_or(|items| items.children.is_empty());
    if leaf {
        Ok(pointer)
    } else {
        Err(Misplaced::Conflict)
    }
}

/// Marks everything around required leaves as required too, and names unknown kinds texts.
pub(super) fn settle(node: &mut Node) {
    for child in &mut node.children {
        settle(child);
    }
    if let Some(items) = &mut node.items {
        settle(items);
    }
    if node.kinds.is_empty() {
        node.kinds.push(NodeKind::String);
    }
    if node.kinds == [NodeKind::Object] && node.children.iter().any(|child| child.required) {
        node.required = true;
    }
    // an array that must have elements is not what "required" of a field inside says
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
