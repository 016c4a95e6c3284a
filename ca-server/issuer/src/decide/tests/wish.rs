//! Wishes to revoke: an officer's signature proves who drafted, and makes the order a brake as an
//! operator's; what bears no signature is little, short, and in nobody's way.

use crate::decide::revoke::{SIGNED_OF_HOUR_MAX, UNSIGNED_MAX, UNSIGNED_OF_OFFICER_MAX, room};
use crate::sample::act::caller;
use crate::sample::operate::{OFFICERS, revoke};
use crate::sample::{Sample, key};
use crate::verify::VerifiedWish;
use records::decline::Outcome;
use records::order::{Body, ORDER_SECONDS, UNSIGNED_SECONDS};
use records::wish::{WISH_SECONDS, Wish, WishStatement, WishSubmission};
use records::{Bytes, Code, Disclosure};

const REASON: &str = "keyCompromise";

fn official(sample: &mut Sample) -> String {
    let (_, certificate) = sample.official("李丹");
    certificate.serial().to_string()
}

#[test]
fn who_signed_is_the_drafter_and_the_order_is_a_brake() {
    let mut sample = Sample::found();
    let serial = official(&mut sample);
    let made = sample.asks("officer-1", &serial, REASON).unwrap();
    let order = sample.newest_order();
    let (read, body) = sample.authority().open(order, sample.city.now).unwrap();
    assert_eq!((made.order, made.needed), (read.order.clone(), 2));
    assert_eq!(read.drafter, format!("person:{}", sample.person("officer-1")));
    let Body::Revoke(revoke) = &*body else { panic!("{body:?}") };
    assert!(revoke.wish.is_some() && !read.is_unsigned_wish());
    assert_eq!(read.expires_unix(), sample.city.now + ORDER_SECONDS, "it lives as orders do");
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    sample.pass(UNSIGNED_SECONDS + 1);
    for name in ["officer-1", "officer-2", "security-1"] {
        let declined = sample.decline(order, name, Outcome::Rejected);
        assert_eq!(declined, Err(Code::StateConflict), "nobody releases it alone");
    }
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
}

#[test]
fn the_same_wish_is_the_same_order() {
    let mut sample = Sample::found();
    let serial = official(&mut sample);
    let wishing = sample.wishing("officer-1", (&serial, REASON), |_| {});
    let bring = |sample: &mut Sample, wishing: &WishSubmission| {
        sample.bring_wish(sample.staff(), "officer-1", wishing.clone())
    };
    let first = bring(&mut sample, &wishing).unwrap();
    assert_eq!(bring(&mut sample, &wishing).unwrap(), first, "not yet in the tree");
    sample.sequence();
    assert_eq!(bring(&mut sample, &wishing).unwrap(), first);
    let again = sample.wishing("officer-1", (&serial, REASON), |said| said.nonce = [8; 16].into());
    assert_eq!(bring(&mut sample, &again).unwrap(), first, "asked for already");
    let others = sample.asks("officer-2", &serial, REASON).unwrap();
    assert_ne!(others.order, first.order, "another officer has words of their own");
    sample.pass(WISH_SECONDS + 1);
    assert_eq!(bring(&mut sample, &wishing), Err(Code::SignedTime), "it counts for minutes");
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    let late = sample.asks("officer-2", &serial, REASON);
    assert_eq!(late, Err(Code::StateConflict), "it is revoked");
}

#[test]
fn a_wish_counts_for_minutes() {
    let mut sample = Sample::found();
    let serial = official(&mut sample);
    let (now, last) = (sample.city.now, sample.state.followed.last_time);
    let most = last + sample.context.clock_guard.ahead_max() + WISH_SECONDS;
    for (time, told) in [
        (now - WISH_SECONDS - 1, Some(Code::SignedTime)),
        (most + 1, Some(Code::SignedTime)),
        (now + WISH_SECONDS, None),
        // Our clock may be the one that is wrong: an hour back in an idle city is believed.
        (now + 3_600, None),
        (most, None),
    ] {
        let at = |said: &mut WishStatement| said.time = records::time::seconds(time);
        let wishing = sample.wishing("officer-1", (&serial, REASON), at);
        let made = sample.bring_wish(sample.staff(), "officer-1", wishing);
        assert_eq!(made.err(), told, "{time}");
    }
    // A brake under a clock that moved: the last proven time is older than what is signed now.
    sample.clock = Err(Code::ClockMoved);
    sample.city.now += 3 * 86_400;
    sample.asks("officer-2", &serial, REASON).unwrap();
}

