//! Objects in a bucket of S3 or of a store that speaks its protocol, taken in as every
//! source of files does it (`tributary_file_intake`).

use tributary_file_intake::{Config, FilePart, Intake};
use tributary_sdk::{CheckStep, Result, Selection, Source, StreamInfo};

/// With the label of the connection in the manifest.
const INTAKE: Intake = Intake {
    connection: "bucket",
};

/// The connector.
pub struct S3;

impl Source for S3 {
    type Config = Config;
    type Partition = FilePart;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        INTAKE.check(config)
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        INTAKE.discover(config)
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<FilePart>> {
        INTAKE.partitions(config, selection)
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        INTAKE.read(config, selection)
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(S3);
