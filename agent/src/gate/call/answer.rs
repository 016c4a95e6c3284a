//! Answers a question: judged as a request would be, recorded, then told.

use super::super::authorize::decide;
use super::super::peer::{ClientIdentity, Peer};
use super::super::request::Checked;
use super::super::state::Gate;
use super::question::{CallAnswer, CallQuestion};
use crate::spool::Place;
use crate::world::{World, denial_code};
use policy::{AccessRequest, Answer, Circumstances};
use records::access::ApplicationCall;
use records::record::Event;
use records::{Bytes, Code, Disclosure};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What was found out.
#[derive(Default)]
struct Finding {
    told: CallAnswer,
    ask: &'static str,
    /// What is committed to of the question.
    asked: String,
    action: String,
    resource: String,
}

/// What is in force at a moment, and that moment, unix seconds.
type Moment = (Arc<World>, u64);

/// Who is asked, and whether the log has the certificate that a question is about.
#[derive(Clone, Copy)]
struct Asked<'a> {
    gate: &'a Gate,
    witnessed: Result<(), Code>,
}

/// Answers; an error is the fault of whoever asks, or ours, and no answer. A yes is recorded before
/// it is told; a no is told whatever the disk says.
pub(super) async fn answer(gate: &Gate, question: CallQuestion) -> Result<CallAnswer, Code> {
    let present = || (gate.world.load_full(), gate.clock.seconds());
    let asked = Asked { gate, witnessed: witnessed(gate, &question).await };
    let find = |at| found(asked, &question, at);
    let record = |found, world| recorded(gate, found, world);
    let told = told_when_durable(present, find, record).await?;
    gate.metrics.count("call", told.code);
    gate.counts.told(told.yes);
    Ok(told)
}

/// Finds, records and tells. A record waits for the disk: a yes that holds no more when it has it,
/// since another world came or a time is over, is not told. The no that is told instead is recorded
/// as well.
async fn told_when_durable<R>(
    present: impl Fn() -> Moment,
    find: impl Fn(Moment) -> Result<Finding, Code>,
    record: impl Fn(Finding, Arc<World>) -> R,
) -> Result<CallAnswer, Code>
where
    R: Future<Output = Result<CallAnswer, Code>>,
{
    let then = present();
    let told = record(find(then.clone())?, then.0.clone()).await?;
    let now = present();
    let is_same_moment = (then.0.generation, then.1) == (now.0.generation, now.1);
    if !told.yes || is_same_moment {
        return Ok(told);
    }
    let found = find(now.clone())?;
    if found.told.yes { Ok(told) } else { record(found, now.0).await }
}

/// Whether the log has the certificate of a question, where the gate asks that. What is no person's
/// now is none when it is judged either.
async fn witnessed(gate: &Gate, question: &CallQuestion) -> Result<(), Code> {
    let (Some(witness), Some(certificate)) = (&gate.witness, question.certificate()) else {
        return Ok(());
    };
    let (chain, now) = (std::slice::from_ref(&certificate.0), gate.clock.seconds());
    let ClientIdentity::Person(peer) = ClientIdentity::read(&gate.clients, chain, now) else {
        return Err(Code::CertificateUnproven);
    };
    witness.stands(peer.shown()).await
}

/// What is found out at a moment.
fn found(asked: Asked<'_>, question: &CallQuestion, (world, now): Moment) -> Result<Finding, Code> {
    let at: (&World, u64) = (world.as_ref(), now);
    Ok(match question {
        CallQuestion::Certificate { certificate } => {
            let mut found = Finding { ask: "certificate", ..Finding::default() };
            let good = found.holder(asked, certificate, at).map(drop);
            found.told.says(good);
            found
        }
        CallQuestion::Signature { certificate, message, sha256, signature } => {
            let signed = Signed::of(message.as_ref(), sha256.as_ref())?;
            signature_of(asked, (certificate, &signed, signature), at)
        }
        CallQuestion::Permission { certificate, person, method, target } => {
            if target.len() > asked.gate.limits.target_bytes {
                return Err(Code::TargetTooLong);
            }
            let checked = Checked::of_call(method, target)?;
            match (certificate, person) {
                (Some(certificate), None) => {
                    by_certificate(asked, certificate, checked, (world.clone(), now))
                }
                (None, Some(person)) => by_person(person, &checked, at),
                _ => return Err(Code::Malformed),
            }
        }
    })
}

