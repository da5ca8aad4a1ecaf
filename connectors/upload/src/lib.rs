//! Files that customers sent to the platform, taken in as every source of files does it
//! (`tributary_file_intake`). There are no folders; what is archived is put aside by the platform.

use serde::Deserialize;
use tributary_file_intake::{Config, FilePart, Intake};
use tributary_sdk::{CheckStep, Result, Selection, Source, StreamInfo};

/// With the label of the connection in the manifest.
const INTAKE: Intake = Intake { connection: "area" };

/// What the files are archived to has no name of the customer's choice, because it is no place.
const PUT_ASIDE: &str = "archived";

/// Steps that make no sense where nothing is reached out to.
const REACHING_OUT: [&str; 2] = ["connect", "sign in"];

/// The settings of a source of files, with what is always so here.
#[derive(Debug, Deserialize)]
#[serde(from = "Config")]
pub struct Settings(Config);

impl From<Config> for Settings {
    fn from(mut config: Config) -> Self {
        PUT_ASIDE.clone_into(&mut config.archive_folder);
        Self(config)
    }
}

/// The connector.
pub struct Upload;

impl Source for Upload {
    type Config = Settings;
    type Partition = FilePart;

    fn check(settings: &Settings) -> Result<Vec<CheckStep>> {
        let mut steps = INTAKE.check(&settings.0)?;
        steps.retain(|step| !(step.ok && REACHING_OUT.contains(&step.name.as_str())));
        Ok(steps)
    }

    fn discover(settings: &Settings) -> Result<Vec<StreamInfo>> {
        INTAKE.discover(&settings.0)
    }

    fn partitions(settings: &Settings, selection: &Selection) -> Result<Vec<FilePart>> {
        INTAKE.partitions(&settings.0, selection)
    }

    fn read(settings: &Settings, selection: &Selection) -> Result<()> {
        INTAKE.read(&settings.0, selection)
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(Upload);
