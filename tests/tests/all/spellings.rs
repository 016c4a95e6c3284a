//! One spelling: whoever changes `s` in a signature of somebody else's has no document any more,
//! wherever it is taken. What proves that a standard client holds a key may be spelled either way.

mod taken;

use keys::SoftwareSigner;
use pki::path::{Usage, check};
use pki::{Certificate, CertificationRequest, Signer};
use records::access::{SignedHead, SpoolHead};
use records::enrolment::SignedReceipt;
use records::evidence::{AuditQuestion, LogRequest, Question, SignedRequest};
use records::label::{Label, verify_ed25519};
use records::order::OrderError;
use records::people::{PeopleSnapshot, SignedPeople};
use records::receipt::Receipt;
use records::record::{Cause, Event};
use records::suspension::SuspensionCause;
use records::unlisted::{Unlisted, UnlistedStatement};
use records::{Bytes, Code};
use sample_city::{SampleCity, SamplePasskey};
use tests::gate::get;
use tests::spelling::{respelled, respelled_der, respelled_note, with_unused_bit};
use tests::{Office, Officer};
use tlog::{Checkpoint, VerifierKey};

const OWN: &str = "/documents/sz-office/2026-001";

/// Every kind of statement, by keys as often as it takes to see both halves of all `s`.
#[test]
fn a_statement_is_signed_and_accepted_in_one_spelling() {
    let signer = SoftwareSigner::generate_p256().unwrap();
    let own = signer.public_key();
    for (turn, label) in Label::ALL.iter().cycle().take(6 * Label::ALL.len()).enumerate() {
        let bytes = turn.to_be_bytes();
        let signature = label.sign(&signer, &bytes).unwrap();
        let other = respelled(&signature);
        assert!(label.verify(own, &bytes, &signature), "{label:?}");
        assert!(!label.verify(own, &bytes, &other), "{label:?}");
        assert!(own.verify_any_spelling(&label.message(&bytes), &other), "it is a signature");
    }
}

/// Orders, approvals, passkeys, letters and the founding, as authority takes them.
#[test]
fn authority_takes_one_spelling() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let reference = city.letter(&person, "official");
    let flipped = |signature: &Bytes| Bytes(respelled(&signature.0));

    let Event::Letter { statement, signature } = city.letter_event("AAAA", &person, "official")
    else {
        unreachable!()
    };
    let letter = Event::Letter { statement, signature: flipped(&signature) };
    assert!(city.apply(letter).is_err(), "a letter");

    let body = city.revoke_body(&person, &[]);
    let (_, event) = city.order_event(&body, &[]);
    let Event::Order { order, signature, cancels } = event else { unreachable!() };
    let order = Event::Order { order, signature: flipped(&signature), cancels };
    assert_eq!(city.apply(order).unwrap_err().code, Code::OrderAltered);

    let key = SoftwareSigner::generate_p256().unwrap();
    let order = city.apply_for(&reference, &key);
    let good = city.approval(order, "officer-1");
    let mut approval = good.clone();
    approval.signature = flipped(&good.signature);
    assert_eq!(city.take(&approval), Err(Code::ApprovalSignature));
    // The same approval under a certificate whose issuer's signature is spelled the other way.
    for respell in [respelled_der, with_unused_bit] {
        let mut approval = good.clone();
        approval.certificate = Bytes(respell(&good.certificate.0));
        assert!(city.take(&approval).is_err());
    }
    let decline = city.decline(order, "officer-1", records::decline::Outcome::Returned);
    assert!(!Label::Decline.verify(
        city.officer("officer-1").signer.public_key(),
        &decline.statement.0,
        &flipped(&decline.signature).0
    ));

    let mut passkey = SamplePasskey::new(&mut city);
    let officer = city.officer("officer-1").clone();
    let body = passkey.credential(&city, &officer, |_| {});
    city.done(&body, &["security-1"]);
    let mut answer = passkey.approve(&officer, order, |_| {});
    let said = answer.signature.clone();
    answer.signature = flipped(&said);
    assert_eq!(city.take(&answer), Err(Code::PasskeyRefused));
    // This is how it comes from a page.
    answer.signature = records::passkey::one_spelling(answer.signature);
    assert_eq!(answer.signature, said);
    assert_eq!(city.take(&answer), Ok(()));
    assert_eq!(city.take(&city.approval(order, "officer-2")), Ok(()));
}

