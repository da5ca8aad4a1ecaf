//! `tributary doctor`: checks what a server needs on this machine, one line each with a hint.

use std::path::Path;

use tributary_model::plan::Plans;

use crate::config::Config;
use crate::print;

/// Arguments of `tributary doctor`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// configuration file
    #[arg(long, env = "TRIBUTARY_CONFIG")]
    config: Option<std::path::PathBuf>,
    /// folder of the data; keys lie beside it
    #[arg(long)]
    data_dir: Option<std::path::PathBuf>,
    /// one JSON object per check
    #[arg(long)]
    json: bool,
}

struct Check {
    name: &'static str,
    outcome: Result<String, String>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = Config::load(arguments.config.as_deref(), arguments.data_dir.as_deref())?;
    let checks = vec![
        Check {
            name: "data folder",
            outcome: writable(&config.data_dir),
        },
        Check {
            name: "key folder",
            outcome: keys(&config),
        },
        Check {
            name: "plans",
            outcome: plans(&config),
        },
        Check {
            name: "listen address",
            outcome: listen(&config).await,
        },
        Check {
            name: "ledger",
            outcome: ledger(&config).await,
        },
    ];
    let mut failed = 0;
    for check in &checks {
        let (word, text) = match &check.outcome {
            Ok(text) => ("ok", text),
            Err(text) => {
                failed += 1;
                ("FAILED", text)
            }
        };
        if arguments.json {
            let line =
                serde_json::json!({ "check": check.name, "ok": word == "ok", "detail": text });
            print::line(&line.to_string());
        } else {
            print::line(&format!("{word:<7} {:<15} {text}", check.name));
        }
    }
    if failed > 0 {
        anyhow::bail!("{failed} of {} checks failed", checks.len());
    }
    Ok(())
}

/// Whether the folder, or what is there of the way to it, can be written. Nothing is left behind.
fn writable(folder: &Path) -> Result<String, String> {
    let there = folder.ancestors().find(|folder| folder.exists());
    let there = match there {
        Some(there) => there,
        None => Path::new("."),
    };
    tempfile::tempfile_in(there)
        .map(|_| {
            if there == folder {
                folder.display().to_string()
            } else {
                format!("{} (made at first start)", folder.display())
            }
        })
        .map_err(|error| {
            format!(
                "{} cannot be written: {error}; set data_dir to a folder of this user",
                folder.display()
            )
        })
}

fn keys(config: &Config) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = &config.keys.dir;
    if folder.starts_with(&config.data_dir) {
        return Err("keys.dir lies inside data_dir, so a backup of the data would hold the keys; move it out".to_owned());
    }
    match std::fs::metadata(folder) {
        Err(_) => Ok(format!("{} (made at first start)", folder.display())),
        Ok(metadata) if metadata.permissions().mode().trailing_zeros() < 6 => Err(format!(
            "{} can be read by others; run: chmod 700 {}",
            folder.display(),
            folder.display()
        )),
        Ok(_) => Ok(folder.display().to_string()),
    }
}

fn plans(config: &Config) -> Result<String, String> {
    let plans = Plans::new(config.plans.clone()).map_err(|zero| zero.to_string())?;
    let all = plans.all().map(|plan| {
        let days = [plan.maxima.keep_files_days, plan.maxima.keep_pushes_days];
        match days.iter().any(Option::is_some) {
            true => format!("{} (lets go of what is old)", plan.name),
            false => plan.name.clone(),
        }
    });
    Ok(all.collect::<Vec<_>>().join(", "))
}

async fn listen(config: &Config) -> Result<String, String> {
    let address = config.server.listen;
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Ok(format!("{address} is free")),
        Err(_) if serves(address).await => Ok(format!("{address}: a server is running there")),
        Err(error) => Err(format!(
            "{address} cannot be used: {error}; stop what listens there or set server.listen"
        )),
    }
}

/// Whether a Tributary server answers at the address.
async fn serves(address: std::net::SocketAddr) -> bool {
    let url = format!("http://{address}/api/v1/health/live");
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(2));
    let Ok(client) = client.build() else {
        return false;
    };
    let answer = client.get(url).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

async fn ledger(config: &Config) -> Result<String, String> {
    if let Some(file) = config.store.url.strip_prefix("sqlite://")
        && !Path::new(file).exists()
    {
        return Ok(format!("{file} (made at first start)"));
    }
    if serves(config.server.listen).await {
        return Ok("in use by the server that is running".to_owned());
    }
    match tributary_store::Store::open(&config.store.url).await {
        Ok(_) => Ok("opens, migrations are applied".to_owned()),
        Err(error) => Err(format!("{error}; check store.url and the database's log")),
    }
}
