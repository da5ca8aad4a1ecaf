//! All three counterparts with the sample data of the tenants, as the demo and the end-to-end tests
//! want them.
//!
//! The folder given keeps ports, tokens, password, host key and TAXMAN's journal, so that a restart
//! is the same counterparts again, as far as the ports are free.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::state_dir::{Description, FILE, HttpAccess, SftpAccess, copy_samples};
use crate::{erp, sftp, taxman, web};

/// The folder of the SFTP server that holds Acme's files.
pub const SFTP_FOLDER: &str = "outgoing";

/// How to start them.
#[derive(Debug, Clone)]
pub struct Options {
    /// state; made if it is not there
    pub dir: PathBuf,
    /// the folder `tenants` of the repository
    pub tenants: PathBuf,
    /// an earlier `counterparts.json` whose ports and secrets to take; without it that of `dir`
    pub ports: Option<PathBuf>,
    /// TAXMAN keeps hashes and sums only, and no journal
    pub forget: bool,
}

/// The running counterparts.
#[derive(Debug)]
pub struct Together {
    pub description: Description,
    pub taxman: web::Handle,
    pub erp: web::Handle,
    pub sftp: sftp::Handle,
}

/// Starts all three and writes `counterparts.json` when they answer.
///
/// # Errors
/// When the sample data is not there, the folder cannot be written or no port is to be had.
pub async fn start(options: &Options) -> anyhow::Result<Together> {
    let dir = &options.dir;
    std::fs::create_dir_all(dir).with_context(|| format!("could not make {}", dir.display()))?;
    let file = dir.join(FILE);
    let before = Description::read(options.ports.as_deref().unwrap_or(&file));
    let before = before.as_ref();
    let files = dir.join("sftp");
    copy_samples(
        &options.tenants.join("acme/samples"),
        &files.join(SFTP_FOLDER),
    )?;

    let taxman = taxman::start(taxman::Config {
        port: before.map_or(0, |before| before.taxman.port()),
        token: before.map_or_else(String::new, |before| before.taxman.token.clone()),
        forget: options.forget,
        journal: (!options.forget).then(|| dir.join("taxman.journal")),
    })
    .await
    .context("TAXMAN did not start")?;
    let erp = erp::start(erp::Config {
        port: before.map_or(0, |before| before.erp.port()),
        token: before.map_or_else(String::new, |before| before.erp.token.clone()),
        orders: options.tenants.join("globex/samples/orders.json"),
    })
    .await
    .context("the ERP did not start")?;
    let (sftp, access) = start_sftp(dir, files, before).await?;
    let description = Description {
        taxman: access_to(&taxman),
        erp: access_to(&erp),
        sftp: access,
        pid: std::process::id(),
    };
    description.write(&file)?;
    Ok(Together {
        description,
        taxman,
        erp,
        sftp,
    })
}

async fn start_sftp(
    dir: &Path,
    root: PathBuf,
    before: Option<&Description>,
) -> anyhow::Result<(sftp::Handle, SftpAccess)> {
    let user = "acme".to_owned();
    let password = match before {
        Some(before) => before.sftp.password.clone(),
        None => web::random_word()?,
    };
    let handle = sftp::start(sftp::Config {
        port: before.map_or(0, |before| before.sftp.port),
        root,
        user: user.clone(),
        password: password.clone(),
        host_key: Some(dir.join("sftp_host_key")),
    })
    .await
    .context("the SFTP server did not start")?;
    let access = SftpAccess {
        host: handle.address.ip().to_string(),
        port: handle.address.port(),
        user,
        password,
        host_key: handle.host_key.clone(),
    };
    Ok((handle, access))
}

fn access_to(handle: &web::Handle) -> HttpAccess {
    HttpAccess {
        url: handle.url.clone(),
        token: handle.token.clone(),
    }
}

impl Together {
    /// Stops all three.
    pub async fn stop(self) {
        self.taxman.stop().await;
        self.erp.stop().await;
        self.sftp.stop().await;
    }
}
