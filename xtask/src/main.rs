//! `cargo xtask`: founds and runs a sample city, plays the journey against it, measures.
//!
//! Never part of a program: it uses the built binaries as people and operators do.

mod bench;
mod city;
mod crash;
mod demo;
mod found;
mod gate;
mod mutate;
mod postgres;
mod processes;
mod run;
mod site;
mod site_net;
mod testssl;
mod tool;
mod wait;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "xtask", about = "A sample city, the demo, benches, crash rounds, mutations")]
struct Arguments {
    /// The city's folder.
    #[arg(long, default_value = "run", global = true)]
    city: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Founds the sample city if it is not there, starts every process, and stays until Ctrl-C.
    Run,
    /// Founds the sample city without starting anything.
    Found {
        /// Take the first people's keys from this folder, or make them there if it is empty, and
        /// make no PKCS#12 files: for tests, which found many cities.
        #[arg(long)]
        keys: Option<PathBuf>,
        /// First of twenty-four ports; a free block is looked for otherwise.
        #[arg(long)]
        ports: Option<u16>,
        /// Address of a PostgreSQL server, with {user} and {name} in it, instead of SQLite.
        #[arg(long)]
        postgres: Option<String>,
    },
    /// Plays the journey against the running city.
    Demo,
    /// A PostgreSQL server for tests and benches.
    #[command(hide = true)]
    Postgres {
        /// Its folder.
        folder: PathBuf,
        #[command(subcommand)]
        what: postgres::What,
    },
    /// Looks at a gate with testssl.sh; whatever that finds is a failure.
    Testssl,
    /// Kills processes of a city under load at random, again and again, and checks that everything
    /// holds.
    Crash {
        /// How many kills.
        #[arg(long, default_value_t = 500)]
        rounds: usize,
        /// Of a gate alone: nothing reaches its application without a record, and nothing twice.
        #[arg(long, conflicts_with = "seed")]
        gate: bool,
        /// The same kills as a run before.
        #[arg(long)]
        seed: Option<u64>,
        /// On PostgreSQL instead of SQLite.
        #[arg(long)]
        postgres: bool,
    },
    /// Takes each protection of SECURITY.md out of a copy of the tree, and shows that the tests
    /// which its line names fail then.
    Mutate(mutate::MutationFilter),
    /// Measures; ratios in one run.
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Run => run::run(&arguments.city).await,
        Command::Found { keys, ports, postgres } => {
            found::found(&arguments.city, &found::Sample { keys, ports, postgres })
        }
        Command::Demo => demo::run(&arguments.city).await,
        Command::Postgres { folder, what } => postgres::run(&folder, &what),
        Command::Crash { rounds, gate: true, postgres, .. } => crash::gate(rounds, postgres),
        Command::Crash { rounds, seed, postgres, .. } => crash::run(rounds, seed, postgres),
        Command::Testssl => testssl::run().await,
        Command::Mutate(wanted) => mutate::run(&wanted),
        Command::Bench { what } => bench::run(what).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
