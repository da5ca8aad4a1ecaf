//! Everything a run's work items share: documents as pinned by the run, the compiled plan, both
//! connectors with their connections. Made once per run and process.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tributary_engine::key::KeyScope;
use tributary_host::CallContext;
use tributary_host::Connector;
use tributary_mapping::document::template::{self, Written};
use tributary_mapping::{Diagnostic, Document, Environment, Plan};
use tributary_model::clock::{UnixMillis, civil};
use tributary_model::document::{IntegrationDocument, LookupDocument};
use tributary_model::error_code::ErrorCode;
use tributary_model::external::{ComponentRef, FunctionComponent};
use tributary_model::id::{RunId, Slug, TenantId};
use tributary_model::problem::{Place, Problem};
use tributary_store::{Run, TenantStore};
use tributary_vault::TenantVault;

use crate::services::{Services, config_of, store_problem, unreadable};

/// One side of an integration: connector, connection, configuration.
pub(crate) struct Side {
    pub(crate) connector: Arc<Connector>,
    pub(crate) call: CallContext,
    pub(crate) config: Value,
}

/// See the module.
pub(crate) struct RunContext {
    pub(crate) tenant: TenantId,
    pub(crate) run: Run,
    pub(crate) store: TenantStore,
    pub(crate) vault: TenantVault,
    pub(crate) integration: IntegrationDocument,
    pub(crate) plan: Arc<Plan>,
    pub(crate) source: Side,
    pub(crate) target: Side,
    pub(crate) scope: KeyScope,
    /// the run's day (UTC), part of its objects' names
    pub(crate) date: String,
}

impl RunContext {
    /// Reads and compiles what the run needs.
    pub(crate) async fn load(
        services: &Services,
        tenant: &TenantId,
        run: &RunId,
    ) -> Result<Self, Problem> {
        let store = services.store.tenant(tenant);
        let run = store
            .run(run)
            .await
            .map_err(|error| store_problem(&error))?
            .ok_or_else(|| Problem::new(ErrorCode::NotFound, format!("there is no run {run}")))?;
        let run_created_ms = run.created_ms;
        let vault = services.tenant_vault(tenant).await?;
        let integration = integration(&store, &run).await?;
        let plan = compile(services, &store, &integration, &run).await?;
        let source = side(
            services,
            &run,
            (tenant, &vault),
            &integration.source.connection,
        )
        .await?;
        let target = side(
            services,
            &run,
            (tenant, &vault),
            &integration.target.connection,
        )
        .await?;
        let scope = KeyScope {
            tenant: tenant.clone(),
            integration: integration.name.clone(),
            stream: integration.source.stream.clone(),
            generation: 0,
        };
        Ok(Self {
            tenant: tenant.clone(),
            run,
            store,
            vault,
            integration,
            plan,
            source,
            target,
            scope,
            date: day(run_created_ms),
        })
    }
}

async fn side(
    services: &Services,
    run: &Run,
    tenant_vault: (&TenantId, &TenantVault),
    name: &Slug,
) -> Result<Side, Problem> {
    let (tenant, vault) = tenant_vault;
    let (document, connection) = services.connection(tenant, name, vault).await?;
    let digest = run.connectors.get(document.connector.as_str());
    let connector = match digest {
        Some(digest) => services.components.load(services, tenant, digest).await?,
        None => {
            services
                .components
                .by_name(
                    services,
                    tenant,
                    &document.connector,
                    document.connector_digest.as_deref(),
                )
                .await?
        }
    };
    Ok(Side {
        connector,
        config: config_of(&document),
        call: CallContext {
            tenant: tenant.clone(),
            run: Some(run.id.to_string()),
            connection,
            // A worker that is to stop drops the call itself.
            cancel: CancellationToken::new(),
        },
    })
}

async fn integration(store: &TenantStore, run: &Run) -> Result<IntegrationDocument, Problem> {
    let stored = store
        .integration(&run.integration, Some(run.integration_version))
        .await
        .map_err(|error| store_problem(&error))?
        .ok_or_else(|| missing("integration", &run.integration))?;
    serde_json::from_str(&stored.content)
        .map_err(|error| unreadable("integration", &run.integration, &error))
}

async fn compile(
    services: &Services,
    store: &TenantStore,
    integration: &IntegrationDocument,
    run: &Run,
) -> Result<Arc<Plan>, Problem> {
    let stored = store
        .mapping(&integration.mapping, Some(run.mapping_revision))
        .await
        .map_err(|error| store_problem(&error))?
        .ok_or_else(|| missing("mapping", &integration.mapping))?;
    let lookups = lookups(store).await?;
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
    let components = components(services, tenant, run, &document).await?;
    let environment =
        Environment::new(&lookups, &integration.params).with_components(Some(&components));
    tributary_mapping::compile(&document, &environment).map_err(refused)
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
    tenant: &TenantId,
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
            .functions(services, tenant, &digest)
            .await?;
        found.insert(name.clone(), component);
    }
    Ok(found)
}

async fn lookups(store: &TenantStore) -> Result<BTreeMap<String, LookupDocument>, Problem> {
    let stored = store
        .lookups()
        .await
        .map_err(|error| store_problem(&error))?;
    let mut lookups = BTreeMap::new();
    for row in stored {
        let document: LookupDocument = serde_json::from_str(&row.content)
            .map_err(|error| unreadable("lookup", &row.name, &error))?;
        lookups.insert(row.name.to_string(), document);
    }
    Ok(lookups)
}

/// The UTC day of a moment, `YYYY-MM-DD`.
fn day(ms: UnixMillis) -> String {
    let (year, month, day) = civil(ms.div_euclid(86_400_000));
    format!("{year:04}-{month:02}-{day:02}")
}

fn missing(kind: &str, name: &Slug) -> Problem {
    Problem::new(
        ErrorCode::ReferenceMissing,
        format!("there is no {kind} {name}"),
    )
}
