//! Passkeys: certified by order, bound to one certificate, counted, and never enough by themselves.

use crate::{key, with_letter};
use authority::{Authority, OrderDigest};
use pki::Signer;
use records::bytes::Bytes;
use records::code::Code;
use records::label::Label;
use records::order::{Body, PortalBody};
use records::record::Event;
use records::rules::Role;
use sample_city::{SampleAnswer, SampleCity, SamplePasskey};

/// A passkey of an officer, certified.
fn certified(city: &mut SampleCity, name: &str) -> SamplePasskey {
    let passkey = SamplePasskey::new(city);
    let officer = city.officer(name).clone();
    let body = passkey.credential(city, &officer, |_| {});
    city.done(&body, &["security-1"]);
    passkey
}

fn open(city: &mut SampleCity, reference: &str) -> OrderDigest {
    city.apply_for(reference, &key())
}

#[test]
fn each_check_of_an_answer_refuses() {
    let (mut city, _, reference) = with_letter();
    let mut passkey = certified(&mut city, "officer-1");
    let officer = city.officer("officer-1").clone();
    let order = open(&mut city, &reference);
    type Change<'a> = &'a dyn Fn(&mut SampleAnswer);
    let refusals: [(&str, Change<'_>, Code); 7] = [
        ("kind", &|a| a.kind = "webauthn.create".into(), Code::PasskeyRefused),
        ("origin", &|a| a.origin.push('1'), Code::PasskeyRefused),
        ("challenge", &|a| a.challenge = [7; 32], Code::PasskeyRefused),
        ("present", &|a| a.flags = 0x04, Code::PasskeyRefused),
        ("verified", &|a| a.flags = 0x01, Code::PasskeyRefused),
        ("unknown", &|a| a.credential = vec![1; 16].into(), Code::PasskeyUnknown),
        ("counter", &|a| a.counter = 1, Code::PasskeyCounter),
    ];
    for (what, change, refusal) in refusals {
        let approval = passkey.approve(&officer, order, change);
        assert_eq!(city.take(&approval), Err(refusal), "{what}");
    }
    let mut unsigned = passkey.approve(&officer, order, |_| {});
    unsigned.signature.0[10] ^= 1;
    assert_eq!(city.take(&unsigned), Err(Code::PasskeyRefused));
    let mut renamed = passkey.approve(&officer, order, |_| {});
    renamed.method = "certificate".into();
    assert_eq!(city.take(&renamed), Err(Code::ApprovalSignature));
    let good = passkey.approve(&officer, order, |_| {});
    assert_eq!(city.take(&good), Ok(()));
}

#[test]
fn two_passkeys_alone_carry_nothing() {
    let (mut city, _, reference) = with_letter();
    let mut first = certified(&mut city, "officer-1");
    let mut second = certified(&mut city, "officer-2");
    let order = open(&mut city, &reference);
    let approval = first.approve(&city.officer("officer-1").clone(), order, |_| {});
    assert_eq!(city.take(&approval), Ok(()));
    let approval = second.approve(&city.officer("officer-2").clone(), order, |_| {});
    assert_eq!(city.take(&approval), Err(Code::OutsideNeeded));
    assert_eq!(city.approve(order, "officer-2"), Ok(()));
    city.intend(order).unwrap();
}

#[test]
fn a_counter_goes_forward_also_while_it_is_only_recorded() {
    let (mut city, person, reference) = with_letter();
    let mut passkey = certified(&mut city, "officer-1");
    let officer = city.officer("officer-1").clone();
    let first = open(&mut city, &reference);
    let other = city.letter(&person, "official");
    let second = open(&mut city, &other);
    let approval = passkey.approve(&officer, first, |a| a.counter = 9);
    let person = officer.person.clone();
    let event = Event::Approval { approval, person, acting_for: None };
    city.pending(event.clone());
    let again = passkey.approve(&officer, second, |a| a.counter = 9);
    assert_eq!(city.take(&again), Err(Code::PasskeyCounter));
    city.authority.forget_pending();
    city.apply(event.clone()).unwrap();
    assert_eq!(city.take(&again), Err(Code::PasskeyCounter));
    assert_eq!(city.apply(event).unwrap_err().code, Code::PasskeyCounter);
    let next = passkey.approve(&officer, second, |a| a.counter = 10);
    assert_eq!(city.take(&next), Ok(()));
}

#[test]
fn an_authenticator_that_does_not_count_is_taken_as_such() {
    let (mut city, person, reference) = with_letter();
    let mut passkey = SamplePasskey::new(&mut city);
    passkey.counter = 0;
    let officer = city.officer("officer-1").clone();
    let body = passkey.credential(&city, &officer, |_| {});
    city.done(&body, &["security-1"]);
    for reference in [reference, city.letter(&person, "official")] {
        let order = open(&mut city, &reference);
        let approval = passkey.approve(&officer, order, |a| a.counter = 0);
        assert_eq!(city.take(&approval), Ok(()));
    }
}

#[test]
fn nobody_approves_with_anothers_passkey() {
    let (mut city, _, reference) = with_letter();
    let mut passkey = certified(&mut city, "officer-1");
    let order = open(&mut city, &reference);
    let approval = passkey.approve(&city.officer("officer-2").clone(), order, |_| {});
    assert_eq!(city.take(&approval), Err(Code::PasskeyUnknown));
    let approval = passkey.approve(&city.officer("officer-1").clone(), order, |_| {});
    assert_eq!(city.take(&approval), Ok(()));
}

#[test]
fn a_passkey_is_certified_for_its_officers_own_certificate() {
    let mut city = SampleCity::found();
    let passkey = SamplePasskey::new(&mut city);
    let (own, other) = (city.officer("officer-1").clone(), city.officer("officer-2").clone());
    let fits = |body: &Body| city.authority.fits(body);
    let good = passkey.credential(&city, &own, |_| {});
    assert_eq!(fits(&good), Ok(()));
    let changed = |change: fn(&mut records::order::CredentialBody)| {
        let mut body = good.clone();
        if let Body::Credential(body) = &mut body {
            change(body);
        }
        body
    };
    let mut moved = good.clone();
    if let Body::Credential(body) = &mut moved {
        body.person.clone_from(&other.person);
    }
    assert_eq!(fits(&moved), Err(Code::ApprovalSignature));
    let unsigned = changed(|body| body.signature.0[10] ^= 1);
    assert_eq!(fits(&unsigned), Err(Code::ApprovalSignature));
    let unreadable = changed(|body| body.certificate = vec![0x30, 0].into());
    assert_eq!(fits(&unreadable), Err(Code::ApproverUnknown));
    let elsewhere =
        passkey.credential(&city, &own, |statement| statement.rp_id = "elsewhere".into());
    assert_eq!(fits(&elsewhere), Err(Code::PasskeyRefused));
    let foreign =
        passkey.credential(&city, &own, |s| s.certificate = other.certificate.sha256().into());
    assert_eq!(fits(&foreign), Err(Code::PasskeyRefused));
    let order = city.order(&good);
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverSelf));
    city.approve(order, "security-1").unwrap();
    city.enact(order, &[]).unwrap();
    assert_eq!(city.authority.passkeys_of(&own.person).count(), 1);
    assert_eq!(city.authority.fits(&good), Err(Code::StateConflict), "certified already");
}

