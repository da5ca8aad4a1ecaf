//! The tree of fields for a target's schema, with what fills its leaves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tributary_mapping::document::{Field, OnNull, SourceFormat};
use tributary_mapping::schema::{Node, NodeKind, Schema};

use super::kinds::only_value;
use super::scopes::array_of;
use super::{Filling, Finding, Scope, UNMAPPED, field_type, paths, relative};

/// Name of the group's scope and of its rows in drafts for CSV.
pub(crate) const GROUP: &str = "record";
pub(crate) const MEMBERS: &str = "rows";

/// Most characters of an id.
const MAX_ID: usize = 63;

/// What [`build`] makes.
pub(crate) struct Built {
    pub(crate) fields: Vec<Field>,
    /// an `each` goes over the rows of a group
    pub(crate) grouped: bool,
    pub(crate) findings: Vec<Finding>,
}

/// One field per leaf of `target`; `fillings` by target pointer.
pub(crate) fn build(
    target: &Schema,
    format: SourceFormat,
    fillings: &BTreeMap<String, Filling>,
) -> Built {
    let mut builder = Builder {
        format,
        fillings,
        ids: BTreeSet::new(),
        grouped: false,
        findings: Vec::new(),
    };
    let grouped = format == SourceFormat::Csv && has_loop(&target.root);
    let row = Scope {
        name: if grouped { GROUP } else { "row" }.to_owned(),
        path: "$".to_owned(),
    };
    let fields = builder.members(&target.root, "", &[row], true);
    if fields.is_empty() {
        builder.findings.push(Finding::new(
            "",
            "the target has no members that could be mapped",
        ));
    }
    Built {
        fields,
        grouped: builder.grouped,
        findings: builder.findings,
    }
}

/// Whether there is an array of objects, outside of which a CSV's rows are a group.
fn has_loop(node: &Node) -> bool {
    node.children.iter().any(|child| {
        let element = child.items.as_deref();
        element.is_some_and(|element| !element.children.is_empty()) || has_loop(child)
    })
}

struct Builder<'a> {
    format: SourceFormat,
    fillings: &'a BTreeMap<String, Filling>,
    ids: BTreeSet<String>,
    /// the group's rows are gone over already
    grouped: bool,
    findings: Vec<Finding>,
}

