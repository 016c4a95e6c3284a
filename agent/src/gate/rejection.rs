//! What was turned away before it became a request of a person. The first of a kind is recorded at once,
//! with its reference; more of the same within ten seconds are counted in one record.

use super::Gate;
use records::access::Turned;
use records::record::Event;
use records::{Code, Disclosure};
use service::Stop;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const TOGETHER: Duration = Duration::from_secs(10);
/// Most kinds that are told apart.
const KINDS_MAX: usize = 512;

type Kind = (&'static str, Code, String);

#[derive(Default)]
pub(crate) struct Turning {
    seen: Mutex<HashMap<Kind, More>>,
}

struct More {
    count: u64,
    first: u64,
    source: SocketAddr,
}

/// Counts and records something that is turned away.
pub(super) fn turn(
    gate: &Gate,
    stage: &'static str,
    code: Code,
    (source, serial): (SocketAddr, &str),
    reference: &str,
) {
    gate.metrics.count(stage, code.name());
    let first = {
        let mut seen = gate.turned.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // One who varies what can be varied still makes no more records than this.
        let serial = if seen.len() < KINDS_MAX { serial } else { "" };
        let kind = (stage, code, serial.to_owned());
        match seen.get_mut(&kind) {
            Some(more) => {
                if more.count == 0 {
                    more.first = gate.clock.micros();
                    more.source = source;
                }
                more.count += 1;
                false
            }
            None => {
                seen.insert(kind, More { count: 0, first: 0, source });
                true
            }
        }
    };
    if first {
        let kind = (stage, code, serial.to_owned());
        let more = More { count: 1, first: gate.clock.micros(), source };
        record(gate, &kind, &more, reference);
    }
}

fn record(gate: &Gate, (stage, code, serial): &Kind, more: &More, reference: &str) {
    let Ok(salt) = crate::random::<32>() else { return };
    let source = Disclosure::new("/source", salt, more.source.ip().to_string().into());
    let Ok(commitment) = source.commitment() else { return };
    let turned = Turned {
        code: code.name().into(),
        stage: (*stage).into(),
        source: commitment,
        serial: serial.clone(),
        reference: reference.to_owned(),
        count: more.count,
        first: records::time::micros(more.first),
    };
    gate.spool.note(Event::Turned(turned), vec![source]);
}

/// Records what was counted together, until the stop.
pub async fn tell(gate: Arc<Gate>, stop: Stop) {
    loop {
        let go = stop.pause(TOGETHER).await;
        let seen = {
            let mut seen = gate.turned.seen.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *seen)
        };
        for (kind, more) in seen.iter().filter(|(_, more)| more.count > 0) {
            record(&gate, kind, more, "");
        }
        if !go {
            return;
        }
    }
}