impl Finding {
    /// Whose certificate it is, if it counts now; who is known by it is told in any case.
    fn holder(
        &mut self,
        asked: Asked<'_>,
        certificate: &Bytes,
        (world, now): (&World, u64),
    ) -> Result<Arc<Peer>, Code> {
        let chain = std::slice::from_ref(&certificate.0);
        let shown = ClientIdentity::read(&asked.gate.clients, chain, now);
        shown.serial().clone_into(&mut self.told.serial);
        let peer = match shown {
            ClientIdentity::Person(peer) => peer,
            ClientIdentity::Nobody => return Err(Code::CertificateForeign),
            ClientIdentity::Refused { code, .. } => return Err(code),
        };
        // What the log does not have says nothing about anybody.
        asked.witnessed?;
        self.told.person.clone_from(&peer.person);
        self.told.name.clone_from(&peer.name);
        self.told.org.clone_from(&peer.units);
        let held = peer.holds(world, now).map(|()| peer)?;
        // Of a suspended application nobody is told that they count.
        world.is_open(now).map(|()| held)
    }

    /// What the rules said.
    fn ruled(&mut self, answer: &Answer) {
        self.action.clone_from(&answer.action);
        self.resource.clone_from(&answer.resource);
        self.told.rule.clone_from(&answer.rule);
    }
}

/// What was signed.
enum Signed<'a> {
    Message(&'a Bytes),
    Sha256([u8; 32]),
}

impl<'a> Signed<'a> {
    /// One of both.
    fn of(message: Option<&'a Bytes>, sha256: Option<&Bytes>) -> Result<Self, Code> {
        match (message, sha256) {
            (Some(message), None) => Ok(Self::Message(message)),
            (None, Some(digest)) => digest.digest().map(Self::Sha256).ok_or(Code::Malformed),
            _ => Err(Code::Malformed),
        }
    }

    fn sha256(&self) -> [u8; 32] {
        match self {
            Self::Message(message) => Sha256::digest(&message.0).into(),
            Self::Sha256(digest) => *digest,
        }
    }

    fn is_by(&self, key: &pki::PublicKey, signature: &[u8]) -> bool {
        match self {
            Self::Message(message) => key.verify_any_spelling(&message.0, signature),
            Self::Sha256(digest) => key.verify_sha256(digest, signature),
        }
    }
}

