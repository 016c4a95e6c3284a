//! Each kind of record, and whom it tells.

use crate::notice::{Notice, NoticeKind};
use crate::tell::{self, Orders};
use authority::{OrderDigest, Serial};
use keys::SoftwareSigner;
use pki::Signer;
use records::bytes::Bytes;
use records::decline::Outcome;
use records::join::use_message;
use records::label::Label;
use records::order::{BatchBody, Body, DelegateBody, Order, PersonAction, Renewal, RoleAction};
use records::record::{Cause, Event, Record, RevokedSerial};
use records::rules::Role;
use sample_city::SampleCity;

/// Every order that a city made.
fn orders(city: &SampleCity) -> Orders {
    let order = |record: &Record| match &record.event {
        Event::Order { order, .. } => {
            let read = Order::read(&order.0).unwrap();
            let body = read.body().unwrap();
            Some((OrderDigest::of(&order.0), (read, body)))
        }
        _ => None,
    };
    city.log.iter().filter_map(order).collect()
}

/// What the records behind a place tell.
fn told_from(city: &SampleCity, from: usize) -> Vec<Notice> {
    let orders = orders(city);
    let records = city.log.iter().skip(from);
    records.flat_map(|record| tell::told(record, &city.authority, &orders)).collect()
}

fn kinds(notices: &[Notice]) -> Vec<(NoticeKind, &str)> {
    notices.iter().map(|notice| (notice.kind, notice.person.as_str())).collect()
}

fn listed(serial: Serial) -> Vec<RevokedSerial> {
    vec![RevokedSerial { serial: serial.to_string(), not_after: "2027-11-24T08:00:00Z".into() }]
}

/// The founding's own records tell nobody; those of a letter's way each tell its person.
#[test]
fn a_letter_an_application_and_a_certificate_each_tell_their_person() {
    let mut city = SampleCity::found();
    assert_eq!(told_from(&city, 0), [], "its people were there");
    let before = city.log.len();
    let (_, serial) = city.official("王小明");
    let person = city.officer("王小明").person.clone();
    let told = told_from(&city, before);
    let expected = [NoticeKind::Letter, NoticeKind::Asked, NoticeKind::Issued];
    assert_eq!(kinds(&told), expected.map(|kind| (kind, person.as_str())));
    let tail = told[2].facts.serial_tail.clone().unwrap();
    assert!(tail.len() == 8 && serial.to_string().to_uppercase().ends_with(&tail), "{tail}");
    // Made again they are the same ones.
    let ids = |told: &[Notice]| told.iter().map(|one| one.id(&city.founding)).collect::<Vec<_>>();
    assert_eq!(ids(&told), ids(&told_from(&city, before)));
    assert_ne!(told[0].id(&city.founding), told[0].id(&[7; 32]), "another city's is another");
}

/// Where a part of the code goes by short message, that part is told beside the letter.
#[test]
fn a_letter_of_two_channels_tells_its_person_twice() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let before = city.log.len();
    let reference = city.letter_by_message(&person, "official");
    let told = told_from(&city, before);
    let both = [NoticeKind::Letter, NoticeKind::LetterCode];
    assert_eq!(kinds(&told), both.map(|kind| (kind, person.as_str())));
    assert_eq!(told[1].facts.letter.as_deref(), Some(reference.as_str()));
    assert_ne!(told[0].id(&city.founding), told[1].id(&city.founding));
    assert!(city.authority.letter(&reference).unwrap().by_message);
    let other = city.letter(&person, "official");
    assert!(!city.authority.letter(&other).unwrap().by_message);
}

/// Whoever has a code and asks all day fills no mailbox with that.
#[test]
fn somebody_who_asks_again_and_again_is_told_of_once_a_day() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let reference = city.letter(&person, "official");
    let before = city.log.len();
    for _ in 0..5 {
        city.apply_for(&reference, &SoftwareSigner::generate_p256().unwrap());
    }
    city.now += 86_400;
    city.apply_for(&reference, &SoftwareSigner::generate_p256().unwrap());
    let told = told_from(&city, before);
    let ids: std::collections::BTreeSet<_> =
        told.iter().map(|one| one.id(&city.founding)).collect();
    assert_eq!((told.len(), ids.len()), (6, 2));
}

/// The holder of a certificate that is taken away hears of it; a crash of ours is nobody's concern,
/// and a record that names what it does not revoke says nothing about that.
#[test]
fn a_revocation_tells_the_holder() {
    let mut city = SampleCity::found();
    let (reference, serial) = city.official("王小明");
    let (_, other) = city.official("李丹");
    let person = city.officer("王小明").person.clone();
    let before = city.log.len();
    let value = SampleCity::loss_value(&reference);
    let cause = Cause::Loss { reference, value };
    let mut event = city.revoked_event(cause, Vec::new());
    if let Event::Revoked { certificates, reason, .. } = &mut event {
        *certificates = [listed(serial), listed(other)].concat();
        *reason = "cessationOfOperation".into();
    }
    city.apply(event).unwrap();
    let told = told_from(&city, before);
    assert_eq!(kinds(&told), [(NoticeKind::Revoked, person.as_str())]);
    assert_eq!(told[0].facts.reason.as_deref(), Some("keyCompromise"));
    let cause = Cause::Abandoned { order: Bytes(vec![1; 32]) };
    let event = Event::Revoked {
        certificates: listed(serial),
        reason: "superseded".into(),
        cause,
        approvals: Vec::new(),
        statement: Bytes::default(),
        signature: Bytes::default(),
    };
    let record = city.record(event);
    assert_eq!(tell::told(&record, &city.authority, &orders(&city)), []);
}

