//! Whose connectors may be installed and run: publishers with their keys, what was revoked, and which
//! tenant trusts whom. One document of the operator; the judgement is pure.
//!
//! Invariants: what is not named is not trusted; a revoked key or digest is refused for everyone, also
//! where it is pinned. Deliberately absent: the arithmetic of signatures (`vault`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;
use crate::id::{Slug, TenantId};
use crate::problem::Problem;

/// The operator's trust, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustDocument {
    /// version of this document, 1
    pub trust_version: u32,
    #[serde(default)]
    pub publishers: Vec<Publisher>,
    /// what holds for connectors without a signature; a tenant can be stricter, not laxer
    #[serde(default)]
    pub unsigned: Unsigned,
    /// components that the operator looked at, whoever published them: their code may run in the
    /// platform's process. `sha256:…` with or without the signature
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reviewed_digests: BTreeSet<String>,
    /// components that nobody may run any more
    #[serde(default)]
    pub revoked_digests: Vec<RevokedDigest>,
    /// tenants that trust fewer than the operator does
    #[serde(default)]
    pub tenants: BTreeMap<TenantId, TenantTrust>,
}

/// Who signs connectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    pub name: Slug,
    /// the operator vouches for what it publishes: it may run in the platform's process. What others
    /// publish runs in a process of its own
    #[serde(default)]
    pub reviewed: bool,
    pub keys: Vec<PublisherKey>,
}

/// A publisher's key. Old ones stay, or what they signed would be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublisherKey {
    /// made of the public key, as `tributary connector key` prints it
    pub id: String,
    /// Ed25519, 32 bytes in base64url
    pub public_key: String,
    /// why it is not trusted any more
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

/// A component that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedDigest {
    /// `sha256:…` of the component without its signature, as `tributary connector verify` prints it, or of
    /// the whole file, as a registry has it
    pub digest: String,
    pub reason: String,
}

/// What holds for connectors without a signature; the later ones are stricter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsigned {
    /// those that the operator installed run, and the operator vouches for them: only operators can
    /// install
    #[default]
    Operator,
    /// those that the operator installed run, each in a process of its own
    Apart,
    Refuse,
}

/// What one tenant trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantTrust {
    /// names of publishers; others are refused here
    pub publishers: BTreeSet<Slug>,
    #[serde(default)]
    pub unsigned: Unsigned,
    /// of [`REACHING`], what its connectors may be given; absent: whatever their manifests ask for
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<BTreeSet<String>>,
}

/// Capabilities that reach the other side of a connection. The others (log, clock, rows, …) are given to
/// every connector whose manifest asks for them.
pub const REACHING: [&str; 6] = ["http", "files", "file-changes", "sql", "tcp", "changes"];

/// What a component carries at its end, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorSignature {
    /// version of this form, 1
    pub signature_version: u32,
    pub publisher: Slug,
    /// id of the key
    pub key: String,
    /// name and version of the connector, as in its manifest
    pub name: Slug,
    pub version: String,
    /// `sha256:…` of the component without this section
    pub digest: String,
    /// `sha256:…` of the manifest's bytes
    pub manifest_digest: String,
    /// Ed25519 over all of the above, base64url
    pub signature: String,
}

/// Where a component comes from, after its signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// `sha256:…` of the component without its signature
    pub digest: String,
    /// `sha256:…` of the file with its signature
    pub file_digest: String,
    /// publisher and key id; `None` without a signature
    pub signed: Option<(Slug, String)>,
}

impl Provenance {
    /// Both names under which people know a component.
    fn digests(&self) -> [&str; 2] {
        [&self.digest, &self.file_digest]
    }
}

impl Default for TrustDocument {
    fn default() -> Self {
        Self {
            trust_version: 1,
            publishers: Vec::new(),
            unsigned: Unsigned::default(),
            reviewed_digests: BTreeSet::new(),
            revoked_digests: Vec::new(),
            tenants: BTreeMap::new(),
        }
    }
}

