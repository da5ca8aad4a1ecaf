//! The host of a database as a way inside: as a tenant may type it, names, names that change their mind;
//! for both drivers that dial.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tributary_host::{EgressPolicy, HttpRequest};

use super::{Suite, Tally, attempts, names};
use crate::support::{SECRET, context};

/// With the letter of its names.
const DRIVERS: [(&str, u16, char); 2] = [("postgres", 5432, 'p'), ("mysql", 3306, 'y')];

/// Whether a transaction was done. It never is: nobody speaks SQL here.
async fn reached(driver: &str, host: &str) -> bool {
    let document = json!({
        "name": "erp", "connector": "sql-target",
        "endpoint": {"kind": "sql", "driver": driver, "host": host, "database": "erp",
            "auth": {"kind": "password", "user": "u"}},
        "secrets": {"password": SECRET},
    });
    let Ok(call) = context(document, &EgressPolicy::default()) else {
        return false;
    };
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: "transaction".to_owned(),
        body: Some(r#"{"statements": ["delete from a"], "rows": [[0, []]]}"#.into()),
        ..HttpRequest::default()
    };
    let sending = call.connection.send(request);
    // who listens in here says nothing, and a driver waits for a greeting
    let sent = tokio::time::timeout(Duration::from_millis(500), sending).await;
    sent.is_ok_and(|answer| answer.is_ok())
}

impl Suite {
    pub(super) async fn sql_host(&self) -> Tally {
        let mut tally = Tally::of("databases, as host");
        for line in &self.table.inside {
            for (driver, _, _) in DRIVERS {
                let before = attempts();
                assert!(!reached(driver, &line.text).await, "{:?}", line.text);
                self.nothing(&mut tally, before, &line.text).await;
            }
        }
        tally
    }

    pub(super) async fn sql_names(&self) -> Tally {
        let mut tally = Tally::of("databases, as a name's address");
        for number in 0..self.targets.len() {
            for name in [
                format!("n{number}.name.test"),
                format!("m{number}.mixed.test"),
            ] {
                for (driver, _, _) in DRIVERS {
                    let before = attempts();
                    assert!(!reached(driver, &name).await, "{name}");
                    self.nothing(&mut tally, before, &name).await;
                }
            }
        }
        tally
    }

    /// The first look-up is public and is dialled; the second one, which is not, is not.
    pub(super) async fn sql_rebinding(&self) -> Tally {
        let mut tally = Tally::of("databases, by DNS rebinding");
        for (driver, port, letter) in DRIVERS {
            let meant = SocketAddr::new(names::FIRST.parse().unwrap(), port);
            for (number, target) in self.targets.iter().enumerate() {
                let name = format!("{letter}{number}.again.test");
                let before = attempts();
                tally.spellings += 1;
                assert!(!reached(driver, &name).await, "{name}");
                assert_eq!(
                    (attempts() - before, self.names.asked(&name)),
                    (1, 1),
                    "{target}: checked and dialled by one look-up"
                );
                assert!(!reached(driver, &name).await, "{name}");
                self.only(&mut tally, before, meant, &name).await;
            }
        }
        tally
    }
}
