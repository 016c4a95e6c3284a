//! What the other processes of a host say on `/readyz`: asked again and again, and kept with when
//! each answered last, so that a page tells for all of them what is full, and says of whom it does
//! not know. Nothing is decided by it.

use crate::clock::Clock;
use crate::stop::Stop;
use axum::http::StatusCode;
use mtls::Client;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often they are asked.
const LOOK: Duration = Duration::from_secs(5);
/// Who has not answered by then does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// What is kept of an answer.
const LINES_MAX: usize = 32;
const LINE_CHARACTERS_MAX: usize = 200;

/// What a process says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// It says whether the process is ready.
    pub is_ready: bool,
    /// What is wrong, full or nearly full, a line each.
    pub told: Vec<String>,
}

/// What is known of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The process is named as in its configuration.
    pub process: &'static str,
    /// What it said last, and when; nothing if it never answered.
    pub last: Option<(u64, Readiness)>,
    /// Since when it does not answer, if so.
    pub silent_since: Option<u64>,
}

/// The processes that are asked how they are, each at its address.
pub struct Neighbours(Mutex<Vec<(SocketAddr, Neighbour)>>);

impl Neighbours {
    /// By name and admin address; nobody was asked yet.
    #[must_use]
    pub fn of(processes: &[(&'static str, SocketAddr)]) -> Self {
        let unknown = |process| Neighbour { process, last: None, silent_since: None };
        let all = processes.iter().map(|(process, admin)| (*admin, unknown(*process)));
        Self(Mutex::new(all.collect()))
    }

    /// What is known of each.
    #[must_use]
    pub fn known(&self) -> Vec<Neighbour> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(_, known)| known.clone()).collect()
    }

    /// Asks each until the stop.
    pub async fn watch(&self, clock: Clock, stop: Stop) {
        loop {
            self.look(clock).await;
            if !stop.pause(LOOK).await {
                return;
            }
        }
    }

    /// Asks each process once.
    pub(crate) async fn look(&self, clock: Clock) {
        let asked: Vec<SocketAddr> = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().map(|(admin, _)| *admin).collect()
        };
        for (place, admin) in asked.into_iter().enumerate() {
            let answer = ask(admin).await;
            let now = clock.seconds();
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((_, known)) = all.get_mut(place) else { continue };
            match answer {
                Some(said) => (known.last, known.silent_since) = (Some((now, said)), None),
                None => known.silent_since = known.silent_since.or(Some(now)),
            }
        }
    }
}

/// What the process at an admin address says of itself now; nothing if it does not answer, or
/// somebody answers who says something else.
pub async fn ask(admin: SocketAddr) -> Option<Readiness> {
    let client = Client::new(&format!("http://{admin}"), None).ok()?;
    let answer = tokio::time::timeout(ANSWER_MAX, client.get("/readyz")).await.ok()?.ok()?;
    read(answer.status(), &String::from_utf8_lossy(answer.body()))
}

fn read(status: StatusCode, text: &str) -> Option<Readiness> {
    let (is_ready, text) = match status {
        StatusCode::OK => (true, text.strip_prefix("ready\n")?),
        StatusCode::SERVICE_UNAVAILABLE => (false, text),
        _ => return None,
    };
    let line = |line: &str| line.chars().take(LINE_CHARACTERS_MAX).collect();
    Some(Readiness { is_ready, told: text.lines().take(LINES_MAX).map(line).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever else answers at the address says nothing about the process, and nobody fills a page.
    #[test]
    fn an_answer_is_that_of_a_process_of_ours() {
        assert_eq!(
            read(StatusCode::OK, "ready\n"),
            Some(Readiness { is_ready: true, told: vec![] })
        );
        assert_eq!(read(StatusCode::OK, "<html>"), None);
        assert_eq!(read(StatusCode::NOT_FOUND, "ready\n"), None);
        let long = format!("disk: {}\n", "x".repeat(1_000)).repeat(100);
        let said = read(StatusCode::SERVICE_UNAVAILABLE, &long).unwrap();
        assert_eq!((said.told.len(), said.told[0].len()), (LINES_MAX, LINE_CHARACTERS_MAX));
    }
}
