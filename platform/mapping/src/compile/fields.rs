//! The target tree: objects, loops and where each node stands.

use std::collections::BTreeSet;

use super::compiler::{Compiler, Each, Named, Subject, Target};
use crate::diagnostic::code;
use crate::document::{Field, OnError, OnNull, RowStep, escape_pointer};
use crate::formula::expression::SlotRef;
use crate::path::Path;
use crate::plan::{
    Body, EachExtra, EachNode, EachSource, MemberName, Node, OutputType, Scope, TargetStep,
};

/// Where a list of fields stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// of the list in the document
    pointer: String,
    pub(crate) scope: u16,
    target: Vec<TargetStep>,
    /// the target as pointer, `*` for elements
    pattern: String,
    /// dotted name of the object around
    prefix: String,
    /// loops around
    depth: usize,
}

impl Place {
    pub(crate) fn top() -> Self {
        Self {
            pointer: "/fields".to_owned(),
            scope: 0,
            target: Vec::new(),
            pattern: String::new(),
            prefix: String::new(),
            depth: 0,
        }
    }

    fn inside_loop(&self) -> bool {
        self.depth > 0
    }
}

/// What a loop goes over, the table of its elements, and the array if it is one.
type Elements = (EachSource, usize, Option<(SlotRef, Path)>);

/// One field with everything about its place.
pub(crate) struct Spot<'a> {
    pub(crate) field: &'a Field,
    pub(crate) pointer: String,
    pub(crate) scope: u16,
    pub(crate) inside_loop: bool,
    pub(crate) target: Vec<TargetStep>,
    pub(crate) pattern: String,
    /// names that formulas may use for it
    pub(crate) names: Vec<String>,
}

