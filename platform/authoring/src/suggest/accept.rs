//! Takes suggestions over into a document: only into fields that still wait for a source.

use tributary_mapping::Document;
use tributary_mapping::document::{Field, Paths, RowStep};

use super::Suggestion;
use crate::draft::{Scope, UNMAPPED, relative};
use crate::leaves::segment;

/// Fills the unmapped fields of `document` with the suggestions of at least `confidence`. Gives the
/// target pointers that were filled. A suggestion whose source no scope of its field reaches is left.
pub fn accept(document: &mut Document, suggestions: &[Suggestion], confidence: f64) -> Vec<String> {
    let group = document.rows.iter().find_map(|step| match step {
        RowStep::Group(group) => Some(group.scope.clone()),
        RowStep::Filter { .. } | RowStep::Dedupe { .. } => None,
    });
    let sure: Vec<&Suggestion> = suggestions
        .iter()
        .filter(|suggestion| suggestion.confidence >= confidence)
        .collect();
    let row = Scope {
        name: group.unwrap_or_else(|| "row".to_owned()),
        path: "$".to_owned(),
    };
    let mut filled = Vec::new();
    fill(&mut document.fields, "", &[row], &sure, &mut filled);
    filled
}

fn fill(
    fields: &mut [Field],
    around: &str,
    scopes: &[Scope],
    suggestions: &[&Suggestion],
    filled: &mut Vec<String>,
) {
    for field in fields {
        let Some(to) = &field.to else { continue };
        let pointer = format!("{around}/{}", segment(to));
        let suggestion = suggestions.iter().find(|one| one.target == pointer);
        if let Some(suggestion) = suggestion
            && field.note.starts_with(UNMAPPED)
            && field.each.is_none()
            && let Some((path, scope)) = relative(&suggestion.source, scopes)
        {
            field.constant = None;
            field.from = Some(Paths::One(path));
            field.scope = scope;
            field.steps.clone_from(&suggestion.steps);
            field.note = suggestion.assumed.join("; ");
            filled.push(pointer.clone());
        }
        if let Some(inner) = &mut field.object {
            fill(inner, &pointer, scopes, suggestions, filled);
        }
        if let Some(each) = &field.each {
            let inside = inner_scope(each, field.alias.as_deref(), scopes);
            let below = format!("{pointer}/*");
            fill(&mut field.fields, &below, &inside, suggestions, filled);
        }
    }
}

/// The scopes within an `each`: over the rows of the group, or over an array of the nearest scope.
fn inner_scope(each: &str, alias: Option<&str>, scopes: &[Scope]) -> Vec<Scope> {
    let nearest = scopes.last().map_or("$", |scope| scope.path.as_str());
    let path = match each.strip_prefix('$') {
        Some(rest) => format!("{nearest}{}[*]", rest.trim_end_matches("[*]")),
        None => "$".to_owned(),
    };
    let mut inside = scopes.to_vec();
    inside.push(Scope {
        name: alias.unwrap_or_default().to_owned(),
        path,
    });
    inside
}
