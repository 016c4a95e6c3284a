//! `agent logs`: the newest records that lie in this gate's spool, as they went or will go to the
//! log. What else the program says stands where its standard error goes.

use super::joined::joined;
use crate::AgentConfig;
use crate::spool::segment::{self, HEADER_BYTES};
use clap::Args;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

/// So many are held at once: a whole spool is more than a machine's memory.
const LAST_MAX: i64 = 10_000;

#[derive(Args)]
#[command(after_help = "例 / example: agent logs")]
pub(super) struct Arguments {
    /// How many of them, 10000 at most. 条数，至多 10000
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=LAST_MAX))]
    last: u16,
}

pub(super) fn run(folder: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    joined(folder)?;
    let spool = AgentConfig::read(folder)?.path("spool");
    let (mut newest, last): (Vec<Vec<u8>>, usize) = (Vec::new(), arguments.last.into());
    let numbers = if spool.exists() { segment::list(&spool)? } else { Vec::new() };
    for number in numbers.into_iter().rev() {
        if newest.len() >= last {
            break;
        }
        // One that the log has freed meanwhile is not missed.
        let Ok(mut file) = File::open(segment::path(&spool, number)) else { continue };
        let Some(header) = segment::header(&mut file)? else { continue };
        let end = file.metadata()?.len();
        let frames = segment::frames(&mut file, (HEADER_BYTES, end), &header.chain)?;
        let left = last - newest.len();
        newest.extend(frames.into_iter().rev().take(left).map(|frame| frame.record));
    }
    // Each is one line of JSON, for people as for machines.
    for record in newest.iter().rev() {
        system::terminal::json(&String::from_utf8_lossy(record));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_records_are_shown_at_once_and_no_more() {
        let takes = |last: &str| {
            let command = Arguments::augment_args(clap::Command::new("logs"));
            command.try_get_matches_from(["logs", "--last", last]).is_ok()
        };
        assert!(takes("1") && takes("10000"));
        for last in ["0", "10001", "65536", "18446744073709551615"] {
            assert!(!takes(last), "{last}");
        }
    }
}
