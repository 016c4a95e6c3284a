//! Which keys may be certified: one's own that were never revoked, and no key of the system.

use crate::{key, with_letter};
use keys::SoftwareSigner;
use pki::{PublicKey, Signer};
use records::code::Code;
use records::order::{AgentBody, Body, PortalBody};
use records::record::Event;
use sample_city::{SampleCity, sha256};

fn may(city: &SampleCity, key: &SoftwareSigner, subject: &str) -> Result<(), Code> {
    city.authority.may_certify(key.public_key(), subject)
}

#[test]
fn a_key_is_certified_for_one_person() {
    let (mut city, person, reference) = with_letter();
    let (own, fresh) = (key(), key());
    let other = city.register("sz-office");
    assert_eq!(may(&city, &own, &person), Ok(()));
    city.certify(&reference, &own);
    assert_eq!(may(&city, &own, &other), Err(Code::KeyForeign));
    assert_eq!(may(&city, &own, &person), Ok(()), "the same key again");
    assert_eq!(may(&city, &fresh, &other), Ok(()));
}

#[test]
fn a_key_of_a_revoked_certificate_is_certified_for_nobody() {
    let (mut city, person, reference) = with_letter();
    let own = key();
    let serial = city.certify(&reference, &own);
    let (_, event) = city.order_event(&city.revoke_body(&person, &[serial]), &[]);
    city.pending(event);
    assert_eq!(may(&city, &own, &person), Ok(()), "an order alone revokes nothing");
    city.authority.forget_pending();
    city.revoke(&person, &[serial]);
    assert_eq!(may(&city, &own, &person), Err(Code::KeyForeign));
    assert_eq!(may(&city, &key(), &person), Ok(()));
}

#[test]
fn a_key_that_is_being_certified_is_somebodys() {
    let (mut city, person, reference) = with_letter();
    let (own, other) = (key(), city.register("sz-office"));
    let order = city.apply_for(&reference, &own);
    assert_eq!(may(&city, &own, &other), Ok(()), "an application alone takes no key");
    city.approve(order, "officer-1").unwrap();
    city.approve(order, "officer-2").unwrap();
    let (serial, intent) = city.intent_event(order).unwrap();
    city.pending(intent.clone());
    assert_eq!(may(&city, &own, &other), Err(Code::KeyForeign));
    assert_eq!(may(&city, &own, &person), Ok(()));
    assert_eq!(city.authority.intended_under(&reference), Some(serial));
    city.authority.forget_pending();
    city.apply(intent).unwrap();
    assert_eq!(may(&city, &own, &other), Err(Code::KeyForeign));
}

#[test]
fn no_key_of_the_system_is_certified_for_anybody() {
    let (city, person, _) = with_letter();
    for key in city.authority.founding().stated_keys() {
        let key = PublicKey::read(&key.0).unwrap();
        assert_eq!(city.authority.may_certify(&key, &person), Err(Code::KeyForeign));
    }
    for first in &city.authority.founding().people {
        let key = PublicKey::read(&first.key.0).unwrap();
        assert_eq!(city.authority.may_certify(&key, &person), Err(Code::KeyForeign));
        assert_eq!(city.authority.may_certify(&key, &first.person), Ok(()));
    }
}

