//! A whole API in a scratch folder: two tenants with the same things in them, a client of each
//! role, a connector port that knows two connectors, and a run that was worked off by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use futures_util::FutureExt;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tributary_api::{
    ApiState, Caller, CheckStep, ConnectorInfo, ConnectorPort, ConsentAnswer, ConsentRequest,
    Consented, Digests, DiscoveredStream, ExplainFn, Limits, PortFuture, TokenKeys,
};
use tributary_lake::Lake;
use tributary_model::clock::{Clock, SystemClock};
use tributary_model::document::{ConnectionDocument, TenantDocument};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{Slug, TenantId, UuidSource};
use tributary_model::manifest::Manifest;
use tributary_model::plan::{Maxima, Plans};
use tributary_model::problem::Problem;
use tributary_model::role::Role;
use tributary_store::{NewClient, NewConnector, PutOptions, Store};
use tributary_vault::{TokenSigner, Vault};

use crate::forge::Forge;

pub(crate) const TENANTS: [&str; 2] = ["acme", "globex"];

/// A running API.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) state: ApiState,
    pub(crate) signer: TokenSigner,
    pub(crate) forge: Forge,
    /// of every client
    pub(crate) secret: String,
    pub(crate) folder: tempfile::TempDir,
}

/// A request to make.
pub(crate) struct Call {
    request: axum::http::request::Builder,
    body: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self {
            request: Request::builder().method(method).uri(path),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn put(path: &str, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self = self.header("content-type", content_type);
        self.body = body;
        self
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as JSON, without the one member that differs each time.
    pub(crate) fn without_instance(&self) -> Value {
        let mut body = self.json();
        body.as_object_mut().unwrap().remove("instance");
        body
    }
}

impl Api {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open_or_create(&folder.path().join("key")).unwrap();
        let url = format!("sqlite://{}", folder.path().join("db").display());
        let store = Store::open(&url).await.unwrap();
        let signer = vault.token_signer().unwrap();
        let now = SystemClock.now_ms();
        let state = ApiState {
            public_url: PUBLIC_URL.to_owned(),
            explain: explain(&store),
            store,
            tokens: Arc::new(TokenKeys::new(&signer, None)),
            vault: Arc::new(vault),
            lake: Lake::local(folder.path().join("lake")),
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidSource),
            wake: Arc::new(Notify::new()),
            cancelled: Arc::new(Notify::new()),
            connectors: port(folder.path()),
            shutdown: CancellationToken::new(),
            limits: Limits::default(),
            plans: plans(),
        };
        let secret = tributary_vault::random_secret().unwrap();
        let api = Self {
            router: tributary_api::router(state.clone()),
            forge: Forge::new(&signer, now),
            state,
            signer,
            secret,
            folder,
        };
        api.fill().await;
        api
    }

