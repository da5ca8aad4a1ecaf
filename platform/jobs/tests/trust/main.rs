//! Only signed, trusted and unaltered connectors are installed and run: what a forger, a thief of a key
//! or of a disk could try, each refused with a reason; and beside it what must go well.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests may panic")]

mod component;
mod recipes;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tributary_host::{EgressPolicy, Host, HostConfig, attach};
use tributary_jobs::{Components, Services, admit, still};
use tributary_lake::Lake;
use tributary_model::clock::SystemClock;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{Slug, TenantId};
use tributary_model::plan::Plans;
use tributary_model::problem::Problem;
use tributary_model::trust::ConnectorSignature;
use tributary_store::{NewConnector, Store};
use tributary_vault::{PublisherSigner, Vault};

use component::{manifest, resign, section, signature, signed, unsigned};

/// A platform that trusts two publishers and has revoked a third one's key.
struct Bed {
    services: Services,
    folder: tempfile::TempDir,
    acme: PublisherSigner,
    other: PublisherSigner,
    retired: PublisherSigner,
    stranger: PublisherSigner,
}

impl Bed {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let key = |name: &str| PublisherSigner::open_or_create(&at(name)).unwrap();
        let url = format!("sqlite://{}", at("ledger.db").display());
        let services = Services {
            store: Store::open(&url).await.unwrap(),
            lake: Lake::local(at("lake")),
            vault: Arc::new(Vault::open_or_create(&at("platform.key")).unwrap()),
            host: Host::new(HostConfig {
                pool_instances: 2,
                ..HostConfig::default()
            })
            .unwrap(),
            components: Components::new(at("components")),
            egress: EgressPolicy::default(),
            tenant_egress: BTreeMap::new(),
            plans: Plans::new(BTreeMap::new()).unwrap(),
            clock: Arc::new(SystemClock),
            wake: Arc::default(),
            cancelled: Arc::default(),
        };
        let bed = Self {
            services,
            acme: key("acme.key"),
            other: key("other.key"),
            retired: key("retired.key"),
            stranger: key("stranger.key"),
            folder,
        };
        bed.trust(json!({})).await;
        bed
    }

    /// Puts the trust document with these members changed.
    async fn trust(&self, change: serde_json::Value) {
        let key = |signer: &PublisherSigner| json!({"id": signer.key_id(), "public_key": signer.public_key()});
        let mut retired = key(&self.retired);
        retired["revoked"] = json!("laptop stolen");
        let mut trust = json!({
            "trust_version": 1, "unsigned": "refuse",
            "publishers": [
                {"name": "acme", "reviewed": true, "keys": [key(&self.acme)]},
                {"name": "other", "reviewed": true, "keys": [key(&self.other), retired]},
            ],
        });
        for (name, value) in change.as_object().unwrap() {
            trust[name] = value.clone();
        }
        let text = trust.to_string();
        self.services
            .store
            .system()
            .trust_put(&text, None)
            .await
            .unwrap();
    }

    /// A component of acme's, signed.
    fn good(&self) -> Vec<u8> {
        signed(&plain(), "acme", &self.acme)
    }

    /// The same with a signature that says something else.
    fn altered(&self, change: impl Fn(&mut ConnectorSignature)) -> Vec<u8> {
        let mut signature = signature(&plain(), "acme", &self.acme);
        change(&mut signature);
        attach(&plain(), &signature).unwrap()
    }

    /// Admits, keeps and names a component, as the server does.
    async fn install(&self, bytes: &[u8]) -> Result<String, Problem> {
        admit(&self.services, bytes).await?;
        let presented = self.services.host.present(bytes).await?;
        let digest = self
            .services
            .components
            .keep(Bytes::copy_from_slice(bytes))
            .await?;
        let new = NewConnector {
            name: presented.manifest.name.clone(),
            version: presented.manifest.version.clone(),
            digest: digest.clone(),
            manifest: "{}".to_owned(),
            component: digest.clone(),
        };
        self.services
            .store
            .system()
            .connector_put(&new)
            .await
            .unwrap();
        Ok(digest)
    }

    async fn load(&self, tenant: &str, digest: &str) -> Result<(), Problem> {
        let tenant = TenantId::parse(tenant).unwrap();
        let loaded = self
            .services
            .components
            .load(&self.services, &tenant, digest);
        loaded.await.map(|_| ())
    }
}

/// The connectors of a run.
fn under_way(digest: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("erp".to_owned(), digest.to_owned())])
}

