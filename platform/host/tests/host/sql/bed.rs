//! One database of each kind, a document for it, and reads of the connector `sql`.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tributary_counterparts::databases::{self, DATABASE, Kind, Options, USER};
use tributary_host::{
    CallContext, Connection, ConnectionPorts, Connector, EgressPolicy, Host, Selection,
};
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;

use crate::support::{SECRET, Sink, load};

/// A database with the connector that reads it.
pub(crate) struct Bed {
    pub(crate) driver: &'static str,
    pub(crate) server: Option<databases::Handle>,
    folder: tempfile::TempDir,
    pub(crate) host: Host,
    pub(crate) connector: Arc<Connector>,
}

/// Every kind that is installed here.
pub(crate) async fn beds() -> Vec<Bed> {
    let mut beds = vec![Bed::sqlite().await];
    for kind in [Kind::Postgres, Kind::Mariadb] {
        beds.extend(Bed::server(kind, &Options::default()).await);
    }
    beds
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tenant = folder.path().join("acme");
        std::fs::create_dir(&tenant).unwrap();
        let grant = format!("sqlite:{}", folder.path().display());
        let (host, connector) = load("sql", &[grant]).await;
        Self {
            driver: "sqlite",
            server: None,
            folder,
            host,
            connector,
        }
    }

    /// `None`, and a word about it, if the server is not installed.
    pub(crate) async fn server(kind: Kind, options: &Options) -> Option<Self> {
        let options = Options {
            password: SECRET.to_owned(),
            ..options.clone()
        };
        let started = tokio::task::spawn_blocking(move || databases::start(kind, &options));
        let Some(server) = started.await.unwrap().unwrap() else {
            println!("skipped: {kind:?} is not installed");
            return None;
        };
        let (host, connector) = load("sql", &[server.address.to_string()]).await;
        Some(Self {
            driver: match kind {
                Kind::Postgres => "postgres",
                Kind::Mariadb => "mysql",
            },
            server: Some(server),
            folder: tempfile::tempdir().unwrap(),
            host,
            connector,
        })
    }

    /// Statements of the database's owner.
    pub(crate) fn sql(&self, text: &str) -> String {
        if let Some(server) = &self.server {
            return server.sql(text).unwrap();
        }
        let path = self.folder.path().join("acme/erp.sqlite");
        let session = rusqlite::Connection::open(path).unwrap();
        if text.starts_with("select") {
            let row = session.query_row(text, [], |row| row.get::<_, rusqlite::types::Value>(0));
            return match row.unwrap() {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            };
        }
        session.execute_batch(text).unwrap();
        String::new()
    }

    /// Makes a table and lets the account read it.
    pub(crate) fn table(&self, text: &str) {
        self.sql(text);
        if self.driver == "postgres" {
            self.sql(&format!(
                "grant select on all tables in schema public to {USER}"
            ));
        }
    }

    /// `from` to `to`, one row each: `insert into NAME select VALUES from …` with the number as `n`.
    pub(crate) fn fill(&self, insert: &str, from: u32, to: u32) {
        let numbers = match self.driver {
            "postgres" => format!("generate_series({from}, {to}) as numbers(n)"),
            "mysql" => format!("(select seq as n from seq_{from}_to_{to}) as numbers"),
            _ => format!(
                "(with recursive s(n) as (select {from} union all select n + 1 from s where n < {to}) select n from s) as numbers"
            ),
        };
        self.sql(&format!("{insert} from {numbers}"));
    }

    pub(crate) fn endpoint(&self) -> Value {
        match &self.server {
            None => json!({"kind": "sql", "driver": "sqlite", "database": "erp.sqlite"}),
            Some(server) => json!({"kind": "sql", "driver": self.driver, "database": DATABASE,
                "host": server.address.ip().to_string(), "port": server.address.port(),
                "tls": {"mode": "off"}, "auth": {"kind": "password", "user": USER}}),
        }
    }

    pub(crate) fn call(&self) -> CallContext {
        self.call_with(&self.endpoint(), SECRET).unwrap()
    }

    pub(crate) fn call_with(
        &self,
        endpoint: &Value,
        password: &str,
    ) -> Result<CallContext, Problem> {
        context(self.host.egress(), endpoint, password)
    }

    pub(crate) fn select(stream: &str, incremental: bool, state: Option<Value>) -> Selection {
        Selection {
            stream: stream.to_owned(),
            incremental,
            partition: None,
            state,
        }
    }

    /// Partitions and all that they give: rows as text, and the last checkpoint of each.
    pub(crate) async fn read(
        &self,
        config: &Value,
        selection: &Selection,
    ) -> Result<(Vec<String>, Vec<Value>), Problem> {
        let call = self.call();
        let parts = self.connector.partitions(&call, config, selection).await?;
        let (mut rows, mut states) = (Vec::new(), Vec::new());
        for part in parts {
            let sink = self
                .part(&call, config, selection, part, None, Sink::default())
                .await?;
            states.push((*sink.states().last().unwrap()).clone());
            rows.extend(lines(&sink));
        }
        Ok((rows, states))
    }

    /// One partition.
    pub(crate) async fn part(
        &self,
        call: &CallContext,
        config: &Value,
        selection: &Selection,
        part: Value,
        state: Option<Value>,
        mut sink: Sink,
    ) -> Result<Sink, Problem> {
        let selection = Selection {
            partition: Some(part),
            state,
            ..selection.clone()
        };
        self.connector
            .read(call, config, &selection, &mut sink)
            .await?;
        Ok(sink)
    }
}

pub(crate) fn context(
    egress: &EgressPolicy,
    endpoint: &Value,
    password: &str,
) -> Result<CallContext, Problem> {
    let document = json!({
        "name": "erp", "connector": "sql", "endpoint": endpoint,
        "secrets": if endpoint["driver"] == "sqlite" { json!({}) } else { json!({"password": password}) },
    });
    let mut ports = ConnectionPorts::new(egress);
    ports.databases = egress.databases_of("acme");
    let document = serde_json::from_value(document).unwrap();
    Ok(CallContext {
        tenant: TenantId::parse("acme").unwrap(),
        run: None,
        log: None,
        connection: Arc::new(Connection::with_ports(&document, &ports)?),
        cancel: CancellationToken::new(),
        stop: CancellationToken::new(),
    })
}

pub(crate) fn lines(sink: &Sink) -> Vec<String> {
    let text = String::from_utf8(sink.bytes()).unwrap();
    text.lines().map(str::to_owned).collect()
}
