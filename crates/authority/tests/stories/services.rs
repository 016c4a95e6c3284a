//! Machines: renewals under a standing authorization, joins under a token, and gates that are
//! closed.

use crate::key;
use authority::{JoinClaim, OrderDigest, Serial, authorization_of, join_value};
use keys::SoftwareSigner;
use pki::Signer;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{AgentBody, Body};
use records::record::{Cause, Event};
use sample_city::{SampleCity, named, serial_of, sha256};
use sha2::{Digest, Sha256};

#[test]
fn each_renewed_key_asks_next_within_the_quota() {
    let mut city = SampleCity::found();
    let (first, second, third) = (key(), key(), key());
    let renew = city.renewal(None, &first);
    let (serial, used) = city.used_event(&renew);
    let request = Sha256::digest(&renew.request.0);
    let mut waits = city.clone();
    waits.pending(used.clone());
    assert_eq!(waits.authority.promised(&request), Some(serial));
    city.apply(used).unwrap();
    assert_eq!(city.authority.promised(&request), Some(serial));
    let speaks = city.authority.portal_of(&first.public_key().sha256());
    assert_eq!(speaks, Some(("portal-1", "portal-public")));

    let old = city.renewal(None, &second);
    assert_eq!(city.authority.check_use(&old, city.now).unwrap_err(), Code::UseSignature);
    assert_eq!(city.authority.check_use(&renew, city.now).unwrap_err(), Code::ChallengeUsed);
    let next = city.renewal(Some(&first), &second);
    let (_, used) = city.used_event(&next);
    city.apply(used).unwrap();
    let beyond = city.renewal(Some(&second), &third);
    let (_, used) = city.used_event(&beyond);
    assert_eq!(city.apply(used).unwrap_err().code, Code::QuotaUsed);
}

#[test]
fn a_renewal_is_signed_whole_by_the_key_that_may_ask() {
    let mut city = SampleCity::found();
    let (new, thief) = (key(), key());
    let told = |city: &SampleCity, renew: &records::join::Renew| {
        city.authority.check_use(renew, city.now).map(drop)
    };
    let good = city.renewal(None, &new);
    assert_eq!(told(&city, &good), Ok(()));
    let mut swapped = good.clone();
    swapped.request = keys::request(&thief).unwrap().der().into();
    assert_eq!(told(&city, &swapped), Err(Code::UseSignature));
    let mut replayed = good.clone();
    replayed.challenge = Bytes(vec![9; 16]);
    assert_eq!(told(&city, &replayed), Err(Code::UseSignature));
    let mut short = good.clone();
    short.challenge = Bytes(vec![9; 15]);
    assert_eq!(told(&city, &short), Err(Code::Malformed));
    let mut unproven = good.clone();
    let last = unproven.request.0.len() - 1;
    unproven.request.0[last] ^= 1;
    assert_eq!(told(&city, &unproven), Err(Code::RequestMalformed));
    let stranger = city.renewal(Some(&thief), &new);
    assert_eq!(told(&city, &stranger), Err(Code::UseSignature));
    city.now += 3_650 * 86_400;
    assert_eq!(told(&city, &good), Ok(()));
    city.now += 1;
    assert_eq!(told(&city, &good), Err(Code::UseSignature));
}

#[test]
fn an_abandoned_renewal_promises_nothing() {
    let mut city = SampleCity::found();
    let renew = city.renewal(None, &key());
    let (serial, used) = city.used_event(&renew);
    city.apply(used).unwrap();
    let request: [u8; 32] = Sha256::digest(&renew.request.0).into();
    let event = city.revoked_event(Cause::Abandoned { order: request.into() }, Vec::new());
    let mut waits = city.clone();
    waits.pending(event.clone());
    assert_eq!(waits.authority.promised(&request), None);
    city.apply(event).unwrap();
    assert_eq!(city.authority.promised(&request), None);
    assert!(city.authority.is_revoked(&serial.to_string()));
}

/// A gate's order.
pub(crate) fn gate(action: &str) -> Body {
    let closes = action == "close";
    Body::Agent(AgentBody {
        action: action.into(),
        agent: "gate-1".into(),
        unit: "city".into(),
        application: "exchange".into(),
        hosts: vec!["app.example".into()],
        units: vec!["shangzhou".into()],
        token_sha256: if closes { Bytes::default() } else { sha256(b"token") },
        renewals: 1,
    })
}

/// A join under an order and a token.
pub(crate) fn joined(
    city: &mut SampleCity,
    order: OrderDigest,
    token: &[u8],
    key: &SoftwareSigner,
) -> (Serial, Event) {
    let serial = city.serial();
    let request: Bytes = keys::request(key).unwrap().der().into();
    let challenge = Bytes(vec![3; 16]);
    let value = join_value(token, &order.0, &challenge.0, &request.0);
    let event = Event::Joined {
        agent: "gate-1".into(),
        order: named(order),
        challenge,
        request,
        token: token.into(),
        value: Bytes(value),
        serial: serial.to_string(),
        tbs_sha256: sha256(b"tbs"),
    };
    (Serial::of(&serial).unwrap(), event)
}

