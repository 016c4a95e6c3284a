//! Whether certificates stand in the control log: whoever stole the issuing key signs certificates
//! that everybody takes for this city's, and that no order, approval or record is behind. A gate
//! that asks lets none of them in.
//!
//! Each certificate is asked for once: what is proven stays so, since nothing leaves a log. It is
//! remembered, and kept for a restart. That one is missing is never remembered, and that nobody can
//! say so at the moment is a no as well, by another code.

mod kept_proofs;
mod log_floor;
mod logged_certificate;
#[cfg(test)]
mod tests;

use crate::AgentConfig;
use crate::sessions::PresentSessions;
use crate::world::Marks;
use ca_api::log::ISSUED_AT_ONCE;
use ca_api::{IssuedAnswer, IssuedProof, IssuedQuery};
use kept_proofs::KeptProofs;
use log_floor::LogFloor;
use logged_certificate::LoggedCertificate;
pub(crate) use logged_certificate::ShownCertificate;
use quick_cache::sync::Cache;
use records::Code;
use records::floor::LogHead;
use records::trust::Trust;
use service::Metrics;
use std::collections::HashMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

/// Most certificates that are known to stand in the log.
const KNOWN_MAX: usize = 65_536;
/// Most certificates that are asked for at once; whoever shows another one is told to come again.
const QUESTIONS_MAX: usize = 256;
/// Whoever is not known has an answer by then.
const ANSWERED: Duration = Duration::from_secs(4);
/// So often a question is asked that has no good answer: the record of what was issued a moment ago
/// may be on its way.
const TIMES: usize = 3;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether a certificate stands in the log, or the code by which it is refused.
type Witnessed = Result<(), Code>;
/// An answer of the log, or none.
type Asking = Pin<Box<dyn Future<Output = Option<IssuedAnswer>> + Send>>;
type AskLog = Box<dyn Fn(IssuedQuery) -> Asking + Send + Sync>;

/// Where a gate learns whether certificates stand in the log.
pub(crate) struct Witness {
    trust: Arc<Trust>,
    known: Cache<[u8; 32], ()>,
    kept: Arc<KeptProofs>,
    /// What was seen of the log.
    floor: LogFloor,
    /// One question for each certificate, to which whoever shows it listens.
    asking: Mutex<HashMap<[u8; 32], watch::Receiver<Option<Witnessed>>>>,
    /// The places of questions under way.
    questions: Arc<Semaphore>,
    /// The log answers so many at once.
    turns: Semaphore,
    ask: AskLog,
    pause: Duration,
    metrics: Metrics,
    /// Questions go on when whoever began one is gone.
    runtime: Handle,
}

/// A proof, and whether it was kept already.
struct FoundProof {
    proven: LoggedCertificate,
    is_kept: bool,
}

impl Witness {
    /// A witness that asks the log of the city, from within the runtime of the process.
    pub(crate) fn open(
        config: &AgentConfig,
        trust: &Trust,
        (sessions, marks): (PresentSessions, Arc<Mutex<Marks>>),
        metrics: &Metrics,
    ) -> Arc<Self> {
        let ask: AskLog = Box::new(move |query| -> Asking {
            let present = sessions.load_full();
            Box::pin(async move { present.log.issued(&query).await.ok() })
        });
        let kept = config.path("witness");
        let witness = Self::new(trust.clone(), kept, (ask, PAUSE), metrics.clone());
        Arc::new(witness.above(marks))
    }

    /// The same for whom the log goes on from what these marks say was seen of it.
    fn above(self, marks: Arc<Mutex<Marks>>) -> Self {
        Self { floor: LogFloor::of(marks), ..self }
    }

    fn new(
        trust: Trust,
        kept: PathBuf,
        (ask, pause): (AskLog, Duration),
        metrics: Metrics,
    ) -> Self {
        Self {
            trust: Arc::new(trust),
            known: Cache::new(KNOWN_MAX),
            kept: Arc::new(KeptProofs::in_folder(kept)),
            floor: LogFloor::default(),
            asking: Mutex::default(),
            questions: Arc::new(Semaphore::new(QUESTIONS_MAX)),
            turns: Semaphore::new(ISSUED_AT_ONCE),
            ask,
            pause,
            metrics,
            runtime: Handle::current(),
        }
    }

    /// Whether nobody has to wait for this certificate, or one may: whoever shows others has no
    /// place among those whose certificates count.
    pub(crate) fn may_wait(&self, sha256: &[u8; 32]) -> bool {
        self.known.get(sha256).is_some() || self.questions.available_permits() > 0
    }

