//! The scenery of these tests: both tenants' counterparts in this process, OpenSSH where it can
//! be had, and a server under test.

use serde_json::{Value, json};
use tributary_counterparts::{erp, sftp, taxman, web};
use tributary_tests::openssh::OpenSsh;
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

/// The SFTP side: Debian's OpenSSH, or our own server where there is no root.
pub(crate) enum Files {
    OpenSsh(OpenSsh),
    Own(sftp::Handle, tempfile::TempDir),
}

impl Files {
    /// A server with acme's three files.
    pub(crate) async fn start(samples: &std::path::Path) -> anyhow::Result<Self> {
        let files = match OpenSsh::start()? {
            Ok(server) => Self::OpenSsh(server),
            Err(why) => {
                eprintln!("{why}; using the SFTP server of the counterparts");
                let root = tempfile::tempdir()?;
                let handle = sftp::start(sftp::Config {
                    port: 0,
                    root: root.path().to_owned(),
                    user: "acme".to_owned(),
                    password: "sftp-secret".to_owned(),
                    host_key: None,
                })
                .await?;
                Self::Own(handle, root)
            }
        };
        for entry in std::fs::read_dir(samples)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".csv") {
                files.put(&format!("outgoing/{name}"), &std::fs::read(&path)?)?;
            }
        }
        Ok(files)
    }

    pub(crate) fn put(&self, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::OpenSsh(server) => server.put(path, bytes),
            Self::Own(_, root) => {
                let file = root.path().join(path);
                if let Some(parent) = file.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                Ok(std::fs::write(file, bytes)?)
            }
        }
    }

    /// Lets connections write in a folder.
    pub(crate) fn give(&self, folder: &str) -> anyhow::Result<()> {
        match self {
            Self::OpenSsh(server) => server.give(folder),
            Self::Own(..) => Ok(()),
        }
    }

    pub(crate) fn remove(&self, path: &str) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.root().join(path))?)
    }

    /// The folder that the server shows.
    pub(crate) fn root(&self) -> &std::path::Path {
        match self {
            Self::OpenSsh(server) => &server.root,
            Self::Own(_, root) => root.path(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::OpenSsh(server) => server.port,
            Self::Own(handle, _) => handle.address.port(),
        }
    }

    fn variables(&self) -> anyhow::Result<[(&'static str, String); 5]> {
        let (user, password, key) = match self {
            Self::OpenSsh(server) => (
                server.user.clone(),
                server.password.clone(),
                server.host_key()?,
            ),
            Self::Own(handle, _) => (
                "acme".to_owned(),
                "sftp-secret".to_owned(),
                handle.host_key.clone(),
            ),
        };
        Ok([
            ("ACME_SFTP_HOST", "127.0.0.1".to_owned()),
            ("ACME_SFTP_PORT", self.port().to_string()),
            ("ACME_SFTP_USER", user),
            ("ACME_SFTP_PASSWORD", password),
            ("ACME_SFTP_HOST_KEY", key),
        ])
    }
}

/// Everything together.
pub(crate) struct Theatre {
    pub(crate) stage: Stage,
    pub(crate) taxman: web::Handle,
    pub(crate) erp: web::Handle,
    pub(crate) files: Files,
}

impl Theatre {
    /// Counterparts run, the server does not yet.
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let tenants = tributary_tests::server::Programs::find()?.tenants;
        let taxman = taxman::start(taxman::Config {
            port: 0,
            token: String::new(),
            forget: false,
            journal: None,
        })
        .await?;
        let erp = erp::start(erp::Config {
            port: 0,
            token: String::new(),
            orders: tenants.join("globex/samples/orders.json"),
        })
        .await?;
        let files = Files::start(&tenants.join("acme/samples")).await?;
        let egress = [
            taxman.address.to_string(),
            erp.address.to_string(),
            format!("127.0.0.1:{}", files.port()),
        ];
        let mut stage = Stage::new(&egress)?;
        stage.set("TAXMAN_URL", &taxman.url);
        stage.set("TAXMAN_TOKEN", &taxman.token);
        stage.set("GLOBEX_ERP_URL", &erp.url);
        stage.set("GLOBEX_ERP_TOKEN", &erp.token);
        for (name, value) in files.variables()? {
            stage.set(name, value);
        }
        Ok(Self {
            stage,
            taxman,
            erp,
            files,
        })
    }

    /// Starts the server, installs the connectors of both tenants and applies these.
    pub(crate) async fn open(&mut self) -> anyhow::Result<Rest> {
        self.stage.server.start()?;
        let rest = self.stage.server.ready().await?;
        self.stage.install_connectors(&["rest", "sftp", "taxman"])?;
        let tenants = self.stage.programs.tenants.clone();
        self.stage.apply(&tenants.join("acme"))?;
        self.stage.apply(&tenants.join("globex"))?;
        Ok(rest)
    }

    /// What TAXMAN counts.
    pub(crate) async fn effects(&self) -> anyhow::Result<Value> {
        control(&self.taxman, "effects", None).await
    }

    /// Sets TAXMAN's fault switches.
    pub(crate) async fn taxman_faults(&self, faults: &Value) -> anyhow::Result<()> {
        control(&self.taxman, "faults", Some(faults)).await?;
        Ok(())
    }
}

/// A control request to a counterpart.
pub(crate) async fn control(
    server: &web::Handle,
    what: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/_control/{what}", server.url.trim_end_matches('/'));
    let request = match body {
        None => http.get(url),
        Some(body) => http.post(url).json(body),
    };
    let response = request.bearer_auth(&server.token).send().await?;
    let status = response.status();
    let text = response.text().await?;
    anyhow::ensure!(status.is_success(), "{what}: {status} {text}");
    Ok(serde_json::from_str(&text).unwrap_or(json!(null)))
}
