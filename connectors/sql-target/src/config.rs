//! The configuration; `connector.json` has its schema, which is the form that people see.

use serde::Deserialize;
use tributary_sdk::{Error, Result, serde_json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// which SQL: statements are made without asking the database
    pub dialect: Words,
    pub table: String,
    #[serde(default)]
    pub schema: Option<String>,
    /// names a row of the table: what is there under it is replaced
    pub key: Vec<String>,
    /// members of the records that go into columns of the same name; with `from`, of another
    pub columns: Vec<Column>,
    #[serde(default)]
    pub delete: Option<Delete>,
}

/// Which SQL is spoken, as people choose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    Postgres,
    Mysql,
    Sqlite,
}

/// A column and the member that goes into it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Column {
    Named(String),
    From(ColumnFrom),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnFrom {
    pub column: String,
    /// JSON Pointer into the record; the member of the column's name if absent
    #[serde(default)]
    pub from: Option<String>,
    /// the member is base64 and the column holds bytes
    #[serde(default)]
    pub bytes: bool,
}

/// Which records delete their row instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// JSON Pointer into the record
    pub at: String,
    pub equals: serde_json::Value,
}

impl Column {
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::From(from) => &from.column,
        }
    }

    /// Where its value is in a record.
    pub fn pointer(&self) -> String {
        let member = |name: &str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        match self {
            Self::Named(name) => member(name),
            Self::From(from) => from.from.clone().unwrap_or_else(|| member(&from.column)),
        }
    }

    pub fn bytes(&self) -> bool {
        matches!(self, Self::From(from) if from.bytes)
    }
}

impl Config {
    /// What the schema can't say.
    ///
    /// # Errors
    /// With the place that does not fit.
    pub fn check(&self) -> Result<()> {
        for (index, key) in self.key.iter().enumerate() {
            if !self.columns.iter().any(|column| column.name() == key) {
                let message = format!("the key's column {key:?} is not among the columns");
                return Err(Error::config(&format!("/config/key/{index}"), message));
            }
        }
        for (index, column) in self.columns.iter().enumerate() {
            let earlier = self.columns.iter().take(index);
            if earlier
                .filter(|other| other.name() == column.name())
                .count()
                > 0
            {
                let message = format!("the column {:?} is there twice", column.name());
                return Err(Error::config(&format!("/config/columns/{index}"), message));
            }
        }
        Ok(())
    }
}
