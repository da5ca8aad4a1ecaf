//! A real Tryton 7.0 ERP (Python packages) over SQLite, with 200 confirmed sales. The packages and the
//! filled database are kept in the cache; each server works on a copy.

use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fetched::{self, Process, once, run};

/// Sales in the database.
pub const SALES: usize = 200;
/// Of the user `integration`.
pub const PASSWORD: &str = "integration-secret";
const PACKAGES: [&str; 4] = [
    "trytond==7.0.*",
    "proteus==7.0.*",
    "trytond-sale==7.0.*",
    "trytond-account-invoice==7.0.*",
];

/// A running server with the database `erp`.
pub struct Tryton {
    /// `http://127.0.0.1:PORT/`
    pub url: String,
    /// `host:port`
    pub place: String,
    _process: Process,
    _folder: TempDir,
}

impl Tryton {
    /// Starts a server on a copy of the filled database.
    ///
    /// # Errors
    /// When the packages cannot be had, or the server does not start.
    pub fn start() -> anyhow::Result<Self> {
        let python = once("tryton-7.0", |folder| {
            run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
            let pip = folder.join("bin/pip");
            run(Command::new(pip)
                .args(["install", "--quiet"])
                .args(PACKAGES))
        })?;
        let filled = once("tryton-7.0-sales", |folder| make(&python, folder))?;
        let folder = tempfile::tempdir()?;
        std::fs::copy(filled.join("erp.sqlite"), folder.path().join("erp.sqlite"))?;
        let port = fetched::free_port()?;
        let config = configured(folder.path(), port)?;
        let mut serve = Command::new(python.join("bin/trytond"));
        serve.arg("-c").arg(config).args(["-d", "erp"]);
        let process = Process::start(&mut serve, port, folder.path().join("server.log"))?;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}/"),
            place: format!("127.0.0.1:{port}"),
            _process: process,
            _folder: folder,
        })
    }

    /// Calls a method as the user `integration`.
    ///
    /// # Errors
    /// What the server answers instead of a result.
    pub async fn call(&self, method: &str, parameters: &Value) -> anyhow::Result<Value> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}erp/", self.url);
        let login = json!({ "id": 1, "method": "common.db.login",
            "params": ["integration", { "password": PASSWORD }, "en"] });
        let answer: Value = http.post(&url).json(&login).send().await?.json().await?;
        let (user, session) = (&answer["result"][0], &answer["result"][1]);
        let session = format!(
            "integration:{user}:{}",
            session.as_str().unwrap_or_default()
        );
        let session = format!("Session {}", BASE64.encode(session.as_bytes()));
        let body = json!({ "id": 2, "method": method, "params": parameters });
        let request = http.post(&url).header("Authorization", session).json(&body);
        let answer: Value = request.send().await?.json().await?;
        anyhow::ensure!(answer.get("error").is_none(), "{method}: {answer}");
        Ok(answer["result"].clone())
    }
}

/// Makes the database; it takes about a minute.
fn make(python: &Path, folder: &Path) -> anyhow::Result<()> {
    let config = configured(folder, fetched::free_port()?)?;
    // it must be there before the administration program starts
    std::fs::write(folder.join("erp.sqlite"), "")?;
    let password = folder.join("password");
    std::fs::write(&password, "admin-secret\n")?;
    run(Command::new(python.join("bin/trytond-admin"))
        .arg("-c")
        .arg(&config)
        .args([
            "-d",
            "erp",
            "--email",
            "admin@example.com",
            "-u",
            "sale",
            "account_invoice",
        ])
        .arg("--activate-dependencies")
        .env("TRYTONPASSFILE", password))?;
    let script = folder.join("fill.py");
    std::fs::write(&script, include_str!("fill.py"))?;
    run(Command::new(python.join("bin/python"))
        .arg(script)
        .arg(SALES.to_string())
        .env("TRYTON_CONF", config))
}

fn configured(folder: &Path, port: u16) -> anyhow::Result<std::path::PathBuf> {
    let config = folder.join("trytond.conf");
    let text = format!(
        "[database]\nuri = sqlite://\npath = {}\n[web]\nlisten = 127.0.0.1:{port}\n[session]\ntimeout = 3600\n",
        folder.display()
    );
    std::fs::write(&config, text)?;
    Ok(config)
}
