//! Systems: registered by order of the unit's officers, closed by order, and ordered whole.

use crate::officer::{CertificateHolder, Reader};
use crate::sample::operate::{OFFICERS, SECURITY, agent, gate, portal, site, system, unit};
use crate::sample::{Sample, key};
use authority::OrderDigest;
use records::est::EST_SECRET;
use records::machine::{ACME_SECRET, kid, secret};
use records::order::{Body, EndingSystem, PriorState, SharedName, SystemBody, UnitAction};
use records::{Bytes, Code};
use sha2::{Digest, Sha256};

#[test]
fn a_system_is_registered_by_the_officers_of_its_unit() {
    let mut sample = Sample::found();
    let order = sample.order(system(site("register", "site")));
    let far = sample.approve(order, "officer-3").unwrap_err();
    assert_eq!(far, Code::ApproverScope, "another county's");
    sample.approve(order, OFFICERS[0]).unwrap();
    assert!(sample.authority().system("site").is_none(), "one is not enough");
    sample.approve(order, OFFICERS[1]).unwrap();
    sample.sequence();
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let state = sample.authority().system("site").unwrap();
    assert!(state.open && state.order == Bytes::from(order));
    let file = sample.newest_file();
    assert_eq!(file.kid, kid("site", &order.0));
    assert_eq!(file.expires, "2027-11-24T08:00:00Z");
}

#[test]
fn the_token_stands_nowhere_and_its_secret_in_the_file_alone() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    let state = sample.authority().system("site").unwrap();
    let (order, token_sha256) = (state.order.clone(), state.token_sha256.clone());
    let digest = authority::OrderDigest(order.digest().unwrap());
    let sealed = sample.rows.tokens[&digest].clone();
    let founding = &sample.context.founding;
    let text = digest.to_string();
    let belongs = crate::seal::SealContext {
        founding,
        purpose: "system",
        reference: &text,
        person: "site",
        profile: "server",
    };
    let token = sample.context.seal.open(&sealed, &belongs).unwrap();
    assert_eq!(Bytes::from(Sha256::digest(&*token).as_slice()), token_sha256);
    assert_eq!(sample.newest_file().eab_hmac, secret(&token, ACME_SECRET));
    assert_eq!(sample.newest_file().est_password, secret(&token, EST_SECRET));
    let is_option = |text: String| text.starts_with('-');
    assert!(!is_option(sample.newest_file().eab_hmac.to_string()), "programs read it as a value");
    let challenge = records::scep::challenge(&token, &sample.newest_file().kid);
    assert_eq!(sample.newest_file().scep_challenge, challenge);
    for record in &sample.recorded {
        let bytes = record.write().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(&Bytes(token.to_vec()).to_string()), "{text}");
    }
}

#[test]
fn whoever_is_in_charge_does_not_approve() {
    let mut sample = Sample::found();
    let leader = sample.person("officer-1");
    let body = SystemBody { leader, ..site("register", "site") };
    let order = sample.order(system(body));
    assert_eq!(sample.approve(order, "officer-1").unwrap_err(), Code::ApproverSelf);
    sample.approve(order, "officer-2").unwrap();
    sample.approve(order, "security-1").unwrap();
}

/// Whoever was in charge approves no order that takes their place or gives their system more.
#[test]
fn whoever_was_in_charge_does_not_approve() {
    let mut sample = Sample::found();
    let leader = sample.person("officer-1");
    let led = SystemBody { leader, ..site("register", "site") };
    let order = sample.order(system(led));
    sample.approved_by(order, &["officer-2", "security-1"]);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let order = sample.order(system(site("register", "site")));
    assert_eq!(sample.approve(order, "officer-1").unwrap_err(), Code::ApproverSelf);
    sample.approve(order, "officer-2").unwrap();
    sample.approve(order, "security-1").unwrap();
}

