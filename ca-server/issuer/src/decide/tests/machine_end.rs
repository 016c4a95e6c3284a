//! How certificates of systems end: by the key of an account of the system, by their own, and with
//! the system.

use crate::command::{Command, Reply};
use crate::sample::act::caller;
use crate::sample::machines::{Client, revoke_by_key};
use crate::sample::operate::{OFFICERS, SECURITY, site, system, unit};
use crate::sample::{Sample, key};
use crate::verify::VerifiedMachine;
use ca_host::operator::OperatorRequest;
use pki::Signer;
use records::Code;
use records::machine::RevokeMachine;
use records::order::{Body, PriorState, RevokedSystem, SystemBody, UnitAction};
use records::record::{Cause, Event};
use serde_json::json;

#[test]
fn an_account_revokes_what_its_system_has() {
    let mut sample = Sample::found();
    let (file, client) = sample.site_with_client();
    let certificate = sample.certified(&client, "1", "a.acme.test");
    let serial = certificate.serial().to_string();
    let other = sample.registered_system(site("register", "other"));
    let stranger = sample.client_of(&other);
    let theirs = sample.revoke_machine(stranger.revoke(&certificate, json!(1)));
    assert_eq!(theirs, Err(Code::CertificateForeign), "another system's");
    let odd = sample.revoke_machine(client.revoke(&certificate, json!(6)));
    assert_eq!(odd, Err(Code::RevocationReason), "a hold is none");
    let colleague = sample.client_of(&file);
    sample.clock = Err(Code::ClockMoved);
    sample.revoke_machine(colleague.revoke(&certificate, json!(1))).unwrap();
    sample.clock = Ok(());
    assert!(sample.authority().is_ended(&serial), "felt at once");
    let again = sample.revoke_machine(client.revoke(&certificate, json!(1)));
    assert_eq!(again, Err(Code::CertificateRevoked));
    sample.sequence();
    let revoked = sample.authority().revoked_as(&serial).unwrap();
    assert_eq!(revoked.reason, "keyCompromise");
    let last = records::time::read("2027-11-24T08:00:00Z").unwrap() + 91 * 86_400;
    assert_eq!(revoked.not_after, last, "it leaves the list once no order lets it count");
    let told = |event: &Event| matches!(event, Event::Revoked { cause: Cause::Machine { .. }, .. });
    assert_eq!(sample.recorded.iter().filter(|one| told(&one.event)).count(), 1);
}

#[test]
fn what_was_told_as_revoked_stays_so_whatever_a_database_loses() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let certificate = sample.certified(&client, "1", "a.acme.test");
    sample.revoke_machine(client.revoke(&certificate, json!(null))).unwrap();
    sample.take_away(|event| matches!(event, Event::Revoked { .. }));
    assert!(sample.authority().is_ended(&certificate.serial().to_string()));
    sample.deactivate(client.deactivate()).unwrap();
    sample.take_away(|event| matches!(event, Event::MachineClosed { .. }));
    let asked = client.finalize("2", &key(), &["b.acme.test"]);
    assert_eq!(sample.finalize(asked), Err(Code::AccountClosed));
}

/// What a system revokes is one certificate: a copy of that record that names another one beside
/// it, though that has ended as well, is told by nobody.
#[test]
fn what_a_system_revokes_is_named_alone() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let first = sample.certified(&client, "1", "a.acme.test");
    sample.revoke_machine(client.revoke(&first, json!(null))).unwrap();
    sample.sequence();
    let second = sample.certified(&client, "2", "b.acme.test");
    sample.revoke_machine(client.revoke(&second, json!(null))).unwrap();
    let revoked = sample.recorded.iter().rev().map(|one| one.event.clone());
    let mut revoked = revoked.filter(|event| matches!(event, Event::Revoked { .. }));
    let mut event = revoked.next().unwrap();
    assert!(sample.authority().is_of_brake(&event));
    if let Event::Revoked { certificates, .. } = &mut event {
        let mut also = certificates[0].clone();
        also.serial = first.serial().to_string();
        certificates.push(also);
    }
    assert!(!sample.authority().is_of_brake(&event));
}

