//! The record of a connection: what its person's key signed to open it.

use super::connection_context::RecordedConnection;
use super::peer::Peer;
use super::salts::Salts;
use super::state::Gate;
use crate::spool::Place;
use arc_swap::ArcSwapOption;
use mtls::proof::CertificateVerify;
use mtls::tls::Version;
use policy::Circumstances;
use records::access::{Connection, messages_digest};
use records::body::{DecisionForm, OfConnection};
use records::json::JsonError;
use records::record::Event;
use records::{Bytes, Disclosure};
use std::net::SocketAddr;

/// Records a connection with what the person's key signed to open it.
pub(super) async fn record(
    gate: &Gate,
    peer: &Peer,
    verify: CertificateVerify,
    source: SocketAddr,
    (host, alpn): (String, &'static str),
) -> Option<RecordedConnection> {
    let salts = (crate::random().ok()?, crate::random().ok()?, crate::random().ok()?);
    let der = Bytes::from(peer.certificate.der()).to_string();
    let certificate = Disclosure::new("/certificate", salts.0, der.into());
    let address = Disclosure::new("/source", salts.1, source.ip().to_string().into());
    let version = verify.version.name();
    gate.metrics.count("tls", version);
    // Messages of TLS 1.2 show the certificate: they are committed to, and one digest names them.
    let (message, handshake) = match verify.version {
        Version::Tls13 => (Bytes(verify.message), None),
        Version::Tls12 => {
            let messages = Bytes(verify.message);
            let name = messages_digest(&messages.0);
            (name, Some(Disclosure::new("/handshake", salts.2, messages.to_string().into())))
        }
    };
    let committed = handshake.as_ref().map(Disclosure::commitment).transpose().ok()?;
    let seen = Connection {
        person: peer.person.clone(),
        serial: peer.serial.clone(),
        sha256: peer.sha256.into(),
        certificate: certificate.commitment().ok()?,
        host,
        alpn: alpn.into(),
        tls: version.into(),
        source: address.commitment().ok()?,
        message,
        handshake: committed,
        scheme: verify.scheme,
        signature: Bytes(verify.signature),
    };
    let under = Circumstances {
        source: Some(source.ip()),
        certificate: Some(peer.profile),
        tls: if verify.version == Version::Tls12 { 12 } else { 13 },
        authenticated: gate.clock.seconds(),
    };
    let event = Event::Connection(Box::new(seen));
    let disclosures = [certificate, address].into_iter().chain(handshake).collect();
    let recorded = gate.spool.record(event, disclosures, Place::Begins).await;
    match recorded.map(|recorded| recorded.request_id()) {
        Ok(name) => {
            let form = form(gate, peer, &name).ok()?;
            let (token, salts) = (ArcSwapOption::empty(), Salts::default());
            Some(RecordedConnection { name, form, under, token, salts })
        }
        Err(error) => {
            tracing::error!(%error, "a connection could not be recorded");
            None
        }
    }
}

/// Bytes of a handshake that its record holds whole: with TLS 1.2 its messages, in which a client
/// may send certificates without need.
pub(super) fn kept_bytes(verify: &CertificateVerify) -> usize {
    match verify.version {
        Version::Tls13 => 0,
        Version::Tls12 => verify.message.len(),
    }
}

/// The form of decisions on a connection, by the name of its record.
fn form(gate: &Gate, peer: &Peer, connection: &str) -> Result<DecisionForm, JsonError> {
    DecisionForm::new(&OfConnection {
        application: &gate.application,
        connection,
        person: &peer.person,
        unit: peer.units.last().map_or("", String::as_str),
        serial: &peer.serial,
    })
}

#[cfg(test)]
mod tests {
    use super::super::request_rate::RequestRates;
    use super::*;

    /// Whoever connects with long handshakes fills no more of a spool than whoever asks for long
    /// paths: with TLS 1.3 a record names a handshake by one digest, with TLS 1.2 it has all of it.
    #[test]
    fn long_handshakes_of_tls_1_2_count_as_several() {
        const A_MINUTE: u32 = 60;
        let connects = |version, bytes: usize| {
            let message = vec![7; bytes];
            let verify = CertificateVerify { version, message, scheme: 0, signature: Vec::new() };
            let rate = RequestRates::default().of([1; 32], A_MINUTE);
            (0..10).filter(|_| rate.takes(kept_bytes(&verify), A_MINUTE)).count()
        };
        assert_eq!(connects(Version::Tls12, 32 * 1024), 1);
        assert_eq!(connects(Version::Tls12, 500), 10);
        assert_eq!(connects(Version::Tls13, 32 * 1024), 10);
    }
}
