//! What its program says of a command that it does not take.

use super::printed::{FILLED, first, words};
use clap::Parser;
use std::process::Command;
use tests::binary;

/// Why a program does not take a command, if it does not.
pub(super) fn refused(text: &str) -> Option<String> {
    let mut words = words(text);
    // What is filled in there, or stands for what people fill in, is looked at by its reader: an
    // address, a role, a day.
    for at in 1..words.len() {
        let filled = match (words[at - 1].as_str(), words[at].as_str()) {
            ("--mail", FILLED) | ("--contact", "MAIL") => "name@host.example",
            ("--role", FILLED) => "registration-officer",
            ("--from" | "--until", FILLED) => "2026-12-01",
            _ => continue,
        };
        filled.clone_into(&mut words[at]);
    }
    let told = |error: clap::Error| match error.kind() {
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => None,
        _ => Some(error.to_string()),
    };
    match first(text) {
        "yinxin" => cli::Arguments::try_parse_from(words).err().and_then(told),
        "ca-server" => ca_server::command::Arguments::try_parse_from(words).err().and_then(told),
        "agent" => agent::command::Arguments::try_parse_from(words).err().and_then(told),
        "ra-portal" => ra_portal::command::Arguments::try_parse_from(words).err().and_then(told),
        // It is a program without a library, and does nothing but read: there is no such bundle.
        "yinxin-verify" => {
            let done = Command::new(binary("yinxin-verify"))
                .args(words.iter().skip(1))
                .current_dir("/proc")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            said.contains("Usage:").then_some(said)
        }
        other => Some(format!("{other} is no program")),
    }
}
