//! An operation's JSON body out of an OpenAPI description (3.0, 3.1; the body parameter of 2.0).

use serde_json::Value;
use tributary_mapping::document::SourceFormat;
use tributary_mapping::schema::Schema;
use tributary_model::id::Slug;

use super::{Import, ImportError, for_target};

const METHODS: [&str; 5] = ["post", "put", "patch", "delete", "get"];

/// Operations named in an error.
const NAMED: usize = 20;

/// Indirections of a body that are followed.
const MAX_REFERENCES: usize = 8;

/// The draft for the body of an operation, named by its `operationId` or as `POST /path`.
///
/// # Errors
/// [`ImportError`] if there is no such operation or it takes no JSON.
pub fn from_openapi(
    name: &Slug,
    description: &Value,
    operation: &str,
    source: SourceFormat,
) -> Result<Import, ImportError> {
    let schema = body(description, operation)?;
    let mut tree = Schema::from_part(description, schema);
    if tree.root.title.is_none() {
        // `#/components/schemas/Invoice` is called Invoice
        let reference = schema.get("$ref").and_then(Value::as_str);
        tree.root.title = reference
            .and_then(|text| text.rsplit('/').next())
            .map(str::to_owned);
    }
    Ok(for_target(name, tree, source))
}

/// All operations as `POST /path (operationId)`, in the order of the description.
#[must_use]
pub fn operations(description: &Value) -> Vec<String> {
    list(description)
        .map(|(method, path, operation)| {
            let id = operation.get("operationId").and_then(Value::as_str);
            let place = format!("{} {path}", method.to_uppercase());
            id.map_or(place.clone(), |id| format!("{place} ({id})"))
        })
        .collect()
}

fn list(description: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = description.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS
            .into_iter()
            .filter_map(move |method| Some((method, path.as_str(), item.get(method)?)))
    })
}

fn body<'a>(description: &'a Value, wanted: &str) -> Result<&'a Value, ImportError> {
    if description
        .get("paths")
        .and_then(Value::as_object)
        .is_none()
    {
        return Err(ImportError::NotOpenApi);
    }
    let found = list(description).find(|(method, path, operation)| {
        let by_id = operation.get("operationId").and_then(Value::as_str) == Some(wanted);
        let by_place = wanted.split_once(' ').is_some_and(|(verb, place)| {
            verb.eq_ignore_ascii_case(method) && place.trim() == *path
        });
        by_id || by_place
    });
    let Some((_, _, operation)) = found else {
        let mut known = operations(description);
        known.truncate(NAMED);
        return Err(ImportError::OperationUnknown {
            wanted: wanted.to_owned(),
            known: known.join(", "),
        });
    };
    schema_of(description, operation).ok_or_else(|| ImportError::NoBody(wanted.to_owned()))
}

fn schema_of<'a>(description: &'a Value, operation: &'a Value) -> Option<&'a Value> {
    if let Some(body) = operation.get("requestBody") {
        let content = followed(description, body)?.get("content")?.as_object()?;
        let json = |kind: &str| {
            let kind = kind.split(';').next().unwrap_or(kind).trim();
            kind == "application/json" || kind.ends_with("+json")
        };
        let (_, media) = content
            .iter()
            .find(|(kind, _)| kind.starts_with("application/json"))
            .or_else(|| {
                content
                    .iter()
                    .find(|(kind, _)| json(kind) || *kind == "*/*")
            })?;
        return media.get("schema");
    }
    // OpenAPI 2.0
    let parameters = operation.get("parameters")?.as_array()?;
    let mut parameters = parameters
        .iter()
        .filter_map(|one| followed(description, one));
    let body = parameters.find(|one| one.get("in").and_then(Value::as_str) == Some("body"))?;
    body.get("schema")
}

/// What a reference object stands for.
fn followed<'a>(description: &'a Value, mut value: &'a Value) -> Option<&'a Value> {
    for _ in 0..MAX_REFERENCES {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Some(value);
        };
        value = description.pointer(reference.strip_prefix('#')?)?;
    }
    None
}
