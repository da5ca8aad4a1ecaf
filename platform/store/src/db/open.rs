//! Opens a database by its address.
//!
//! Invariants: a SQLite file is made with mode 0600; an address never shows up in an error, it
//! may hold a password.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions, Row};

use super::dialect::Dialect;
use super::{Db, Scope, migrate};
use crate::error::StoreError;

/// Connections that read at a time.
const READERS: u32 = 8;
/// Connections to Postgres, all kinds of work together.
const POSTGRES_CONNECTIONS: u32 = 16;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

// WAL lets readers go on while one writes. FULL: a commit that was confirmed survives a power
// failure, which the ledger promises. A bigger checkpoint interval (64 MiB) copies a page that
// changes in many commits once.
const SQLITE_SETUP: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma busy_timeout = 10000;
    pragma cache_size = -16384;
    pragma temp_store = memory;
    pragma wal_autocheckpoint = 16384;
    pragma journal_size_limit = 134217728;
";

// Plans are made for each execution: one that was cached while a table was empty scans the whole
// of it later on. Compiling plans never pays for statements this small.
const POSTGRES_SETUP: &str = "set plan_cache_mode = force_custom_plan; set jit = off;";

pub(crate) async fn open(url: &str) -> Result<Db, StoreError> {
    sqlx::any::install_default_drivers();
    let db = if let Some(path) = url.strip_prefix("sqlite://") {
        open_sqlite(path).await?
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        open_postgres(url).await?
    } else {
        return Err(StoreError::Address(
            "it starts neither with sqlite:// nor with postgres://".to_owned(),
        ));
    };
    migrate::migrate(&db).await?;
    if db.dialect == Dialect::Postgres {
        warn_if_superuser(&db).await?;
    }
    Ok(db)
}

async fn open_sqlite(path: &str) -> Result<Db, StoreError> {
    if path.is_empty() || path.contains('?') || path.contains(":memory:") {
        return Err(StoreError::Address(
            "a SQLite address is sqlite:// and the path of a file".to_owned(),
        ));
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| StoreError::File {
            path: path.to_owned(),
            source,
        })?;
    let write = pool("sqlite", &format!("sqlite://{path}"), 1).await?;
    let read = pool("sqlite", &format!("sqlite://{path}"), READERS).await?;
    Ok(Db {
        dialect: Dialect::Sqlite,
        read,
        write,
    })
}

async fn open_postgres(url: &str) -> Result<Db, StoreError> {
    let pool = pool("postgres", url, POSTGRES_CONNECTIONS).await?;
    Ok(Db {
        dialect: Dialect::Postgres,
        read: pool.clone(),
        write: pool,
    })
}

async fn pool(kind: &'static str, url: &str, connections: u32) -> Result<AnyPool, StoreError> {
    let options = AnyConnectOptions::from_str(url)
        .map_err(|_| StoreError::Address(format!("it is not a {kind} address")))?
        .disable_statement_logging();
    let setup = if kind == "sqlite" {
        SQLITE_SETUP
    } else {
        POSTGRES_SETUP
    };
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |conn, _| {
            Box::pin(async move {
                sqlx::raw_sql(setup).execute(conn).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .map_err(|source| StoreError::Connect { kind, source })
}

async fn warn_if_superuser(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.read(Scope::System).await?;
    let row = sqlx::query(
        "select count(*) from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)",
    )
    .fetch_one(tx.conn())
    .await?;
    if row.try_get::<i64, _>(0)? > 0 {
        tracing::warn!(
            "the database role is a superuser or bypasses row level security: use a role that does not, so that the database too keeps tenants apart"
        );
    }
    Ok(())
}
