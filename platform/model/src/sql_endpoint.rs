//! Databases in a connection document: which one, how its link is protected, who we are there.

use serde::{Deserialize, Serialize};

/// What a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqlDriver {
    Postgres,
    /// MySQL and MariaDB
    Mysql,
    /// a file of the platform's machine
    Sqlite,
}

impl SqlDriver {
    /// The word in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// Where servers of this kind listen; 0 for a file.
    #[must_use]
    pub fn usual_port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql => 3306,
            Self::Sqlite => 0,
        }
    }
}

/// How the link to a server is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SqlTls {
    pub mode: TlsMode,
    /// PEM certificates of authorities; if there are any, no others are believed
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<String>,
    /// the name in the server's certificate, where it is another than `host`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

impl SqlTls {
    pub(crate) fn usual(&self) -> bool {
        *self == Self::default()
    }
}

/// See [`SqlTls`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// TLS or nothing; the certificate must come from a believed authority and name the server
    #[default]
    VerifyFull,
    /// in clear, where the operator granted this very host and port
    Off,
}

/// Who we are to a database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SqlAuth {
    /// a file needs no account
    #[default]
    None,
    /// secret `password`
    Password { user: String },
}

impl SqlAuth {
    /// The word in documents.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password { .. } => "password",
        }
    }
}
