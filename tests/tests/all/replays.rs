//! Replays: what was approved once, for one thing, by one person, counts for nothing else.

use records::export::OrderExport;
use records::{Approval, Order};
use tests::people::code;
use tests::processes::until;
use tests::{Office, invariants};

const YEAR_VERSION: &str = "version = 1";

/// An order that was carried out stays so: after issuing, and after revocation and a new
/// application.
#[tokio::test]
async fn an_order_is_carried_out_once() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let (first, second) = (office.first("officer-1"), office.first("officer-2"));
    let export = office.staff(&first).fetch(&order).await.unwrap();
    office.approve_by_both(&order).await;
    let serial = serial(&office.collect(&official).await);

    let again = first.sign(&export);
    assert_eq!(code(office.staff(&first).approve(&again).await), "order-consumed");
    assert_eq!(code(office.staff(&first).fetch(&order).await), "order-consumed");

    office.report_lost(&official).await;
    office.listed(&serial).await;
    let anew = office.letter(&person, "official");
    let next = office.apply(&anew).await;
    for officer in [&first, &second] {
        let old = officer.sign(&export);
        assert_eq!(code(office.staff(officer).approve(&old).await), "order-consumed");
    }
    office.approve(&first, &next).await.unwrap();
    assert_eq!(code(collect(&office, &anew).await), "not-ready");
    office.approve(&second, &next).await.unwrap();
    office.collect(&anew).await;
    invariants::hold(&office).await;
}

/// The same content under another order id, or edited after approval, is no order of this CA.
#[tokio::test]
async fn an_order_counts_as_it_was_signed() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let officer = office.first("officer-1");
    let export = office.staff(&officer).fetch(&order).await.unwrap();

    let mut renamed: Order = records::json::read(&export.signed.order.0).unwrap();
    renamed.order = "0123456789ABCDEF".into();
    let mut other = export.clone();
    other.signed.order = records::json::write(&renamed).unwrap().into();
    assert!(
        other.open(&office.trust, tests::now()).is_err(),
        "a client shows only what the CA signed"
    );
    let approval = officer.sign(&other);
    assert_eq!(code(office.staff(&officer).approve(&approval).await), "order-unknown");

    // The command line says so as well, and signs nothing.
    let file = office.path("altered.json");
    std::fs::write(&file, serde_json::to_vec(&other).unwrap()).unwrap();
    let out = office.path("approval.json");
    let said = approve_offline(&office, &file, &out);
    assert_eq!(said.status.code(), Some(3), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(!out.exists());

    // A disclosure that is missing or exchanged: approvers would not see what they approve.
    let mut hidden = export.clone();
    hidden.signed.disclosures.pop();
    assert!(hidden.open(&office.trust, tests::now()).is_err());
    let mut exchanged = export.clone();
    exchanged.signed.disclosures[0].value = "李丹".into();
    assert!(exchanged.open(&office.trust, tests::now()).is_err());

    // Hands that edit the row after the first approval change nothing: the log has the bytes.
    office.approve(&officer, &order).await.unwrap();
    let database = office.database().await;
    sqlx::query("update ordered set order_bytes = $1 where order_id = $2")
        .bind(&other.signed.order.0)
        .bind(&order)
        .execute(&database)
        .await
        .unwrap();
    office.approve(&office.first("officer-2"), &order).await.unwrap();
    let collected = office.collect(&official).await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    assert_eq!(leaf.key().sha256(), pki::Signer::public_key(&official.signer).sha256());
}

/// Approvals are persons: not twice, not one person with two certificates, not for oneself.
#[tokio::test]
async fn two_approvals_are_two_persons_and_neither_is_the_applicant() {
    let office = Office::open().await;
    let applied = office.register_officer("孙核验", "registration-officer", "shangzhou").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let person = applied.letter.person.clone();
    let sun = office.officer(applied, &collected);

    // The same officer enrols again: two certificates, one person, and not for herself.
    let again = office.letter(&person, "staff");
    let own = office.apply(&again).await;
    assert_eq!(code(office.approve(&sun, &own).await), "approver-self");
    office.approve_by_both(&own).await;
    let collected = office.collect(&again).await;
    let sun_again = office.officer(again, &collected);

    let wang = office.register("王小明", "sz-office").await;
    let official = office.letter(&wang, "official");
    let order = office.apply(&official).await;
    let export = office.staff(&sun).fetch(&order).await.unwrap();
    let approval = sun.sign(&export);
    office.staff(&sun).approve(&approval).await.unwrap();
    assert_eq!(code(office.staff(&sun).approve(&approval).await), "approver-twice");
    let second = sun_again.sign(&export);
    assert_eq!(code(office.staff(&sun_again).approve(&second).await), "approver-twice");
    assert_eq!(code(collect(&office, &official).await), "not-ready");
    office.approve(&office.first("officer-1"), &order).await.unwrap();
    office.collect(&official).await;
    invariants::hold(&office).await;
}

