//! Systems in the log: what a hand writes there without a key's signature has no effect, and what
//! was kept of them is what a replay gives.

use authority::{Authority, Serial, read_account};
use jose::FlatJws;
use keys::{SoftwareSigner, TokenKey};
use pki::host::Host;
use records::bytes::Bytes;
use records::code::Code;
use records::est::EnrolledStatement;
use records::machine::AccountStatement;
use records::order::{Body, SystemBody};
use records::record::{Cause, Event};
use sample_city::{SampleCity, named, sha256};
use serde_json::{Value, json};

const OFFICERS: [&str; 2] = ["officer-1", "officer-2"];

/// A site's order.
pub(crate) fn site(action: &str) -> Body {
    let closes = action == "close";
    let text = |text: &[u8]| (!closes).then(|| sha256(text));
    Body::System(Box::new(SystemBody {
        action: action.into(),
        system: "site".into(),
        name: "门户网站".into(),
        unit: "sz-office".into(),
        leader: "000000000000A0D1".into(),
        operator: text(b"operator"),
        contact: text(b"contact"),
        names: vec!["*.acme.test".into()],
        wildcards: false,
        addresses: Vec::new(),
        profile: "server".into(),
        per_week: 2,
        live: 2,
        accounts: 2,
        challenges: false,
        until: if closes { String::new() } else { "2027-11-24T08:00:00Z".into() },
        token_sha256: if closes { Bytes::default() } else { sha256(b"token") },
    }))
}

fn jwk(key: &TokenKey) -> Value {
    let (x, y) = key.coordinates();
    json!({ "kty": "EC", "crv": "P-256", "x": Bytes::from(x), "y": Bytes::from(y) })
}

fn signed(key: &TokenKey, header: &Value, payload: &Value) -> FlatJws {
    let (header, payload) = (header.to_string(), payload.to_string());
    let unsigned = FlatJws::of_parts(header.as_bytes(), payload.as_bytes(), &[]);
    let signature = key.sign(&unsigned.signing_input()).unwrap();
    FlatJws::of_parts(header.as_bytes(), payload.as_bytes(), &signature)
}

fn account(key: &TokenKey) -> String {
    let read: jose::Jwk = serde_json::from_value(jwk(key)).unwrap();
    read.thumbprint()
}

/// What the registry key, or whoever, signs about an account.
fn opened(city: &SampleCity, key: &TokenKey, order: Bytes, registry: &SoftwareSigner) -> Event {
    let header = json!({
        "alg": "ES256", "url": "https://m.example/new-account", "jwk": jwk(key),
    });
    let said = AccountStatement {
        v: 1,
        founding: city.founding.into(),
        system: "site".into(),
        order,
        account: account(key),
    };
    let (statement, signature) = said.sign(registry).unwrap();
    Event::MachineAccount { jws: signed(key, &header, &json!({})), statement, signature }
}

/// A use for a name under an order of ACME.
fn used(city: &mut SampleCity, key: &TokenKey, (order, name): (&str, &str)) -> (Serial, Event) {
    let own = SoftwareSigner::generate_p256().unwrap();
    let host = Host::read_for(name, true).unwrap();
    let csr = Bytes::from(keys::request_for(&own, &[host]).unwrap().der());
    let header = json!({
        "alg": "ES256", "url": format!("https://m.example/order/{order}/finalize"),
        "kid": format!("https://m.example/account/{}", account(key)),
    });
    let serial = city.serial();
    let event = Event::MachineUse {
        account: account(key),
        jws: signed(key, &header, &json!({ "csr": csr })),
        vouched: Vec::new(),
        serial: serial.to_string(),
        tbs_sha256: sha256(b"tbs"),
    };
    (Serial::of(&serial).unwrap(), event)
}

fn registered() -> (SampleCity, Bytes) {
    let mut city = SampleCity::found();
    let order = city.done(&site("register"), &OFFICERS);
    (city, named(order))
}

#[test]
fn an_account_counts_under_the_registry_keys_signature_alone() {
    let (mut city, order) = registered();
    let (key, keys) = (TokenKey::generate().unwrap(), city.keys.clone());
    let code = |city: &mut SampleCity, event: Event| city.apply(event).unwrap_err().code;
    let forged = opened(&city, &key, order.clone(), &keys.issuing);
    assert_eq!(code(&mut city, forged), Code::UnsignedAuthority, "another key");
    let other = opened(&city, &key, sha256(b"order"), &keys.registry);
    assert_eq!(code(&mut city, other), Code::UnsignedAuthority, "another order");
    let good = opened(&city, &key, order.clone(), &keys.registry);
    let stranger = TokenKey::generate().unwrap();
    let theirs = opened(&city, &stranger, order, &keys.registry);
    let (Event::MachineAccount { jws, .. }, Event::MachineAccount { statement, signature, .. }) =
        (theirs, good.clone())
    else {
        unreachable!()
    };
    let exchanged = Event::MachineAccount { jws, statement, signature };
    assert_eq!(code(&mut city, exchanged), Code::UnsignedAuthority, "another's request");
    city.apply(good.clone()).unwrap();
    assert_eq!(code(&mut city, good), Code::KeyForeign, "once");
}