/// A record as it is counts, and with a signature of it spelled the other way it does not.
fn counts_in_one_spelling(city: &SampleCity, what: &str, good: Event, others: Vec<Event>) {
    for other in others {
        assert!(city.clone().apply(other).is_err(), "{what}");
    }
    city.clone().apply(good).unwrap_or_else(|error| panic!("{what}: {error}"));
}

/// What takes away: voids, suspensions, their ends, and what dates a revocation.
#[test]
fn what_takes_away_has_one_spelling() {
    let mut city = SampleCity::found();
    let flipped = |signature: &Bytes| Bytes(respelled(&signature.0));
    let (reference, serial) = city.official("holder");
    let person = city.officer("holder").person.clone();

    let open = city.letter(&person, "official");
    let good = city.void_event(&open);
    let mut other = good.clone();
    let Event::Voided { signature, .. } = &mut other else { unreachable!() };
    *signature = flipped(signature);
    counts_in_one_spelling(&city, "a void", good, vec![other]);

    let redated = |good: &Event| {
        let mut other = good.clone();
        let Event::Revoked { signature, .. } = &mut other else { unreachable!() };
        *signature = flipped(signature);
        other
    };
    let value = SampleCity::loss_value(&reference);
    let good = city.revoked_event(Cause::Loss { reference, value }, Vec::new());
    counts_in_one_spelling(&city, "a receipt", good.clone(), vec![redated(&good)]);
    let order = city.order(&city.revoke_body(&person, &[serial]));
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let approvals = city.authority.judge(order, None, city.now).unwrap().approvals();
    let cause = Cause::Order { order: sample_city::named(order) };
    let good = city.revoked_event(cause, approvals);
    counts_in_one_spelling(&city, "a revocation", good.clone(), vec![redated(&good)]);

    let suspension = city.suspension("holder", serial, |_| {});
    let mut respelt = suspension.clone();
    respelt.signature = flipped(&suspension.signature);
    assert!(city.authority.check_suspension(&respelt, city.now).is_err());
    city.authority.check_suspension(&suspension, city.now).unwrap();
    let cause = city.signed_cause(suspension);
    let SuspensionCause::Signed { suspension, notice, signature } = cause.clone() else {
        unreachable!()
    };
    let others = [
        SuspensionCause::Signed {
            suspension: respelt,
            notice: notice.clone(),
            signature: signature.clone(),
        },
        SuspensionCause::Signed { suspension, notice, signature: flipped(&signature) },
    ];
    let others = others.map(|cause| city.suspended_event(cause)).into();
    let good = city.suspended_event(cause);
    counts_in_one_spelling(&city, "a suspension", good.clone(), others);
    city.apply(good).unwrap();

    city.now += 16 * 86_400;
    let known = city.authority.suspended_as(&serial.to_string()).unwrap().name;
    let cause = city.lapsed(known);
    let Cause::Lapsed { statement, signature } = cause.clone() else { unreachable!() };
    let other = Cause::Lapsed { statement, signature: flipped(&signature) };
    let other = city.revoked_event(other, Vec::new());
    let good = city.revoked_event(cause, Vec::new());
    counts_in_one_spelling(&city, "a lapse", good, vec![other]);
}

