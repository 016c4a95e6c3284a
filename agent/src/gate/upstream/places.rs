//! The places of an application: which of them is asked, and which is left alone for a while.
//!
//! A person's connection stays with one place as long as that is well. One that cannot be reached
//! is *dead* until it can be; one that is late, or says what is no answer, three times in a row is
//! *slow* or *lying* and rests for a while. Where all of them are in trouble they are tried all the
//! same: nobody is kept out by what others met with.

use super::stream::{TlsToUpstream, UpstreamStream, connect};
use crate::config::{UpstreamAddress, UpstreamAddresses, UpstreamProtocol};
use service::open_files::is_for_want_of_own;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many answers in a row that are late, or none.
const STRIKES_MAX: u32 = 3;
/// One that was slow or lying rests for so long.
const REST: Duration = Duration::from_secs(10);

/// What is the matter with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpstreamTrouble {
    /// It cannot be connected to, or breaks off.
    Dead,
    /// It has everything and does not begin to answer.
    Slow,
    /// It is not who it must be, or what it says is no answer.
    Lying,
}

impl UpstreamTrouble {
    /// Its name in metrics and on `/readyz`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Slow => "slow",
            Self::Lying => "lying",
        }
    }
}

/// All places of an application.
pub(crate) struct Upstreams {
    all: Vec<UpstreamPlace>,
    tls: Option<TlsToUpstream>,
    protocol: UpstreamProtocol,
    next: AtomicUsize,
}

struct UpstreamPlace {
    address: UpstreamAddress,
    /// Whether there is anything to look up: most of the time there is not.
    is_marked: AtomicBool,
    standing: Mutex<UpstreamStanding>,
}

#[derive(Default)]
struct UpstreamStanding {
    strikes: u32,
    trouble: Option<KnownTrouble>,
}

#[derive(Clone, Copy)]
struct KnownTrouble {
    what: UpstreamTrouble,
    since: Instant,
    /// Whether it lasts until somebody connects; else it is over after [`REST`].
    until_reached: bool,
}

impl Upstreams {
    pub(crate) fn new(addresses: &UpstreamAddresses, tls: Option<TlsToUpstream>) -> Self {
        let all = addresses.all().iter().map(|address| UpstreamPlace {
            address: address.clone(),
            is_marked: AtomicBool::new(false),
            standing: Mutex::default(),
        });
        let (protocol, next) = (UpstreamProtocol::default(), AtomicUsize::new(0));
        Self { all: all.collect(), tls, protocol, next }
    }

    /// The same, where another protocol is spoken.
    pub(crate) fn speaking(self, protocol: UpstreamProtocol) -> Self {
        Self { protocol, ..self }
    }

    /// What is spoken there.
    pub(super) fn protocol(&self) -> UpstreamProtocol {
        self.protocol
    }

    /// Where one more person's connection begins to look.
    pub(crate) fn begin(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.all.len().max(1)
    }

