//! API clients: id, whom they speak for, hash of their secret.

use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use tributary_model::clock::UnixMillis;
use tributary_model::id::TenantId;
use tributary_model::role::Role;

use super::SystemStore;
use crate::error::StoreError;
use crate::row::Record;
use crate::tenant::{Put, PutOutcome};

/// A client to store.
#[derive(Clone)]
pub struct NewClient {
    pub client_id: String,
    /// `None` for the operator's own clients
    pub tenant: Option<TenantId>,
    pub role: Role,
    /// argon2id, from `vault::hash_secret`
    pub secret_hash: String,
}

impl std::fmt::Debug for NewClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewClient({} {:?})", self.client_id, self.role)
    }
}

/// A stored client.
#[derive(Clone)]
pub struct Client {
    pub client_id: String,
    pub tenant: Option<TenantId>,
    pub role: Role,
    pub secret_hash: String,
    pub created_ms: UnixMillis,
    pub updated_ms: UnixMillis,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({} {:?})", self.client_id, self.role)
    }
}

impl SystemStore {
    /// Makes a client, or gives an existing one of the same tenant a new role and secret.
    /// `Put::version` is 1.
    ///
    /// # Errors
    /// `Refused` if the id is taken by a client of another tenant, `Database`.
    pub async fn client_put(&self, new: &NewClient) -> Result<Put, StoreError> {
        let mut tx = self.write().await?;
        let before = sqlx::query("select tenant from client where client_id = $1")
            .bind(new.client_id.as_str())
            .fetch_optional(tx.conn())
            .await?;
        let outcome = match &before {
            None => PutOutcome::Created,
            Some(row) => {
                if Record::new("client", row).slug_opt("tenant")? != new.tenant {
                    return Err(StoreError::refused("client", "its id is taken"));
                }
                PutOutcome::Updated
            }
        };
        let now = tx.now;
        let put =
            "insert into client (client_id, tenant, role, secret_hash, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $5)
             on conflict (client_id) do update set role = excluded.role,
                secret_hash = excluded.secret_hash, updated_at = excluded.updated_at";
        written(put, new, now).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(Put {
            outcome,
            version: 1,
        })
    }

    /// Makes a client; whether its id was free.
    ///
    /// # Errors
    /// `Database`.
    pub async fn client_add(&self, new: &NewClient) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let now = tx.now;
        let add =
            "insert into client (client_id, tenant, role, secret_hash, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $5) on conflict (client_id) do nothing";
        let made = written(add, new, now).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(made.rows_affected() == 1)
    }

    /// Removes a client of a tenant; whether it was there.
    ///
    /// # Errors
    /// `Database`.
    pub async fn client_remove(
        &self,
        tenant: &TenantId,
        client_id: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let removed = sqlx::query("delete from client where client_id = $1 and tenant = $2")
            .bind(client_id)
            .bind(tenant.as_str())
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(removed.rows_affected() == 1)
    }

    /// The client with this id.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn client(&self, client_id: &str) -> Result<Option<Client>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("select * from client where client_id = $1")
            .bind(client_id)
            .fetch_optional(tx.conn())
            .await?;
        row.as_ref().map(client).transpose()
    }

    /// All clients of one tenant (`None`: the operator's), by id.
    ///
    /// # Errors
    /// `Database`, `Inconsistent`.
    pub async fn clients(&self, tenant: Option<&TenantId>) -> Result<Vec<Client>, StoreError> {
        let mut tx = self.read().await?;
        let rows = sqlx::query(
            "select * from client where coalesce(tenant, '') = coalesce($1, '') order by client_id",
        )
        .bind(tenant.map(|t| t.as_str().to_owned()))
        .fetch_all(tx.conn())
        .await?;
        rows.iter().map(client).collect()
    }
}

/// Binds a client to a statement that writes it.
fn written(
    sql: &'static str,
    new: &NewClient,
    now: UnixMillis,
) -> Query<'static, Any, AnyArguments> {
    sqlx::query(sql)
        .bind(new.client_id.as_str())
        .bind(new.tenant.as_ref().map(|t| t.as_str().to_owned()))
        .bind(new.role.as_str())
        .bind(new.secret_hash.as_str())
        .bind(now)
}

fn client(row: &sqlx::any::AnyRow) -> Result<Client, StoreError> {
    let record = Record::new("client", row);
    Ok(Client {
        client_id: record.text("client_id")?,
        tenant: record.slug_opt("tenant")?,
        role: record.word("role", Role::parse)?,
        secret_hash: record.text("secret_hash")?,
        created_ms: record.int("created_at")?,
        updated_ms: record.int("updated_at")?,
    })
}