impl TrustDocument {
    /// What the form alone can't say.
    ///
    /// # Errors
    /// `document_invalid` with the place.
    pub fn check(&self) -> Result<(), Problem> {
        let wrong = |at: String, detail: String| {
            Err(Problem::new(ErrorCode::DocumentInvalid, detail).at(at))
        };
        if self.trust_version != 1 {
            let detail = format!(
                "trust_version {} is not known here; 1 is",
                self.trust_version
            );
            return wrong("/trust_version".to_owned(), detail);
        }
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for (number, publisher) in self.publishers.iter().enumerate() {
            if !names.insert(&publisher.name) {
                let detail = format!("the publisher {} stands twice", publisher.name);
                return wrong(format!("/publishers/{number}/name"), detail);
            }
            for (index, key) in publisher.keys.iter().enumerate() {
                if !keys.insert(&key.id) {
                    let detail = format!("the key {} stands twice", key.id);
                    return wrong(format!("/publishers/{number}/keys/{index}/id"), detail);
                }
            }
        }
        let no_digest = |digest: &str| format!("{digest:?} is no digest (sha256: and 64 digits)");
        for (number, revoked) in self.revoked_digests.iter().enumerate() {
            if !is_digest(&revoked.digest) {
                let at = format!("/revoked_digests/{number}/digest");
                return wrong(at, no_digest(&revoked.digest));
            }
        }
        for (number, digest) in self.reviewed_digests.iter().enumerate() {
            if !is_digest(digest) {
                return wrong(format!("/reviewed_digests/{number}"), no_digest(digest));
            }
        }
        for (tenant, trust) in &self.tenants {
            if let Some(unknown) = trust.publishers.iter().find(|name| !names.contains(name)) {
                let detail = format!("there is no publisher {unknown}");
                return wrong(format!("/tenants/{tenant}/publishers"), detail);
            }
            let mut granted = trust.capabilities.iter().flatten();
            if let Some(unknown) = granted.find(|name| !REACHING.contains(&name.as_str())) {
                let all = REACHING.join(", ");
                let detail = format!("{unknown:?} is none of the capabilities {all}");
                return wrong(format!("/tenants/{tenant}/capabilities"), detail);
            }
        }
        Ok(())
    }

