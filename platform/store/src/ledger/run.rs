//! Runs: made once, listed, told by their events.
//!
//! Invariants: an idempotency key makes one run per tenant; one run of an integration is active
//! at a time (a partial unique index holds it).

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::document::LoadMode;
use tributary_model::id::{RunId, Slug};
use tributary_model::problem::Problem;
use tributary_model::source_shape::DriftFinding;
use tributary_model::state::{RunState, WorkKind};
use tributary_model::usage::RunUsage;

use super::lifecycle;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Record, to_json};
use crate::tenant::TenantStore;

/// A run to make. Versions are pinned here for its whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    pub id: RunId,
    pub integration: Slug,
    pub integration_version: u32,
    pub mapping_revision: u32,
    /// digest by connector name
    pub connectors: BTreeMap<String, String>,
    /// version by name of the tenant's lookup tables that the mapping uses
    pub lookups: BTreeMap<String, u32>,
    pub mode: LoadMode,
    /// the caller's key: the same key gives the same run
    pub idempotency_key: Option<String>,
    /// who or what started it, for example `api`, `cli`, `schedule`
    pub trigger: String,
    /// runs of the tenant that may be open with it; `None`: any number
    pub most_open: Option<u32>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    /// counts the tenant's runs from 1
    pub no: u64,
    pub integration: Slug,
    pub integration_version: u32,
    pub mapping_revision: u32,
    pub connectors: BTreeMap<String, String>,
    /// `None`: the run is older than the pinning of lookup tables
    pub lookups: Option<BTreeMap<String, u32>>,
    pub mode: LoadMode,
    pub trigger: String,
    pub idempotency_key: Option<String>,
    pub state: RunState,
    /// 1, and one more with each redrive
    pub attempt: u32,
    /// why it failed or is paused, if it is
    pub problem: Option<Problem>,
    /// of a paused run: when the target is tried again
    pub resume_ms: Option<UnixMillis>,
    /// JSON of this attempt's `finish_run`
    pub report: Option<String>,
    /// of all attempts
    pub usage: RunUsage,
    /// how the source differs from what was expected
    pub drift: Vec<DriftFinding>,
    pub created_ms: UnixMillis,
    pub started_ms: Option<UnixMillis>,
    /// of the present attempt
    pub attempt_started_ms: Option<UnixMillis>,
    pub finished_ms: Option<UnixMillis>,
    pub updated_ms: UnixMillis,
}

/// What became of [`TenantStore::run_create`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a run may have been refused"]
pub enum Enqueued {
    Created(Run),
    /// the idempotency key was used before; compare the run with what was asked for
    Existing(Run),
    /// another run of the integration is not over
    Refused {
        running: RunId,
    },
    /// the tenant has as many runs that are not over as it may have
    Full {
        open: u64,
    },
}

/// One step of a run's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEvent {
    /// from 1 without gaps
    pub seq: u32,
    pub at_ms: UnixMillis,
    pub from: Option<RunState>,
    pub to: RunState,
    pub note: Option<String>,
}

/// Which runs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    pub integration: Option<Slug>,
    pub state: Option<RunState>,
    /// only runs made before this one (the last of the page before)
    pub before: Option<RunId>,
    /// at most this many; 0 means 50
    pub limit: u32,
}