#[test]
fn a_use_counts_as_its_account_signed_it() {
    let (mut city, order) = registered();
    let (key, other) = (TokenKey::generate().unwrap(), TokenKey::generate().unwrap());
    let registry = city.keys.clone();
    let event = opened(&city, &key, order, &registry.registry);
    let code = |city: &mut SampleCity, event: Event| city.apply(event).unwrap_err().code;
    let (_, early) = used(&mut city, &key, ("1", "a.acme.test"));
    assert_eq!(code(&mut city, early), Code::AccountUnknown);
    city.apply(event).unwrap();
    let (_, mut forged) = used(&mut city, &key, ("1", "a.acme.test"));
    let (_, by_other) = used(&mut city, &other, ("1", "a.acme.test"));
    if let (Event::MachineUse { jws, .. }, Event::MachineUse { jws: theirs, .. }) =
        (&mut forged, by_other)
    {
        jws.signature = theirs.signature;
    }
    assert_eq!(code(&mut city, forged), Code::JwsSignature);
    let (_, beyond) = used(&mut city, &key, ("1", "a.other.test"));
    assert_eq!(code(&mut city, beyond), Code::SystemNames);
    let (first, event) = used(&mut city, &key, ("1", "a.acme.test"));
    city.apply(event.clone()).unwrap();
    assert_eq!(code(&mut city, event), Code::StateConflict, "once");
    assert_eq!(city.authority.subject_of(&first), Some("system:site"));
    let (_, event) = used(&mut city, &key, ("2", "b.acme.test"));
    city.apply(event).unwrap();
    let (_, third) = used(&mut city, &key, ("3", "c.acme.test"));
    assert_eq!(code(&mut city, third), Code::SystemQuota);
}

/// A use by EST, as the registry key, or whoever, says that it was asked for.
fn enrolled(city: &mut SampleCity, order: &Bytes, name: &str, registry: &SoftwareSigner) -> Event {
    let own = SoftwareSigner::generate_p256().unwrap();
    let host = Host::read_for(name, true).unwrap();
    let said = EnrolledStatement {
        v: 1,
        founding: city.founding.into(),
        system: "site".into(),
        order: order.clone(),
        request: keys::request_for(&own, &[host]).unwrap().der().into(),
        ..EnrolledStatement::default()
    };
    let (statement, signature) = said.sign(registry).unwrap();
    let serial = city.serial().to_string();
    Event::MachineEnrolled { statement, signature, serial, tbs_sha256: sha256(b"tbs") }
}

#[test]
fn an_enrolment_counts_under_the_registry_keys_signature_alone() {
    let (mut city, order) = registered();
    let keys = city.keys.clone();
    let code = |city: &mut SampleCity, event: Event| city.apply(event).unwrap_err().code;
    let forged = enrolled(&mut city, &order, "a.acme.test", &keys.issuing);
    assert_eq!(code(&mut city, forged), Code::UnsignedAuthority, "another key");
    let other = enrolled(&mut city, &sha256(b"order"), "a.acme.test", &keys.registry);
    assert_eq!(code(&mut city, other), Code::UnsignedAuthority, "another order");
    let beyond = enrolled(&mut city, &order, "a.other.test", &keys.registry);
    assert_eq!(code(&mut city, beyond), Code::SystemNames, "whoever signed it");
    let good = enrolled(&mut city, &order, "a.acme.test", &keys.registry);
    city.apply(good.clone()).unwrap();
    assert_eq!(code(&mut city, good), Code::StateConflict, "once");
    let second = enrolled(&mut city, &order, "b.acme.test", &keys.registry);
    city.apply(second).unwrap();
    let third = enrolled(&mut city, &order, "c.acme.test", &keys.registry);
    assert_eq!(code(&mut city, third), Code::SystemQuota);
    let parts = city.authority.parts();
    let again = Authority::from_parts(&city.founding, &parts).unwrap();
    assert_eq!(again.parts(), parts);
}