impl Compiler<'_> {
    /// Compiles a list of fields.
    pub(crate) fn fields(&mut self, fields: &[Field], place: &Place) -> Vec<Node> {
        let mut seen = BTreeSet::new();
        let mut nodes = Vec::with_capacity(fields.len());
        for (number, field) in fields.iter().enumerate() {
            let pointer = format!("{}/{number}", place.pointer);
            if let Some(name) = &field.to
                && !seen.insert(name.as_str())
            {
                self.error(
                    code::DUPLICATE_TARGET,
                    format!("{pointer}/to"),
                    format!("{name:?} is written twice"),
                    "join both fields with a switch, or name one differently",
                );
            }
            nodes.extend(self.field(field, pointer, place));
        }
        nodes
    }

    fn field(&mut self, field: &Field, pointer: String, place: &Place) -> Option<Node> {
        self.id(&field.id, &pointer);
        if !self.one_source(field, &pointer) {
            return None;
        }
        let spot = spot(field, pointer, place);
        let when = match &field.when {
            Some(text) => {
                Some(self.condition(text, place.scope, &format!("{}/when", spot.pointer))?)
            }
            None => None,
        };
        let excluded =
            field.to.is_some() && self.document.exclude_from_hash.contains(&spot.pattern);
        let body = if let Some(inner) = &field.object {
            self.object(inner, &spot, place)
        } else if let Some(source) = &field.each {
            self.each(source, &spot, place)?
        } else {
            self.subjects
                .entry(field.id.clone())
                .or_insert_with(|| Subject {
                    scope: place.scope,
                    target: spot.target.clone().into(),
                    variable: None,
                    value: None,
                });
            Body::Value(Box::new(self.value(&spot)?))
        };
        if field.to.is_some() {
            let target = match &body {
                Body::Value(node) if place.depth == 0 => match node.output {
                    OutputType::Date | OutputType::DateTime => Target::Date,
                    _ if node.output.is_number() => Target::Number,
                    _ => Target::Other,
                },
                _ => Target::Other,
            };
            self.targets.insert(spot.pattern.clone(), target);
        }
        Some(Node {
            id: field.id.as_str().into(),
            name: field.to.as_deref().map(MemberName::new),
            target: spot.target.into(),
            when,
            excluded,
            body,
        })
    }

    /// Exactly one value source, and no member that has no effect with it.
    fn one_source(&mut self, field: &Field, pointer: &str) -> bool {
        let sources = [
            ("from", field.from.is_some()),
            ("const", field.constant.is_some()),
            ("param", field.param.is_some()),
            ("formula", field.formula.is_some()),
            ("switch", field.switch.is_some()),
            ("object", field.object.is_some()),
            ("each", field.each.is_some()),
        ];
        let there: Vec<&str> = sources
            .iter()
            .filter(|(_, set)| *set)
            .map(|(name, _)| *name)
            .collect();
        let [only] = there.as_slice() else {
            let found = if there.is_empty() {
                "nothing".to_owned()
            } else {
                there.join(" and ")
            };
            self.error(
                code::ONE_SOURCE,
                pointer,
                format!("the field {:?} has {found} as its value", field.id),
                "write exactly one of from, const, param, formula, switch, object, each",
            );
            return false;
        };
        let each = *only == "each";
        let nested = each || *only == "object";
        let misplaced = [
            ("fields", !each && !field.fields.is_empty()),
            ("keep", !each && field.keep.is_some()),
            ("min_items", !each && field.min_items.is_some()),
            ("max_items", !each && field.max_items.is_some()),
            ("as", *only == "object" && field.alias.is_some()),
            ("type", nested && field.kind.is_some()),
            ("values", nested && !field.values.is_empty()),
            ("do", nested && !field.steps.is_empty()),
            ("required", nested && field.required),
            ("sensitive", nested && field.sensitive),
            ("on_error", nested && field.on_error != OnError::Reject),
            ("null", each && field.on_null != OnNull::Emit),
            ("scope", *only != "from" && field.scope.is_some()),
            (
                "on_error_value",
                field.on_error != OnError::Default && field.on_error_value.is_some(),
            ),
        ];
        for (member, _) in misplaced.iter().filter(|(_, wrong)| *wrong) {
            self.error(
                code::MISPLACED,
                format!("{pointer}/{member}"),
                format!("{member:?} has no effect together with {only:?}"),
                "remove it",
            );
        }
        if nested && field.to.is_none() {
            self.error(
                code::MISPLACED,
                format!("{pointer}/to"),
                format!("an {only} needs a name in the target"),
                "write to; for an aggregate over lines that are not sent, exclude them in the target's connector",
            );
        }
        true
    }

    fn object(&mut self, inner: &[Field], spot: &Spot<'_>, place: &Place) -> Body {
        let name = spot.field.to.as_deref().unwrap_or_default();
        let nodes = self.fields(
            inner,
            &Place {
                pointer: format!("{}/object", spot.pointer),
                scope: place.scope,
                target: spot.target.clone(),
                pattern: spot.pattern.clone(),
                prefix: format!("{}{name}.", place.prefix),
                depth: place.depth,
            },
        );
        Body::Object {
            nodes,
            omit_empty: spot.field.on_null == OnNull::Omit,
        }
    }

    fn each(&mut self, source: &str, spot: &Spot<'_>, place: &Place) -> Option<Body> {
        let field = spot.field;
        if field.fields.is_empty() {
            self.error(
                code::ONE_SOURCE,
                &spot.pointer,
                "an each needs fields for its elements",
                "add fields: [ … ]",
            );
            return None;
        }
        let (source, table, array) = self.each_source(source, spot, place)?;
        if let Some(name) = &field.alias
            && self.scope_named(place.scope, name).is_some()
        {
            self.error(
                code::NAME_AMBIGUOUS,
                format!("{}/as", spot.pointer),
                format!("{name:?} is the name of a scope around this one"),
                "use another name",
            );
        }
        let scope = self.open(Scope {
            name: field.alias.clone(),
            parent: Some(place.scope),
            table,
            array,
        });
        let index = self.eaches.len();
        self.eaches.push(Each {
            scope,
            extra: EachExtra::default(),
        });
        let keep = match &field.keep {
            Some(text) => Some(self.condition(text, scope, &format!("{}/keep", spot.pointer))?),
            None => None,
        };
        let mut target = spot.target.clone();
        target.push(TargetStep::Element(place.depth));
        let nodes = self.fields(
            &field.fields,
            &Place {
                pointer: format!("{}/fields", spot.pointer),
                scope,
                target,
                pattern: format!("{}/*", spot.pattern),
                prefix: String::new(),
                depth: place.depth + 1,
            },
        );
        if let Some(name) = &field.to {
            let name = format!("{}{name}", place.prefix);
            self.define(place.scope, name, Named::Each(index), &spot.pointer);
        }
        Some(Body::Each(Box::new(EachNode {
            index,
            scope,
            source,
            keep,
            min_items: field.min_items.unwrap_or(0),
            max_items: field.max_items.unwrap_or(u32::MAX),
            nodes,
        })))
    }

    /// What a loop goes over, the table of its elements, and the array if it is one.
    fn each_source(&mut self, source: &str, spot: &Spot<'_>, place: &Place) -> Option<Elements> {
        let pointer = format!("{}/each", spot.pointer);
        let plain = crate::path::parse_array(source).is_ok();
        if source.starts_with('$')
            && !plain
            && let Some(nodes) = self.nodes_path(place.scope, source, &pointer)
        {
            let (within, path) = (nodes.within, self.path_of(nodes.within));
            let table = self.new_table();
            let source = EachSource::Nodes(Box::new(nodes), table);
            return Some((source, table, Some((within, path))));
        }
        if source.starts_with('$') {
            let (table, slot, path) = self.array(place.scope, source, &pointer)?;
            return Some((EachSource::Array(slot), table, Some((slot, path))));
        }
        let members = self.document.rows.iter().find_map(|step| match step {
            RowStep::Group(group) => Some(format!("{}.{}", group.scope, group.members)),
            RowStep::Filter { .. } | RowStep::Dedupe { .. } => None,
        });
        match members {
            Some(members) if members == source && !place.inside_loop() => {
                Some((EachSource::Members, 0, None))
            }
            Some(members) if members == source => {
                self.error(
                    code::MISPLACED,
                    pointer,
                    "the group's rows cannot be gone over inside another each",
                    "move it to the top",
                );
                None
            }
            other => {
                let hint = match other {
                    Some(members) => format!("use {members:?}, or the path of an array ($.items)"),
                    None => "use the path of an array ($.items), or add a group to rows".to_owned(),
                };
                self.error(
                    code::NAME_UNKNOWN,
                    pointer,
                    format!("there is nothing called {source:?}"),
                    hint,
                );
                None
            }
        }
    }

    /// Makes a name known to the formulas that follow.
    pub(crate) fn define(&mut self, scope: u16, name: String, named: Named, pointer: &str) {
        let Some(names) = self.names.get_mut(usize::from(scope)) else {
            return;
        };
        if let Named::Variable(index, _) = named {
            self.variable_names
                .entry(index)
                .or_insert_with(|| name.clone());
        }
        if names.insert(name.clone(), named).is_some() {
            self.error(
                code::NAME_AMBIGUOUS,
                pointer,
                format!("{name:?} already stands for another field of this scope"),
                "give one of them another name with as",
            );
        }
    }

    /// Pointers of `amounts`, `dates` and `exclude_from_hash` that name nothing, or nothing suitable.
    pub(crate) fn unused_pointers(&mut self) {
        let document = self.document;
        let figures = [
            (
                "amounts",
                &document.amounts,
                Target::Number,
                "is not a single number",
                "name an int or decimal field outside of each, for example /total_amount",
            ),
            (
                "dates",
                &document.dates,
                Target::Date,
                "is not a single date",
                "name a date or datetime field outside of each, for example /order_date",
            ),
        ];
        for (member, pointers, wanted, not, hint) in figures {
            for (place, pointer) in pointers.iter().enumerate() {
                let why = match self.targets.get(pointer) {
                    Some(found) if *found == wanted => continue,
                    Some(_) => not,
                    None => "is not a field of the target",
                };
                self.error(
                    code::TARGET_POINTER,
                    format!("/{member}/{place}"),
                    format!("{pointer:?} {why}"),
                    hint,
                );
            }
        }
        for (place, pointer) in document.exclude_from_hash.iter().enumerate() {
            if !self.targets.contains_key(pointer) {
                self.error(
                    code::TARGET_POINTER,
                    format!("/exclude_from_hash/{place}"),
                    format!("{pointer:?} is not a field of the target"),
                    "write it like /exported_at or /lines/*/note",
                );
            }
        }
    }
}

fn spot<'a>(field: &'a Field, pointer: String, place: &Place) -> Spot<'a> {
    let name = field.to.as_deref();
    let mut target = place.target.clone();
    let shown = name.or(field.alias.as_deref()).unwrap_or(&field.id);
    target.push(TargetStep::Name(shown.into()));
    let mut names = Vec::new();
    if let Some(name) = name {
        names.push(format!("{}{name}", place.prefix));
    }
    if let Some(alias) = &field.alias
        && !names.contains(alias)
    {
        names.push(alias.clone());
    }
    Spot {
        field,
        pointer,
        scope: place.scope,
        inside_loop: place.inside_loop(),
        target,
        pattern: format!("{}/{}", place.pattern, escape_pointer(shown)),
        names,
    }
}
