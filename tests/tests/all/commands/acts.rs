//! Every printed command that does something, done: each is typed as it stands where its reader
//! would be, with what it needs lying ready; only what a text leaves to its reader is exchanged.

use super::is_harmless;
use super::printed::{everywhere, words};
use super::scene::Scene;
use super::typed::{Left, holds};
use super::{at_the_gate, by_hand, by_script, in_care, on_the_host};
use std::collections::BTreeSet;

/// What each verb does, in the order in which they are tried: what one leaves lies ready for those
/// behind it. A printed command without a place here fails the test.
const VERBS: [&str; 70] = [
    "ca-server serve",
    "ra-portal serve",
    "ca-server init",
    "ca-server person create",
    "ca-server person",
    "ca-server unit",
    "ca-server role",
    "ca-server revoke",
    "ca-server portal",
    "ca-server order",
    "ca-server letter print",
    "ca-server letter void",
    "ca-server letter replace",
    "ca-server letter",
    "ca-server order import-approval",
    "ca-server bundle",
    "ca-server notice test",
    "ca-server ceremony root-list",
    "ca-server system register",
    "ca-server system setup",
    "ca-server agent register",
    "ca-server agent close",
    "agent join",
    "yinxin request",
    "yinxin enroll",
    "yinxin cert export",
    "yinxin renew",
    "yinxin context",
    "yinxin approve",
    "yinxin return",
    "yinxin reject",
    "yinxin revoke",
    "yinxin passkey certify",
    "yinxin desk",
    "yinxin suspend",
    "yinxin draft release",
    "yinxin draft delegation grant",
    "yinxin draft delegation withdraw",
    "ca-server release",
    "yinxin report-lost",
    "yinxin receipt check",
    "yinxin trust export",
    "yinxin trust verify",
    "yinxin draft person create",
    "yinxin draft person correct",
    "yinxin draft person move",
    "yinxin draft person leave",
    "yinxin draft letter",
    "yinxin draft roster",
    "yinxin draft letters",
    "yinxin draft transfers",
    "yinxin draft leavers",
    "yinxin draft revocations",
    "yinxin draft list",
    "yinxin withdraw",
    "yinxin batch",
    "yinxin system enroll",
    "yinxin system renew",
    "agent serve",
    "agent policy explain",
    "agent policy check",
    "agent policy test",
    "agent policy replay",
    "agent status",
    "agent doctor",
    "agent logs",
    "agent renew",
    "ca-server emergency open",
    "ca-server emergency review",
    "yinxin connect",
];
/// What only becomes an order that waits.
const DRAFTS: [&str; 6] = [
    "ca-server person",
    "ca-server unit",
    "ca-server role",
    "ca-server revoke",
    "ca-server portal",
    "ca-server agent close",
];
/// What needs the request that passed a gate, and what the servers do not outlive.
const LAST: [&str; 4] =
    ["yinxin audit export", "yinxin-verify", "ra-portal renew", "ca-server renew"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_that_do_something_do_it_as_they_stand() {
    let mut scene = Scene::open().await;
    // A certificate of today can be renewed today.
    crate::renewals::at_any_time(&scene.office).await;
    let (mut left, mut failed) = (Left::default(), Vec::new());
    let mut printed: BTreeSet<String> = everywhere().into_iter().map(|(text, _)| text).collect();
    printed.retain(|text| !is_harmless(text));
    assert!(printed.len() > 50, "{printed:?}");
    let nobodys: Vec<&String> = printed.iter().filter(|text| verb(text).is_none()).collect();
    assert!(nobodys.is_empty(), "no act is known for {nobodys:#?}");
    for wanted in VERBS.iter().chain(&LAST) {
        let texts = printed.iter().filter(|text| verb(text) == Some(*wanted));
        let mut count = 0;
        for text in texts {
            count += 1;
            if let Err(error) = act(&scene, &mut left, wanted, text).await {
                failed.push(format!("{text}\n    {}", error.replace('\n', "\n    ")));
            }
        }
        assert!(count > 0, "nothing prints {wanted} any more");
    }
    failed.extend(scene.wrongly_told());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(scene.told.borrow().len() > 20, "{:?}", scene.told);
    scene.end();
}

/// One command, to its end and what must hold then.
async fn act(scene: &Scene, left: &mut Left, verb: &str, text: &str) -> Result<(), String> {
    match verb {
        "ca-server serve" | "ra-portal serve" => {
            // Beside its configuration a portal finds it without being told.
            let bare = |line: &str| line.replace(" --config portal.toml", "") == text;
            let runs = scene.servers().any(|line| line == text || bare(line));
            holds(runs, "a server that runs")
        }
        "ca-server init" => on_the_host::init(scene, text),
        "ca-server person create" => on_the_host::create_person(scene, text),
        draft if DRAFTS.contains(&draft) => on_the_host::draft(scene, text),
        "ca-server order" => on_the_host::order(scene, text),
        "ca-server letter" => on_the_host::make_letter(scene, text).await,
        "ca-server letter print" => on_the_host::print_letters(scene, text).await,
        "ca-server letter void" => on_the_host::void_letter(scene, text).await,
        "ca-server letter replace" => on_the_host::replace_letter(scene, text).await,
        "ca-server order import-approval" => on_the_host::import_approval(scene, text),
        "ca-server bundle" => on_the_host::bundle(scene, text),
        "ca-server notice test" => on_the_host::try_notices(scene, text),
        "ca-server ceremony root-list" => on_the_host::root_list(scene, text),
        "ca-server renew" => on_the_host::renew(scene, text),
        "ra-portal renew" => on_the_host::renew_portal(scene, text),
        "ca-server system register" => on_the_host::register_system(scene, text),
        "ca-server system setup" => on_the_host::setup_system(scene, text),
        "ca-server agent register" => at_the_gate::register(scene, left, text).await,
        "agent join" => at_the_gate::join(scene, left, text).await,
        "agent serve" => at_the_gate::serve(scene, left, text).await,
        "agent policy explain" => at_the_gate::explain(scene, left, text),
        "agent policy check" | "agent policy test" | "agent policy replay" => {
            at_the_gate::ask_rules(scene, left, text)
        }
        "agent status" | "agent doctor" | "agent logs" | "agent renew" => {
            at_the_gate::look(scene, left, text).await
        }
        "ca-server emergency open" => on_the_host::open_emergency(scene, text).await,
        "ca-server emergency review" => on_the_host::review_emergency(scene, left, text).await,
        "yinxin connect" => by_hand::connect(scene, text),
        "yinxin request" => by_hand::request(scene, text),
        "yinxin enroll" => by_hand::enroll(scene, left, text).await,
        "yinxin cert export" => by_hand::export_certificate(scene, left, text),
        "yinxin renew" => by_hand::renew(scene, left, text),
        "yinxin context" => by_hand::context(scene, left, text),
        "yinxin approve" => by_hand::approve(scene, text),
        "yinxin return" | "yinxin reject" => by_hand::decline(scene, text),
        "yinxin revoke" => by_hand::revoke(scene, left, text),
        "yinxin passkey certify" => by_hand::certify_passkey(scene, text),
        "yinxin desk" => by_hand::desk(scene, text).await,
        "yinxin report-lost" => by_hand::report_lost(scene, left, text),
        "yinxin receipt check" => by_hand::check_receipt(scene, left, text),
        "yinxin trust export" | "yinxin trust verify" => by_hand::trust(scene, text),
        "yinxin suspend" => in_care::suspend(scene, left, text),
        "yinxin draft release" => in_care::draft_release(scene, left, text).await,
        "yinxin draft delegation grant" | "yinxin draft delegation withdraw" => {
            in_care::draft_delegation(scene, left, text).await
        }
        "ca-server release" => in_care::release(scene, left, text),
        "yinxin draft roster" => in_care::draft_roster(scene, left, text).await,
        "yinxin draft letters" => in_care::draft_letters(scene, left, text).await,
        "yinxin draft transfers" | "yinxin draft leavers" | "yinxin draft revocations" => {
            in_care::draft_changes(scene, left, text).await
        }
        "yinxin batch" => in_care::batch(scene, text),
        "yinxin system enroll" | "yinxin system renew" => by_script::system(scene, text).await,
        draft if draft.starts_with("yinxin draft") => in_care::draft(scene, left, text).await,
        "yinxin withdraw" => in_care::withdraw(scene, left, text).await,
        "yinxin audit export" => at_the_gate::export_evidence(scene, left, text).await,
        "yinxin-verify" => at_the_gate::verify(scene, left, text),
        other => Err(format!("no act is known for {other}")),
    }
}

/// The verb of a command: the longest that its words begin with, but for where and as whom.
fn verb(text: &str) -> Option<&'static str> {
    let mut plain: Vec<String> = words(text);
    if plain.get(1).is_some_and(|word| ["--state", "--config"].contains(&word.as_str())) {
        plain.drain(1..3);
    }
    let plain = plain.join(" ");
    let begins = |verb: &&&str| plain == **verb || plain.starts_with(&format!("{verb} "));
    VERBS.iter().chain(&LAST).filter(begins).max_by_key(|verb| verb.len()).copied()
}
