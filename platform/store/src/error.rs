//! What can go wrong in the store, for logs; users see [`StoreError::problem`].

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, WorkKind};

/// An error of the store. None of them carries a secret, an address or a row's payload.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is of no known form. It is not shown: it may hold a password.
    #[error("the database address is wrong: {0}")]
    Address(String),
    /// The database file cannot be made or written.
    #[error("could not open the database file {path}")]
    File {
        /// the file
        path: String,
        /// why
        source: std::io::Error,
    },
    /// No connection.
    #[error("could not connect to the {kind} database")]
    Connect {
        /// `sqlite` or `postgres`
        kind: &'static str,
        /// why
        source: sqlx::Error,
    },
    /// The schema does not fit this program.
    #[error("could not bring the database schema up to date: {0}")]
    Migration(String),
    /// A statement failed.
    #[error("a database statement failed")]
    Database(#[from] sqlx::Error),
    /// A stored value breaks its rule: somebody else wrote it, or a bug did.
    #[error("table {table}, column {column} holds {value:?}, which is not {expected}")]
    Inconsistent {
        /// where
        table: &'static str,
        /// where
        column: &'static str,
        /// what is there, shortened
        value: String,
        /// what should be there
        expected: &'static str,
    },
    /// A row that others refer to is missing.
    #[error("table {table} has no row {row:?}, though others refer to it")]
    Dangling {
        /// where
        table: &'static str,
        /// which row
        row: String,
    },
    /// The caller gave something that cannot be stored.
    #[error("{what} cannot be stored: {reason}")]
    Refused {
        /// what was given
        what: &'static str,
        /// why not
        reason: String,
    },
    /// The lease is for another tenant or another kind of work than the call.
    #[error("the lease of {kind:?} work does not fit this call")]
    WrongLease {
        /// what the lease is for
        kind: WorkKind,
    },
    /// The transition table does not allow it.
    #[error("a run cannot go from {} to {}", from.as_str(), to.as_str())]
    Transition {
        /// where it is
        from: RunState,
        /// where it should go
        to: RunState,
    },
}

impl StoreError {
    /// What a user may see of it: no inside text.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Database(_) | Self::Connect { .. } | Self::File { .. } => Problem::new(
                ErrorCode::StorageFailed,
                "the platform's database did not answer as it should",
            ),
            _ => Problem::new(
                ErrorCode::Internal,
                "the platform's database holds or was given something unexpected",
            ),
        }
    }

    /// Whether the same call may work when repeated: lost connection, busy database, deadlock.
    #[must_use]
    pub fn transient(&self) -> bool {
        match self {
            Self::Connect { .. } => true,
            Self::Database(sqlx::Error::Database(error)) => {
                // Postgres: serialization failure, deadlock, shutdown, too many connections,
                // read-only after a switch; SQLite: busy, locked
                let code = error.code().unwrap_or_default();
                matches!(
                    code.as_ref(),
                    "40001" | "40P01" | "57P01" | "57P03" | "53300" | "25006" | "5" | "6" | "517"
                )
            }
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed
            ),
            _ => false,
        }
    }

    pub(crate) fn refused(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Refused {
            what,
            reason: reason.into(),
        }
    }
}

/// Whether the statement failed on a unique index or primary key.
pub(crate) fn is_unique_violation(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(inner) if inner.is_unique_violation())
}