#[test]
fn nobody_asks_in_anothers_name() {
    let mut sample = Sample::found();
    let serial = official(&mut sample);
    let lent = sample.wishing("officer-1", (&serial, REASON), |_| {});
    let told = sample.bring_wish(sample.staff(), "officer-2", lent.clone());
    assert_eq!(told, Err(Code::ApprovalSignature));
    let told = sample.asks("officer-3", &serial, REASON);
    assert_eq!(told, Err(Code::ApproverScope));
    assert_eq!(sample.asks("auditor", &serial, REASON), Err(Code::NotYourRoute));
    let stranger = caller(&key(), "portal-staff");
    let told = sample.bring_wish(stranger, "officer-1", lent.clone());
    assert_eq!(told, Err(Code::PortalUnknown));
    let public = caller(&sample.city.keys.portal, "portal-staff");
    let told = sample.bring_wish(public, "officer-1", lent.clone());
    assert_eq!(told, Err(Code::NotYourRoute));
    let other_city = |said: &mut WishStatement| said.founding = [9; 32].into();
    let other_city = sample.wishing("officer-1", (&serial, REASON), other_city);
    let told = sample.bring_wish(sample.staff(), "officer-1", other_city);
    assert_eq!(told, Err(Code::ApprovalSignature), "of another city");
    sample.bring_wish(sample.staff(), "officer-1", lent).unwrap();
}

#[test]
fn a_wish_is_verified_before_it_is_decided() {
    let mut sample = Sample::found();
    let serial = official(&mut sample);
    let signatures = sample.authority().signatures();
    let verified = |wishing: WishSubmission| VerifiedWish::verify(wishing, signatures).err();
    let good = sample.wishing("officer-1", (&serial, REASON), |_| {});
    assert_eq!(verified(good.clone()), None);
    let mut forged = good.clone();
    forged.wish.signature.0[10] ^= 1;
    assert_eq!(verified(forged), Some(Code::ApprovalSignature));
    let mut turned = good.clone();
    let other = sample.wishing("officer-1", (&serial, "superseded"), |_| {});
    turned.wish.statement = other.wish.statement;
    assert_eq!(verified(turned), Some(Code::ApprovalSignature));
    let mut other = good.clone();
    other.evidence.value = "别的依据".into();
    assert_eq!(verified(other), Some(Code::OrderIncomplete));
    let malformed = sample.wishing("officer-1", (&serial, REASON), |said| said.v = 2);
    assert_eq!(verified(malformed), Some(Code::Malformed));
    // What cannot be shown is decided upon.
    let evidence = Disclosure::new("/evidence", [7; 32], " ".into());
    let committed = evidence.commitment().unwrap();
    let silent = |said: &mut WishStatement| said.evidence = committed;
    let silent = sample.wishing("officer-1", (&serial, REASON), silent);
    let silent = WishSubmission { evidence, ..silent };
    let told = sample.bring_wish(sample.staff(), "officer-1", silent);
    assert_eq!(told, Err(Code::Malformed), "what was looked at is said");
    sample.bring_wish(sample.staff(), "officer-1", good).unwrap();
}

#[test]
fn a_passkey_signs_what_it_was_asked_about() {
    let mut sample = Sample::found();
    let serial = official(&mut sample);
    let mut passkey = sample.passkey("officer-1");
    let officer = sample.city.officer("officer-1").clone();
    let signed = sample.wishing("officer-1", (&serial, REASON), |_| {});
    let mut wishing = |challenge: [u8; 32]| {
        let order = [0; 32].into();
        let said = passkey.approve(&officer, order, |answer| answer.challenge = challenge);
        let answer = (said.signature, said.assertion.unwrap());
        let Wish { statement, certificate, .. } = signed.wish.clone();
        WishSubmission { wish: Wish::by_passkey(statement, certificate, answer), ..signed.clone() }
    };
    let other =
        wishing(records::approval::approval_challenge(&[0; 32], records::ApprovalClaim::default()));
    let told = sample.bring_wish(sample.staff(), "officer-1", other);
    assert_eq!(told, Err(Code::PasskeyRefused), "an approval's answer asks for nothing");
    let good = wishing(Wish::challenge(&signed.wish.statement.0));
    let lent = sample.bring_wish(sample.staff(), "officer-2", good.clone());
    assert_eq!(lent, Err(Code::ApprovalSignature));
    let first = sample.bring_wish(sample.staff(), "officer-1", good.clone()).unwrap();
    let again = sample.bring_wish(sample.staff(), "officer-1", good.clone()).unwrap();
    assert_eq!(again, first, "a form that is sent twice");
    let order = sample.newest_order();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let declined = sample.decline(order, "officer-2", Outcome::Returned);
    assert_eq!(declined, Err(Code::StateConflict));
    // The counter was counted: the same answer is none for anything else.
    let approval = records::Approval {
        v: 1,
        method: "passkey".into(),
        order: Bytes::from(order.0),
        certificate: good.wish.certificate.clone(),
        signature: good.wish.signature.clone(),
        assertion: good.wish.assertion.clone(),
        acting_for: None,
        opened: None,
    };
    assert_eq!(sample.bring(sample.staff(), "officer-1", approval), Err(Code::PasskeyRefused));
}

