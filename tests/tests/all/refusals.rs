//! What enrolment and approval must refuse, each with its code, nothing half-done, and beside it
//! the nearest thing that is allowed.

use keys::SoftwareSigner;
use pki::algorithm::by_name;
use records::enrolment::{Collect, ReportLoss, Stage};
use tests::people::{code, refused};
use tests::processes::until;
use tests::{Office, Official, invariants, random};

/// The letter: wrong, of another reference, used; told and recorded. However many wrong keys others
/// show, the right one opens it.
#[tokio::test]
async fn a_letter_opens_its_own_record_and_nothing_else() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let (own, other) = (office.letter(&person, "official"), office.letter(&person, "official"));
    let public = office.public();

    let mut wrong = own.look_up();
    wrong.key = random::<32>().into();
    let problem = refused(public.look_up(&wrong).await);
    assert_eq!(problem.code, "wrong-code");
    assert!(!problem.zh.is_empty() && !problem.en.is_empty() && problem.reference.len() == 16);

    let mut foreign = own.look_up();
    foreign.key = other.look_up().key;
    assert_eq!(code(public.look_up(&foreign).await), "wrong-code");

    let mut unknown = own.look_up();
    unknown.reference = "0000000000000000".into();
    assert_eq!(code(public.look_up(&unknown).await), "wrong-code");

    assert_eq!(office.look_up(&own).await.name, "王小明");
    for _ in 0..40 {
        assert_eq!(code(public.look_up(&wrong).await), "wrong-code");
    }
    assert_eq!(office.look_up(&own).await.name, "王小明", "strangers close no letter");
    assert_eq!(office.look_up(&other).await.name, "王小明");

    let refusals = office.refusals().await;
    let told = (problem.code, own.letter.reference.clone());
    let told = refusals.iter().filter(|one| **one == told).count();
    assert_eq!(told, 1, "the first is a record, those after it are counted: {refusals:?}");
    assert!(refusals.iter().all(|(_, about)| about != "0000000000000000"));
}

/// A request: challenge, signature, key, size, label, bind.
#[tokio::test]
async fn a_request_is_taken_only_whole_and_bound() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let public = office.public();
    let submit = async |change: &dyn Fn(&mut records::enrolment::RequestSubmission)| {
        let record = office.look_up(&official).await;
        let mut message = official.submit(&record.challenge, &official.request(), "cli");
        change(&mut message);
        public.submit(&message).await
    };

    assert_eq!(code(submit(&|m| m.challenge = random::<16>().into()).await), "challenge-used");
    assert_eq!(code(submit(&|m| m.request = vec![0x30, 0x00].into()).await), "request-malformed");
    assert_eq!(code(submit(&|m| m.request = vec![0; 9_000].into()).await), "too-large");
    let tampered = |m: &mut records::enrolment::RequestSubmission| {
        let last = m.request.0.len() - 1;
        m.request.0[last] ^= 1;
    };
    assert_eq!(code(submit(&tampered).await), "request-signature");
    assert_eq!(code(submit(&|m| m.label = "page".into()).await), "bind-mismatch");
    assert_eq!(code(submit(&|m| m.label = "telephone".into()).await), "malformed");

    // A public key that was exchanged on the way: a valid request of somebody else's key.
    let thief = SoftwareSigner::generate_p256().unwrap();
    let exchanged = keys::request(&thief).unwrap();
    let swapped =
        |m: &mut records::enrolment::RequestSubmission| m.request = exchanged.der().into();
    assert_eq!(code(submit(&swapped).await), "bind-mismatch");

    let record = office.look_up(&official).await;
    let message = official.submit(&record.challenge, &official.request(), "cli");
    let order = public.submit(&message).await.unwrap();
    assert!(matches!(order, Stage::Awaiting { approvals: 0, needed: 2, .. }), "{order:?}");
    assert_eq!(code(public.submit(&message).await), "challenge-used", "what a portal kept");
    let database = office.database().await;
    let orders: (i64,) = sqlx::query_as("select count(*) from ordered where kind = 'issue'")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(orders.0, 1, "refused requests left no order");
}

