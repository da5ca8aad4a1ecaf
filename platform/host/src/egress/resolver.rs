//! The resolver of one HTTP connection: it answers for that connection's host and port only.
//! An IP literal never reaches a resolver, so the connection checks literals by itself.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{EgressError, EgressPolicy};

pub(crate) struct PinnedResolver {
    pub(crate) policy: Arc<EgressPolicy>,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Resolve for PinnedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        let (host, port) = (self.host.clone(), self.port);
        Box::pin(async move {
            if !name.as_str().eq_ignore_ascii_case(&host) {
                let denied = EgressError::Denied {
                    host: name.as_str().to_owned(),
                    port,
                };
                return Err(denied.into());
            }
            let addresses: Vec<SocketAddr> = policy.resolve(&host, port).await?;
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
