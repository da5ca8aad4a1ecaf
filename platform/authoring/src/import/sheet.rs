//! A mapping sheet as analysts hand it over: a table with a row per target field. Rows come as texts,
//! from a CSV or a spreadsheet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tributary_mapping::document::{LocaleName, SourceFormat};
use tributary_mapping::schema::{Found, Node, NodeKind, Schema, member_step};
use tributary_model::id::Slug;

use super::sheet_cells::{SourceCell, source_cell, target_steps};
use super::sheet_columns::{Column, Header, header};
use super::sheet_rules::{required, rule, set_type, unquoted};
use super::sheet_tree::{Misplaced, find, grow, settle};
use super::{Import, ImportError};
use crate::draft::{Filling, Finding};
use crate::start::{SourceShape, assemble, document_locale};
use crate::suggest::steps::{conversion, fit_locale, step};

/// What is known beside the sheet.
#[derive(Debug, Clone, Copy)]
pub struct SheetOptions<'a> {
    pub format: SourceFormat,
    /// the source's schema: its columns are recognised by name, its kinds tell the conversions
    pub source: Option<&'a Schema>,
    /// the target's schema: rows are looked up in it; without it the rows are the target
    pub target: Option<&'a Schema>,
}

/// The draft that a sheet describes. Every cell that was not understood is a finding with its row,
/// and a note at its field.
///
/// # Errors
/// [`ImportError::NoHeader`], [`ImportError::NoFields`].
pub fn from_sheet(
    name: &Slug,
    rows: &[Vec<String>],
    options: SheetOptions<'_>,
) -> Result<Import, ImportError> {
    let header = header(rows).ok_or(ImportError::NoHeader)?;
    let mut sheet = Sheet {
        options,
        tree: Node {
            kinds: vec![NodeKind::Object],
            required: true,
            ..Node::default()
        },
        fillings: BTreeMap::new(),
        sources: options.source.map(names_and_paths).unwrap_or_default(),
        seen: BTreeSet::new(),
        order: Vec::new(),
        findings: Vec::new(),
    };
    for cell in &header.unknown {
        let message = format!(
            "the column {cell:?} was not used: its meaning is not known, or it stands twice"
        );
        sheet
            .findings
            .push(Finding::in_row(header.row + 1, "", message));
    }
    for (place, row) in rows.iter().enumerate().skip(header.row + 1) {
        if row.iter().any(|cell| !cell.trim().is_empty()) {
            sheet.row(place + 1, row, &header);
        }
    }
    if sheet.seen.is_empty() {
        return Err(ImportError::NoFields);
    }
    settle(&mut sheet.tree);
    let target = match options.target {
        Some(schema) => schema.clone(),
        None => Schema {
            root: std::mem::take(&mut sheet.tree),
        },
    };
    let nothing = Schema::from_columns(&[]);
    let source = options.source.unwrap_or(&nothing);
    let locale = document_locale(source);
    sheet.drop_what_has_members(&target);
    convert(&mut sheet.fillings, source, &target, options, locale);
    let shape = SourceShape {
        format: options.format,
        schema: source,
    };
    // the first field of the sheet that is filled names the key
    let key = sheet.order.iter().find_map(|pointer| {
        let filling = sheet
            .fillings
            .get(pointer)
            .filter(|_| !pointer.contains("/*"))?;
        filling.from.first().cloned()
    });
    let mut draft = assemble(name, shape, &target, &sheet.fillings, locale, key);
    sheet.findings.append(&mut draft.findings);
    draft.findings = sheet.findings;
    Ok(Import {
        schema: target,
        draft,
    })
}

/// A sheet that is read row by row.
struct Sheet<'a> {
    options: SheetOptions<'a>,
    tree: Node,
    fillings: BTreeMap<String, Filling>,
    /// names and paths of the source's fields, if they are known
    sources: Vec<(String, String)>,
    seen: BTreeSet<String>,
    /// the pointers of the rows, in their order
    order: Vec<String>,
    findings: Vec<Finding>,
}