/// What is carried to a gate, from a gate, to the log, and from a service that renews.
#[test]
fn what_is_carried_has_one_spelling() {
    let signer = SoftwareSigner::generate_p256().unwrap();
    let (key, founding) = (signer.public_key(), [7; 32]);
    let flipped = |signature: &Bytes| Bytes(respelled(&signature.0));
    let time = records::time::seconds(1_800_000_000);

    let snapshot = PeopleSnapshot {
        v: 1,
        founding: founding.into(),
        agent: "gate-1".into(),
        order: Bytes::default(),
        application: "exchange".into(),
        hosts: Vec::new(),
        number: 1,
        bundle: 1,
        policy: Bytes::default(),
        mode: None,
        emergencies: Vec::new(),
        this_update: time.clone(),
        next_update: time.clone(),
        units: Vec::new(),
        people: Vec::new(),
    };
    let mut people = SignedPeople::sign(&snapshot, &signer).unwrap();
    assert!(people.open(key).is_some());
    people.signature = flipped(&people.signature);
    assert!(people.open(key).is_none());

    let said = UnlistedStatement {
        v: 3,
        founding: founding.into(),
        crl: 1,
        time: time.clone(),
        revoked: Vec::new(),
        suspended: Vec::new(),
        released: Vec::new(),
    };
    let mut unlisted = Unlisted::sign(&said, &signer).unwrap();
    assert!(unlisted.open(key, &founding).is_some());
    unlisted.signature = flipped(&unlisted.signature);
    assert!(unlisted.open(key, &founding).is_none());

    let (agent, epoch) = ("gate-1".to_owned(), [1; 16].into());
    let head = SpoolHead { v: 1, agent, epoch, count: 1, chain: [2; 32].into() };
    let head = records::json::write(&head).unwrap();
    let signature = Bytes(Label::Spool.sign(&signer, &head).unwrap());
    let mut head = SignedHead { head: Bytes(head), signature };
    assert!(head.open(key).is_some());
    head.signature = flipped(&head.signature);
    assert!(head.open(key).is_none());

    let mut city = SampleCity::found();
    let auditor = city.officer("officer-1").clone();
    let ask = AuditQuestion::Export(Question::Request("gate-1/AAAA/1".into()));
    let nonce = [3; 16].into();
    let request = LogRequest { v: 1, founding: founding.into(), nonce, time, ask };
    let request = records::json::write(&request).unwrap();
    let signed = SignedRequest::sign(request, &auditor.certificate, &*auditor.signer);
    let mut asked = signed.unwrap();
    assert!(asked.open().is_some());
    asked.signature = flipped(&asked.signature);
    assert!(asked.open().is_none());

    let renew = city.renewal(None, &signer);
    let (_, good) = city.used_event(&renew);
    let mut other = good.clone();
    let Event::Used { signature, .. } = &mut other else { unreachable!() };
    *signature = flipped(signature);
    counts_in_one_spelling(&city, "a use", good, vec![other]);
}

/// A checkpoint, for whoever takes one: records of a lineage, what a search found, a gate's answer.
#[test]
fn a_checkpoint_has_one_spelling() {
    let signer = SoftwareSigner::generate(pki::algorithm::by_name("ed25519").unwrap()).unwrap();
    let public = signer.public_key().raw().try_into().unwrap();
    let key = VerifierKey::new("city/access", public).unwrap();
    let head = Checkpoint { origin: "city/access".into(), size: 7, root: [3; 32] };
    let note = tlog::note::sign(&head.text(), &key, |text| signer.sign(text)).unwrap();
    let open = |note: &str| Checkpoint::open(note, &key, verify_ed25519);
    assert_eq!(open(&note), Ok(head));
    let other = respelled_note(&note);
    assert_ne!(other, note);
    assert!(open(&other).is_err());
}

/// A receipt, as its holder checks it.
#[tokio::test]
async fn a_receipt_has_one_spelling() {
    let office = Office::open().await;
    let (lost, _) = office.official("李丹", "sz-office").await;
    let value = lost.keys.loss_value(&lost.letter.reference);
    let value = Bytes::from(value.as_slice()).to_string();
    let reference = lost.letter.reference.as_str();
    let form = [("reference", reference), ("key", value.as_str()), ("confirmed", "yes")];
    let site = office.public_site();
    let told = site.post("/lost", "", &form).await;
    let page = site.get("/lost/receipt.json", &told.cookie()).await;
    let mut receipt: SignedReceipt = serde_json::from_str(&page.text).unwrap();
    assert!(Receipt::check(&receipt, &office.trust).is_ok(), "{}", page.text);
    receipt.signature = Bytes(respelled(&receipt.signature.0));
    assert!(Receipt::check(&receipt, &office.trust).is_err());
}