#[test]
fn outside_sample_cities_a_passkey_lives_in_hardware() {
    for (sample, told) in [(false, Err(Code::PasskeySoftware)), (true, Ok(()))] {
        let mut city = SampleCity::found_as(sample);
        let passkey = SamplePasskey::new(&mut city);
        let officer = city.officer("officer-1").clone();
        let hardware = passkey.credential(&city, &officer, |_| {});
        assert_eq!(city.authority.fits(&hardware), Ok(()));
        let software = passkey.credential(&city, &officer, |statement| statement.software = true);
        assert_eq!(city.authority.fits(&software), told);
        let copied =
            passkey.credential(&city, &officer, |statement| statement.backup_eligible = true);
        assert_eq!(city.authority.fits(&copied), told);
    }
}

#[test]
fn a_passkey_dies_with_its_certificate() {
    let (mut city, _, reference) = with_letter();
    let person = city.appoint("new", Role::RegistrationOfficer, "shangzhou");
    let mut passkey = certified(&mut city, "new");
    let officer = city.officer("new").clone();
    let order = open(&mut city, &reference);
    let approval = passkey.approve(&officer, order, |_| {});
    assert_eq!(city.take(&approval), Ok(()));
    let serials = city.authority.serials_of(&person);
    city.revoke(&person, &serials);
    assert!(city.authority.given(order, city.now).is_empty());
    let approval = passkey.approve(&officer, order, |_| {});
    assert_eq!(city.take(&approval), Err(Code::ApproverRevoked));
    assert_eq!(Label::Passkey.text(), "yinxin-passkey-v1");
}

