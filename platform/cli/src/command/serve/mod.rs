//! `tributary serve`: API and workers in one process. Everything is put together here; what the API asks
//! of host and jobs is in [`ports`].

mod ports;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tributary_api::{ApiState, Limits, ServerLimits, TokenKeys};
use tributary_host::{Compiler, EgressPolicy, Host, HostConfig, Runner};
use tributary_jobs::{Components, Services, Worker, WorkerOptions};
use tributary_lake::Lake;
use tributary_model::clock::SystemClock;
use tributary_model::id::{IdSource, UuidSource};
use tributary_model::plan::Plans;
use tributary_model::role::Role;
use tributary_store::{NewClient, Store};
use tributary_vault::{Vault, hash_secret, random_secret};

use crate::client::{Credentials, read_credentials, write_credentials};
use crate::config::{Config, Isolation, LogFormat};

/// Arguments of `tributary serve`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// configuration file
    #[arg(long, env = "TRIBUTARY_CONFIG")]
    config: Option<PathBuf>,
    /// folder of the data; keys lie beside it
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// Runs the command until SIGTERM or Ctrl-C.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = Config::load(arguments.config.as_deref(), arguments.data_dir.as_deref())?;
    start_log(&config)?;
    keep_memory_private();
    refuse_open_plaintext(config.server.listen)?;
    make_folders(&config)?;
    let _lock = lock_folder(&config.data_dir)?;
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("could not listen on {}", config.server.listen))?;
    let shutdown = CancellationToken::new();
    let services = Arc::new(services(&config).await?);
    let url = format!("http://{}", listener.local_addr()?);
    operator(&config, &services.store, &url).await?;
    if config.store.url.starts_with("sqlite:") {
        // The lock says that no other process works on this database, so whatever is leased
        // belongs to one that died.
        services.store.system().end_leases().await?;
    }
    let public_url = match config.server.public_url.as_str() {
        "" => url.clone(),
        given => given.to_owned(),
    };
    let mut state = api_state(&services, public_url, &shutdown)?;
    state.limits.upload_bytes = config.intake.max_file_mib.saturating_mul(1 << 20);
    let mut parts = tokio::task::JoinSet::new();
    if config.workers.slots > 0 {
        let worker = Worker::new(Arc::clone(&services), worker_options(&config));
        parts.spawn(worker.run(shutdown.clone()));
    }
    tracing::info!(server.url = %url, data = %config.data_dir.display(), "serving");
    let router = tributary_api::router(state);
    let limits = ServerLimits {
        connections: config.server.max_connections,
        ..ServerLimits::default()
    };
    let server = tributary_api::serve_with(listener, router, shutdown.clone(), limits);
    parts.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the API server ended");
        }
    });
    stop_signal().await?;
    tracing::info!("stopping: unfinished work goes back to the queue");
    shutdown.cancel();
    while parts.join_next().await.is_some() {}
    Ok(())
}

/// Other processes of this account, a runner with broken walls among them, can't read this one's memory.
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other processes of this account may read this one's memory");
    }
}

async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}

/// Tokens and data must not cross a network in the clear.
fn refuse_open_plaintext(listen: SocketAddr) -> anyhow::Result<()> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    anyhow::bail!(
        "server.listen is {listen}, but plain HTTP is served on loopback only\n  hint: listen on 127.0.0.1 and put a TLS proxy in front"
    )
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .with_context(|| format!("log.filter {:?} is no filter", config.log.filter))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match config.log.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("could not start the log: {error}"))
}

fn make_folders(config: &Config) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    for folder in [&config.data_dir, &config.keys.dir] {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
    }
    Ok(())
}