/// Keys: weak, unknown, not allowed by the profile, of somebody else, of the system.
#[tokio::test]
async fn a_key_must_be_strong_allowed_and_ones_own() {
    let office = Office::open().await;
    let (first, _) = office.official("王小明", "sz-office").await;
    let person = office.register("李丹", "sz-office").await;
    let official = office.letter(&person, "official");
    let public = office.public();
    let with = async |request: Vec<u8>, official: &Official| {
        let record = office.look_up(official).await;
        let mut message = official.submit(&record.challenge, &official.request(), "cli");
        let key = official.keys.bind_key("cli").unwrap();
        message.bind = records::letter::bind(key, &record.challenge.0, &request).into();
        message.request = request.into();
        public.submit(&message).await
    };

    assert_eq!(code(with(by_openssl("rsa1024"), &official).await), "key-weak");
    assert_eq!(code(with(by_openssl("secp256k1"), &official).await), "key-unknown");
    assert_eq!(code(with(first.request().der().to_vec(), &official).await), "key-foreign");
    let portal = std::fs::read_to_string(office.path("portal/public.csr")).unwrap();
    let portal = pki::pem::read(portal.as_bytes(), pki::pem::Kind::Request).unwrap().remove(0);
    assert_eq!(code(with(portal, &official).await), "key-foreign");

    // What the profile of officials allows, that of staff does not.
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let ed25519 = keys::request(&ed25519).unwrap().der().to_vec();
    let officer = office.register_officer("孙核验", "registration-officer", "shangzhou").await;
    assert_eq!(code(with(ed25519.clone(), &officer).await), "key-not-allowed");
    with(ed25519, &official).await.unwrap();
    with(by_openssl("rsa2048"), &official).await.unwrap();
}

/// A staff code works in the command line only, whoever asks.
#[tokio::test]
async fn a_staff_code_is_refused_under_the_pages_label() {
    let office = Office::open().await;
    let officer = office.register_officer("孙核验", "registration-officer", "shangzhou").await;
    assert_eq!(officer.letter.label, "cli");
    let record = office.look_up(&officer).await;
    let page = officer.submit(&record.challenge, &officer.request(), "page");
    assert_eq!(code(office.public().submit(&page).await), "label-not-allowed");
    let record = office.look_up(&officer).await;
    let cli = officer.submit(&record.challenge, &officer.request(), "cli");
    office.public().submit(&cli).await.unwrap();

    // No staff letter for someone without a staff role, no letter at all under a foreign profile.
    let person = office.register("李丹", "sz-office").await;
    assert_eq!(office.ca_refused(&["letter", &person, "--profile", "staff"]), "state-conflict");
    assert_eq!(office.ca_refused(&["letter", &person, "--profile", "issuing"]), "unknown-profile");
    assert_eq!(office.ca_refused(&["letter", &person, "--profile", "nothing"]), "unknown-profile");
}