/// An order about a portal with the hosts of the first one.
fn portal(action: &str, id: &str) -> Body {
    let fresh = || match action {
        "register" => Bytes::from(key().public_key().spki()),
        _ => Bytes::default(),
    };
    Body::Portal(PortalBody {
        action: action.into(),
        portal: id.into(),
        unit: "city".into(),
        public_host: "portal.example".into(),
        public_key: fresh(),
        staff_host: "staff.example".into(),
        staff_key: fresh(),
        machines_host: "machines.example".into(),
        machines_key: fresh(),
    })
}

#[test]
fn a_passkey_ends_with_the_portal_at_which_it_was_made() {
    let (mut city, _, reference) = with_letter();
    let mut passkey = certified(&mut city, "officer-1");
    let officer = city.officer("officer-1").clone();
    let waiting = SamplePasskey::new(&mut city);
    let wish = waiting.credential(&city, &officer, |_| {});
    let asked = city.order(&wish);
    let order = open(&mut city, &reference);
    let given = passkey.approve(&officer, order, |_| {});
    assert_eq!(city.take(&given), Ok(()));
    let closing = city.order(&portal("close", "portal-1"));
    city.approve(closing, "security-1").unwrap();
    city.approve(closing, "security-2").unwrap();
    assert_eq!(city.authority.given(order, city.now).len(), 1, "it counts until then");
    let late = passkey.approve(&officer, order, |_| {});
    let counts_for_nothing = |authority: &Authority, now: u64| {
        assert_eq!(authority.check_approval(&late, now).err(), Some(Code::PasskeyUnknown));
        assert!(authority.given(order, now).is_empty());
        let lapsed = [(officer.person.clone(), Code::PasskeyUnknown)];
        assert_eq!(authority.lapsed(order, now), lapsed);
        assert_eq!(authority.passkeys_of(&officer.person).count(), 0);
    };
    let event = city.enacted_event(closing, &[]).unwrap();
    city.pending(event.clone());
    counts_for_nothing(&city.authority, city.now);
    city.authority.forget_pending();
    city.apply(event).unwrap();
    counts_for_nothing(&city.authority, city.now);

    // Nor does it come back where another portal has the same host, nor what was asked for there.
    city.done(&portal("register", "portal-2"), &["security-1", "security-2"]);
    counts_for_nothing(&city.authority, city.now);
    let kept = Authority::from_parts(&city.founding, &city.authority.parts()).unwrap();
    counts_for_nothing(&kept, city.now);
    assert_eq!(city.approve(asked, "security-1"), Err(Code::StateConflict));
    assert_eq!(city.authority.fits(&wish), Err(Code::StateConflict));

    // What is made at the new one counts, and so does the certificate's key.
    let mut fresh = certified(&mut city, "officer-1");
    let approval = fresh.approve(&officer, order, |_| {});
    assert_eq!(city.take(&approval), Ok(()));
    city.approve(order, "officer-2").unwrap();
    city.intend(order).unwrap();
}