/// A hand that has a record list less keeps nothing from its holder; what had ended before is told
/// once.
#[test]
fn a_revocation_that_lists_less_tells_its_holder() {
    let mut city = SampleCity::found();
    let (reference, lost) = city.official("王小明");
    let (_, revoked) = city.official("李丹");
    let [first, second] = ["王小明", "李丹"].map(|name| city.officer(name).person.clone());
    let before = city.log.len();
    city.lose(&reference).unwrap();
    let order = city.revoke(&second, &[revoked]);
    assert_eq!(tell::needed(city.log.last().unwrap(), &city.authority), [order]);
    let told = told_from(&city, before);
    let expected = [&first, &second].map(|person| (NoticeKind::Revoked, person.as_str()));
    assert_eq!(kinds(&told), expected);
    let before = city.log.len();
    city.now += 60;
    city.revoke(&first, &[lost]);
    assert_eq!(told_from(&city, before), []);
}

#[test]
fn a_suspension_and_its_release_tell_the_holder() {
    let mut city = SampleCity::found();
    let (_, serial) = city.official("王小明");
    let (_, other) = city.official("李丹");
    let person = city.officer("王小明").person.clone();
    let before = city.log.len();
    let cause = city.by_portal(serial);
    // What the record lists beside its cause was signed by nobody, and tells nobody.
    let (certificates, reason) = (listed(other), "cessationOfOperation".into());
    city.apply(Event::Suspended { certificates, reason, cause }).unwrap();
    city.release(serial, &["officer-1", "officer-2"]);
    let told = told_from(&city, before);
    let expected = [NoticeKind::Suspended, NoticeKind::Released];
    assert_eq!(kinds(&told), expected.map(|kind| (kind, person.as_str())));
    assert_eq!(told[0].facts.reason.as_deref(), Some("keyCompromise"));
}

#[test]
fn a_role_that_is_given_or_taken_tells_its_person() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let before = city.log.len();
    for action in [RoleAction::Grant, RoleAction::Withdraw] {
        let body = city.role_body(action, &person, Role::UnitHandler, "sz-office");
        city.done(&body, &["security-1", "security-2"]);
    }
    let told = told_from(&city, before);
    let expected = [NoticeKind::RoleGranted, NoticeKind::RoleWithdrawn];
    assert_eq!(kinds(&told), expected.map(|kind| (kind, person.as_str())));
    let facts = &told[0].facts;
    assert_eq!((facts.role, facts.unit.as_deref()), (Some(Role::UnitHandler), Some("sz-office")));
}

/// Whoever is on leave hears that somebody decides in their place, whoever acts that they do, and
/// both that it ended before its time: nobody's voice is lent behind their back.
#[test]
fn whose_voice_is_lent_hears_of_it() {
    let mut city = SampleCity::found();
    let deputy = city.appoint("deputy", Role::ApplicationOwner, "sz-office");
    let absent = city.officer("officer-1").person.clone();
    let lends = |action, city: &SampleCity| DelegateBody {
        action,
        person: deputy.clone(),
        absent: absent.clone(),
        role: Role::RegistrationOfficer,
        scope: "shangzhou".into(),
        from: records::time::seconds(city.now + 86_400),
        until: records::time::seconds(city.now + 2 * 86_400),
    };
    let (given, before) = (lends(RoleAction::Grant, &city), city.log.len());
    city.done(&Body::Delegate(given.clone()), &["security-1", "security-2"]);
    let told = told_from(&city, before);
    let expected = [(NoticeKind::Lends, absent.as_str()), (NoticeKind::Acts, deputy.as_str())];
    assert_eq!(kinds(&told), expected);
    let facts = &told[0].facts;
    assert_eq!((facts.role, facts.until.clone()), (Some(given.role), Some(given.until.clone())));
    let before = city.log.len();
    let ended = DelegateBody { action: RoleAction::Withdraw, ..given };
    city.done(&Body::Delegate(ended), &["security-1", "security-2"]);
    let expected = [absent.as_str(), deputy.as_str()];
    assert_eq!(
        kinds(&told_from(&city, before)),
        expected.map(|person| (NoticeKind::DelegationEnded, person))
    );
}

