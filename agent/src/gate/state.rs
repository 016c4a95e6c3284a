//! What every connection of the gate shares.

use super::allowed::AllowedFields;
use super::in_flight::InFlight;
use super::live::Live;
use super::peer::{ClientIdentity, ClientTrust, Peer};
use super::rejection::Rejections;
use super::upstream::places::Upstreams;
use crate::config::GateLimits;
use crate::self_test::SelfTested;
use crate::spool::Spool;
use crate::token::Tokens;
use crate::witness::Witness;
use crate::world::World;
use arc_swap::ArcSwap;
use mtls::listen::{Handshake, Lanes, PeerStanding};
use policy::Answer;
use records::Code;
use records::access::Exception;
use service::{Clock, CountedAct, Metrics};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The notice of a rule that could not be evaluated, until other rules come.
pub(crate) const RULES_NOTICE: &str = "rules";

/// What every connection shares.
pub struct Gate {
    /// Agent id.
    pub agent: String,
    /// Application id.
    pub application: String,
    /// Host names that it answers for.
    pub hosts: Vec<String>,
    /// The application's places.
    pub(crate) upstreams: Arc<Upstreams>,
    /// Limits.
    pub limits: GateLimits,
    /// Fields of requests that pass.
    pub fields: AllowedFields,
    /// What clients' certificates lead to.
    pub clients: ClientTrust,
    /// Whether the log has them, where that is asked.
    pub(crate) witness: Option<Arc<Witness>>,
    /// Address of the portal, for people without a certificate.
    pub portal: String,
    /// What is in force.
    pub world: Arc<ArcSwap<World>>,
    /// What is durable.
    pub spool: Spool,
    /// Identity tokens.
    pub tokens: Tokens,
    /// The true clock.
    pub clock: Clock,
    /// Counters.
    pub metrics: Metrics,
    /// Of these, what is counted for each request that passes.
    pub(crate) permitted: CountedAct,
    pub(crate) forwarded: CountedAct,
    /// The threads that serve people's connections.
    pub(crate) lanes: Lanes,
    /// Requests under way.
    pub(crate) live: Live<InFlight>,
    /// What was turned away, counted together.
    pub(crate) rejections: Rejections,
    /// When it began.
    pub(crate) began: Instant,
    /// What it rests on works.
    pub(crate) _tested: SelfTested,
    /// Requests permitted and denied, connections open.
    pub counts: Counts,
}

impl Gate {
    /// Who a handshake is from, and among whom they have a place; `most` is how many connections
    /// one certificate may have there.
    pub(super) fn standing(
        &self,
        handshake: &Handshake,
        most: usize,
    ) -> (ClientIdentity, PeerStanding) {
        let shown = ClientIdentity::read(&self.clients, &handshake.chain, self.clock.seconds());
        let (shown, counts) = self.judged(shown);
        let standing = match &shown {
            ClientIdentity::Person(peer) if counts && self.may_wait(peer) => {
                PeerStanding::Proven { certificate: peer.sha256, most }
            }
            _ => PeerStanding::Unproven,
        };
        (shown, standing)
    }

    /// What is known of a certificate before anything is asked with it, and whether it has a place
    /// among those that count. One that was revoked or suspended is turned away like a stranger's,
    /// and counted like those: whoever took it makes no records of connections and requests with
    /// it.
    pub(super) fn judged(&self, shown: ClientIdentity) -> (ClientIdentity, bool) {
        let ClientIdentity::Person(peer) = shown else { return (shown, false) };
        let (world, now) = (self.world.load(), self.clock.seconds());
        if world.usable(now).is_err() {
            // Nobody can say so at the moment; each request is asked again.
            return (ClientIdentity::Person(peer), true);
        }
        match peer.holds(&world, now) {
            Err(code @ (Code::CertificateRevoked | Code::CertificateSuspended)) => {
                (ClientIdentity::Refused { code, serial: peer.serial.clone() }, false)
            }
            holds => (ClientIdentity::Person(peer), holds.is_ok()),
        }
    }

    /// Whether somebody has a place among those whose certificates count: whoever signs new ones
    /// without end takes none of those that others have, beyond as many as are asked for at once.
    fn may_wait(&self, peer: &Peer) -> bool {
        self.witness.as_ref().is_none_or(|witness| witness.may_wait(&peer.sha256))
    }