#[test]
fn a_certificates_own_key_revokes_it_and_no_other() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let own = key();
    sample.finalize(client.finalize("1", &own, &["a.acme.test"])).unwrap();
    sample.sequence();
    let certificate = sample.sign().remove(0);
    sample.sequence();
    let forged = sample.revoke_machine(revoke_by_key(&key(), &certificate));
    assert_eq!(forged, Err(Code::JwsSignature), "another key");
    let officers = sample.city.officer("officer-1").certificate.clone();
    let signer = sample.city.officer("officer-1").signer.clone();
    let person = sample.revoke_machine(revoke_by_key(&signer, &officers));
    assert_eq!(person, Err(Code::CertificateForeign), "a person's ends by other ways");
    let mut as_account = revoke_by_key(&own, &certificate);
    as_account.account = Some(client.account());
    assert_eq!(sample.revoke_machine(as_account), Err(Code::JwsMalformed));
    let unnamed = RevokeMachine { account: None, ..client.revoke(&certificate, json!(1)) };
    assert_eq!(sample.revoke_machine(unnamed), Err(Code::JwsMalformed));
    sample.revoke_machine(revoke_by_key(&own, &certificate)).unwrap();
    sample.sequence();
    // The key of what was revoked is certified for nobody any more.
    let again = client.finalize("2", &own, &["a.acme.test"]);
    assert_eq!(sample.finalize(again), Err(Code::KeyForeign));
}

/// Whoever has one certificate and has it ended again and again waits for themselves.
#[test]
fn each_certificate_that_its_own_key_ends_has_its_turn() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let (own, other) = (key(), key());
    for (number, signer) in [("1", &own), ("2", &other)] {
        sample.finalize(client.finalize(number, signer, &["a.acme.test"])).unwrap();
    }
    sample.sequence();
    let certificates = sample.sign();
    sample.sequence();
    let turn = |message: RevokeMachine| {
        let asked = VerifiedMachine::revoking(message, sample.authority()).unwrap();
        let by = caller(&sample.city.keys.portal, "portal-machines");
        Command::RevokeMachine(by, Box::new(asked), Reply::open().0).source().about
    };
    for signer in [&own, &other] {
        let is_its = |one: &&pki::Certificate| one.key().spki() == signer.public_key().spki();
        let certificate = certificates.iter().find(is_its).unwrap();
        let serial = certificate.serial().to_string();
        assert_eq!(turn(revoke_by_key(signer, certificate)), serial);
        assert_eq!(turn(client.revoke(certificate, json!(1))), client.account());
    }
}

#[test]
fn a_closed_account_revokes_nothing() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let certificate = sample.certified(&client, "1", "a.acme.test");
    sample.deactivate(client.deactivate()).unwrap();
    sample.sequence();
    let late = sample.revoke_machine(client.revoke(&certificate, json!(1)));
    assert_eq!(late, Err(Code::AccountClosed));
    let nobody = Client::new();
    let unknown = sample.revoke_machine(nobody.revoke(&certificate, json!(1)));
    assert_eq!(unknown, Err(Code::AccountUnknown));
}

/// An account had a certificate revoked, and was closed then, or got another key. Whoever takes the
/// record away has it come behind those, and takes nothing back.
#[test]
fn what_an_account_revoked_outlasts_its_key_and_its_end() {
    for closes in [true, false] {
        let mut sample = Sample::found();
        let (_, client) = sample.site_with_client();
        let certificate = sample.certified(&client, "1", "a.acme.test");
        let serial = certificate.serial().to_string();
        sample.revoke_machine(client.revoke(&certificate, json!(1))).unwrap();
        match closes {
            true => sample.deactivate(client.deactivate()).unwrap(),
            false => drop(sample.change_key(client.change_key(&Client::new())).unwrap()),
        }
        sample.take_away(|event| matches!(event, Event::Revoked { .. }));
        sample.round((&[], &[]), |_| ());
        assert!(matches!(sample.waiting().last().unwrap().event, Event::Revoked { .. }));
        sample.sequence();
        assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
        assert!(sample.authority().is_ended(&serial));
    }
}

