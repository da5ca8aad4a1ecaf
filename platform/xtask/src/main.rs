//! Repo chores: `cargo xtask demo | test | bench | tidy | fuzz | connectors`. It does all set-up that a
//! fresh machine needs and then calls cargo or the built binaries.
//!
//! Invariant: whatever a chore starts, it ends by process id; whatever it needs, it installs or
//! says how. Deliberately absent: anything the product itself needs at run time.

mod bench;
mod cargo;
mod connectors;
mod demo;
mod fuzz;
mod guests;
mod setup;
mod test;

use clap::{Parser, Subcommand};

/// Tributary's repo chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// set up everything, run two tenants' data to TAXMAN, show the reports, keep serving
    Demo(demo::Arguments),
    /// set up everything and pass all tests
    Test(test::Arguments),
    /// side-by-side benches (release build)
    Bench(bench::Arguments),
    /// formatting, lints and house rules only
    Tidy,
    /// random bytes into the mapping and the formats crate
    Fuzz(fuzz::Arguments),
    /// build the connectors to WebAssembly components
    Connectors,
}

fn main() -> anyhow::Result<()> {
    let repo = cargo::Repo::find()?;
    match Arguments::parse().chore {
        Chore::Demo(arguments) => demo::run(&repo, &arguments),
        Chore::Test(arguments) => test::run(&repo, &arguments),
        Chore::Bench(arguments) => bench::run(&repo, &arguments),
        Chore::Tidy => test::tidy(&repo),
        Chore::Fuzz(arguments) => fuzz::run(&repo, &arguments),
        Chore::Connectors => {
            for path in repo.connectors()? {
                eprintln!("built {}", path.display());
            }
            Ok(())
        }
    }
}