/// A letter is used up by a certificate, replaced by a new application, over after a loss or in
/// time.
#[tokio::test]
async fn a_letter_is_used_once_and_not_after_its_loss() {
    let mut office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let first = office.apply(&official).await;
    let second = office.apply(&official).await;
    let export = office.staff(&office.first("officer-1")).fetch(&first).await;
    assert_eq!(code(export), "order-cancelled");
    office.approve_by_both(&second).await;
    let collected = office.collect(&official).await;
    assert!(matches!(office.look_up(&official).await.stage, Stage::Issued { .. }));

    let record = office.look_up(&official).await;
    let again = official.submit(&record.challenge, &official.request(), "cli");
    assert_eq!(code(office.public().submit(&again).await), "code-used");

    let serials = office.report_lost(&official).await;
    let leaf = pki::Certificate::read(&collected.chain[0].0).unwrap();
    assert_eq!(serials, [leaf.serial().to_string()]);
    assert_eq!(office.report_lost(&official).await, serials, "the same report twice is one");
    office.listed(&serials[0]).await;
    assert_eq!(code(office.public().look_up(&official.look_up()).await), "letter-lost");

    // A letter whose loss is reported before anything was issued brings nothing any more.
    let early = office.letter(&person, "official");
    let order = office.apply(&early).await;
    assert!(office.report_lost(&early).await.is_empty());
    let officer = office.first("officer-1");
    let public = office.public();
    until("the loss is known", async || public.look_up(&early.look_up()).await.is_err()).await;
    assert_eq!(code(public.look_up(&early.look_up()).await), "letter-lost");
    assert_eq!(code(office.approve(&officer, &order).await), "letter-lost");

    // Seven days later a letter opens its record, but takes no application.
    let late = office.letter(&person, "official");
    office.stop("issuer");
    office.start("issuer", &[("YINXIN_CLOCK_OFFSET", "691200")]).await;
    let record = office.look_up(&late).await;
    let submit = late.submit(&record.challenge, &late.request(), "cli");
    assert_eq!(code(office.public().submit(&submit).await), "code-expired");
    invariants::hold(&office).await;
}

/// A loss report needs the loss key, and revokes what was issued under its letter and no more.
#[tokio::test]
async fn a_loss_report_revokes_its_own_letters_certificates_only() {
    let office = Office::open().await;
    let (wang, wang_collected) = office.official("王小明", "sz-office").await;
    let (_, li_collected) = office.official("李丹", "sz-office").await;
    let status = ca_api::Status(office.client(&office.trust.status, None));
    let wrong = ReportLoss {
        reference: wang.letter.reference.clone(),
        value: wang.keys.lookup().as_slice().into(),
    };
    match status.report_loss(&wrong).await {
        Err(ca_api::Refusal::Refused(problem)) => assert_eq!(problem.code, "wrong-code"),
        other => panic!("{other:?}"),
    }
    let serials = office.report_lost(&wang).await;
    office.listed(&serials[0]).await;
    let leaf = |collected: &records::enrolment::CollectedCertificate| {
        pki::Certificate::read(&collected.chain[0].0).unwrap()
    };
    assert_eq!(serials, [leaf(&wang_collected).serial().to_string()]);
    let list = std::fs::read(office.path("ca/public/crl/issuing-1/0.crl")).unwrap();
    let list = pki::crl::RevocationList::read(&list).unwrap();
    assert!(!list.contains(leaf(&li_collected).serial()));
}

/// Collecting before it is finished is told, not punished; another's key collects nothing.
#[tokio::test]
async fn a_certificate_is_handed_to_its_letter_when_the_log_proves_it() {
    let office = Office::open().await;
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let public = office.public();
    let collect = |official: &Official| {
        let message = official.look_up();
        Collect { reference: message.reference, key: message.key }
    };
    assert_eq!(code(public.collect(&collect(&official)).await), "not-ready");
    office.approve_by_both(&order).await;
    let collected = office.collect(&official).await;
    let record = collected.evidence.open(&office.trust, "control").unwrap();
    assert_eq!(record.event.kind(), "issued");
    let mut stranger = collect(&official);
    stranger.key = random::<32>().into();
    assert_eq!(code(public.collect(&stranger).await), "wrong-code");
}

/// A request made by OpenSSL with a key that our own tools do not make.
fn by_openssl(kind: &str) -> Vec<u8> {
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use openssl::x509::X509ReqBuilder;
    let key = match kind {
        "secp256k1" => {
            let group = EcGroup::from_curve_name(Nid::SECP256K1).unwrap();
            PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
        }
        "rsa1024" => PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap(),
        _ => PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
    };
    let mut builder = X509ReqBuilder::new().unwrap();
    builder.set_version(0).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    builder.build().to_der().unwrap()
}
