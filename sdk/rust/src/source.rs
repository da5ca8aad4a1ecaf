//! What a source implements.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::rows::typed;

/// One step of a check, for a person.
#[derive(Debug, Clone)]
pub struct CheckStep {
    pub name: String,
    pub ok: bool,
    pub message: String,
}

impl CheckStep {
    /// A step that worked.
    #[must_use]
    pub fn ok(name: &str, message: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            ok: true,
            message: message.into(),
        }
    }

    /// The step that did not; no step follows it. Refused credentials are the step `auth` and missing
    /// rights the step `permission`, whatever was tried. The place in the configuration that is to
    /// blame goes into the message, if the error names one.
    #[must_use]
    pub fn failed(name: &str, error: &crate::Error) -> Self {
        let message = match &error.field {
            Some(field) => format!("{} (at {field})", error.message),
            None => error.message.clone(),
        };
        let name = match (error.kind, error.code.as_deref()) {
            (_, Some("source_permission_denied")) => "permission",
            (_, Some("host_key_changed")) => "host_key",
            (crate::ErrorKind::Auth, _) => "auth",
            _ => name,
        };
        Self {
            name: name.to_owned(),
            ok: false,
            message,
        }
    }
}

/// A stream that can be read.
#[derive(Debug, Clone)]
pub struct StreamInfo {
    pub name: String,
    /// JSON Schema 2020-12 of one row
    pub schema: serde_json::Value,
    pub primary_key: Vec<String>,
    pub cursor_field: Option<String>,
    pub full: bool,
    pub incremental: bool,
    pub partitioned: bool,
}

/// What to read.
#[derive(Debug, Clone)]
pub struct Selection {
    pub stream: String,
    pub incremental: bool,
    partition: Option<String>,
    state: Option<String>,
}

impl Selection {
    pub(crate) fn new(
        stream: String,
        incremental: bool,
        partition: Option<String>,
        state: Option<String>,
    ) -> Self {
        Self {
            stream,
            incremental,
            partition,
            state,
        }
    }

    /// The partition to read, as `partitions` answered it.
    ///
    /// # Errors
    /// Text of another form.
    pub fn partition<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.partition
            .as_deref()
            .map(|text| typed("partition", text))
            .transpose()
    }

    /// In `read`: the partition, which the host always gives there.
    ///
    /// # Errors
    /// As [`Self::partition`]; none at all is a bug of the host.
    pub fn planned<T: DeserializeOwned>(&self) -> Result<T> {
        self.partition()?
            .ok_or_else(|| crate::Error::bug("read was called without a partition"))
    }

    /// In `read`: the last checkpoint of this partition in this run.
    ///
    /// # Errors
    /// Text of another form.
    pub fn checkpoint<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        self.state
            .as_deref()
            .map(|text| typed("checkpoint", text))
            .transpose()
    }

    /// In `read`, for checkpoints that hold the partition they are of, at `place`: the last one if it is of
    /// this very partition, else a new one of it. What a partition means may have changed since, and then
    /// reading begins anew.
    ///
    /// # Errors
    /// As [`Self::planned`] and [`Self::checkpoint`].
    pub fn resume<P, C>(&self, place: impl Fn(&mut C) -> &mut P) -> Result<C>
    where
        P: DeserializeOwned + PartialEq,
        C: DeserializeOwned + Default,
    {
        let partition: P = self.planned()?;
        let last: Option<C> = self.checkpoint()?;
        if let Some(mut last) = last
            && *place(&mut last) == partition
        {
            return Ok(last);
        }
        let mut new = C::default();
        *place(&mut new) = partition;
        Ok(new)
    }

    /// In `partitions`: the last checkpoints of the partitions of earlier runs.
    ///
    /// # Errors
    /// Text of another form.
    pub fn checkpoints<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        match self.state.as_deref().map(str::trim_start) {
            None | Some("null") => Ok(Vec::new()),
            Some(text) if text.starts_with('[') => typed("state", text),
            Some(text) => Ok(vec![typed("state", text)?]),
        }
    }
}

/// A source. The functions get their configuration typed; what does not fit the type is refused
/// before (the manifest's schema should be stricter than the type).
pub trait Source {
    type Config: DeserializeOwned;
    type Partition: Serialize;

    /// Tries the connection; changes nothing on the other side.
    ///
    /// # Errors
    /// Only if the check itself could not be made; a step that failed is an answer.
    fn check(config: &Self::Config) -> Result<Vec<CheckStep>>;

    /// The streams there are.
    ///
    /// # Errors
    /// What the source says.
    fn discover(config: &Self::Config) -> Result<Vec<StreamInfo>>;

    /// What can be read side by side.
    ///
    /// # Errors
    /// What the source says.
    fn partitions(config: &Self::Config, selection: &Selection) -> Result<Vec<Self::Partition>>;

    /// Reads one partition: pipe pages, and a checkpoint after each.
    ///
    /// # Errors
    /// What the source says.
    fn read(config: &Self::Config, selection: &Selection) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    struct Checkpoint {
        span: u32,
        done: bool,
    }

    fn resumed(state: Option<&str>) -> (u32, bool) {
        let state = state.map(str::to_owned);
        let selection = Selection::new("orders".to_owned(), false, Some("7".to_owned()), state);
        let checkpoint: Checkpoint = selection
            .resume(|last: &mut Checkpoint| &mut last.span)
            .unwrap();
        (checkpoint.span, checkpoint.done)
    }

    #[test]
    fn a_checkpoint_of_another_partition_does_not_count() {
        assert_eq!(resumed(Some(r#"{"span":7,"done":true}"#)), (7, true));
        assert_eq!(resumed(Some(r#"{"span":8,"done":true}"#)), (7, false));
        assert_eq!(resumed(None), (7, false));
    }
}