/// What moved since its closing was ordered is closed by those who answer for it now, and by nobody
/// who did before.
#[test]
fn what_moved_is_closed_by_those_who_answer_for_it_now() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    sample.done(unit(UnitAction::Create, "sz-2", "档案局", "shangzhou"), &OFFICERS);
    let closes = [system(site("close", "site")), unit(UnitAction::Close, "sz-2", "", "")];
    let closes = closes.map(|request| sample.order(request));
    let moved = SystemBody { unit: "luonan".into(), ..site("register", "site") };
    sample.done(system(moved), &SECURITY);
    sample.done(unit(UnitAction::Move, "sz-2", "", "luonan"), &SECURITY);
    for order in closes {
        assert_eq!(sample.approve(order, OFFICERS[0]).unwrap_err(), Code::ApproverScope);
        for name in ["officer-3", "security-1"] {
            sample.approve(order, name).unwrap();
        }
        assert_eq!(sample.execute(), None);
        sample.sequence();
    }
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert!(!sample.authority().system("site").unwrap().open);
    assert!(!sample.authority().unit("sz-2").unwrap().open);
}

/// Nobody takes a system from a unit in which they have no say, into their own.
#[test]
fn a_system_moves_by_those_who_answer_for_both_units() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    let body = SystemBody { unit: "luonan".into(), ..site("register", "site") };
    let order = sample.order(system(body));
    assert_eq!(sample.approve(order, "officer-3").unwrap_err(), Code::ApproverScope, "takes it");
    assert_eq!(sample.approve(order, OFFICERS[0]).unwrap_err(), Code::ApproverScope, "gives it");
    let anew = SystemBody { unit: "luonan".into(), ..site("register", "other") };
    let order = sample.order(system(anew));
    sample.approve(order, "officer-3").unwrap();
}

#[test]
fn a_system_is_ordered_whole() {
    let mut sample = Sample::found();
    let good = || site("register", "site");
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let bad: Vec<(SystemBody, Code)> = vec![
        (SystemBody { system: "Site".into(), ..good() }, Code::Malformed),
        (SystemBody { name: String::new(), ..good() }, Code::Malformed),
        (SystemBody { unit: "nowhere".into(), ..good() }, Code::UnitUnknown),
        (SystemBody { leader: "0123456789ABCDEF".into(), ..good() }, Code::PersonUnknown),
        (SystemBody { names: names(&["ACME.test"]), ..good() }, Code::Malformed),
        (SystemBody { names: names(&["*.test"]), ..good() }, Code::Malformed),
        (SystemBody { addresses: names(&["127.0.0.0/8"]), ..good() }, Code::Malformed),
        (SystemBody { names: names(&[]), addresses: names(&[]), ..good() }, Code::Malformed),
        (SystemBody { profile: "official".into(), ..good() }, Code::UnknownProfile),
        (SystemBody { profile: "service".into(), ..good() }, Code::UnknownProfile),
        (SystemBody { profile: "device".into(), ..good() }, Code::SystemNames),
        (SystemBody { per_week: 0, ..good() }, Code::Malformed),
        (SystemBody { live: 0, ..good() }, Code::Malformed),
        (SystemBody { accounts: 0, ..good() }, Code::Malformed),
        (SystemBody { per_week: 1_000_001, ..good() }, Code::Malformed),
        (SystemBody { live: 1_000_001, ..good() }, Code::Malformed),
        (SystemBody { accounts: u32::MAX, ..good() }, Code::Malformed),
        (SystemBody { until: "2026-11-23T08:00:00Z".into(), ..good() }, Code::Malformed),
        (SystemBody { until: "2099-01-01T00:00:00Z".into(), ..good() }, Code::Malformed),
        (SystemBody { until: String::new(), ..good() }, Code::Malformed),
        (site("rename", "site"), Code::Malformed),
        (site("close", "site"), Code::NotFound),
    ];
    for (body, code) in bad {
        assert_eq!(sample.operator(system(body.clone())).unwrap_err(), code, "{body:?}");
        assert!(sample.effects.is_empty() && sample.rows.tokens.is_empty(), "{body:?}");
    }
    let many = (0..=records::order::SYSTEM_NAMES_MAX).map(|one| format!("a{one}.test"));
    let many = SystemBody { names: many.collect(), ..good() };
    assert_eq!(sample.operator(system(many)).unwrap_err(), Code::Malformed);
    // Nobody chooses the token.
    let (per_week, live, accounts) = (1_000_000, 1_000_000, 1_000_000);
    let chosen = SystemBody { token_sha256: [7; 32].into(), per_week, live, accounts, ..good() };
    sample.operator(system(chosen)).unwrap();
    let order = sample.newest_order();
    let (_, body) = sample.authority().open(order, sample.city.now).unwrap();
    let Body::System(body) = &*body else { panic!("{body:?}") };
    assert_ne!(body.token_sha256, Bytes::from([7; 32]));
}

