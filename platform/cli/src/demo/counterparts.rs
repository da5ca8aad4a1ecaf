//! The other side of the demo, as `tributary-counterparts` describes itself when it is ready.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use super::children::Child;
use crate::variables::Variables;

/// `counterparts.json`.
#[derive(Deserialize)]
pub(crate) struct Counterparts {
    taxman: Http,
    erp: Http,
    sftp: Sftp,
    pid: u32,
}

#[derive(Deserialize)]
struct Http {
    url: String,
    token: String,
}

#[derive(Deserialize)]
struct Sftp {
    host: String,
    port: u16,
    user: String,
    password: String,
    host_key: String,
}

impl Counterparts {
    /// `host:port` of each, for the server's egress list.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let bare = |url: &str| {
            url.trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned()
        };
        vec![
            bare(&self.taxman.url),
            bare(&self.erp.url),
            format!("{}:{}", self.sftp.host, self.sftp.port),
        ]
    }

    /// Values for the tenants' files.
    pub(crate) fn variables(&self) -> Variables {
        let mut variables = Variables::default();
        variables.set("TAXMAN_URL", &self.taxman.url);
        variables.set("TAXMAN_TOKEN", &self.taxman.token);
        variables.set("GLOBEX_ERP_URL", &self.erp.url);
        variables.set("GLOBEX_ERP_TOKEN", &self.erp.token);
        variables.set("ACME_SFTP_HOST", &self.sftp.host);
        variables.set("ACME_SFTP_PORT", self.sftp.port.to_string());
        variables.set("ACME_SFTP_USER", &self.sftp.user);
        variables.set("ACME_SFTP_PASSWORD", &self.sftp.password);
        variables.set("ACME_SFTP_HOST_KEY", &self.sftp.host_key);
        variables
    }

    /// What TAXMAN counts.
    pub(crate) async fn effects(&self) -> anyhow::Result<Value> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}/_control/effects", self.taxman.url.trim_end_matches('/'));
        let request = http.get(url).bearer_auth(&self.taxman.token);
        let answer = request.send().await.context("TAXMAN does not answer")?;
        Ok(answer.json().await?)
    }
}

/// Starts the program and waits until it says that it is ready.
pub(crate) async fn start(
    program: &Path,
    dir: &Path,
    tenants: &Path,
) -> anyhow::Result<(Child, Counterparts)> {
    let folder = dir.join("counterparts");
    std::fs::create_dir_all(&folder)?;
    let ready = folder.join("counterparts.json");
    let mut command = tokio::process::Command::new(program);
    command
        .arg("--dir")
        .arg(&folder)
        .arg("--tenants")
        .arg(tenants);
    let log = dir.join("counterparts.log");
    let mut child = Child::start("the other side", command, &log)?;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        child.must_run()?;
        if let Some(counterparts) = read(&ready)
            && Some(counterparts.pid) == child.id()
        {
            return Ok((child, counterparts));
        }
        if Instant::now() > deadline {
            anyhow::bail!(
                "the other side did not get ready in 30 s; see {}",
                log.display()
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn read(path: &Path) -> Option<Counterparts> {
    let text = std::fs::read(path).ok()?;
    serde_json::from_slice(&text).ok()
}
