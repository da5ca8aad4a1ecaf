//! Connections and transactions of both databases behind one type.
//!
//! Invariants: every statement runs in a [`Tx`], which knows its scope (one tenant, or the
//! system) and the database's time; on SQLite one connection writes and begins IMMEDIATE, so a
//! writer never fails half way with "database is locked"; no transaction outlives a store call,
//! hence none is held across connector or network work.
//!
//! `sqlx::Any` carries all values (text, bigint, bytea); what the two databases write
//! differently is in [`dialect`].

pub(crate) mod dialect;
mod migrate;
mod open;

use sqlx::{Any, AnyConnection, AnyPool, Row, Transaction};
use tributary_model::clock::UnixMillis;
use tributary_model::id::TenantId;

use crate::error::StoreError;
use dialect::Dialect;

pub(crate) use open::open;

/// Pools of one database.
#[derive(Clone)]
pub(crate) struct Db {
    dialect: Dialect,
    read: AnyPool,
    /// the same pool as `read` on Postgres, one connection on SQLite
    write: AnyPool,
}

/// For whom a transaction runs. Postgres enforces it (row level security).
#[derive(Clone, Copy)]
pub(crate) enum Scope<'a> {
    Tenant(&'a TenantId),
    System,
}

/// One transaction; rolled back unless committed.
pub(crate) struct Tx {
    inner: Transaction<'static, Any>,
    /// the database's clock at the begin, ms since 1970
    pub(crate) now: UnixMillis,
    pub(crate) dialect: Dialect,
}

impl Db {
    pub(crate) async fn read(&self, scope: Scope<'_>) -> Result<Tx, StoreError> {
        let inner = self.read.begin().await?;
        Tx::start(inner, self.dialect, scope).await
    }

    pub(crate) async fn write(&self, scope: Scope<'_>) -> Result<Tx, StoreError> {
        let inner = self.write.begin_with(self.dialect.begin_write()).await?;
        Tx::start(inner, self.dialect, scope).await
    }

    pub(crate) async fn close(&self) {
        // readers first: the last connection to close moves the WAL into the database file
        self.read.close().await;
        self.write.close().await;
    }
}

impl Tx {
    async fn start(
        mut inner: Transaction<'static, Any>,
        dialect: Dialect,
        scope: Scope<'_>,
    ) -> Result<Self, StoreError> {
        let (tenant, system) = match scope {
            Scope::Tenant(tenant) => (tenant.as_str(), "off"),
            Scope::System => ("", "on"),
        };
        let row = sqlx::query(dialect.start())
            .bind(tenant)
            .bind(system)
            .fetch_one(&mut *inner)
            .await?;
        Ok(Self {
            now: row.try_get(0)?,
            inner,
            dialect,
        })
    }

    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }
}