/// Certificates and lists: by our readers and by the path check, which is webpki's.
#[tokio::test]
async fn a_certificate_and_a_list_have_one_spelling() {
    let office = Office::open().await;
    let own = office.first("officer-1");
    let (leaf, issuing, root) = (&own.chain[0], &own.chain[1], root(&office));
    assert!(leaf.is_signed_by(issuing.key()));
    let path = |leaf: &Certificate, issuing: &Certificate| {
        check(leaf, std::slice::from_ref(issuing), &root, tests::now(), Usage::Client).is_ok()
    };
    assert!(path(leaf, issuing));
    let other = Certificate::read(&respelled_der(leaf.der())).unwrap();
    assert_eq!(other.tbs_der().unwrap(), leaf.tbs_der().unwrap());
    assert!(!other.is_signed_by(issuing.key()) && !path(&other, issuing));
    let other = Certificate::read(&respelled_der(issuing.der())).unwrap();
    assert!(!path(leaf, &other), "the issuing CA's own certificate");
    assert!(Certificate::read(&with_unused_bit(leaf.der())).is_err());

    let list = std::fs::read(office.path("ca/public/crl/issuing-1/0.crl")).unwrap();
    let read = |der: &[u8]| pki::crl::RevocationList::read(der);
    assert!(read(&list).unwrap().is_signed_by(issuing.key()));
    assert!(!read(&respelled_der(&list)).unwrap().is_signed_by(issuing.key()));
    assert!(read(&with_unused_bit(&list)).is_err());

    // A request proves possession in either.
    let request = keys::request(&own.signer).unwrap();
    assert!(CertificationRequest::read(&respelled_der(request.der())).is_ok());
    assert!(CertificationRequest::read(&with_unused_bit(request.der())).is_err());

    // An order, as an officer's own program opens it.
    let person = office.register("李丹", "sz-office").await;
    let order = office.apply(&office.letter(&person, "official")).await;
    let trust: records::trust::Trust =
        serde_json::from_slice(&std::fs::read(office.path("ca/trust.json")).unwrap()).unwrap();
    let export = office.staff(&own).fetch(&order).await.unwrap();
    assert!(export.open(&trust, tests::now()).is_ok());
    let mut other = export.clone();
    other.signed.signature = Bytes(respelled(&export.signed.signature.0));
    let refused = other.open(&trust, tests::now()).unwrap_err();
    assert_eq!(refused, OrderError::Altered.into());
    let mut other = export;
    other.registry[0] = Bytes(respelled_der(&other.registry[0].0));
    assert!(other.open(&trust, tests::now()).is_err());
}

fn root(office: &Office) -> Certificate {
    Certificate::read(&std::fs::read(office.path("ca/public/ca/root.cer")).unwrap()).unwrap()
}

/// Nobody makes their own accesses unprovable: a certificate that is spelled the other way opens
/// neither a gate nor the staff pages, and the same one as it was issued does.
#[tokio::test]
async fn a_certificate_spelled_the_other_way_opens_nothing() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let mut own = office.gate_official("李丹", "sz-office").await;
    let (status, _) = get(&mut gate.h1(&office, &own).await, OWN).await;
    assert_eq!(status, 200);
    own.chain[0] = Certificate::read(&respelled_der(own.chain[0].der())).unwrap();
    let (status, page) = get(&mut gate.h1(&office, &own).await, OWN).await;
    assert_eq!(status, 401);
    assert!(page.contains("certificate-foreign"), "{page}");

    let page = |officer: &Officer| office.staff_site(Some(officer.identity()));
    let mut officer = office.first("officer-1");
    assert_eq!(page(&officer).get("/", "").await.status, 200);
    officer.chain[0] = Certificate::read(&respelled_der(officer.chain[0].der())).unwrap();
    assert_eq!(page(&officer).get("/", "").await.status, 401);
}
