//! Gates: registered by order, joined once with the token of exactly this order, closed by order.

use crate::command::Command;
use crate::round::Effect;
use crate::sample::act::caller;
use crate::sample::operate::{SECURITY, agent, gate};
use crate::sample::{Sample, key};
use crate::secret_name::joining;
use crate::verify::VerifiedMachine;
use authority::{OrderDigest, join_value};
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::join::{Join, JoinFile};
use records::order::{AgentBody, ORDER_SECONDS};
use records::{Bytes, Code};

/// Orders a gate; gives the order with its join file.
fn ordered(sample: &mut Sample, id: &str) -> (OrderDigest, JoinFile) {
    let order = sample.order(agent(gate("register", id)));
    let Some(Effect::File(_, bytes)) = sample.effects.last() else { panic!("no join file") };
    (order, serde_json::from_slice(bytes).unwrap())
}

fn registered(sample: &mut Sample, id: &str) -> JoinFile {
    let (order, file) = ordered(sample, id);
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    file
}

fn message(file: &JoinFile, signer: &SoftwareSigner) -> Join {
    let request = keys::request(signer).unwrap().der().to_vec();
    let challenge = vec![9; 16];
    let value = join_value(&file.token.0, &file.order.0, &challenge, &request);
    Join {
        agent: file.agent.clone(),
        challenge: Bytes(challenge),
        request: Bytes(request),
        value: Bytes(value),
    }
}

fn join(sample: &mut Sample, message: Join) -> Result<String, Code> {
    let portal = sample.public();
    let asked = Box::new(VerifiedMachine::joining(message));
    sample.decide(|reply| Command::Join(portal, asked, reply))
}

#[test]
fn a_gate_joins_once_under_its_order() {
    let mut sample = Sample::found();
    let (order, file) = ordered(&mut sample, "gate-1");
    let own = key();
    let early = join(&mut sample, message(&file, &own));
    assert_eq!(early, Err(Code::UseSignature), "before approval");
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let asked = message(&file, &own);
    let serial = join(&mut sample, asked.clone()).unwrap();
    let again = join(&mut sample, asked.clone());
    assert_eq!(again, Ok(serial.clone()), "recorded is enough");
    let other = join(&mut sample, message(&file, &key()));
    assert_eq!(other, Err(Code::QuotaUsed), "once");
    sample.sequence();
    assert_eq!(join(&mut sample, asked), Ok(serial.clone()));
    assert_eq!(join(&mut sample, message(&file, &key())), Err(Code::QuotaUsed));
    let certificate = sample.sign().remove(0);
    assert_eq!(certificate.serial().to_string(), serial);
    assert_eq!(certificate.subject().common_name().as_deref(), Some("gate-1/agent"));
    assert_eq!(certificate.key().spki(), own.public_key().spki());
    let used_up = ("join", "gate-1", Code::QuotaUsed);
    assert_eq!(sample.refusals(), [used_up], "the second is counted");
}

#[test]
fn who_proves_nothing_writes_nothing() {
    let mut sample = Sample::found();
    let (file, other) = (registered(&mut sample, "gate-1"), registered(&mut sample, "gate-2"));
    let own = key();
    let good = message(&file, &own);
    let token = message(&JoinFile { token: other.token.clone(), ..file.clone() }, &own);
    let order = message(&JoinFile { order: other.order.clone(), ..file.clone() }, &own);
    let theirs = Join { agent: "gate-2".into(), ..good.clone() };
    let unknown = Join { agent: "gate-3".into(), ..good.clone() };
    let request = keys::request(&key()).unwrap().der().into();
    let exchanged = Join { request, ..good.clone() };
    let challenge = Join { challenge: Bytes(vec![1; 16]), ..good.clone() };
    let short = {
        let value = join_value(&file.token.0, &file.order.0, &[9; 8], &good.request.0);
        Join { challenge: Bytes(vec![9; 8]), value: Bytes(value), ..good.clone() }
    };
    let mut unread = good.clone();
    unread.request.0.truncate(40);
    let before = sample.recorded.len();
    for bad in [token, order, theirs, unknown, exchanged.clone(), challenge, short] {
        assert_eq!(join(&mut sample, bad), Err(Code::UseSignature));
    }
    assert_eq!(join(&mut sample, unread), Err(Code::RequestMalformed));
    join(&mut sample, good).unwrap();
    let after = sample.recorded.len();
    assert_eq!(join(&mut sample, exchanged), Err(Code::UseSignature), "nor when it has joined");
    assert_eq!((after, sample.recorded.len()), (before + 1, after), "{:?}", sample.refusals());
}

#[test]
fn a_gate_joins_in_time() {
    let mut sample = Sample::found();
    let (file, own) = (registered(&mut sample, "gate-1"), key());
    sample.pass(ORDER_SECONDS + 1);
    let before = sample.recorded.len();
    let mut forged = message(&file, &own);
    forged.value.0[0] ^= 1;
    assert_eq!(join(&mut sample, forged), Err(Code::UseSignature));
    assert_eq!(sample.recorded.len(), before, "only who holds the token is told more");
    assert_eq!(join(&mut sample, message(&file, &own)), Err(Code::CodeExpired));
    assert_eq!(sample.refusals(), [("join", "gate-1", Code::CodeExpired)]);
}

