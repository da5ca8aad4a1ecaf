//! Template and changes to an ordinary document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::node::{Spot, find, id, ids_below, nodes};
use super::{Derived, Override};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Document, Exact, escape_pointer, nearest, parse};

/// The members of a field of which it has exactly one.
const VALUE_SOURCES: [&str; 7] = [
    "from", "const", "param", "formula", "switch", "object", "each",
];

/// A derived document as what will run.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    pub document: Document,
    /// for every node that is other than in the template the override that says so, by id
    pub origins: BTreeMap<String, String>,
    /// overrides without an effect
    pub warnings: Vec<Diagnostic>,
}

impl Resolved {
    /// Says of a finding about the resolved document which override it comes from, if one does.
    #[must_use]
    pub fn blame(&self, diagnostic: Diagnostic) -> Diagnostic {
        let value = serde_json::to_value(&self.document).unwrap_or_default();
        blame(&self.origins, &value, diagnostic)
    }
}

fn blame(
    origins: &BTreeMap<String, String>,
    document: &Value,
    mut diagnostic: Diagnostic,
) -> Diagnostic {
    let at = diagnostic.pointer.as_str();
    let holds = |spot: &Spot| {
        let rest = at.strip_prefix(spot.pointer().as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // the innermost node that an override made
    let origin = nodes(document)
        .into_iter()
        .filter(|(_, spot)| holds(spot))
        .filter_map(|(id, _)| origins.get(&id))
        .next_back();
    if let Some(origin) = origin {
        diagnostic.message.push_str(", by the override ");
        diagnostic.message.push_str(origin);
    }
    diagnostic
}

/// Applies a derived document's changes to its template.
///
/// # Errors
/// Every override that cannot be applied, with its pointer: `M2202` its node is not there, `M2203` it does
/// not fit its node, `M2204` an id is there already; `M2205` a parameter that is not there. Then what
/// [`parse`] says of the result, whose pointers are those of the resolved document.
pub fn resolve(derived: &Derived, template: &Document) -> Result<Resolved, Vec<Diagnostic>> {
    let mut work = Work {
        document: serde_json::to_value(template).unwrap_or_default(),
        origins: BTreeMap::new(),
        gone: BTreeMap::new(),
        found: Vec::new(),
    };
    work.head(derived);
    work.tables(derived);
    work.params(derived);
    for (place, change) in derived.overrides.iter().enumerate() {
        work.apply(change, &format!("/overrides/{place}"));
    }
    let Work {
        document,
        origins,
        found,
        ..
    } = work;
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    let bytes = serde_json::to_vec(&document).unwrap_or_default();
    match parse(&bytes) {
        Ok(mut document) => {
            // the tree that overrides are applied to has rounded the numbers of tests
            let own = derived.tests.as_ref().map(ToString::to_string);
            let own = own.and_then(|tests| serde_json::from_str(&tests).ok());
            document.tests = own.unwrap_or_else(|| template.tests.clone());
            Ok(Resolved {
                document,
                origins,
                warnings: found,
            })
        }
        Err(found) => Err(found
            .into_iter()
            .map(|diagnostic| blame(&origins, &document, diagnostic))
            .collect()),
    }
}

struct Work {
    document: Value,
    origins: BTreeMap<String, String>,
    /// ids that an override has taken out
    gone: BTreeMap<String, String>,
    found: Vec<Diagnostic>,
}

impl Work {
    fn error(
        &mut self,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found
            .push(Diagnostic::error(code, pointer, message, hint));
    }

    fn no_effect(&mut self, pointer: impl Into<String>, what: &str) {
        self.found.push(Diagnostic::warning(
            code::OVERRIDE_WITHOUT_EFFECT,
            pointer,
            format!("{what} is so in the template already"),
            "remove it, or it will hide what the template says later",
        ));
    }

    fn member(&mut self, name: &str) -> Option<&mut Map<String, Value>> {
        self.document
            .as_object_mut()?
            .entry(name)
            .or_insert_with(|| Value::Object(Map::new()))
            .as_object_mut()
    }

    /// Name, texts, and the parts that are replaced as a whole.
    fn head(&mut self, derived: &Derived) {
        let parts = [
            ("name", Some(Value::from(derived.name.as_str()))),
            ("title", derived.title.clone().map(Value::from)),
            ("description", derived.description.clone().map(Value::from)),
            ("amounts", derived.amounts.clone()),
            ("exclude_from_hash", derived.exclude_from_hash.clone()),
            ("limits", derived.limits.clone()),
            ("tests", derived.tests.as_ref().map(Exact::rounded)),
        ];
        for (name, value) in parts {
            if let (Some(value), Some(members)) = (value, self.document.as_object_mut()) {
                members.insert(name.to_owned(), value);
            }
        }
        if let Some(source) = self.member("source") {
            for (name, value) in &derived.source {
                source.insert(name.clone(), value.clone());
            }
        }
    }

    /// Lookups and functions of code, in place of the template's or new.
    fn tables(&mut self, derived: &Derived) {
        for (member, tables) in [
            ("lookups", &derived.lookups),
            ("external", &derived.external),
        ] {
            for (name, value) in tables {
                let before = self
                    .member(member)
                    .and_then(|members| members.insert(name.clone(), value.clone()));
                if before.as_ref() == Some(value) {
                    let pointer = format!("/{member}/{}", escape_pointer(name));
                    self.no_effect(pointer, &format!("{name:?}"));
                }
            }
        }
    }

    fn params(&mut self, derived: &Derived) {
        for (name, value) in &derived.params {
            let pointer = format!("/params/{}", escape_pointer(name));
            let Some(params) = self.member("params") else {
                return;
            };
            if value.is_object() {
                params.insert(name.clone(), value.clone());
                continue;
            }
            if let Some(param) = params.get_mut(name).and_then(Value::as_object_mut) {
                // it has a value now, which an integration may still change
                param.shift_remove("required");
                let before = param.insert("default".to_owned(), value.clone());
                if before.as_ref() == Some(value) {
                    self.no_effect(pointer, &format!("the default of {name:?}"));
                }
                continue;
            }
            let known: Vec<String> = params.keys().cloned().collect();
            let hint = match nearest(name, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None => "declare it: { \"type\": … }".to_owned(),
            };
            self.error(
                code::OVERRIDE_PARAM,
                pointer,
                format!("the template has no parameter {name:?}"),
                hint,
            );
        }
    }

    fn apply(&mut self, change: &Override, pointer: &str) {
        let Some(spot) = self.spot(change.node(), pointer) else {
            return;
        };
        match change {
            Override::Set { with, without, .. } => self.set(&spot, (with, without), pointer),
            Override::Replace { node, with, .. } => self.replace(&spot, node, with, pointer),
            Override::Remove { .. } => self.remove(&spot, pointer),
            Override::InsertAfter { nodes, .. } => {
                self.insert(&spot.list, spot.index + 1, nodes, pointer);
            }
            Override::InsertInto { node, nodes, .. } => {
                self.insert_into(&spot, node, nodes, pointer);
            }
        }
    }

    /// Where the node stands now.
    fn spot(&mut self, node: &str, pointer: &str) -> Option<Spot> {
        let found = find(&self.document, node);
        if found.is_some() {
            return found;
        }
        let (message, hint) = match self.gone.get(node) {
            Some(by) => (
                format!("the node {node:?} is gone: {by} has taken it out"),
                "remove one of the two overrides".to_owned(),
            ),
            None => {
                let known: Vec<String> = nodes(&self.document)
                    .into_iter()
                    .map(|(id, _)| id)
                    .collect();
                let hint = match nearest(node, &known) {
                    Some(candidate) => format!("did you mean {candidate:?}?"),
                    None => {
                        "use the id of a field, a row step or a rule of the template".to_owned()
                    }
                };
                (format!("the template has no node {node:?}"), hint)
            }
        };
        self.error(
            code::OVERRIDE_NODE,
            format!("{pointer}/node"),
            message,
            hint,
        );
        None
    }

    fn node(&mut self, spot: &Spot) -> Option<&mut Map<String, Value>> {
        self.document
            .pointer_mut(&spot.pointer())
            .and_then(Value::as_object_mut)
    }

    fn set(
        &mut self,
        spot: &Spot,
        (with, without): (&Map<String, Value>, &[String]),
        pointer: &str,
    ) {
        if with.contains_key("id") || without.iter().any(|name| name == "id") {
            return self.error(
                code::OVERRIDE_MISFIT,
                format!("{pointer}/with/id"),
                "the id of a node is what overrides hold on to, and stays",
                "remove the node and insert another one",
            );
        }
        let Some(node) = self.node(spot) else { return };
        let own = id(node).to_owned();
        let mut idle = Vec::new();
        let sets_source = with.keys().any(|name| is_source(name));
        if sets_source && spot.kind == "fields" {
            node.retain(|name, _| !is_source(name) || with.contains_key(name));
        }
        let mut lost = Vec::new();
        for name in without {
            if node.shift_remove(name).is_none() {
                lost.push(name.clone());
            }
        }
        for (name, value) in with {
            if node.get(name) == Some(value) {
                idle.push(name.clone());
            }
            node.insert(name.clone(), value.clone());
        }
        for name in lost {
            self.no_effect(
                format!("{pointer}/without"),
                &format!("{name:?} not being there"),
            );
        }
        for name in idle {
            let place = format!("{pointer}/with/{}", escape_pointer(&name));
            self.no_effect(place, &format!("{name:?}"));
        }
        self.origins.insert(own, pointer.to_owned());
    }

    fn replace(&mut self, spot: &Spot, own: &str, with: &Map<String, Value>, pointer: &str) {
        if with.get("id").is_some_and(|id| id != own) {
            return self.error(
                code::OVERRIDE_MISFIT,
                format!("{pointer}/with/id"),
                format!("a node that replaces {own:?} has its id"),
                "leave id out, or remove the node and insert another one",
            );
        }
        let mut node = Map::new();
        node.insert("id".to_owned(), Value::from(own));
        node.extend(with.clone());
        let Some(place) = self.node(spot) else { return };
        let before = std::mem::replace(place, node.clone());
        self.take_out(&before, pointer);
        self.bring_in(&node, pointer);
        if before == node {
            self.no_effect(pointer, &format!("the node {own:?}"));
        }
    }

    fn remove(&mut self, spot: &Spot, pointer: &str) {
        let list = self.document.pointer_mut(&spot.list);
        let Some(list) = list.and_then(Value::as_array_mut) else {
            return;
        };
        if spot.index < list.len()
            && let Value::Object(node) = list.remove(spot.index)
        {
            self.take_out(&node, pointer);
        }
    }

    fn insert_into(&mut self, spot: &Spot, own: &str, nodes: &[Map<String, Value>], pointer: &str) {
        let inner = self.node(spot).and_then(|node| {
            let holds = |name: &&str| node.get(*name).is_some_and(Value::is_array);
            ["object", "fields"].into_iter().find(holds)
        });
        let Some(inner) = inner.filter(|_| spot.kind == "fields") else {
            return self.error(
                code::OVERRIDE_MISFIT,
                format!("{pointer}/node"),
                format!("{own:?} is no object and no loop, so nothing can be put into it"),
                "use insert_after, or name the object or loop",
            );
        };
        let list = format!("{}/{inner}", spot.pointer());
        let end = self
            .document
            .pointer(&list)
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        self.insert(&list, end, nodes, pointer);
    }

    fn insert(&mut self, list: &str, index: usize, nodes: &[Map<String, Value>], pointer: &str) {
        for (number, node) in nodes.iter().enumerate() {
            let pointer = format!("{pointer}/nodes/{number}");
            if let Some(taken) = ids_below(node)
                .into_iter()
                .find(|id| !id.is_empty() && find(&self.document, id).is_some())
            {
                self.error(
                    code::OVERRIDE_EXISTS,
                    pointer,
                    format!("there is a node {taken:?} already"),
                    "give the new node another id, or use replace",
                );
                continue;
            }
            let list = self.document.pointer_mut(list);
            if let Some(list) = list.and_then(Value::as_array_mut) {
                let place = (index + number).min(list.len());
                list.insert(place, Value::Object(node.clone()));
            }
            self.bring_in(node, &pointer);
        }
    }

    fn take_out(&mut self, node: &Map<String, Value>, pointer: &str) {
        for id in ids_below(node) {
            self.gone.insert(id, pointer.to_owned());
        }
    }

    fn bring_in(&mut self, node: &Map<String, Value>, pointer: &str) {
        for id in ids_below(node) {
            self.gone.remove(&id);
            self.origins.insert(id, pointer.to_owned());
        }
    }
}

fn is_source(name: &str) -> bool {
    VALUE_SOURCES.contains(&name)
}
