//! Calls into sources.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{Connector, finished};
use crate::bindings::source::exports::tributary::connector::source as contract;
use crate::call::{CallContext, PageSink, ReadPlan, ReadStats, Selection, StreamInfo};
use crate::capabilities::output::SinkItem;
use crate::exports::{Answer, Export};
use crate::session::{Purpose, Session};

/// Pages and checkpoints that a guest may be ahead of its sink.
const QUEUE: usize = 4;
/// Most streams of a source.
const MAX_STREAMS: usize = 5_000;
/// Most partitions of one read: each is a row of the ledger.
const MAX_PARTITIONS: usize = 100_000;

impl Connector {
    fn is_source(&self) -> Result<(), Problem> {
        match self.exports.source {
            Some(_) => Ok(()),
            None => Err(self.lacks("source")),
        }
    }

    /// The streams that the source has.
    ///
    /// # Errors
    /// What the connector or a capability says, or a limit that was hit.
    pub async fn discover(
        &self,
        call: &CallContext,
        config: &Value,
    ) -> Result<Vec<StreamInfo>, Problem> {
        let config = self.enter(call, config)?;
        self.is_source()?;
        let Answer::Streams(streams) = self.once(call, &config, Export::Discover).await? else {
            return Err(self.mixed_up());
        };
        if streams.len() > MAX_STREAMS {
            let what = format!(
                "answered {} streams; at most {MAX_STREAMS} are taken",
                streams.len()
            );
            return Err(self.broke_contract(&what));
        }
        streams
            .into_iter()
            .map(|stream| self.stream(stream))
            .collect()
    }

    /// What can be read side by side. An empty list: there is nothing to read now.
    ///
    /// # Errors
    /// As [`Self::discover`].
    pub async fn partitions(
        &self,
        call: &CallContext,
        config: &Value,
        selection: &Selection,
    ) -> Result<Vec<Value>, Problem> {
        Ok(self.plan(call, config, selection).await?.partitions)
    }

    /// What can be read side by side, and which kept checkpoints are of no more use.
    ///
    /// # Errors
    /// As [`Self::discover`].
    pub async fn plan(
        &self,
        call: &CallContext,
        config: &Value,
        selection: &Selection,
    ) -> Result<ReadPlan, Problem> {
        let config = self.enter(call, config)?;
        self.is_source()?;
        let export = Export::Partitions(to_guest(selection));
        let mut session = Session::open(self, call, Purpose::Call).await?;
        let result = session.enter(&self.exports, &config, export).await;
        let Answer::Partitions(partitions) = finished(&session, result)? else {
            return Err(self.mixed_up());
        };
        if partitions.len() > MAX_PARTITIONS {
            let what = format!(
                "answered {} partitions; at most {MAX_PARTITIONS} are taken",
                partitions.len()
            );
            return Err(self.broke_contract(&what));
        }
        not_stopped(call)?;
        if let Some(problem) = session.cut_short("it may not have listed all there is") {
            return Err(problem);
        }
        let partitions = partitions.iter().map(|text| self.json("partition", text));
        Ok(ReadPlan {
            partitions: partitions.collect::<Result<_, Problem>>()?,
            forgotten: std::mem::take(&mut session.guest_mut().forgotten),
        })
    }

    /// Reads one partition (or the whole stream) into `sink`. Pages that were handed over before
    /// a failure still reach the sink, so the last checkpoint it saw is a good one to go on from.
    /// A guest that returns because its time is nearly over has failed with `connector_out_of_time`:
    /// whoever got a checkpoint calls again.
    ///
    /// # Errors
    /// What the connector, a capability or the sink says, or a limit that was hit.
    pub async fn read(
        &self,
        call: &CallContext,
        config: &Value,
        selection: &Selection,
        sink: &mut dyn PageSink,
    ) -> Result<ReadStats, Problem> {
        let config = self.enter(call, config)?;
        self.is_source()?;
        let selection = to_guest(selection);
        let started = Instant::now();
        let (sender, mut queue) = mpsc::channel(QUEUE);
        let purpose = Purpose::Read {
            stream: selection.stream.clone(),
            sink: sender,
        };
        let mut session = Session::open(self, call, purpose).await?;

        let exports = Arc::clone(&self.exports);
        // A task of its own: the next page is read while the sink takes the last one.
        let guest = AbortOnDropHandle::new(tokio::spawn(async move {
            let export = Export::Read(selection);
            let result = session.enter(&exports, &config, export).await;
            let stats = session.stats(started);
            let cut_short = session.cut_short("what is behind its last checkpoint was not read");
            // The session ends here and closes the queue; the sink takes what is left in it.
            finished(&session, result).map(|_| (stats, cut_short))
        }));
        let guest = async {
            match guest.await {
                Ok(read) => Ok(read),
                Err(lost) => match lost.try_into_panic() {
                    Ok(panic) => resume_unwind(panic), // it is the caller's as well
                    Err(_) => Err(Problem::new(ErrorCode::Internal, "the platform ends")),
                },
            }
        };
        let drain = async {
            while let Some(item) = queue.recv().await {
                match item {
                    SinkItem::Page(page) => sink.page(page).await?,
                    SinkItem::Checkpoint(state) => sink.checkpoint(state).await?,
                    // A guest that did not wait for the answer is gone.
                    SinkItem::Flush(durable) => drop(durable.send(())),
                }
            }
            Ok(())
        };
        let (result, ()) = try_join(guest, drain).await?;
        let (stats, cut_short) = result?;
        not_stopped(call)?;
        match cut_short {
            Some(problem) => Err(problem),
            None => Ok(stats),
        }
    }

    fn stream(&self, stream: contract::StreamInfo) -> Result<StreamInfo, Problem> {
        Ok(StreamInfo {
            schema: self.json("schema", &stream.schema)?,
            name: stream.name,
            primary_key: stream.primary_key,
            cursor_field: stream.cursor_field,
            full: stream.modes.contains(&contract::SyncMode::Full),
            incremental: stream.modes.contains(&contract::SyncMode::Incremental),
            partitioned: stream.partitioned,
        })
    }
}

/// A guest that returned because it was asked to has not seen all there is.
fn not_stopped(call: &CallContext) -> Result<(), Problem> {
    if call.stop.is_cancelled() {
        let detail = "the connector was asked to stop before it was done";
        return Err(Problem::new(ErrorCode::RunCancelled, detail));
    }
    Ok(())
}

fn to_guest(selection: &Selection) -> contract::Selection {
    contract::Selection {
        stream: selection.stream.clone(),
        mode: match selection.incremental {
            true => contract::SyncMode::Incremental,
            false => contract::SyncMode::Full,
        },
        partition: selection.partition.as_ref().map(Value::to_string),
        state: selection.state.as_ref().map(Value::to_string),
    }
}