#[test]
fn whoever_closes_a_system_names_it_and_reads_what_ends() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    let body = SystemBody { unit: "city".into(), names: Vec::new(), ..site("close", "site") };
    let order = sample.order(system(body));
    let (_, made) = sample.authority().open(order, sample.city.now).unwrap();
    let Body::System(made) = &*made else { panic!("{made:?}") };
    assert_eq!((made.unit.as_str(), made.names.len()), ("sz-office", 2));
    assert!(made.until.is_empty() && made.token_sha256.0.is_empty() && made.operator.is_none());
    sample.clock = Err(Code::ClockMoved);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None, "a brake");
    let now = sample.city.now;
    let closed = sample.authority().check_system("site", now).map(drop);
    assert_eq!(closed, Err(Code::SystemClosed), "recorded is enough");
    sample.sequence();
    assert!(!sample.authority().system("site").unwrap().open);
}

#[test]
fn a_system_ends_with_its_unit_and_with_its_time() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    let now = sample.city.now;
    assert!(sample.authority().check_system("site", now).is_ok());
    let until = records::time::read("2027-11-24T08:00:00Z").unwrap();
    assert!(sample.authority().check_system("site", until).is_ok());
    let late = sample.authority().check_system("site", until + 1).map(drop);
    assert_eq!(late, Err(Code::SystemClosed));
    sample.done(unit(UnitAction::Close, "sz-office", "", ""), &SECURITY);
    let over = sample.authority().check_system("site", now).map(drop);
    assert_eq!(over, Err(Code::SystemClosed));
    let again = sample.operator(system(site("register", "other"))).unwrap_err();
    assert_eq!(again, Code::UnitUnknown, "nor is one registered there");
}

/// Whoever approves that a system is registered anew reads who ran it, and who was told of it: what
/// opens that comes with the order, and without it there is none. What closes it waits for no row.
#[test]
fn who_ran_a_system_comes_with_the_order_that_replaces_it() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    let was = sample.authority().system("site").unwrap().clone();
    let opened = |sample: &Sample, order: OrderDigest| {
        let (order_read, _) = sample.authority().open(order, sample.city.now).unwrap();
        let held = order_read.commitments().unwrap();
        let disclosures = &sample.rows.orders[&order].disclosures;
        order_read.check_disclosures(disclosures).unwrap();
        [("/operator", &was.operator), ("/contact", &was.contact)].map(|(path, one)| {
            let one = one.clone().unwrap();
            held.contains(&(path.to_owned(), one.clone()))
                && disclosures.iter().any(|each| each.commitment().unwrap() == one)
        })
    };
    let again = sample.order(system(site("register", "site")));
    assert_eq!(opened(&sample, again), [true, true]);
    let close = sample.order(system(site("close", "site")));
    assert_eq!(opened(&sample, close), [true, true]);
    // A row that is spoiled keeps a change back, and no brake.
    let digest = OrderDigest(was.order.digest().unwrap());
    sample.rows.orders.get_mut(&digest).unwrap().disclosures.clear();
    let spoiled = sample.operator(system(site("register", "site"))).unwrap_err();
    assert_eq!(spoiled, Code::UnsignedAuthority);
    let close = sample.order(system(site("close", "site")));
    assert_eq!(opened(&sample, close), [false, false]);
    sample.approved_by(close, &OFFICERS);
    assert_eq!(sample.execute(), None);
}

/// Its systems end with a unit, and lose every certificate: the order says which.
#[test]
fn whoever_closes_a_unit_reads_which_systems_end() {
    let mut sample = Sample::found();
    for id in ["site", "gone"] {
        sample.registered_system(site("register", id));
    }
    sample.done(system(site("close", "gone")), &OFFICERS);
    let before = |sample: &Sample, order: OrderDigest| {
        let (order, _) = sample.authority().open(order, sample.city.now).unwrap();
        order.parts().unwrap().1
    };
    let close = sample.order(unit(UnitAction::Close, "sz-office", "", ""));
    let Some(PriorState::Unit(held)) = before(&sample, close) else { panic!("no unit") };
    let named =
        EndingSystem { system: "site".into(), name: "门户网站".into(), certificates: 0 };
    assert_eq!((held.systems, held.more_systems), (vec![named], 0));
    let moved = sample.order(unit(UnitAction::Move, "sz-office", "", "luonan"));
    let Some(PriorState::Unit(held)) = before(&sample, moved) else { panic!("no unit") };
    assert!(held.systems.is_empty());
}

