//! `tributary`: the one program. Composition root: the only place that reads configuration and
//! environment and that knows all crates.

mod client;
mod command;
mod config;
mod demo;
mod print;
mod report;
mod variables;

use clap::{Parser, Subcommand};

/// Tributary: pulls ERP and file data through sandboxed connectors, maps it by declarative
/// documents, delivers it to target APIs and answers for every single record.
#[derive(Parser)]
#[command(name = "tributary", version)]
struct Arguments {
    #[command(subcommand)]
    entry: Entry,
}

#[derive(Subcommand)]
enum Entry {
    #[command(flatten)]
    Command(Command),
    /// work with mapping documents, offline
    Mapping(command::mapping::Arguments),
    /// compiles one component from stdin to stdout; the server runs this for itself
    #[command(hide = true)]
    CompileComponent,
    /// runs one connector for one tenant; the server runs this for itself
    #[command(hide = true)]
    RunConnector,
}

#[derive(Subcommand)]
enum Command {
    /// run the server: API and workers
    Serve(command::serve::Arguments),
    /// put tenants' declarative files into the server
    Apply(command::apply::Arguments),
    /// send files to a connection of kind uploads
    Upload(command::upload::Arguments),
    /// start a run, show its progress and its report
    Run(command::run::Arguments),
    /// list a tenant's runs, or show one run's report
    Runs(command::runs::Arguments),
    /// every problem of every record of a run
    Issues(command::runs::DownloadArguments),
    /// what became of every record of a run
    Results(command::runs::DownloadArguments),
    /// what became of one record in all runs; settles a record in doubt
    Records(command::records::Arguments),
    /// connections: what each kind of credential needs, and whether one works
    Connection(command::connection::Arguments),
    /// integrations: which bytes of their connectors they are pinned to
    Integration(command::integration::Arguments),
    /// who may sign in to the API for a tenant, and as what
    Clients(command::clients::Arguments),
    /// what a tenant may use by its plan, and what it uses
    Limits(command::limits::Arguments),
    /// how one record of a run came to be, field by field
    Explain(command::explain::Arguments),
    /// what the connectors logged during a run
    Logs(command::logs::Arguments),
    /// the connectors of the platform
    Connector(command::connector::Arguments),
    /// two tenants' data to a tax service, all on this machine
    Demo(demo::Arguments),
    /// check what a server needs on this machine
    Doctor(command::doctor::Arguments),
}

/// Threads for work that blocks: mapping, sealing, files, hashing of secrets.
const BLOCKING_THREADS: usize = 6;

/// glibc gives each thread an arena of its own and keeps what was freed there. Two are enough on
/// any machine we measured: 1,000,000 order lines peak at 178 MiB instead of 398, at the same
/// speed (mimalloc: 402).
#[expect(
    unsafe_code,
    reason = "mallopt has no safe form; it only sets a number, before any thread"
)]
fn few_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: called first in main, while the process has one thread.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

fn main() -> std::process::ExitCode {
    few_arenas();
    let command = match Arguments::parse().entry {
        Entry::Command(command) => command,
        // offline: no network, and threads only for functions of code
        Entry::Mapping(arguments) => return command::mapping::run(&arguments),
        // Before anything that a hostile component should not find in this process.
        Entry::CompileComponent => return command::compile_component::run(),
        Entry::RunConnector => return command::run_connector::run(),
    };
    // The one TLS provider; a second call would only say that it is there.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Few threads, because each one keeps freed memory for itself: measured on 300,000 order lines,
    // the default of 512 needs 100 MiB more and is no faster.
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::anyhow!("could not start: {error}")),
    };
    match runtime.block_on(run(command)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(arguments) => command::serve::run(&arguments).await,
        Command::Apply(arguments) => command::apply::run(&arguments).await,
        Command::Upload(arguments) => command::upload::run(&arguments).await,
        Command::Run(arguments) => command::run::run(&arguments).await,
        Command::Runs(arguments) => command::runs::run(&arguments).await,
        Command::Issues(arguments) => command::results::run(&arguments, "issues").await,
        Command::Results(arguments) => command::results::run(&arguments, "results").await,
        Command::Records(arguments) => command::records::run(&arguments).await,
        Command::Connection(arguments) => command::connection::run(&arguments).await,
        Command::Integration(arguments) => command::integration::run(&arguments).await,
        Command::Clients(arguments) => command::clients::run(&arguments).await,
        Command::Limits(arguments) => command::limits::run(&arguments).await,
        Command::Explain(arguments) => command::explain::run(&arguments).await,
        Command::Logs(arguments) => command::logs::run(&arguments).await,
        Command::Connector(arguments) => command::connector::run(&arguments).await,
        Command::Demo(arguments) => demo::run(&arguments).await,
        Command::Doctor(arguments) => command::doctor::run(&arguments).await,
    }
}

fn failed(error: &anyhow::Error) -> std::process::ExitCode {
    print::failure(error);
    std::process::ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
        for line in [
            "tributary runs acme",
            "tributary runs acme run_1 --json",
            "tributary runs resume acme run_1",
            "tributary runs resume acme run_1 --url http://127.0.0.1:1",
            "tributary explain acme run_1 4711 /total",
            "tributary logs acme run_1",
            "tributary integration pin acme orders --side source",
            "tributary upload acme inbox orders.csv more/orders.csv --json",
        ] {
            let parsed = Arguments::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.err().unwrap());
        }
    }
}
