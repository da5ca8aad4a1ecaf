//! What the tests share: built connectors, a host, contexts, a sink that remembers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tributary_formats::page::Page;
use tributary_host::{
    CallContext, Connection, ConnectionPorts, Connector, EgressPolicy, Host, HostConfig, PageSink,
    Runner,
};
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::plan::{Maxima, Plan};
use tributary_model::problem::Problem;

/// The secret that must never be seen anywhere but at the other side.
pub(crate) const SECRET: &str = "s3cr3t-canary-7f1e";

static BUILT: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../connectors");
    let out = target.join("components");
    crate::connectors::build(&repo.canonicalize().unwrap(), &target, &out).unwrap()
});

/// The bytes of a built-in connector.
pub(crate) fn component(name: &str) -> Vec<u8> {
    let file = format!("{name}.wasm");
    let path = BUILT.iter().find(|path| path.ends_with(&file)).unwrap();
    std::fs::read(path).unwrap()
}

/// A host that was granted `allow`.
pub(crate) fn host(allow: &[String]) -> Host {
    // the same connectors are loaded by a hundred processes of tests
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Host::new(HostConfig {
        cache_dir: Some(compiled),
        pool_instances: 4,
        egress: EgressPolicy {
            allow: allow.to_vec(),
        },
        runner: Some(this_program_as_runner()),
        all_apart: everything_apart(),
        ..HostConfig::default()
    })
    .unwrap()
}

/// Whether all tests shall run their connectors in processes of their own: the same must come of it.
pub(crate) fn everything_apart() -> bool {
    #[expect(clippy::disallowed_methods, reason = "tests are configured by it")]
    let asked = std::env::var_os("TRIBUTARY_TEST_APART");
    asked.is_some()
}

/// A server starts itself as a runner; here that is this test program, which runs one test with its
/// output on descriptor 3, because the test runner writes to the first.
pub(crate) fn this_program_as_runner() -> Runner {
    let program = std::env::current_exe().unwrap();
    let script = format!(
        "exec {} --exact hostile::apart::running --ignored --nocapture --test-threads=1 3>&1 >/dev/null",
        program.display()
    );
    Runner {
        program: "/bin/sh".into(),
        args: vec!["-c".to_owned(), script],
    }
}

/// A host and a built-in connector in it.
pub(crate) async fn load(name: &str, allow: &[String]) -> (Host, Arc<Connector>) {
    let host = host(allow);
    let connector = host.load(&component(name)).await.unwrap();
    (host, connector)
}

/// A context for a connection document.
pub(crate) fn context(document: Value, egress: &EgressPolicy) -> Result<CallContext, Problem> {
    let document: ConnectionDocument = serde_json::from_value(document).unwrap();
    Ok(CallContext {
        tenant: TenantId::parse("acme").unwrap(),
        run: None,
        log: None,
        connection: Arc::new(Connection::new(&document, egress)?),
        cancel: CancellationToken::new(),
        stop: CancellationToken::new(),
    })
}

/// The same under a plan of the tenant's.
pub(crate) fn context_under(document: Value, egress: &EgressPolicy, maxima: Maxima) -> CallContext {
    let name = "small".to_owned();
    let ports = ConnectionPorts {
        plan: Arc::new(Plan { name, maxima }),
        ..ConnectionPorts::new(egress)
    };
    let mut call = context(document.clone(), egress).unwrap();
    let document: ConnectionDocument = serde_json::from_value(document).unwrap();
    call.connection = Arc::new(Connection::with_ports(&document, &ports).unwrap());
    call
}

/// A connection document of an HTTP API.
pub(crate) fn http_document(base_url: &str, token: &str) -> Value {
    json!({
        "name": "api", "connector": "rest",
        "endpoint": {"kind": "http", "base_url": base_url, "auth": {"kind": "bearer"}},
        "secrets": {"token": token},
    })
}

/// `host:port` of an address that starts with http://.
pub(crate) fn place(url: &str) -> String {
    url.trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned()
}

/// What came, in order.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Page(Page),
    State(Value),
}

/// Remembers; fails at the page whose number is `fail_at`.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) items: Vec<Item>,
    pub(crate) fail_at: Option<usize>,
}

impl Sink {
    pub(crate) fn pages(&self) -> Vec<&Page> {
        fn page(item: &Item) -> Option<&Page> {
            match item {
                Item::Page(page) => Some(page),
                Item::State(_) => None,
            }
        }
        self.items.iter().filter_map(page).collect()
    }

    pub(crate) fn states(&self) -> Vec<&Value> {
        fn state(item: &Item) -> Option<&Value> {
            match item {
                Item::State(state) => Some(state),
                Item::Page(_) => None,
            }
        }
        self.items.iter().filter_map(state).collect()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.pages()
            .iter()
            .flat_map(|page| page.bytes.to_vec())
            .collect()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.pages().iter().map(|page| u64::from(page.rows)).sum()
    }
}

#[async_trait]
impl PageSink for Sink {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        if self.fail_at == Some(self.pages().len()) {
            return Err(Problem::new(ErrorCode::StorageFailed, "the disk is full"));
        }
        self.items.push(Item::Page(page));
        Ok(())
    }

    async fn checkpoint(&mut self, state: Value) -> Result<(), Problem> {
        self.items.push(Item::State(state));
        Ok(())
    }
}
