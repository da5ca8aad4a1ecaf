//! From the typed traits to the contract's exports.

use std::marker::PhantomData;
use std::sync::Once;

use crate::bindings::base::exports::tributary::connector::base;
use crate::bindings::conclusion::exports::tributary::connector::conclusion;
use crate::bindings::lookup::exports::tributary::connector::lookup;
use crate::bindings::source::exports::tributary::connector::source;
use crate::bindings::target::exports::tributary::connector::target;
use crate::log::{Level, log};
use crate::target::{Ask, Conclude};
use crate::{Batch, CheckStep, Error, Result, Selection, Source, Target};

/// Makes the exports of a source.
pub struct SourceExport<T>(PhantomData<T>);
/// Makes the exports of an API target.
pub struct TargetExport<T>(PhantomData<T>);

/// Exports a type that implements [`Source`].
#[macro_export]
macro_rules! export_source {
    ($source:ty) => {
        type TributaryExport = $crate::SourceExport<$source>;
        $crate::bindings::base::export_base_world!(TributaryExport with_types_in $crate::bindings::base);
        $crate::bindings::source::export_source_world!(TributaryExport with_types_in $crate::bindings::source);
    };
}

/// Holds `config_schema` of `connector.json` to the type of the configuration, which carries
/// [`config`](crate::config): a test compares them, and `tributary connector build` renews the file.
#[macro_export]
macro_rules! config_schema {
    ($config:ty) => {
        #[cfg(test)]
        #[test]
        fn config_schema_is_that_of_the_type() -> ::core::result::Result<(), ::std::string::String>
        {
            $crate::schema::held::<$config>(env!("CARGO_MANIFEST_DIR"))
        }
    };
}

/// Exports a type that implements [`Target`].
#[macro_export]
macro_rules! export_target {
    ($target:ty) => {
        type TributaryExport = $crate::TargetExport<$target>;
        $crate::bindings::base::export_base_world!(TributaryExport with_types_in $crate::bindings::base);
        $crate::bindings::target::export_target_world!(TributaryExport with_types_in $crate::bindings::target);
    };
}

/// Exports a type that implements [`Conclude`](crate::target::Conclude).
#[macro_export]
macro_rules! export_concluding_target {
    ($target:ty) => {
        $crate::export_target!($target);
        $crate::bindings::conclusion::export_conclusion_world!(TributaryExport with_types_in $crate::bindings::conclusion);
    };
}

/// Exports a type that implements [`Ask`](crate::target::Ask).
#[macro_export]
macro_rules! export_asking_target {
    ($target:ty) => {
        $crate::export_target!($target);
        $crate::bindings::lookup::export_lookup_world!(TributaryExport with_types_in $crate::bindings::lookup);
    };
}

/// Exports a type that implements both [`Ask`](crate::target::Ask) and [`Conclude`](crate::target::Conclude).
#[macro_export]
macro_rules! export_asking_and_concluding_target {
    ($target:ty) => {
        $crate::export_asking_target!($target);
        $crate::bindings::conclusion::export_conclusion_world!(TributaryExport with_types_in $crate::bindings::conclusion);
    };
}

/// A panic would only be seen as "unreachable"; this way its place is in the log.
fn tell_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string(), &[])));
    });
}

fn typed<C: serde::de::DeserializeOwned>(config: &str) -> Result<C> {
    tell_panics();
    serde_json::from_str(config).map_err(|error| {
        Error::config(
            "/config",
            format!("the configuration does not fit: {error}"),
        )
    })
}

fn steps(steps: Vec<CheckStep>) -> Vec<base::CheckStep> {
    let step = |step: CheckStep| base::CheckStep {
        name: step.name,
        ok: step.ok,
        message: step.message,
    };
    steps.into_iter().map(step).collect()
}

impl<T: Source> base::Guest for SourceExport<T> {
    fn check(config: String) -> Result<Vec<base::CheckStep>> {
        Ok(steps(T::check(&typed(&config)?)?))
    }
}

impl<T: Target> base::Guest for TargetExport<T> {
    fn check(config: String) -> Result<Vec<base::CheckStep>> {
        Ok(steps(T::check(&typed(&config)?)?))
    }
}

impl<T: Source> source::Guest for SourceExport<T> {
    fn discover(config: String) -> Result<Vec<source::StreamInfo>> {
        use source::SyncMode;
        let streams = T::discover(&typed(&config)?)?;
        let stream = |stream: crate::StreamInfo| source::StreamInfo {
            name: stream.name,
            schema: stream.schema.to_string(),
            primary_key: stream.primary_key,
            cursor_field: stream.cursor_field,
            modes: [
                (stream.full, SyncMode::Full),
                (stream.incremental, SyncMode::Incremental),
            ]
            .into_iter()
            .filter_map(|(there, mode)| there.then_some(mode))
            .collect(),
            partitioned: stream.partitioned,
        };
        Ok(streams.into_iter().map(stream).collect())
    }

    fn partitions(config: String, selection: source::Selection) -> Result<Vec<String>> {
        let partitions = T::partitions(&typed(&config)?, &plain(selection))?;
        let text = |partition: &T::Partition| Ok(serde_json::to_string(partition)?);
        partitions.iter().map(text).collect()
    }

    fn read(config: String, selection: source::Selection) -> Result<()> {
        T::read(&typed(&config)?, &plain(selection))
    }
}

impl<T: Target> target::Guest for TargetExport<T> {
    fn prepare(config: String, batch: Batch, keys: Vec<String>) -> Result<Vec<crate::Call>> {
        T::prepare(&typed(&config)?, &batch, &keys)
    }

    fn settle(
        config: String,
        call: crate::Call,
        response: crate::TargetResponse,
    ) -> Result<Vec<crate::RowOutcome>> {
        T::settle(&typed(&config)?, &call, &response)
    }
}

impl<T: Conclude> conclusion::Guest for TargetExport<T> {
    fn conclude(
        config: String,
        run: String,
        written: Vec<conclusion::Written>,
    ) -> Result<Vec<conclusion::Document>> {
        T::conclude(&typed(&config)?, &run, &written)
    }
}

impl<T: Ask> lookup::Guest for TargetExport<T> {
    fn inquire(config: String, batch: Batch, keys: Vec<String>) -> Result<Vec<lookup::Inquiry>> {
        T::inquire(&typed(&config)?, &batch, &keys)
    }

    fn judge(
        config: String,
        inquiry: lookup::Inquiry,
        answer: lookup::Answer,
    ) -> Result<Vec<lookup::RowFinding>> {
        T::judge(&typed(&config)?, &inquiry, &answer)
    }
}

fn plain(selection: source::Selection) -> Selection {
    Selection::new(
        selection.stream,
        selection.mode == source::SyncMode::Incremental,
        selection.partition,
        selection.state,
    )
}
