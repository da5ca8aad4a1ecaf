//! Records as files on an SFTP server or in a bucket: one file per batch, there at once and
//! complete or not at all.
//!
//! The host does the writing (contract: `PUT` on a connection with files). The name of a file comes
//! from the key of its first record, so the same batch sent again is the same file again: a
//! resend replaces and never doubles. No record is in two files, because a record is in one batch.

mod config;
mod csv;
mod manifest;
mod prepare;
mod settle;

use tributary_sdk::target::{Conclude, Document, Written};
use tributary_sdk::{
    Batch, Call, CheckStep, ErrorKind, Result, RowOutcome, Target, TargetResponse, connections,
    files,
};

use config::Config;

/// Label of the connection in the manifest.
const CONNECTION: &str = "store";

/// The connector.
pub struct FilesTarget;

impl Target for FilesTarget {
    type Config = Config;

    /// Looks only: whether the account may write shows when it does.
    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        let folder = config.folder.as_str();
        let listed = files::list(&connection, folder, false, None);
        Ok(vec![match listed {
            Ok(_) => CheckStep::ok("list", format!("{folder:?} is there")),
            Err(error) if error.kind == ErrorKind::NotFound && error.field.is_none() => {
                let message = format!("{folder:?} is not there yet and will be made");
                CheckStep::ok("list", message)
            }
            Err(error) => CheckStep::failed("connect", &error),
        }])
    }

    fn prepare(config: &Config, batch: &Batch, keys: &[String]) -> Result<Vec<Call>> {
        prepare::calls(config, &batch.data, keys)
    }

    fn settle(_config: &Config, call: &Call, response: &TargetResponse) -> Result<Vec<RowOutcome>> {
        settle::outcomes(call, response)
    }
}

impl Conclude for FilesTarget {
    fn conclude(config: &Config, run: &str, written: &[Written]) -> Result<Vec<Document>> {
        Ok(vec![manifest::document(config, run, written)?])
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_concluding_target!(FilesTarget);