    /// Whether a certificate stands in the log: known at once, or asked for.
    pub(crate) async fn stands(self: &Arc<Self>, shown: ShownCertificate) -> Witnessed {
        if self.known.get(&shown.sha256).is_some() {
            return Ok(());
        }
        let unproven = Err(Code::CertificateUnproven);
        let Some(mut answer) = self.question(shown) else { return unproven };
        let told = match answer.wait_for(Option::is_some).await {
            Ok(told) => *told,
            Err(_) => None,
        };
        told.unwrap_or(unproven)
    }

    /// The question for a certificate that is under way, or one that begins; nothing where there
    /// are too many.
    fn question(
        self: &Arc<Self>,
        shown: ShownCertificate,
    ) -> Option<watch::Receiver<Option<Witnessed>>> {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // One that broke off tells nobody any more.
        let goes_on = |told: &&watch::Receiver<_>| told.has_changed().is_ok();
        if let Some(told) = asking.get(&shown.sha256).filter(goes_on) {
            return Some(told.clone());
        }
        let place = self.questions.clone().try_acquire_owned().ok()?;
        let (tell, told) = watch::channel(None);
        asking.insert(shown.sha256, told.clone());
        let witness = self.clone();
        self.runtime.spawn(async move {
            let _place = place;
            let found = witness.found(&shown).await;
            if found.is_ok() {
                witness.known.insert(shown.sha256, ());
            }
            // Whoever comes from here on finds it known, or asks anew.
            witness.over(&shown.sha256);
            let told = found.as_ref().map(|_| ()).map_err(|code| *code);
            let _ = tell.send(Some(told));
            if let Ok(FoundProof { proven, is_kept: false }) = found {
                witness.keep(proven).await;
            }
        });
        Some(told)
    }

    fn over(&self, sha256: &[u8; 32]) {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(sha256);
    }

    async fn found(&self, shown: &ShownCertificate) -> Result<FoundProof, Code> {
        let (kept, trust, own) = (self.kept.clone(), self.trust.clone(), shown.clone());
        let read = tokio::task::spawn_blocking(move || kept.read(&trust, &own)).await;
        if let Ok(Some(proven)) = read {
            return Ok(FoundProof { proven, is_kept: true });
        }
        let asked = tokio::time::timeout(ANSWERED, self.asked(shown)).await;
        let asked = asked.unwrap_or(Err(Code::CertificateUnproven));
        if matches!(asked, Err(Code::CertificateUnlogged)) {
            let serial = &shown.serial;
            let what = format!("certificate {serial} is signed and not in the log: call the CA");
            self.metrics.notice("witness", &what);
        }
        Ok(FoundProof { proven: asked?, is_kept: false })
    }

    /// Asks the log, again where it has no good answer.
    async fn asked(&self, shown: &ShownCertificate) -> Result<LoggedCertificate, Code> {
        let mut code = Code::CertificateUnproven;
        for time in 0..TIMES {
            if time > 0 {
                tokio::time::sleep(self.pause).await;
            }
            let seen = self.floor.newest(&self.trust)?;
            let known = seen.as_ref().map_or(0, LogHead::size);
            code = match self.asked_once(shown, known).await {
                Some(IssuedAnswer::Logged(proof)) => {
                    match self.proven(shown, *proof, seen.as_ref()) {
                        Some(proven) => return Ok(proven),
                        // Who proves something else has said nothing.
                        None => Code::CertificateUnproven,
                    }
                }
                Some(IssuedAnswer::Absent(_)) => Code::CertificateUnlogged,
                None => Code::CertificateUnproven,
            };
        }
        Err(code)
    }

    async fn asked_once(&self, shown: &ShownCertificate, control: u64) -> Option<IssuedAnswer> {
        let _turn = self.turns.acquire().await.ok()?;
        let ShownCertificate { sha256, serial } = shown.clone();
        (self.ask)(IssuedQuery { serial, sha256: sha256.into(), control }).await
    }

    /// What an answer proves, if the log of it goes on from what was seen before it was asked.
    fn proven(
        &self,
        shown: &ShownCertificate,
        IssuedProof { evidence, continues }: IssuedProof,
        seen: Option<&LogHead>,
    ) -> Option<LoggedCertificate> {
        let proven = LoggedCertificate::read(&self.trust, shown, evidence)?;
        let note = &proven.evidence().checkpoint;
        match self.floor.follow(&self.trust, note, (seen, continues.as_slice())) {
            Ok(()) => Some(proven),
            Err(error) => {
                self.metrics.notice("witness", &format!("control: {error}: call the CA"));
                None
            }
        }
    }

    async fn keep(&self, proven: LoggedCertificate) {
        let kept = self.kept.clone();
        let written = tokio::task::spawn_blocking(move || kept.keep(&proven)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "a proof could not be kept: it is asked for again");
        }
    }
}