    /// The key with this id, and whose it is.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<(&Publisher, &PublisherKey)> {
        self.publishers.iter().find_map(|publisher| {
            let key = publisher.keys.iter().find(|key| key.id == id)?;
            Some((publisher, key))
        })
    }

    /// Whether the operator vouches for a component of this origin, so that its code may run in the
    /// platform's process. Asked of those that [`Self::judge`] lets run.
    #[must_use]
    pub fn vouched(&self, origin: &Provenance, tenant: Option<&TenantId>) -> bool {
        if origin
            .digests()
            .iter()
            .any(|digest| self.reviewed_digests.contains(*digest))
        {
            return true;
        }
        match &origin.signed {
            Some((publisher, _)) => {
                let mut known = self.publishers.iter();
                known.any(|known| known.name == *publisher && known.reviewed)
            }
            None => self.unsigned_for(tenant) == Unsigned::Operator,
        }
    }

    /// Whether a tenant's connectors may be given what one imports: a manifest asks, and the tenant's entry
    /// grants.
    ///
    /// # Errors
    /// `connector_denied`, naming the first that is not granted.
    pub fn grant(&self, tenant: Option<&TenantId>, imports: &[String]) -> Result<(), Problem> {
        let Some((tenant, granted)) = tenant.and_then(|tenant| {
            let own = self.tenants.get(tenant)?;
            Some((tenant, own.capabilities.as_ref()?))
        }) else {
            return Ok(());
        };
        let refused = imports
            .iter()
            .find(|name| REACHING.contains(&name.as_str()) && !granted.contains(*name));
        match refused {
            None => Ok(()),
            Some(name) => {
                let detail = format!(
                    "the connector uses {name:?}, which the tenant {tenant} does not grant"
                );
                Err(Problem::new(ErrorCode::ConnectorDenied, detail).hint(
                    "use another connector, or let the operator add it to the tenant's capabilities in the trust document",
                ))
            }
        }
    }

    /// The stricter of what the operator says and what the tenant's entry says.
    fn unsigned_for(&self, tenant: Option<&TenantId>) -> Unsigned {
        let own = tenant.and_then(|tenant| self.tenants.get(tenant));
        own.map_or(self.unsigned, |own| own.unsigned.max(self.unsigned))
    }

    /// Whether a component of this origin may be installed (`tenant` is `None`) or run for a tenant.
    ///
    /// # Errors
    /// `connector_untrusted`, saying why.
    pub fn judge(&self, origin: &Provenance, tenant: Option<&TenantId>) -> Result<(), Problem> {
        let refused = |detail: String| Err(Problem::new(ErrorCode::ConnectorUntrusted, detail));
        let own = tenant.and_then(|tenant| self.tenants.get(tenant));
        let whom = tenant.map_or_else(String::new, |tenant| format!(" for the tenant {tenant}"));
        let withdrawn = self
            .revoked_digests
            .iter()
            .find(|revoked| origin.digests().contains(&revoked.digest.as_str()));
        if let Some(revoked) = withdrawn {
            return refused(format!(
                "the component {} was withdrawn: {}",
                revoked.digest, revoked.reason
            ));
        }
        let Some((publisher, key)) = &origin.signed else {
            return match self.unsigned_for(tenant) {
                Unsigned::Operator | Unsigned::Apart => Ok(()),
                Unsigned::Refuse => refused(format!(
                    "the component {} has no signature, and unsigned ones are refused{whom}",
                    origin.digest
                )),
            };
        };
        match self.key(key) {
            None => return refused(format!("the key {key} belongs to no trusted publisher")),
            Some((owner, _)) if owner.name != *publisher => {
                return refused(format!(
                    "the key {key} belongs to {}, not to {publisher}",
                    owner.name
                ));
            }
            Some((_, key)) => {
                if let Some(reason) = &key.revoked {
                    return refused(format!("the key {} was revoked: {reason}", key.id));
                }
            }
        }
        match own {
            Some(own) if !own.publishers.contains(publisher) => {
                refused(format!("the publisher {publisher} is not trusted{whom}"))
            }
            _ => Ok(()),
        }
    }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    let digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    hex.len() == 64 && hex.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(publisher: Option<&str>) -> Provenance {
        Provenance {
            digest: format!("sha256:{}", "a".repeat(64)),
            file_digest: format!("sha256:{}", "b".repeat(64)),
            signed: publisher.map(|name| (Slug::parse(name).unwrap(), "key".to_owned())),
        }
    }

    fn document(text: serde_json::Value) -> TrustDocument {
        let document: TrustDocument = serde_json::from_value(text).unwrap();
        document.check().unwrap();
        document
    }

    #[test]
    fn only_what_the_operator_vouches_for_runs_in_the_platform_s_process() {
        let globex = TenantId::parse("globex").unwrap();
        let trust = |unsigned: &str, reviewed: &[&str]| {
            document(serde_json::json!({
                "trust_version": 1, "unsigned": unsigned, "reviewed_digests": reviewed,
                "publishers": [
                    {"name": "acme", "reviewed": true, "keys": []},
                    {"name": "other", "keys": []},
                ],
                "tenants": {"globex": {"publishers": ["acme"], "unsigned": "apart"}},
            }))
        };
        let usual = trust("operator", &[]);
        assert!(usual.vouched(&origin(Some("acme")), None));
        assert!(!usual.vouched(&origin(Some("other")), None));
        assert!(!usual.vouched(&origin(Some("nobody-knows")), None));
        assert!(usual.vouched(&origin(None), None));
        assert!(
            !usual.vouched(&origin(None), Some(&globex)),
            "the tenant is stricter"
        );
        assert!(!trust("apart", &[]).vouched(&origin(None), None));
        let digest = format!("sha256:{}", "a".repeat(64));
        let looked_at = trust("apart", &[&digest]);
        assert!(looked_at.vouched(&origin(None), None));
        assert!(looked_at.vouched(&origin(Some("other")), None));
    }

    #[test]
    fn a_component_is_withdrawn_by_either_of_its_digests() {
        for letter in ["a", "b", "c"] {
            let digest = format!("sha256:{}", letter.repeat(64));
            let trust = document(serde_json::json!({
                "trust_version": 1, "revoked_digests": [{"digest": digest, "reason": "it leaks"}],
            }));
            assert_eq!(
                trust.judge(&origin(None), None).is_err(),
                letter != "c",
                "{letter}"
            );
        }
    }

    #[test]
    fn a_tenant_grants_what_reaches_out() {
        let (globex, acme) = (
            TenantId::parse("globex").unwrap(),
            TenantId::parse("acme").unwrap(),
        );
        let trust = document(serde_json::json!({
            "trust_version": 1,
            "tenants": {
                "globex": {"publishers": [], "capabilities": ["http"]}, "acme": {"publishers": []},
            },
        }));
        let imports = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let http = imports(&["connections", "http", "log", "output"]);
        let both = imports(&["http", "tcp"]);
        assert!(trust.grant(Some(&globex), &http).is_ok());
        let refused = trust.grant(Some(&globex), &both).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ConnectorDenied);
        assert!(
            refused.detail.contains("\"tcp\"") && refused.detail.contains("globex"),
            "{}",
            refused.detail
        );
        assert!(trust.grant(Some(&acme), &both).is_ok(), "it says nothing");
        assert!(trust.grant(None, &both).is_ok(), "installing");
        let wrong = serde_json::json!({"trust_version": 1,
            "tenants": {"globex": {"publishers": [], "capabilities": ["htpp"]}}});
        let wrong: TrustDocument = serde_json::from_value(wrong).unwrap();
        let problem = wrong.check().unwrap_err();
        assert_eq!(
            problem.pointer.as_deref(),
            Some("/tenants/globex/capabilities")
        );
    }

    #[test]
    fn a_tenant_is_not_laxer_than_the_operator() {
        let globex = TenantId::parse("globex").unwrap();
        for (operator, tenant, runs, vouched) in [
            ("operator", "operator", true, true),
            ("operator", "apart", true, false),
            ("operator", "refuse", false, false),
            ("apart", "operator", true, false),
            ("refuse", "operator", false, false),
            ("refuse", "apart", false, false),
        ] {
            let trust = document(serde_json::json!({
                "trust_version": 1, "unsigned": operator,
                "tenants": {"globex": {"publishers": [], "unsigned": tenant}},
            }));
            let judged = trust.judge(&origin(None), Some(&globex));
            assert_eq!(judged.is_ok(), runs, "{operator} {tenant}");
            let alone = trust.vouched(&origin(None), Some(&globex));
            assert_eq!(alone, vouched, "{operator} {tenant}");
        }
    }

    #[test]
    fn the_default_vouches_for_nobody_s_signature() {
        assert!(!TrustDocument::default().vouched(&origin(Some("acme")), None));
    }

    #[test]
    fn a_reviewed_digest_has_the_form_of_one() {
        let text = serde_json::json!({"trust_version": 1, "reviewed_digests": ["sha256:1"]});
        let document: TrustDocument = serde_json::from_value(text).unwrap();
        let problem = document.check().unwrap_err();
        assert_eq!(problem.pointer.as_deref(), Some("/reviewed_digests/0"));
    }
}