impl TenantStore {
    /// Makes a run and its `plan` work.
    ///
    /// # Errors
    /// `Dangling` if there is no such tenant, `Database`.
    pub async fn run_create(&self, new: &NewRun) -> Result<Enqueued, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        // numbers the run, and locks out other creations for this tenant
        let row = sqlx::query(
            "update tenant set last_run_no = last_run_no + 1 where tenant = $1
             returning last_run_no",
        )
        .bind(self.tenant().as_str())
        .fetch_optional(tx.conn())
        .await?;
        let row = row.ok_or_else(|| StoreError::Dangling {
            table: "tenant",
            row: self.tenant().to_string(),
        })?;
        let no = Record::new("tenant", &row).int("last_run_no")?;
        if let Some(earlier) = self.before_create(&mut tx, new).await? {
            return Ok(earlier);
        }
        sqlx::query(
            "insert into run (tenant, id, no, integration, integration_version, mapping_revision,
                connectors, mode, cause, idempotency_key, state, active, attempt, created_at,
                updated_at, lookups)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', 1, 1, $11, $11, $12)",
        )
        .bind(self.tenant().as_str())
        .bind(new.id.as_str())
        .bind(no)
        .bind(new.integration.as_str())
        .bind(i64::from(new.integration_version))
        .bind(i64::from(new.mapping_revision))
        .bind(to_json("connectors", &new.connectors)?)
        .bind(new.mode.as_str())
        .bind(new.trigger.as_str())
        .bind(new.idempotency_key.clone())
        .bind(now)
        .bind(to_json("lookups", &new.lookups)?)
        .execute(tx.conn())
        .await?;
        let note = Some(new.trigger.as_str());
        lifecycle::event(
            &mut tx,
            self.tenant(),
            &new.id,
            None,
            RunState::Queued,
            note,
        )
        .await?;
        let (tenant, queued) = (self.tenant(), RunState::Queued);
        lifecycle::insert_work(&mut tx, tenant, &new.id, WorkKind::Plan, None, queued).await?;
        let run = self.run_in(&mut tx, &new.id).await?;
        tx.commit().await?;
        run.map(Enqueued::Created)
            .ok_or_else(|| StoreError::Dangling {
                table: "run",
                row: new.id.to_string(),
            })
    }

    async fn before_create(
        &self,
        tx: &mut Tx,
        new: &NewRun,
    ) -> Result<Option<Enqueued>, StoreError> {
        let row = sqlx::query("select * from run where tenant = $1 and idempotency_key = $2")
            .bind(self.tenant().as_str())
            .bind(new.idempotency_key.clone())
            .fetch_optional(tx.conn())
            .await?;
        if let Some(row) = row {
            return run(&row).map(Enqueued::Existing).map(Some);
        }
        if let Some(running) = active_run(tx, self, &new.integration).await? {
            return Ok(Some(Enqueued::Refused { running }));
        }
        let Some(most) = new.most_open else {
            return Ok(None);
        };
        let open = self.open_runs_besides(tx, None).await?;
        Ok((open >= u64::from(most)).then_some(Enqueued::Full { open }))
    }

    /// How many runs are not over.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn open_runs(&self) -> Result<u64, StoreError> {
        let mut tx = self.read().await?;
        self.open_runs_besides(&mut tx, None).await
    }

    pub(super) async fn open_runs_besides(
        &self,
        tx: &mut Tx,
        run: Option<&RunId>,
    ) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "select count(*) as open from run where tenant = $1 and active = 1 and id <> $2",
        )
        .bind(self.tenant().as_str())
        .bind(run.map_or("", RunId::as_str))
        .fetch_one(tx.conn())
        .await?;
        Record::new("run", &row).u64("open")
    }

    /// The run that an idempotency key has started.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_by_key(&self, key: &str) -> Result<Option<Run>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("select * from run where tenant = $1 and idempotency_key = $2")
            .bind(self.tenant().as_str())
            .bind(key)
            .fetch_optional(tx.conn())
            .await?;
        row.as_ref().map(run).transpose()
    }

    /// One run.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        let mut tx = self.read().await?;
        self.run_in(&mut tx, id).await
    }

    pub(super) async fn run_in(&self, tx: &mut Tx, id: &RunId) -> Result<Option<Run>, StoreError> {
        let row = sqlx::query("select * from run where tenant = $1 and id = $2")
            .bind(self.tenant().as_str())
            .bind(id.as_str())
            .fetch_optional(tx.conn())
            .await?;
        row.as_ref().map(run).transpose()
    }

    /// Runs, the newest first.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>, StoreError> {
        let limit = if filter.limit == 0 { 50 } else { filter.limit };
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from run where tenant = $1 and ($2 is null or integration = $2)
                and ($3 is null or state = $3) and ($4 is null or id < $4)
             order by id desc limit $5",
        )
        .bind(self.tenant().as_str())
        .bind(filter.integration.as_ref().map(|i| i.as_str().to_owned()))
        .bind(filter.state.map(|s| s.as_str().to_owned()))
        .bind(filter.before.as_ref().map(|id| id.as_str().to_owned()))
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(run).collect()
    }

    /// The run's events in order; empty if there is no such run.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn run_events(&self, id: &RunId) -> Result<Vec<RunEvent>, StoreError> {
        let mut tx = self.read().await?;
        let rows =
            sqlx::query("select * from run_event where tenant = $1 and run = $2 order by seq")
                .bind(self.tenant().as_str())
                .bind(id.as_str())
                .fetch_all(tx.conn())
                .await?;
        rows.iter()
            .map(|row| {
                let record = Record::new("run_event", row);
                Ok(RunEvent {
                    seq: record.u32("seq")?,
                    at_ms: record.int("at")?,
                    from: record.word_opt("from_state", RunState::parse)?,
                    to: record.word("to_state", RunState::parse)?,
                    note: record.text_opt("note")?,
                })
            })
            .collect()
    }
}

/// The integration's run that is not over.
pub(super) async fn active_run(
    tx: &mut Tx,
    store: &TenantStore,
    integration: &Slug,
) -> Result<Option<RunId>, StoreError> {
    let row =
        sqlx::query("select id from run where tenant = $1 and integration = $2 and active = 1")
            .bind(store.tenant().as_str())
            .bind(integration.as_str())
            .fetch_optional(tx.conn())
            .await?;
    row.map(|row| Record::new("run", &row).run_id("id"))
        .transpose()
}

fn run(row: &AnyRow) -> Result<Run, StoreError> {
    let record = Record::new("run", row);
    Ok(Run {
        id: record.run_id("id")?,
        no: record.u64("no")?,
        integration: record.slug("integration")?,
        integration_version: record.u32("integration_version")?,
        mapping_revision: record.u32("mapping_revision")?,
        connectors: record.json("connectors")?,
        lookups: record.json_opt("lookups")?,
        mode: record.word("mode", LoadMode::parse)?,
        trigger: record.text("cause")?,
        idempotency_key: record.text_opt("idempotency_key")?,
        state: record.word("state", RunState::parse)?,
        attempt: record.u32("attempt")?,
        problem: record.json_opt("problem")?,
        resume_ms: record.int_opt("resume_at")?,
        report: record.text_opt("report")?,
        usage: record.json_opt("usage")?.unwrap_or_default(),
        drift: record.json_opt("drift")?.unwrap_or_default(),
        created_ms: record.int("created_at")?,
        started_ms: record.int_opt("started_at")?,
        attempt_started_ms: record.int_opt("attempt_started_at")?,
        finished_ms: record.int_opt("finished_at")?,
        updated_ms: record.int("updated_at")?,
    })
}
