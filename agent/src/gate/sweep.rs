//! Requests under way are cut when their certificate, their person or the rules no longer let them,
//! and when nothing moves any more.

use super::in_flight::InFlight;
use super::state::Gate;
use crate::world::World;
use policy::AccessRequest;
use records::Code;
use service::Stop;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const SWEEP: Duration = Duration::from_secs(1);
/// What was cut ends by itself within this time; less than a look comes after another.
const CUT_MAX: Duration = Duration::from_millis(500);
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
        let again = is_asked_again(asked, Instant::now());
        if again {
            asked = Instant::now();
        }
        for request in gate.live.all() {
            look_at(&gate, &request, again);
        }
    }
    for request in gate.live.all().iter().filter(|r| r.tunnel.load(Ordering::Relaxed)) {
        request.cut_for(Code::Unavailable);
    }
}

fn look_at(gate: &Gate, request: &InFlight, again: bool) {
    if request.cut.is_cut() {
        // It was cut and is still there: its client reads no more, so the connection has to go.
        // Worlds may come one right behind the other, and what reads ends in between.
        if request.was_cut_before(CUT_MAX) {
            request.end_connection();
        }
        return;
    }
    let world = gate.world.load();
    let generation = world.generation;
    let judged_in = request.judged_in.load(Ordering::Relaxed);
    let (not_after, now) = (request.peer.certificate.not_after(), gate.clock.seconds());
    let is_over = is_over(&world, not_after, now);
    let ends = ends_by_itself(&world, request);
    let judge = again || is_over || is_judged((judged_in, generation), ends);
    let lapsed = if judge { still_permitted(gate, request).err() } else { None };
    if judge && lapsed.is_none() {
        request.judged_in.store(generation, Ordering::Relaxed);
    }
    if let Some(cause) = lapsed.or_else(|| request.stuck(&gate.limits)) {
        gate.metrics.count("cut", if lapsed.is_some() { "lapsed" } else { "stuck" });
        request.cut_for(cause);
    }
}

/// Judges a request once more before anything of it goes on, if another world came while its record
/// became durable: what was told meanwhile is not passed by a disk that takes its time.
pub(super) fn judge_anew(gate: &Gate, request: &InFlight) {
    if let Err(cause) = judged_anew(&gate.world.load(), request, gate.clock.seconds()) {
        gate.metrics.count("cut", "lapsed");
        request.cut_for(cause);
    }
}

fn judged_anew(world: &World, request: &InFlight, now: u64) -> Result<(), Code> {
    match request.judged_in.load(Ordering::Relaxed) == world.generation {
        true => Ok(()),
        false => permitted_in(world, request, now),
    }
}

fn still_permitted(gate: &Gate, request: &InFlight) -> Result<(), Code> {
    permitted_in(&gate.world.load(), request, gate.clock.seconds())
}

fn permitted_in(world: &World, request: &InFlight, now: u64) -> Result<(), Code> {
    let asked = AccessRequest {
        person: &request.peer.person,
        method: request.method.as_str(),
        path: &request.path,
        now,
        under: request.under,
    };
    request.peer.holds(world, now)?;
    let answer = world.decide(&asked)?;
    world.passage(&asked, &answer).map(|_| ())
}

/// Whether something is judged whatever the time: in each new world, not only one that is told of,
/// since one that came while nobody looked counts as well; and at each look where it may end at a
/// second of its own.
fn is_judged((judged_in, generation): (u64, u64), ends_by_itself: bool) -> bool {
    ends_by_itself || judged_in != generation
}

/// Whether what lets a request pass may end at a second of its own: an order, or a role that is
/// lent to whoever asks.
fn ends_by_itself(world: &World, request: &InFlight) -> bool {
    request.by_order || world.lends_to(&request.peer.person)
}

/// Whether a limit has passed, of what is in force or of a certificate: no other world has to come
/// for that, and nobody waits until rules are asked again.
fn is_over(world: &World, not_after: u64, now: u64) -> bool {
    now > not_after || world.usable(now).is_err()
}

/// Whether rules that read the time are due, where they were asked last at a moment.
fn is_asked_again(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) > AGAIN
}

#[cfg(test)]
mod tests {
    use super::super::peer::tests::somebody;
    use super::*;
    use policy::CanonicalPath;

    /// What was permitted in a world that is over is judged in the one that came while its record
    /// was written, before anything of it goes on; in its own world it is not judged twice.
    #[test]
    fn what_came_while_a_record_was_written_counts() {
        let own = World::nothing().next(None, None, None);
        let (peer, path) = (somebody(own.generation), CanonicalPath::read("/a").unwrap());
        let now = peer.certificate.not_after();
        let asked = (http::Method::GET, Arc::new(path), Default::default());
        let request = InFlight::new(peer, asked, (own.generation, false), Arc::default());
        assert_eq!(judged_anew(&own, &request, now), Ok(()));
        let next = own.next(None, None, None);
        assert_eq!(judged_anew(&next, &request, now), Err(Code::StatusStale), "no list is there");
    }

    /// What passes by an order, as in an emergency, is judged at each look: it ends with its
    /// window, and not when rules are asked again. All else waits for that, or for a new world.
    #[test]
    fn what_passes_by_an_order_is_judged_at_each_look() {
        assert!(is_judged((7, 7), true));
        assert!(!is_judged((7, 7), false));
        assert!(is_judged((7, 8), false) && is_judged((8, 7), false));
    }

    /// So is what somebody has under way to whom a role is lent, since that is over at a second of
    /// its own and no other snapshot has to come for it.
    #[test]
    fn what_may_rest_on_a_role_that_is_lent_is_judged_at_each_look() {
        let world = World::lending_to("p");
        let path = CanonicalPath::read("/a").unwrap();
        let asked = (http::Method::GET, Arc::new(path), Default::default());
        let judged = (world.generation, false);
        let request = InFlight::new(somebody(world.generation), asked, judged, Arc::default());
        assert!(ends_by_itself(&world, &request));
        assert!(!ends_by_itself(&World::lending_to("another"), &request));
    }

    /// What is under way ends with the certificate, the list and the people that it is permitted
    /// by, at the next look: a second later, and not when rules are asked again.
    #[test]
    fn what_is_under_way_ends_with_the_limits_that_it_passed_by() {
        let (limit, end) = (1_900_000_000, 1_800_000_000);
        let world = World::good_until(limit);
        assert!(!is_over(&world, end, end) && is_over(&world, end, end + 1));
        assert!(!is_over(&world, u64::MAX, limit) && is_over(&world, u64::MAX, limit + 1));
        assert!(is_over(&World::nothing(), u64::MAX, end), "nothing is in force");
    }

    /// What a rule permits until a minute is cut within the next one: a look each second asks those
    /// that read the time twice a minute, though nothing else changes.
    #[test]
    fn rules_by_time_are_asked_again_within_a_minute() {
        let began = Instant::now();
        let mut last = began;
        let mut asked = Vec::new();
        for look in 1..=180 {
            let now = began + SWEEP * look;
            if is_asked_again(last, now) {
                asked.push(now);
                last = now;
            }
        }
        let minute = Duration::from_secs(60);
        let gaps = asked.windows(2).map(|two| two[1] - two[0]);
        assert!(asked.len() >= 4 && asked[0] - began < minute);
        assert!(gaps.into_iter().all(|gap| gap < minute));
    }
}
