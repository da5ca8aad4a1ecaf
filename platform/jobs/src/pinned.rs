//! The mapping that a run uses: document, parameters and lookup tables as they were when the run was
//! made, for every batch, retry and redrive of it and for whoever asks later how a record came to be.

use std::collections::BTreeMap;

use tributary_engine::map::PinnedPlan;
use tributary_mapping::document::template::{self, Written};
use tributary_mapping::{Diagnostic, Document, Environment};
use tributary_model::document::{IntegrationDocument, LookupDocument};
use tributary_model::error_code::ErrorCode;
use tributary_model::external::{ComponentRef, FunctionComponent};
use tributary_model::id::Slug;
use tributary_model::problem::{Place, Problem};
use tributary_store::{Run, TenantStore};

use crate::services::{Services, store_problem, unreadable};

/// See the module.
pub(crate) struct PinnedMapping {
    pub(crate) pinned: PinnedPlan,
    /// version by name of the lookup tables in it
    pub(crate) lookups: BTreeMap<String, u32>,
    /// name of the schema of its rows
    pub(crate) source_schema: Option<String>,
}

/// The run's integration, at its version.
pub(crate) async fn integration(
    store: &TenantStore,
    run: &Run,
) -> Result<IntegrationDocument, Problem> {
    let stored = store
        .integration(&run.integration, Some(run.integration_version))
        .await
        .map_err(|error| store_problem(&error))?
        .ok_or_else(|| missing("integration", &run.integration))?;
    serde_json::from_str(&stored.content)
        .map_err(|error| unreadable("integration", &run.integration, &error))
}

/// The run's mapping, compiled.
pub(crate) async fn mapping(
    services: &Services,
    store: &TenantStore,
    run: &Run,
    integration: &IntegrationDocument,
) -> Result<PinnedMapping, Problem> {
    let stored = store
        .mapping(&integration.mapping, Some(run.mapping_revision))
        .await
        .map_err(|error| store_problem(&error))?
        .ok_or_else(|| missing("mapping", &integration.mapping))?;
    let refused = |diagnostics| refused(&integration.mapping, diagnostics);
    let document = match template::read(stored.content.as_bytes()).map_err(refused)? {
        Written::Document(document) => *document,
        Written::Derived(derived) => {
            // a revision never changes, so the run's own revision pins its template too
            let (name, revision) = (&derived.extends.name, derived.extends.revision);
            let found = store
                .mapping(name, Some(revision))
                .await
                .map_err(|error| store_problem(&error))?;
            let text = found.as_ref().map(|found| found.content.as_bytes());
            let template = template::template(&derived.extends, text).map_err(refused)?;
            template::resolve(&derived, &template)
                .map_err(refused)?
                .document
        }
    };
    let (tables, lookups) = tables(store, run, &document).await?;
    let components = components(services, store, run, &document).await?;
    let environment =
        Environment::new(&tables, &integration.params).with_components(Some(&components));
    let plan = tributary_mapping::compile(&document, &environment).map_err(refused)?;
    Ok(PinnedMapping {
        pinned: PinnedPlan {
            plan,
            started_ms: run.started_ms.unwrap_or(run.created_ms),
        },
        lookups,
        source_schema: document.source.schema,
    })
}

fn refused(mapping: &Slug, diagnostics: Vec<Diagnostic>) -> Problem {
    let detail = format!("the mapping {mapping} does not pass its check");
    let mut problem = Problem::new(ErrorCode::MappingInvalid, detail);
    problem.errors = diagnostics
        .into_iter()
        .map(|diagnostic| Place {
            pointer: diagnostic.pointer,
            detail: diagnostic.message,
        })
        .collect();
    problem
}

/// The components of the mapping's functions of code, with the bytes that the run has pinned. One
/// that is not installed any more is a finding of the compiler.
async fn components(
    services: &Services,
    store: &TenantStore,
    run: &Run,
    document: &Document,
) -> Result<BTreeMap<String, FunctionComponent>, Problem> {
    let mut found = BTreeMap::new();
    for external in document.external.values() {
        let name = &external.component;
        let Ok(reference) = name.parse::<ComponentRef>() else {
            continue;
        };
        if found.contains_key(name) {
            continue;
        }
        let digest = match run.connectors.get(name) {
            Some(digest) => digest.clone(),
            None => {
                let system = services.store.system();
                let row = system
                    .connector(&reference.name, Some(&reference.version))
                    .await
                    .map_err(|error| store_problem(&error))?;
                match row {
                    Some(row) => row.digest,
                    None => continue,
                }
            }
        };
        let component = services
            .components
            .functions(services, store.tenant(), &digest)
            .await?;
        found.insert(name.clone(), component);
    }
    Ok(found)
}

/// The tables that the document names, at the run's versions. One that the run does not pin is one
/// that was not there when it was made: the compiler says so.
async fn tables(
    store: &TenantStore,
    run: &Run,
    document: &Document,
) -> Result<(BTreeMap<String, LookupDocument>, BTreeMap<String, u32>), Problem> {
    let (mut tables, mut versions) = (BTreeMap::new(), BTreeMap::new());
    for table in document.table_names() {
        let Ok(name) = Slug::parse(table) else {
            continue;
        };
        let version = match &run.lookups {
            // made before versions were pinned: what is current has to do
            None => None,
            Some(pinned) => match pinned.get(table) {
                Some(version) => Some(*version),
                None => continue,
            },
        };
        let found = store
            .lookup(&name, version)
            .await
            .map_err(|error| store_problem(&error))?;
        let Some(found) = found else { continue };
        let content: LookupDocument = serde_json::from_str(&found.content)
            .map_err(|error| unreadable("lookup", &name, &error))?;
        tables.insert(table.to_owned(), content);
        versions.insert(table.to_owned(), found.version);
    }
    Ok((tables, versions))
}

fn missing(kind: &str, name: &Slug) -> Problem {
    Problem::new(
        ErrorCode::ReferenceMissing,
        format!("there is no {kind} {name}"),
    )
}
