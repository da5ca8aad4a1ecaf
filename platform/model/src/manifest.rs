//! The connector manifest (`connector.json`, also embedded in the component as custom section
//! `tributary:manifest`): what it is, what it may touch, how it is configured.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::auth_recipe::AuthRecipe;
use crate::external::FunctionSpec;
use crate::id::Slug;

/// `connector.json`, version 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// version of this document, 1
    pub manifest_version: u32,
    pub name: Slug,
    /// semantic version of the connector
    pub version: String,
    pub title: String,
    pub publisher: String,
    /// the contract, for example `tributary:connector@0.1.0`
    pub contract: String,
    pub roles: Vec<ConnectorRole>,
    /// interfaces of the contract that it imports, for example `http`; compared with the bytes
    pub capabilities: Vec<String>,
    /// the connection it asks for; only functions have none
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionNeed>,
    /// JSON Schema (2020-12) of `config` in a connection document; only functions have none
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config_schema: Value,
    /// for mapping functions: what documents may name
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<FunctionSpec>,
    /// for targets: how a resend is made harmless
    #[serde(default)]
    pub delivery: Option<Delivery>,
    #[serde(default)]
    pub limits: Limits,
}

/// What a connector can be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorRole {
    Source,
    /// answers `prepare` and `settle`; the host sends
    ApiTarget,
    /// functions of code for mappings; no other role beside it, no capability, no connection
    MappingFunction,
}

impl Manifest {
    /// How its API is told who calls, if it says so.
    #[must_use]
    pub fn recipe(&self) -> Option<&AuthRecipe> {
        self.connection.as_ref()?.auth.as_ref()
    }

    /// Whether it holds functions for mappings, and so is no connector.
    #[must_use]
    pub fn is_functions(&self) -> bool {
        self.roles.contains(&ConnectorRole::MappingFunction)
    }
}

/// The connection a connector needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionNeed {
    /// what the guest passes to `connections.get`
    pub label: Slug,
    pub kind: EndpointKinds,
    /// how its API is told who calls, so that a connection has the secret and no description
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthRecipe>,
}

/// One kind of endpoint, or a list of those that are equally good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EndpointKinds {
    One(EndpointKind),
    Any(Vec<EndpointKind>),
}

impl EndpointKinds {
    /// The kinds, in the manifest's order.
    #[must_use]
    pub fn all(&self) -> &[EndpointKind] {
        match self {
            Self::One(kind) => std::slice::from_ref(kind),
            Self::Any(kinds) => kinds,
        }
    }

    /// Whether an endpoint of that kind will do.
    #[must_use]
    pub fn accepts(&self, kind: EndpointKind) -> bool {
        self.all().contains(&kind)
    }
}

impl std::fmt::Display for EndpointKinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.all().iter().map(|kind| kind.as_str()).collect();
        f.write_str(&names.join(" or "))
    }
}

/// Protocols of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    Http,
    Sftp,
    S3,
    Sql,
    /// bytes over a socket, with or without TLS
    Tcp,
    /// files that were sent to the platform
    Uploads,
    /// records that were pushed to the platform
    Push,
}

impl EndpointKind {
    /// Whether what is behind it came to the platform by itself, so that nothing is reached out to.
    #[must_use]
    pub fn comes_in(self) -> bool {
        matches!(self, Self::Uploads | Self::Push)
    }

    /// The word in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Sftp => "sftp",
            Self::S3 => "s3",
            Self::Sql => "sql",
            Self::Tcp => "tcp",
            Self::Uploads => "uploads",
            Self::Push => "push",
        }
    }
}

/// How a target makes a resend harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    pub capability: DeliveryCapability,
    /// how long the target remembers a key, in seconds
    #[serde(default)]
    pub window_s: Option<u64>,
    /// for `lookup`: how long a call whose answer was lost may still be at work at the target, in seconds; what
    /// is not there is sent again only after it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<u64>,
    /// what may have been done so long ago that the target may have forgotten its key is asked for (export
    /// `lookup`) before it is sent; without it, it is `uncertain`
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lookup_after_window: bool,
    /// most rows in one call
    pub max_rows_per_call: u32,
    /// the connector promises that an outcome `retry(transient)` means that nothing was done;
    /// without it, what a target with the capability `none` failed at may have been done, so it is
    /// `uncertain` and not sent again
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transient_not_done: bool,
    /// JSON Pointer into the configuration, for targets that are described by it: to an object whose
    /// `kind`, `window_s`, `wait_s` and `lookup_after_window` hold instead of what is said here
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_config: Option<String>,
}

impl Delivery {
    /// The terms under a configuration. A kind that is no capability counts as none, which never sends
    /// twice.
    #[must_use]
    pub fn under(&self, config: &Value) -> Self {
        let mut terms = self.clone();
        let Some(said) = self.by_config.as_deref().and_then(|at| config.pointer(at)) else {
            return terms;
        };
        let kind = said.get("kind").cloned().unwrap_or_default();
        terms.capability = serde_json::from_value(kind).unwrap_or(DeliveryCapability::None);
        terms.window_s = said.get("window_s").and_then(Value::as_u64);
        terms.wait_s = said.get("wait_s").and_then(Value::as_u64);
        let asks_late = said.get("lookup_after_window").and_then(Value::as_bool);
        terms.lookup_after_window = asks_late.unwrap_or(false);
        terms
    }
}

/// See `reference`: execution §5.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryCapability {
    IdempotencyKey,
    Upsert,
    /// what may have been done is asked for before it is sent again (export `lookup`)
    Lookup,
    None,
}

/// What one call into the connector may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// linear memory, MiB; at most 512
    pub memory_mib: u32,
    /// CPU time of check, discover, partitions, prepare, settle, ms; at most a minute
    pub call_cpu_ms: u32,
    /// CPU time of read, ms; at most an hour, before what the bytes that are moved add
    pub read_cpu_ms: u32,
    /// wall time of read, s; at most a day
    pub read_wall_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: 64,
            call_cpu_ms: 5_000,
            read_cpu_ms: 60_000,
            read_wall_s: 3_600,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_configuration_says_what_a_resend_is_to_its_target() {
        let terms = Delivery {
            capability: DeliveryCapability::None,
            window_s: Some(5),
            wait_s: None,
            lookup_after_window: true,
            max_rows_per_call: 10,
            transient_not_done: true,
            by_config: Some("/resend".to_owned()),
        };
        for (config, capability, window_s) in [
            (json!({}), DeliveryCapability::None, Some(5)),
            (
                json!({"resend": {"kind": "idempotency_key", "window_s": 60}}),
                DeliveryCapability::IdempotencyKey,
                Some(60),
            ),
            (
                json!({"resend": {"kind": "upsert"}}),
                DeliveryCapability::Upsert,
                None,
            ),
            (
                json!({"resend": {"kind": "magic"}}),
                DeliveryCapability::None,
                None,
            ),
        ] {
            let found = terms.under(&config);
            assert_eq!(
                (found.capability, found.window_s, found.max_rows_per_call),
                (capability, window_s, 10),
                "{config}"
            );
            let said = config.get("resend").is_some();
            assert_eq!(found.lookup_after_window, !said, "{config}");
        }
        let fixed = Delivery {
            by_config: None,
            ..terms.clone()
        };
        assert_eq!(fixed.under(&json!({"resend": {"kind": "upsert"}})), fixed);
    }
}