fn signature_of(
    asked: Asked<'_>,
    (certificate, signed, signature): (&Bytes, &Signed<'_>, &Bytes),
    at: (&World, u64),
) -> Finding {
    let mut found = Finding { ask: "signature", ..Finding::default() };
    let holder = found.holder(asked, certificate, at);
    let key = holder.as_ref().map_or("", |peer| peer.certificate.key().algorithm().name);
    let digest = data_encoding::HEXLOWER.encode(&signed.sha256());
    found.asked = format!("{key} {digest}");
    let good = holder.and_then(|peer| match signed.is_by(peer.certificate.key(), &signature.0) {
        true => Ok(()),
        false => Err(Code::SignatureForeign),
    });
    found.told.says(good);
    found
}

/// By the very steps of a request, but that no order lets pass what rules deny: what passes so is
/// recorded with its request, and here is none. No connection is known; a rule that reads one
/// cannot be evaluated, which is a no.
fn by_certificate(
    asked: Asked<'_>,
    certificate: &Bytes,
    request: Checked,
    (world, now): (Arc<World>, u64),
) -> Finding {
    let mut found = Finding { ask: "permission", ..Finding::default() };
    found.asked = format!("{} {}", request.method, request.path.text());
    let permitted = match found.holder(asked, certificate, (&*world, now)) {
        Err(code) => Err(code),
        Ok(peer) => match decide(world, &peer, request, (now, of_certificate(&peer))) {
            Ok(permit) => {
                found.ruled(&permit.answer);
                permit.answer.outcome.map_err(denial_code)
            }
            Err(denial) => {
                denial.answer.iter().for_each(|answer| found.ruled(answer));
                Err(denial.code)
            }
        },
    };
    found.told.says(permitted);
    found
}

fn of_certificate(peer: &Peer) -> Circumstances {
    Circumstances { certificate: Some(peer.profile), ..Circumstances::default() }
}

/// Of somebody whom the application knows already: no certificate is judged.
fn by_person(person: &str, asked: &Checked, (world, now): (&World, u64)) -> Finding {
    let mut found = Finding { ask: "permission", ..Finding::default() };
    found.asked = format!("{} {}", asked.method, asked.path.text());
    let question = AccessRequest {
        person,
        method: asked.method.as_str(),
        path: &asked.path,
        now,
        under: Circumstances::default(),
    };
    let known = world.known.as_ref().is_some_and(|known| known.people.unit(person).is_some());
    if known {
        person.clone_into(&mut found.told.person);
    }
    let permitted = world.decide(&question).and_then(|answer| {
        found.ruled(&answer);
        answer.outcome.map_err(denial_code)
    });
    found.told.says(permitted);
    found
}

/// Records what was found, and gives what may be told.
async fn recorded(gate: &Gate, found: Finding, world: Arc<World>) -> Result<CallAnswer, Code> {
    let Finding { mut told, ask, asked, action, resource } = found;
    let salt = crate::random::<32>().map_err(|_| Code::AuditFailed)?;
    let opened = Disclosure::new("/asked", salt, asked.into());
    let call = ApplicationCall {
        application: gate.application.clone(),
        ask: ask.into(),
        person: told.person.clone(),
        serial: told.serial.clone(),
        asked: opened.commitment().map_err(|_| Code::AuditFailed)?,
        action,
        resource: records::json::normal(&resource),
        outcome: told.code.into(),
        rule: told.rule.clone(),
        world: world.in_force(),
    };
    let place = if told.yes { Place::Begins } else { Place::Denies };
    let event = Event::Called(Box::new(call));
    match gate.spool.record(event, vec![opened], place).await {
        Ok(recorded) => told.record = recorded.request_id(),
        Err(error) if told.yes => {
            gate.metrics.count("call", error.code().name());
            return Err(error.code());
        }
        Err(error) => tracing::error!(%error, "a no could not be recorded"),
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::SoftwareSigner;
    use pki::Signer;
    use std::cell::{Cell, RefCell};

    /// A signature is of a key by the message, or by its digest alone; of one of both.
    #[test]
    fn a_signature_is_of_its_key_and_of_what_was_signed() {
        let (signer, other) =
            (SoftwareSigner::generate_p256().unwrap(), SoftwareSigner::generate_p256().unwrap());
        let message = Bytes(b"a contract".to_vec());
        let signature = signer.sign(&message.0).unwrap();
        let digest: [u8; 32] = Sha256::digest(&message.0).into();
        let named = Bytes::from(digest);
        let signed =
            [Signed::of(Some(&message), None).unwrap(), Signed::of(None, Some(&named)).unwrap()];
        for one in &signed {
            assert_eq!(one.sha256(), digest);
            assert!(one.is_by(signer.public_key(), &signature));
            assert!(!one.is_by(other.public_key(), &signature), "another key");
            assert!(!one.is_by(signer.public_key(), b""), "nothing");
        }
        let another = Bytes(b"another".to_vec());
        let altered = Signed::of(Some(&another), None).unwrap();
        assert!(!altered.is_by(signer.public_key(), &signature));
        let short = Bytes(vec![1; 31]);
        for (message, sha256) in
            [(None, None), (Some(&message), Some(&named)), (None, Some(&short))]
        {
            assert_eq!(Signed::of(message, sha256).err(), Some(Code::Malformed));
        }
    }

    /// What is told, and what was recorded, where one moment follows another and each finds
    /// something out.
    async fn told(
        moments: [Moment; 2],
        outcomes: [Result<(), Code>; 2],
    ) -> (bool, Vec<&'static str>) {
        let (found, recorded) = (Cell::new(0), RefCell::new(Vec::new()));
        let present = || moments[found.get()].clone();
        let find = |_: Moment| {
            let mut finding = Finding::default();
            finding.told.says(outcomes[found.replace(1)]);
            Ok(finding)
        };
        let record = |finding: Finding, _: Arc<World>| {
            recorded.borrow_mut().push(finding.told.code);
            std::future::ready(Ok(finding.told))
        };
        let told = told_when_durable(present, find, record).await.unwrap();
        assert_eq!(recorded.borrow().last(), Some(&told.code));
        (told.yes, recorded.take())
    }

    /// A yes holds when it is told, and not only when its record was begun: a revocation that came
    /// meanwhile, or a time that is over, is a no, which is recorded as well. What still holds is
    /// recorded once, and so is a no.
    #[tokio::test]
    async fn a_yes_holds_when_its_record_is_durable() {
        let own = Arc::new(World::nothing().next(None, None, None));
        let next = Arc::new(own.next(None, None, None));
        let (then, revoked) = ((own.clone(), 7), Err(Code::CertificateRevoked));
        for later in [(next.clone(), 7), (own.clone(), 8)] {
            let both = told([then.clone(), later.clone()], [Ok(()), revoked]).await;
            assert_eq!(both, (false, vec!["yes", "certificate-revoked"]));
            let holds = told([then.clone(), later.clone()], [Ok(()), Ok(())]).await;
            assert_eq!(holds, (true, vec!["yes"]));
            let no = told([then.clone(), later], [revoked, Ok(())]).await;
            assert_eq!(no, (false, vec!["certificate-revoked"]));
        }
        let same = told([then.clone(), then], [Ok(()), revoked]).await;
        assert_eq!(same, (true, vec!["yes"]), "nothing changed: it is not judged twice");
    }
}
