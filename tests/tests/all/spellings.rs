//! One spelling: whoever changes `s` in a signature of somebody else's has no document any more,
//! wherever it is taken. What proves that a standard client holds a key may be spelled either way.

use keys::SoftwareSigner;
use pki::path::{Usage, check};
use pki::{Certificate, CertificationRequest, Signer};
use records::label::Label;
use records::order::OrderError;
use records::record::Event;
use records::{Bytes, Code};
use sample_city::{SampleCity, SamplePasskey};
use tests::gate::get;
use tests::spelling::{respelled, respelled_der, with_unused_bit};
use tests::{Office, Officer};

const OWN: &str = "/documents/sz-office/2026-001";

const LABELS: [Label; 11] = [
    Label::Founding,
    Label::Order,
    Label::Approval,
    Label::Letter,
    Label::Receipt,
    Label::Use,
    Label::People,
    Label::Spool,
    Label::LogRequest,
    Label::Passkey,
    Label::Decline,
];

/// Every kind of statement, by keys as often as it takes to see both halves of all `s`.
#[test]
fn a_statement_is_signed_and_accepted_in_one_spelling() {
    let signer = SoftwareSigner::generate_p256().unwrap();
    let own = signer.public_key();
    for (turn, label) in LABELS.iter().cycle().take(64).enumerate() {
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
