//! No request reads or changes another tenant's object, and nobody does what the role may not.
//!
//! Every route of the registry (not of the OpenAPI document) × every identity × {own tenant,
//! another, none, an object that only the other has}. What must happen is computed from policy
//! and role; each row that must be refused stands beside one that must go well, or the test would
//! pass on an API that refuses everything.

use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tributary_api::registry::{Policy, Route, routes};
use tributary_model::role::Role;
use utoipa::openapi::path::HttpMethod;

use crate::harness::{Answer, Api, Call, DOCUMENTS, INTAKE, document_of, manifest};
use crate::runs::work_off;

/// Names that stand in a path.
#[derive(Clone)]
struct Names {
    tenant: &'static str,
    object: String,
    run: String,
    push: String,
    consent: String,
}

/// What the platform made in a tenant.
struct Made {
    run: String,
    push: String,
    consent: String,
}

/// How a request introduces itself.
struct Identity {
    name: &'static str,
    token: Option<String>,
    role: Option<Role>,
    tenant: Option<&'static str>,
}

/// Counts, so that an empty test is seen.
#[derive(Default, Debug)]
struct Tally {
    refused: usize,
    allowed: usize,
}

#[tokio::test]
async fn nobody_gets_past_the_registry() {
    let api = Api::start().await;
    let runs = [made(&api, "acme").await, made(&api, "globex").await];
    let routes = routes();
    let mut tally = Tally::default();
    for route in &routes {
        if let Policy::Public { why } = route.policy {
            assert!(why.len() > 10 && !route.tenant_scoped(), "{}", route.path);
            continue;
        }
        for identity in identities(&api) {
            outsiders(&api, route, &identity, &runs, &mut tally).await;
            insiders(&api, route, &identity, &runs, &mut tally).await;
        }
    }
    assert!(routes.len() >= 30, "only {} routes", routes.len());
    assert!(tally.refused > 300 && tally.allowed > 60, "{tally:?}");
}

/// Rows in which the token is not good, or the tenant is not the caller's.
async fn outsiders(
    api: &Api,
    route: &Route,
    identity: &Identity,
    runs: &[Made; 2],
    tally: &mut Tally,
) {
    let own = Names::of("acme", &runs[0]);
    let Some(role) = identity.role else {
        let before = contents(api).await;
        let answer = api.call(request(route, &own, identity)).await;
        let who = format!("{} at {} {}", identity.name, route.operation_id, route.path);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{who}");
        assert_eq!(contents(api).await, before, "{who} changed something");
        tally.refused += 1;
        return;
    };
    if !route.tenant_scoped() || role == Role::Operator {
        return;
    }
    let before = contents(api).await;
    let theirs = api
        .call(request(route, &Names::of("globex", &runs[1]), identity))
        .await;
    let none = api
        .call(request(route, &Names::of("nobody", &runs[1]), identity))
        .await;
    assert_same_404(&theirs, &none, route, identity.name);
    assert_eq!(
        contents(api).await,
        before,
        "{} at {}",
        identity.name,
        route.path
    );
    tally.refused += 2;
}

