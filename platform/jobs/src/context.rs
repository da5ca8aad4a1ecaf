//! Everything a run's work items share: documents as pinned by the run, the compiled plan, both
//! connectors with their connections. Made once per run and process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tributary_engine::key::KeyScope;
use tributary_host::{CallContext, Connector, GuestLog};
use tributary_mapping::Plan;
use tributary_model::clock::{UnixMillis, civil};
use tributary_model::document::IntegrationDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{RunId, Slug, TenantId};
use tributary_model::problem::Problem;
use tributary_store::{Run, TenantStore};
use tributary_vault::TenantVault;

use crate::drift::DriftState;
use crate::pin::Pin;
use crate::pinned::{self, PinnedMapping};
use crate::services::{Services, config_of, store_problem};
use crate::usage::UsageState;

/// One side of an integration: connector, connection, configuration.
pub(crate) struct Side {
    pub(crate) connector: Arc<Connector>,
    pub(crate) call: CallContext,
    pub(crate) config: Value,
}

/// Contexts of runs kept at most.
const MOST_CONTEXTS: usize = 64;

/// The contexts of the runs in work. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Contexts(Arc<Mutex<HashMap<RunId, Arc<RunContext>>>>);

impl Contexts {
    pub(crate) fn get(&self, run: &RunId) -> Option<Arc<RunContext>> {
        self.lock().get(run).map(Arc::clone)
    }

    pub(crate) fn keep(&self, context: &Arc<RunContext>) {
        let mut contexts = self.lock();
        if contexts.len() >= MOST_CONTEXTS {
            // Runs that ended elsewhere leave theirs here; one that goes on is made again.
            contexts.clear();
        }
        contexts.insert(context.run.id.clone(), Arc::clone(context));
    }

    pub(crate) fn remove(&self, run: &RunId) {
        self.lock().remove(run);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<RunContext>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
pub(crate) struct RunContext {
    pub(crate) tenant: TenantId,
    pub(crate) run: Run,
    pub(crate) store: TenantStore,
    pub(crate) vault: TenantVault,
    pub(crate) integration: IntegrationDocument,
    pub(crate) mapping: PinnedMapping,
    pub(crate) source: Side,
    pub(crate) target: Side,
    /// what the connectors logged and is not in the lake yet
    pub(crate) log: Arc<GuestLog>,
    pub(crate) scope: KeyScope,
    pub(crate) drift: DriftState,
    pub(crate) usage: UsageState,
    /// the run is to stop: its guests see it in `control.stopping`
    pub(crate) stop: CancellationToken,
    /// the run's day (UTC), part of its objects' names
    pub(crate) date: String,
    /// both connections and the versions that are open here
    connections: [(Slug, u32); 2],
}

impl RunContext {
    /// The run's compiled mapping.
    pub(crate) fn plan(&self) -> &Plan {
        &self.mapping.pinned.plan
    }

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
        let integration = pinned::integration(&store, &run).await?;
        let mapping = pinned::mapping(services, &store, &run, &integration).await?;
        let log = Arc::new(GuestLog::new(Arc::clone(&services.clock)));
        let stop = CancellationToken::new();
        let caller = Caller {
            tenant,
            vault: &vault,
            log: &log,
            stop: &stop,
        };
        let [from, to] = integration.sides();
        let (source, source_version) = side(services, &run, caller, from).await?;
        let (target, target_version) = side(services, &run, caller, to).await?;
        let connections = [
            (from.1.clone(), source_version),
            (to.1.clone(), target_version),
        ];
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
            mapping,
            log,
            source,
            target,
            scope,
            drift: DriftState::default(),
            usage: UsageState::default(),
            stop: stop.clone(),
            date: day(run_created_ms),
            connections,
        })
    }

    /// Whether both connections are still as they were opened: whoever corrects one while a run
    /// waits for it shall not have to redrive the run.
    pub(crate) async fn connections_current(&self) -> Result<bool, Problem> {
        for (name, version) in &self.connections {
            let stored = self.store.connection(name).await;
            let stored = stored.map_err(|error| store_problem(&error))?;
            if stored.is_none_or(|stored| stored.version != *version) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// On whose behalf both sides are opened.
#[derive(Clone, Copy)]
struct Caller<'a> {
    tenant: &'a TenantId,
    vault: &'a TenantVault,
    log: &'a Arc<GuestLog>,
    stop: &'a CancellationToken,
}

async fn side(
    services: &Services,
    run: &Run,
    caller: Caller<'_>,
    (which, name, pin): (&'static str, &Slug, Option<&str>),
) -> Result<(Side, u32), Problem> {
    let tenant = caller.tenant;
    let (mut document, version) = services.connection(tenant, name, caller.vault).await?;
    let pin = Pin {
        integration: &run.integration,
        side: which,
        connector: &document.connector,
        digest: pin,
    };
    let noted = run.connectors.get(document.connector.as_str());
    let digest = pin.digest(
        noted.map(String::as_str),
        document.connector_digest.as_deref(),
    )?;
    let connector = services
        .components
        .by_name(services, tenant, &document.connector, digest)
        .await?;
    pin.check_name(&connector.manifest().name)?;
    let recipe = connector.manifest().recipe();
    let connection = services
        .open_connection(tenant, &document, caller.vault, recipe, Some(&run.id))
        .await?;
    document.secrets.clear();
    let side = Side {
        connector,
        config: config_of(&document),
        call: CallContext {
            tenant: tenant.clone(),
            run: Some(run.id.to_string()),
            log: Some(Arc::clone(caller.log)),
            connection: Arc::new(connection),
            // A worker that is to stop drops the call itself.
            cancel: CancellationToken::new(),
            stop: caller.stop.clone(),
        },
    };
    Ok((side, version))
}

/// The UTC day of a moment, `YYYY-MM-DD`.
fn day(ms: UnixMillis) -> String {
    let (year, month, day) = civil(ms.div_euclid(86_400_000));
    format!("{year:04}-{month:02}-{day:02}")
}