    /// Who a certificate is from once the log was asked, where the gate asks it: one that does not
    /// stand there, or of which nobody can say so now, is nobody's.
    pub(super) async fn witnessed(&self, shown: ClientIdentity) -> ClientIdentity {
        let Some(witness) = &self.witness else { return shown };
        let ClientIdentity::Person(peer) = shown else { return shown };
        match witness.stands(peer.shown()).await {
            Ok(()) => ClientIdentity::Person(peer),
            Err(code) => ClientIdentity::Refused { code, serial: peer.serial.clone() },
        }
    }

    /// How many requests one certificate has a minute now: fewer than are set while the spool has
    /// little room.
    pub(super) fn a_minute(&self) -> u32 {
        self.spool.share_of_one(self.limits.requests_of_one_a_minute)
    }

    /// Seconds since it began, which never go back.
    pub(super) fn uptime(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

/// What heartbeats say.
#[derive(Default)]
pub struct Counts {
    permitted: AtomicU64,
    denied: AtomicU64,
    excepted: AtomicU64,
    pub(super) connections: AtomicU64,
}

impl Counts {
    /// Counts what passes, and by itself what passes although the rules deny it.
    pub(super) fn passed(
        &self,
        exception: Option<&Exception>,
        (permitted, metrics): (&CountedAct, &Metrics),
    ) {
        self.permitted.fetch_add(1, Ordering::Relaxed);
        permitted.count();
        if let Some(exception) = exception {
            self.excepted.fetch_add(1, Ordering::Relaxed);
            metrics.count("exception", exception.by.name());
        }
    }

    /// Counts what is denied. A rule that cannot be evaluated is told: it keeps people out until
    /// somebody mends it.
    pub(super) fn denied(&self, code: Code, answer: Option<&Answer>, metrics: &Metrics) {
        self.denied.fetch_add(1, Ordering::Relaxed);
        metrics.count("decision", code.name());
        if code == Code::PolicyError {
            let rule = answer.map_or("", |answer| answer.rule.as_str());
            metrics.notice(RULES_NOTICE, &format!("rule `{rule}` could not be evaluated"));
        }
    }

    /// Counts what an application is told. Its questions know no connection, so that a rule which
    /// cannot be evaluated for one says nothing about the rule.
    pub(super) fn told(&self, yes: bool) {
        let count = if yes { &self.permitted } else { &self.denied };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many passed although the rules deny them.
    pub fn excepted(&self) -> u64 {
        self.excepted.load(Ordering::Relaxed)
    }

    /// Permitted, denied, open connections.
    pub fn read(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.permitted), read(&self.denied), read(&self.connections))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Denial;
    use records::access::ExceptionKind;

    /// What passes by an order is counted beside all that passes; of what is denied only a rule
    /// that cannot be evaluated is told, by its name.
    #[test]
    fn what_passes_by_order_is_counted_and_a_rule_without_an_answer_is_told() {
        let (counts, metrics) = (Counts::default(), Metrics::default());
        let by = |by| Exception { by, denied: "not-permitted".into(), order: [7; 32].into() };
        let permitted = metrics.counted("decision", "permitted");
        counts.passed(None, (&permitted, &metrics));
        counts.passed(Some(&by(ExceptionKind::Observe)), (&permitted, &metrics));
        counts.passed(Some(&by(ExceptionKind::Emergency)), (&permitted, &metrics));
        assert_eq!((counts.read(), counts.excepted()), ((3, 0, 0), 2));
        let answer = Answer {
            outcome: Err(Denial::Error),
            route: String::new(),
            action: String::new(),
            resource: String::new(),
            unit: String::new(),
            rule: "own-unit".into(),
            websocket: false,
        };
        counts.denied(Code::NotPermitted, Some(&answer), &metrics);
        assert!(metrics.told().is_empty());
        counts.denied(Code::PolicyError, Some(&answer), &metrics);
        assert_eq!(metrics.told(), ["rules: rule `own-unit` could not be evaluated"]);
        counts.told(true);
        counts.told(false);
        assert_eq!((counts.read(), counts.excepted()), ((4, 3, 0), 2));
    }
}