/// What a system has is read by who is in charge of it, by whatever certificate, and by the staff
/// of its unit.
#[test]
fn what_a_system_has_is_its_owners_and_its_units_business() {
    let mut sample = Sample::found();
    sample.registered_system(site("register", "site"));
    let (authority, now) = (sample.authority(), sample.city.now);
    let holder = CertificateHolder::system(authority, "site").unwrap();
    let reads = |person: String, is_staff| {
        holder.is_readable_by(authority, &Reader { person, is_staff }, now)
    };
    assert!(reads(site("register", "site").leader, false), "who is in charge");
    assert!(reads(sample.person("officer-1"), true));
    assert!(!reads(sample.person("officer-1"), false), "by a certificate of officials");
    assert!(!reads(sample.person("officer-3"), true), "another county's");
    assert!(CertificateHolder::system(authority, "other").is_none());
}

/// Certificates are listed by their ends, page by page, and counted by the week.
#[test]
fn what_a_system_has_is_listed_and_counted() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    for (order, name) in [("1", "a.acme.test"), ("2", "b.acme.test")] {
        sample.finalize(client.finalize(order, &key(), &[name])).unwrap();
        sample.sequence();
        sample.sign();
        sample.sequence();
    }
    let (authority, now) = (sample.authority(), sample.city.now);
    let all: Vec<_> = authority.living_behind("site", None).collect();
    assert_eq!(all.len(), 2);
    assert!(all.is_sorted());
    let behind: Vec<_> = authority.living_behind("site", Some(all[0])).collect();
    assert_eq!(behind, all[1..]);
    assert_eq!(authority.living_behind("sit", None).count(), 0);
    assert_eq!(authority.used_in_week("site", now), 2);
    assert_eq!(authority.used_in_week("site", now + 7 * 86_400), 0, "another week");
    let ids = |after: &str| authority.systems_behind(after).map(|(id, _)| id.to_owned()).next();
    assert_eq!((ids(""), ids("site")), (Some("site".to_owned()), None));
}

/// With whom an order shares names, as it was signed.
fn shared(sample: &Sample, order: OrderDigest) -> Vec<String> {
    let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
    let one = |one: &SharedName| format!("{} {}:{}", one.name, one.of, one.id);
    read.basis.shared.iter().map(one).collect()
}

/// Whoever approves names reads who has them already, or names that cover them: another system, a
/// gate or a portal. Once somebody else gets one meanwhile it is another order.
#[test]
fn names_that_others_have_are_read_of() {
    let mut sample = Sample::found();
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    sample.done(portal("register", "portal-2", (&key(), &key())), &SECURITY);
    let first = sample.order(system(site("register", "site")));
    assert!(shared(&sample, first).is_empty());
    let mut other = site("register", "other");
    other.names = ["a.acme.test", "exchange.example", "staff-2.example"].map(str::to_owned).into();
    other.addresses = Vec::new();
    sample.registered_system(other.clone());
    assert_eq!(sample.approve(first, OFFICERS[0]).map(drop), Err(Code::StateConflict));
    let second = sample.order(system(site("register", "site")));
    assert_eq!(shared(&sample, second), ["a.acme.test system:other"]);
    sample.approved_by(second, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    // Registered anew a system shares nothing with itself, and one that is closed nothing at all.
    let anew = sample.order(system(other));
    let told = ["*.acme.test system:site", "exchange.example agent:gate-1"];
    assert_eq!(shared(&sample, anew), [&told[..], &["staff-2.example portal:portal-2"]].concat());
    let closes = sample.order(system(site("close", "other")));
    assert!(shared(&sample, closes).is_empty());
    let again = sample.order(agent(gate("register", "gate-2")));
    assert_eq!(shared(&sample, again), ["exchange.example system:other"], "not the same gate's");
    sample.done(system(site("close", "other")), &OFFICERS);
    assert!(sample.approve(again, SECURITY[0]).is_ok(), "that nobody else has it is no loss");
}