/// While an account gets another key the old one closes it no more, and closes nothing in vain; a
/// revocation by the old one counts, and by neither is anything asked for.
#[test]
fn an_account_that_gets_another_key_is_closed_by_that() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let certificate = sample.certified(&client, "1", "a.acme.test");
    let other = sample.certified(&client, "2", "b.acme.test");
    let new = Client::new();
    sample.change_key(client.change_key(&new)).unwrap();
    assert_eq!(sample.deactivate(client.deactivate()), Err(Code::NotReady));
    sample.revoke_machine(client.revoke(&certificate, json!(1))).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert!(sample.authority().is_ended(&certificate.serial().to_string()));
    let former = sample.revoke_machine(client.revoke(&other, json!(1)));
    assert_eq!(former, Err(Code::JwsSignature), "it signs for nothing new");
    assert_eq!(sample.deactivate(client.deactivate()), Err(Code::JwsSignature));
    sample.deactivate(client.with_key(&new).deactivate()).unwrap();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn all_that_a_system_has_ends_with_it() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let one = sample.certified(&client, "1", "a.acme.test").serial().to_string();
    let pending = sample.finalize(client.finalize("2", &key(), &["b.acme.test"])).unwrap();
    sample.sequence();
    assert!(!sample.end_systems(), "nothing is over");
    let order = sample.order(system(site("close", "site")));
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.end_systems(), "in the round that carries the order out");
    assert!(sample.authority().is_ended(&one) && sample.authority().is_ended(&pending));
    assert!(!sample.end_systems(), "once");
    assert!(sample.sign().is_empty(), "what is over is not signed");
    sample.sequence();
    assert!(sample.authority().is_ended(&one) && sample.authority().is_ended(&pending));
    assert!(!sample.end_systems());
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    // Registered anew, nothing of before counts.
    sample.registered_system(site("register", "site"));
    assert!(!sample.end_systems() && sample.authority().is_ended(&one));
}

#[test]
fn what_ended_follows_from_the_log_and_not_from_a_record_that_vanished() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let one = sample.certified(&client, "1", "a.acme.test").serial().to_string();
    sample.done(unit(UnitAction::Close, "sz-office", "", ""), &SECURITY);
    assert!(sample.end_systems(), "its unit is closed");
    sample.take_away(|event| matches!(event, Event::Revoked { .. }));
    assert!(!sample.authority().is_ended(&one));
    let early = sample.operator(system(site("register", "site"))).unwrap_err();
    assert_eq!(early, Code::UnitUnknown);
    assert!(sample.end_systems(), "again");
    sample.sequence();
    assert!(sample.authority().is_ended(&one) && !sample.end_systems());
}

#[test]
fn officers_revoke_what_a_system_of_their_unit_has() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let certificate = sample.certified(&client, "1", "a.acme.test");
    let serial = certificate.serial().to_string();
    let elsewhere = sample.revoke("officer-3", &serial, "keyCompromise");
    assert_eq!(elsewhere, Err(Code::ApproverScope));
    sample.asks("officer-1", &serial, "keyCompromise").unwrap();
    let order = sample.newest_order();
    let (_, body) = sample.authority().open(order, sample.city.now).unwrap();
    let Body::Revoke(body) = &*body else { panic!("{body:?}") };
    let (name, unit) = ("门户网站".to_owned(), "sz-office".to_owned());
    assert_eq!(body.system, Some(RevokedSystem { system: "site".into(), name, unit }));
    assert_eq!(body.person, site("register", "site").leader, "who decides nothing about it");
    // A brake: neither the clock nor the tree has to be right.
    sample.clock = Err(Code::ClockMoved);
    for name in OFFICERS {
        sample.approve(order, name).unwrap();
    }
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    sample.clock = Ok(());
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(sample.authority().revoked_as(&serial).unwrap().reason, "keyCompromise");
    let again = sample.asks("officer-1", &serial, "keyCompromise");
    assert_eq!(again.map(drop), Err(Code::StateConflict), "it is over");
}