    /// Connects to the first place, from one on, that takes it; those in trouble come last. Nothing
    /// of a request was sent before, so that another place may have it.
    pub(crate) async fn connect(&self, from: usize) -> io::Result<(UpstreamStream, usize)> {
        let mut last = io::Error::from(io::ErrorKind::NotConnected);
        for number in self.order(from, Instant::now()) {
            let Some(place) = self.all.get(number) else { continue };
            match place.reach(self.tls.as_ref()).await {
                Ok(stream) => return Ok((stream, number)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Those that are well, from one on, and behind them the others.
    fn order(&self, from: usize, now: Instant) -> Vec<usize> {
        let count = self.all.len();
        let round = (0..count).map(|step| (from + step) % count.max(1));
        let is_well = |number: &usize| self.all.get(*number).is_some_and(|one| one.is_well(now));
        let (mut well, others): (Vec<usize>, Vec<usize>) = round.partition(is_well);
        well.extend(others);
        well
    }

    /// A place answered.
    pub(crate) fn answered(&self, number: usize) {
        if let Some(place) = self.all.get(number) {
            place.forgive();
        }
    }

    /// A place did not answer; says whether it is in trouble for it.
    pub(crate) fn failed(&self, number: usize, what: UpstreamTrouble, now: Instant) -> bool {
        self.all.get(number).is_some_and(|place| place.strike(what, now))
    }

    /// Tries to reach those that could not be; gives what is the matter, a place after the other.
    pub(crate) async fn look(&self) -> String {
        let mut told = Vec::new();
        for place in &self.all {
            if place.trouble(Instant::now()).is_some_and(|known| known.until_reached) {
                let _ = place.reach(self.tls.as_ref()).await;
            }
            if let Some(known) = place.trouble(Instant::now()) {
                told.push(format!("{} is {}", place.address, known.what.name()));
            }
        }
        told.join(", ")
    }
}

impl UpstreamPlace {
    /// Connects, and remembers whether that worked.
    async fn reach(&self, tls: Option<&TlsToUpstream>) -> io::Result<UpstreamStream> {
        let connected = connect(&self.address, tls).await;
        match &connected {
            Ok(_) => self.reached(),
            Err(error) => self.not_reached(error),
        }
        connected
    }

    /// It cannot be connected to. What the gate itself has not enough of is held against nobody.
    fn not_reached(&self, error: &io::Error) {
        if is_for_want_of_own(error) {
            return;
        }
        let what = match error.kind() {
            io::ErrorKind::InvalidData => UpstreamTrouble::Lying,
            _ => UpstreamTrouble::Dead,
        };
        self.mark(KnownTrouble { what, since: Instant::now(), until_reached: true });
    }

    fn reached(&self) {
        if !self.is_marked.load(Ordering::Relaxed) {
            return;
        }
        let mut standing = self.standing();
        if standing.trouble.is_some_and(|known| known.until_reached) {
            standing.trouble = None;
        }
    }

    fn mark(&self, trouble: KnownTrouble) {
        let mut standing = self.standing();
        standing.trouble = Some(trouble);
        self.is_marked.store(true, Ordering::Relaxed);
    }

    fn strike(&self, what: UpstreamTrouble, now: Instant) -> bool {
        let mut standing = self.standing();
        standing.strikes = standing.strikes.saturating_add(1);
        self.is_marked.store(true, Ordering::Relaxed);
        let is_out = standing.strikes >= STRIKES_MAX;
        if is_out {
            standing.trouble = Some(KnownTrouble { what, since: now, until_reached: false });
        }
        is_out
    }

    fn forgive(&self) {
        if self.is_marked.load(Ordering::Relaxed) {
            let mut standing = self.standing();
            *standing = UpstreamStanding::default();
            self.is_marked.store(false, Ordering::Relaxed);
        }
    }

    fn trouble(&self, now: Instant) -> Option<KnownTrouble> {
        if !self.is_marked.load(Ordering::Relaxed) {
            return None;
        }
        let rests = |known: &KnownTrouble| {
            known.until_reached || now.saturating_duration_since(known.since) < REST
        };
        self.standing().trouble.filter(rests)
    }

    fn is_well(&self, now: Instant) -> bool {
        self.trouble(now).is_none()
    }

    fn standing(&self) -> MutexGuard<'_, UpstreamStanding> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn places(count: usize) -> (Vec<TcpListener>, Upstreams) {
        let mut listeners = Vec::new();
        for _ in 0..count {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let all = listeners.iter().map(|one| one.local_addr().unwrap().into()).collect();
        (listeners, Upstreams::new(&UpstreamAddresses::of(all).unwrap(), None))
    }

    /// People are spread over the places; who begins at a dead one is served by another, and the
    /// dead one is asked again once it lives.
    #[tokio::test]
    async fn a_dead_place_is_left_alone_until_it_lives() {
        let (mut listeners, upstreams) = places(3).await;
        assert_eq!([0, 1, 2, 0].map(|_| upstreams.begin()), [0, 1, 2, 0]);
        let at = listeners[1].local_addr().unwrap();
        drop(listeners.remove(1));
        let (_, number) = upstreams.connect(1).await.unwrap();
        assert_eq!(number, 2, "the next one");
        assert_eq!(upstreams.order(1, Instant::now()), [2, 0, 1], "the dead one comes last");
        assert_eq!(upstreams.look().await, format!("{at} is dead"));
        let _again = TcpListener::bind(at).await.unwrap();
        assert_eq!(upstreams.look().await, "");
        assert_eq!(upstreams.connect(1).await.unwrap().1, 1);
    }

    /// A gate that can open nothing more, or has no port left, says nothing of its application.
    #[tokio::test]
    async fn what_a_gate_has_not_enough_of_is_held_against_no_place() {
        let (_listeners, upstreams) = places(2).await;
        let first = &upstreams.all[0];
        let (no_file, no_port) = (24, 99);
        for number in [no_file, no_port] {
            first.not_reached(&io::Error::from_raw_os_error(number));
            assert_eq!(upstreams.order(0, Instant::now()), [0, 1]);
        }
        first.not_reached(&io::ErrorKind::ConnectionRefused.into());
        assert_eq!(upstreams.order(0, Instant::now()), [1, 0]);
    }

    /// A place that is late, or lies, again and again rests and is tried then; one answer in
    /// between forgives all of it. Where all rest, all are tried.
    #[tokio::test]
    async fn slow_and_lying_places_rest() {
        let (_listeners, upstreams) = places(2).await;
        let now = Instant::now();
        let strike = |number, what| upstreams.failed(number, what, now);
        assert!(!strike(0, UpstreamTrouble::Slow) && !strike(0, UpstreamTrouble::Slow));
        upstreams.answered(0);
        assert!(!strike(0, UpstreamTrouble::Lying) && !strike(0, UpstreamTrouble::Lying));
        assert_eq!(upstreams.order(0, now), [0, 1]);
        assert!(strike(0, UpstreamTrouble::Lying));
        assert_eq!(upstreams.order(0, now), [1, 0]);
        assert!(upstreams.look().await.ends_with(" is lying"), "to connect is no answer");
        assert_eq!(upstreams.order(0, now + REST), [0, 1]);
        let struck = (0..STRIKES_MAX).filter(|_| strike(1, UpstreamTrouble::Slow)).count();
        assert_eq!(struck, 1);
        assert_eq!(upstreams.order(1, now), [1, 0]);
        assert_eq!(upstreams.connect(1).await.unwrap().1, 1, "nobody is kept out");
    }

    /// Where there is no place at all nothing is asked, and nothing breaks.
    #[tokio::test]
    async fn a_place_that_nobody_has_is_not_asked() {
        let (listeners, upstreams) = places(1).await;
        drop(listeners);
        assert!(upstreams.connect(0).await.is_err());
        assert!(!upstreams.failed(7, UpstreamTrouble::Slow, Instant::now()));
        upstreams.answered(7);
    }
}
