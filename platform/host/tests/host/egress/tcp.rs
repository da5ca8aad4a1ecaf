//! The host of a server with a protocol of its own as a way inside: as a tenant may type it, names, names
//! that change their mind; with TLS, which is what needs no word of the operator.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tributary_host::{EgressPolicy, OtherSide};

use super::{Suite, Tally, attempts, names};
use crate::support::context;

const PORT: u16 = 8443;

/// Whether a socket was opened. It never is: nobody does TLS here.
async fn reached(host: &str) -> bool {
    let document = json!({
        "name": "scales", "connector": "lines",
        "endpoint": {"kind": "tcp", "host": host, "port": PORT},
    });
    let Ok(call) = context(document, &EgressPolicy::default()) else {
        return false;
    };
    // who listens in here says nothing, and a handshake waits
    let connecting = OtherSide::connect(&*call.connection);
    let opened = tokio::time::timeout(Duration::from_millis(500), connecting).await;
    opened.is_ok_and(|opened| opened.is_ok())
}

impl Suite {
    pub(super) async fn tcp_host(&self) -> Tally {
        let mut tally = Tally::of("tcp, as host");
        for line in &self.table.inside {
            let before = attempts();
            assert!(!reached(&line.text).await, "{:?}", line.text);
            self.nothing(&mut tally, before, &line.text).await;
        }
        tally
    }

    pub(super) async fn tcp_names(&self) -> Tally {
        let mut tally = Tally::of("tcp, as a name's address");
        for number in 0..self.targets.len() {
            for name in [
                format!("n{number}.name.test"),
                format!("m{number}.mixed.test"),
            ] {
                let before = attempts();
                assert!(!reached(&name).await, "{name}");
                self.nothing(&mut tally, before, &name).await;
            }
        }
        tally
    }

    /// The first look-up is public and is dialled; the second one, which is not, is not.
    pub(super) async fn tcp_rebinding(&self) -> Tally {
        let mut tally = Tally::of("tcp, by DNS rebinding");
        let meant = SocketAddr::new(names::FIRST.parse().unwrap(), PORT);
        for (number, target) in self.targets.iter().enumerate() {
            let name = format!("t{number}.again.test");
            let before = attempts();
            tally.spellings += 1;
            assert!(!reached(&name).await, "{name}");
            assert_eq!(
                (attempts() - before, self.names.asked(&name)),
                (1, 1),
                "{target}: checked and dialled by one look-up"
            );
            assert!(!reached(&name).await, "{name}");
            self.only(&mut tally, before, meant, &name).await;
        }
        tally
    }
}
