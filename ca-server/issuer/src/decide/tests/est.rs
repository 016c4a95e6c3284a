//! Certificates of systems by EST: by the password of an order in force, which the CA looks at
//! itself, and by a portal's word that it was shown a certificate, which is enough for few.

use crate::command::{Command, Reply};
use crate::decide::system::opened;
use crate::sample::act::caller;
use crate::sample::devices::challenged;
use crate::sample::machines::{Client, enrolling, renewing, request, revoke_by_key};
use crate::sample::operate::{OFFICERS, site, system};
use crate::sample::{Sample, key};
use crate::secret_name::SecretName;
use crate::verify::{ShowsSecret, VerifiedMachine};
use authority::Serial;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::est::{EnrolSystem, EnrolledStatement};
use records::machine::{OpenAccount, SystemFile};
use records::order::SystemBody;
use records::record::Event;
use records::{Bytes, Code};
use sample_city::FOUNDED;

const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;

#[test]
fn a_system_gets_a_certificate_by_its_password_once() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let own = key();
    let names = ["www.acme.test", "*.acme.test", "127.0.0.1"];
    let asked = enrolling(&file, &own, &names);
    let serial = sample.enrol(asked.clone()).unwrap();
    assert_eq!(sample.enrol(asked.clone()), Ok(serial.clone()), "recorded is enough");
    sample.sequence();
    assert_eq!(sample.enrol(asked), Ok(serial.clone()), "who did not hear it");
    assert_eq!(sample.count("machine-enrolled"), 1);
    let certificate = sample.sign().remove(0);
    assert_eq!(certificate.serial().to_string(), serial);
    assert_eq!(certificate.subject().common_name().as_deref(), Some("www.acme.test"));
    assert_eq!(certificate.subject().unit().as_deref(), Some("sz-office"));
    assert_eq!(certificate.key().spki(), own.public_key().spki());
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    let labelled = EnrolSystem { profile: Some("server".into()), ..enrolling(&file, &own, &names) };
    sample.enrol(labelled).unwrap();
}

/// What its order gives is a way in, and no right to ask for ever: each certificate that follows is
/// asked for by the one before it.
#[test]
fn a_password_is_good_for_one_request() {
    let mut sample = Sample::found_real();
    let body = SystemBody { live: 10, ..site("register", "inner") };
    let file = sample.inner_system(body.clone());
    let own = key();
    let first = enrolling(&file, &own, &["a.acme.test"]);
    let serial = sample.enrol(first.clone()).unwrap();
    assert_eq!(sample.enrol(first.clone()), Ok(serial.clone()), "recorded is enough");
    let other = enrolling(&file, &key(), &["a.acme.test"]);
    assert_eq!(sample.enrol(other.clone()), Err(Code::CodeUsed), "what waits counts");
    sample.sequence();
    assert_eq!(sample.enrol(first.clone()), Ok(serial), "who did not hear it");
    assert_eq!(sample.enrol(other.clone()), Err(Code::CodeUsed));
    let same_key = enrolling(&file, &own, &["b.acme.test"]);
    assert_eq!(sample.enrol(same_key), Err(Code::CodeUsed));
    let certificate = sample.sign().remove(0);
    sample.sequence();
    // The challenge of the same order is another secret, and its certificate renews itself.
    sample.enrol_device(challenged(&key(), &["c.acme.test"], &file.scep_challenge)).unwrap();
    sample.sequence();
    sample.renew_system(renewing(&certificate, &own, &["a.acme.test"])).unwrap();
    sample.sequence();
    sample.sign();
    sample.sequence();
    sample.pass(91 * DAY);
    assert_eq!(sample.enrol(first), Err(Code::CodeUsed), "once its certificate is over");
    // A new order has another one.
    let renewed = sample.inner_system(body);
    assert_eq!(sample.enrol(other), Err(Code::SystemSecret));
    sample.enrol(enrolling(&renewed, &key(), &["a.acme.test"])).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_request_whose_certificate_was_given_up_keeps_its_password() {
    let mut sample = Sample::found_real();
    let file = sample.inner_system(site("register", "inner"));
    let asked = enrolling(&file, &key(), &["a.acme.test"]);
    let serial = sample.enrol(asked.clone()).unwrap();
    sample.sequence();
    sample.settle_left_behind(Serial::read(&serial).unwrap());
    sample.sequence();
    let other = enrolling(&file, &key(), &["a.acme.test"]);
    assert_eq!(sample.enrol(other), Err(Code::CodeUsed));
    assert_ne!(sample.enrol(asked).unwrap(), serial);
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// A record of before passwords were used up says nothing of one: it counts as it did.
#[test]
fn a_statement_says_which_secret_it_took() {
    let mut sample = Sample::found_real();
    let file = sample.inner_system(SystemBody { live: 10, ..site("register", "inner") });
    sample.enrol(enrolling(&file, &key(), &["a.acme.test"])).unwrap();
    let Some(Event::MachineEnrolled { statement, .. }) =
        sample.recorded.last().map(|one| &one.event)
    else {
        panic!("no use")
    };
    let said = EnrolledStatement::read(&statement.0).unwrap();
    assert!(said.password && !said.challenge && said.certificate.is_none());
    let now = FOUNDED + DAY;
    let judged = |said: EnrolledStatement| {
        let wish = sample.authority().enrol_wish(&said)?;
        sample.authority().covers_enrolment(&wish, now).map(drop)
    };
    let request = request(&key(), &["b.acme.test"]);
    let second = EnrolledStatement { request, ..said };
    assert_eq!(judged(second.clone()), Err(Code::CodeUsed));
    assert_eq!(judged(EnrolledStatement { password: false, ..second.clone() }), Ok(()));
    let both = EnrolledStatement { challenge: true, ..second };
    assert_eq!(judged(both), Err(Code::Malformed));
}

#[test]
fn without_its_password_nobody_asks_in_a_systems_name() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let other = sample.inner_system(site("register", "other"));
    let own = key();
    let good = enrolling(&file, &own, &["a.acme.test"]);
    let text = |text: &str| text.to_owned();
    for (user, password) in [
        (file.kid.clone(), text("")),
        (file.kid.clone(), other.est_password.to_string()),
        (file.kid.clone(), file.eab_hmac.to_string()),
        (file.kid.clone(), format!("{} ", file.est_password)),
        (other.kid.clone(), file.est_password.to_string()),
        (text("inner"), file.est_password.to_string()),
        (text("inner.0000000000000000"), file.est_password.to_string()),
        (text("nobody.0123456789abcdef"), file.est_password.to_string()),
    ] {
        let asked = EnrolSystem { user: user.clone(), password, ..good.clone() };
        assert_eq!(sample.enrol(asked), Err(Code::SystemSecret), "{user}");
    }
    // What was a password is none under another order.
    sample.inner_system(site("register", "inner"));
    assert_eq!(sample.enrol(good), Err(Code::SystemSecret));
    assert_eq!(sample.count("machine-enrolled"), 0);
}

#[test]
fn no_password_stands_in_a_record() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    sample.enrol(enrolling(&file, &key(), &["a.acme.test"])).unwrap();
    for record in &sample.recorded {
        let text = String::from_utf8(record.write().unwrap()).unwrap();
        assert!(!text.contains(&file.est_password.to_string()), "{text}");
    }
}

