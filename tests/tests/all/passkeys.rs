//! Passkeys approve what their officer may approve, once, and nothing else. Every check has its
//! refusal, and beside it what passes.

use authority::Authority;
use portal_api::Pages;
use records::founding::Founding;
use records::label::Label;
use records::order::Body;
use records::record::Event;
use records::{Approval, Bytes, Code};
use tests::authenticator::{Answer, Authenticator};
use tests::people::code;
use tests::{Office, Officer, invariants};

/// A fresh order that both registration officers may approve, with its digest.
async fn order(office: &Office) -> (String, [u8; 32]) {
    let person = office.register("李丹", "sz-office").await;
    let official = office.letter(&person, "official");
    let order = office.apply(&official).await;
    let export = office.staff(&office.first("officer-1")).fetch(&order).await.unwrap();
    (order, export.signed.digest())
}

async fn told(office: &Office, officer: &Officer, approval: &Approval) -> String {
    code(office.staff(officer).approve(approval).await)
}

/// Each check of an assertion refuses; then the same passkey approves, and one more person by
/// certificate key carries the order.
#[tokio::test]
async fn each_check_of_an_assertion_refuses() {
    let office = Office::open().await;
    let officer = office.first("officer-1");
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &officer).await;
    let (order, digest) = order(&office).await;
    let other = [7u8; 32];
    type Change<'a> = &'a dyn Fn(&mut Answer);
    let refusals: [(&str, Change<'_>, &str); 14] = [
        ("type", &|a| a.kind = "webauthn.create".into(), "passkey-refused"),
        ("origin", &|a| a.origin = a.origin.replace("staff", "portal"), "passkey-refused"),
        ("port", &|a| a.origin.push('1'), "passkey-refused"),
        ("rpIdHash", &|a| a.rp_id = "localhost".into(), "passkey-refused"),
        ("challenge", &|a| a.challenge = other, "passkey-refused"),
        ("user present", &|a| a.flags = 0x04, "passkey-refused"),
        ("user verified", &|a| a.flags = 0x01, "passkey-refused"),
        ("extensions", &|a| a.flags = 0x85, "passkey-refused"),
        ("may be copied", &|a| a.flags = 0x0d, "passkey-refused"),
        ("copied and may not be", &|a| a.flags = 0x15, "passkey-refused"),
        ("cross-origin", &|a| a.more = ",\"crossOrigin\":true".into(), "passkey-refused"),
        ("top origin", &|a| a.more = ",\"topOrigin\":\"https://x\"".into(), "passkey-refused"),
        ("unknown", &|a| a.credential = vec![1; 16], "passkey-unknown"),
        ("counter", &|a| a.counter = 1, "passkey-counter"),
    ];
    for (what, change, refusal) in refusals {
        let approval = passkey.approve(&officer, digest, change);
        assert_eq!(told(&office, &officer, &approval).await, refusal, "{what}");
    }
    let mut unsigned = passkey.approve(&officer, digest, |_| {});
    unsigned.signature.0[10] ^= 1;
    assert_eq!(told(&office, &officer, &unsigned).await, "passkey-refused");
    let mut renamed = passkey.approve(&officer, digest, |_| {});
    renamed.method = "certificate".into();
    assert_eq!(told(&office, &officer, &renamed).await, "approval-signature");

    let good = passkey.approve(&officer, digest, |_| {});
    let approved = office.staff(&officer).approve(&good).await.unwrap();
    assert_eq!((approved.approvals, approved.needed), (1, 2));
    assert_eq!(told(&office, &officer, &good).await, "approver-twice");
    office.approve(&office.first("officer-2"), &order).await.unwrap();
    office.carried_out(&order).await;
    // An answer to one order is none to another.
    let (_, second) = self::order(&office).await;
    let mut replayed = good;
    replayed.order = second.into();
    assert_eq!(told(&office, &officer, &replayed).await, "passkey-refused");
    invariants::hold(&office).await;
}

