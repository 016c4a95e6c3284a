//! Officers send orders back or reject them, with a reason that whoever applied reads; nobody does
//! it for them, and nobody releases a brake so.

use portal_api::Pages;
use records::decline::{Decline, DeclineStatement, DeclineSubmission, Outcome};
use records::enrolment::Stage;
use records::{Bytes, Disclosure, json};
use tests::authenticator::Authenticator;
use tests::people::code;
use tests::processes::until;
use tests::{Office, Officer, invariants, random};

const REASON: &str = "登记的单位不对，请先更正。";

/// A statement about an order, with what opens its reason.
fn statement(digest: [u8; 32], outcome: Outcome, reason: &str) -> (Bytes, Disclosure) {
    let reason = Disclosure::new("/reason", random(), reason.into());
    let committed = reason.commitment().unwrap();
    let statement = DeclineStatement { v: 1, order: digest.into(), outcome, reason: committed };
    (Bytes(json::write(&statement).unwrap()), reason)
}

pub(crate) fn signed(
    officer: &Officer,
    digest: [u8; 32],
    outcome: Outcome,
    reason: &str,
) -> DeclineSubmission {
    let (bytes, reason) = statement(digest, outcome, reason);
    let decline = Decline::sign(bytes, officer.leaf(), &officer.signer).unwrap();
    DeclineSubmission { decline, reason }
}

pub(crate) async fn digest(office: &Office, order: &str) -> [u8; 32] {
    office.staff(&office.first("security-1")).fetch(order).await.unwrap().signed.digest()
}

/// Sent back: the reason is read, the same letter applies again and gets its certificate. The old
/// order is over, also after a restart, which replays the log.
#[tokio::test]
async fn what_is_sent_back_may_be_mended() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let sha = digest(&office, &order).await;
    let (one, two) = (office.first("officer-1"), office.first("officer-2"));
    office.approve(&one, &order).await.unwrap();
    let declining = signed(&two, sha, Outcome::Returned, REASON);
    let declined = office.staff(&two).decline(&declining).await.unwrap();
    assert_eq!((declined.order.as_str(), declined.outcome), (order.as_str(), Outcome::Returned));
    match office.look_up(&official).await.stage {
        Stage::Letter { returned: Some(reason), .. } => assert_eq!(reason, REASON),
        other => panic!("{other:?}"),
    }
    let late = office.first("security-1");
    let export = office.staff(&late).fetch(&order).await;
    assert_eq!(code(export), "order-returned");
    assert_eq!(code(office.staff(&two).decline(&declining).await), "order-returned");
    assert_eq!(code(office.approve(&one, &order).await), "order-returned");
    let open = office.staff(&one).list(&mut Pages::begin()).await.unwrap().lines;
    assert!(open.iter().all(|line| line.order != order), "it waits no longer");

    office.stop("issuer");
    office.start("issuer", &[]).await;
    assert_eq!(code(office.approve(&one, &order).await), "order-returned");
    let next = office.apply(&official).await;
    office.approve_by_both(&next).await;
    office.collect(&official).await;
    invariants::hold(&office).await;
}

/// Rejected: it ends there, and the letter with it, at once and while the log sleeps.
#[tokio::test]
async fn what_is_rejected_ends_with_its_letter() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let sha = digest(&office, &order).await;
    let officer = office.first("officer-1");
    let record = office.look_up(&official).await;
    office.stop("log");
    let declining = signed(&officer, sha, Outcome::Rejected, REASON);
    office.staff(&officer).decline(&declining).await.unwrap();
    let again = official.submit(&record.challenge, &official.request(), "cli");
    assert_eq!(code(office.public().submit(&again).await), "order-rejected");
    office.start("log", &[]).await;
    match office.look_up(&official).await.stage {
        Stage::Rejected { reason } => assert_eq!(reason, REASON),
        other => panic!("{other:?}"),
    }
    until("the log has it", async || {
        office.control().await.iter().any(|record| record.event.kind() == "declined")
    })
    .await;
    let record = office.look_up(&official).await;
    let again = official.submit(&record.challenge, &official.request(), "cli");
    assert_eq!(code(office.public().submit(&again).await), "order-rejected");
    // Another letter for the same person is another matter.
    let other = office.letter(&person, "official");
    let order = office.apply(&other).await;
    office.approve_by_both(&order).await;
    office.collect(&other).await;
    invariants::hold(&office).await;
}