#[test]
fn by_est_a_system_has_what_its_order_covers_and_no_more() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let ask = |sample: &mut Sample, signer: &SoftwareSigner, names: &[&str]| {
        sample.enrol(enrolling(&file, signer, names)).map(drop)
    };
    for names in [&["other.test"][..], &["a.acme.test", "a.other.test"], &["127.0.0.2"]] {
        assert_eq!(ask(&mut sample, &key(), names), Err(Code::SystemNames), "{names:?}");
    }
    assert_eq!(ask(&mut sample, &key(), &[]), Err(Code::RequestMalformed));
    let officers = sample.city.officer("officer-1").signer.clone();
    assert_eq!(ask(&mut sample, &officers, &["a.acme.test"]), Err(Code::KeyForeign));
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    assert_eq!(ask(&mut sample, &ed25519, &["a.acme.test"]), Err(Code::KeyNotAllowed));
    let mut forged = enrolling(&file, &key(), &["a.acme.test"]);
    *forged.request.0.last_mut().unwrap() ^= 1;
    let forged = sample.enrol(forged);
    assert!(matches!(forged, Err(Code::RequestSignature | Code::RequestMalformed)), "{forged:?}");
    let device = Some("device".to_owned());
    let labelled = EnrolSystem { profile: device, ..enrolling(&file, &key(), &["a.acme.test"]) };
    assert_eq!(sample.enrol(labelled), Err(Code::UnknownProfile), "another label");
    // Nobody looks whether a name answers.
    let looked = sample.registered_system(site("register", "looked-at"));
    let asked = enrolling(&looked, &key(), &["a.acme.test"]);
    assert_eq!(sample.enrol(asked), Err(Code::SystemChallenge));
    assert_eq!(sample.count("machine-enrolled"), 0);
}