/// An approval belongs to one digest: one of an issue revokes nothing, a forged one counts nothing.
#[tokio::test]
async fn an_approval_of_one_order_is_none_of_another() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let person = official.letter.person.clone();
    let words = ["revoke", &person, "--reason", "superseded", "--evidence", "asked for"];
    let (revocation, _) = office.draft(&words);
    let li = office.register("李丹", "sz-office").await;
    let issue = office.apply(&office.letter(&li, "official")).await;
    let officer = office.first("officer-1");
    let staff = office.staff(&officer);
    let of_issue = officer.sign(&staff.fetch(&issue).await.unwrap());
    let target = staff.fetch(&revocation).await.unwrap();

    let moved = Approval { order: target.signed.digest().into(), ..of_issue.clone() };
    assert_eq!(code(staff.approve(&moved).await), "approval-signature");
    let mut foreign = officer.sign(&target);
    foreign.certificate = office.first("officer-2").leaf().der().into();
    assert_eq!(code(staff.approve(&foreign).await), "approval-signature");

    office.approve_by_both(&revocation).await;
    office.listed(&serial(&collected)).await;
}

/// Scope and standing are those of the moment: outside the scope never, revoked in between no more.
#[tokio::test]
async fn an_officer_counts_in_scope_and_while_in_office() {
    let office = Office::open().await;
    let applied = office.register_officer("孙核验", "registration-officer", "sz-finance").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let reference = applied.letter.reference.clone();
    let loss = ca_api::Status(office.client(&office.trust.status, None));
    let value = applied.keys.loss_value(&reference).into();
    let sun = office.officer(applied, &collected);

    let wang = office.register("王小明", "sz-office").await;
    let outside = office.apply(&office.letter(&wang, "official")).await;
    let export = office.staff(&office.first("officer-1")).fetch(&outside).await.unwrap();
    assert_eq!(code(office.staff(&sun).approve(&sun.sign(&export)).await), "approver-scope");
    assert_eq!(code(office.staff(&sun).fetch(&outside).await), "approver-scope");

    let zhang = office.register("张建国", "sz-finance").await;
    let official = office.letter(&zhang, "official");
    let inside = office.apply(&official).await;
    office.approve(&sun, &inside).await.unwrap();
    loss.report_loss(&records::enrolment::ReportLoss { reference, value }).await.unwrap();
    office.listed(&sun.leaf().serial().to_string()).await;
    assert_eq!(code(office.approve(&sun, &outside).await), "certificate-revoked");
    office.approve(&office.first("officer-1"), &inside).await.unwrap();
    until("the lapsed approval is recorded", async || {
        office.refusals().await.iter().any(|(code, _)| code == "approver-revoked")
    })
    .await;
    assert_eq!(code(collect(&office, &official).await), "not-ready");
    office.approve(&office.first("officer-2"), &inside).await.unwrap();
    office.collect(&official).await;
    invariants::hold(&office).await;
}

/// A withdrawn role bites at once, on the same certificate.
#[tokio::test]
async fn a_withdrawn_role_approves_no_more() {
    let office = Office::open().await;
    let applied = office.register_officer("孙核验", "registration-officer", "shangzhou").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let sun = office.officer(applied, &collected);
    let wang = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&wang, "official")).await;
    office.staff(&sun).fetch(&order).await.unwrap();
    let words = ["role", "withdraw", &sun.person, "registration-officer", "--scope", "shangzhou"];
    let (withdrawal, _) = office.draft(&words);
    office.approve_by_security(&withdrawal).await;
    assert_eq!(code(office.staff(&sun).fetch(&order).await), "not-your-route");
    assert_eq!(office.ca_refused(&words), "state-conflict", "it is not held any more");
    let conflict =
        ["role", "grant", &office.first("officer-1").person, "auditor", "--scope", "shangluo"];
    assert_eq!(office.ca_refused(&conflict), "role-conflict");
}

/// A profile that changes, or a week that passes, makes an order void.
#[tokio::test]
async fn an_order_is_void_after_its_profile_changed_or_its_time_is_over() {
    let mut office = Office::open().await;
    let wang = office.register("王小明", "sz-office").await;
    let official = office.letter(&wang, "official");
    let order = office.apply(&official).await;
    let officer = office.first("officer-1");
    office.approve(&officer, &order).await.unwrap();

    let old = std::fs::read_to_string(office.path("ca/policies/profiles/official.toml")).unwrap();
    let new = old.replace(YEAR_VERSION, "version = 2").replace("365", "180");
    std::fs::write(office.path("official-2.toml"), new).unwrap();
    let file = office.path("official-2.toml");
    let (profile, _) = office.draft(&["profile", file.to_str().unwrap()]);
    office.approve_by_security(&profile).await;
    let late = office.first("officer-2");
    assert_eq!(code(office.approve(&late, &order).await), "profile-changed");
    assert_eq!(office.ca_refused(&["profile", file.to_str().unwrap()]), "state-conflict");

    // Applying again is all it takes; the new certificate lives as the new profile says.
    let next = office.apply(&official).await;
    office.approve_by_both(&next).await;
    let collected = office.collect(&official).await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    assert_eq!((leaf.not_after() - leaf.not_before()) / 86_400, 179);

    let li = office.register("李丹", "sz-office").await;
    let waiting = office.apply(&office.letter(&li, "official")).await;
    let export = office.staff(&officer).fetch(&waiting).await.unwrap();
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CLOCK_OFFSET", "691200")]).await;
    assert_eq!(code(office.staff(&officer).approve(&officer.sign(&export)).await), "order-expired");
    assert_eq!(code(office.staff(&officer).fetch(&waiting).await), "order-expired");
    invariants::hold(&office).await;
}