/// A system that is registered anew meanwhile, under another name and in charge of somebody else,
/// keeps no revocation back; nobody decides about it who is, or was, in charge.
#[test]
fn a_system_that_is_registered_anew_holds_no_revocation_up() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let serial = sample.certified(&client, "1", "a.acme.test").serial().to_string();
    sample.asks("officer-1", &serial, "keyCompromise").unwrap();
    let order = sample.newest_order();
    sample.sequence();
    let (leader, name) = (sample.person("officer-2"), "新门户".to_owned());
    let anew = SystemBody { leader, name, ..site("register", "site") };
    let anew = sample.order(system(anew));
    sample.approved_by(anew, &["officer-1", "security-1"]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.authority().system("site").unwrap().name, "新门户");
    assert_eq!(sample.approve(order, "officer-2").unwrap_err(), Code::ApproverSelf);
    for name in ["officer-1", "security-1"] {
        sample.approve(order, name).unwrap();
    }
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn an_operator_names_certificates_of_one_system() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let certificate = sample.certified(&client, "1", "a.acme.test");
    let serial = certificate.serial().to_string();
    let file = sample.registered_system(site("register", "other"));
    let other = sample.client_of(&file);
    let theirs = sample.certified(&other, "1", "b.acme.test").serial().to_string();
    let revoke = |system: &str, serials: &[&str]| OperatorRequest::Revoke {
        person: format!("system:{system}"),
        serials: serials.iter().map(|&serial| serial.to_owned()).collect(),
        reason: "superseded".into(),
        evidence: "主管来函".into(),
    };
    for (system, serials, code) in [
        ("site", &[theirs.as_str()][..], Code::StateConflict),
        ("site", &[], Code::StateConflict),
        ("site", &[serial.as_str(), theirs.as_str()], Code::StateConflict),
        ("nobody", &[serial.as_str()], Code::NotFound),
    ] {
        let told = sample.operator(revoke(system, serials)).map(drop);
        assert_eq!(told, Err(code), "{system} {serials:?}");
    }
    sample.done(revoke("site", &[&serial]), &OFFICERS);
    assert!(sample.authority().is_revoked(&serial) && !sample.authority().is_revoked(&theirs));
    sample.finalize(client.finalize("2", &key(), &["c.acme.test"])).unwrap();
}

/// What is revoked with a system, or with its unit, is told before somebody consents to it.
#[test]
fn how_much_is_revoked_with_a_system_stands_in_its_order() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let certificate = sample.certified(&client, "1", "a.acme.test");
    let told = |sample: &mut Sample, request| {
        let order = sample.order(request);
        let (order, _) = sample.authority().open(order, sample.city.now).unwrap();
        match order.parts().unwrap().1 {
            Some(PriorState::System(held)) => held.certificates,
            Some(PriorState::Unit(held)) => held.systems.iter().map(|one| one.certificates).sum(),
            other => panic!("{other:?}"),
        }
    };
    let close_unit = || unit(UnitAction::Close, "sz-office", "", "");
    assert_eq!(told(&mut sample, system(site("register", "site"))), 0, "it stands");
    assert_eq!(told(&mut sample, system(site("close", "site"))), 1);
    assert_eq!(told(&mut sample, close_unit()), 1);
    sample.asks("officer-1", &certificate.serial().to_string(), "keyCompromise").unwrap();
    let order = sample.newest_order();
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(told(&mut sample, system(site("close", "site"))), 0, "it is revoked already");
}
