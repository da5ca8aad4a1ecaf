//! Tenants, clients, connectors and documents.

use tributary_model::document::TenantDocument;
use tributary_model::role::Role;
use tributary_store::{
    NewClient, NewConnection, NewConnector, Origin, PutOptions, PutOutcome, SealedSecrets,
    StoreError,
};

use crate::bed::{Bed, slug};

fn expecting(version: u32) -> PutOptions {
    PutOptions {
        expected_version: Some(version),
        ..PutOptions::person()
    }
}

pub(crate) async fn tenants(bed: Bed) {
    let first = bed.system.tenant(&slug("acme")).await.unwrap().unwrap();
    assert_eq!((first.version, first.document.title.as_str()), (1, "ACME"));
    let renamed = TenantDocument {
        name: slug("acme"),
        title: "Acme Ltd".to_owned(),
        plan: None,
    };
    let other_key = bed.vault.new_tenant_key(&slug("acme")).unwrap();
    let put = bed
        .system
        .tenant_put(&renamed, &other_key, PutOptions::person())
        .await
        .unwrap();
    assert_eq!((put.outcome, put.version), (PutOutcome::Updated, 2));
    let again = bed
        .system
        .tenant_put(&renamed, &other_key, PutOptions::person())
        .await
        .unwrap();
    assert_eq!(again.outcome, PutOutcome::Unchanged);

    let stored = bed.system.tenant(&slug("acme")).await.unwrap().unwrap();
    assert_eq!(stored.document, renamed);
    assert_eq!(
        stored.wrapped_key, first.wrapped_key,
        "a put never replaces the key"
    );
    let key = bed.acme.wrapped_key().await.unwrap().unwrap();
    bed.vault.tenant(&slug("acme"), &key).unwrap();

    bed.add_tenant("globex").await;
    let names: Vec<String> = bed
        .system
        .tenants()
        .await
        .unwrap()
        .into_iter()
        .map(|tenant| tenant.document.name.to_string())
        .collect();
    assert_eq!(names, ["acme", "globex"]);
    assert!(bed.system.tenant(&slug("nobody")).await.unwrap().is_none());
    let nobody = bed.store.tenant(&slug("nobody"));
    assert!(nobody.wrapped_key().await.unwrap().is_none());
    let refused = nobody
        .mapping_put(&slug("m"), "{}", PutOptions::person())
        .await;
    assert!(
        matches!(refused, Err(StoreError::Dangling { .. })),
        "{refused:?}"
    );
}

pub(crate) async fn clients(bed: Bed) {
    let mut new = NewClient {
        client_id: "acme-ci".to_owned(),
        tenant: Some(slug("acme")),
        role: Role::Engineer,
        secret_hash: "$argon2id$1".to_owned(),
    };
    let put = bed.system.client_put(&new).await.unwrap();
    assert_eq!(put.outcome, PutOutcome::Created);
    new.secret_hash = "$argon2id$2".to_owned();
    new.role = Role::CustomerViewer;
    assert_eq!(
        bed.system.client_put(&new).await.unwrap().outcome,
        PutOutcome::Updated
    );
    let stored = bed.system.client("acme-ci").await.unwrap().unwrap();
    assert_eq!(stored.tenant, Some(slug("acme")));
    assert_eq!(
        (stored.role, stored.secret_hash.as_str()),
        (Role::CustomerViewer, "$argon2id$2")
    );
    assert!(
        !format!("{stored:?} {new:?}").contains("argon2"),
        "hashes are not shown"
    );

    new.tenant = Some(slug("globex"));
    let stolen = bed.system.client_put(&new).await;
    assert!(
        matches!(stolen, Err(StoreError::Refused { .. })),
        "{stolen:?}"
    );

    let operator = NewClient {
        client_id: "root".to_owned(),
        tenant: None,
        role: Role::Operator,
        secret_hash: "$argon2id$3".to_owned(),
    };
    bed.system.client_put(&operator).await.unwrap();
    let ids = |clients: Vec<tributary_store::Client>| -> Vec<String> {
        clients.into_iter().map(|client| client.client_id).collect()
    };
    assert_eq!(ids(bed.system.clients(None).await.unwrap()), ["root"]);
    assert_eq!(
        ids(bed.system.clients(Some(&slug("acme"))).await.unwrap()),
        ["acme-ci"]
    );
    assert!(bed.system.client("nobody").await.unwrap().is_none());

    new.client_id = "globex.ci".to_owned();
    assert!(bed.system.client_add(&new).await.unwrap());
    let first = new.secret_hash.clone();
    new.secret_hash = "$argon2id$4".to_owned();
    assert!(!bed.system.client_add(&new).await.unwrap());
    let kept = bed.system.client("globex.ci").await.unwrap().unwrap();
    assert_eq!(kept.secret_hash, first, "a taken id keeps its secret");
    let (acme, globex) = (slug("acme"), slug("globex"));
    let remove = async |tenant| bed.system.client_remove(tenant, "globex.ci").await.unwrap();
    assert!(!remove(&acme).await, "only its own tenant removes it");
    assert!(remove(&globex).await);
    assert!(!remove(&globex).await);
}