/// Nobody approves with another officer's passkey, two passkeys alone carry nothing, and an
/// authenticator that does not count is taken as such.
#[tokio::test]
async fn passkeys_belong_to_one_and_never_suffice_alone() {
    let mut office = Office::open().await;
    let (one, two) = (office.first("officer-1"), office.first("officer-2"));
    let mut first = Authenticator::new(&office);
    let mut second = Authenticator { counter: 0, ..Authenticator::new(&office) };
    office.certify(&first, &one).await;
    office.certify(&second, &two).await;
    let (order, digest) = order(&office).await;
    let stolen = first.approve(&two, digest, |_| {});
    assert_eq!(told(&office, &two, &stolen).await, "passkey-unknown");
    let own = first.approve(&one, digest, |_| {});
    office.staff(&one).approve(&own).await.unwrap();
    // A second touch would use up the place of the one who must come from outside the browser.
    let own = second.approve(&two, digest, |a| a.counter = 0);
    assert_eq!(told(&office, &two, &own).await, "outside-needed");
    let open =
        office.staff(&office.first("security-1")).list(&mut Pages::begin()).await.unwrap().lines;
    assert!(open.iter().any(|line| line.order == order), "two touches in a browser carried it");
    office.approve(&two, &order).await.unwrap();
    office.carried_out(&order).await;
    // The same for two that come together, before the tree has either; and a counter is seen at
    // once.
    let (_, digest) = self::order(&office).await;
    let (_, next) = self::order(&office).await;
    let (_, last) = self::order(&office).await;
    office.stop("log");
    let own = first.approve(&one, digest, |_| {});
    office.staff(&one).approve(&own).await.unwrap();
    let other = second.approve(&two, digest, |a| a.counter = 0);
    assert_eq!(told(&office, &two, &other).await, "outside-needed");
    assert_eq!(told(&office, &one, &own).await, "approver-twice");
    let seen = first.counter;
    let copied = first.approve(&one, next, |a| a.counter = seen);
    assert_eq!(told(&office, &one, &copied).await, "passkey-counter");
    // Nor does one that counted come back as one that never does.
    let counted = second.approve(&two, next, |a| a.counter = 5);
    office.staff(&two).approve(&counted).await.unwrap();
    let zero = second.approve(&two, last, |a| a.counter = 0);
    assert_eq!(told(&office, &two, &zero).await, "passkey-counter");
}

