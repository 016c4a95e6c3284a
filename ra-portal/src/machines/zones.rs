//! CAA records of names that nobody looks at: those for which an order vouches, by whichever
//! protocol they are asked for. Where no DNS knows an inner net nobody could ask, so that it is
//! done where the configuration says so; then what cannot be asked is no permission, as with names
//! that are looked at (RFC 8659 3).

use crate::machines::looks::Looks;
use crate::machines::second::found_by_all;
use crate::machines::state::MachinesState;
use crate::machines::validate::Look;
use acme::identifier::SentIdentifier;
use acme::{AcmeIdentifier, AcmeProblem, ProblemKind};
use pki::host::Host;
use pki::{Certificate, CertificationRequest};
use pkixcmp::request::only;
use pkixcmp::{BodyKind, CrmfRequest, PkiMessage};
use records::Code;
use std::time::Duration;

/// Time for the questions about all names of a request.
const ASKED_MAX: Duration = Duration::from_secs(20);
/// Whoever finds none of the places of a system's looks waits so long.
const PLACE_WAIT: Duration = Duration::from_secs(5);

/// Whether the zones of an order's identifiers let this CA issue to its account, or what is wrong
/// with each. It is a look as others are: a system whose names are in slow zones keeps others
/// neither from their own looks nor from a second validator.
pub(crate) async fn permit_order(
    state: &MachinesState,
    (order, system): (&str, &str),
    identifiers: &[AcmeIdentifier],
    account: &str,
) -> Result<(), AcmeProblem> {
    if !state.caa_always || identifiers.is_empty() {
        return Ok(());
    }
    let asked = permit(state, identifiers, Some(account));
    in_place(&state.looks, (order, system), asked).await
}

/// Asks in one of the places of a system, once at a time for each order.
async fn in_place(
    looks: &Looks,
    (order, system): (&str, &str),
    asked: impl Future<Output = Result<(), AcmeProblem>>,
) -> Result<(), AcmeProblem> {
    let queued = mtls::listen::queued();
    let place = tokio::time::timeout(PLACE_WAIT, looks.place(order, system)).await;
    drop(queued);
    let Some(_place) = place.ok().flatten() else { return Err(ProblemKind::RateLimited.into()) };
    asked.await
}

/// Whether the zones of identifiers let this CA issue, for an account if one asks; or what is wrong
/// with each.
async fn permit(
    state: &MachinesState,
    identifiers: &[AcmeIdentifier],
    account: Option<&str>,
) -> Result<(), AcmeProblem> {
    if !state.caa_always {
        return Ok(());
    }
    let asked = tokio::time::timeout(ASKED_MAX, refused(state, identifiers, account)).await;
    let (zh, en) = ("没有按时应答", "there was no answer in time");
    let wrong = asked.map_err(|_| AcmeProblem::about(ProblemKind::Dns, zh, en))?;
    judged(wrong)
}

/// What is wrong with which of them.
async fn refused(
    state: &MachinesState,
    identifiers: &[AcmeIdentifier],
    account: Option<&str>,
) -> Vec<AcmeProblem> {
    let (mut wrong, caa) = (Vec::new(), state.caa.as_slice());
    for identifier in identifiers {
        let look = Look { identifier, kind: None, token: "", thumbprint: "", account, caa };
        let found = found_by_all(&state.validator, state.second.as_ref(), look).await;
        if let Err(problem) = found {
            wrong.push(problem.at(&SentIdentifier::from(identifier)));
        }
    }
    wrong
}

/// One problem over all of them.
fn judged(wrong: Vec<AcmeProblem>) -> Result<(), AcmeProblem> {
    let Some(first) = wrong.first().map(AcmeProblem::kind) else { return Ok(()) };
    let is_alike = wrong.iter().all(|one| one.kind() == first);
    let over = if is_alike { first } else { ProblemKind::Compound };
    Err(AcmeProblem::all_of(over, wrong))
}

/// The same of what a PKCS#10 asks for that came from a subscriber whom nobody knows yet; one that
/// cannot be read is refused by the CA.
pub(crate) async fn permit_request(
    state: &MachinesState,
    der: &[u8],
    source: u128,
) -> Result<(), Code> {
    match state.caa_always {
        true => permit_hosts(state, of_request(der), source).await,
        false => Ok(()),
    }
}

/// The same of what a message of CMP asks for.
pub(crate) async fn permit_message(
    state: &MachinesState,
    der: &[u8],
    source: u128,
) -> Result<(), Code> {
    match state.caa_always {
        true => permit_hosts(state, of_message(der), source).await,
        false => Ok(()),
    }
}