/// A challenge is used up by the first submission, whatever became of it.
#[tokio::test]
async fn a_challenge_is_used_once() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let record = office.look_up(&official).await;
    let submit = official.submit(&record.challenge, &official.request(), "cli");
    office.public().submit(&submit).await.unwrap();
    assert_eq!(code(office.public().submit(&submit).await), "challenge-used");
    let other = office.letter(&person, "official");
    let foreign = other.submit(&office.look_up(&official).await.challenge, &other.request(), "cli");
    assert_eq!(code(office.public().submit(&foreign).await), "challenge-used");
}

/// Kinds that this version does not know, and orders that contradict the city, are refused.
#[tokio::test]
async fn orders_fit_the_city_or_are_refused() {
    let office = Office::open().await;
    let refused = |words: &[&str]| office.ca_refused(words);
    let person =
        |unit| ["person", "create", "--name", "王小明", "--unit", unit, "--evidence", "papers"];
    assert_eq!(refused(&person("nowhere")), "unit-unknown");
    let words = ["unit", "create", "sz-office", "--name", "重复", "--parent", "shangzhou"];
    assert_eq!(refused(&words), "state-conflict");
    assert_eq!(refused(&["unit", "move", "shangzhou", "--parent", "sz-office"]), "state-conflict");
    assert_eq!(refused(&["unit", "close", "shangluo"]), "state-conflict");
    let leave = ["person", "leave", "0000000000000000", "--evidence", "papers"];
    assert_eq!(refused(&leave), "person-unknown");
    let answer = asked(&office, br#"{"kind":"erase","person":"x"}"#);
    assert!(answer.contains("unknown-kind"), "{answer}");
    let answer = asked(&office, b"no request at all");
    assert!(answer.contains("malformed"), "{answer}");
}

/// What the operators' socket answers to some bytes.
fn asked(office: &Office, bytes: &[u8]) -> String {
    use std::io::{Read, Write};
    let path = office.path("ca/issuer/operator.sock");
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "only the issuer's owner may ask");
    let mut socket = std::os::unix::net::UnixStream::connect(path).unwrap();
    socket.write_all(bytes).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// Whoever leaves office loses every certificate and approves nothing.
#[tokio::test]
async fn a_leaver_loses_every_certificate() {
    let office = Office::open().await;
    let (official, collected) = office.official("王小明", "sz-office").await;
    let person = official.letter.person.clone();
    let (order, _) = office.draft(&["person", "leave", &person, "--evidence", "resigned"]);
    office.approve_by_both(&order).await;
    office.listed(&serial(&collected)).await;
    assert_eq!(office.ca_refused(&["letter", &person]), "person-left");
    invariants::hold(&office).await;
}

fn serial(collected: &records::enrolment::CollectedCertificate) -> String {
    pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string()
}

async fn collect(
    office: &Office,
    official: &tests::Official,
) -> Result<records::enrolment::CollectedCertificate, portal_api::PortalRefusal> {
    let records::enrolment::LetterLookUp { reference, key } = official.look_up();
    office.public().collect(&records::enrolment::Collect { reference, key }).await
}

fn approve_offline(
    office: &Office,
    order: &std::path::Path,
    out: &std::path::Path,
) -> std::process::Output {
    std::process::Command::new(tests::binary("yinxin"))
        .args(["approve", "--yes", "--order"])
        .arg(order)
        .arg("--out")
        .arg(out)
        .arg("--trust")
        .arg(office.path("ca/trust.json"))
        .arg("--cert")
        .arg(office.path("people/officer-1.pem"))
        .arg("--key")
        .arg(office.path("people/officer-1.key"))
        .arg("--passphrase-file")
        .arg(office.path("people/officer-1.passphrase"))
        .output()
        .unwrap()
}

/// An export that a file carries is the same that the portal brings.
#[tokio::test]
async fn an_exported_order_is_what_the_portal_shows() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let order = office.apply(&office.letter(&person, "official")).await;
    let file = office.path("order.json");
    let words = ["order", "export", &order, "--out", file.to_str().unwrap()];
    assert!(office.ca(&words).status.success());
    let exported: OrderExport = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let shown = office.staff(&office.first("officer-1")).fetch(&order).await.unwrap();
    // Only whoever asks a portal is told how far it is.
    assert!(exported.standing.is_none() && shown.standing.is_some());
    assert_eq!(exported, OrderExport { standing: None, ..shown });
    let out = office.path("approval.json");
    assert!(approve_offline(&office, &file, &out).status.success());
    assert!(office.ca(&["order", "import-approval", out.to_str().unwrap()]).status.success());
    assert_eq!(
        office.ca_refused(&["order", "import-approval", out.to_str().unwrap()]),
        "approver-twice"
    );
}
