//! Tunnels: what speaks no HTTP passes as bytes, a port for each application. Who connects is
//! proven, judged by rule and recorded as a request is, before the first byte goes on; the end is
//! recorded with the bytes of both ways; and it is cut as anything else that is under way.

use super::authorize::{Denial, Permit, decide};
use super::completion::CompletionGuard;
use super::connection_context::RecordedConnection;
use super::connection_record;
use super::in_flight::InFlight;
use super::peer::{ClientIdentity, Peer};
use super::reject::{reject, reject_connection};
use super::request::Checked;
use super::request_rate::RequestRates;
use super::state::Gate;
use super::sweep::judge_anew;
use super::upstream::connect;
use crate::config::TunnelConfig;
use crate::spool::Recorded;
use mtls::dial::TUNNEL_PROTOCOL;
use mtls::listen::{
    self, Accepted, Activity, ConnectionRefusal, Endpoint, Handshake, PeerStanding, Transport,
};
use mtls::relay::{RelayEnd, RelayWay, relay};
use records::Code;
use rustls::ServerConfig;
use service::Stop;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A tunnel with its port taken.
pub struct OpenTunnel {
    /// What its configuration says.
    pub config: TunnelConfig,
    /// The port.
    pub listener: TcpListener,
    /// What is spoken there.
    pub tls: Arc<ServerConfig>,
}

