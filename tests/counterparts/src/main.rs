//! `tributary-counterparts`: the other side as a program. Without a subcommand all three with the
//! tenants' sample data; a subcommand starts one alone. When ready, one line of JSON on stdout says
//! how to reach them; then it serves until SIGTERM or Ctrl-C.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tributary_counterparts::{erp, sftp, taxman, together};

/// TAXMAN, an ERP and an SFTP server on loopback, for demo and tests.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    one: Option<One>,
    #[command(flatten)]
    all: All,
}

#[derive(Debug, Args)]
struct All {
    /// folder for ports, secrets, host key and TAXMAN's journal
    #[arg(long, default_value = "counterparts")]
    dir: PathBuf,
    /// the repository's folder `tenants`
    #[arg(long, default_value = "tenants")]
    tenants: PathBuf,
    /// an earlier counterparts.json whose ports and secrets to take, instead of DIR's own
    #[arg(long)]
    ports: Option<PathBuf>,
    /// TAXMAN keeps hashes and sums only, and no journal (for benches)
    #[arg(long)]
    forget: bool,
}

#[derive(Debug, Subcommand)]
enum One {
    /// the tax service
    Taxman {
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// random if it is not given
        #[arg(long, default_value = "")]
        token: String,
        /// keep hashes and sums only
        #[arg(long)]
        forget: bool,
        /// file that keeps the effects over a restart
        #[arg(long)]
        journal: Option<PathBuf>,
    },
    /// the REST API of orders
    Erp {
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// random if it is not given
        #[arg(long, default_value = "")]
        token: String,
        /// JSON array of orders
        #[arg(long)]
        orders: PathBuf,
    },
    /// the file server
    Sftp {
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// the folder to serve
        #[arg(long)]
        root: PathBuf,
        #[arg(long, default_value = "acme")]
        user: String,
        /// random if it is not given
        #[arg(long, default_value = "")]
        password: String,
        /// OpenSSH private key, made if it is not there
        #[arg(long)]
        host_key: Option<PathBuf>,
    },
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.one {
        None => {
            let options = together::Options {
                dir: cli.all.dir,
                tenants: cli.all.tenants,
                ports: cli.all.ports,
                forget: cli.all.forget,
            };
            let running = together::start(&options).await?;
            ready(&running.description.line()?)?;
            stopped().await?;
            running.stop().await;
        }
        Some(One::Taxman {
            port,
            token,
            forget,
            journal,
        }) => {
            let config = taxman::Config {
                port,
                token,
                forget,
                journal,
            };
            let handle = taxman::start(config).await?;
            ready_http("taxman", &handle)?;
            stopped().await?;
            handle.stop().await;
        }
        Some(One::Erp {
            port,
            token,
            orders,
        }) => {
            let handle = erp::start(erp::Config {
                port,
                token,
                orders,
            })
            .await?;
            ready_http("erp", &handle)?;
            stopped().await?;
            handle.stop().await;
        }
        Some(One::Sftp {
            port,
            root,
            user,
            password,
            host_key,
        }) => {
            let password = if password.is_empty() {
                tributary_counterparts::web::random_word()?
            } else {
                password
            };
            let config = sftp::Config {
                port,
                root,
                user: user.clone(),
                password: password.clone(),
                host_key,
            };
            let handle = sftp::start(config).await?;
            let access = serde_json::json!({
                "host": handle.address.ip(), "port": handle.address.port(),
                "user": user, "password": password, "host_key": handle.host_key,
            });
            ready(&format!(
                "{}\n",
                serde_json::json!({ "sftp": access, "pid": std::process::id() })
            ))?;
            stopped().await?;
            handle.stop().await;
        }
    }
    Ok(())
}

fn ready_http(name: &str, handle: &tributary_counterparts::web::Handle) -> std::io::Result<()> {
    let access = serde_json::json!({ "url": handle.url, "token": handle.token });
    ready(&format!(
        "{}\n",
        serde_json::json!({ name: access, "pid": std::process::id() })
    ))
}

fn ready(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}

async fn stopped() -> std::io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