#[test]
fn a_token_is_good_for_one_join() {
    let mut city = SampleCity::found();
    let order = city.done(&gate("register"), &["security-1", "security-2"]);
    let own = key();
    let (_, wrong) = joined(&mut city, order, b"another", &own);
    assert_eq!(city.apply(wrong).unwrap_err().code, Code::UseSignature);
    let (serial, event) = joined(&mut city, order, b"token", &own);
    let mut waits = city.clone();
    waits.pending(event.clone());
    let (_, second) = joined(&mut waits, order, b"token", &key());
    assert_eq!(waits.apply(second).unwrap_err().code, Code::QuotaUsed);
    city.apply(event).unwrap();
    assert_eq!(city.authority.subject_of(&serial), Some("gate-1/agent"));
    let (_, again) = joined(&mut city, order, b"token", &key());
    assert_eq!(city.apply(again).unwrap_err().code, Code::QuotaUsed);
    // Registered again it joins again, with what the new order says.
    let newer = city.done(&gate("register"), &["security-1", "security-2"]);
    let (_, old) = joined(&mut city, order, b"token", &key());
    assert_eq!(city.apply(old).unwrap_err().code, Code::UseSignature);
    let (_, event) = joined(&mut city, newer, b"token", &key());
    city.apply(event).unwrap();
    let agent = city.authority.agent("gate-1").unwrap();
    assert!(agent.past.contains(&Bytes::from(own.public_key().sha256())));
}

/// What waits for the tree counts as it will count there: a hand that lays renewals and joins into
/// the queue that no key and no token made keeps nobody from theirs, and takes no key.
#[test]
fn what_no_service_asked_for_keeps_none_waiting() {
    let mut city = SampleCity::found();
    let own = key();
    let renew = city.renewal(None, &own);
    let request = Sha256::digest(&renew.request.0);
    let (_, mut forged) = city.used_event(&renew);
    if let Event::Used { signature, .. } = &mut forged {
        signature.0.reverse();
    }
    city.pending(forged);
    assert!(!city.authority.is_being_used(&renew.authorization));
    assert_eq!(city.authority.promised(&request), None);
    assert_eq!(city.authority.may_certify(own.public_key(), "gate-1/agent"), Ok(()));
    let (serial, used) = city.used_event(&renew);
    city.pending(used);
    assert!(city.authority.is_being_used(&renew.authorization));
    assert_eq!(city.authority.promised(&request), Some(serial));

    city.authority.forget_pending();
    let order = city.done(&gate("register"), &["security-1", "security-2"]);
    let (_, forged) = joined(&mut city, order, b"another", &own);
    let (_, mut elsewhere) = joined(&mut city, order, b"token", &own);
    if let Event::Joined { order, .. } = &mut elsewhere {
        *order = sha256(b"order");
    }
    for event in [forged, elsewhere] {
        city.pending(event);
    }
    assert_eq!(city.authority.may_certify(own.public_key(), "portal-1/portal-public"), Ok(()));
    let (_, genuine) = joined(&mut city, order, b"token", &own);
    city.apply(genuine).unwrap();
}

#[test]
fn a_join_is_made_with_exactly_these_words_and_in_time() {
    let mut city = SampleCity::found();
    let order = city.done(&gate("register"), &["security-1", "security-2"]);
    let own = key();
    let (_, event) = joined(&mut city, order, b"token", &own);
    let Event::Joined { challenge, request, token, value, .. } = event else { unreachable!() };
    let check = |city: &SampleCity, request: &Bytes, challenge: &Bytes| {
        let claim = JoinClaim { agent: "gate-1", challenge, request, token: &token, value: &value };
        city.authority.check_join(&claim, city.now).map(drop)
    };
    assert_eq!(check(&city, &request, &challenge), Ok(()));
    let other = keys::request(&key()).unwrap().der().into();
    assert_eq!(check(&city, &other, &challenge), Err(Code::UseSignature));
    assert_eq!(check(&city, &request, &Bytes(vec![4; 16])), Err(Code::UseSignature));
    city.now += 8 * 86_400;
    assert_eq!(check(&city, &request, &challenge), Err(Code::CodeExpired));
}

#[test]
fn a_closed_gate_serves_nobody_and_renews_nothing() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let order = city.done(&gate("register"), &["security-1", "security-2"]);
    let (_, event) = joined(&mut city, order, b"token", &key());
    city.apply(event).unwrap();
    let served = |city: &SampleCity| city.authority.snapshot("gate-1", 1, city.now).unwrap().people;
    assert!(served(&city).iter().any(|one| one.person == person));
    assert!(served(&city).iter().all(|one| one.unit != "ln-office"));
    assert!(city.authority.standing(&authorization_of("gate-1")).is_some());
    let close = city.order(&gate("close"));
    city.approve(close, "security-1").unwrap();
    city.approve(close, "security-2").unwrap();
    let event = city.enacted_event(close, &[]).unwrap();
    city.pending(event.clone());
    assert!(!city.authority.serves("gate-1"), "closing bites at once");
    city.authority.forget_pending();
    assert!(city.authority.serves("gate-1"));
    city.apply(event).unwrap();
    assert!(!city.authority.serves("gate-1"));
    assert!(served(&city).is_empty());
    assert!(city.authority.standing(&authorization_of("gate-1")).is_none());
    assert_eq!(city.authority.fits(&gate("close")), Err(Code::StateConflict));
}

#[test]
fn a_serial_number_stands_for_one_certificate() {
    let mut city = SampleCity::found();
    let taken = serial_of(&city.officer("officer-1").certificate);
    let renew = city.renewal(None, &key());
    let (_, mut used) = city.used_event(&renew);
    if let Event::Used { serial, .. } = &mut used {
        *serial = taken.to_string();
    }
    assert_eq!(city.apply(used).unwrap_err().code, Code::StateConflict);
}
