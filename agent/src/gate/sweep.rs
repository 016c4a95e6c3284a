//! Requests under way are cut when their certificate, their person or the rules no longer let them,
//! and when nothing moves any more.

use super::in_flight::InFlight;
use super::state::Gate;
use policy::Asked;
use service::Stop;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const SWEEP: Duration = Duration::from_secs(1);
/// Rules that read the time are asked again this often.
const AGAIN: Duration = Duration::from_secs(30);

/// Looks after requests under way until the stop; `swapped` tells of every new world.
pub async fn sweep(gate: Arc<Gate>, swapped: Arc<tokio::sync::Notify>, stop: Stop) {
    let mut asked = Instant::now();
    loop {
        tokio::select! {
            () = swapped.notified() => {}
            go = stop.pause(SWEEP) => if !go { break },
        }
        let again = asked.elapsed() > AGAIN;
        if again {
            asked = Instant::now();
        }
        for request in gate.live.all() {
            look_at(&gate, &request, again);
        }
    }
    for request in gate.live.all().iter().filter(|r| r.tunnel.load(Ordering::Relaxed)) {
        request.cut.cancel();
    }
}

fn look_at(gate: &Gate, request: &InFlight, again: bool) {
    if request.cut.is_cancelled() {
        // It was cut and is still there: its client reads no more, so the connection has to go.
        request.end.cancel();
        return;
    }
    let generation = gate.world.load().generation;
    // Not only told of: a world that came while nobody looked counts as well.
    let judge = again || request.judged_in.load(Ordering::Relaxed) != generation;
    let lapsed = judge && !still_permitted(gate, request);
    if judge && !lapsed {
        request.judged_in.store(generation, Ordering::Relaxed);
    }
    if lapsed || request.is_stuck(Duration::from_secs(gate.limits.body_idle_seconds)) {
        gate.metrics.count("cut", if lapsed { "lapsed" } else { "stuck" });
        request.cut.cancel();
    }
}

fn still_permitted(gate: &Gate, request: &InFlight) -> bool {
    let world = gate.world.load();
    let now = gate.clock.seconds();
    let asked = Asked {
        person: &request.peer.person,
        method: request.method.as_str(),
        path: &request.path,
        now,
    };
    request.peer.holds(&world, now).is_ok()
        && world.decide(&asked).is_ok_and(|answer| answer.outcome.is_ok())
}
