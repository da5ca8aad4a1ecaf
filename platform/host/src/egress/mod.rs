//! The one door to the network. A name is resolved once, every address it resolves to is checked,
//! and exactly the checked addresses are dialled, so a second look-up can't change its mind.
//!
//! Invariants: an address that is not publicly routable, and a port where mail servers and the like
//! listen, is refused unless the operator granted it together with the port; one bad address among
//! several refuses them all (that is what a rebinding answer looks like). Deliberately absent:
//! proxies from the environment, redirects.

mod address;
mod resolver;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpStream;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

pub use address::is_global;
pub(crate) use resolver::PinnedResolver;

/// Ports of other protocols through which a request could do harm in our name: chargen, mail, DNS.
/// Port 0 is none.
const REFUSED_PORTS: [u16; 10] = [0, 19, 25, 53, 110, 143, 465, 587, 993, 995];

/// What the operator granted beyond public addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// `host:port`, `ip:port` or `[ipv6]:port`; or `sqlite:FOLDER`, in which each tenant has a folder of
    /// its name with files of databases that its connections may open
    pub allow: Vec<String>,
}

/// Why a connection was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Address or port is not for everyone and not granted.
    #[error("{host}:{port} is not a public address with an ordinary port, and not granted")]
    Denied { host: String, port: u16 },
    /// The name does not resolve.
    #[error("the name {host:?} could not be resolved")]
    Unresolved { host: String },
    /// No address answered.
    #[error("{host}:{port} could not be reached: {reason}")]
    Unreachable {
        host: String,
        port: u16,
        reason: String,
    },
    /// Nothing answered in time.
    #[error("{host}:{port} did not accept a connection within {seconds} s")]
    Timeout {
        host: String,
        port: u16,
        seconds: u64,
    },
}

impl EgressError {
    /// The error for a person.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let code = match self {
            Self::Denied { .. } => ErrorCode::ConnectionRefused,
            Self::Unresolved { .. } | Self::Unreachable { .. } => ErrorCode::ConnectionUnreachable,
            Self::Timeout { .. } => ErrorCode::ConnectionTimeout,
        };
        Problem::new(code, self.to_string())
    }
}

impl EgressPolicy {
    /// Whether `host` (as the connection names it) at `address` may be dialled.
    #[must_use]
    pub fn permits(&self, host: &str, address: SocketAddr) -> bool {
        let open = is_global(address.ip()) && !REFUSED_PORTS.contains(&address.port());
        open || self.granted(host, address)
    }

    /// The folder of a tenant's database files, if the operator gave one for them.
    #[must_use]
    pub fn databases_of(&self, tenant: &str) -> Option<PathBuf> {
        let folder = |entry: &String| entry.strip_prefix("sqlite:").map(PathBuf::from);
        let absolute = |folder: &PathBuf| folder.is_absolute();
        let folder = self.allow.iter().filter_map(folder).find(absolute)?;
        (!tenant.is_empty()).then(|| folder.join(tenant))
    }

    fn granted(&self, host: &str, address: SocketAddr) -> bool {
        let wanted = plain_host(host);
        self.allow.iter().any(|entry| {
            let Some((name, port)) = entry.rsplit_once(':') else {
                return false;
            };
            if port.parse() != Ok(address.port()) {
                return false;
            }
            let name = plain_host(name);
            match name.parse::<IpAddr>() {
                Ok(ip) => ip.to_canonical() == address.ip().to_canonical(),
                Err(_) => name == wanted,
            }
        })
    }

    /// Resolves and checks. The answer is never empty.
    ///
    /// # Errors
    /// [`EgressError::Unresolved`] or [`EgressError::Denied`].
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
        let unresolved = || EgressError::Unresolved {
            host: host.to_owned(),
        };
        let name = plain_host(host);
        let addresses: Vec<SocketAddr> = match name.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => tokio::net::lookup_host((name.as_str(), port))
                .await
                .map_err(|_| unresolved())?
                .collect(),
        };
        if addresses.is_empty() {
            return Err(unresolved());
        }
        if let Some(refused) = addresses.iter().find(|a| !self.permits(host, **a)) {
            // The address stays in our log: told to a tenant it would map the inside network.
            tracing::warn!(egress.host = host, egress.address = %refused, "egress refused");
            return Err(EgressError::Denied {
                host: host.to_owned(),
                port,
            });
        }
        Ok(addresses)
    }

    /// Connects to the first checked address that answers.
    ///
    /// # Errors
    /// As [`Self::resolve`], and [`EgressError::Unreachable`] or [`EgressError::Timeout`].
    pub async fn dial(
        &self,
        host: &str,
        port: u16,
        timeout: Duration,
    ) -> Result<TcpStream, EgressError> {
        let attempt = async {
            let mut reason = String::new();
            for address in self.resolve(host, port).await? {
                match TcpStream::connect(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => reason = error.kind().to_string(),
                }
            }
            Err(EgressError::Unreachable {
                host: host.to_owned(),
                port,
                reason,
            })
        };
        tokio::time::timeout(timeout, attempt)
            .await
            .unwrap_or_else(|_| {
                Err(EgressError::Timeout {
                    host: host.to_owned(),
                    port,
                    seconds: timeout.as_secs(),
                })
            })
    }
}

/// Lower case, without brackets and without the root dot.
fn plain_host(host: &str) -> String {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .trim_end_matches('.')
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