fn plain() -> Vec<u8> {
    unsigned(&manifest("erp", "1.0.0"))
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// Every byte of a signed component counts: the signature covers what is before it, and itself.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn damaged(bed: &Bed) -> Vec<(String, Vec<u8>, &'static str)> {
    let good = bed.good();
    let end = plain().len();
    let manifest_at = end - 40;
    let places = [
        0,
        8,
        end / 5,
        end / 3,
        end / 2,
        manifest_at,
        end - 1,
        end + 3,
        end + 60,
        good.len() - 40,
        good.len() - 1,
    ];
    let mut cases: Vec<_> = places
        .iter()
        .map(|at| (format!("byte {at} flipped"), flipped(&good, *at), ""))
        .collect();
    let mut longer = plain();
    section(&mut longer, "extra", b"x");
    let mut behind = good.clone();
    section(&mut behind, "extra", b"x");
    let mut twice = good.clone();
    let text = serde_json::to_vec(&signature(&plain(), "acme", &bed.acme)).unwrap();
    section(&mut twice, "tributary:signature", &text);
    let with = |text: &[u8]| {
        let mut bytes = plain();
        section(&mut bytes, "tributary:signature", text);
        bytes
    };
    let mut asks_more = manifest("erp", "1.0.0");
    asks_more["capabilities"] = json!(["http"]);
    let old = signature(&plain(), "acme", &bed.acme);
    let case = |name: &str, bytes, word| (name.to_owned(), bytes, word);
    cases.extend([
        case("cut short", good[..good.len() - 1].to_vec(), ""),
        case(
            "a section added below the signature",
            attach(&longer, &old).unwrap(),
            "for the component",
        ),
        case("a section added behind the signature", behind, "behind"),
        case("two signatures", twice, "two signatures"),
        case(
            "a manifest that asks for more",
            attach(&unsigned(&asks_more), &old).unwrap(),
            "for the component",
        ),
        case(
            "the signature of another component",
            attach(&unsigned(&manifest("crm", "1.0.0")), &old).unwrap(),
            "",
        ),
        case(
            "the signature of an older version",
            attach(&unsigned(&manifest("erp", "1.0.1")), &old).unwrap(),
            "",
        ),
        case("the signature taken off", plain(), "no signature"),
        case("a signature that is no JSON", with(b"signed, acme"), "form"),
        case("an empty signature", with(b""), "form"),
        case("a signature of 1 MiB", with(&vec![b' '; 1 << 20]), "larger"),
        case(
            "a signature with one more word",
            with(&[&text[..text.len() - 1], b",\"x\":1}"].concat()),
            "form",
        ),
    ]);
    cases
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn forged(bed: &Bed) -> Vec<(String, Vec<u8>, &'static str)> {
    let by = |publisher: &str, signer: &PublisherSigner| signed(&plain(), publisher, signer);
    let case = |name: &str, bytes, word| (name.to_owned(), bytes, word);
    vec![
        case(
            "signed by a stranger",
            by("acme", &bed.stranger),
            "no trusted publisher",
        ),
        case(
            "signed with a revoked key",
            by("other", &bed.retired),
            "laptop stolen",
        ),
        case(
            "another publisher's key under acme's name",
            by("acme", &bed.other),
            "belongs to other",
        ),
        case(
            "acme's key id, a stranger's signature",
            bed.altered(|signature| resign(signature, &bed.stranger)),
            "does not fit",
        ),
        case(
            "the publisher swapped",
            bed.altered(|signature| signature.publisher = slug("other")),
            "belongs to acme",
        ),
        case(
            "publisher and key swapped",
            bed.altered(|signature| {
                signature.publisher = slug("other");
                signature.key = bed.other.key_id();
            }),
            "does not fit",
        ),
        case(
            "another name",
            bed.altered(|signature| signature.name = slug("crm")),
            "connector crm",
        ),
        case(
            "another version",
            bed.altered(|signature| signature.version = "2.0.0".to_owned()),
            "version 2.0.0",
        ),
        case(
            "another digest",
            bed.altered(|signature| signature.digest = "sha256:00".to_owned()),
            "component",
        ),
        case(
            "another manifest",
            bed.altered(|signature| signature.manifest_digest = "sha256:00".to_owned()),
            "manifest",
        ),
        case(
            "a later form",
            bed.altered(|signature| signature.signature_version = 2),
            "version 2",
        ),
        case(
            "no signature bytes",
            bed.altered(|signature| signature.signature.clear()),
            "does not fit",
        ),
        case(
            "not base64",
            bed.altered(|signature| signature.signature = "?".repeat(86)),
            "does not fit",
        ),
        case(
            "zeros",
            bed.altered(|signature| signature.signature = "A".repeat(86)),
            "does not fit",
        ),
        case(
            "half a signature",
            bed.altered(|signature| signature.signature.truncate(43)),
            "does not fit",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_altered_or_forged_is_installed() {
    let bed = Bed::start().await;
    admit(&bed.services, &bed.good()).await.unwrap();
    let cases = [damaged(&bed), forged(&bed)].concat();
    assert!(cases.len() >= 25, "{}", cases.len());
    for (name, bytes, word) in &cases {
        let problem = match admit(&bed.services, bytes).await {
            Ok(()) => panic!("{name} was admitted"),
            Err(problem) => problem,
        };
        let known = [ErrorCode::ConnectorUntrusted, ErrorCode::ConnectorInvalid];
        assert!(known.contains(&problem.code), "{name}: {problem}");
        assert!(problem.detail.contains(word), "{name}: {problem}");
    }
    println!("{} alterations and forgeries, all refused", cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_stays_with_its_publisher_and_a_signed_version_never_changes() {
    let bed = Bed::start().await;
    bed.trust(json!({"unsigned": "operator"})).await;
    bed.install(&bed.good()).await.unwrap();
    bed.install(&bed.good()).await.unwrap();
    let mut rebuilt = plain();
    section(&mut rebuilt, "extra", b"x");
    let later = unsigned(&manifest("erp", "1.1.0"));
    for (name, bytes, word) in [
        (
            "other bytes, same version",
            signed(&rebuilt, "acme", &bed.acme),
            "never changes",
        ),
        (
            "another publisher",
            signed(&later, "other", &bed.other),
            "published by acme",
        ),
        ("nobody", later.clone(), "signed by nobody"),
    ] {
        let problem = bed.install(&bytes).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::Conflict, "{name}: {problem}");
        assert!(problem.detail.contains(word), "{name}: {problem}");
    }
    bed.install(&signed(&later, "acme", &bed.acme))
        .await
        .unwrap();
    // Those that were never signed can be replaced by whoever may install.
    bed.install(&unsigned(&manifest("crm", "1.0.0")))
        .await
        .unwrap();
    bed.install(&unsigned(&manifest("crm", "1.1.0")))
        .await
        .unwrap();
    bed.install(&signed(
        &unsigned(&manifest("crm", "1.2.0")),
        "other",
        &bed.other,
    ))
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_is_judged_again_at_each_load() {
    let bed = Bed::start().await;
    let digest = bed.install(&bed.good()).await.unwrap();
    bed.load("acme", &digest).await.unwrap();
    let refused = async |tenant: &str, word: &str| {
        let problem = bed.load(tenant, &digest).await.unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConnectorUntrusted, "{problem}");
        assert!(problem.detail.contains(word), "{word}: {problem}");
        // and before each piece of work of a run that is under way
        let (run, tenant) = (under_way(&digest), TenantId::parse(tenant).unwrap());
        let again = still(&bed.services, &tenant, &run).await.unwrap_err();
        assert_eq!(again, problem);
    };
    let tenant = TenantId::parse("acme").unwrap();
    still(&bed.services, &tenant, &under_way(&digest))
        .await
        .unwrap();
    // a key, then the component itself, is revoked
    let key =
        json!({"id": bed.acme.key_id(), "public_key": bed.acme.public_key(), "revoked": "lost"});
    bed.trust(json!({"publishers": [{"name": "acme", "keys": [key]}]}))
        .await;
    refused("acme", "was revoked: lost").await;
    let content = bed.services.host.present(&bed.good()).await.unwrap().digest;
    bed.trust(json!({"revoked_digests": [{"digest": content, "reason": "sends too much"}]}))
        .await;
    refused("acme", "withdrawn: sends too much").await;
    // the publisher is not known any more
    bed.trust(json!({"publishers": []})).await;
    refused("acme", "no trusted publisher").await;
    // one tenant trusts fewer
    bed.trust(json!({"tenants": {"globex": {"publishers": ["other"]}}}))
        .await;
    refused("globex", "not trusted for the tenant globex").await;
    bed.load("acme", &digest).await.unwrap();
    bed.trust(json!({})).await;
    bed.load("globex", &digest).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_ones_run_where_that_is_allowed_only() {
    let bed = Bed::start().await;
    let bytes = plain();
    assert_eq!(
        bed.install(&bytes).await.unwrap_err().code,
        ErrorCode::ConnectorUntrusted
    );
    bed.trust(json!({"unsigned": "operator", "tenants": {
        "globex": {"publishers": ["acme"], "unsigned": "refuse"},
        "initech": {"publishers": []},
    }}))
    .await;
    let digest = bed.install(&bytes).await.unwrap();
    bed.load("acme", &digest).await.unwrap();
    bed.load("initech", &digest).await.unwrap();
    let problem = bed.load("globex", &digest).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorUntrusted, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_swapped_on_disk_do_not_run() {
    let bed = Bed::start().await;
    let digest = bed.install(&bed.good()).await.unwrap();
    let file = bed
        .folder
        .path()
        .join("components")
        .join(format!("{digest}.wasm"));
    let good = std::fs::read(&file).unwrap();
    let better = signed(&unsigned(&manifest("crm", "1.0.0")), "acme", &bed.acme);
    for (name, bytes) in [
        ("a flipped byte", flipped(&good, good.len() / 2)),
        ("cut short", good[..good.len() / 2].to_vec()),
        ("another signed component", better),
        ("nothing", Vec::new()),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let problem = bed.load("acme", &digest).await.unwrap_err();
        assert_eq!(
            problem.code,
            ErrorCode::ConnectorInvalid,
            "{name}: {problem}"
        );
        assert!(problem.detail.contains("altered"), "{name}: {problem}");
    }
    std::fs::remove_file(&file).unwrap();
    let problem = bed.load("acme", &digest).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ReferenceMissing, "{problem}");
    std::fs::write(&file, good).unwrap();
    bed.load("acme", &digest).await.unwrap();
}
