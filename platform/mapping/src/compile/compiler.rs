//! The compiler's state: scopes, wanted places, names, and the diagnostics found so far.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use tributary_model::external::FunctionCode;

use super::Environment;
use crate::Document;
use crate::diagnostic::{Diagnostic, code};
use crate::document::{RowStep, SourceFormat, nearest};
use crate::formula::expression::{Reference, SlotRef};
use crate::functions::Locale;
use crate::path::{Path, PathError, Query, Step, parse_array, parse_singular};
use crate::plan::{
    DocumentRule, EachExtra, ExternalFunction, Figure, LookupTable, NodesPath, RunRule, Scope,
    TargetStep, WantedSlot,
};
use crate::reader::{NodeId, ROOT, Trie};
use crate::value::{Constant, Kind};

/// Name of the row's scope without a group.
pub(crate) const ROW: &str = "row";

/// What a target field holds, as far as run figures can be made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// a number, once per record
    Number,
    /// a date, once per record
    Date,
    Other,
}

/// State of one compilation.
pub(crate) struct Compiler<'d> {
    pub(crate) document: &'d Document,
    pub(crate) environment: &'d Environment<'d>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) locale: Locale,
    pub(crate) zone: Option<TimeZone>,
    pub(crate) tries: Vec<Trie>,
    pub(crate) slots: Vec<Vec<WantedSlot>>,
    pub(crate) scopes: Vec<Scope>,
    /// what formulas may name, per scope
    pub(crate) names: Vec<BTreeMap<String, Named>>,
    pub(crate) variables: u32,
    pub(crate) variable_names: BTreeMap<u32, String>,
    /// variables that something reads
    pub(crate) read: BTreeSet<u32>,
    /// what was resolved so far, in the order of the document: the end of it is what the call that is
    /// compiled reads in its arguments
    pub(crate) resolved: Vec<Reference>,
    /// functions over a list around the formula that is compiled: `it` is known inside them
    pub(crate) items: u32,
    pub(crate) eaches: Vec<Each>,
    pub(crate) params: BTreeMap<String, Constant>,
    pub(crate) lookups: Vec<LookupTable>,
    pub(crate) external: Vec<ExternalFunction>,
    pub(crate) code: Vec<Arc<dyn FunctionCode>>,
    /// the field that is compiled calls a function whose values are sensitive
    pub(crate) calls_sensitive: bool,
    /// id of every node and rule, with its place
    pub(crate) ids: BTreeMap<String, String>,
    /// what a quality rule may be about, by id
    pub(crate) subjects: BTreeMap<String, Subject>,
    /// target pointers seen, with `*` for elements
    pub(crate) targets: BTreeMap<String, Target>,
    pub(crate) document_rules: Vec<DocumentRule>,
    pub(crate) run_rules: Vec<RunRule>,
    pub(crate) figures: Vec<(u32, Figure)>,
}

/// What a name in a formula stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named {
    Variable(u32, Kind),
    /// place in [`Compiler::eaches`]
    Each(usize),
}

/// A loop while the document is compiled.
pub(crate) struct Each {
    pub(crate) scope: u16,
    pub(crate) extra: EachExtra,
}

/// A node that a quality rule may be about.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) scope: u16,
    pub(crate) target: Box<[TargetStep]>,
    /// its value, unless it is sensitive
    pub(crate) variable: Option<u32>,
    /// its value
    pub(crate) value: Option<u32>,
}

impl<'d> Compiler<'d> {
    pub(crate) fn new(document: &'d Document, environment: &'d Environment<'d>) -> Self {
        let group = document.rows.iter().find_map(|step| match step {
            RowStep::Group(group) => Some(group.scope.clone()),
            RowStep::Filter { .. } | RowStep::Dedupe { .. } => None,
        });
        let mut compiler = Self {
            document,
            environment,
            diagnostics: Vec::new(),
            locale: Locale::from(document.source.locale),
            zone: None,
            tries: vec![Trie::default()],
            slots: vec![Vec::new()],
            scopes: vec![Scope {
                name: Some(group.unwrap_or_else(|| ROW.to_owned())),
                parent: None,
                table: 0,
                array: None,
            }],
            names: vec![BTreeMap::new()],
            variables: 0,
            variable_names: BTreeMap::new(),
            read: BTreeSet::new(),
            resolved: Vec::new(),
            items: 0,
            eaches: Vec::new(),
            params: BTreeMap::new(),
            lookups: Vec::new(),
            external: Vec::new(),
            code: Vec::new(),
            calls_sensitive: false,
            ids: BTreeMap::new(),
            subjects: BTreeMap::new(),
            targets: BTreeMap::new(),
            document_rules: Vec::new(),
            run_rules: Vec::new(),
            figures: Vec::new(),
        };
        if let Some(name) = &document.source.time_zone {
            compiler.zone = TimeZone::get(name).ok();
            if compiler.zone.is_none() {
                compiler.error(
                    code::SCHEMA,
                    "/source/time_zone",
                    format!("{name:?} is not an IANA time zone"),
                    "use a name such as Europe/Berlin",
                );
            }
        }
        compiler
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.diagnostics
            .push(Diagnostic::error(code, pointer, message, hint));
    }