/// Whose record is to be another one hears of it before that is approved: at the address that they
/// have, and once a day however often it is asked for. Whoever is new has none.
#[test]
fn whose_record_is_to_change_hears_of_it_before() {
    let mut city = SampleCity::found();
    let before = city.log.len();
    let person = city.register("sz-office");
    assert_eq!(told_from(&city, before), []);
    let before = city.log.len();
    let held = city.authority.person(&person).unwrap().version;
    for _ in 0..3 {
        let body = city.person_body(PersonAction::Move, &person, "shangzhou");
        city.order(&body);
    }
    let told = told_from(&city, before);
    assert!(kinds(&told).iter().all(|one| *one == (NoticeKind::RecordAsked, person.as_str())));
    let ids: std::collections::BTreeSet<_> =
        told.iter().map(|one| one.id(&city.founding)).collect();
    assert_eq!((told.len(), ids.len()), (3, 1));
    assert_eq!(city.authority.person(&person).unwrap().version, held, "nobody approved it");
}

/// Whoever applied hears that it was sent back, and a drafter of the order too; the reason, which
/// somebody typed, stands in no notice.
#[test]
fn a_declined_order_tells_applicant_and_drafter() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let reference = city.letter(&person, "official");
    for (outcome, kind) in
        [(Outcome::Returned, NoticeKind::Returned), (Outcome::Rejected, NoticeKind::Rejected)]
    {
        let digest = city.apply_for(&reference, &SoftwareSigner::generate_p256().unwrap());
        let before = city.log.len();
        let decline = city.decline(digest, "officer-1", outcome);
        let by = city.officer("officer-1").person.clone();
        city.apply(Event::Declined { decline, person: by }).unwrap();
        let told = told_from(&city, before);
        assert_eq!(kinds(&told), [(kind, person.as_str())]);
        assert!(!String::from_utf8(told[0].write().unwrap()).unwrap().contains("reason"));
        // An order that nobody has at hand tells nobody, and holds nothing up.
        let record = city.log.last().unwrap();
        assert_eq!(tell::told(record, &city.authority, &Orders::new()), []);
    }
}

/// A batch that is sent back tells each applicant once; who drafted all of it, of the batch alone.
#[test]
fn a_declined_batch_tells_whom_its_orders_are_about() {
    let mut city = SampleCity::found();
    let people: Vec<String> = (0..3).map(|_| city.register("sz-office")).collect();
    let apply = |person: &String| {
        let reference = city.letter(person, "official");
        city.apply_for(&reference, &SoftwareSigner::generate_p256().unwrap())
    };
    let rows: Vec<Bytes> = people.iter().map(apply).map(sample_city::named).collect();
    // One of them was carried out by itself.
    let carried = OrderDigest(rows[2].digest().unwrap());
    let (of, action) = ("issue".to_owned(), String::new());
    let batch = BatchBody { of, action, rows, sample: 3, flagged: Vec::new() };
    let batch = city.order(&Body::Batch(batch));
    for name in ["officer-1", "officer-2"] {
        city.approve(carried, name).unwrap();
    }
    city.intend(carried).unwrap();
    let before = city.log.len();
    let decline = city.decline(batch, "officer-1", Outcome::Rejected);
    let by = city.officer("officer-1").person.clone();
    city.apply(Event::Declined { decline, person: by }).unwrap();
    let expected: Vec<_> =
        people[..2].iter().map(|person| (NoticeKind::Rejected, person.as_str())).collect();
    assert_eq!(kinds(&told_from(&city, before)), expected);
    let needed = tell::needed(city.log.last().unwrap(), &city.authority);
    assert_eq!(needed.len(), 4, "the batch and its orders are at hand");
}

/// Who renews is told that somebody asked, and that the new one was issued.
#[test]
fn a_renewal_tells_its_holder() {
    let mut city = SampleCity::found();
    let (reference, serial) = city.official("王小明");
    let own = city.officer("王小明").clone();
    city.now += 350 * 86_400;
    let before = city.log.len();
    let key = SoftwareSigner::generate_p256().unwrap();
    let request = Bytes::from(keys::request(&key).unwrap().der());
    let held = city.authority.held(&serial.to_string()).unwrap().clone();
    let (certificate, challenge) = (Bytes::from(held.sha256.unwrap()), Bytes(vec![5; 16]));
    let message = use_message(&certificate.0, &challenge.0, &request.0);
    let mut issue = city.issue(&reference, &key);
    issue.previous = Some(certificate.clone());
    issue.reference = None;
    issue.renewal = Some(Box::new(Renewal {
        serial: serial.to_string(),
        certificate,
        challenge,
        request,
        asked_by: own.signer.public_key().spki().into(),
        signature: Bytes(Label::Use.sign(&*own.signer, &message).unwrap()),
        time: records::time::seconds(city.now),
        review: city.authority.review(&held, city.now).unwrap(),
    }));
    let body = Body::Issue(Box::new(issue));
    let drafter = format!("person:{}", own.person);
    let (digest, event) = city.drafted_event(&body, &[], &drafter);
    city.apply(event).unwrap();
    let renewed = city.intend(digest).unwrap();
    let issued = city.issued_event(renewed, "official");
    city.apply(issued).unwrap();
    let told = told_from(&city, before);
    let expected = [NoticeKind::Asked, NoticeKind::Renewed];
    assert_eq!(kinds(&told), expected.map(|kind| (kind, own.person.as_str())));
    assert!(told[0].facts.serial_tail != told[1].facts.serial_tail, "the old one and the new one");
}