impl Builder<'_> {
    /// The fields of an object or of an element. `required`: it is there in every record.
    fn members(
        &mut self,
        node: &Node,
        pointer: &str,
        scopes: &[Scope],
        required: bool,
    ) -> Vec<Field> {
        let mut fields = Vec::with_capacity(node.children.len());
        for child in node.children.iter().filter(|child| !child.read_only) {
            if child.name.is_empty() {
                self.findings.push(Finding::new(
                    pointer,
                    "a member whose name is the empty text cannot be written and was left out",
                ));
                continue;
            }
            let escaped = child.name.replace('~', "~0").replace('/', "~1");
            let place = format!("{pointer}/{escaped}");
            let needed = required && child.required;
            if let Some(field) = self.field(child, &place, scopes, needed) {
                fields.push(field);
            }
        }
        fields
    }

    fn field(
        &mut self,
        node: &Node,
        pointer: &str,
        scopes: &[Scope],
        required: bool,
    ) -> Option<Field> {
        let base = Field {
            id: self.id(pointer),
            to: Some(node.name.clone()),
            ..Field::default()
        };
        if !node.children.is_empty() {
            let inner = self.members(node, pointer, scopes, required);
            if inner.is_empty() {
                return None;
            }
            let on_null = if required { OnNull::Emit } else { OnNull::Omit };
            return Some(Field {
                object: Some(inner),
                on_null,
                ..base
            });
        }
        match node.items.as_deref() {
            Some(element) if !element.children.is_empty() => {
                self.each(node, element, base, pointer, scopes)
            }
            _ => Some(self.leaf(node, base, pointer, scopes, required)),
        }
    }

    /// A loop, if it is known or can be said what it goes over.
    fn each(
        &mut self,
        node: &Node,
        element: &Node,
        base: Field,
        pointer: &str,
        scopes: &[Scope],
    ) -> Option<Field> {
        let (each, path, note) = match self.format {
            SourceFormat::Json => self.array(node, pointer, scopes),
            SourceFormat::Csv if !self.grouped && scopes.len() == 1 => {
                self.grouped = true;
                (format!("{GROUP}.{MEMBERS}"), "$".to_owned(), String::new())
            }
            SourceFormat::Csv => {
                let message = "a CSV's rows can fill one array of the target; this one was left without a source";
                self.findings.push(Finding::new(pointer, message));
                return Some(Field {
                    kind: Some("json".to_owned()),
                    constant: Some(Value::Null),
                    on_null: OnNull::Omit,
                    note: format!("{UNMAPPED}: {message}"),
                    ..base
                });
            }
        };
        let name = self.scope_name(&node.name, scopes);
        let mut inside = scopes.to_vec();
        inside.push(Scope {
            name: name.clone(),
            path,
        });
        let fields = self.members(element, &format!("{pointer}/*"), &inside, true);
        if fields.is_empty() {
            return None;
        }
        let limit = |count: Option<u64>| count.and_then(|count| u32::try_from(count).ok());
        Some(Field {
            each: Some(each),
            alias: Some(name),
            note,
            fields,
            min_items: limit(node.min_items).filter(|count| *count > 0),
            max_items: limit(node.max_items).filter(|count| *count > 0),
            ..base
        })
    }

    /// The source array of a loop: the one that most of its leaves come from.
    fn array(&self, node: &Node, pointer: &str, scopes: &[Scope]) -> (String, String, String) {
        let inside = format!("{pointer}/*/");
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, filling) in self.fillings {
            // leaves of deeper loops speak for deeper arrays
            let direct = place
                .strip_prefix(&inside)
                .is_some_and(|rest| !rest.contains("/*/"));
            for array in filling.from.iter().filter_map(|path| array_of(path)) {
                if direct && relative(array, scopes).is_some() {
                    *votes.entry(array).or_default() += 1;
                }
            }
        }
        // of equal ones the first by name: the same input gives the same draft
        let best = votes
            .iter()
            .max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
        if let Some((array, _)) = best
            && let Some((path, None)) = relative(array, scopes)
        {
            return (path, format!("{array}[*]"), String::new());
        }
        let step = tributary_mapping::schema::member_step(&node.name);
        let nearest = scopes.last().map_or("$", |scope| scope.path.as_str());
        let absolute = format!("{nearest}{step}[*]");
        let name = format!("${step}");
        let note = format!(
            "{UNMAPPED}: no array of the source is known; the path is the target's own name"
        );
        (name, absolute, note)
    }

    fn leaf(
        &mut self,
        node: &Node,
        base: Field,
        pointer: &str,
        scopes: &[Scope],
        required: bool,
    ) -> Field {
        let kind = field_type(node);
        let on_null = if required || node.nullable {
            OnNull::Emit
        } else {
            OnNull::Omit
        };
        let mut field = Field {
            kind: Some(kind.text),
            values: kind.values,
            required: required && !node.nullable,
            on_null,
            ..base
        };
        let filling = self.fillings.get(pointer).cloned().unwrap_or_default();
        field.note = filling.note;
        if let Some(value) = filling.constant {
            field.constant = Some(value);
            field.steps = filling.steps;
        } else if !filling.from.is_empty() {
            self.read(&mut field, filling.from, scopes, pointer);
            field.steps = filling.steps;
        } else if let Some(value) = only_value(node) {
            field.constant = Some(value);
        }
        let empty = field.constant.is_none() && field.from.is_none();
        if empty {
            field.constant = Some(Value::Null);
            field.steps = Vec::new();
            let more = std::mem::take(&mut field.note);
            field.note = match (more.is_empty(), what_is_left(node)) {
                (true, None) => UNMAPPED.to_owned(),
                (true, Some(what)) => format!("{UNMAPPED}: {what}"),
                (false, _) => format!("{UNMAPPED}: {more}"),
            };
        }
        field
    }

    /// Sets `from` and `scope`; paths that cannot be read here are named in the note.
    fn read(&mut self, field: &mut Field, from: Vec<String>, scopes: &[Scope], pointer: &str) {
        let mut found = Vec::new();
        let mut scope = None;
        for path in from {
            match relative(&path, scopes) {
                Some((relative, of)) if found.is_empty() || of == scope => {
                    found.push(relative);
                    scope = of;
                }
                _ => {
                    let message = format!("{path} cannot be read at this place");
                    if !field.note.is_empty() {
                        field.note.push_str("; ");
                    }
                    field.note.push_str(&message);
                    self.findings.push(Finding::new(pointer, message));
                }
            }
        }
        field.from = paths(found);
        if field.from.is_some() {
            field.scope = scope;
        }
    }

    /// A name for the scope of a loop that no scope around has.
    fn scope_name(&self, array: &str, scopes: &[Scope]) -> String {
        let singular = match array.strip_suffix("ies") {
            Some(stem) if !stem.is_empty() => format!("{stem}y"),
            _ => array.strip_suffix('s').unwrap_or(array).to_owned(),
        };
        let name = identifier(&singular);
        let taken = |name: &str| scopes.iter().any(|scope| scope.name == name);
        unique(name, "_element", taken)
    }

    /// An id from the end of a pointer, longer where a shorter one is taken.
    fn id(&mut self, pointer: &str) -> String {
        let names: Vec<String> = pointer
            .split('/')
            .filter(|name| !name.is_empty() && *name != "*")
            .map(identifier)
            .collect();
        let mut id = names.last().cloned().unwrap_or_else(|| identifier(""));
        for name in names.iter().rev().skip(1) {
            if !self.ids.contains(&id) {
                break;
            }
            id = identifier(&format!("{name}_{id}"));
        }
        let id = unique(id, "_", |id| self.ids.contains(id));
        self.ids.insert(id.clone());
        id
    }
}

