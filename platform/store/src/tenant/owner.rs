//! The tenant itself, as far as every request and every piece of work needs it.

use tributary_model::document::TenantDocument;
use tributary_model::id::Slug;
use tributary_vault::WrappedKey;

use super::TenantStore;
use crate::error::StoreError;
use crate::row::Record;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub wrapped_key: WrappedKey,
    /// for people
    pub title: String,
    /// the plan that its document names
    pub plan: Option<Slug>,
}

impl TenantStore {
    /// Key, title and plan of the tenant, `None` if there is no such tenant.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn owner(&self) -> Result<Option<Owner>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("select wrapped_key, document from tenant where tenant = $1")
            .bind(self.tenant().as_str())
            .fetch_optional(tx.conn())
            .await?;
        row.map(|row| {
            let record = Record::new("tenant", &row);
            let document: TenantDocument = record.json("document")?;
            Ok(Owner {
                wrapped_key: WrappedKey::from_text(record.text("wrapped_key")?),
                title: document.title,
                plan: document.plan,
            })
        })
        .transpose()
    }
}
