//! `agent logs`: the newest records that lie in this gate's spool, as they went or will go to the
//! log. What else the program says stands where its standard error goes.

use super::joined::joined;
use crate::AgentConfig;
use crate::spool::segment::{self, HEADER_BYTES};
use clap::Args;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

#[derive(Args)]
#[command(after_help = "例 / example: agent logs")]
pub(super) struct Arguments {
    /// How many of them. 条数
    #[arg(long, default_value_t = 20)]
    last: usize,
}

pub(super) fn run(folder: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    joined(folder)?;
    let spool = AgentConfig::read(folder)?.path("spool");
    let mut newest: Vec<Vec<u8>> = Vec::new();
    let numbers = if spool.exists() { segment::list(&spool)? } else { Vec::new() };
    for number in numbers.into_iter().rev() {
        if newest.len() >= arguments.last {
            break;
        }
        // One that the log has freed meanwhile is not missed.
        let Ok(mut file) = File::open(segment::path(&spool, number)) else { continue };
        let Some(header) = segment::header(&mut file)? else { continue };
        let end = file.metadata()?.len();
        let frames = segment::frames(&mut file, (HEADER_BYTES, end), &header.chain)?;
        let left = arguments.last - newest.len();
        newest.extend(frames.into_iter().rev().take(left).map(|frame| frame.record));
    }
    // Each is one line of JSON, for people as for machines.
    for record in newest.iter().rev() {
        system::terminal::json(&String::from_utf8_lossy(record));
    }
    Ok(ExitCode::SUCCESS)
}
