//! Servers with protocols of their own in a connection document: how the link is protected.

use serde::{Deserialize, Serialize};

use crate::sql_endpoint::TlsMode;

/// How the link to a server is protected, and what we show there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TcpTls {
    pub mode: TlsMode,
    /// PEM certificates of authorities; if there are any, no others are believed
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<String>,
    /// the name in the server's certificate, where it is another than `host`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// secrets `client_certificate` and `client_private_key`, PEM
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub client_certificate: bool,
}

impl TcpTls {
    pub(crate) fn usual(&self) -> bool {
        *self == Self::default()
    }
}
