//! Renewals: a machine's old key asks for the new one, within its authorization, as often as that
//! says.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::operate::{SECURITY, portal};
use crate::sample::{Sample, key};
use crate::verify::VerifiedMachine;
use authority::Serial;
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::join::Renew;
use records::{Bytes, Code};

const AUTHORIZATION: &str = "renew-portal-1";

fn using(sample: &Sample, message: Renew) -> Box<VerifiedMachine<Renew>> {
    Box::new(VerifiedMachine::using(message, sample.authority(), sample.city.now))
}

fn ask(sample: &mut Sample, message: Renew) -> Result<String, Code> {
    let portal = caller(&sample.city.keys.portal, "");
    let asked = using(sample, message);
    sample.decide(|reply| Command::Renew(portal, asked, reply))
}

/// Renews from one key to the next; the tree holds the use.
fn renewed(sample: &mut Sample, from: Option<&SoftwareSigner>, to: &SoftwareSigner) -> Renew {
    let message = sample.city.renewal(from, to);
    ask(sample, message.clone()).unwrap();
    sample.sequence();
    message
}

#[test]
fn the_old_key_asks_for_the_new_one() {
    let mut sample = Sample::found();
    let first = key();
    let message = sample.city.renewal(None, &first);
    let serial = ask(&mut sample, message.clone()).unwrap();
    assert_eq!(ask(&mut sample, message.clone()), Ok(serial.clone()), "recorded is enough");
    sample.sequence();
    assert_eq!(ask(&mut sample, message.clone()), Ok(serial.clone()), "who did not hear it");
    assert_eq!(sample.count("used"), 1);
    let certificate = sample.sign().remove(0);
    assert_eq!(certificate.serial().to_string(), serial);
    assert_eq!(certificate.subject().common_name().as_deref(), Some("portal-1/portal-public"));
    assert_eq!(certificate.key().spki(), first.public_key().spki());
    sample.sequence();
    // The new key speaks for the portal, and asks next.
    let asked = sample.city.renewal(None, &key());
    assert_eq!(ask(&mut sample, asked), Err(Code::UseSignature), "the old one asks no more");
    let next = sample.city.renewal(Some(&first), &key());
    let portal = caller(&first, "");
    let next = using(&sample, next);
    sample.decide(|reply| Command::Renew(portal, next, reply)).unwrap();
}

/// Who knows the name of an authorization takes no place of the machine that may use it.
#[test]
fn who_names_an_authorization_has_no_turn_of_it() {
    let mut sample = Sample::found();
    let good = sample.city.renewal(None, &key());
    assert_eq!(using(&sample, good.clone()).about(), AUTHORIZATION);
    let forged = Renew { signature: Bytes(vec![7; 64]), ..good.clone() };
    assert_eq!(using(&sample, forged).about(), "/renew");
    ask(&mut sample, good.clone()).unwrap();
    sample.sequence();
    assert_eq!(using(&sample, good).about(), AUTHORIZATION, "who did not hear it");
}

#[test]
fn an_authorization_is_used_up() {
    let mut sample = Sample::found();
    let keys = [key(), key()];
    renewed(&mut sample, None, &keys[0]);
    renewed(&mut sample, Some(&keys[0]), &keys[1]);
    let third = sample.city.renewal(Some(&keys[1]), &key());
    assert_eq!(ask(&mut sample, third), Err(Code::QuotaUsed));
    assert_eq!(sample.refusals(), [("renew", AUTHORIZATION, Code::QuotaUsed)]);
}

#[test]
fn two_uses_follow_one_another() {
    let mut sample = Sample::found();
    let (first, second) = (sample.city.renewal(None, &key()), sample.city.renewal(None, &key()));
    let serial = ask(&mut sample, first.clone()).unwrap();
    assert_eq!(ask(&mut sample, second.clone()), Err(Code::NotReady));
    assert_eq!(ask(&mut sample, first), Ok(serial), "the first goes on");
    sample.sequence();
    assert_eq!(ask(&mut sample, second), Err(Code::UseSignature));
    assert!(sample.unsigned.is_empty(), "nothing was promised in vain");
}

#[test]
fn an_authorization_is_over_in_time() {
    let mut sample = Sample::found();
    let until = sample.authority().standing(AUTHORIZATION).unwrap().expires;
    sample.city.now = until + 1;
    let late = sample.city.renewal(None, &key());
    assert_eq!(ask(&mut sample, late), Err(Code::UseSignature));
}

