//! A captured portal answers lists that go in circles or have no end: whoever follows one stops,
//! and says so. The client takes what counts the pages wherever an answer says that it goes on.

use crate::hostile_answers::{GoesOn, Scene, answers, commands};
use portal_api::PAGES_MAX;
use std::collections::BTreeSet;
use tests::desk::Desk;

/// The same page for ever; two that name each other; one after the other.
const LISTS: [GoesOn; 3] = [
    |_| "1.5GPJWBSG64S36D1N".into(),
    |after| if after == "a" { "b".into() } else { "a".into() },
    |after| (after.parse::<u32>().unwrap_or(0) + 1).to_string(),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_of_a_portal_goes_on_for_ever() {
    let scene = Scene::open().await;
    let following = following(&scene.serial);
    assert_eq!(following.len(), 3, "{following:?}");
    for (at, goes_on) in LISTS.into_iter().enumerate() {
        scene.goes_on(goes_on);
        // The long one is followed by one of them: each page takes its time.
        for words in following.iter().take(if at == 2 { 1 } else { 3 }) {
            let done = scene.runs(words, &["--json"]);
            let told = String::from_utf8(done.stderr).unwrap();
            assert_eq!(done.status.code(), Some(3), "{words:?}: {told}");
            assert!(told.contains("\"endless-list\""), "{words:?}: {told}");
            assert!(told.contains("yinxin approve --help"), "what comes next: {told}");
            let shown = String::from_utf8(done.stdout).unwrap().lines().count();
            // What the page says that goes nowhere is not shown.
            let most = [1, 2, PAGES_MAX - 1][at];
            assert!(shown <= most && (words[0] == "batch" || shown >= most), "{words:?}: {shown}");
        }
    }
    // A desk asks for one page at a time, and goes nowhere where it is.
    scene.goes_on(LISTS[0]);
    let desk = Desk::open(&scene.office, "officer-1").await;
    let first = desk.get("/").await;
    assert!(first.text.contains("?after=1.5GPJWBSG64S36D1N"), "{}", first.text);
    let again = desk.get("/?after=1.5GPJWBSG64S36D1N").await;
    assert_eq!(again.status, 409);
    assert!(again.text.contains("没有尽头"), "{}", again.text);
    assert!(!again.text.contains("?after="), "{}", again.text);
}

/// The nearest that is allowed: a list of several pages is read to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_several_pages_is_read_to_its_end() {
    let scene = Scene::open().await;
    scene.goes_on(|after| match after {
        "" => "1.a".into(),
        "1.a" => "1.b".into(),
        _ => String::new(),
    });
    for words in following(&scene.serial) {
        let done = scene.runs(&words, &["--json"]);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{words:?}: {told}");
        let shown = String::from_utf8(done.stdout).unwrap().lines().count();
        assert_eq!(shown, if words[0] == "batch" { 1 } else { 3 }, "{words:?}");
    }
}

/// Each command that follows a list: those that read an answer which says where it goes on, but for
/// one that reads a single page.
fn following(serial: &str) -> Vec<Vec<String>> {
    let goes_on: BTreeSet<&str> = answers()
        .into_iter()
        .filter_map(|(route, (_, answer))| answer.get("more").map(|_| route))
        .collect();
    assert_eq!(goes_on, BTreeSet::from(["DRAFTS", "PEOPLE"]), "is it followed?");
    let drafts = commands(serial).into_iter().find(|(route, _)| *route == "DRAFTS");
    let batch = commands(serial).into_iter().find(|(route, _)| *route == "BATCH");
    vec![vec!["approve".to_owned()], batch.unwrap().1, drafts.unwrap().1]
}

/// Every answer that says where a list goes on is asked for with what counts its pages.
#[test]
fn whoever_asks_for_a_page_counts_it() {
    let text = std::fs::read_to_string(tests::workspace().join("crates/portal-api/src/lib.rs"));
    let text = text.unwrap();
    for answer in ["OrderLines", "Drafts", "UnitPeople"] {
        let asks = text.split("pub async fn ").skip(1);
        let asks: Vec<&str> =
            asks.filter(|ask| ask.contains(&format!("-> Result<{answer},"))).collect();
        assert_eq!(asks.len(), 1, "{answer}");
        assert!(asks[0].contains("pages: &mut Pages"), "{}", asks[0]);
        assert!(asks[0].contains("pages.turn(&page.more)?"), "{}", asks[0]);
    }
    let pages = ["records/src/export.rs", "records/src/handling.rs"].map(|file| {
        let text = std::fs::read_to_string(tests::workspace().join("crates").join(file)).unwrap();
        text.matches("pub more: String").count()
    });
    assert_eq!(pages.iter().sum::<usize>(), 3, "another answer says where it goes on");
}
