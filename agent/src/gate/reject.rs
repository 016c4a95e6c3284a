//! Turning away. The first of a kind is recorded at once, with its reference; more of the same
//! within a minute are counted in one record.

use super::peer::ClientIdentity;
use super::rejection::{Arrival, Kind, Rejection};
use super::state::Gate;
use mtls::listen::ConnectionRefusal;
use records::access::CountedRejection;
use records::record::Event;
use records::{Code, Disclosure};
use service::Stop;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Whether a minute is over is looked at this often.
const LOOK: Duration = Duration::from_secs(5);

/// Counts and records something that is turned away.
pub(super) fn reject(
    gate: &Gate,
    stage: &'static str,
    code: Code,
    (source, serial): (SocketAddr, &str),
    reference: &str,
) {
    gate.metrics.count(stage, code.name());
    let first = Arrival { micros: gate.clock.micros(), source };
    if let Some(kind) = gate.rejections.count((stage, code, serial), first, gate.uptime()) {
        record(gate, &kind, &Rejection { count: 1, first }, reference);
    }
}

/// The same of a connection that its listener does not serve.
pub(super) fn reject_connection(
    gate: &Gate,
    source: SocketAddr,
    peer: Option<&ClientIdentity>,
    why: ConnectionRefusal,
) {
    let code = match why {
        ConnectionRefusal::Full | ConnectionRefusal::Slow => Code::TooBusy,
        ConnectionRefusal::Foreign => Code::CertificateForeign,
    };
    reject(gate, "handshake", code, (source, peer.map_or("", ClientIdentity::serial)), "");
}

fn record(gate: &Gate, (stage, code, serial): &Kind, rejection: &Rejection, reference: &str) {
    let Ok(salt) = crate::random::<32>() else { return };
    let source = Disclosure::new("/source", salt, rejection.first.source.ip().to_string().into());
    let Ok(commitment) = source.commitment() else { return };
    let rejected = CountedRejection {
        code: code.name().into(),
        stage: (*stage).into(),
        source: commitment,
        serial: serial.clone(),
        reference: reference.to_owned(),
        count: rejection.count,
        first: records::time::micros(rejection.first.micros),
    };
    gate.spool.note(&Event::Turned(rejected), &[source]);
}

/// Records what was counted together, until the stop.
pub async fn tell(gate: Arc<Gate>, stop: Stop) {
    loop {
        let go = stop.pause(LOOK).await;
        let told = if go { gate.rejections.due(gate.uptime()) } else { gate.rejections.rest() };
        for (kind, rejection) in told {
            record(&gate, &kind, &rejection, "");
        }
        if !go {
            return;
        }
    }
}
