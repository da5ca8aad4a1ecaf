//! Runners: processes in which connectors run that nobody vouched for. The boundary is the contract: a
//! guest's calls into the host go over a pipe as data and are answered in the platform's process, where
//! connections, credentials, sockets, files, rows and the ledger stay
//! ([decision 0021](../../../docs/decisions/0021-runner-processes.md)).
//!
//! Invariants: a runner holds the native code of one component and what its guest was told, nothing
//! else; it never serves two tenants; the platform believes nothing that it says; it is killed when a
//! call into it fails, is cancelled or takes too long, and that is the end of this call only.
//!
//! Deliberately absent: rows that are piped (only their handles cross), keys of any kind, a shell around
//! the program.

mod answer;
mod away;
mod confine;
mod link;
mod process;
mod session;
mod wire;
mod worker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tributary_model::id::TenantId;

use process::Process;

pub(crate) use session::{Apart, Terms};
pub use worker::runner_worker;

/// How long a runner waits for its next session before it is ended.
const WARM: Duration = Duration::from_secs(60);

/// A program that runs [`runner_worker`] on its stdin and stdout.
#[derive(Debug, Clone)]
pub struct Runner {
    /// absolute path, of the same build as this one
    pub program: PathBuf,
    pub args: Vec<String>,
}

/// Where a connector's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// in this process, in the sandbox
    Process,
    /// in the sandbox in a process of its own per tenant
    Runner,
}

impl Isolation {
    /// As the API and the command line show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Runner => "runner",
        }
    }
}

/// Whose runner it is: tenant, digest of the component, and what the tenant's plan leaves: memory in MiB,
/// bytes of a call into the host.
type Key = (TenantId, String, u32, usize);

/// The runners that wait for their next session.
pub(crate) struct Runners {
    runner: Runner,
    /// most that wait
    most: usize,
    waiting: Mutex<HashMap<Key, Vec<Waiting>>>,
}

struct Waiting {
    process: Process,
    since: Instant,
}

impl Runners {
    pub(crate) fn new(runner: Runner, most: u32) -> Arc<Self> {
        Arc::new(Self {
            runner,
            most: most as usize,
            waiting: Mutex::default(),
        })
    }

    /// The one that was used last, if it is still there.
    fn take(&self, key: &Key) -> Option<Process> {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.get_mut(key)?;
        while let Some(Waiting { mut process, .. }) = own.pop() {
            if process.alive() {
                return Some(process);
            }
        }
        None
    }

    /// Keeps it for a while; the one that waited longest makes room for it.
    fn give(self: &Arc<Self>, key: Key, process: Process) {
        let since = Instant::now();
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(key).or_default().push(Waiting { process, since });
        while all.values().map(Vec::len).sum::<usize>() > self.most {
            let oldest = all.values_mut().filter(|own| !own.is_empty());
            let oldest = oldest.min_by_key(|own| own.first().map(|first| first.since));
            match oldest {
                Some(own) => drop(own.remove(0)),
                None => break,
            }
        }
        drop(all);
        // Outside a runtime there is nobody to wait; they end with the host.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let own = Arc::downgrade(self);
        runtime.spawn(async move {
            tokio::time::sleep(WARM).await;
            if let Some(own) = own.upgrade() {
                own.expire();
            }
        });
    }

    /// Ends those that waited long enough.
    fn expire(&self) {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for own in all.values_mut() {
            own.retain(|waiting| waiting.since.elapsed() < WARM);
        }
        all.retain(|_, own| !own.is_empty());
    }
}