/// Rows in the caller's own tenant: the role decides; and objects there that only another has.
async fn insiders(
    api: &Api,
    route: &Route,
    identity: &Identity,
    runs: &[Made; 2],
    tally: &mut Tally,
) {
    let Some(role) = identity.role else { return };
    let (Policy::Needs(action) | Policy::Makes(action)) = route.policy else {
        return;
    };
    let tenant = identity.tenant.unwrap_or("acme");
    let own = Names::of(tenant, &runs[0]);
    let who = format!("{} at {} {}", identity.name, route.operation_id, route.path);
    if !role.may(action) {
        let before = contents(api).await;
        let answer = api.call(request(route, &own, identity)).await;
        assert_eq!(
            answer.status,
            StatusCode::FORBIDDEN,
            "{who}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["code"], "forbidden", "{who}");
        assert_eq!(contents(api).await, before, "{who} changed something");
        tally.refused += 1;
        return;
    }
    let answer = api.call(request(route, &own, identity)).await;
    let fine = answer.status.is_success() || answer.status == StatusCode::CONFLICT;
    assert!(fine, "{who}: {} {}", answer.status, answer.text());
    tally.allowed += 1;
    let names_object = route.path.contains("{name}") || route.path.contains("{run}");
    let makes = route.method == HttpMethod::Put;
    if route.tenant_scoped() && names_object && !makes {
        // globex has both the object and the run; in acme they must look like nothing
        let mut other = own.clone();
        other.object = "only-globex".to_owned();
        other.run.clone_from(&runs[1].run);
        other.push.clone_from(&runs[1].push);
        other.consent.clone_from(&runs[1].consent);
        let mut none = own;
        none.object = "nothing".to_owned();
        none.run = format!("run_{}", "0".repeat(32));
        none.push = format!("push_{}", "0".repeat(32));
        none.consent = format!("con_{}", "0".repeat(32));
        let theirs = api.call(request(route, &other, identity)).await;
        let nothing = api.call(request(route, &none, identity)).await;
        assert_same_404(&theirs, &nothing, route, identity.name);
        tally.refused += 2;
    }
}

impl Names {
    fn of(tenant: &'static str, made: &Made) -> Self {
        Self {
            tenant,
            object: String::new(),
            run: made.run.clone(),
            push: made.push.clone(),
            consent: made.consent.clone(),
        }
    }
}

async fn made(api: &Api, tenant: &str) -> Made {
    let path = format!("/api/v1/tenants/{tenant}/integrations/feed/records");
    let push = Call::new(Method::POST, &path)
        .header("idempotency-key", "first")
        .json(&json!([{"id": "1"}]))
        .bearer(&api.engineer(tenant));
    let push = api.ok(push).await.json();
    let books = format!("/api/v1/tenants/{tenant}/connections/books");
    let put = Call::put(&books, &document_of("connections", "books"));
    api.ok(put.bearer(&api.engineer(tenant))).await;
    let ask = Call::new(Method::POST, &format!("{books}/consents"));
    let consent = api.ok(ask.bearer(&api.engineer(tenant))).await.json();
    Made {
        consent: consent["id"].as_str().unwrap().to_owned(),
        run: work_off(api, tenant).await,
        push: push["id"].as_str().unwrap().to_owned(),
    }
}

fn identities(api: &Api) -> Vec<Identity> {
    let bad = |name, token| Identity {
        name,
        token,
        role: None,
        tenant: None,
    };
    let good = |name, role| Identity {
        name,
        token: Some(api.token(role, "acme")),
        role: Some(role),
        tenant: (role != Role::Operator).then_some("acme"),
    };
    vec![
        bad("nobody", None),
        bad("a bad signature", Some(api.forge.bad_signature())),
        bad("an expired token", Some(api.forge.expired())),
        bad("a wrong audience", Some(api.forge.wrong_audience())),
        good("an operator", Role::Operator),
        good("an engineer", Role::Engineer),
        good("a customer admin", Role::CustomerAdmin),
        good("a customer viewer", Role::CustomerViewer),
        good("a program that delivers", Role::Ingest),
    ]
}

/// A good request to the route. A route that is not here fails: add its line.
fn request(route: &Route, names: &Names, identity: &Identity) -> Call {
    let id = route.operation_id.as_str();
    // who may make a client makes one of their own, and removes it later
    let own_client = format!("of-{}", identity.name.replace(' ', "-"));
    let (object, body): (&str, Option<Value>) = match id {
        "list_clients" | "get_tenant" | "get_limits" | "get_trust" | "list_connectors"
        | "list_connections" | "list_mappings" | "list_lookups" | "list_schemas"
        | "list_integrations" | "list_runs" | "get_run" | "watch_run" | "cancel_run"
        | "redrive_run" | "resume_run" | "list_issues" | "download_results" | "download_logs"
        | "explain_record" => ("", None),
        "get_connection" | "check_connection" | "discover_connection" => ("shop", None),
        "create_consent" | "get_consent" => ("books", None),
        "try_connection" => ("", Some(document_of("connections", "extra"))),
        "get_mapping" | "get_integration" => ("orders", None),
        "list_uploads" | "put_upload" | "delete_upload" => ("inbox", None),
        "list_pushes" | "get_push" => ("feed", None),
        "push_records" => ("feed", Some(json!([{"id": "2"}]))),
        "get_record" => ("orders", None),
        "settle_record" => ("orders", Some(json!({"delivered": true}))),
        "get_lookup" => ("units", None),
        "get_schema" => ("rows", None),
        "put_tenant" => ("", Some(document_of("tenants", names.tenant))),
        "put_connection" => ("extra", Some(document_of("connections", "extra"))),
        "put_mapping" => ("extra", Some(document_of("mappings", "extra"))),
        "put_schema" => ("extra", Some(document_of("schemas", "extra"))),
        "put_lookup" => ("extra", Some(document_of("lookups", "extra"))),
        "put_integration" => ("extra", Some(document_of("integrations", "extra"))),
        "put_trust" => ("", Some(json!({"trust_version": 1}))),
        "put_connector" => ("files", Some(manifest("files", "source"))),
        "create_client" => (
            "",
            Some(json!({"name": own_client, "role": "customer_viewer"})),
        ),
        "delete_client" => (&own_client, None),
        "start_run" => ("", Some(json!({"integration": "orders"}))),
        other => panic!("the route {other} has no request here"),
    };
    let path = path_of(route, names, object, &own_client);
    let method = match route.method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        _ => panic!("a method without a row"),
    };
    let mut call = Call::new(method, &path);
    call = match body {
        Some(body) if id == "put_connector" => {
            call.body("application/wasm", format!("wasm:{body}").into_bytes())
        }
        Some(body) => call.json(&body),
        None if id == "put_upload" => call.body("application/octet-stream", b"a;b\n1;2\n".to_vec()),
        None => call,
    };
    if id == "push_records" {
        call = call.header("idempotency-key", "second");
    }
    match &identity.token {
        Some(token) => call.bearer(token),
        None => call,
    }
}

