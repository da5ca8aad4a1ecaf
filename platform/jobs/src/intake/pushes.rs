//! The batches that a run has: each is an NDJSON file `<number>/<id>`, so that their order by path is the
//! order in which they were accepted. Line n of a file is row n of what was pushed; refused rows are
//! empty lines.

use async_trait::async_trait;
use tributary_host::{FileEntry, StoredFile, StoredFiles};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::RunId;
use tributary_model::problem::Problem;
use tributary_store::Push;

use super::{Place, missing};
use crate::services::store_problem;

/// Rows of the ledger at a time.
const PAGE: u32 = 1_000;

pub(super) struct PushedBatches {
    pub(super) place: Place,
    /// outside of a run there are no batches
    pub(super) run: Option<RunId>,
}

impl PushedBatches {
    async fn behind(&self, seq: u64, limit: u32) -> Result<Vec<Push>, Problem> {
        let Some(run) = &self.run else {
            return Ok(Vec::new());
        };
        let found = self.place.store.pushes_of_run(run, seq, limit).await;
        found.map_err(|error| store_problem(&error))
    }

    async fn find(&self, wanted: &str) -> Result<Push, Problem> {
        let number = wanted.split('/').next().unwrap_or_default();
        let number: u64 = number.parse().map_err(|_| missing(wanted))?;
        let before = number.checked_sub(1).ok_or_else(|| missing(wanted))?;
        let found = self.behind(before, 1).await?.pop();
        found
            .filter(|push| path(push) == wanted)
            .ok_or_else(|| missing(wanted))
    }
}

#[async_trait]
impl StoredFiles for PushedBatches {
    async fn list(&self) -> Result<Vec<FileEntry>, Problem> {
        let (mut entries, mut last) = (Vec::new(), 0);
        loop {
            let page = self.behind(last, PAGE).await?;
            entries.extend(page.iter().map(entry));
            match page.last() {
                Some(push) if page.len() >= PAGE as usize => last = push.seq,
                _ => return Ok(entries),
            }
        }
    }

    async fn stat(&self, path: &str) -> Result<FileEntry, Problem> {
        Ok(entry(&self.find(path).await?))
    }

    /// A batch never changes, so its version is left aside.
    async fn open(&self, path: &str, offset: u64, _: Option<&str>) -> Result<StoredFile, Problem> {
        let push = self.find(path).await?;
        if push.removed_ms.is_some() {
            let detail = format!(
                "the records of {path} were kept as long as the tenant's plan says, and are gone"
            );
            return Err(Problem::new(ErrorCode::RawGone, detail));
        }
        Ok(self.place.read(path, push.pieces, offset))
    }

    async fn archive(&self, path: &str, _: Option<&str>) -> Result<(), Problem> {
        Err(stays(path))
    }

    async fn remove(&self, path: &str, _: Option<&str>) -> Result<(), Problem> {
        Err(stays(path))
    }
}

fn stays(path: &str) -> Problem {
    let detail = format!("the batch {path} stays with its run; it is neither moved nor removed");
    Problem::new(ErrorCode::ConnectorDenied, detail)
}

fn path(push: &Push) -> String {
    format!("{:012}/{}", push.seq, push.id)
}

fn entry(push: &Push) -> FileEntry {
    FileEntry {
        path: path(push),
        size: push.pieces.bytes,
        modified_ms: u64::try_from(push.created_ms).unwrap_or(0),
        version: Some(push.id.clone()),
    }
}
