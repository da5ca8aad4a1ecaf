//! What a connector exports, by name: one list of calls with their answers, made of the contract's own
//! types, so that a call can be made here or be sent to a runner.
//!
//! Invariant: it knows nothing of limits, of what a call is for or of whether its answer is believed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre};

use crate::bindings::conclusion::ConclusionExportPre;
use crate::bindings::conclusion::exports::tributary::connector::conclusion;
use crate::bindings::contract::types::{Batch, Error};
use crate::bindings::lookup::LookupExportPre;
use crate::bindings::lookup::exports::tributary::connector::lookup;
use crate::bindings::source::SourceConnectorPre;
use crate::bindings::source::exports::tributary::connector::source;
use crate::bindings::target::exports::tributary::connector::target;
use crate::bindings::target::{TargetConnector, TargetConnectorPre};

/// The exports that a component has.
pub(crate) struct Exports<T: 'static> {
    pub(crate) source: Option<SourceConnectorPre<T>>,
    pub(crate) target: Option<TargetConnectorPre<T>>,
    pub(crate) conclusion: Option<ConclusionExportPre<T>>,
    pub(crate) lookup: Option<LookupExportPre<T>>,
}

/// A call into a connector. Each comes with the connection's configuration.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Export<'a> {
    /// makes the instance and calls nothing
    Start,
    Check,
    Discover,
    Partitions(source::Selection),
    Read(source::Selection),
    Prepare(Batch, Cow<'a, [String]>),
    Settle(target::Call, target::Response),
    Conclude(Cow<'a, str>, Vec<conclusion::Written>),
    Inquire(Batch, Cow<'a, [String]>),
    Judge(lookup::Inquiry, lookup::Answer),
}

/// What a call answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Nothing,
    /// name, whether it worked, message
    Steps(Vec<(String, bool, String)>),
    Streams(Vec<source::StreamInfo>),
    Partitions(Vec<String>),
    Calls(Vec<target::Call>),
    Outcomes(Vec<target::RowOutcome>),
    Documents(Vec<conclusion::Document>),
    Inquiries(Vec<lookup::Inquiry>),
    Findings(Vec<lookup::RowFinding>),
}

/// The connector's answer, or its error.
pub(crate) type Answered = Result<Answer, Error>;

impl<T: Send + 'static> Exports<T> {
    /// Checks the types of those that are there.
    pub(crate) fn find(component: &Component, pre: &InstancePre<T>) -> wasmtime::Result<Self> {
        let exports = |name: &str| {
            let name = format!("tributary:connector/{name}@0.1.0");
            component.get_export_index(None, &name).is_some()
        };
        Ok(Self {
            source: match exports("source") {
                true => Some(SourceConnectorPre::new(pre.clone())?),
                false => None,
            },
            target: match exports("target") {
                true => Some(TargetConnectorPre::new(pre.clone())?),
                false => None,
            },
            conclusion: match exports("conclusion") {
                true => Some(ConclusionExportPre::new(pre.clone())?),
                false => None,
            },
            lookup: match exports("lookup") {
                true => Some(LookupExportPre::new(pre.clone())?),
                false => None,
            },
        })
    }

    /// Makes the call in `store`. `live` is the instance that the calls of one batch share.
    pub(crate) async fn call(
        &self,
        store: &mut Store<T>,
        live: &mut Option<TargetConnector>,
        config: &str,
        export: &Export<'_>,
    ) -> wasmtime::Result<Answered> {
        let config = config.to_owned();
        match export {
            Export::Start | Export::Check => self.base(store, live, config, export).await,
            Export::Discover | Export::Partitions(_) | Export::Read(_) => {
                self.source(store, config, export).await
            }
            Export::Prepare(..) | Export::Settle(..) => {
                self.target(store, live, config, export).await
            }
            Export::Conclude(..) | Export::Inquire(..) | Export::Judge(..) => {
                self.beside(store, config, export).await
            }
        }
    }

    async fn base(
        &self,
        store: &mut Store<T>,
        live: &mut Option<TargetConnector>,
        config: String,
        export: &Export<'_>,
    ) -> wasmtime::Result<Answered> {
        let start = matches!(export, Export::Start);
        if let Some(pre) = &self.source {
            let instance = pre.instantiate_async(&mut *store).await?;
            if start {
                return Ok(Ok(Answer::Nothing));
            }
            let base = instance.tributary_connector_base();
            let steps = base.call_check(store, &config).await?;
            let steps = steps.map(|steps| {
                let steps = steps.into_iter();
                steps
                    .map(|step| (step.name, step.ok, step.message))
                    .collect()
            });
            return Ok(steps.map(Answer::Steps));
        }
        let pre = self.target.as_ref().ok_or_else(|| lacks("base"))?;
        let instance = pre.instantiate_async(&mut *store).await?;
        if start {
            *live = Some(instance);
            return Ok(Ok(Answer::Nothing));
        }
        let base = instance.tributary_connector_base();
        let steps = base.call_check(store, &config).await?;
        let steps = steps.map(|steps| {
            let steps = steps.into_iter();
            steps
                .map(|step| (step.name, step.ok, step.message))
                .collect()
        });
        Ok(steps.map(Answer::Steps))
    }

    async fn source(
        &self,
        store: &mut Store<T>,
        config: String,
        export: &Export<'_>,
    ) -> wasmtime::Result<Answered> {
        let pre = self.source.as_ref().ok_or_else(|| lacks("source"))?;
        let instance = pre.instantiate_async(&mut *store).await?;
        let source = instance.tributary_connector_source();
        Ok(match export {
            Export::Discover => source
                .call_discover(store, &config)
                .await?
                .map(Answer::Streams),
            Export::Partitions(selection) => source
                .call_partitions(store, &config, selection)
                .await?
                .map(Answer::Partitions),
            Export::Read(selection) => source
                .call_read(store, &config, selection)
                .await?
                .map(|()| Answer::Nothing),
            _ => return Err(lacks("source")),
        })
    }

    async fn target(
        &self,
        store: &mut Store<T>,
        live: &mut Option<TargetConnector>,
        config: String,
        export: &Export<'_>,
    ) -> wasmtime::Result<Answered> {
        let pre = self.target.as_ref().ok_or_else(|| lacks("target"))?;
        let instance = match live {
            Some(instance) => instance,
            None => live.insert(pre.instantiate_async(&mut *store).await?),
        };
        let target = instance.tributary_connector_target();
        Ok(match export {
            Export::Prepare(batch, keys) => target
                .call_prepare(store, &config, batch, keys)
                .await?
                .map(Answer::Calls),
            Export::Settle(call, response) => target
                .call_settle(store, &config, call, response)
                .await?
                .map(Answer::Outcomes),
            _ => return Err(lacks("target")),
        })
    }

    async fn beside(
        &self,
        store: &mut Store<T>,
        config: String,
        export: &Export<'_>,
    ) -> wasmtime::Result<Answered> {
        if let Export::Conclude(run, written) = export {
            let pre = self
                .conclusion
                .as_ref()
                .ok_or_else(|| lacks("conclusion"))?;
            let instance = pre.instantiate_async(&mut *store).await?;
            let conclusion = instance.tributary_connector_conclusion();
            let documents = conclusion
                .call_conclude(store, &config, run, written)
                .await?;
            return Ok(documents.map(Answer::Documents));
        }
        let pre = self.lookup.as_ref().ok_or_else(|| lacks("lookup"))?;
        let instance = pre.instantiate_async(&mut *store).await?;
        let lookup = instance.tributary_connector_lookup();
        Ok(match export {
            Export::Inquire(batch, keys) => lookup
                .call_inquire(store, &config, batch, keys)
                .await?
                .map(Answer::Inquiries),
            Export::Judge(inquiry, answer) => lookup
                .call_judge(store, &config, inquiry, answer)
                .await?
                .map(Answer::Findings),
            _ => return Err(lacks("lookup")),
        })
    }
}

/// Callers look first, so that nobody reads this.
fn lacks(what: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("it has no {what}"))
}