/// The route's path with the names in it.
fn path_of(route: &Route, names: &Names, object: &str, own_client: &str) -> String {
    let object = if names.object.is_empty() {
        object
    } else {
        &names.object
    };
    route
        .path
        .replace("{tenant}", names.tenant)
        .replace("{name}", object)
        .replace("{run}", &names.run)
        .replace("{push}", &names.push)
        .replace("{id}", &names.consent)
        // who may send a file may remove it, or somebody else does
        .replace("{file}", &format!("{own_client}.csv"))
        .replace("{key}", "4711")
}

/// 404 both, and nothing tells one from the other.
fn assert_same_404(left: &Answer, right: &Answer, route: &Route, who: &str) {
    let what = format!("{who} at {} {}", route.operation_id, route.path);
    assert_eq!(
        left.status,
        StatusCode::NOT_FOUND,
        "{what}: {}",
        left.text()
    );
    assert_eq!(
        right.status,
        StatusCode::NOT_FOUND,
        "{what}: {}",
        right.text()
    );
    assert_eq!(left.without_instance(), right.without_instance(), "{what}");
    let headers = |answer: &Answer| {
        let mut headers: HeaderMap = answer.headers.clone();
        headers.remove("x-request-id");
        headers
    };
    assert_eq!(headers(left), headers(right), "{what}");
}

/// Everything that a request could have changed, as an operator sees it.
async fn contents(api: &Api) -> Vec<String> {
    let operator = api.operator();
    let mut all = Vec::new();
    let mut paths = vec!["/api/v1/connectors".to_owned()];
    for tenant in ["acme", "globex", "nobody"] {
        let root = format!("/api/v1/tenants/{tenant}");
        for list in [
            "clients",
            "connections",
            "mappings",
            "lookups",
            "schemas",
            "integrations",
            "runs",
            "limits",
            "uploads/inbox",
            "integrations/feed/pushes",
        ] {
            paths.push(format!("{root}/{list}"));
        }
        let documents = DOCUMENTS.into_iter().chain(INTAKE);
        paths.extend(documents.map(|(kind, name)| format!("{root}/{kind}/{name}")));
        paths.push(root);
    }
    for path in paths {
        let answer = api.call(Call::get(&path).bearer(&operator)).await;
        let body = match answer.status.is_success() {
            true => answer.text(),
            false => answer.without_instance().to_string(),
        };
        all.push(format!("{path} {} {body}", answer.status));
    }
    all
}
