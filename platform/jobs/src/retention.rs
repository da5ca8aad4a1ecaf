//! Lets go of what customers sent and the platform has kept as long as their plans say: archived files and
//! replaced versions, and batches of records after their run.
//!
//! Invariant: the ledger says so first, then the bytes go. What breaks off in between leaves bytes that
//! nothing names, as after a delete.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tributary_lake::Lake;
use tributary_model::id::TenantId;
use tributary_model::pieces::Pieces;
use tributary_model::plan::Plan;
use tributary_model::problem::Problem;
use tributary_store::TenantStore;
use tributary_vault::TenantVault;

use crate::services::{Services, store_problem};

/// After the start, and then after each time.
const FIRST: Duration = Duration::from_secs(60);
const PERIOD: Duration = Duration::from_secs(3_600);

/// What was let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetGo {
    pub files: u64,
    pub pushes: u64,
    pub bytes: u64,
}

/// Until `ended`.
pub(crate) async fn keep(services: Arc<Services>, ended: CancellationToken) {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = PERIOD;
        tokio::select! {
            () = ended.cancelled() => return,
            gone = let_go(&services) => if let Err(problem) = gone {
                tracing::warn!(code = %problem.code, detail = %problem.detail, "old files were not let go");
            }
        }
    }
}

/// Goes through all tenants once. One whose turn fails is left for the next time.
///
/// # Errors
/// `storage_failed` if the tenants could not be listed.
pub async fn let_go(services: &Services) -> Result<LetGo, Problem> {
    let tenants = services.store.system().tenants().await;
    let tenants = tenants.map_err(|error| store_problem(&error))?;
    let mut all = LetGo::default();
    for tenant in tenants {
        let (name, plan) = (tenant.document.name, tenant.document.plan);
        let plan = services.plans.of(plan.as_ref());
        match of_tenant(services, &name, &plan).await {
            Ok(gone) => {
                if gone != LetGo::default() {
                    tracing::info!(
                        tenant.id = %name,
                        plan.name = %plan.name,
                        files = gone.files,
                        pushes = gone.pushes,
                        bytes = gone.bytes,
                        "what was kept long enough is gone"
                    );
                }
                all.files += gone.files;
                all.pushes += gone.pushes;
                all.bytes += gone.bytes;
            }
            Err(problem) => {
                tracing::warn!(tenant.id = %name, code = %problem.code, "old files were not let go");
            }
        }
    }
    Ok(all)
}

async fn of_tenant(services: &Services, name: &TenantId, plan: &Plan) -> Result<LetGo, Problem> {
    let most = &plan.maxima;
    if most.keep_files_days.is_none() && most.keep_pushes_days.is_none() {
        return Ok(LetGo::default());
    }
    let shelf = Shelf {
        store: services.store.tenant(name),
        lake: services.lake.clone(),
        vault: services.tenant_vault(name).await?,
    };
    let mut gone = LetGo::default();
    if let Some(days) = most.keep_files_days {
        shelf.files(days, &mut gone).await?;
    }
    if let Some(days) = most.keep_pushes_days {
        shelf.pushes(days, &mut gone).await?;
    }
    Ok(gone)
}

/// Where a tenant's things lie.
struct Shelf {
    store: TenantStore,
    lake: Lake,
    vault: TenantVault,
}

impl Shelf {
    async fn files(&self, days: u32, gone: &mut LetGo) -> Result<(), Problem> {
        loop {
            let pieces = self.store.uploads_expire(days).await;
            let pieces = pieces.map_err(|error| store_problem(&error))?;
            if pieces.is_empty() {
                return Ok(());
            }
            gone.files += pieces.len() as u64;
            gone.bytes += self.remove(&pieces).await;
        }
    }

    async fn pushes(&self, days: u32, gone: &mut LetGo) -> Result<(), Problem> {
        loop {
            let pieces = self.store.pushes_expire(days).await;
            let pieces = pieces.map_err(|error| store_problem(&error))?;
            if pieces.is_empty() {
                return Ok(());
            }
            gone.pushes += pieces.len() as u64;
            gone.bytes += self.remove(&pieces).await;
        }
    }

    /// Removes what the ledger names no more; gives the bytes.
    async fn remove(&self, all: &[Pieces]) -> u64 {
        let mut bytes = 0;
        for pieces in all {
            match self.lake.remove_pieces(&self.vault, pieces).await {
                Ok(()) => bytes += pieces.bytes,
                Err(error) => {
                    tracing::warn!(%error, "pieces that nothing names any more were not removed");
                }
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use tributary_lake::{ObjectKey, Sent};
    use tributary_model::document::TenantDocument;
    use tributary_model::id::Slug;
    use tributary_store::{NewUpload, PutOptions, Store};
    use tributary_vault::Vault;

    use super::*;

    async fn shelf(folder: &std::path::Path) -> Shelf {
        let url = format!("sqlite://{}", folder.join("db").display());
        let store = Store::open(&url).await.unwrap();
        let vault = Vault::open_or_create(&folder.join("key")).unwrap();
        let acme = Slug::parse("acme").unwrap();
        let wrapped = vault.new_tenant_key(&acme).unwrap();
        let document = TenantDocument {
            name: acme.clone(),
            title: "ACME".to_owned(),
            plan: None,
        };
        let system = store.system();
        let put = system.tenant_put(&document, &wrapped, PutOptions::person());
        put.await.unwrap();
        Shelf {
            store: store.tenant(&acme),
            lake: Lake::local(folder.join("lake")),
            vault: vault.tenant(&acme, &wrapped).unwrap(),
        }
    }

    async fn send(shelf: &Shelf, name: &str, id: &str, content: &[u8]) -> Pieces {
        let inbox = Slug::parse("inbox").unwrap();
        let acme = shelf.store.tenant();
        let folder = ObjectKey::sent(Sent::Upload, acme, &inbox, id).unwrap();
        let mut writer = shelf.lake.piece_writer(&shelf.vault, folder);
        writer.write(content).await.unwrap();
        let pieces = writer.finish().await.unwrap();
        let mut sha256 = [0; 32];
        for (place, byte) in sha256.iter_mut().zip(content) {
            *place = *byte;
        }
        let new = NewUpload {
            connection: inbox,
            name: name.to_owned(),
            id: id.to_owned(),
            sha256,
            pieces: pieces.clone(),
            sent_by: "acme.erp".to_owned(),
        };
        let _ = shelf.store.upload_put(&new).await.unwrap();
        pieces
    }

    /// The version that was replaced goes, the one that is to be read stays; and what is not old stays.
    #[tokio::test]
    async fn bytes_go_with_what_the_ledger_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path()).await;
        let old = send(&shelf, "a.csv", "upl_1", b"one").await;
        let new = send(&shelf, "a.csv", "upl_2", b"number two").await;
        let mut gone = LetGo::default();
        shelf.files(1, &mut gone).await.unwrap();
        assert_eq!(gone, LetGo::default(), "not a day old");
        shelf.files(0, &mut gone).await.unwrap();
        shelf.pushes(0, &mut gone).await.unwrap();
        let expected = LetGo {
            files: 1,
            pushes: 0,
            bytes: old.bytes,
        };
        assert_eq!(gone, expected);
        assert!(shelf.lake.piece(&shelf.vault, &old, 0).await.is_err());
        let there = shelf.lake.piece(&shelf.vault, &new, 0).await.unwrap();
        assert_eq!(there.as_ref(), b"number two");
        shelf.files(0, &mut gone).await.unwrap();
        assert_eq!(gone, expected, "once");
    }
}
