//! Room for what a customer sends, by the tenant's plan: taken in the ledger before the bytes come, used up by
//! the row that is written when they are here, given back otherwise.

use std::sync::Arc;

use tributary_model::error_code::ErrorCode;
use tributary_model::plan::Plan;
use tributary_store::{Kept, KeptMost, Room, TenantStore};

use crate::auth::Scope;
use crate::problem::ApiError;

/// What is taken ahead for a body whose length nobody has told: less where there is less.
const AHEAD_BYTES: [u64; 3] = [16 << 20, 1 << 20, 0];
const MIB: u64 = 1 << 20;

/// See the module. Does nothing under a plan that bounds neither bytes nor files.
pub(crate) struct RoomFor {
    store: TenantStore,
    plan: Arc<Plan>,
    id: String,
    /// what was taken so far
    taken: Kept,
    /// a row has its place
    used: bool,
}

impl RoomFor {
    /// Takes room for what comes under this id.
    pub(crate) async fn take(scope: &Scope, id: &str, wanted: Kept) -> Result<Self, ApiError> {
        let mut room = Self {
            store: scope.store.clone(),
            plan: Arc::clone(&scope.plan),
            id: id.to_owned(),
            taken: Kept::default(),
            used: false,
        };
        if let Some(full) = room.try_take(wanted).await? {
            return Err(room.refusal(full, wanted));
        }
        Ok(room)
    }

    /// Sees to it that there is room for so many bytes.
    pub(crate) async fn reach(&mut self, bytes: u64) -> Result<(), ApiError> {
        if bytes <= self.taken.bytes {
            return Ok(());
        }
        let mut full = None;
        for ahead in AHEAD_BYTES {
            full = self
                .try_take(self.with_bytes(bytes.saturating_add(ahead)))
                .await?;
            if full.is_none() {
                return Ok(());
            }
        }
        let full = full.unwrap_or_default();
        Err(self.refusal(full, self.with_bytes(bytes)))
    }

    /// The ledger has written the row, and with it used the room up.
    pub(crate) fn used(&mut self) {
        self.used = true;
    }

    fn with_bytes(&self, bytes: u64) -> Kept {
        let files = self.taken.files;
        Kept { bytes, files }
    }

    /// What is kept already, if there is no room.
    async fn try_take(&mut self, wanted: Kept) -> Result<Option<Kept>, ApiError> {
        let maxima = &self.plan.maxima;
        let most = KeptMost {
            bytes: maxima.stored_mib.map(|mib| u64::from(mib) * MIB),
            files: maxima.stored_files.map(u64::from),
        };
        if most == KeptMost::default() {
            return Ok(None);
        }
        match self.store.room_take(&self.id, wanted, most).await? {
            Room::Full(there) => Ok(Some(there)),
            Room::Taken => {
                self.taken = wanted;
                Ok(None)
            }
        }
    }

    fn refusal(&self, there: Kept, wanted: Kept) -> ApiError {
        let maxima = &self.plan.maxima;
        let name = &self.plan.name;
        let files = maxima.stored_files.map(u64::from);
        let detail = match files.filter(|most| there.files.saturating_add(wanted.files) > *most) {
            Some(most) if wanted.files > 0 => format!(
                "the plan {name:?} keeps at most {most} versions of files (stored_files); {} are kept or on their way",
                there.files
            ),
            _ => format!(
                "the plan {name:?} keeps at most {} MiB of what was sent (stored_mib); {} MiB are kept or on their way, and {} bytes more came",
                maxima.stored_mib.unwrap_or_default(),
                there.bytes.div_ceil(MIB),
                wanted.bytes
            ),
        };
        let hint = match maxima.keep_files_days {
            Some(days) => format!(
                "delete files that were read, or wait: archived and replaced ones go after {days} days; or ask the operator for another plan"
            ),
            None => "delete files that were read, or ask the operator for another plan".to_owned(),
        };
        ApiError::new(ErrorCode::PlanLimit, detail).hint(&hint)
    }
}

impl Drop for RoomFor {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.used || self.taken == Kept::default() {
            return;
        }
        let (store, id) = (self.store.clone(), std::mem::take(&mut self.id));
        runtime.spawn(async move {
            if let Err(error) = store.room_give_back(&id).await {
                tracing::warn!(%error, "room that was not used is kept until it ends by itself");
            }
        });
    }
}
