//! A new document from a source, a target and samples: the draft with every suggestion filled in that
//! is sure enough to be ticked.

use std::collections::BTreeMap;

use serde_json::Value;
use tributary_mapping::document::{Group, GroupInput, LocaleName, RowStep, Source, SourceFormat};
use tributary_mapping::schema::{Found, Leaf, Node, NodeKind, Schema};
use tributary_model::id::Slug;

use crate::draft::{self, Draft, Filling, Finding, GROUP, MEMBERS};
use crate::suggest::steps::{fit_locale, locales_of};
use crate::suggest::{Memory, Suggestion, suggest};

/// Words that make a source a likely key, the likeliest first.
const KEY_WORDS: [&str; 7] = ["id", "number", "code", "no", "nr", "nummer", "key"];

/// What a document reads.
#[derive(Debug, Clone, Copy)]
pub struct SourceShape<'a> {
    pub format: SourceFormat,
    pub schema: &'a Schema,
}

/// A draft with the pre-ticked suggestions filled in; the others are named in the notes of the fields.
#[must_use]
pub fn new_document(
    name: &Slug,
    source: SourceShape<'_>,
    target: &Schema,
    samples: &[Value],
    memory: &Memory,
) -> Draft {
    let mut observed = source.schema.clone();
    if !samples.is_empty() {
        observed.observe(samples);
    }
    let suggestions = suggest(&observed, target, &[], memory);
    let locale = document_locale(&observed);
    let fillings = suggestions
        .iter()
        .map(|suggestion| {
            let node = match observed.at_path(&suggestion.source) {
                Some(Found::Node(node)) => Some(node),
                _ => None,
            };
            (suggestion.target.clone(), filling(suggestion, node, locale))
        })
        .collect();
    let shape = SourceShape {
        schema: &observed,
        ..source
    };
    let key = key_for(&observed, &suggestions);
    assemble(name, shape, target, &fillings, locale, key)
}

/// A document out of fields that are known: a group where a CSV must fill an array, and the key.
pub(crate) fn assemble(
    name: &Slug,
    source: SourceShape<'_>,
    target: &Schema,
    fillings: &BTreeMap<String, Filling>,
    locale: LocaleName,
    key: Option<String>,
) -> Draft {
    let built = draft::build(target, source.format, fillings);
    let mut findings = built.findings;
    let key = key.unwrap_or_else(|| {
        let first = source
            .schema
            .leaves()
            .iter()
            .map(|leaf| leaf.path.clone())
            .find(|path| !path.contains("[*]"));
        first.unwrap_or_else(|| "$.id".to_owned())
    });
    let what = if built.grouped {
        "rows are grouped by"
    } else {
        "the record's key is"
    };
    findings.push(Finding::new(
        key.clone(),
        format!("{what} {key}: an assumption, check it"),
    ));
    let settings = Source {
        format: source.format,
        schema: None,
        locale,
        time_zone: None,
        null_tokens: None,
        key: if built.grouped {
            Vec::new()
        } else {
            vec![key.clone()]
        },
    };
    let mut document = draft::document(name, target, settings, built.fields);
    if built.grouped {
        document.rows.push(RowStep::Group(Group {
            id: "group".to_owned(),
            note: "assumed: rows with the same key are one record".to_owned(),
            scope: GROUP.to_owned(),
            by: vec![key],
            input: GroupInput::Any,
            members: MEMBERS.to_owned(),
            agree: Vec::new(),
            sort: Vec::new(),
            max_members: 10_000,
        }));
    }
    Draft { document, findings }
}

/// What a suggestion puts into a field: the source if it is ticked, otherwise a note.
fn filling(suggestion: &Suggestion, source: Option<&Node>, locale: LocaleName) -> Filling {
    let mut filling = Filling::default();
    if !suggestion.pre_ticked() {
        filling.note = format!(
            "perhaps {} ({:.2})",
            suggestion.source, suggestion.confidence
        );
        return filling;
    }
    filling.from = vec![suggestion.source.clone()];
    filling.steps = suggestion.steps.clone();
    let mut assumed = suggestion.assumed.clone();
    fit_locale(&mut filling.steps, &mut assumed, source, locale);
    filling.note = assumed.join("; ");
    filling
}

/// The locale in which most columns with decimals or groups can be read; of equals the first.
pub(crate) fn document_locale(source: &Schema) -> LocaleName {
    let mut votes: Vec<(LocaleName, usize)> = Vec::new();
    for leaf in source.leaves() {
        for locale in locales_of(leaf.node) {
            match votes.iter_mut().find(|(known, _)| known == locale) {
                Some((_, count)) => *count += 1,
                None => votes.push((*locale, 1)),
            }
        }
    }
    let most = votes.iter().map(|(_, count)| *count).max();
    let first = votes.into_iter().find(|(_, count)| Some(*count) == most);
    first.map_or(LocaleName::Plain, |(locale, _)| locale)
}

/// The source of the target's first required identifier, or a source that is named like one.
fn key_for(source: &Schema, suggestions: &[Suggestion]) -> Option<String> {
    let leaves = source.leaves();
    let named_like_a_key = |leaf: &&Leaf<'_>| {
        let words = leaf.node.name.to_lowercase();
        let scalar = matches!(
            leaf.node.kind(),
            NodeKind::String | NodeKind::Int | NodeKind::Any
        );
        scalar && KEY_WORDS.iter().any(|word| words.ends_with(word))
    };
    let of_target = suggestions
        .iter()
        .filter(|suggestion| suggestion.pre_ticked() && !suggestion.target.contains("/*"))
        .find(|suggestion| {
            let leaf = leaves.iter().find(|leaf| leaf.path == suggestion.source);
            leaf.as_ref().is_some_and(named_like_a_key)
        })
        .map(|suggestion| suggestion.source.clone());
    of_target.or_else(|| {
        let top = leaves.iter().filter(|leaf| !leaf.pointer.contains("/*"));
        top.filter(named_like_a_key)
            .map(|leaf| leaf.path.clone())
            .next()
    })
}