    /// A new variable.
    pub(crate) fn variable(&mut self) -> u32 {
        let index = self.variables;
        self.variables += 1;
        index
    }

    /// Takes an id; every id of the document is used once.
    pub(crate) fn id(&mut self, id: &str, pointer: &str) {
        if let Some(other) = self.ids.insert(id.to_owned(), pointer.to_owned()) {
            self.error(
                code::DUPLICATE_ID,
                format!("{pointer}/id"),
                format!("the id {id:?} is used at {other} too"),
                "give every node and rule an id of its own",
            );
        }
    }

    /// Opens a scope.
    pub(crate) fn open(&mut self, scope: Scope) -> u16 {
        let id = u16::try_from(self.scopes.len()).unwrap_or(u16::MAX);
        self.scopes.push(scope);
        self.names.push(BTreeMap::new());
        id
    }

    /// The scopes from `scope` outwards.
    pub(crate) fn chain(&self, scope: u16) -> Vec<u16> {
        let mut chain = Vec::new();
        let mut next = Some(scope);
        while let Some(id) = next {
            chain.push(id);
            next = self
                .scopes
                .get(usize::from(id))
                .and_then(|scope| scope.parent);
        }
        chain
    }

    /// The scope called `name`, from `scope` outwards.
    pub(crate) fn scope_named(&self, scope: u16, name: &str) -> Option<u16> {
        self.chain(scope).into_iter().find(|id| {
            self.scopes
                .get(usize::from(*id))
                .is_some_and(|scope| scope.name.as_deref() == Some(name))
        })
    }

    /// The slot of a path on the element of a scope.
    pub(crate) fn slot(&mut self, scope: u16, path: &str, pointer: &str) -> Option<SlotRef> {
        match parse_singular(path) {
            Ok(steps) => self.slot_of(scope, steps, pointer),
            Err(error) => {
                self.path_error(path, error, pointer);
                None
            }
        }
    }

    pub(crate) fn path_error(&mut self, path: &str, error: PathError, pointer: &str) {
        match error {
            PathError::Invalid(why) => self.error(
                code::PATH_INVALID,
                pointer,
                format!("{path:?} is not an RFC 9535 query: {why}"),
                "write it like $.order.id or $['Order No']",
            ),
            PathError::Unsupported(why) => self.error(
                code::PATH_UNSUPPORTED,
                pointer,
                why,
                "name one value, or go over the array with each",
            ),
        }
    }

    /// The slot of parsed steps on the element of a scope.
    pub(crate) fn slot_of(&mut self, scope: u16, path: Path, pointer: &str) -> Option<SlotRef> {
        let table = self.scopes.get(usize::from(scope))?.table;
        if self.document.source.format == SourceFormat::Csv && !self.is_column(&path, pointer) {
            return None;
        }
        let node = self.walk(table, &path, pointer)?;
        let wanted = self.slots.get_mut(table)?;
        let trie = self.tries.get_mut(table)?.node_mut(node)?;
        let slot = match trie.slot {
            Some(slot) => slot,
            None => {
                let slot = u16::try_from(wanted.len()).ok()?;
                trie.slot = Some(slot);
                wanted.push(WantedSlot {
                    path,
                    pointer: pointer.to_owned(),
                });
                slot
            }
        };
        let slot = SlotRef {
            scope,
            table: u16::try_from(table).ok()?,
            slot,
        };
        self.resolved.push(Reference::Slot(slot));
        Some(slot)
    }

