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
    /// what holds for connectors without a signature, where a tenant says nothing
    #[serde(default)]
    pub unsigned: Unsigned,
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
    /// `sha256:…` of the component without its signature, as `tributary connector verify` prints it
    pub digest: String,
    pub reason: String,
}

/// What holds for connectors without a signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsigned {
    /// those that the operator installed run: only operators can install
    #[default]
    Operator,
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
}

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
    /// publisher and key id; `None` without a signature
    pub signed: Option<(Slug, String)>,
}

impl Default for TrustDocument {
    fn default() -> Self {
        Self {
            trust_version: 1,
            publishers: Vec::new(),
            unsigned: Unsigned::default(),
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
        for (number, revoked) in self.revoked_digests.iter().enumerate() {
            let hex = revoked.digest.strip_prefix("sha256:").unwrap_or_default();
            if hex.len() != 64
                || !hex
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            {
                let detail = format!("{:?} is no digest (sha256: and 64 digits)", revoked.digest);
                return wrong(format!("/revoked_digests/{number}/digest"), detail);
            }
        }
        for (tenant, trust) in &self.tenants {
            if let Some(unknown) = trust.publishers.iter().find(|name| !names.contains(name)) {
                let detail = format!("there is no publisher {unknown}");
                return wrong(format!("/tenants/{tenant}/publishers"), detail);
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
            .find(|revoked| revoked.digest == origin.digest);
        if let Some(revoked) = withdrawn {
            return refused(format!(
                "the component {} was withdrawn: {}",
                revoked.digest, revoked.reason
            ));
        }
        let Some((publisher, key)) = &origin.signed else {
            return match own.map_or(self.unsigned, |own| own.unsigned) {
                Unsigned::Operator => Ok(()),
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