/// One process per data folder: the embedded database and the leases in it belong to it alone.
fn lock_folder(folder: &std::path::Path) -> anyhow::Result<std::fs::File> {
    let path = folder.join("lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("could not open {}", path.display()))?;
    file.try_lock().map_err(|_| {
        anyhow::anyhow!(
            "another server uses {}\n  hint: stop it, or give this one a folder of its own with --data-dir",
            folder.display()
        )
    })?;
    Ok(file)
}

/// The key file, which must be the one of this database: a new one is made only for a database without
/// tenants, since nothing that another key has sealed can be opened with it.
async fn vault(config: &Config, store: &Store) -> anyhow::Result<Vault> {
    let file = config.keys.dir.join("platform.key");
    let tenants = store.system().tenants().await?;
    let Some(tenant) = tenants.first() else {
        return Ok(Vault::open_or_create(&file)?);
    };
    if !file.exists() {
        anyhow::bail!(
            "{} is not there, but the ledger has tenants that were sealed with it\n  hint: put the copy of the key file back, or set keys.dir to where it lies",
            file.display()
        );
    }
    let vault = Vault::open_or_create(&file)?;
    let name = &tenant.document.name;
    if vault.tenant(name, &tenant.wrapped_key).is_err() {
        anyhow::bail!(
            "{} is not the key file of this ledger: it does not open what was sealed for the tenant {name}\n  hint: put the right key file there, or set store.url to the ledger it belongs to",
            file.display()
        );
    }
    Ok(vault)
}

async fn services(config: &Config) -> anyhow::Result<Services> {
    let store = Store::open(&config.store.url)
        .await
        .context("could not open the ledger")?;
    let vault = Arc::new(vault(config, &store).await?);
    let egress = EgressPolicy {
        allow: config.egress.allow.clone(),
    };
    let program = std::env::current_exe().context("could not find the program's own file")?;
    let host = Host::new(HostConfig {
        compiler: Some(Compiler {
            program: program.clone(),
            args: vec!["compile-component".to_owned()],
        }),
        runner: Some(Runner {
            program,
            args: vec!["run-connector".to_owned()],
        }),
        all_apart: config.host.isolation == Isolation::All,
        cache_dir: Some(config.data_dir.join("compiled")),
        cache_mac_key: vault.derived_key("component cache")?,
        pool_instances: config.host.instances,
        egress: egress.clone(),
        ..HostConfig::default()
    })?;
    let plans = plans(config, &store).await?;
    Ok(Services {
        store,
        lake: Lake::local(config.data_dir.join("lake")),
        vault,
        host,
        components: Components::new(config.data_dir.join("connectors")),
        egress,
        tenant_egress: config.egress.tenants.clone(),
        plans,
        clock: Arc::new(SystemClock),
        wake: Arc::new(Notify::new()),
    })
}

/// The configuration's plans, which must have those that tenants were given: a tenant whose plan went
/// would otherwise have the limits of another, and nobody would know.
async fn plans(config: &Config, store: &Store) -> anyhow::Result<Plans> {
    let plans = Plans::new(config.plans.clone())?;
    for tenant in store.system().tenants().await? {
        let (name, plan) = (tenant.document.name, tenant.document.plan);
        if let Some(plan) = plan.filter(|plan| !plans.knows(plan)) {
            anyhow::bail!(
                "the tenant {name} has the plan {:?}, which the configuration does not have\n  hint: put [plans.{plan}] back, and give the tenant another before it goes: tributary limits {name} --plan NAME",
                plan.as_str()
            );
        }
    }
    Ok(plans)
}

fn worker_options(config: &Config) -> WorkerOptions {
    WorkerOptions {
        name: format!("{}-{}", std::process::id(), UuidSource.next_id()),
        slots: config.workers.slots,
        lease_ms: config.workers.lease_ms,
    }
}

fn api_state(
    services: &Arc<Services>,
    public_url: String,
    shutdown: &CancellationToken,
) -> anyhow::Result<ApiState> {
    Ok(ApiState {
        public_url,
        store: services.store.clone(),
        vault: Arc::clone(&services.vault),
        lake: services.lake.clone(),
        tokens: Arc::new(TokenKeys::new(&services.vault.token_signer()?, None)),
        clock: Arc::clone(&services.clock),
        ids: Arc::new(UuidSource),
        wake: Arc::clone(&services.wake),
        connectors: ports::connectors(services),
        explain: ports::explain(services),
        shutdown: shutdown.clone(),
        limits: Limits::default(),
        plans: services.plans.clone(),
    })
}

/// Makes the operator's client at the first start and keeps its file up to date.
async fn operator(config: &Config, store: &Store, url: &str) -> anyhow::Result<()> {
    let file = config.operator_file();
    let credentials = match read_credentials(&file) {
        Ok(credentials) => Credentials {
            url: url.to_owned(),
            ..credentials
        },
        Err(_) => Credentials {
            url: url.to_owned(),
            client_id: format!("operator-{}", &UuidSource.next_id()),
            client_secret: random_secret()?,
        },
    };
    let known = store.system().client(&credentials.client_id).await?;
    if known.is_none() {
        // also when the database is a new one and the file is not
        let secret = credentials.client_secret.clone();
        let secret_hash = tokio::task::spawn_blocking(move || hash_secret(&secret)).await??;
        let new = NewClient {
            client_id: credentials.client_id.clone(),
            tenant: None,
            role: Role::Operator,
            secret_hash,
        };
        store.system().client_put(&new).await?;
    }
    write_credentials(&file, &credentials)
}
