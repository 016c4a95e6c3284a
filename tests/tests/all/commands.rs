//! Every command of our own programs that a page, a letter, an error, a walk, the README or a tool
//! prints is one that its program takes, exactly as it stands there, and is run as it stands: here
//! those that change nothing, in [`acts`] all others. The walks are walked in their order in
//! `docs_walkthroughs`, the sheet of `make run` in `printed_sheet`; commands of other programs, and
//! those of them that nobody types in a test with the reason, in [`foreign`].

mod acts;
mod at_the_gate;
mod by_hand;
mod by_script;
mod foreign;
mod in_care;
mod on_the_host;
mod printed;
mod refused;
mod scene;
mod typed;

use printed::{FILLED, everywhere, first, in_text, words};
use refused::refused;
use scene::Scene;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use tests::binary;

#[test]
fn every_command_that_is_printed_is_taken_as_it_stands() {
    let found = everywhere();
    let programs: BTreeSet<&str> = found.iter().map(|(text, _)| first(text)).collect();
    assert_eq!(programs.len(), 5, "{programs:?}");
    assert!(found.len() > 100, "{} commands", found.len());
    let wrong: BTreeSet<String> = found
        .iter()
        .filter_map(|(text, place)| Some(format!("{place}: {text}\n    {}", refused(text)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Verbs that change nothing, or nothing that cannot be done again: they are run as they stand.
const READS: [&str; 17] = [
    "ca-server status",
    "ca-server doctor",
    "ca-server order list",
    "ca-server order show",
    "ca-server person list",
    "ca-server notice list",
    "ca-server unit list",
    "yinxin whoami",
    "yinxin mine",
    "yinxin context list",
    "yinxin audit search",
    "yinxin completions",
    "ca-server completions",
    "agent completions",
    "ra-portal completions",
    "yinxin-verify --completions",
    "yinxin cert show",
];

/// Whether a printed command can be run in a sample city as it stands.
fn is_harmless(text: &str) -> bool {
    let plain: Vec<&str> = text.split(' ').collect();
    let plain = match plain.iter().position(|word| *word == "--state") {
        Some(at) => [&plain[..at], plain.get(at + 2..).unwrap_or_default()].concat(),
        None => plain,
    };
    let plain = plain.join(" ");
    let reads = |verb: &&str| plain == **verb || plain.starts_with(&format!("{verb} "));
    plain.ends_with(" --help") || plain == "yinxin approve" || READS.iter().any(reads)
}

/// What only reads is run where its reader would be, exactly as it stands; only what a text fills
/// in, or a reader is to fill in, is the sample city's.
#[tokio::test]
async fn commands_that_change_nothing_run_as_they_stand() {
    let scene = Scene::open().await;
    let order = scene.draft("李丹");
    let home = scene.home();
    let office = &scene.office;
    std::fs::copy(office.path("people/officer-1.pem"), home.join("my.pem")).unwrap();
    let run = |text: &str| {
        let mut words = words(text);
        for at in 1..words.len() {
            let before = words[at - 1].clone();
            let word = &mut words[at];
            match word.as_str() {
                _ if before == "--state" => *word = office.path("ca").display().to_string(),
                FILLED if text.starts_with("yinxin cert") => "my.pem".clone_into(word),
                FILLED | "ORDER" => word.clone_from(&order),
                pem if pem.ends_with(".pem") => "my.pem".clone_into(word),
                _ => {}
            }
        }
        let mut command = Command::new(binary(&words[0]));
        command.args(&words[1..]).current_dir(&home).env("YINXIN_CA", office.path("ca"));
        command.env("XDG_CONFIG_HOME", scene.contexts()).env("HOME", &home).stdin(Stdio::null());
        if text.starts_with("yinxin audit") {
            command.env("YINXIN_CONTEXT", "sample-auditor");
        }
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (!done.status.success()).then_some(said)
    };
    let harmless: BTreeSet<String> =
        everywhere().into_iter().map(|(text, _)| text).filter(|text| is_harmless(text)).collect();
    assert!(harmless.len() > 15, "{harmless:?}");
    let failed: Vec<String> =
        harmless.iter().filter_map(|text| Some(format!("{text}: {}", run(text)?))).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // The nearest that is none of them is told apart, and one that is misspelt fails.
    assert!(!is_harmless("yinxin approve ORDER") && !is_harmless("ca-server letter PERSON"));
    assert!(run("ca-server order show 0000000000000000").is_some());
}

/// What it is measured by: a command with an option too few, too many, or misspelt is refused.
#[test]
fn a_command_that_its_program_does_not_take_is_found() {
    for wrong in [
        "yinxin return ORDER",
        "yinxin approve ORDER --hardware",
        "yinxin aprove ORDER",
        "yinxin report-lost LETTER",
        "agent join",
        "ca-server letter",
        "ra-portal serve everybody",
        "yinxin-verify --trust trust.json",
    ] {
        assert!(refused(wrong).is_some(), "{wrong}");
    }
    let found =
        in_text("批准 / approve: yinxin approve ORDER（两人）, then ca-server doctor. 别的");
    assert_eq!(found, ["yinxin approve ORDER", "ca-server doctor"]);
    assert_eq!(in_text("yinxin has checked it, and the agent lives"), [""; 0]);
}
