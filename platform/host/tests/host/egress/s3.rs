//! The endpoint of a bucket as a way inside: the address as a tenant may type it, names (also with
//! the bucket in them), names that change their mind, redirects.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tributary_host::{EgressPolicy, HttpRequest};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{Suite, Tally, attempts, channels, names};
use crate::support::{SECRET, context};

/// A look at one object of a bucket.
async fn look(endpoint: &Value, grants: &[String], key: &str) -> Problem {
    let policy = EgressPolicy {
        allow: grants.to_vec(),
    };
    let document = json!({
        "name": "bucket", "connector": "s3", "endpoint": endpoint, "secrets": {"secret_access_key": SECRET},
    });
    let call = match context(document, &policy) {
        Ok(call) => call,
        Err(problem) => return problem,
    };
    let request = HttpRequest {
        method: "HEAD".to_owned(),
        path: key.to_owned(),
        ..HttpRequest::default()
    };
    let looked = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        call.connection.send(request),
    );
    match looked.await {
        Ok(Err(error)) => error.problem,
        Ok(Ok(answer)) => panic!("{endpoint}: answered {}", answer.status),
        Err(_) => Problem::new(ErrorCode::ConnectionTimeout, "no answer"),
    }
}

fn endpoint(address: &str, bucket: &str, path_style: bool) -> Value {
    json!({"kind": "s3", "endpoint": address, "region": "eu-central-1", "bucket": bucket,
        "path_style": path_style, "auth": {"kind": "access_key", "access_key_id": "AKIDEXAMPLE"}})
}

impl Suite {
    pub(super) async fn s3_endpoint(&self) -> Tally {
        let mut tally = Tally::of("S3, as endpoint");
        for line in &self.table.inside {
            for address in [format!("https://{}", line.text), line.text.clone()] {
                let before = attempts();
                let problem = look(&endpoint(&address, "acme", true), &[], "x").await;
                self.nothing(&mut tally, before, &line.text).await;
                assert!(channels::is_refusal(&problem), "{address:?}: {problem}");
            }
        }
        tally
    }

    /// Names of inside addresses, with the bucket in the path and in the name.
    pub(super) async fn s3_names(&self) -> Tally {
        let mut tally = Tally::of("S3, as a name's address");
        for number in 0..self.targets.len() {
            let in_path = endpoint(&format!("https://m{number}.mixed.test"), "acme", true);
            let in_name = endpoint("https://name.test", &format!("n{number:03}"), false);
            for endpoint in [in_path, in_name] {
                let before = attempts();
                let problem = look(&endpoint, &[], "x").await;
                self.nothing(&mut tally, before, &endpoint.to_string())
                    .await;
                assert_eq!(
                    problem.code,
                    ErrorCode::ConnectionRefused,
                    "{endpoint}: {problem}"
                );
            }
        }
        tally
    }

    pub(super) async fn s3_rebinding(&self) -> Tally {
        let mut tally = Tally::of("S3, by DNS rebinding");
        let meant = SocketAddr::new(names::FIRST.parse().unwrap(), 443);
        for (number, target) in self.targets.iter().enumerate() {
            let name = format!("s{number}.again.test");
            let endpoint = endpoint(&format!("https://{name}"), "acme", true);
            let before = attempts();
            tally.spellings += 1;
            look(&endpoint, &[], "x").await;
            assert_eq!(
                (attempts() - before, self.names.asked(&name)),
                (1, 1),
                "{target}: checked and dialled by one look-up"
            );
            let problem = look(&endpoint, &[], "x").await;
            self.only(&mut tally, before, meant, &name).await;
            assert_eq!(
                problem.code,
                ErrorCode::ConnectionRefused,
                "{target}: {problem}"
            );
        }
        tally
    }

    /// The canary answers `/<status>/<number>` with a redirect: that is a bucket and a key.
    pub(super) async fn s3_redirects(&self) -> Tally {
        let mut tally = Tally::of("S3, as redirect");
        let grants = ["public.test:80".to_owned()];
        let meant = "8.8.4.4:80".parse().unwrap();
        let kinds = ["301", "302", "303", "307", "308"];
        for (number, line) in self.table.inside.iter().enumerate() {
            let bucket = kinds[number % kinds.len()];
            let endpoint = endpoint("http://public.test", bucket, true);
            let before = attempts();
            tally.spellings += 1;
            let problem = look(&endpoint, &grants, &number.to_string()).await;
            self.only(&mut tally, before, meant, &line.text).await;
            assert_eq!(
                problem.code,
                ErrorCode::ConfigInvalid,
                "{:?}: {problem}",
                line.text
            );
        }
        tally
    }
}