#[test]
fn unsigned_wishes_have_a_bound() {
    let mut sample = Sample::found();
    let serials: Vec<String> =
        (0..=UNSIGNED_OF_OFFICER_MAX).map(|at| of_nobody(&mut sample, at)).collect();
    let (last, first) = serials.split_last().unwrap();
    for serial in first {
        sample.revoke("officer-1", serial, REASON).unwrap();
    }
    assert_eq!(sample.revoke("officer-1", last, REASON), Err(Code::WishesTooMany));
    sample.sequence();
    assert_eq!(sample.revoke("officer-1", last, REASON), Err(Code::WishesTooMany));
    // It is that officer's, and it is none of a signed one, of an operator's, or of a loss.
    sample.asks("officer-1", last, REASON).unwrap();
    sample.asks("officer-1", &serials[0], REASON).unwrap();
    sample.revoke("officer-2", last, REASON).unwrap();
    // A day later there is room again.
    sample.pass(UNSIGNED_SECONDS + 1);
    sample.revoke("officer-1", &serials[1], REASON).unwrap();
    const { assert!(UNSIGNED_MAX >= UNSIGNED_OF_OFFICER_MAX) };
}

/// A portal that asks in everybody's name keeps no other one from asking.
#[test]
fn unsigned_wishes_of_one_portal_keep_no_other_from_asking() {
    assert_eq!(room((0, UNSIGNED_MAX), true), Ok(()), "others filled it");
    assert_eq!(room((0, UNSIGNED_MAX), false), Err(Code::WishesTooMany));
    assert_eq!(room((0, UNSIGNED_MAX - 1), false), Ok(()));
    let own = UNSIGNED_OF_OFFICER_MAX;
    assert_eq!(room((own, 0), true), Err(Code::WishesTooMany), "an officer's own is another bound");
    let mut sample = Sample::found();
    let (one, two) = (of_nobody(&mut sample, 1), of_nobody(&mut sample, 2));
    let counted = |sample: &Sample| sample.state.counted("asked:portal-1");
    sample.revoke("officer-1", &one, REASON).unwrap();
    assert_eq!(counted(&sample), 1);
    assert_eq!(sample.revoke("officer-2", &one, REASON), Err(Code::WishOpen));
    assert_eq!(counted(&sample), 1, "what is refused is none");
    sample.asks("officer-1", &two, REASON).unwrap();
    assert_eq!(counted(&sample), 1, "nor what is signed");
}

/// Whoever signs without end fills no log: one order for each certificate, and nobody is refused.
#[test]
fn signed_wishes_are_never_refused_and_have_a_bound() {
    let mut sample = Sample::found();
    let (one, two) = (of_nobody(&mut sample, 1), of_nobody(&mut sample, 2));
    let first = sample.asks("officer-1", &one, REASON).unwrap();
    let second = sample.asks("officer-1", &one, "superseded").unwrap();
    assert_ne!(first.order, second.order, "another reason is another order");
    let rate = format!("wishes:person:{}", sample.person("officer-1"));
    while sample.state.allow(&rate, SIGNED_OF_HOUR_MAX, 1).is_ok() {}
    let orders = sample.count("order");
    let told = sample.asks("officer-1", &one, "affiliationChanged").unwrap();
    assert!([first.order, second.order].contains(&told.order), "the order that stands");
    assert_eq!(sample.count("order"), orders);
    sample.asks("officer-1", &two, REASON).unwrap();
    assert_eq!(sample.count("order"), orders + 1, "nothing revokes it yet");
    sample.asks("officer-2", &one, "affiliationChanged").unwrap();
    assert_eq!(sample.count("order"), orders + 2, "another officer has an hour of their own");
}

/// Somebody's certificate.
fn of_nobody(sample: &mut Sample, at: usize) -> String {
    let (_, certificate) = sample.official(&format!("王小明{at}"));
    certificate.serial().to_string()
}

/// A captured portal asks, and declines, whatever it can in everybody's name: what officers sign,
/// what operators draft and what people report is carried out all the same.
#[test]
fn no_wish_of_a_portal_keeps_a_revocation_back() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    // It takes the place of the wish for this certificate, under another reason.
    sample.revoke("officer-2", &serial, "superseded").unwrap();
    sample.sequence();
    let blocking = sample.newest_order();
    assert_eq!(sample.revoke("officer-1", &serial, REASON), Err(Code::WishOpen));
    // An officer signs, and others approve.
    sample.asks("officer-1", &serial, REASON).unwrap();
    sample.sequence();
    let order = sample.newest_order();
    let forged = sample.declining(order, "officer-3", (Outcome::Rejected, "不需要"));
    let told = sample.bring_decline(sample.staff(), "officer-1", forged);
    assert_eq!(told, Err(Code::ApprovalSignature), "it has nobody's key");
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    sample.sequence();
    // What is left of the other one revokes nothing a second time, and can be declined.
    sample.decline(blocking, "officer-1", Outcome::Returned).unwrap();

    // An operator's order, and a loss, beside a wish that nobody signed.
    let (other, certificate) = sample.official("王小红");
    let serial = certificate.serial().to_string();
    sample.revoke("officer-2", &serial, "superseded").unwrap();
    sample.sequence();
    let order = sample.order(revoke(&other.person, REASON));
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    let (lost, certificate) = sample.official("王小兰");
    let serial = certificate.serial().to_string();
    sample.revoke("officer-2", &serial, "superseded").unwrap();
    sample.sequence();
    sample.lose(&lost);
    assert!(sample.authority().is_revoked(&serial));
    assert_ne!(letter.person, lost.person);
}
