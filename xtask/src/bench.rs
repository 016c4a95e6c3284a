//! `cargo xtask bench`: what it costs, as ratios in one run, with release binaries.

mod acme;
mod batch;
mod cpu;
mod floor;
mod gate;
mod goal;
mod grow;
mod issue;
mod log;
mod portal;
mod rest;
mod status;
mod verify;

use anyhow::ensure;
use clap::Subcommand;
use std::process::Command;

/// What to measure.
#[derive(Clone, Subcommand)]
pub(crate) enum What {
    /// Whole orders of ACME, durable, beside Debian's `pebble` in memory, by the same client; then
    /// behind orders that nobody finishes.
    Acme {
        /// How many certificates a round.
        #[arg(long, default_value_t = 1_000)]
        count: usize,
        /// Clients, each with an account and one request at a time.
        #[arg(long, default_value_t = 8)]
        clients: usize,
        /// Orders that nobody finishes.
        #[arg(long, default_value_t = 10_000)]
        open: usize,
        /// On this database; on SQLite if none is named.
        #[arg(long)]
        on: Option<portal::Database>,
    },
    /// Issuance: whole journeys through the portal, and the issuer alone, against raw P-256, the
    /// disk's durable writes and `cfssl serve`, on both databases.
    Issue {
        /// How many certificates a measurement.
        #[arg(long, default_value_t = 2_000)]
        count: usize,
        /// How many people at once.
        #[arg(long, default_value_t = 32)]
        at_once: usize,
        /// How many are in flight at the issuer alone.
        #[arg(long, default_value_t = 64)]
        in_flight: usize,
        /// Grows the city to so many certificates, as rows and as records of its log, before it is
        /// measured; of several numbers one after the other, and says whether the next
        /// certificate costs the same behind the last as behind the first.
        #[arg(long, value_delimiter = ',')]
        grown: Vec<usize>,
        /// Only on this database.
        #[arg(long)]
        on: Option<portal::Database>,
        /// One JSON document instead of tables.
        #[arg(long)]
        json: bool,
    },
    /// Many at once: a roster registered, lettered, approved and issued by two officers who sign
    /// once each, on both databases.
    Batch {
        /// How many people.
        #[arg(long, default_value_t = 500)]
        count: usize,
        /// Only on this database.
        #[arg(long)]
        on: Option<portal::Database>,
    },
    /// The gate with all its duties against plain nginx with mTLS: requests on kept connections.
    Gate {
        /// Kept connections, each with one request at a time.
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Seconds a round.
        #[arg(long, default_value_t = 4)]
        seconds: u64,
        /// New connections instead, each with a full handshake and one request.
        #[arg(long)]
        handshakes: bool,
        /// The memory of so many connections without a request instead.
        #[arg(long, conflicts_with = "handshakes")]
        idle: Option<usize>,
        /// With one identity token for a connection instead of one for each request.
        #[arg(long)]
        shared_identity: bool,
        /// So many seconds at full rate instead (600 are ten minutes): whether shipping keeps up,
        /// and what gate and log use.
        #[arg(long, conflicts_with_all = ["handshakes", "idle"])]
        lasting: Option<u64>,
        /// How long a start takes to its first answer instead, behind so many MiB of records that
        /// the log did not take.
        #[arg(long, conflicts_with_all = ["handshakes", "idle", "lasting"])]
        spooled: Option<u64>,
    },
    /// Intake of agents' runs against the disk's durable writes, on both databases.
    Log {
        /// Senders at once, each with a run of its own.
        #[arg(long, default_value_t = 64)]
        senders: usize,
        /// The log grows to so many records, if time allows.
        #[arg(long, default_value_t = 1_000_000)]
        records: u64,
        /// The growth on one database ends after so many seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Only on this database.
        #[arg(long)]
        on: Option<portal::Database>,
    },
    /// Time of each page with a whole city's people, on both databases.
    Portal {
        /// How many people, each with a certificate.
        #[arg(long, default_value_t = 100_000)]
        people: usize,
        /// Requests a page.
        #[arg(long, default_value_t = 300)]
        requests: usize,
        /// Only on this database.
        #[arg(long)]
        on: Option<portal::Database>,
    },
    /// A city at rest: what it uses and writes while nobody is there, how fast each role starts,
    /// its memory, and how fast all is replayed, behind the log of so many people, on both
    /// databases.
    Rest {
        /// How many people; each takes four records.
        #[arg(long, default_value_t = 100_000)]
        people: usize,
        /// Seconds in which nobody is there.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Only on this database.
        #[arg(long)]
        on: Option<portal::Database>,
    },
    /// OCSP answers against an empty axum handler and `openssl ocsp`.
    Status {
        /// Clients, each with one request at a time.
        #[arg(long, default_value_t = 32)]
        connections: usize,
        /// Seconds a round.
        #[arg(long, default_value_t = 4)]
        seconds: u64,
    },
    /// `yinxin-verify` on bundles as large as it takes, against one SHA-256 and one base64 of the
    /// same bytes. Less than 20 MB/s is a failure.
    Verify,
    /// The empty handler that others are measured against.
    #[command(hide = true)]
    Empty {
        #[arg(long)]
        port: u16,
    },
}

/// Builds release binaries if this is not one of them, and runs the bench there.
pub(crate) async fn run(what: What) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        let built = Command::new("cargo").args(["build", "--release", "--workspace"]).status()?;
        ensure!(built.success(), "cargo build --release failed");
        let own = crate::found::workspace()?.join("target/release/xtask");
        // Proxies run on core 0, everything else on core 1.
        let mut again = match what {
            What::Gate { .. } => {
                let mut pinned = Command::new("taskset");
                pinned.args(["-c", "1"]).arg(own);
                pinned
            }
            _ => Command::new(own),
        };
        let again = again.args(std::env::args_os().skip(1)).status()?;
        ensure!(again.success(), "the bench failed");
        return Ok(());
    }
    match what {
        What::Acme { count, clients, open, on } => {
            acme::run(acme::AcmeLoad { count, clients, open, on }).await
        }
        What::Issue { count, at_once, in_flight, grown, on, json } => {
            issue::run(issue::IssueLoad { count, at_once, in_flight, grown, on, json }).await
        }
        What::Batch { count, on } => batch::run(count, on).await,
        What::Gate {
            connections,
            seconds,
            handshakes,
            idle,
            shared_identity,
            lasting,
            spooled,
        } => {
            gate::run(gate::GateLoad {
                connections,
                seconds,
                handshakes,
                idle,
                shared_identity,
                lasting,
                spooled,
            })
            .await
        }
        What::Log { senders, records, seconds, on } => {
            log::run(log::LogLoad { senders, records, seconds, on }).await
        }
        What::Portal { people, requests, on } => portal::run((people, requests), on).await,
        What::Rest { people, seconds, on } => {
            rest::run(rest::RestPlan { people, seconds, on }).await
        }
        What::Status { connections, seconds } => status::run(connections, seconds).await,
        What::Verify => verify::run(),
        What::Empty { port } => status::empty(port).await,
    }
}