impl Sheet<'_> {
    fn row(&mut self, number: usize, row: &[String], header: &Header) {
        let cell = |column| header.cell(row, column);
        let Some(steps) = target_steps(cell(Column::Target)) else {
            self.find(number, "", "the row names no target field");
            return;
        };
        let mut described = Node::default();
        let mut notes: Vec<String> = Vec::new();
        self.describe(number, row, header, &mut described, &mut notes);
        let placed = match self.options.target {
            Some(schema) => find(schema, &steps),
            None => grow(&mut self.tree, &steps).map(|(pointer, node)| {
                if !self.seen.contains(&pointer) {
                    described.name = std::mem::take(&mut node.name);
                    *node = described;
                }
                pointer
            }),
        };
        let pointer = match placed {
            Ok(pointer) => pointer,
            Err(why) => {
                self.find(number, cell(Column::Target), misplaced(why));
                return;
            }
        };
        if !self.seen.insert(pointer.clone()) {
            self.find(
                number,
                &pointer,
                "the field has a row already; this one was not used",
            );
            return;
        }
        let mut filling = self.filling(number, row, header, &mut notes);
        let comment = cell(Column::Comment);
        if !comment.is_empty() {
            notes.insert(0, comment.to_owned());
        }
        filling.note = notes.join("; ");
        self.order.push(pointer.clone());
        self.fillings.insert(pointer, filling);
    }

    /// Type, length and "required" of the row.
    fn describe(
        &mut self,
        number: usize,
        row: &[String],
        header: &Header,
        node: &mut Node,
        notes: &mut Vec<String>,
    ) {
        let cell = |column| header.cell(row, column);
        let target = cell(Column::Target);
        let kind = cell(Column::Type);
        if !kind.is_empty() && !set_type(node, kind) {
            notes.push(format!("type not understood: {kind}"));
            self.find(
                number,
                target,
                format!("the type {kind:?} is not understood; string is assumed"),
            );
        }
        let length = cell(Column::Length);
        match (length.parse::<u64>(), length.is_empty()) {
            (Ok(length), _)
                if node
                    .kinds
                    .first()
                    .is_none_or(|kind| *kind == NodeKind::String) =>
            {
                node.max_length = Some(length);
            }
            (_, true) | (Ok(_), _) => {}
            (Err(_), false) => {
                notes.push(format!("length not understood: {length}"));
                self.find(
                    number,
                    target,
                    format!("the length {length:?} is not a whole number"),
                );
            }
        }
        let must = cell(Column::Required);
        node.required = required(must).unwrap_or_else(|| {
            notes.push(format!("required? {must}"));
            self.find(
                number,
                target,
                format!(
                    "whether the field is required is not clear from {must:?}; optional is assumed"
                ),
            );
            false
        });
    }

    /// Source, constant, rule and default of the row.
    fn filling(
        &mut self,
        number: usize,
        row: &[String],
        header: &Header,
        notes: &mut Vec<String>,
    ) -> Filling {
        let cell = |column| header.cell(row, column);
        let target = cell(Column::Target);
        let mut filling = Filling::default();
        let constant = cell(Column::Constant);
        if !constant.is_empty() {
            filling.constant = Some(Value::from(unquoted(constant).unwrap_or(constant)));
        }
        let source = cell(Column::Source);
        match source_cell(source, |name| self.column(name).is_some()) {
            SourceCell::Empty => {}
            SourceCell::Constant(value) => {
                filling.constant = filling.constant.take().or(Some(value))
            }
            SourceCell::Names(names) => self.names(number, target, names, &mut filling, notes),
            SourceCell::Unclear => {
                notes.push(format!("source not understood: {source}"));
                self.find(
                    number,
                    target,
                    format!("the source {source:?} is more than a name and was not used"),
                );
            }
        }
        let text = cell(Column::Rule);
        match rule(text) {
            Some(rule) => {
                filling.steps = rule.steps;
                filling.constant = filling.constant.take().or(rule.constant);
            }
            None => {
                notes.push(format!("rule not understood: {text}"));
                self.find(
                    number,
                    target,
                    format!("the rule {text:?} is not understood and was not used"),
                );
            }
        }
        let default = cell(Column::Default);
        if !default.is_empty() && filling.constant.is_none() {
            let value = unquoted(default).unwrap_or(default);
            filling
                .steps
                .insert(0, step("default", json!({ "value": value })));
        }
        if filling.constant.is_some() && !filling.from.is_empty() {
            notes.push(format!("the sheet also names the source {source}"));
            self.find(
                number,
                target,
                "the row has a constant and a source; the constant was used",
            );
            filling.from.clear();
            filling.steps.clear();
        }
        filling
    }

    fn names(
        &mut self,
        number: usize,
        target: &str,
        names: Vec<String>,
        filling: &mut Filling,
        notes: &mut Vec<String>,
    ) {
        for name in names {
            let known = self.column(&name);
            if known.is_none() && self.options.source.is_some() {
                notes.push(format!("source not found: {name}"));
                self.find(number, target, format!("the source has no field {name:?}"));
                continue;
            }
            filling
                .from
                .push(known.unwrap_or_else(|| written_path(&name, self.options.format)));
        }
    }

    /// The path of a source field that is known by this name or path.
    fn column(&self, name: &str) -> Option<String> {
        let wanted = written_path(name, self.options.format);
        if self.sources.iter().any(|(_, path)| *path == wanted) {
            return Some(wanted);
        }
        let mut named = self
            .sources
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = named.next().map(|(_, path)| path.clone());
        first.filter(|_| named.next().is_none())
    }

    /// A later row may have given members to what an earlier one filled as a value.
    fn drop_what_has_members(&mut self, target: &Schema) {
        let leaves: BTreeSet<String> = target
            .leaves()
            .into_iter()
            .map(|leaf| leaf.pointer)
            .collect();
        let findings = &mut self.findings;
        self.fillings.retain(|pointer, _| {
            let leaf = leaves.contains(pointer);
            if !leaf {
                findings.push(Finding::new(
                    pointer.clone(),
                    misplaced(Misplaced::Conflict),
                ));
            }
            leaf
        });
    }

    fn find(&mut self, row: usize, place: &str, message: impl Into<String>) {
        self.findings.push(Finding::in_row(row, place, message));
    }
}

