//! The test stand: the product's host with one connector, a clock that stands still, and an other side
//! that is played.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tributary_host::{
    CallContext, Connection, Connector, Functions, GuestLog, Host, HostConfig, OtherSide,
    Presented, present,
};
use tributary_model::clock::{Clock, UnixMillis};
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

use crate::case::Case;

/// As large as the product takes.
const MAX_COMPONENT_BYTES: usize = 32 << 20;
/// The value of every secret of a played connection: found anywhere else it was given away.
pub(crate) const CANARY: &str = "canary-5e1f0c7b-not-to-be-seen";

/// A host for the components of one battery.
pub(crate) struct Stand {
    host: Host,
    pub(crate) presented: Presented,
    pub(crate) clock: Arc<StandClock>,
    component: Vec<u8>,
}

/// Stands still until it is set.
pub(crate) struct StandClock(AtomicI64);

impl StandClock {
    pub(crate) fn set(&self, now_ms: UnixMillis) {
        self.0.store(now_ms, Ordering::Relaxed);
    }
}

impl Clock for StandClock {
    fn now_ms(&self) -> UnixMillis {
        self.0.load(Ordering::Relaxed)
    }
}

impl Stand {
    /// The upload gate, and a host in which it is `now_ms`.
    pub(crate) fn new(component: &[u8], now_ms: i64) -> Result<Self, Problem> {
        let presented = present(component, MAX_COMPONENT_BYTES)?;
        let clock = Arc::new(StandClock(AtomicI64::new(now_ms)));
        let host = Host::new(HostConfig {
            pool_instances: 4,
            clock: Arc::clone(&clock) as _,
            ..HostConfig::default()
        });
        let host = host.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
        Ok(Self {
            host,
            presented,
            clock,
            component: component.to_vec(),
        })
    }

    pub(crate) async fn connector(&self) -> Result<Arc<Connector>, Problem> {
        self.host.load(&self.component).await
    }

    pub(crate) async fn functions(&self) -> Result<Functions, Problem> {
        self.host.functions(&self.component).await
    }
}

/// A connector with a case: everything that checks work with.
pub(crate) struct Scene<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) case: &'a Case,
    pub(crate) clock: &'a StandClock,
    pub(crate) document: ConnectionDocument,
    pub(crate) cassette: Arc<crate::Cassette>,
}

impl<'a> Scene<'a> {
    /// `None` for a case without a connection.
    pub(crate) fn new(
        connector: &'a Connector,
        case: &'a Case,
        clock: &'a StandClock,
    ) -> Option<Self> {
        clock.set(case.cassette.recorded_at_ms);
        let mut document = case.connection.clone()?;
        document.secrets.insert("token".to_owned(), String::new());
        for value in document.secrets.values_mut() {
            CANARY.clone_into(value);
        }
        Some(Self {
            connector,
            case,
            clock,
            document,
            cassette: Arc::new(case.cassette.clone()),
        })
    }

    pub(crate) fn config(&self) -> &Value {
        &self.document.config
    }

    /// Whose guests reach `other`, with a log of its own.
    pub(crate) fn call(
        &self,
        other: Arc<dyn OtherSide>,
    ) -> Result<(CallContext, Arc<GuestLog>), Problem> {
        let connection = Connection::across(&self.document, other)?;
        context(Arc::new(connection), self.case.cassette.recorded_at_ms)
    }
}

/// What calls are made with.
pub(crate) fn context(
    connection: Arc<Connection>,
    now_ms: i64,
) -> Result<(CallContext, Arc<GuestLog>), Problem> {
    let log = Arc::new(GuestLog::new(Arc::new(StandClock(AtomicI64::new(now_ms)))));
    let tenant = TenantId::parse("tests")
        .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let call = CallContext {
        tenant,
        run: None,
        log: Some(Arc::clone(&log)),
        connection,
        cancel: CancellationToken::new(),
        stop: CancellationToken::new(),
    };
    Ok((call, log))
}
