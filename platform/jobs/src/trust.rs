//! Whether a component may be installed, and whether it may run for a tenant: its signature against the
//! operator's trust document.
//!
//! Invariants: asked at every load and before every piece of work, not only when a component is
//! installed, with the trust of that moment; what a component says about itself is remembered under the digest of its bytes only.

use std::collections::BTreeMap;

use tributary_host::{Isolation, Presented};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;
use tributary_model::trust::{Provenance, TrustDocument};
use tributary_vault::{Statement, statement_holds};

use crate::services::{Services, store_problem};

/// Judges what a component says about itself.
///
/// # Errors
/// `connector_untrusted`, saying which check failed; `connector_denied` for what the tenant does not grant.
pub fn verify_origin(
    presented: &Presented,
    trust: &TrustDocument,
    tenant: Option<&TenantId>,
) -> Result<Provenance, Problem> {
    trust.grant(tenant, &presented.imports)?;
    let refused = |detail: String| Err(Problem::new(ErrorCode::ConnectorUntrusted, detail));
    let Some(signature) = &presented.signature else {
        let origin = Provenance {
            digest: presented.digest.clone(),
            file_digest: presented.file_digest.clone(),
            signed: None,
        };
        trust.judge(&origin, tenant)?;
        return Ok(origin);
    };
    let (name, version) = (&presented.manifest.name, &presented.manifest.version);
    let signed = [
        ("component", &signature.digest, &presented.digest),
        (
            "manifest",
            &signature.manifest_digest,
            &presented.manifest_digest,
        ),
        ("version", &signature.version, version),
    ];
    for (what, says, is) in signed {
        if says != is {
            return refused(format!(
                "the signature is for the {what} {says}, this is {is}: altered, or the signature of another"
            ));
        }
    }
    if signature.name != *name {
        let says = &signature.name;
        return refused(format!(
            "the signature is for the connector {says}, this is {name}"
        ));
    }
    let origin = Provenance {
        digest: presented.digest.clone(),
        file_digest: presented.file_digest.clone(),
        signed: Some((signature.publisher.clone(), signature.key.clone())),
    };
    trust.judge(&origin, tenant)?;
    let statement = Statement {
        publisher: signature.publisher.as_str(),
        key: &signature.key,
        name: signature.name.as_str(),
        version: &signature.version,
        digest: &signature.digest,
        manifest_digest: &signature.manifest_digest,
    };
    let holds = trust
        .key(&signature.key)
        .is_some_and(|(_, key)| statement_holds(&key.public_key, &statement, &signature.signature));
    if !holds {
        return refused(format!(
            "the signature by {} with the key {} does not fit: it was altered or made with another key",
            signature.publisher, signature.key
        ));
    }
    Ok(origin)
}

/// Whether a component may be installed.
///
/// # Errors
/// `connector_untrusted`; `conflict` if another component has its name and version, or another
/// publisher's connector its name.
pub async fn admit(services: &Services, component: &[u8]) -> Result<(), Problem> {
    let presented = services.host.present(component).await?;
    let origin = verify_origin(&presented, &current(services).await?, None)?;
    let (name, version) = (
        &presented.manifest.name,
        presented.manifest.version.as_str(),
    );
    let Some(installed) = services
        .store
        .system()
        .connector(name, None)
        .await
        .map_err(|error| store_problem(&error))?
    else {
        return Ok(());
    };
    let conflict = |detail: String| {
        let problem = Problem::new(ErrorCode::Conflict, detail);
        Err(problem.hint("give it a name or version of its own"))
    };
    let digest = blake3::hash(component).to_hex().to_string();
    let before = services
        .components
        .presented(services, &installed.digest)
        .await;
    // A connector whose file is gone is nobody's any more.
    let owner = before.ok().and_then(|before| {
        let signature = before.signature.as_ref();
        signature.map(|signature| signature.publisher.clone())
    });
    let publisher = origin.signed.as_ref().map(|(publisher, _)| publisher);
    if let Some(owner) = &owner
        && publisher != Some(owner)
    {
        let now = publisher.map_or("nobody".to_owned(), ToString::to_string);
        return conflict(format!(
            "the connector {name} is published by {owner}; this component is signed by {now}"
        ));
    }
    let system = services.store.system();
    let same = system.connector(name, Some(version)).await;
    let same = same.map_err(|error| store_problem(&error))?;
    if owner.is_some() && same.is_some_and(|same| same.digest != digest) {
        return conflict(format!(
            "{name} {version} is installed with other bytes; a signed version never changes"
        ));
    }
    Ok(())
}

/// Where the code of a component of this origin runs: in the platform's process only if the operator vouches
/// for it.
pub(crate) fn place(
    origin: &Provenance,
    trust: &TrustDocument,
    tenant: Option<&TenantId>,
) -> Isolation {
    match trust.vouched(origin, tenant) {
        true => Isolation::Process,
        false => Isolation::Runner,
    }
}

/// Where the code of an installed connector runs, for tenants that are not stricter than the platform.
/// `None`: it does not run any more, or its file is gone.
pub async fn isolation(services: &Services, digest: &str) -> Option<Isolation> {
    let presented = services.components.presented(services, digest).await.ok()?;
    let trusted = current(services).await.ok()?;
    let origin = verify_origin(&presented, &trusted, None).ok()?;
    Some(services.host.placed(place(&origin, &trusted, None)))
}

/// Whose signature an installed component carries: publisher and key. `None`: nobody's, or its file is
/// gone.
pub async fn signer(services: &Services, digest: &str) -> Option<(String, String)> {
    let presented = services.components.presented(services, digest).await.ok()?;
    let signature = presented.signature.as_ref()?;
    Some((signature.publisher.to_string(), signature.key.clone()))
}

/// The digests by which people know an installed component: of its file, which a registry has, and of what is
/// signed of it. `None`: its file is gone.
pub async fn digests(services: &Services, digest: &str) -> Option<(String, String)> {
    let presented = services.components.presented(services, digest).await.ok()?;
    Some((presented.file_digest.clone(), presented.digest.clone()))
}

/// Whether the connectors of a run, name and digest of each, may still run.
///
/// # Errors
/// `connector_untrusted`, or what [`crate::Components::load`] says of a file that is gone or altered.
pub async fn still(
    services: &Services,
    tenant: &TenantId,
    connectors: &BTreeMap<String, String>,
) -> Result<(), Problem> {
    let trusted = current(services).await?;
    for digest in connectors.values() {
        let presented = services.components.presented(services, digest).await?;
        verify_origin(&presented, &trusted, Some(tenant))?;
    }
    Ok(())
}

/// The operator's trust as it is now.
pub(crate) async fn current(services: &Services) -> Result<TrustDocument, Problem> {
    let stored = services
        .store
        .system()
        .trust()
        .await
        .map_err(|error| store_problem(&error))?;
    let Some(stored) = stored else {
        return Ok(TrustDocument::default());
    };
    serde_json::from_str(&stored.content).map_err(|error| {
        let detail = format!("the stored trust document cannot be read: {error}");
        Problem::new(ErrorCode::StorageFailed, detail)
    })
}