async fn permit_hosts(state: &MachinesState, hosts: Vec<Host>, source: u128) -> Result<(), Code> {
    if hosts.is_empty() {
        return Ok(());
    }
    let place = state.strangers.wait_for_zones(source).await.ok_or(Code::TooBusy)?;
    let identifiers: Vec<AcmeIdentifier> = hosts.into_iter().map(AcmeIdentifier::from).collect();
    let permitted = tokio::select! {
        permitted = permit(state, &identifiers, None) => permitted,
        () = place.until_over() => return Err(Code::TooBusy),
    };
    permitted.map_err(|problem| {
        tracing::info!(why = problem.en(), "CAA");
        Code::SystemCaa
    })
}

fn of_request(der: &[u8]) -> Vec<Host> {
    let read = CertificationRequest::read(der).ok();
    read.and_then(|request| request.wanted().ok()).unwrap_or_default()
}

/// What it names; an update that names nothing is about the names of its certificate.
fn of_message(der: &[u8]) -> Vec<Host> {
    let Ok(message) = PkiMessage::read(der) else { return Vec::new() };
    let named = match message.kind() {
        BodyKind::Pkcs10 => of_request(message.content()),
        kind if kind.is_request() => {
            let one = only(message.content()).ok();
            // The CA verifies it.
            let read = one.and_then(|one| CrmfRequest::read_with(&one, |_| true).ok());
            read.and_then(|request| request.wanted().ok()).unwrap_or_default()
        }
        _ => return Vec::new(),
    };
    let shown = || message.first_certificate().and_then(|der| Certificate::read(der).ok());
    match named.is_empty() {
        true => shown().map_or_else(Vec::new, |shown| shown.hosts()),
        false => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::looks::OF_SYSTEM_MAX;
    use rcgen::{CertificateParams, KeyPair};

    fn problem(kind: ProblemKind, name: &str) -> AcmeProblem {
        let identifier = AcmeIdentifier::name(name).unwrap();
        AcmeProblem::from(kind).at(&SentIdentifier::from(&identifier))
    }

    #[test]
    fn each_name_whose_zone_forbids_is_told() {
        assert_eq!(judged(Vec::new()), Ok(()));
        let one = judged(vec![problem(ProblemKind::Caa, "a.test.cn")]).unwrap_err();
        assert_eq!(one.kind(), ProblemKind::Caa);
        let alike =
            [problem(ProblemKind::Caa, "a.test.cn"), problem(ProblemKind::Caa, "b.test.cn")];
        let told = judged(alike.to_vec()).unwrap_err().to_json();
        assert_eq!(told["type"], "urn:ietf:params:acme:error:caa");
        assert_eq!(told["subproblems"][1]["identifier"]["value"], "b.test.cn");
        let mixed =
            [problem(ProblemKind::Caa, "a.test.cn"), problem(ProblemKind::Dns, "b.test.cn")];
        assert_eq!(judged(mixed.to_vec()).unwrap_err().kind(), ProblemKind::Compound);
    }

    /// Whoever finalizes orders whose names are in slow zones has the places of a system's looks
    /// for that, and waits when it has all of them; an order asks once at a time.
    #[tokio::test]
    async fn an_order_asks_for_its_zones_in_a_place_of_its_system() {
        let looks = Looks::new(OF_SYSTEM_MAX * 2);
        let mut held = Vec::new();
        for one in 0..OF_SYSTEM_MAX {
            held.push(looks.place(&format!("o{one}"), "a").await.unwrap());
        }
        let asked = async { Err(ProblemKind::Dns.into()) };
        let again = in_place(&looks, ("o0", "a"), asked).await;
        assert_eq!(again.unwrap_err().kind(), ProblemKind::RateLimited);
        assert_eq!(in_place(&looks, ("p0", "b"), async { Ok(()) }).await, Ok(()));
        let mut more = std::pin::pin!(in_place(&looks, ("more", "a"), async { Ok(()) }));
        tokio::select! {
            biased;
            found = &mut more => panic!("{found:?}"),
            () = tokio::task::yield_now() => {}
        }
        held.pop();
        assert_eq!(more.await, Ok(()));
    }

    /// Whatever protocol a request comes by, the names in it are those that its certificate has.
    #[test]
    fn the_names_of_a_request_are_asked_for() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["a.acme.test".into()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let der = params.serialize_request(&key).unwrap().der().to_vec();
        assert_eq!(of_request(&der), [Host::Name("a.acme.test".into())]);
        assert!(of_request(b"noise").is_empty() && of_message(b"noise").is_empty());
    }
}
