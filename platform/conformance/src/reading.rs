//! A read as the engine makes it: plan partitions, read each, keep pages and checkpoints in order. Can
//! be killed after any checkpoint, and goes on from what was kept.

use async_trait::async_trait;
use serde_json::Value;
use tributary_formats::page::Page;
use tributary_host::{CallContext, Connector, PageSink, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::rows::{Row, rows};
use crate::side::{Event, Listener};

/// What came of one partition.
#[derive(Default)]
pub(crate) struct Taken {
    /// rows that a checkpoint covers
    pub(crate) covered: Vec<Row>,
    /// rows after the last checkpoint
    pub(crate) loose: Vec<Row>,
    pub(crate) last: Option<Value>,
    pub(crate) checkpoints: usize,
}

impl Taken {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Row> {
        self.covered.iter().chain(&self.loose)
    }
}

/// Takes what is read.
#[derive(Default)]
pub(crate) struct Collector {
    pub(crate) taken: Taken,
    /// is killed right after this many checkpoints
    pub(crate) kill_after: Option<usize>,
    /// ends the read when it has this many rows
    pub(crate) most_rows: Option<usize>,
    pub(crate) killed: bool,
    pub(crate) listener: Option<Listener>,
}

impl Collector {
    fn tell(&self, event: &Event) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }

    fn kill(&mut self) -> Problem {
        self.killed = true;
        Problem::new(ErrorCode::StorageFailed, "killed by the test")
    }
}

#[async_trait]
impl PageSink for Collector {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        self.tell(&Event::Page {
            source: page.source.clone(),
            rows: page.rows,
            bytes: page.bytes.len(),
        });
        self.taken.loose.extend(rows(&page));
        let count = self.taken.covered.len() + self.taken.loose.len();
        match self.most_rows {
            Some(most) if count >= most => Err(self.kill()),
            _ => Ok(()),
        }
    }

    async fn checkpoint(&mut self, state: Value) -> Result<(), Problem> {
        self.tell(&Event::Checkpoint(state.clone()));
        self.taken.covered.append(&mut self.taken.loose);
        self.taken.last = Some(state);
        self.taken.checkpoints += 1;
        if self.kill_after == Some(self.taken.checkpoints) {
            return Err(self.kill());
        }
        Ok(())
    }
}

/// A read of a whole stream.
pub(crate) struct Pass {
    pub(crate) parts: Vec<(Value, Taken)>,
    /// why it ended early
    pub(crate) failure: Option<Problem>,
}

impl Pass {
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.parts.iter().flat_map(|(_, taken)| taken.all())
    }

    pub(crate) fn checkpoints(&self) -> usize {
        self.parts.iter().map(|(_, taken)| taken.checkpoints).sum()
    }
}

/// A connector with its configuration and the stream that is read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) config: &'a Value,
    pub(crate) stream: &'a str,
}

impl Reader<'_> {
    fn selection(&self, partition: Option<Value>, state: Option<Value>) -> Selection {
        Selection {
            stream: self.stream.to_owned(),
            incremental: false,
            partition,
            state,
        }
    }

    pub(crate) async fn partitions(&self, call: &CallContext) -> Result<Vec<Value>, Problem> {
        let whole = self.selection(None, None);
        self.connector.partitions(call, self.config, &whole).await
    }

    /// One partition, from `state` on.
    pub(crate) async fn part(
        &self,
        call: &CallContext,
        part: &Value,
        state: Option<Value>,
        sink: &mut Collector,
    ) -> Result<(), Problem> {
        let selection = self.selection(Some(part.clone()), state);
        let read = self.connector.read(call, self.config, &selection, sink);
        read.await.map(drop)
    }

    /// Everything; ends at the first failure.
    pub(crate) async fn pass(&self, call: &CallContext) -> Pass {
        let mut pass = Pass {
            parts: Vec::new(),
            failure: None,
        };
        let parts = match self.partitions(call).await {
            Ok(parts) => parts,
            Err(problem) => {
                pass.failure = Some(problem);
                return pass;
            }
        };
        for part in parts {
            let mut sink = Collector::default();
            let result = self.part(call, &part, None, &mut sink).await;
            pass.parts.push((part, sink.taken));
            if let Err(problem) = result {
                pass.failure = Some(problem);
                break;
            }
        }
        pass
    }
}