    pub(crate) async fn call(&self, call: Call) -> Answer {
        let request = call.request.body(Body::from(call.body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: axum::body::to_bytes(body, 64 << 20).await.unwrap(),
        }
    }

    /// Like [`Self::call`], and it must go well.
    pub(crate) async fn ok(&self, call: Call) -> Answer {
        let answer = self.call(call).await;
        assert!(
            answer.status.is_success(),
            "{}: {}",
            answer.status,
            answer.text()
        );
        answer
    }

    /// A token of `role`; operators have no tenant.
    pub(crate) fn token(&self, role: Role, tenant: &str) -> String {
        let operator = role == Role::Operator;
        let caller = Caller {
            client_id: format!("{tenant}-{}", role.as_str()),
            role,
            tenant: (!operator).then(|| slug(tenant)),
        };
        let keys = &self.state.tokens;
        keys.issue(&SystemClock, &UuidSource, &caller).unwrap()
    }

    pub(crate) fn operator(&self) -> String {
        self.token(Role::Operator, "")
    }

    pub(crate) fn engineer(&self, tenant: &str) -> String {
        self.token(Role::Engineer, tenant)
    }

    async fn fill(&self) {
        let system = self.state.store.system();
        for (name, role) in [
            ("files", "source"),
            ("upload", "source"),
            ("push", "source"),
            ("tax", "api_target"),
        ] {
            let new = NewConnector {
                name: slug(name),
                version: "1.0.0".to_owned(),
                digest: format!("digest-of-{name}"),
                manifest: manifest(name, role).to_string(),
                component: format!("{name}.wasm"),
            };
            system.connector_put(&new).await.unwrap();
        }
        let secret_hash = tributary_vault::hash_secret(&self.secret).unwrap();
        for tenant in TENANTS {
            let document = TenantDocument {
                name: slug(tenant),
                title: format!("The tenant {tenant}"),
                plan: None,
            };
            let key = self.state.vault.new_tenant_key(&slug(tenant)).unwrap();
            let put = system.tenant_put(&document, &key, PutOptions::person());
            put.await.unwrap();
            for role in [Role::Engineer, Role::CustomerAdmin, Role::CustomerViewer] {
                let new = NewClient {
                    client_id: format!("{tenant}-{}", role.as_str().replace('_', "-")),
                    tenant: Some(slug(tenant)),
                    role,
                    secret_hash: secret_hash.clone(),
                };
                system.client_put(&new).await.unwrap();
            }
            for (kind, name) in DOCUMENTS.into_iter().chain(INTAKE) {
                let path = format!("/api/v1/tenants/{tenant}/{kind}/{name}");
                let call = Call::put(&path, &document_of(kind, name));
                self.ok(call.bearer(&self.engineer(tenant))).await;
            }
        }
    }
}

/// Under which browsers reach the API.
pub(crate) const PUBLIC_URL: &str = "https://tributary.example";

/// What each tenant has, in an order in which it can be put.
pub(crate) const DOCUMENTS: [(&str, &str); 6] = [
    ("connections", "shop"),
    ("connections", "taxman"),
    ("lookups", "units"),
    ("schemas", "rows"),
    ("mappings", "orders"),
    ("integrations", "orders"),
];

/// What each tenant has for what comes in.
pub(crate) const INTAKE: [(&str, &str); 3] = [
    ("connections", "inbox"),
    ("connections", "feed"),
    ("integrations", "feed"),
];

/// A good document.
pub(crate) fn document_of(kind: &str, name: &str) -> Value {
    match (kind, name) {
        ("connections", "taxman") => json!({
            "name": name, "connector": "tax",
            "endpoint": {"kind": "http", "base_url": "https://tax.example", "auth": {"kind": "bearer"}},
            "config": {}, "secrets": {"token": "canary-token-of-taxman"},
        }),
        ("connections", "books") => json!({
            "name": name, "connector": "tax",
            "endpoint": {"kind": "http", "base_url": "https://books.example", "auth": {
                "kind": "oauth2_code", "authorize_url": "https://login.example/authorize",
                "token_url": "https://login.example/token", "client_id": "c", "scope": "orders <all>",
            }},
            "config": {}, "secrets": {"client_secret": "canary-secret-of-books"},
        }),
        ("connections", "inbox") => json!({
            "name": name, "connector": "upload", "endpoint": {"kind": "uploads"}, "config": {},
        }),
        ("connections", "feed") => json!({
            "name": name, "connector": "push", "endpoint": {"kind": "push"}, "config": {},
        }),
        ("connections", _) => json!({
            "name": name, "title": "The shop", "connector": "files",
            "endpoint": {"kind": "sftp", "host": "sftp.example", "user": "u", "host_keys": ["ssh-ed25519 AAAA"]},
            "config": {"folder": "/out"}, "secrets": {"password": "canary-password-of-shop"},
        }),
        ("lookups", _) => json!({
            "name": name, "key": ["code"], "rows": [{"code": "STK", "unit": "piece"}],
        }),
        ("schemas", _) => json!({
            "name": name, "type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"],
        }),
        ("mappings", _) => mapping(name),
        ("integrations", "feed") => json!({
            "name": name, "source": {"connection": "feed", "stream": "records"},
            "mapping": "orders", "target": {"connection": "taxman"},
        }),
        ("integrations", _) => json!({
            "name": name, "source": {"connection": "shop", "stream": "orders"},
            "mapping": "orders", "target": {"connection": "taxman"},
        }),
        ("tenants", _) => json!({"name": name, "title": "A tenant"}),
        _ => panic!("no document of kind {kind}"),
    }
}