/// `name`, or with a suffix and a number the first that is free.
fn unique(name: String, suffix: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut made = name.clone();
    let mut number = 2_u32;
    while taken(&made) {
        let end = format!("{suffix}{number}");
        let room = MAX_ID.saturating_sub(end.len());
        made = format!("{}{end}", name.get(..room).unwrap_or(&name));
        number += 1;
    }
    made
}

/// `name` as letters, digits and `_`, not longer than an id may be.
fn identifier(name: &str) -> String {
    let mut made = String::new();
    for sign in name.chars() {
        match sign {
            'ä' => made.push_str("ae"),
            'ö' => made.push_str("oe"),
            'ü' => made.push_str("ue"),
            'Ä' => made.push_str("Ae"),
            'Ö' => made.push_str("Oe"),
            'Ü' => made.push_str("Ue"),
            'ß' => made.push_str("ss"),
            sign if sign.is_ascii_alphanumeric() => made.push(sign),
            _ if made.ends_with('_') => {}
            _ => made.push('_'),
        }
    }
    let digit = made.starts_with(|sign: char| sign.is_ascii_digit());
    if digit || made.is_empty() {
        made.insert(0, '_');
    }
    made.truncate(MAX_ID);
    made
}

/// What a leaf is that is more than a value.
fn what_is_left(node: &Node) -> Option<&'static str> {
    match node.kind() {
        NodeKind::Array => Some("an array of plain values, copied as it is from one source value"),
        NodeKind::Object => Some("an object without declared members, copied as it is"),
        NodeKind::Any if !node.notes.is_empty() => Some("the schema allows several forms"),
        _ => None,
    }
}
