//! Brings the schema up to date at start.
//!
//! Invariants: files are applied once, in order, each in a transaction with its row in
//! `schema_migration`; a file that changed after it was applied, or a database that is newer
//! than the program, stops the start. (sqlx's own migrator knows no text per database.)

use sqlx::{AssertSqlSafe, Row};

use super::dialect::Dialect;
use super::{Db, Scope};
use crate::error::StoreError;

struct Migration {
    version: i64,
    text: &'static str,
    only: Option<Dialect>,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        text: include_str!("../../migrations/0001_start.sql"),
        only: None,
    },
    Migration {
        version: 2,
        text: include_str!("../../migrations/0002_row_security.postgres.sql"),
        only: Some(Dialect::Postgres),
    },
    Migration {
        version: 3,
        text: include_str!("../../migrations/0003_connection_tokens.sql"),
        only: None,
    },
    Migration {
        version: 4,
        text: include_str!("../../migrations/0004_trust.sql"),
        only: None,
    },
    Migration {
        version: 5,
        text: include_str!("../../migrations/0005_real_runs.sql"),
        only: None,
    },
    Migration {
        version: 6,
        text: include_str!("../../migrations/0006_real_runs_security.postgres.sql"),
        only: Some(Dialect::Postgres),
    },
    Migration {
        version: 7,
        text: include_str!("../../migrations/0007_schemas.sqlite.sql"),
        only: Some(Dialect::Sqlite),
    },
    Migration {
        version: 8,
        text: include_str!("../../migrations/0008_schemas.postgres.sql"),
        only: Some(Dialect::Postgres),
    },
    Migration {
        version: 11,
        text: include_str!("../../migrations/0011_doubt.sql"),
        only: None,
    },
    Migration {
        version: 12,
        text: include_str!("../../migrations/0012_intake.sql"),
        only: None,
    },
    Migration {
        version: 13,
        text: include_str!("../../migrations/0013_usage_and_shape.sql"),
        only: None,
    },
    Migration {
        version: 14,
        text: include_str!("../../migrations/0014_settlements.sql"),
        only: None,
    },
    Migration {
        version: 15,
        text: include_str!("../../migrations/0015_plans.sql"),
        only: None,
    },
    Migration {
        version: 16,
        text: include_str!("../../migrations/0016_consents.sql"),
        only: None,
    },
    Migration {
        version: 17,
        text: include_str!("../../migrations/0017_failed_parts.sql"),
        only: None,
    },
    Migration {
        version: 18,
        text: include_str!("../../migrations/0018_last_call.sql"),
        only: None,
    },
    Migration {
        version: 19,
        text: include_str!("../../migrations/0019_silent.sql"),
        only: None,
    },
];

/// The line in a file behind which SQLite does not read on.
const POSTGRES_ONLY: &str = "\n-- Postgres only from here\n";

/// One number for all nodes of the platform that start at once.
const POSTGRES_LOCK: &str = "select cast(pg_advisory_xact_lock(741852963) as text)";

const JOURNAL: &str = "create table if not exists schema_migration (
    version bigint not null primary key, digest text not null, applied_at bigint not null)";

pub(super) async fn migrate(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.write(Scope::System).await?;
    if tx.dialect == Dialect::Postgres {
        sqlx::query(POSTGRES_LOCK).execute(tx.conn()).await?;
    }
    sqlx::query(JOURNAL).execute(tx.conn()).await?;
    let rows = sqlx::query("select version, digest from schema_migration order by version")
        .fetch_all(tx.conn())
        .await?;
    let mut applied = std::collections::BTreeMap::new();
    for row in rows {
        let (version, digest): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        applied.insert(version, digest);
    }
    if let Some(unknown) = applied
        .keys()
        .find(|version| !MIGRATIONS.iter().any(|known| known.version == **version))
    {
        return Err(StoreError::Migration(format!(
            "the database has migration {unknown}, which this version does not know; run the newer version"
        )));
    }
    for migration in MIGRATIONS {
        let digest = blake3::hash(migration.text.as_bytes()).to_hex().to_string();
        match applied.get(&migration.version) {
            Some(known) if *known == digest => {}
            Some(_) => {
                return Err(StoreError::Migration(format!(
                    "migration {} was changed after it was applied",
                    migration.version
                )));
            }
            None => apply(&mut tx, migration, &digest).await?,
        }
    }
    tx.commit().await
}

async fn apply(tx: &mut super::Tx, migration: &Migration, digest: &str) -> Result<(), StoreError> {
    if migration.only.is_none_or(|only| only == tx.dialect) {
        let text = match tx.dialect {
            Dialect::Sqlite => {
                let text = migration.text.split(POSTGRES_ONLY).next();
                text.unwrap_or_default()
                    .replace(") /* clustered */", ") without rowid")
            }
            Dialect::Postgres => migration.text.to_owned(),
        };
        // safe: the text is compiled in
        sqlx::raw_sql(AssertSqlSafe(text))
            .execute(tx.conn())
            .await?;
    }
    let now = tx.now;
    sqlx::query("insert into schema_migration (version, digest, applied_at) values ($1, $2, $3)")
        .bind(migration.version)
        .bind(digest)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}
