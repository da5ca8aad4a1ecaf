//! Checking a mapping with the tenant's lookup tables and the schemas that it names, for the routes that store one or use one.

use std::collections::BTreeMap;

use serde_json::Value;
use tributary_mapping::diagnostic::code;
use tributary_mapping::document::template::{self, Resolved, Written};
use tributary_mapping::schema::Schema;
use tributary_mapping::{Diagnostic, Document, Environment};
use tributary_model::document::LookupDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::external::{ComponentRef, FunctionComponent};
use tributary_model::id::Slug;
use tributary_model::manifest::Manifest;
use tributary_model::problem::{Place, Problem};
use tributary_store::{Connector, SystemStore, TenantStore};

use crate::problem::ApiError;
use crate::wire::document::stored;

/// A mapping as it will run.
pub(crate) struct Mapping {
    pub(crate) document: Document,
    /// for one that extends another: what its overrides did
    resolved: Option<Resolved>,
}

/// The document, if it is well formed; one that extends another of the tenant's mappings is resolved.
pub(crate) async fn read(store: &TenantStore, bytes: &[u8]) -> Result<Mapping, ApiError> {
    let faults = |found: Vec<Diagnostic>| refused(&found);
    let derived = match template::read(bytes).map_err(faults)? {
        Written::Document(document) => {
            return Ok(Mapping {
                document: *document,
                resolved: None,
            });
        }
        Written::Derived(derived) => derived,
    };
    let (name, revision) = (&derived.extends.name, derived.extends.revision);
    let found = store.mapping(name, Some(revision)).await?;
    let text = found.as_ref().map(|found| found.content.as_bytes());
    let template = template::template(&derived.extends, text).map_err(faults)?;
    let resolved = template::resolve(&derived, &template).map_err(faults)?;
    Ok(Mapping {
        document: resolved.document.clone(),
        resolved: Some(resolved),
    })
}

/// Checks `mapping` with the tables that it names. Without `params` (they belong to the
/// integration) a parameter without a value is no fault. Gives the warnings.
pub(crate) async fn check(
    system: &SystemStore,
    store: &TenantStore,
    mapping: &Mapping,
    params: Option<&BTreeMap<String, Value>>,
) -> Result<Vec<Place>, ApiError> {
    let document = &mapping.document;
    let mut lookups = BTreeMap::new();
    for table in document.lookups.values().filter_map(|l| l.table.as_ref()) {
        // a name that cannot exist, or does not, is one of the findings
        let Ok(name) = Slug::parse(table) else {
            continue;
        };
        if let Some(found) = store.lookup(&name, None).await? {
            lookups.insert(table.clone(), stored::<LookupDocument>(&found.content)?);
        }
    }
    let source = schema(store, document.source.schema.as_deref(), "/source/schema").await?;
    let target = document.target.as_ref();
    let target = target.and_then(|target| target.schema.as_deref());
    let target = schema(store, target, "/target/schema").await?;
    let columns = source.as_ref().map(Schema::member_names);
    let none = BTreeMap::new();
    let components = components(system, document).await?;
    let environment = Environment::new(&lookups, params.unwrap_or(&none))
        .with_columns(columns.as_deref())
        .with_schemas(source.as_ref(), target.as_ref())
        .with_components(Some(&components));
    let found: Vec<Diagnostic> = tributary_mapping::check(document, &environment)
        .into_iter()
        .filter(|finding| params.is_some() || finding.code != code::PARAM_MISSING)
        .map(|finding| match &mapping.resolved {
            Some(resolved) => resolved.blame(finding),
            None => finding,
        })
        .collect();
    let (errors, warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Diagnostic::is_error);
    if errors.is_empty() {
        return Ok(warnings.iter().map(place).collect());
    }
    Err(refused(&errors))
}

fn place(finding: &Diagnostic) -> Place {
    Place {
        pointer: finding.pointer.clone(),
        detail: format!("{}: {}; {}", finding.code, finding.message, finding.hint),
    }
}

/// The tenant's schema that the mapping names at `pointer`.
async fn schema(
    store: &TenantStore,
    name: Option<&str>,
    pointer: &str,
) -> Result<Option<Schema>, ApiError> {
    let Some(name) = name else { return Ok(None) };
    let found = match Slug::parse(name) {
        Ok(name) => store.schema(&name, None).await?,
        Err(_) => None,
    };
    let Some(found) = found else {
        let error = ApiError::new(
            ErrorCode::ReferenceMissing,
            format!("there is no schema {name}"),
        );
        let hint = "put it first (schemas/<name>.json), or remove the name from the mapping";
        return Err(error.at(pointer).hint(hint));
    };
    Ok(Some(Schema::from_json_schema(&stored(&found.content)?)))
}

/// What the installed components promise that the document's functions of code name. They are not run
/// here.
async fn components(
    system: &SystemStore,
    document: &Document,
) -> Result<BTreeMap<String, FunctionComponent>, ApiError> {
    let mut found = BTreeMap::new();
    for (reference, installed) in installed(system, document).await? {
        let manifest: Manifest = stored(&installed.manifest)?;
        found.insert(
            reference,
            FunctionComponent {
                digest: installed.digest,
                functions: manifest.functions,
                code: None,
            },
        );
    }
    Ok(found)
}

/// The installed components that a document names, by `name@version`.
pub(crate) async fn installed(
    system: &SystemStore,
    document: &Document,
) -> Result<BTreeMap<String, Connector>, ApiError> {
    let mut found = BTreeMap::new();
    for external in document.external.values() {
        let Ok(reference) = external.component.parse::<ComponentRef>() else {
            continue;
        };
        let version = Some(reference.version.as_str());
        if let Some(connector) = system.connector(&reference.name, version).await? {
            found.insert(external.component.clone(), connector);
        }
    }
    Ok(found)
}

/// One problem with every finding as a place.
fn refused(found: &[Diagnostic]) -> ApiError {
    let detail = match found {
        [only] => format!("{}: {}", only.code, only.message),
        many => format!("the mapping has {} faults", many.len()),
    };
    let mut problem = Problem::new(ErrorCode::MappingInvalid, detail);
    problem.pointer = found.first().map(|first| first.pointer.clone());
    problem.errors = found.iter().map(place).collect();
    problem.into()
}
