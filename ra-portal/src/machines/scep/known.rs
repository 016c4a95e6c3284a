//! GetCert and GetCRL (RFC 8894 3.3.4, 3.3.5): what exists already, for whoever has a certificate
//! of this CA.

use super::enrol::leaf;
use super::opened::{OpenedMessage, Stopped, Told};
use crate::machines::state::{MachinesState, is_unavailable};
use crate::machines::strangers::StrangerPlace;
use mtls::visit::{self, Visit};
use pki::serial::SerialNumber;
use pki::{Certificate, oid};
use records::Code;
use records::machine::CollectMachine;
use scep::content::{IssuerSerial, first_address, list_only};
use scep::{ScepError, ScepFailure};

/// Longest list that is handed on; a longer one is had at its address.
const LIST_BYTES_MAX: usize = 1024 * 1024;

/// The certificate of a serial number.
pub(super) async fn certificate(
    state: &MachinesState,
    opened: &OpenedMessage,
) -> Result<Told, Stopped> {
    let named = named(opened)?;
    let _place = place(state, opened)?;
    let serial = SerialNumber::from_der_content(&named.serial).ok_or_else(unknown)?;
    let asked = CollectMachine { serial: serial.to_string() };
    match state.issuer.collect_machine(&asked).await {
        Ok(told) => leaf(&told.chain),
        Err(refusal) if is_unavailable(&refusal) => Err(refusal.into()),
        Err(_) => Err(unknown()),
    }
}

/// The revocation list in which a certificate would stand.
pub(super) async fn list(state: &MachinesState, opened: &OpenedMessage) -> Result<Told, Stopped> {
    named(opened)?;
    let _place = place(state, opened)?;
    let address = opened.by.certificate.extension(oid::CRL_DISTRIBUTION_POINTS);
    let address = address.and_then(first_address).ok_or_else(unknown)?;
    match fetched(&address).await {
        Some(list) => Ok(Told::Success(list_only(&list)?)),
        None => {
            let why = format!("请从此处取吊销列表 / take the list from {address}");
            Err(Stopped::Failed(ScepFailure::BadRequest, why))
        }
    }
}

/// What is named: by a certificate of ours, and of this CA.
fn named(opened: &OpenedMessage) -> Result<IssuerSerial, Stopped> {
    let named = IssuerSerial::read(&opened.content).map_err(|_| ScepError::Integrity)?;
    let issuing = &opened.by.issuing;
    let own = Certificate::read(opened.message.signer().der()).ok();
    let is_ours = own.is_some_and(|own| own.is_signed_by(issuing.key()));
    if !is_ours {
        return Err(Code::CertificateForeign.into());
    }
    if named.issuer == issuing.subject().der() { Ok(named) } else { Err(unknown()) }
}

/// A place of strangers: a certificate of ours that is over names whoever had it, and no more.
fn place(state: &MachinesState, opened: &OpenedMessage) -> Result<StrangerPlace, Stopped> {
    state.strangers.enter(opened.source).ok_or(Stopped::Refused(Code::TooBusy))
}

fn unknown() -> Stopped {
    let why = "没有此证书 / there is no such certificate";
    Stopped::Failed(ScepFailure::BadCertId, why.to_owned())
}

/// What lies at an address of our own CA, over plain HTTP as lists are.
async fn fetched(address: &str) -> Option<Vec<u8>> {
    let (authority, path) = address.strip_prefix("http://")?.split_once('/')?;
    let place = match authority.contains(':') {
        true => authority.to_owned(),
        false => format!("{authority}:80"),
    };
    let path = format!("/{path}");
    for address in tokio::net::lookup_host(place).await.ok()? {
        let tls_name = None;
        let body_bytes_max = LIST_BYTES_MAX;
        let visit = Visit { address, tls_name, authority, path: &path, body_bytes_max };
        if let Ok(answer) = visit::fetch(visit).await {
            return (answer.status == 200).then_some(answer.body);
        }
    }
    None
}
