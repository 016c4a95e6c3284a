//! Turning away. The first of a kind is recorded at once, with its reference; more of the same
//! within ten seconds are counted in one record.

use super::rejection::{Kind, Rejection};
use super::state::Gate;
use records::access::Turned;
use records::record::Event;
use records::{Code, Disclosure};
use service::Stop;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const TOGETHER: Duration = Duration::from_secs(10);

/// Counts and records something that is turned away.
pub(super) fn reject(
    gate: &Gate,
    stage: &'static str,
    code: Code,
    (source, serial): (SocketAddr, &str),
    reference: &str,
) {
    gate.metrics.count(stage, code.name());
    let micros = gate.clock.micros();
    if gate.rejections.count((stage, code, serial), source, micros) {
        let kind = (stage, code, serial.to_owned());
        record(gate, &kind, &Rejection { count: 1, first: micros, source }, reference);
    }
}

fn record(gate: &Gate, (stage, code, serial): &Kind, rejection: &Rejection, reference: &str) {
    let Ok(salt) = crate::random::<32>() else { return };
    let source = Disclosure::new("/source", salt, rejection.source.ip().to_string().into());
    let Ok(commitment) = source.commitment() else { return };
    let rejected = Turned {
        code: code.name().into(),
        stage: (*stage).into(),
        source: commitment,
        serial: serial.clone(),
        reference: reference.to_owned(),
        count: rejection.count,
        first: records::time::micros(rejection.first),
    };
    gate.spool.note(Event::Turned(rejected), vec![source]);
}

/// Records what was counted together, until the stop.
pub async fn tell(gate: Arc<Gate>, stop: Stop) {
    loop {
        let go = stop.pause(TOGETHER).await;
        for (kind, rejection) in gate.rejections.take() {
            record(&gate, &kind, &rejection, "");
        }
        if !go {
            return;
        }
    }
}