/// What waits for the tree takes a system's places where the registry key signed it: a hand that
/// lays accounts and uses there keeps nobody from theirs.
#[test]
fn what_waits_of_a_system_takes_its_places_under_a_signature_alone() {
    let (mut city, order) = registered();
    let keys = city.keys.clone();
    let wait = |city: &mut SampleCity, registry: &SoftwareSigner| {
        let event = opened(city, &TokenKey::generate().unwrap(), order.clone(), registry);
        city.pending(event);
        let event = enrolled(city, &order, "a.acme.test", registry);
        city.pending(event);
    };
    let next = |city: &mut SampleCity| {
        let key = TokenKey::generate().unwrap();
        let account = opened(city, &key, order.clone(), &keys.registry);
        let used = enrolled(city, &order, "b.acme.test", &keys.registry);
        let mut before = city.authority.clone();
        let records = [account, used].map(|event| city.record(event));
        records.map(|record| before.apply(&record).err().map(|unsigned| unsigned.code))
    };
    for _ in 0..3 {
        wait(&mut city, &keys.issuing);
    }
    assert_eq!(next(&mut city), [None, None]);
    for _ in 0..2 {
        wait(&mut city, &keys.registry);
    }
    assert!(next(&mut city).iter().all(Option::is_some), "what is signed takes them");
}

/// A hand lays copies of what the log knows, or of what waits, into the queue: each use counts
/// once, and the system has its next one.
#[test]
fn copies_of_a_use_that_wait_use_nothing_up() {
    let (mut city, order) = registered();
    let (key, keys) = (TokenKey::generate().unwrap(), city.keys.clone());
    let account = opened(&city, &key, order.clone(), &keys.registry);
    city.apply(account).unwrap();
    let (_, by_account) = used(&mut city, &key, ("1", "a.acme.test"));
    let by_word = enrolled(&mut city, &order, "a.acme.test", &keys.registry);
    for event in [by_account, by_word] {
        let mut city = city.clone();
        for _ in 0..3 {
            city.pending(event.clone());
        }
        let (_, next) = used(&mut city, &key, ("2", "b.acme.test"));
        let mut behind = city.clone();
        behind.apply(next.clone()).unwrap();
        city.authority.forget_pending();
        city.apply(event.clone()).unwrap();
        for _ in 0..3 {
            city.pending(event.clone());
        }
        city.apply(next).unwrap();
    }
}

#[test]
fn systems_are_kept_as_a_replay_gives_them() {
    let (mut city, order) = registered();
    let key = TokenKey::generate().unwrap();
    let registry = city.keys.clone();
    let event = opened(&city, &key, order, &registry.registry);
    city.apply(event).unwrap();
    let (serial, event) = used(&mut city, &key, ("1", "a.acme.test"));
    city.apply(event).unwrap();
    let parts = city.authority.parts();
    let mut again = Authority::from_parts(&city.founding, &parts).unwrap();
    assert_eq!(again.parts(), parts);
    let id = read_account(&account(&key)).unwrap();
    assert_eq!(again.account_of_key(&id), Some(&id));
    let own = again.system_certificate(&serial.to_string());
    assert_eq!(own, city.authority.system_certificate(&serial.to_string()));
    // What is closed later ends from the kept form as from the log.
    let event = {
        let order = city.order(&site("close"));
        for officer in OFFICERS {
            city.approve(order, officer).unwrap();
        }
        for record in city.log.iter().rev().take(3).rev() {
            again.apply(record).unwrap();
        }
        city.enacted_event(order, &[]).unwrap()
    };
    city.apply(event).unwrap();
    again.apply(city.log.last().unwrap()).unwrap();
    for authority in [&city.authority, &again] {
        assert_eq!(authority.ending_systems().collect::<Vec<_>>(), ["site"]);
    }
    let event = city.revoked_event(Cause::Closed { system: "site".into() }, Vec::new());
    city.apply(event).unwrap();
    again.apply(city.log.last().unwrap()).unwrap();
    for authority in [&city.authority, &again] {
        assert!(authority.is_ended(&serial.to_string()));
        assert_eq!(authority.ending_systems().count(), 0);
    }
}

#[test]
fn nothing_is_revoked_as_ended_that_is_not_over() {
    let (mut city, _) = registered();
    let event = city.revoked_event(Cause::Closed { system: "site".into() }, Vec::new());
    assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
    let event = city.revoked_event(Cause::Closed { system: "other".into() }, Vec::new());
    assert_eq!(city.apply(event).unwrap_err().code, Code::UnsignedAuthority);
}
