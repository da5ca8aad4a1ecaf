//! A test bed: an empty migrated database with one tenant and one integration, and the steps
//! that many cases take.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tributary_model::counters::Counters;
use tributary_model::document::{LoadMode, TenantDocument};
use tributary_model::id::{IdSource, RunId, Slug, TenantId};
use tributary_model::rows::{RowFormat, RowPosition};
use tributary_model::state::{RecordState, WorkKind};
use tributary_store::{
    BatchResult, Enqueued, Fenced, Lease, NewBatch, NewPage, NewPartition, NewPlan, NewRun,
    PutOptions, RecordOutcome, Run, Store, SystemStore, TenantStore, record_key_hash,
};
use tributary_vault::Vault;

use crate::cluster::Cluster;

/// Long enough for a test that does not wait for its end.
pub(crate) const LEASE_MS: u64 = 60_000;

#[derive(Clone)]
pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) system: SystemStore,
    pub(crate) acme: TenantStore,
    pub(crate) vault: Arc<Vault>,
    ids: Arc<Ids>,
    _folder: Arc<tempfile::TempDir>,
}

/// Ids that grow, so that their order is the order of creation.
struct Ids(AtomicU64);

impl IdSource for Ids {
    fn next_id(&self) -> String {
        format!("{:032x}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Closes the store after the case, whatever the case did.
pub(crate) struct End(Store);

impl End {
    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("store.db").display());
        Self::new(folder, &url).await
    }

    pub(crate) async fn postgres(cluster: &Cluster, number: usize) -> Self {
        let url = cluster.database(&format!("case_{number}"));
        Self::new(tempfile::tempdir().unwrap(), &url).await
    }

    async fn new(folder: tempfile::TempDir, url: &str) -> Self {
        let store = Store::open(url).await.unwrap();
        let bed = Self {
            system: store.system(),
            acme: store.tenant(&slug("acme")),
            vault: Arc::new(Vault::open_or_create(&folder.path().join("kek")).unwrap()),
            ids: Arc::new(Ids(AtomicU64::new(1))),
            _folder: Arc::new(folder),
            store,
        };
        bed.add_tenant("acme").await;
        bed
    }

    pub(crate) fn end(&self) -> End {
        End(self.store.clone())
    }

    pub(crate) async fn add_tenant(&self, name: &str) -> TenantStore {
        let document = TenantDocument {
            name: slug(name),
            title: name.to_uppercase(),
            plan: None,
        };
        let key = self.vault.new_tenant_key(&slug(name)).unwrap();
        self.system
            .tenant_put(&document, &key, PutOptions::applied())
            .await
            .unwrap();
        self.store.tenant(&slug(name))
    }

    pub(crate) fn new_run(&self, integration: &str) -> NewRun {
        NewRun {
            id: RunId::generate(self.ids.as_ref()),
            integration: slug(integration),
            integration_version: 1,
            mapping_revision: 1,
            connectors: BTreeMap::from([("rest".to_owned(), "abc".to_owned())]),
            lookups: BTreeMap::from([("countries".to_owned(), 3)]),
            mode: LoadMode::Full,
            idempotency_key: None,
            trigger: "test".to_owned(),
            most_open: None,
        }
    }

    pub(crate) async fn run(&self, integration: &str) -> Run {
        match self
            .acme
            .run_create(&self.new_run(integration))
            .await
            .unwrap()
        {
            Enqueued::Created(run) => run,
            other => panic!("{other:?}"),
        }
    }

    /// Claims exactly one piece of work of this kind.
    pub(crate) async fn claim(&self, kind: WorkKind) -> Lease {
        let mut leases = self.system.claim("worker", 1, LEASE_MS).await.unwrap();
        assert_eq!(leases.len(), 1, "one piece of {kind:?} work is due");
        let lease = leases.remove(0);
        assert_eq!(lease.kind, kind);
        lease
    }

    pub(crate) async fn nothing_due(&self) {
        let leases = self.system.claim("worker", 10, LEASE_MS).await.unwrap();
        assert!(leases.is_empty(), "{leases:?}");
    }

    /// A run with one partition that is read, and `batches` batches of `records` records each.
    pub(crate) async fn extracted(&self, integration: &str, batches: u32, records: u64) -> Run {
        let run = self.run(integration).await;
        let plan = self.claim(WorkKind::Plan).await;
        let planned = NewPlan {
            stream: "orders".to_owned(),
            ..parts(&[partition(1)])
        };
        done(self.acme.commit_plan(&plan, &planned).await.unwrap());
        let extract = self.claim(WorkKind::Extract).await;
        let cut: Vec<NewBatch> = (0..batches).map(|no| new_batch(no, records)).collect();
        done(
            self.acme
                .commit_page(&extract, &page(0), Some("{\"next\":1}"), &cut)
                .await
                .unwrap(),
        );
        done(self.acme.commit_extract_done(&extract, None).await.unwrap());
        self.acme.run(&run.id).await.unwrap().unwrap()
    }
}

pub(crate) fn slug(name: &str) -> TenantId {
    Slug::parse(name).unwrap()
}

/// What was written; panics when the lease was lost.
pub(crate) fn done<T>(fenced: Fenced<T>) -> T {
    match fenced {
        Fenced::Done(value) => value,
        Fenced::Lost => panic!("the lease was lost"),
    }
}

pub(crate) fn partition(no: u32) -> NewPartition {
    NewPartition {
        no,
        descriptor: format!("{{\"file\":\"{no}.csv\"}}"),
        state: None,
    }
}

/// Planning that came to these partitions and nothing else.
pub(crate) fn parts(partitions: &[NewPartition]) -> NewPlan {
    NewPlan {
        partitions: partitions.to_vec(),
        ..NewPlan::default()
    }
}

pub(crate) fn page(no: u32) -> NewPage {
    NewPage {
        no,
        object: format!("lake/raw/tenant=acme/p{no}"),
        format: RowFormat::Ndjson,
        source: "orders.ndjson".to_owned(),
        first: RowPosition { line: 1, offset: 0 },
        rows: 10,
        bytes: 1000,
    }
}

pub(crate) fn new_batch(no: u32, records: u64) -> NewBatch {
    NewBatch {
        no,
        input: format!("{{\"page\":0,\"from\":{no}}}"),
        rows: records * 2,
        records,
    }
}

pub(crate) fn outcome(ordinal: u32, key: &str, content: u8, state: RecordState) -> RecordOutcome {
    RecordOutcome {
        ordinal,
        key: key.to_owned(),
        key_hash: record_key_hash(key),
        content_hash: [content; 32],
        state,
        resend: None,
        sent: None,
        external_id: None,
    }
}

/// A result with counters that fit the outcomes.
pub(crate) fn result(outcomes: Vec<RecordOutcome>) -> BatchResult {
    let mut counters = Counters::default();
    for outcome in &outcomes {
        counters.rows += 2;
        counters.add(outcome.state);
    }
    BatchResult {
        counters,
        outcomes,
        ..BatchResult::default()
    }
}