    /// Whether the path names one column, and one that the source has.
    fn is_column(&mut self, path: &[Step], pointer: &str) -> bool {
        let [Step::Name(name)] = path else {
            self.error(
                code::PATH_UNSUPPORTED,
                pointer,
                "a CSV row has columns and nothing inside them",
                "name the column: $.column or $['Column']",
            );
            return false;
        };
        match self.environment.source_columns {
            Some(columns) if !columns.contains(name) => {
                let diagnostic = unknown_column(name, columns, pointer);
                self.diagnostics.push(diagnostic);
                false
            }
            _ => true,
        }
    }

    fn walk(&mut self, table: usize, path: &[Step], pointer: &str) -> Option<NodeId> {
        let trie = self.tries.get_mut(table)?;
        let mut node = ROOT;
        for step in path {
            let next = match step {
                Step::Name(name) => trie.member(node, name),
                Step::Index(index) => trie.element(node, *index),
            };
            match next {
                Some(next) => node = next,
                None => {
                    self.error(
                        code::PATH_UNSUPPORTED,
                        pointer,
                        "more than 256 members of one object are read",
                        "split the mapping",
                    );
                    return None;
                }
            }
        }
        Some(node)
    }

    /// A path with several results on the element of a scope; `None` if it names one value, and for a
    /// CSV source, which [`Self::slot`] tells of.
    pub(crate) fn nodes_path(
        &mut self,
        scope: u16,
        text: &str,
        pointer: &str,
    ) -> Option<NodesPath> {
        if self.document.source.format == SourceFormat::Csv {
            return None;
        }
        let query = Query::parse(text).ok()?;
        if query.singular().is_some() {
            return None;
        }
        let (path, query) = query.prefix();
        let within = self.slot_of(scope, path, pointer)?;
        Some(NodesPath { within, query })
    }

    /// The table and slot of a JSON array on the element of a scope.
    pub(crate) fn array(
        &mut self,
        scope: u16,
        text: &str,
        pointer: &str,
    ) -> Option<(usize, SlotRef, Path)> {
        if self.document.source.format == SourceFormat::Csv {
            self.error(
                code::PATH_UNSUPPORTED,
                pointer,
                format!("{text:?}: a CSV row has no arrays"),
                "group the rows and go over the group's members: \"order.lines\"",
            );
            return None;
        }
        let path = match parse_array(text) {
            Ok(path) => path,
            Err(error) => {
                self.path_error(text, error, pointer);
                return None;
            }
        };
        let table = self.scopes.get(usize::from(scope))?.table;
        let node = self.walk(table, &path, pointer)?;
        if let Some((inner, slot)) = self.tries.get(table)?.node(node)?.items {
            let slot = SlotRef {
                scope,
                table: u16::try_from(table).ok()?,
                slot,
            };
            return Some((inner, slot, path));
        }
        let inner = self.new_table();
        let wanted = self.slots.get_mut(table)?;
        let slot = u16::try_from(wanted.len()).ok()?;
        wanted.push(WantedSlot {
            path: path.clone(),
            pointer: pointer.to_owned(),
        });
        self.tries.get_mut(table)?.node_mut(node)?.items = Some((inner, slot));
        let slot = SlotRef {
            scope,
            table: u16::try_from(table).ok()?,
            slot,
        };
        Some((inner, slot, path))
    }

    /// A table for elements that no array of the row holds.
    pub(crate) fn new_table(&mut self) -> usize {
        let table = self.tries.len();
        self.tries.push(Trie::default());
        self.slots.push(Vec::new());
        table
    }

    /// The path of a slot below its element.
    pub(crate) fn path_of(&self, slot: SlotRef) -> Path {
        self.slots
            .get(usize::from(slot.table))
            .and_then(|slots| slots.get(usize::from(slot.slot)))
            .map(|wanted| wanted.path.clone())
            .unwrap_or_default()
    }

    /// What a source value is known to be.
    pub(crate) fn source_kind(&self) -> Kind {
        match self.document.source.format {
            SourceFormat::Csv => Kind::Text,
            SourceFormat::Json => Kind::Any,
        }
    }
}

/// A column that the stream does not have.
pub(crate) fn unknown_column(name: &str, columns: &[String], pointer: &str) -> Diagnostic {
    let hint = match nearest(name, columns) {
        Some(candidate) => format!("did you mean {candidate:?}?"),
        None => format!(
            "the source has {}",
            tributary_model::issue::shorten(&columns.join(", "), 300)
        ),
    };
    Diagnostic::error(
        code::COLUMN_UNKNOWN,
        pointer,
        format!("the source has no column {name:?}"),
        hint,
    )
}
