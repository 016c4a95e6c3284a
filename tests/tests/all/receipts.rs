//! What cannot be taken back is told as what became of it: nothing is sent while its receipt has no
//! place; what is done is told as done though its file cannot be written; and what was sent and not
//! answered with a proof is not told as nothing.

use axum::routing::post;
use axum::{Json, Router};
use records::enrolment::SignedReceipt;
use records::receipt::Receipt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use tests::{Office, Official, binary};

/// What the status service answers, and how often it was asked.
type Answer = Arc<Mutex<(SignedReceipt, usize)>>;

async fn reported(office: &Office, official: &Official) -> SignedReceipt {
    let status = ca_api::Status(office.client(&office.trust.status, None));
    status.report_loss(&office.loss_of(official)).await.unwrap()
}

fn routes(answer: &Answer) -> Router {
    [ca_api::status::LOSS, ca_api::status::SUSPEND_BY_LETTER].iter().fold(
        Router::new(),
        |router, path| {
            let answer = answer.clone();
            router.route(
                path,
                post(move || async move {
                    let mut answer = answer.lock().unwrap();
                    answer.1 += 1;
                    Json(answer.0.clone())
                }),
            )
        },
    )
}

/// `yinxin` where no file can be longer than nothing: each can be made, and none written.
fn on_a_full_disk(folder: &Path, words: &[&str]) -> Output {
    let text = r#"trap '' XFSZ; ulimit -f 0; exec "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", text]).arg(binary("yinxin")).args(words).current_dir(folder);
    command.output().unwrap()
}

fn yinxin(folder: &Path, words: &[&str]) -> Output {
    Command::new(binary("yinxin")).args(words).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_and_its_receipt_are_told_as_what_became_of_them() {
    let mut office = Office::open().await;
    let mine = office.letter(&office.register("王小明", "sz-office").await, "official");
    let other = office.letter(&office.register("李丹", "sz-office").await, "official");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let letter = serde_json::to_vec(&mine.letter).unwrap();
    system::file::create_private(&at("letter.json"), &letter).unwrap();
    let (of_mine, of_other) = (reported(&office, &mine).await, reported(&office, &other).await);
    let answer: Answer = Arc::new(Mutex::new((of_other, 0)));
    let _captured = office.capture_status(routes(&answer)).await;
    let asked = || answer.lock().unwrap().1;

    // No place for the receipt: nothing is sent.
    std::fs::write(at("there.json"), "untouched").unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at("link.json")).unwrap();
    for act in ["report-lost", "suspend"] {
        for out in ["there.json", "link.json", "no-folder/receipt.json", "there.json/receipt.json"]
        {
            let words = [act, "--letter", "letter.json", "--yes", "--out", out];
            let done = yinxin(folder.path(), &words);
            assert!(!done.status.success(), "{words:?}");
            assert_eq!(asked(), 0, "{words:?}: {}", text(&done.stderr));
        }
    }

    // Another letter's receipt proves nothing of this one, and it was sent.
    for (place, act) in ["report-lost", "suspend"].into_iter().enumerate() {
        for words in [&["--yes"][..], &["--yes", "--json"]] {
            let words = [&[act, "--letter", "letter.json"], words].concat();
            let done = yinxin(folder.path(), &words);
            let said = text(&done.stderr);
            assert_eq!(done.status.code(), Some(3), "{words:?}: {said}");
            assert!(!said.contains("未作任何") && !said.contains("nothing was done"), "{said}");
            assert!(said.contains("已经发出") && said.contains("it was sent"), "{said}");
        }
        assert_eq!(asked(), 2 * (place + 1));
    }

    // It is done, and the disk takes no file: the receipt is printed.
    answer.lock().unwrap().0 = of_mine.clone();
    let words = ["report-lost", "--letter", "letter.json", "--yes", "--out", "receipt.json"];
    for machine in [&[][..], &["--json"]] {
        let done = on_a_full_disk(folder.path(), &[&words[..], machine].concat());
        let (out, said) = (text(&done.stdout), text(&done.stderr));
        assert_eq!(done.status.code(), Some(5), "{said}");
        assert!(said.contains("已经办妥") && said.contains("it is done"), "{said}");
        assert!(out.contains(&mine.letter.reference), "it is told: {out}");
        let printed = of_mine.printed().unwrap();
        assert!(out.contains(&printed), "{out}");
        let read = SignedReceipt::handed_in(&printed, &of_mine.chain[1].0).unwrap();
        let read = Receipt::check(&read, &office.trust).unwrap();
        assert!(matches!(read, Receipt::Loss(loss) if loss.reference == mine.letter.reference));
        assert!(!at("receipt.json").exists());
    }
    // With a place it is kept there.
    assert!(yinxin(folder.path(), &words).status.success());
    let kept: SignedReceipt =
        serde_json::from_slice(&std::fs::read(at("receipt.json")).unwrap()).unwrap();
    assert_eq!(kept.printed(), of_mine.printed());
}
