//! Rows to domain values, each checked: a value that breaks its rule is an error that names
//! table and column, never a default.

use sqlx::Row;
use sqlx::any::AnyRow;
use tributary_model::id::{RunId, Slug};
use tributary_model::issue::shorten;

use crate::error::StoreError;

/// A row and where it came from.
pub(crate) struct Record<'r> {
    row: &'r AnyRow,
    table: &'static str,
}

impl<'r> Record<'r> {
    pub(crate) fn new(table: &'static str, row: &'r AnyRow) -> Self {
        Self { row, table }
    }

    pub(crate) fn wrong(
        &self,
        column: &'static str,
        value: impl ToString,
        expected: &'static str,
    ) -> StoreError {
        StoreError::Inconsistent {
            table: self.table,
            column,
            value: shorten(&value.to_string(), 100),
            expected,
        }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn text_opt(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn int_opt(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn bytes_opt(&self, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn u32(&self, column: &'static str) -> Result<u32, StoreError> {
        let value = self.int(column)?;
        u32::try_from(value).map_err(|_| self.wrong(column, value, "a number from 0 to 2^32-1"))
    }

    pub(crate) fn u32_opt(&self, column: &'static str) -> Result<Option<u32>, StoreError> {
        match self.int_opt(column)? {
            None => Ok(None),
            Some(_) => self.u32(column).map(Some),
        }
    }

    pub(crate) fn u64(&self, column: &'static str) -> Result<u64, StoreError> {
        let value = self.int(column)?;
        u64::try_from(value).map_err(|_| self.wrong(column, value, "a number not below 0"))
    }

    pub(crate) fn u64_opt(&self, column: &'static str) -> Result<Option<u64>, StoreError> {
        match self.int_opt(column)? {
            None => Ok(None),
            Some(_) => self.u64(column).map(Some),
        }
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.wrong(column, other, "0 or 1")),
        }
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<[u8; 32], StoreError> {
        let bytes = self.bytes(column)?;
        <[u8; 32]>::try_from(bytes.as_slice())
            .map_err(|_| self.wrong(column, format!("{} bytes", bytes.len()), "32 bytes"))
    }

    pub(crate) fn slug(&self, column: &'static str) -> Result<Slug, StoreError> {
        let text = self.text(column)?;
        Slug::parse(&text).map_err(|_| self.wrong(column, text, "a name"))
    }

    pub(crate) fn slug_opt(&self, column: &'static str) -> Result<Option<Slug>, StoreError> {
        match self.text_opt(column)? {
            None => Ok(None),
            Some(_) => self.slug(column).map(Some),
        }
    }

    pub(crate) fn run_id(&self, column: &'static str) -> Result<RunId, StoreError> {
        let text = self.text(column)?;
        RunId::parse(&text).map_err(|_| self.wrong(column, text, "a run id"))
    }

    /// A word of a closed set, by the set's own `parse`.
    pub(crate) fn word<T>(
        &self,
        column: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text = self.text(column)?;
        parse(&text).ok_or_else(|| self.wrong(column, text, "a known word"))
    }

    pub(crate) fn word_opt<T>(
        &self,
        column: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.text_opt(column)? {
            None => Ok(None),
            Some(_) => self.word(column, parse).map(Some),
        }
    }

    /// JSON that this crate wrote.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|_| self.wrong(column, text, "JSON of its type"))
    }

    pub(crate) fn json_opt<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        match self.text_opt(column)? {
            None => Ok(None),
            Some(_) => self.json(column).map(Some),
        }
    }
}

/// `value` as a database number.
pub(crate) fn to_i64(what: &'static str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::refused(what, format!("{value} is above 2^63-1")))
}

/// `value` as JSON text.
pub(crate) fn to_json<T: serde::Serialize>(
    what: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::refused(what, e.to_string()))
}
