//! Who writes files: `system::file` does, whole, never through a link; a file that somebody names
//! on a command line is made new. What else opens a file for writing stands here, with the reason.

use super::sources::{Crate, crates, shown};

/// What writes past `system::file`.
const PAST: [&str; 7] = [
    "fs::write(",
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::copy(",
    "generate_to(",
    "set_permissions(",
];

/// Files that a role or program keeps open, below its own state directory, which is its alone.
const OWN: [(&str, &str); 11] = [
    ("agent/src/gate/call/socket.rs", "the mode of the socket for applications"),
    ("agent/src/spool/recover.rs", "the end of a segment that a crash cut"),
    ("agent/src/spool/segment.rs", "segments of the spool, written in place"),
    ("agent/src/world/reserve.rs", "room for what takes away, which holds nothing"),
    ("ca-server/issuer/src/socket.rs", "the mode of the operators' socket"),
    ("ca-server/src/founding.rs", "the mode of folders that the founding just made"),
    ("ca-server/store/src/keep/journal.rs", "a journal, appended to"),
    ("ca-server/store/src/keep/slots.rs", "floors and marks, written in place"),
    ("ca-server/store/src/keep/snapshot.rs", "pieces of kept authority, appended to"),
    ("crates/store/src/embedded.rs", "the lock of a database that is opened"),
    ("crates/store/src/embedded/turn.rs", "the lock of writers, and who has it"),
];

/// Whoever replaces a file, and why nobody's file is lost: it is one of the program's own.
const REPLACED: [(&str, &str); 35] = [
    ("agent/src/command/join.rs", "the state directory that it joins, unless that has joined"),
    ("agent/src/command/policy/replay.rs", "what a replay found, beside the rules that it asked"),
    ("agent/src/command/renew.rs", "what stands beside the files in use until it is moved there"),
    ("agent/src/gate/call/token.rs", "the token of applications that ask on loopback"),
    ("agent/src/lib.rs", "the name of the function in this program"),
    ("agent/src/spool/recover.rs", "how far the log has acknowledged"),
    ("agent/src/token.rs", "keys of identity tokens of today"),
    ("agent/src/token/connection.rs", "the key by which an application checks proofs of requests"),
    ("agent/src/witness/kept_proofs.rs", "proofs that certificates stand in the log"),
    ("agent/src/world/kept_beside.rs", "what stands beside the list at this gate"),
    ("agent/src/world/marks.rs", "what never goes back"),
    ("agent/src/world/watch.rs", "what is in force at this gate"),
    (
        "ca-server/host/src/clock_guard.rs",
        "the time that was believed last, and an operator's word",
    ),
    ("ca-server/host/src/confirmed.rs", "what the log does not have, handed to the issuer"),
    ("ca-server/host/src/durable.rs", "the functions of the CA's own folders"),
    ("ca-server/host/src/handed_people.rs", "the snapshot that took away last, for `status`"),
    ("ca-server/host/src/lists.rs", "published lists, each verified to follow the last"),
    ("ca-server/host/src/service_keys.rs", "what stands beside the files in use"),
    ("ca-server/issuer/src/effects.rs", "policies in force, in the CA's own folder"),
    ("ca-server/issuer/src/publisher/signed_lists.rs", "the newest list"),
    ("ca-server/issuer/src/publisher/trust_bundle.rs", "the bundle of today for applications"),
    ("ca-server/log/src/publish.rs", "tiles and checkpoints, made again from the log"),
    ("ca-server/status/src/lists.rs", "the newest list"),
    ("ca-server/store/src/keep/journal.rs", "a journal without what is settled"),
    ("ca-server/store/src/keep/slots.rs", "marks that need more room"),
    ("ca-server/store/src/keep/snapshot.rs", "which pieces of kept authority count"),
    ("crates/cli/src/context/add.rs", "a context's own copy of the trust file"),
    ("crates/cli/src/contexts.rs", "the list of contexts"),
    ("crates/cli/src/floors.rs", "what somebody saw of the logs"),
    ("crates/cli/src/machine/enroll.rs", "the trust file of a pair, out of its system file"),
    (
        "crates/cli/src/machine/pair.rs",
        "a certificate beside the one in use, until it is moved there",
    ),
    ("crates/cli/src/trust/fetch.rs", "the trust bundle that it verified, over an older one"),
    ("crates/system/src/completions.rs", "manual pages, which are made from the program"),
    ("ra-portal/src/machines/scep/authority.rs", "what devices encrypt for, and the one before"),
    ("ra-portal/src/machines/validator_list.rs", "the newest list that a second validator saw"),
];

/// Sources of programs without their tests, which lay down what they like.
fn programs() -> impl Iterator<Item = (String, String)> {
    let files = crates().into_iter().filter(Crate::is_shipped).flat_map(|one| one.files());
    let rust = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.filter_map(|path| {
        let name = shown(&path);
        let is_test = ["tests/", "/tests.rs", "/tests/", "samples.rs", "examples/", "xtask/"];
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        let is_ours = !is_test.iter().any(|part| name.contains(part));
        (is_ours && !name.contains("system/src/file")).then_some((name, text))
    })
}

#[test]
fn every_writer_of_files_is_known() {
    let mut past = Vec::new();
    let mut replaced = Vec::new();
    for (name, text) in programs() {
        if PAST.iter().any(|word| text.contains(word)) {
            past.push(name.clone());
        }
        let own = ["file::replace", "replace_private(", "write_file(", "write_again("];
        if own.iter().any(|word| text.contains(word)) {
            replaced.push(name);
        }
    }
    past.sort();
    replaced.sort();
    assert_eq!(past, OWN.map(|(file, _)| file), "what writes past system::file");
    assert_eq!(replaced, REPLACED.map(|(file, _)| file), "who replaces files");
}