#[test]
fn who_proves_nothing_writes_nothing() {
    let mut sample = Sample::found();
    let good = sample.city.renewal(None, &key());
    let stranger = sample.city.renewal(Some(&key()), &key());
    let mut forged = good.clone();
    forged.signature.0[10] ^= 1;
    let mut unknown = good.clone();
    unknown.authorization = "renew-portal-9".into();
    let mut exchanged = good.clone();
    exchanged.request = keys::request(&key()).unwrap().der().into();
    let mut unread = good.clone();
    unread.request.0.truncate(40);
    let mut short = good.clone();
    short.challenge.0.truncate(8);
    let mut keyless = good.clone();
    keyless.asked_by.0.truncate(8);
    for (message, code) in [
        (stranger, Code::UseSignature),
        (forged, Code::UseSignature),
        (unknown, Code::UseSignature),
        (exchanged, Code::UseSignature),
        (unread, Code::RequestMalformed),
        (short, Code::Malformed),
        (keyless, Code::KeyUnknown),
    ] {
        assert_eq!(ask(&mut sample, message), Err(code));
    }
    assert!(sample.recorded.is_empty(), "{:?}", sample.refusals());
    // Whoever read a challenge that was used proves nothing either.
    ask(&mut sample, good.clone()).unwrap();
    sample.sequence();
    let mut replayed = sample.city.renewal(Some(&key()), &key());
    replayed.challenge = good.challenge;
    let before = sample.recorded.len();
    assert_eq!(ask(&mut sample, replayed), Err(Code::ChallengeUsed));
    assert_eq!(sample.recorded.len(), before);
}

#[test]
fn a_new_key_is_allowed_and_nobody_elses() {
    let mut sample = Sample::found();
    let officers = sample.city.officer("officer-1").signer.clone();
    let of_staff = SoftwareSigner::from_pkcs8(sample.city.keys.staff.pkcs8()).unwrap();
    for foreign in [&*officers, &of_staff] {
        let message = sample.city.renewal(None, foreign);
        assert_eq!(ask(&mut sample, message), Err(Code::KeyForeign));
    }
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    let message = sample.city.renewal(None, &ed25519);
    assert_eq!(ask(&mut sample, message), Err(Code::KeyNotAllowed));
    renewed(&mut sample, None, &key());
}

#[test]
fn a_renewal_comes_over_a_registered_portal_or_from_the_host() {
    let mut sample = Sample::found();
    let message = sample.city.renewal(None, &key());
    let stranger = caller(&key(), "");
    let copy = using(&sample, message.clone());
    let told = sample.decide(|reply| Command::Renew(stranger, copy, reply));
    assert_eq!(told, Err(Code::PortalUnknown));
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(ask(&mut sample, message.clone()), Err(Code::ClockMoved));
    sample.clock = Ok(());
    let answer = sample.operator(OperatorRequest::Renew { message: Box::new(message) }).unwrap();
    assert!(Serial::read(&answer.serial).is_some());
}

#[test]
fn a_crash_gives_the_use_back_to_nobody_but_its_key() {
    let mut sample = Sample::found();
    let first = key();
    let message = renewed(&mut sample, None, &first);
    let serial = Serial::read(&ask(&mut sample, message.clone()).unwrap()).unwrap();
    sample.settle_left_behind(serial);
    assert_eq!(ask(&mut sample, message), Err(Code::ChallengeUsed), "what was given up stays so");
    sample.sequence();
    assert!(sample.authority().is_revoked(&serial.to_string()));
    // The key that was to be certified asks next, for another one.
    let same = sample.city.renewal(Some(&first), &first);
    assert_eq!(ask(&mut sample, same), Err(Code::KeyForeign));
    let again = sample.city.renewal(Some(&first), &key());
    ask(&mut sample, again).unwrap();
}

#[test]
fn a_portals_keys_stay_its_own_for_ever() {
    let mut sample = Sample::found();
    let keys = (key(), key());
    sample.done(portal("register", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let message = sample.city.renewal(None, &keys.0);
    assert_eq!(ask(&mut sample, message), Err(Code::KeyForeign));
    sample.done(portal("close", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let message = sample.city.renewal(None, &keys.0);
    assert_eq!(ask(&mut sample, message), Err(Code::KeyForeign), "also when it is closed");
}

#[test]
fn what_is_closed_renews_no_more() {
    let mut sample = Sample::found();
    let keys = (key(), key());
    sample.done(portal("register", "portal-2", (&keys.0, &keys.1)), &SECURITY);
    let second = caller(&keys.0, "");
    let close = sample.order(portal("close", "portal-1", (&keys.0, &keys.1)));
    sample.approved_by(close, &SECURITY);
    let told = |sample: &mut Sample| {
        let message = Box::new(sample.city.renewal(None, &key()));
        let host = OperatorRequest::Renew { message: message.clone() };
        let asked = using(sample, *message);
        let told = sample.decide(|reply| Command::Renew(second, asked, reply));
        (told.err(), sample.operator(host).err())
    };
    assert_eq!(sample.execute(), None);
    let never = (Some(Code::UseSignature), Some(Code::UseSignature));
    assert_eq!(
        told(&mut sample),
        never,
        "recorded is enough, and another portal carries it in vain"
    );
    sample.sequence();
    assert_eq!(told(&mut sample), never);
    assert!(sample.authority().standing(AUTHORIZATION).is_none());
}
