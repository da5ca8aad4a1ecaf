//! Runs that are cancelled while this process works on them.
//!
//! Invariants: a guest is asked first (`control.stopping`), so that it can come to a checkpoint, and is
//! dropped after [`PATIENCE`]; calls to a target that are under way have [`FOR_ANSWERS`] to be answered and
//! recorded, since what is dropped before may have been done and is in doubt. A cancel in this process is heard at once, one in another process within [`EVERY`]: one
//! query, and only while there is work.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tributary_model::id::{RunId, TenantId};
use tributary_model::state::WorkKind;

use crate::context::Contexts;
use crate::held::HeldLeases;
use crate::services::{Services, store_problem};

/// How long other processes' cancels may go unheard.
const EVERY: Duration = Duration::from_secs(1);

/// How long planning and reading may go on after their run was cancelled.
const PATIENCE: Duration = Duration::from_millis(600);

/// The same for a batch, whose calls have left.
const FOR_ANSWERS: Duration = Duration::from_secs(10);

/// How often it is looked whether patience has run out.
const WHILE_STOPPING: Duration = Duration::from_millis(100);

/// When this process heard that a run is to stop.
type Heard = HashMap<(TenantId, RunId), Instant>;

/// Listens and looks until `ended`.
pub(crate) async fn watch(
    services: Arc<Services>,
    contexts: Contexts,
    held: HeldLeases,
    ended: CancellationToken,
) {
    let mut heard = Heard::new();
    loop {
        let pause = if heard.is_empty() {
            EVERY
        } else {
            WHILE_STOPPING
        };
        tokio::select! {
            () = ended.cancelled() => return,
            () = services.cancelled.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
        look(&services, &contexts, &held, &mut heard).await;
    }
}

async fn look(services: &Services, contexts: &Contexts, held: &HeldLeases, heard: &mut Heard) {
    let ours = held.runs();
    if ours.is_empty() {
        heard.clear();
        return;
    }
    let stopping: HashSet<_> = match services.store.system().cancelling_runs().await {
        Ok(runs) => runs.into_iter().filter(|run| ours.contains(run)).collect(),
        Err(error) => {
            store_problem(&error);
            return;
        }
    };
    heard.retain(|run, _| stopping.contains(run));
    for run in stopping {
        // its context may have been made since the last look
        if let Some(context) = contexts.get(&run.1) {
            context.stop.cancel();
        }
        let since = heard.entry(run.clone()).or_insert_with(Instant::now);
        let since = since.elapsed();
        if since >= PATIENCE {
            held.stop_run(&run, |kind| kind != WorkKind::Batch || since >= FOR_ANSWERS);
        }
    }
}