pub(crate) async fn connectors(bed: Bed) {
    let mut new = NewConnector {
        name: slug("rest"),
        version: "0.1.0".to_owned(),
        digest: "d1".to_owned(),
        manifest: "{}".to_owned(),
        component: "rest-d1.wasm".to_owned(),
    };
    let outcome = |put: tributary_store::Put| put.outcome;
    assert_eq!(
        outcome(bed.system.connector_put(&new).await.unwrap()),
        PutOutcome::Created
    );
    assert_eq!(
        outcome(bed.system.connector_put(&new).await.unwrap()),
        PutOutcome::Unchanged
    );
    new.digest = "d2".to_owned();
    assert_eq!(
        outcome(bed.system.connector_put(&new).await.unwrap()),
        PutOutcome::Updated
    );
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    new.version = "0.2.0".to_owned();
    bed.system.connector_put(&new).await.unwrap();

    let rest = slug("rest");
    let last = bed.system.connector(&rest, None).await.unwrap().unwrap();
    assert_eq!(last.version, "0.2.0", "the one installed last");
    let first = bed
        .system
        .connector(&rest, Some("0.1.0"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.digest, "d2");
    assert_eq!(bed.system.connectors().await.unwrap(), [last, first]);
    // back to the older one, which is still there
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    new.version = "0.1.0".to_owned();
    let back = bed.system.connector_put(&new).await.unwrap();
    assert_eq!(back.outcome, PutOutcome::Updated);
    let last = bed.system.connector(&rest, None).await.unwrap().unwrap();
    assert_eq!(last.version, "0.1.0");
    assert!(
        bed.system
            .connector(&slug("x"), None)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        bed.system
            .connector(&rest, Some("9"))
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn trust(bed: Bed) {
    assert_eq!(bed.system.trust().await.unwrap(), None);
    let put = async |content: &str, expected| {
        let put = bed.system.trust_put(content, expected).await.unwrap();
        (put.outcome, put.version)
    };
    assert_eq!(put("{}", Some(1)).await, (PutOutcome::Conflict, 0));
    assert_eq!(put("{}", Some(0)).await, (PutOutcome::Created, 1));
    assert_eq!(put("{}", None).await, (PutOutcome::Unchanged, 1));
    assert_eq!(put("[]", Some(0)).await, (PutOutcome::Conflict, 1));
    assert_eq!(put("[]", Some(1)).await, (PutOutcome::Updated, 2));
    let stored = bed.system.trust().await.unwrap().unwrap();
    assert_eq!((stored.content.as_str(), stored.version), ("[]", 2));
}

pub(crate) async fn documents(bed: Bed) {
    let (acme, name) = (&bed.acme, slug("orders"));
    let put = acme
        .mapping_put(&name, "{\"a\": 1}", expecting(0))
        .await
        .unwrap();
    assert_eq!((put.outcome, put.version), (PutOutcome::Created, 1));
    let same = acme
        .mapping_put(&name, " { \"a\":1 } ", PutOptions::person())
        .await
        .unwrap();
    assert_eq!(
        (same.outcome, same.version),
        (PutOutcome::Unchanged, 1),
        "white space is nothing"
    );
    let second = acme
        .mapping_put(&name, "{\"a\": 2}", expecting(1))
        .await
        .unwrap();
    assert_eq!((second.outcome, second.version), (PutOutcome::Updated, 2));
    let stale = acme
        .mapping_put(&name, "{\"a\": 3}", expecting(1))
        .await
        .unwrap();
    assert_eq!((stale.outcome, stale.version), (PutOutcome::Conflict, 2));

    let now = acme.mapping(&name, None).await.unwrap().unwrap();
    assert_eq!((now.version, now.content.as_str()), (2, "{\"a\": 2}"));
    let old = acme.mapping(&name, Some(1)).await.unwrap().unwrap();
    assert_eq!((old.version, old.content.as_str()), (1, "{\"a\": 1}"));
    assert!(acme.mapping(&name, Some(3)).await.unwrap().is_none());
    assert!(acme.mapping(&slug("other"), None).await.unwrap().is_none());
    assert_eq!(acme.mappings().await.unwrap(), [now.head()]);

    // the same name in another kind is another document
    acme.integration_put(&name, "{\"i\":1}", PutOptions::applied())
        .await
        .unwrap();
    acme.lookup_put(
        &name,
        "{\"l\":1,\"title\":\"Units\"}",
        PutOptions::applied(),
    )
    .await
    .unwrap();
    let integration = acme.integration(&name, None).await.unwrap().unwrap();
    assert_eq!(
        (integration.content.as_str(), integration.origin),
        ("{\"i\":1}", Origin::Applied)
    );
    assert_eq!(
        acme.integration(&name, Some(1)).await.unwrap().unwrap(),
        integration
    );
    assert_eq!(acme.integrations().await.unwrap(), [integration.head()]);
    let lookup = acme.lookup(&name, None).await.unwrap().unwrap();
    assert_eq!(lookup.content, "{\"l\":1,\"title\":\"Units\"}");
    assert_eq!(lookup.clone().head().title, "Units");
    assert!(acme.lookup(&name, Some(2)).await.unwrap().is_none());
    assert_eq!(acme.lookups().await.unwrap(), [lookup.head()]);

    acme.schema_put(&name, "{\"type\":\"object\"}", PutOptions::applied())
        .await
        .unwrap();
    let schema = acme.schema(&name, None).await.unwrap().unwrap();
    assert_eq!(schema.content, "{\"type\":\"object\"}");
    assert_eq!(acme.schemas().await.unwrap(), [schema.head()]);

    let broken = acme.mapping_put(&name, "{a:1}", PutOptions::person()).await;
    assert!(
        matches!(broken, Err(StoreError::Refused { .. })),
        "{broken:?}"
    );
}

pub(crate) async fn applied_and_person(bed: Bed) {
    let (acme, name) = (&bed.acme, slug("orders"));
    let apply = async |text: &str| {
        let put = acme
            .mapping_put(&name, text, PutOptions::applied())
            .await
            .unwrap();
        put.outcome
    };
    let person = async |text: &str| {
        let put = acme
            .mapping_put(&name, text, PutOptions::person())
            .await
            .unwrap();
        put.outcome
    };
    assert_eq!(apply("1").await, PutOutcome::Created);
    assert_eq!(apply("1").await, PutOutcome::Unchanged);
    assert_eq!(person("2").await, PutOutcome::Updated);
    assert_eq!(
        apply("1").await,
        PutOutcome::KeptPersonChange,
        "the file did not change"
    );
    assert_eq!(
        acme.mapping(&name, None).await.unwrap().unwrap().content,
        "2"
    );
    assert_eq!(apply("3").await, PutOutcome::Updated, "the file changed");
    assert_eq!(
        apply("1").await,
        PutOutcome::Updated,
        "applied documents follow the file"
    );
    // a person made what is applied later: from then on the file counts as applied
    assert_eq!(person("4").await, PutOutcome::Updated);
    assert_eq!(apply("4").await, PutOutcome::Unchanged);
    assert_eq!(person("5").await, PutOutcome::Updated);
    assert_eq!(apply("4").await, PutOutcome::KeptPersonChange);
    let versions = acme.mapping(&name, None).await.unwrap().unwrap();
    assert_eq!((versions.version, versions.origin), (6, Origin::Person));
}

pub(crate) async fn connections(bed: Bed) {
    let key = bed.acme.wrapped_key().await.unwrap().unwrap();
    let vault = bed.vault.tenant(&slug("acme"), &key).unwrap();
    let secrets = |plain: &[u8]| SealedSecrets {
        sealed: vault.seal("connection", "erp", plain).unwrap(),
        fingerprint: vault.fingerprint("connection", "erp", plain),
    };
    let new = |content: &str, secrets| NewConnection {
        name: slug("erp"),
        content: content.to_owned(),
        secrets,
    };
    let put = async |content: &str, secrets| {
        let put = bed
            .acme
            .connection_put(&new(content, secrets), PutOptions::applied())
            .await;
        put.unwrap().outcome
    };
    let opened = async || {
        let stored = bed.acme.connection(&slug("erp")).await.unwrap().unwrap();
        let sealed = stored.sealed_secrets?;
        Some(vault.open("connection", "erp", &sealed).unwrap())
    };
    assert_eq!(put("{\"u\":1}", None).await, PutOutcome::Created);
    assert_eq!(opened().await, None);
    assert_eq!(
        put("{\"u\":1}", Some(secrets(b"one"))).await,
        PutOutcome::Updated
    );
    assert_eq!(
        put("{\"u\":1}", Some(secrets(b"one"))).await,
        PutOutcome::Unchanged
    );
    assert_eq!(opened().await.unwrap(), b"one");
    assert_eq!(
        put("{\"u\":1}", Some(secrets(b"two"))).await,
        PutOutcome::Updated
    );
    assert_eq!(put("{\"u\":2}", None).await, PutOutcome::Updated);
    assert_eq!(opened().await.unwrap(), b"two", "None leaves the secrets");
    let listed = bed.acme.connections().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].version, listed[0].content.as_str()),
        (4, "{\"u\":2}")
    );
    assert!(listed[0].sealed_secrets.is_some());
    assert!(bed.acme.connection(&slug("none")).await.unwrap().is_none());

    let open = new("{\"secrets\":{\"password\":\"hunter2\"}}", None);
    let refused = bed
        .acme
        .connection_put(&open, PutOptions::applied())
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }));
    assert!(!refused.to_string().contains("hunter2"));
}