#[test]
fn by_est_too_a_week_has_so_many_certificates() {
    let mut sample = Sample::found();
    let file = sample.inner_system(SystemBody { live: 100, ..site("register", "inner") });
    for _ in 0..3 {
        sample.enrol(enrolling(&file, &key(), &["a.acme.test"])).unwrap();
    }
    let fourth = enrolling(&file, &key(), &["a.acme.test"]);
    assert_eq!(sample.enrol(fourth.clone()), Err(Code::SystemQuota), "what waits counts");
    sample.sequence();
    assert_eq!(sample.enrol(fourth.clone()), Err(Code::SystemQuota));
    sample.pass(WEEK);
    sample.enrol(fourth).unwrap();
    let file = sample.inner_system(SystemBody { live: 1, ..site("register", "alone") });
    sample.enrol(enrolling(&file, &key(), &["a.acme.test"])).unwrap();
    let second = enrolling(&file, &key(), &["a.acme.test"]);
    assert_eq!(sample.enrol(second), Err(Code::SystemLive));
}

#[test]
fn by_est_too_a_system_that_is_over_gets_nothing() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let asked = enrolling(&file, &key(), &["a.acme.test"]);
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(sample.enrol(asked.clone()), Err(Code::ClockMoved));
    sample.clock = Ok(());
    let order = sample.order(system(site("close", "inner")));
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.enrol(asked), Err(Code::SystemClosed), "recorded is enough");
    sample.sequence();
    let file = sample.inner_system(site("register", "late"));
    sample.pass(366 * DAY);
    let late = enrolling(&file, &key(), &["a.acme.test"]);
    assert_eq!(sample.enrol(late), Err(Code::SystemClosed), "after its last second");
}

#[test]
fn a_request_gets_another_certificate_once_its_own_has_ended() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let asked = enrolling(&file, &key(), &["a.acme.test"]);
    let first = sample.enrol(asked.clone()).unwrap();
    sample.sequence();
    sample.sign();
    sample.sequence();
    sample.pass(89 * DAY);
    assert_eq!(sample.enrol(asked.clone()), Ok(first.clone()));
    sample.pass(2 * DAY);
    assert_ne!(sample.enrol(asked).unwrap(), first);
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn a_request_gets_no_other_certificate_in_place_of_a_revoked_one() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let own = key();
    let asked = enrolling(&file, &own, &["a.acme.test"]);
    sample.enrol(asked.clone()).unwrap();
    sample.sequence();
    let certificate = sample.sign().remove(0);
    sample.sequence();
    sample.revoke_machine(revoke_by_key(&own, &certificate)).unwrap();
    assert_eq!(sample.enrol(asked.clone()), Err(Code::CertificateRevoked), "felt at once");
    sample.sequence();
    assert_eq!(sample.enrol(asked), Err(Code::CertificateRevoked));
}

#[test]
fn a_certificate_is_renewed_with_its_own_names_while_it_counts() {
    let mut sample = Sample::found();
    let file = sample.inner_system(SystemBody { live: 10, ..site("register", "inner") });
    let own = key();
    let names = ["a.acme.test", "b.acme.test"];
    let certificate = sample.enrolled(&file, &own, &names);
    for other in [&["a.acme.test"][..], &["a.acme.test", "b.acme.test", "c.acme.test"]] {
        let asked = renewing(&certificate, &key(), other);
        assert_eq!(sample.renew_system(asked), Err(Code::SystemRenewal), "{other:?}");
    }
    let foreign = renewing(&sample.context.issuing_certificate, &key(), &names);
    assert_eq!(sample.renew_system(foreign), Err(Code::CertificateForeign));
    let asked = renewing(&certificate, &key(), &["b.acme.test", "a.acme.test"]);
    let serial = sample.renew_system(asked.clone()).unwrap();
    let Some(Event::MachineEnrolled { statement, .. }) =
        sample.recorded.last().map(|one| &one.event)
    else {
        panic!("no use")
    };
    let said = EnrolledStatement::read(&statement.0).unwrap();
    assert_eq!(said.certificate, Some(certificate.der().into()), "the portal's word is told");
    assert_eq!(sample.renew_system(asked.clone()), Ok(serial.clone()));
    sample.sequence();
    assert_eq!(sample.renew_system(asked), Ok(serial.clone()));
    sample.sign();
    sample.sequence();
    sample.pass(WEEK);
    let late = renewing(&certificate, &own, &names);
    sample.pass(90 * DAY);
    assert_eq!(sample.renew_system(late.clone()), Err(Code::CertificateExpired));
    let certificate = sample.enrolled(&file, &own, &names);
    sample.revoke_machine(revoke_by_key(&own, &certificate)).unwrap();
    let revoked = renewing(&certificate, &own, &names);
    assert_eq!(sample.renew_system(revoked), Err(Code::CertificateRevoked), "felt at once");
}