#[test]
fn a_gates_key_is_allowed_and_nobody_elses() {
    let mut sample = Sample::found();
    let file = registered(&mut sample, "gate-1");
    let officers = sample.city.officer("officer-1").signer.clone();
    assert_eq!(join(&mut sample, message(&file, &officers)), Err(Code::KeyForeign));
    let ed25519 = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
    assert_eq!(join(&mut sample, message(&file, &ed25519)), Err(Code::KeyNotAllowed));
    join(&mut sample, message(&file, &key())).unwrap();
}

#[test]
fn a_gate_that_is_closed_joins_no_more() {
    let mut sample = Sample::found();
    let file = registered(&mut sample, "gate-1");
    let close = sample.order(agent(gate("close", "gate-1")));
    sample.approved_by(close, &SECURITY);
    assert_eq!(sample.execute(), None);
    let late = join(&mut sample, message(&file, &key()));
    assert_eq!(late, Err(Code::UseSignature), "recorded is enough");
    sample.sequence();
    assert_eq!(join(&mut sample, message(&file, &key())), Err(Code::UseSignature));
    let again = sample.operator(agent(gate("close", "gate-1")));
    assert_eq!(again.unwrap_err(), Code::StateConflict);
    // Registered anew it joins anew, with the new token only.
    let anew = registered(&mut sample, "gate-1");
    assert_eq!(join(&mut sample, message(&file, &key())), Err(Code::UseSignature));
    join(&mut sample, message(&anew, &key())).unwrap();
}

#[test]
fn a_token_in_a_row_opens_only_its_own_order() {
    let mut sample = Sample::found();
    let file = registered(&mut sample, "gate-1");
    let other = registered(&mut sample, "gate-2");
    let digest = |file: &JoinFile| OrderDigest(file.order.digest().unwrap());
    let theirs = sample.rows.tokens[&digest(&other)].clone();
    let own = sample.rows.tokens.insert(digest(&file), theirs).unwrap();
    let told = join(&mut sample, message(&file, &key()));
    assert_eq!(told, Err(Code::UnsignedAuthority));
    sample.rows.tokens.insert(digest(&file), own);
    join(&mut sample, message(&file, &key())).unwrap();
}

#[test]
fn a_gate_is_ordered_whole() {
    let mut sample = Sample::found();
    let good = || gate("register", "gate-1");
    let bad: [(AgentBody, Code); 9] = [
        (AgentBody { agent: "Gate".into(), ..good() }, Code::Malformed),
        (AgentBody { application: String::new(), ..good() }, Code::Malformed),
        (AgentBody { hosts: Vec::new(), ..good() }, Code::Malformed),
        (AgentBody { hosts: vec!["Exchange.Example".into()], ..good() }, Code::Malformed),
        (AgentBody { units: Vec::new(), ..good() }, Code::Malformed),
        (AgentBody { units: vec!["nowhere".into()], ..good() }, Code::UnitUnknown),
        (AgentBody { unit: "nowhere".into(), ..good() }, Code::UnitUnknown),
        (AgentBody { renewals: 10_001, ..good() }, Code::Malformed),
        (gate("close", "gate-9"), Code::NotFound),
    ];
    for (body, code) in bad {
        assert_eq!(sample.operator(agent(body.clone())).unwrap_err(), code, "{body:?}");
        assert!(sample.effects.is_empty() && sample.rows.tokens.is_empty(), "{body:?}");
    }
    // Nobody chooses the token of their gate.
    let chosen = AgentBody { token_sha256: [7; 32].into(), renewals: 10_000, ..good() };
    sample.operator(agent(chosen)).unwrap();
    let order = sample.newest_order();
    let (_, body) = sample.authority().open(order, sample.city.now).unwrap();
    let records::order::Body::Agent(body) = &*body else { panic!("{body:?}") };
    assert_ne!(body.token_sha256, Bytes::from([7; 32]));
}

#[test]
fn a_join_comes_over_a_registered_portals_public_process_and_in_good_time() {
    let mut sample = Sample::found();
    let (file, own) = (registered(&mut sample, "gate-1"), key());
    let stranger = caller(&key(), "portal-public");
    let staff = caller(&sample.city.keys.staff, "portal-public");
    for (from, code) in [(stranger, Code::PortalUnknown), (staff, Code::NotYourRoute)] {
        let copy = Box::new(VerifiedMachine::joining(message(&file, &own)));
        assert_eq!(sample.decide(|reply| Command::Join(from, copy, reply)), Err(code));
    }
    sample.clock = Err(Code::ClockMoved);
    assert_eq!(join(&mut sample, message(&file, &own)), Err(Code::ClockMoved));
    sample.clock = Ok(());
    join(&mut sample, message(&file, &own)).unwrap();
}

/// Who knows the name of a gate that is to join takes no place of it.
#[test]
fn who_names_a_gate_has_no_turn_of_it() {
    let mut sample = Sample::found();
    let (file, own) = (registered(&mut sample, "gate-1"), key());
    let order = OrderDigest(file.order.digest().unwrap());
    let sealed = sample.rows.tokens[&order].clone();
    let about = |message: Join| {
        let asked = VerifiedMachine::joining(message);
        joining(&sample.context, asked, (order, &sealed)).about().to_owned()
    };
    let good = message(&file, &own);
    assert_eq!(about(good.clone()), "gate-1");
    assert_eq!(about(Join { value: Bytes(vec![7; 32]), ..good }), "/join");
}
