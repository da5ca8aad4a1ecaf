//! A loaded connector: manifest, compiled code, linked capabilities. Calls may run side by side;
//! each has a store of its own.

mod check;
mod conclusion;
mod lookup;
mod source;
mod target;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Semaphore;
use tributary_model::clock::Clock;
use tributary_model::detail::Detail;
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::{EndpointKinds, Manifest};
use tributary_model::problem::{Place, Problem};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::bindings::contract::types::Error;
use crate::call::CallContext;
use crate::capabilities;
use crate::config::HostConfig;
use crate::convert::to_problem;
use crate::engine::Ticker;
use crate::exports::{Answer, Answered, Export, Exports};
use crate::runner::{Isolation, Runners};
use crate::session::{Failure, Guest, Purpose, Session};

pub use target::TargetSession;

/// See the module.
pub struct Connector {
    manifest: Manifest,
    digest: String,
    /// of the connection that the manifest asks for
    pub(crate) label: String,
    kind: EndpointKinds,
    config_schema: jsonschema::Validator,
    exports: Arc<Exports<Guest>>,
    pub(crate) component: Component,
    /// where its code runs; `None`: in this process
    pub(crate) runners: Option<Arc<Runners>>,
    pub(crate) engine: Engine,
    pub(crate) pool: Arc<Semaphore>,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) host_call_timeout: Duration,
    pub(crate) host_call_bytes: usize,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("name", &self.manifest.name)
            .field("version", &self.manifest.version)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// Puts the listed capabilities into a linker of its own and checks the exports' types.
    pub(crate) fn link(
        component: Component,
        manifest: Manifest,
        digest: String,
        engine: &Engine,
        config: &HostConfig,
        pool: Arc<Semaphore>,
        ticker: Arc<Ticker>,
    ) -> Result<Self, Problem> {
        let invalid = |error: wasmtime::Error| {
            let detail = format!(
                "the connector does not fit the contract: {}",
                error.root_cause()
            );
            Problem::new(ErrorCode::ConnectorInvalid, detail)
        };
        let Some(connection) = &manifest.connection else {
            let detail = "the manifest of a connector needs `connection`";
            return Err(Problem::new(ErrorCode::ConnectorInvalid, detail));
        };
        let (label, kind) = (
            connection.label.as_str().to_owned(),
            connection.kind.clone(),
        );
        let config_schema =
            jsonschema::validator_for(&manifest.config_schema).map_err(|error| {
                let detail = format!("the manifest's config_schema is no JSON Schema: {error}");
                Problem::new(ErrorCode::ConnectorInvalid, detail)
            })?;
        let mut linker = Linker::<Guest>::new(engine);
        capabilities::link(&mut linker, &manifest.capabilities).map_err(invalid)?;
        let pre = linker.instantiate_pre(&component).map_err(invalid)?;
        let exports = Exports::find(&component, &pre).map_err(invalid)?;
        Ok(Self {
            manifest,
            digest,
            label,
            kind,
            config_schema,
            exports: Arc::new(exports),
            component,
            runners: None,
            engine: engine.clone(),
            pool,
            ticker,
            clock: Arc::clone(&config.clock),
            host_call_timeout: config.host_call_timeout,
            host_call_bytes: config.host_call_bytes,
        })
    }

    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// `sha256:` and 64 hexadecimal digits of the component's bytes.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Puts its code into processes of its own.
    pub(crate) fn apart(mut self, runners: Option<Arc<Runners>>) -> Self {
        self.runners = runners;
        self
    }

    /// Name and version, for messages and logs.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.manifest.name, self.manifest.version)
    }

    /// Checks a connection's `config` against the manifest's schema.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigInvalid`] with every place that does not fit, as pointers into the
    /// connection document.
    pub fn validate_config(&self, config: &Value) -> Result<(), Problem> {
        let places: Vec<Place> = self
            .config_schema
            .iter_errors(config)
            .map(|error| Place {
                pointer: format!("/config{}", error.instance_path()),
                detail: error.to_string(),
            })
            .collect();
        let Some(first) = places.first() else {
            return Ok(());
        };
        let detail = format!("{}: {}", first.pointer, first.detail);
        let mut problem = Problem::new(ErrorCode::ConfigInvalid, detail).at(&first.pointer);
        problem.errors = places;
        Err(problem)
    }

    /// Makes an instance with all its limits and drops it, calling nothing: what any call costs before
    /// the connector's own code runs.
    ///
    /// # Errors
    /// The instance could not be made, or the call was cancelled.
    pub async fn start(&self, call: &CallContext) -> Result<(), Problem> {
        let mut session = Session::open(self, call, Purpose::Call).await?;
        let made = session.enter(&self.exports, "", Export::Start).await;
        finished(&session, made).map(drop)
    }

    /// Where its code runs.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        match self.runners {
            Some(_) => Isolation::Runner,
            None => Isolation::Process,
        }
    }

    /// One call in a session of its own.
    async fn once(
        &self,
        call: &CallContext,
        config: &str,
        export: Export<'_>,
    ) -> Result<Answer, Problem> {
        let mut session = Session::open(self, call, Purpose::Call).await?;
        let result = session.enter(&self.exports, config, export).await;
        finished(&session, result)
    }

    /// What every call begins with: the right kind of connection and a config that fits.
    fn enter(&self, call: &CallContext, config: &Value) -> Result<String, Problem> {
        if !self.kind.accepts(call.connection.kind()) {
            let (title, wanted) = (self.title(), &self.kind);
            let detail = format!("the connector {title} needs an endpoint of kind {wanted}");
            return Err(Problem::new(ErrorCode::ConfigInvalid, detail).at("/endpoint/kind"));
        }
        if config.is_null() {
            let nothing = Value::Object(serde_json::Map::new());
            self.validate_config(&nothing)?;
            return Ok(nothing.to_string());
        }
        self.validate_config(config)?;
        Ok(config.to_string())
    }

    /// Who answers another call than the one that was made is not our build, or not our runner any more.
    fn mixed_up(&self) -> Problem {
        self.broke_contract("answered another call than the one that was made")
    }

    fn lacks(&self, what: &str) -> Problem {
        let detail = format!("the connector {} has no {what}", self.title());
        Problem::new(ErrorCode::ConnectorInvalid, detail)
    }

    /// The connector answered something that the contract forbids.
    fn broke_contract(&self, what: &str) -> Problem {
        let detail = format!("the connector {} {what}", self.title());
        Problem::new(ErrorCode::ConnectorFailed, detail)
    }

    fn detail(&self, text: &str) -> Result<Detail, Problem> {
        Detail::parse(text).map_err(|error| {
            self.broke_contract(&format!("answered a detail that is not JSON: {error}"))
        })
    }

    fn json(&self, what: &str, text: &str) -> Result<Value, Problem> {
        serde_json::from_str(text).map_err(|error| {
            self.broke_contract(&format!("answered a {what} that is not JSON: {error}"))
        })
    }
}

/// The answer of a call, or what its end means.
fn finished(session: &Session, result: Result<Answered, Failure>) -> Result<Answer, Problem> {
    let last = session.guest().last_problem.as_ref();
    result
        .map_err(|failure| session.problem(failure))?
        .map_err(|error: Error| to_problem(&error, last))
}