fn mapping(name: &str) -> Value {
    json!({
        "version": 1, "name": name,
        "source": {"format": "json", "key": ["$.id"]},
        "fields": [{"id": "f1", "to": "/id", "from": "$.id", "type": "string"}],
    })
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

pub(crate) fn manifest(name: &str, role: &str) -> Value {
    let kind = match (role, name) {
        ("source", "upload") => "uploads",
        ("source", "push") => "push",
        ("source", _) => "sftp",
        _ => "http",
    };
    json!({
        "manifest_version": 1, "name": name, "version": "1.0.0", "title": name,
        "publisher": "us", "contract": "tributary:connector@0.1.0", "roles": [role],
        "capabilities": [], "connection": {"label": "main", "kind": kind},
        "config_schema": {
            "type": "object", "additionalProperties": false,
            "properties": {"folder": {"type": "string"}},
        },
    })
}

/// Knows every record of a run of the tenant.
fn explain(store: &Store) -> Arc<ExplainFn> {
    let store = store.clone();
    Arc::new(move |tenant, run, key| {
        let store = store.tenant(&tenant);
        async move {
            let found = store.run(&run).await.unwrap();
            Ok(found.map(|run| json!({ "run": run.id, "key": key })))
        }
        .boxed()
    })
}

/// Installs what starts with `wasm:` and a manifest; a check always works.
/// `small` has room for 1 MiB, two versions of files and one run.
fn plans() -> Plans {
    let small = Maxima {
        open_runs: Some(1),
        stored_mib: Some(1),
        stored_files: Some(2),
        keep_files_days: Some(30),
        ..Maxima::default()
    };
    Plans::new(BTreeMap::from([(slug("small"), small)])).unwrap()
}

fn port(folder: &Path) -> ConnectorPort {
    let place = folder.display().to_string();
    ConnectorPort {
        install: Arc::new(move |component: Bytes| {
            let place = place.clone();
            async move {
                assert_ne!(component.as_ref(), b"wasm:panic", "/secret/inside/path");
                let text = component.strip_prefix(b"wasm:".as_slice());
                let manifest = text.and_then(|text| serde_json::from_slice::<Manifest>(text).ok());
                let manifest = manifest.ok_or_else(|| {
                    Problem::new(ErrorCode::ConnectorInvalid, "the bytes are no component")
                })?;
                Ok(ConnectorInfo {
                    manifest,
                    digest: "abc".to_owned(),
                    component: place,
                })
            }
            .boxed()
        }),
        check: Arc::new(|tenant, document| {
            async move {
                // that the secrets arrive is all that can be seen here
                let secrets = document.secrets.len();
                Ok(vec![CheckStep {
                    name: "reach".to_owned(),
                    ok: true,
                    message: format!("{tenant} has {secrets} secrets"),
                    hint: None,
                    code: None,
                    took_ms: Some(3),
                }])
            }
            .boxed()
        }),
        discover: Arc::new(|_tenant, document, wanted| {
            async move {
                let name = wanted.stream.unwrap_or_else(|| "files".to_owned());
                Ok(vec![DiscoveredStream {
                    schema: json!({"type": "object", "secrets": document.secrets.len()}),
                    name,
                    primary_key: Vec::new(),
                    cursor_field: None,
                    full: true,
                    incremental: true,
                    partitioned: true,
                    sampled_rows: wanted.rows as u64,
                    sample_problem: None,
                    fields: Vec::new(),
                }])
            }
            .boxed()
        }),
        consent_address: Arc::new(consent_address),
        consented: Arc::new(consented),
        signer: Arc::new(|_digest| async { Ok(None) }.boxed()),
        digests: Arc::new(|digest| {
            async move {
                Ok(Some(Digests {
                    file_digest: format!("sha256:file-of-{digest}"),
                    content_digest: format!("sha256:content-of-{digest}"),
                }))
            }
            .boxed()
        }),
        isolation: Arc::new(|_digest| async { Ok(Some("process".to_owned())) }.boxed()),
    }
}

/// A real address has the verifier's hash; here the test plays the other side.
fn consent_address(
    tenant: TenantId,
    document: ConnectionDocument,
    request: ConsentRequest,
) -> PortFuture<String> {
    async move {
        assert_eq!(document.secrets["client_secret"], "canary-secret-of-books");
        let (redirect_uri, state) = (request.redirect_uri, request.state);
        let verifier = request.verifier.expose_secret();
        Ok(format!(
            "https://login.example/authorize?tenant={tenant}&redirect_uri={redirect_uri}&state={state}&verifier={verifier}"
        ))
    }
    .boxed()
}

fn consented(
    _tenant: TenantId,
    document: ConnectionDocument,
    answer: ConsentAnswer,
) -> PortFuture<Consented> {
    async move {
        assert_eq!(document.secrets["client_secret"], "canary-secret-of-books");
        let wanted = format!("code-for-{}", answer.verifier.expose_secret());
        match answer.code.expose_secret() == wanted {
            true => Ok(Consented {
                renewable: answer.issuer.is_none(),
                lifetime_s: Some(3600),
            }),
            false => Err(Problem::new(
                ErrorCode::ConnectionAuth,
                "the token endpoint refused the <code>",
            )),
        }
    }
    .boxed()
}
