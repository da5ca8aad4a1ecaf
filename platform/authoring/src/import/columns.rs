//! A CSV's header and some of its rows: what the columns hold, and a draft that passes every column on
//! under a name in snake case, with the type that its samples show.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tributary_mapping::document::SourceFormat;
use tributary_mapping::schema::{Looks, Node, NodeKind, Schema};
use tributary_model::id::Slug;

use super::{Import, ImportError};
use crate::draft::{Filling, Finding};
use crate::start::{SourceShape, assemble, document_locale};
use crate::suggest::steps::{conversion, fit_locale};

/// The source's schema and the draft. Rows with another number of fields than the header are left
/// out, with a finding.
///
/// # Errors
/// [`ImportError::NoColumns`] if there is no named column.
pub fn from_csv(
    name: &Slug,
    columns: &[String],
    rows: &[Vec<String>],
) -> Result<Import, ImportError> {
    let mut findings = Vec::new();
    let named = named_columns(columns, &mut findings);
    if named.is_empty() {
        return Err(ImportError::NoColumns);
    }
    let mut samples = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        if row.len() != columns.len() {
            let (has, needs) = (row.len(), columns.len());
            let message =
                format!("the row has {has} fields and the header {needs}; it was left out");
            // the header is row 1
            findings.push(Finding::in_row(place + 2, "", message));
            continue;
        }
        let members: Map<String, Value> = named
            .iter()
            .filter_map(|(place, name)| {
                Some((name.clone(), Value::from(row.get(*place)?.as_str())))
            })
            .collect();
        samples.push(Value::Object(members));
    }
    let names: Vec<String> = named.into_iter().map(|(_, name)| name).collect();
    let mut schema = Schema::from_columns(&names);
    schema.observe(&samples);
    let mut draft = draft(name, &schema);
    findings.append(&mut draft.findings);
    draft.findings = findings;
    Ok(Import { schema, draft })
}

fn named_columns(columns: &[String], findings: &mut Vec<Finding>) -> Vec<(usize, String)> {
    let mut named: Vec<(usize, String)> = Vec::new();
    for (place, column) in columns.iter().enumerate() {
        let name = column.trim();
        let number = place + 1;
        if name.is_empty() {
            findings.push(Finding::in_row(
                1,
                "",
                format!("column {number} has no name and was left out"),
            ));
        } else if named.iter().any(|(_, known)| known == name) {
            let message =
                format!("column {number} has the name {name:?} a second time and was left out");
            findings.push(Finding::in_row(1, name, message));
        } else {
            named.push((place, name.to_owned()));
        }
    }
    named
}

fn draft(name: &Slug, source: &Schema) -> crate::Draft {
    let locale = document_locale(source);
    let mut target = Schema::from_columns(&[]);
    let mut fillings = BTreeMap::new();
    let mut key: Option<(u64, String)> = None;
    for leaf in source.leaves() {
        let member = target_of(leaf.node, &target.root);
        let made = conversion(leaf.node, &member);
        let (mut steps, mut assumed) = (made.steps, made.assumed);
        fit_locale(&mut steps, &mut assumed, Some(leaf.node), locale);
        let path = leaf.path.clone();
        let filling = Filling {
            from: vec![path.clone()],
            steps,
            note: assumed.join("; "),
            ..Filling::default()
        };
        fillings.insert(format!("/{}", member.name), filling);
        target.root.children.push(member);
        // the column with most different values and no gap is the likeliest key; the first of equals
        let seen = leaf
            .node
            .observed
            .as_ref()
            .filter(|seen| seen.empty == 0 && seen.places > 0);
        let distinct = seen.map_or(0, |seen| seen.distinct);
        if key.as_ref().is_none_or(|(most, _)| distinct > *most) {
            key = Some((distinct, path));
        }
    }
    let shape = SourceShape {
        format: SourceFormat::Csv,
        schema: source,
    };
    assemble(
        name,
        shape,
        &target,
        &fillings,
        locale,
        key.map(|(_, path)| path),
    )
}

/// The member that a column becomes.
fn target_of(column: &Node, root: &Node) -> Node {
    let kind = match column.observed.as_ref().and_then(|seen| seen.looks.first()) {
        Some(Looks::Int) => NodeKind::Int,
        Some(Looks::Decimal { .. }) => NodeKind::Decimal,
        Some(Looks::Date { .. } | Looks::Instant) => NodeKind::Date,
        Some(Looks::Bool { .. }) => NodeKind::Bool,
        Some(Looks::Digits) | None => NodeKind::String,
    };
    let mut name = snake_case(&column.name);
    let base = name.clone();
    let mut number = 2;
    while root.child(&name).is_some() {
        name = format!("{base}_{number}");
        number += 1;
    }
    Node {
        name,
        kinds: vec![kind],
        nullable: true,
        ..Node::default()
    }
}

/// `Rechnungs-Datum` is `rechnungs_datum`, `OrderNo` is `order_no`.
fn snake_case(name: &str) -> String {
    let mut made = String::new();
    let mut small = false;
    for sign in name.chars() {
        if sign.is_alphanumeric() {
            if sign.is_uppercase() && small {
                made.push('_');
            }
            small = sign.is_lowercase() || sign.is_numeric();
            made.extend(sign.to_lowercase());
        } else {
            small = false;
            if !made.is_empty() && !made.ends_with('_') {
                made.push('_');
            }
        }
    }
    let made = made.trim_end_matches('_').to_owned();
    if made.is_empty() {
        "column".to_owned()
    } else {
        made
    }
}