/// Puts the conversions that types need before what the rules say.
fn convert(
    fillings: &mut BTreeMap<String, Filling>,
    source: &Schema,
    target: &Schema,
    options: SheetOptions<'_>,
    locale: LocaleName,
) {
    let text = Node {
        kinds: vec![NodeKind::String],
        ..Node::default()
    };
    for (pointer, filling) in fillings.iter_mut() {
        if let (Found::Node(to), Some(Value::String(text))) =
            (target.at_pointer(pointer), &filling.constant)
            && to.kind() == NodeKind::Bool
            && let Ok(value) = text.parse::<bool>()
        {
            filling.constant = Some(Value::from(value));
        }
        let (Found::Node(to), Some(path)) = (target.at_pointer(pointer), filling.from.first())
        else {
            continue;
        };
        let from = match source.at_path(path) {
            Some(Found::Node(node)) => node,
            // a CSV holds texts; of JSON nothing is known
            _ if options.format == SourceFormat::Csv => &text,
            _ => continue,
        };
        let mut made = conversion(from, to);
        // what the sheet says about dates and numbers counts more than what samples show
        let said = |function: &str| filling.steps.iter().any(|step| step.function == function);
        let dated = said("date_parse");
        made.steps.retain(|step| !said(&step.function));
        if dated {
            made.assumed.clear();
        }
        fit_locale(&mut made.steps, &mut made.assumed, Some(from), locale);
        let defaults = filling
            .steps
            .iter()
            .take_while(|step| step.function == "default")
            .count();
        let late = filling.steps.split_off(defaults);
        let (numeric, textual): (Vec<_>, Vec<_>) = late.into_iter().partition(|step| {
            matches!(
                step.function.as_str(),
                "round" | "abs" | "range" | "to_string"
            )
        });
        filling.steps.extend(textual);
        filling.steps.append(&mut made.steps);
        filling.steps.extend(numeric);
        for text in made.assumed {
            let space = if filling.note.is_empty() { "" } else { "; " };
            filling.note.push_str(&format!("{space}{text}"));
        }
    }
}

fn names_and_paths(source: &Schema) -> Vec<(String, String)> {
    let leaves = source.leaves();
    let named = leaves
        .iter()
        .map(|leaf| (leaf.node.name.clone(), leaf.path.clone()));
    named.collect()
}

/// A name as path. For a CSV it is one column whatever signs it has.
fn written_path(name: &str, format: SourceFormat) -> String {
    if name.starts_with("$.") || name.starts_with("$[") {
        return name.to_owned();
    }
    if format == SourceFormat::Csv {
        return format!("${}", member_step(name));
    }
    let mut path = String::from("$");
    for part in name.split(['.', '/']).filter(|part| !part.is_empty()) {
        let (name, many) = match part.split_once('[') {
            Some((name, _)) => (name, true),
            None => (part, false),
        };
        path.push_str(&member_step(name));
        path.push_str(if many { "[*]" } else { "" });
    }
    path
}

fn misplaced(why: Misplaced) -> &'static str {
    match why {
        Misplaced::TooDeep => "the target field is nested too deep; the row was not used",
        Misplaced::Conflict => {
            "the target field is a value in one row and an object or array in another; the row was not used"
        }
        Misplaced::Unknown => "the target's schema has no such field; the row was not used",
    }
}