/// An applicant reads what the officer signed, or nothing: a reason that somebody wrote into the
/// database is not shown and leaves a record.
#[tokio::test]
async fn a_reason_that_nobody_signed_is_not_shown() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let sha = digest(&office, &order).await;
    let officer = office.first("officer-1");
    let declining = signed(&officer, sha, Outcome::Returned, REASON);
    office.staff(&officer).decline(&declining).await.unwrap();
    let forged =
        "update disclosure set value = '\"请到 example.com 重新登记\"' where path = '/reason'";
    sqlx::query(forged).execute(&office.database().await).await.unwrap();
    match office.look_up(&official).await.stage {
        Stage::Letter { returned: Some(reason), .. } => assert_eq!(reason, ""),
        other => panic!("{other:?}"),
    }
    let refusals = office.refusals().await;
    let told = refusals
        .iter()
        .any(|(code, about)| code == "unsigned-authority" && about.starts_with("reason of order"));
    assert!(told, "{refusals:?}");
}

/// Who may not approve may not decline; nobody declines in another's name, without a reason that
/// opens, about another order, or a brake.
#[tokio::test]
async fn nobody_declines_who_could_not_approve() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let sha = digest(&office, &order).await;
    let officer = office.first("officer-1");
    let staff = office.staff(&officer);
    let auditor = office.first("auditor");
    let theirs = signed(&auditor, sha, Outcome::Returned, REASON);
    assert_eq!(code(office.staff(&auditor).decline(&theirs).await), "not-your-route");
    let lent = signed(&office.first("officer-2"), sha, Outcome::Returned, REASON);
    assert_eq!(code(staff.decline(&lent).await), "approval-signature");
    let mut forged = signed(&officer, sha, Outcome::Returned, REASON);
    forged.decline.signature.0[10] ^= 1;
    assert_eq!(code(staff.decline(&forged).await), "approval-signature");
    let mut turned = signed(&officer, sha, Outcome::Returned, REASON);
    turned.decline.statement = signed(&officer, sha, Outcome::Rejected, REASON).decline.statement;
    assert_eq!(code(staff.decline(&turned).await), "approval-signature");
    let mut other = signed(&officer, sha, Outcome::Returned, REASON);
    other.reason.value = "别的理由".into();
    assert_eq!(code(staff.decline(&other).await), "order-incomplete");
    for reason in ["", "  ", "一\n二", &"长".repeat(501)] {
        let told = code(staff.decline(&signed(&officer, sha, Outcome::Returned, reason)).await);
        assert_eq!(told, "malformed", "{reason}");
    }
    let unknown = signed(&officer, [7; 32], Outcome::Returned, REASON);
    assert_eq!(code(staff.decline(&unknown).await), "order-unknown");

    // Nobody declines what concerns themselves, or outside their scope.
    let (own, _) = office.draft(&["person", "leave", &officer.person, "--evidence", "x"]);
    let sha_own = digest(&office, &own).await;
    let told = code(staff.decline(&signed(&officer, sha_own, Outcome::Returned, REASON)).await);
    assert_eq!(told, "approver-self");
    // One person alone releases no brake.
    let (lost, _) = office.official("李丹", "sz-office").await;
    let words = ["revoke", &lost.letter.person, "--reason", "keyCompromise", "--evidence", "x"];
    let (revoke, _) = office.draft(&words);
    let sha_revoke = digest(&office, &revoke).await;
    let told = code(staff.decline(&signed(&officer, sha_revoke, Outcome::Rejected, "x")).await);
    assert_eq!(told, "state-conflict");
    office.approve_by_both(&revoke).await;

    // Nothing of all that did anything.
    office.approve_by_both(&order).await;
    office.collect(&official).await;
    invariants::hold(&office).await;
}

/// A passkey declines too, under a challenge of its own: an approval's answer declines nothing, and
/// the other way round.
#[tokio::test]
async fn a_passkey_declines_what_it_was_asked_about() {
    let office = Office::open().await;
    let officer = office.first("officer-1");
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &officer).await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let sha = digest(&office, &order).await;
    let staff = office.staff(&officer);
    let (bytes, reason) = statement(sha, Outcome::Returned, REASON);
    let mut declining = |challenge| {
        let said = passkey.approve(&officer, sha, |answer| answer.challenge = challenge);
        let answer = (said.signature, said.assertion.unwrap());
        let certificate = officer.leaf().der().into();
        let decline = Decline::by_passkey(bytes.clone(), certificate, answer);
        DeclineSubmission { decline, reason: reason.clone() }
    };
    let approval = records::approval::approval_challenge(&sha, records::ApprovalClaim::default());
    assert_eq!(code(staff.decline(&declining(approval)).await), "passkey-refused");
    let good = declining(Decline::challenge(&bytes.0));
    let mut approving = passkey.approve(&officer, sha, |_| {});
    approving.assertion = good.decline.assertion.clone();
    approving.signature = good.decline.signature.clone();
    assert_eq!(code(staff.approve(&approving).await), "passkey-refused");
    staff.decline(&good).await.unwrap();
    assert!(matches!(
        office.look_up(&official).await.stage,
        Stage::Letter { returned: Some(_), .. }
    ));
    invariants::hold(&office).await;
}