/// What certifies a passkey: the officer's own key, the staff host, a key in the one form, and
/// somebody else.
#[tokio::test]
async fn a_passkey_counts_only_when_it_is_certified() {
    let office = Office::open().await;
    let (officer, other) = (office.first("officer-1"), office.first("officer-2"));
    let mut passkey = Authenticator::new(&office);
    let (_, digest) = order(&office).await;
    let early = passkey.approve(&officer, digest, |_| {});
    assert_eq!(told(&office, &officer, &early).await, "passkey-unknown");

    let staff = office.staff(&officer);
    let asked = |change: &dyn Fn(&mut records::passkey::PasskeyStatement)| {
        passkey.credential(&office, &officer, |statement| change(statement))
    };
    type Change<'a> = &'a dyn Fn(&mut records::passkey::PasskeyStatement);
    let refusals: [(&str, Change<'_>); 7] = [
        ("another host", &|s| s.rp_id = "portal.localhost".into()),
        ("another origin", &|s| s.origin = "https://portal.localhost".into()),
        ("plain HTTP", &|s| s.origin = s.origin.replace("https", "http")),
        ("another algorithm", &|s| s.key.0[4] = 0x27),
        ("no key", &|s| s.key.0.truncate(40)),
        ("another certificate", &|s| s.certificate = [1; 32].into()),
        ("another city", &|s| s.founding = [1; 32].into()),
    ];
    for (what, change) in refusals {
        let refused = code(staff.certify(&asked(change)).await);
        assert_eq!(refused, "passkey-refused", "{what}");
    }
    let mut forged = asked(&|_| {});
    forged.signature.0[10] ^= 1;
    assert_eq!(code(staff.certify(&forged).await), "approval-signature");
    let theirs = passkey.credential(&office, &other, |_| {});
    assert_eq!(code(staff.certify(&theirs).await), "approval-signature");

    let made = staff.certify(&asked(&|_| {})).await.unwrap();
    assert_eq!(code(office.approve(&officer, &made.order).await), "approver-self");
    assert_eq!(code(office.approve(&other, &made.order).await), "approver-role");
    office.approve(&office.first("security-1"), &made.order).await.unwrap();
    office.carried_out(&made.order).await;
    assert_eq!(code(staff.certify(&asked(&|_| {})).await), "state-conflict");
    let good = passkey.approve(&officer, digest, |_| {});
    office.staff(&officer).approve(&good).await.unwrap();
}

/// A passkey dies with the certificate that it is bound to.
#[tokio::test]
async fn a_passkey_dies_with_its_certificate() {
    let office = Office::open().await;
    let officer = office.first("officer-1");
    let mut passkey = Authenticator::new(&office);
    office.certify(&passkey, &officer).await;
    let (_, digest) = order(&office).await;
    let (revoke, _) = office.draft(&[
        "revoke",
        &officer.person,
        "--reason",
        "keyCompromise",
        "--evidence",
        "本人报告丢失",
    ]);
    office.approve(&office.first("officer-2"), &revoke).await.unwrap();
    office.approve(&office.first("security-1"), &revoke).await.unwrap();
    office.carried_out(&revoke).await;
    let late = passkey.approve(&officer, digest, |_| {});
    assert_eq!(told(&office, &officer, &late).await, "certificate-revoked");
}

/// Outside sample cities a passkey lives in hardware that it cannot leave: one that may be copied
/// is refused, also if it was not copied yet. The same log, founded as a real city, decides.
#[tokio::test]
async fn a_real_city_takes_no_passkey_that_can_be_copied() {
    let office = Office::open().await;
    let officer = office.first("officer-1");
    let passkey = Authenticator::new(&office);
    let records = office.control().await;
    let own = keys::SoftwareSigner::generate_p256().unwrap();
    let founded = |sample: bool| {
        let mut first =
            records.iter().find(|record| record.event.kind() == "founding").unwrap().clone();
        let Event::Founding { statement, signature, .. } = &mut first.event else { unreachable!() };
        let mut city = Founding::read(&statement.0).unwrap();
        city.city.sample = sample;
        city.root = pki::Signer::public_key(&own).spki().into();
        *statement = Bytes(records::json::write(&city).unwrap());
        *signature = Bytes(Label::Founding.sign(&own, &statement.0).unwrap());
        let digest = records::founding::digest(&statement.0);
        let mut authority = Authority::found(&first, &digest).unwrap();
        for mut record in records.clone() {
            if let Event::Issued { under, .. } = &mut record.event
                && *under == office.trust.founding
            {
                *under = digest.into();
            }
            // What else names the founding statement has no effect here, and none is needed.
            let _ = authority.apply(&record);
        }
        (authority, digest)
    };
    let (real, digest) = founded(false);
    let (sample, sample_digest) = founded(true);
    let asked = |founding: [u8; 32], (software, eligible, copied): (bool, bool, bool)| {
        Body::Credential(passkey.credential(&office, &officer, |statement| {
            statement.founding = founding.into();
            statement.software = software;
            statement.backup_eligible = eligible;
            statement.backed_up = copied;
        }))
    };
    assert_eq!(real.fits(&asked(digest, (false, false, false))), Ok(()));
    for kept in [(true, false, false), (false, true, false), (false, true, true)] {
        assert_eq!(real.fits(&asked(digest, kept)), Err(Code::PasskeySoftware), "{kept:?}");
        assert_eq!(sample.fits(&asked(sample_digest, kept)), Ok(()), "{kept:?}");
    }
}
