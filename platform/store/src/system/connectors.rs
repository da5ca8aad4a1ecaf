//! Installed connectors, platform-wide. The component's bytes are an object named here.

use sqlx::any::AnyRow;
use tributary_model::clock::UnixMillis;
use tributary_model::id::Slug;

use super::SystemStore;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::{Put, PutOutcome};

/// A connector version to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConnector {
    pub name: Slug,
    /// semantic version
    pub version: String,
    /// BLAKE3 of the component, hex
    pub digest: String,
    /// `connector.json`
    pub manifest: String,
    /// where the component's bytes are (path or object name)
    pub component: String,
}

/// An installed connector version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    pub name: Slug,
    pub version: String,
    pub digest: String,
    pub manifest: String,
    pub component: String,
    pub created_ms: UnixMillis,
    pub updated_ms: UnixMillis,
}

impl SystemStore {
    /// Installs a connector version, or replaces the same version; it is the current one then, also
    /// if a later version was. `Put::version` is 1.
    ///
    /// # Errors
    /// `Database`.
    pub async fn connector_put(&self, new: &NewConnector) -> Result<Put, StoreError> {
        let mut tx = self.write().await?;
        let before = sqlx::query("select * from connector where name = $1 and version = $2")
            .bind(new.name.as_str())
            .bind(new.version.as_str())
            .fetch_optional(tx.conn())
            .await?;
        let outcome = match before.as_ref().map(connector).transpose()? {
            None => PutOutcome::Created,
            Some(old)
                if old.digest == new.digest
                    && old.manifest == new.manifest
                    && old.component == new.component
                    && self.is_current(&mut tx, &old).await? =>
            {
                return Ok(Put {
                    outcome: PutOutcome::Unchanged,
                    version: 1,
                });
            }
            Some(_) => PutOutcome::Updated,
        };
        let now = tx.now;
        sqlx::query(
            "insert into connector (name, version, digest, manifest, component, created_at,
                updated_at)
             values ($1, $2, $3, $4, $5, $6, $6)
             on conflict (name, version) do update set digest = excluded.digest,
                manifest = excluded.manifest, component = excluded.component,
                updated_at = excluded.updated_at",
        )
        .bind(new.name.as_str())
        .bind(new.version.as_str())
        .bind(new.digest.as_str())
        .bind(new.manifest.as_str())
        .bind(new.component.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Put {
            outcome,
            version: 1,
        })
    }

    /// Whether the version is the one that was installed last.
    async fn is_current(&self, tx: &mut Tx, version: &Connector) -> Result<bool, StoreError> {
        let newer = sqlx::query(
            "select version from connector where name = $1
                and (updated_at > $2 or (updated_at = $2 and version > $3))",
        )
        .bind(version.name.as_str())
        .bind(version.updated_ms)
        .bind(version.version.as_str())
        .fetch_optional(tx.conn())
        .await?;
        Ok(newer.is_none())
    }

    /// All installed versions, by name, the one installed or replaced last first.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn connectors(&self) -> Result<Vec<Connector>, StoreError> {
        let mut tx = self.read().await?;
        let rows =
            sqlx::query("select * from connector order by name, updated_at desc, version desc")
                .fetch_all(tx.conn())
                .await?;
        rows.iter().map(connector).collect()
    }

    /// A connector at `version`, or the one installed last.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn connector(
        &self,
        name: &Slug,
        version: Option<&str>,
    ) -> Result<Option<Connector>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query(
            "select * from connector where name = $1 and version = coalesce($2, version)
             order by updated_at desc, version desc limit 1",
        )
        .bind(name.as_str())
        .bind(version.map(str::to_owned))
        .fetch_optional(tx.conn())
        .await?;
        row.as_ref().map(connector).transpose()
    }
}

fn connector(row: &AnyRow) -> Result<Connector, StoreError> {
    let record = Record::new("connector", row);
    Ok(Connector {
        name: record.slug("name")?,
        version: record.text("version")?,
        digest: record.text("digest")?,
        manifest: record.text("manifest")?,
        component: record.text("component")?,
        created_ms: record.int("created_at")?,
        updated_ms: record.int("updated_at")?,
    })
}