/// A portal that was captured says of any certificate that it was shown it.
#[test]
fn a_portals_word_is_enough_for_few() {
    let mut sample = Sample::found();
    let body = SystemBody { per_week: 11, live: 100, ..site("register", "inner") };
    let file = sample.inner_system(body.clone());
    let own = key();
    let certificate = sample.enrolled(&file, &own, &["a.acme.test"]);
    let by_word = |sample: &mut Sample| {
        sample.renew_system(renewing(&certificate, &key(), &["a.acme.test"])).map(drop)
    };
    by_word(&mut sample).unwrap();
    sample.sequence();
    by_word(&mut sample).unwrap();
    assert_eq!(by_word(&mut sample), Err(Code::SystemQuota), "what waits counts");
    sample.sequence();
    assert_eq!(by_word(&mut sample), Err(Code::SystemQuota));
    // The certificate's own key signed the request: no word is needed.
    sample.renew_system(renewing(&certificate, &own, &["a.acme.test"])).unwrap();
    sample.sequence();
    sample.pass(WEEK);
    by_word(&mut sample).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn what_is_asked_by_est_comes_over_the_machines_process_and_no_other() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let certificate = sample.enrolled(&file, &key(), &["a.acme.test"]);
    let stranger = caller(&key(), "portal-machines");
    let public = caller(&sample.city.keys.portal, "portal-machines");
    for (from, code) in [(stranger, Code::PortalUnknown), (public, Code::NotYourRoute)] {
        let message = enrolling(&file, &key(), &["a.acme.test"]);
        let verified = VerifiedMachine::enrolling(message, sample.authority()).unwrap();
        let told = sample.decide(|reply| Command::EnrolSystem(from, Box::new(verified), reply));
        assert_eq!(told.unwrap_err(), code);
        let message = renewing(&certificate, &key(), &["a.acme.test"]);
        let verified = VerifiedMachine::renewing(message, sample.authority()).unwrap();
        let told = sample.decide(|reply| Command::RenewSystem(from, Box::new(verified), reply));
        assert_eq!(told.unwrap_err(), code);
    }
}

/// Whose turn it is, as the issuer finds it.
fn turn<T: ShowsSecret>(sample: &Sample, asked: VerifiedMachine<T>) -> VerifiedMachine<T> {
    let authority = sample.authority();
    let kid = asked.secret_named(authority.signatures());
    let Some(name) = kid.and_then(|kid| SecretName::find(authority, &kid)) else { return asked };
    let sealed = &sample.rows.tokens[&name.order];
    let token = opened((&*sample.context, authority), (&name.system, name.order), sealed).unwrap();
    name.turn(asked, &token, authority)
}

/// Whoever has no secret of an order in force has one turn with all who have none, under whichever
/// keys and users they come, and under those of a system too, which are no secret; a system has its
/// own.
#[test]
fn strangers_have_one_turn_together() {
    let mut sample = Sample::found();
    let file = sample.inner_system(site("register", "inner"));
    let good = enrolling(&file, &key(), &["a.acme.test"]);
    let by = || caller(&sample.city.keys.portal, "portal-machines");
    let enrols = |asked: EnrolSystem| {
        let asked = VerifiedMachine::enrolling(asked, sample.authority()).unwrap();
        let asked = Box::new(turn(&sample, asked));
        Command::EnrolSystem(by(), asked, Reply::open().0).source().about
    };
    let opens = |message: OpenAccount| {
        let asked = VerifiedMachine::opening(message, sample.authority()).unwrap();
        let asked = Box::new(turn(&sample, asked));
        Command::OpenAccount(by(), asked, Reply::open().0).source().about
    };
    let challenges = |challenge: &str| {
        let message = challenged(&key(), &["a.acme.test"], challenge);
        let asked = VerifiedMachine::challenged(message, sample.authority()).unwrap();
        let asked = Box::new(turn(&sample, asked));
        Command::EnrolDevice(by(), asked, Reply::open().0).source().about
    };
    assert_eq!(enrols(good.clone()), "inner");
    for user in ["", "inner", "inner.0000000000000000", "nobody.0123456789abcdef"] {
        assert_eq!(enrols(EnrolSystem { user: user.into(), ..good.clone() }), "", "{user}");
    }
    assert_eq!(enrols(EnrolSystem { password: "guessed".into(), ..good }), "");
    let other = SystemFile { kid: "inner.0000000000000000".into(), ..file.clone() };
    let guessed = SystemFile { eab_hmac: Bytes::from([7; 32]), ..file.clone() };
    for client in [Client::new(), Client::new()] {
        assert_eq!(opens(client.opening(Some(&file))), "inner");
        assert_eq!(opens(client.opening(None)), "");
        assert_eq!(opens(client.opening(Some(&other))), "");
        assert_eq!(opens(client.opening(Some(&guessed))), "");
    }
    assert_eq!(challenges(&file.scep_challenge), "inner");
    assert_eq!(challenges(&format!("{}.{}", file.kid, "0".repeat(64))), "");
    assert_eq!(challenges(&file.kid), "");
}