#[test]
fn a_portals_key_is_certified_for_no_person() {
    let (mut city, person, _) = with_letter();
    let (public, staff, machines) = (key(), key(), key());
    let body = Body::Portal(PortalBody {
        action: "register".into(),
        portal: "portal-2".into(),
        unit: "city".into(),
        public_host: "two.example".into(),
        public_key: public.public_key().spki().into(),
        staff_host: "staff-two.example".into(),
        staff_key: staff.public_key().spki().into(),
        machines_host: "machines-two.example".into(),
        machines_key: machines.public_key().spki().into(),
    });
    let order = city.order(&body);
    city.approve(order, "security-1").unwrap();
    city.approve(order, "security-2").unwrap();
    assert_eq!(may(&city, &public, &person), Ok(()));
    let event = city.enacted_event(order, &[]).unwrap();
    city.pending(event.clone());
    assert_eq!(may(&city, &public, &person), Err(Code::KeyForeign));
    assert_eq!(city.authority.portal_of(&staff.public_key().sha256()), None, "a grant waits");
    city.authority.forget_pending();
    city.apply(event).unwrap();
    assert_eq!(may(&city, &staff, &person), Err(Code::KeyForeign));
    assert_eq!(may(&city, &machines, &person), Err(Code::KeyForeign));
    let of = |signer: &SoftwareSigner| city.authority.portal_of(&signer.public_key().sha256());
    assert_eq!(of(&public), Some(("portal-2", "portal-public")));
    assert_eq!(of(&staff), Some(("portal-2", "portal-staff")));
    assert_eq!(of(&machines), Some(("portal-2", "portal-machines")));
    // Closed, it speaks no more, and its key is still nobody else's.
    let closed = PortalBody {
        action: "close".into(),
        portal: "portal-2".into(),
        unit: "city".into(),
        public_host: "two.example".into(),
        public_key: Vec::new().into(),
        staff_host: "staff-two.example".into(),
        staff_key: Vec::new().into(),
        machines_host: "machines-two.example".into(),
        machines_key: Vec::new().into(),
    };
    // What would be read as a change, and is none, is no part of the order.
    let elsewhere = Body::Portal(PortalBody { unit: "luonan".into(), ..closed.clone() });
    assert_eq!(city.authority.fits(&elsewhere), Err(Code::StateConflict));
    let closed = Body::Portal(closed);
    city.done(&closed, &["security-1", "security-2"]);
    assert_eq!(city.authority.portal_of(&staff.public_key().sha256()), None);
    assert_eq!(may(&city, &staff, &person), Err(Code::KeyForeign));
}

#[test]
fn an_agents_key_stays_its_own_after_it_is_replaced() {
    let (mut city, person, _) = with_letter();
    let own = key();
    let body = || {
        Body::Agent(AgentBody {
            action: "register".into(),
            agent: "gate-1".into(),
            unit: "city".into(),
            application: "exchange".into(),
            hosts: vec!["app.example".into()],
            units: vec!["city".into()],
            token_sha256: sha256(b"token"),
            renewals: 1,
        })
    };
    let order = city.done(&body(), &["security-1", "security-2"]);
    let (_, joined) = crate::services::joined(&mut city, order, b"token", &own);
    city.apply(joined).unwrap();
    assert_eq!(may(&city, &own, &person), Err(Code::KeyForeign));
    assert_eq!(may(&city, &own, "gate-1/agent"), Ok(()));
    city.done(&body(), &["security-1", "security-2"]);
    assert_eq!(may(&city, &own, &person), Err(Code::KeyForeign));
}

/// Whose key it is follows from an intent; a record of a certificate for which there is none says
/// nothing, and keeps nobody from a certificate while it waits.
#[test]
fn a_claim_in_a_record_that_waits_takes_no_key() {
    let (mut city, person, reference) = with_letter();
    let (own, other) = (key(), city.register("sz-office"));
    city.pending(Event::Issued {
        under: sha256(b"order"),
        serial: "0102".into(),
        subject: "somebody".into(),
        profile: "official".into(),
        key_sha256: own.public_key().sha256().into(),
        not_after: records::time::seconds(city.now),
        sha256: sha256(b"certificate"),
        certificate: sha256(b"commitment"),
    });
    assert_eq!(may(&city, &own, &person), Ok(()));
    let serial = city.certify(&reference, &own);
    let issued = city.issued_event(serial, "official");
    city.pending(issued);
    assert_eq!(may(&city, &own, &other), Err(Code::KeyForeign));
    assert_eq!(may(&city, &own, &person), Ok(()));
}