/// Serves all tunnels until the stop.
pub async fn listen(gate: Arc<Gate>, tunnels: Vec<OpenTunnel>, stop: Stop) -> io::Result<()> {
    let (mut serving, fullness) = (JoinSet::new(), Arc::<TunnelFullness>::default());
    for OpenTunnel { config, listener, tls } in tunnels {
        let (gate, fullness, stop) = (gate.clone(), fullness.clone(), stop.clone());
        serving.spawn(async move {
            let rates = RequestRates::default();
            let port = TunnelPort { gate: gate.clone(), config, rates, fullness };
            let until = async move { stop.wait().await };
            listen::serve_in(&gate.lanes, listener, Some(tls), port, until).await
        });
    }
    while let Some(ended) = serving.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

/// The endpoint of one tunnel.
struct TunnelPort {
    gate: Arc<Gate>,
    config: TunnelConfig,
    /// Connections within a minute by certificate.
    rates: RequestRates,
    /// Shared with all other tunnels.
    fullness: Arc<TunnelFullness>,
}

/// Which tunnels are full, and which are nearly: they are told under one name, which one that has
/// room again does not take back for another.
#[derive(Default)]
struct TunnelFullness {
    full: Mutex<BTreeSet<String>>,
    nearly: Mutex<BTreeSet<String>>,
}

/// Takes one in, or out; says under the lock whether there is any, so that what is newer is told
/// later.
fn among(all: &Mutex<BTreeSet<String>>, one: &str, is: bool, tell: impl FnOnce(bool)) {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    match is {
        true => all.insert(one.to_owned()),
        false => all.remove(one),
    };
    tell(!all.is_empty());
}

impl Endpoint for TunnelPort {
    type Peer = ClientIdentity;

    fn limits(&self) -> listen::Limits {
        self.config.of_listener(&self.gate.limits)
    }

    fn peer(&self, handshake: &Handshake) -> (ClientIdentity, PeerStanding) {
        self.gate.standing(handshake, self.config.connections_of_one)
    }

    fn reject(&self, source: SocketAddr, peer: Option<&ClientIdentity>, why: ConnectionRefusal) {
        reject_connection(&self.gate, source, peer, why);
    }

    fn full(&self, is_full: bool) {
        let tell = |is_any| self.gate.metrics.full("tunnel", is_any);
        among(&self.fullness.full, &self.config.name, is_full, tell);
    }

    fn nearly_full(&self, is_nearly_full: bool) {
        let tell = |is_any| self.gate.metrics.nearly_full("tunnel", is_any);
        among(&self.fullness.nearly, &self.config.name, is_nearly_full, tell);
    }

    async fn serve(self: Arc<Self>, accepted: Accepted<ClientIdentity>) {
        let Accepted { stream, source, handshake, peer: shown, slot, stopping } = accepted;
        let (gate, activity) = (&self.gate, slot.activity());
        // Whoever has fewer connections takes no place of one that is under way.
        let _under_way = activity.begin();
        gate.counts.connections.fetch_add(1, Ordering::Relaxed);
        let shown = gate.witnessed(shown).await;
        match self.admitted(source, handshake, &shown).await {
            Ok((permit, recorded)) => {
                self.carry(stream, (&permit, &recorded), &activity, &stopping).await;
            }
            // Nobody who speaks no HTTP can be told why: it stands in the log.
            Err(code) => gate.metrics.count("tunnel", code.name()),
        }
        gate.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl TunnelPort {
    /// What is permitted and recorded, in this order.
    async fn admitted(
        &self,
        source: SocketAddr,
        handshake: Handshake,
        shown: &ClientIdentity,
    ) -> Result<(Permit, Recorded), Code> {
        let gate = &self.gate;
        let refused = |stage, code| {
            reject(gate, stage, code, (source, shown.serial()), "");
            code
        };
        let peer = match shown {
            ClientIdentity::Person(peer) => peer,
            ClientIdentity::Nobody => {
                return Err(refused("certificate", Code::CertificateRequired));
            }
            ClientIdentity::Refused { code, .. } => return Err(refused("certificate", *code)),
        };
        let Handshake { sni, verify, .. } = handshake;
        let host = sni.filter(|name| gate.hosts.contains(name));
        let host = host.ok_or_else(|| refused("handshake", Code::Misdirected))?;
        let a_minute = gate.a_minute();
        let bytes = verify.as_ref().map_or(0, connection_record::kept_bytes);
        if !self.rates.of(peer.sha256, a_minute).takes(bytes, a_minute) {
            return Err(refused("handshake", Code::TooManyTries));
        }
        let verify = verify.ok_or_else(|| refused("certificate", Code::AuditFailed))?;
        let said = (host, TUNNEL_PROTOCOL);
        let connection = connection_record::record(gate, peer, verify, source, said).await;
        let connection = connection.ok_or(Code::AuditFailed)?;
        self.permitted(peer, &connection).await
    }

    async fn permitted(
        &self,
        peer: &Arc<Peer>,
        connection: &RecordedConnection,
    ) -> Result<(Permit, Recorded), Code> {
        let gate = &self.gate;
        let asked = Checked::of_tunnel(&self.config.name)?;
        let at = (gate.clock.seconds(), connection.under);
        let permit = match decide(gate.world.load_full(), peer, asked, at) {
            Ok(permit) => permit,
            Err(denial) => return Err(denied(gate, &denial, connection).await),
        };
        let recorded = permit.record(gate, connection).await.map_err(|error| {
            gate.metrics.count("decision", error.code().name());
            error.code()
        })?;
        gate.counts.passed(permit.exception.as_ref(), (&gate.permitted, &gate.metrics));
        Ok((permit, recorded))
    }

    /// Carries bytes both ways until an end; whatever it is, it is recorded.
    async fn carry(
        &self,
        stream: Transport,
        (permit, recorded): (&Permit, &Recorded),
        activity: &Arc<Activity>,
        stopping: &CancellationToken,
    ) {
        let in_flight = InFlight::new(
            permit.peer.clone(),
            (permit.request.method.clone(), permit.request.path.clone(), permit.under),
            (permit.world.generation, permit.exception.is_some()),
            activity.clone(),
        );
        in_flight.tunnel.store(true, Ordering::Relaxed);
        let end = CompletionGuard::new(&self.gate, recorded.request_id(), in_flight.clone());
        judge_anew(&self.gate, &in_flight);
        let moved = |way, bytes| match way {
            RelayWay::Up => in_flight.move_on(&in_flight.up, bytes),
            RelayWay::Down => in_flight.move_on(&in_flight.down, bytes),
        };
        let carried = async {
            match connect(&self.config.upstream, None).await {
                Ok(application) => relay(stream, application, moved).await,
                Err(error) => {
                    tracing::warn!(tunnel = self.config.name, %error, "upstream");
                    RelayEnd::FarBroke
                }
            }
        };
        tokio::select! {
            biased;
            () = in_flight.until_cut() => {}
            () = activity.end.cancelled() => in_flight.cut_for(Code::Unavailable),
            () = stopping.cancelled() => in_flight.cut_for(Code::Unavailable),
            ended = carried => {
                end.outcome(match ended {
                    RelayEnd::Done => "done",
                    RelayEnd::NearBroke => "client-gone",
                    RelayEnd::FarBroke => "upstream-error",
                });
            }
            () = in_flight.until_silent(self.config.idle()) => in_flight.cut_for(Code::RequestLate),
            () = tokio::time::sleep(self.config.life()) => in_flight.cut_for(Code::RequestLate),
        }
        let outcome = if in_flight.cut.is_cut() { "cut" } else { "ended" };
        self.gate.metrics.count("tunnel", outcome);
    }
}

/// Records a denial; nobody can be told a reference.
async fn denied(gate: &Gate, denial: &Denial, connection: &RecordedConnection) -> Code {
    gate.counts.denied(denial.code, denial.answer.as_deref(), &gate.metrics);
    denial.record(gate, connection, "").await;
    denial.code
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::Metrics;

    /// A tunnel that has room again says nothing of another one that has none.
    #[test]
    fn a_full_tunnel_is_told_until_none_is_full() {
        let (all, metrics) = (TunnelFullness::default(), Metrics::default());
        let is_told = |one: &str, is_full: bool| {
            among(&all.full, one, is_full, |is_any| metrics.full("tunnel", is_any));
            !metrics.readiness().is_ready
        };
        assert!(is_told("database", true) && is_told("desktop", true));
        assert!(is_told("desktop", false) && is_told("desktop", false));
        assert!(!is_told("database", false) && is_told("desktop", true));
    }
}
