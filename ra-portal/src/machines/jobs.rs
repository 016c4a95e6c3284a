//! What goes on behind an answer: looks at challenges, and certificates on their way. Each is a row
//! before its client hears that it is under way, taken for seconds by whoever does it, who takes it
//! for longer while that goes on: if that process is killed, the next one that looks takes it up
//! soon, in this process or another one of the portal. What ends before its client is answered is
//! written once, as it ended.

use crate::machines::answer::{AcmeRefused, Answer};
use crate::machines::second::found_by_all;
use crate::machines::state::{MachinesState, is_not_yet, is_unavailable};
use crate::machines::table::authorization::{self, KeptAuthorization};
use crate::machines::table::certificate::KeptCertificate;
use crate::machines::table::change::MachineChange;
use crate::machines::table::order::{self, KeptOrder, Stage};
use crate::machines::table::unfinished;
use crate::machines::told::ToldRefusal;
use crate::machines::validate::Look;
use crate::notes;
use acme::challenge::ChallengeStatus;
use acme::renewal::CertificateName;
use acme::{AcmeProblem, ProblemKind};
use pki::Certificate;
use records::machine::{CollectMachine, Finalize, Finalized};
use service::Metrics;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use tokio::sync::oneshot;

/// How long whoever begins something has it, in seconds, and has it again while it goes on: a
/// client of a process that was killed waits so long.
pub(crate) const HELD_SECONDS: u64 = 10;
/// Time for all tries of a look, however many addresses, redirects and names it leads to.
const LOOK_MAX: Duration = Duration::from_secs(60);
/// How often it is said what goes on, and looked for what nobody does any more; how much of that is
/// taken at once.
const LOOK: Duration = Duration::from_secs(2);
const _: () = assert!(3 * LOOK.as_secs() < HELD_SECONDS);
const TAKEN_MAX: i64 = 64;
/// What the CA could not say is asked again after so many seconds.
const LATER_SECONDS: u64 = 2;
/// A host that cannot be reached is tried again, with these pauses.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// Pauses between questions whether a certificate is there, each of which the CA keeps for a while
/// (`collect::WAIT`), and how many of them.
const COLLECT_PAUSE: Duration = Duration::from_millis(40);
const COLLECTS_MAX: usize = 40;
/// How often what ended is forgotten, and how long behind its end, in seconds.
const FORGET: Duration = Duration::from_secs(3_600);
pub(crate) const KEPT_SECONDS: u64 = 30 * 86_400;
/// The same of what became no certificate.
pub(crate) const UNFINISHED_SECONDS: u64 = 86_400;

/// Takes up what nobody does any more, until the stop.
pub(crate) async fn run(state: Arc<MachinesState>) {
    while state.stop.pause(LOOK).await {
        match take_up(&state).await {
            Ok(()) => state.metrics.condition("machines", ""),
            Err(error) => state.metrics.condition("machines", &error.to_string()),
        }
        tell(&state.metrics, "nonces", state.nonces.filled());
        tell(&state.metrics, "open-orders", state.open_names.filled());
    }
}

/// Says that something is full, or nearly: from seven eighths on.
fn tell(metrics: &Metrics, what: &'static str, (filled, most): (u64, u64)) {
    metrics.full(what, filled >= most);
    metrics.nearly_full(what, filled < most && filled >= most / 8 * 7);
}

async fn take_up(state: &Arc<MachinesState>) -> Result<(), StoreError> {
    let now = state.clock.seconds();
    let held = (now, now + HELD_SECONDS);
    authorization::hold(&state.store, &state.looks.ids(), held.1).await?;
    order::hold(&state.store, &state.carried.ids(), held.1).await?;
    for (id, system) in authorization::take_due(&state.store, held, TAKEN_MAX).await? {
        if let Some(kept) = authorization::by_id(&state.store, &id).await?
            && kept.challenge == ChallengeStatus::Processing
        {
            // Nobody waits for it: what is found is written.
            drop(begin_look(state, (kept, system)));
        }
    }
    for id in order::take_due(&state.store, held, TAKEN_MAX).await? {
        begin_carry(state, id);
    }
    Ok(())
}

/// Forgets what ended long ago, and counts what became nothing, until the stop.
pub(crate) async fn forget(state: Arc<MachinesState>) {
    loop {
        if let Err(error) = forget_ended(&state).await {
            tracing::error!(%error, "machines");
        }
        if !state.stop.pause(FORGET).await {
            return;
        }
    }
}

async fn forget_ended(state: &MachinesState) -> Result<(), StoreError> {
    let now = state.clock.seconds();
    unfinished::forget(&state.store, now.saturating_sub(UNFINISHED_SECONDS)).await?;
    let before = now.saturating_sub(KEPT_SECONDS);
    authorization::forget(&state.store, before).await?;
    order::forget(&state.store, before).await?;
    notes::forget(&state.store, before).await?;
    state.open_names.set(unfinished::names(&state.store).await?);
    Ok(())
}

/// Begins to look at the challenge that an authorization of a system says is chosen. What is found
/// is told as the change that keeps it; where nobody waits for that any more, it is written here.
pub(crate) fn begin_look(
    state: &Arc<MachinesState>,
    (kept, system): (KeptAuthorization, String),
) -> oneshot::Receiver<MachineChange> {
    let (tell, told) = oneshot::channel();
    let state = state.clone();
    tokio::spawn(async move {
        let Some(found) = look(&state, (&kept, &system)).await else { return };
        let Err(unheard) = tell.send(found) else { return };
        if let Err(AcmeRefused(problem)) = state.written(unheard).await {
            tracing::error!(error = problem.zh(), "a look at a challenge");
        }
    });
    told
}

async fn look(
    state: &MachinesState,
    (kept, system): (&KeptAuthorization, &str),
) -> Option<MachineChange> {
    let kind = kept.kind?;
    // Who waits for a place, or has one, is there already.
    let _place = state.looks.place(&kept.id, system).await?;
    let found = tokio::select! {
        found = tokio::time::timeout(LOOK_MAX, looked_at(state, kept)) => found,
        // Whoever takes it up looks again.
        () = state.stop.wait() => return None,
    };
    let (zh, en) = ("没有按时应答", "there was no answer in time");
    let late = |_| Err(AcmeProblem::about(ProblemKind::Connection, zh, en));
    let found = found.unwrap_or_else(late);
    state.metrics.count("challenge", if found.is_ok() { "valid" } else { "invalid" });
    if let Err(problem) = &found {
        let (told, now) = (ToldRefusal::of(problem), state.clock.seconds());
        state.troubles.told_later(&kept.account, "challenge", &told, now);
    }
    let found = found.map(|()| state.clock.seconds()).map_err(|problem| problem.to_json());
    let (id, thumbprint) = (kept.id.clone(), kept.thumbprint.clone());
    Some(MachineChange::Found { id, kind, thumbprint, found })
}

async fn looked_at(state: &MachinesState, kept: &KeptAuthorization) -> Result<(), AcmeProblem> {
    let kind = kept.kind.ok_or(ProblemKind::ServerInternal)?;
    let account = state.urls.account(&kept.account);
    let look = Look {
        identifier: &kept.identifier,
        kind: Some(kind),
        token: &kept.token,
        thumbprint: &kept.thumbprint,
        account: Some(&account),
        caa: &state.caa,
    };
    let second = state.second.as_ref();
    for pause in PAUSES {
        match found_by_all(&state.validator, second, look).await {
            Err(problem) if is_passing(problem.kind()) => tokio::time::sleep(pause).await,
            found => return found,
        }
    }
    found_by_all(&state.validator, second, look).await
}

/// What may be otherwise in a moment: also that a second validator cannot be asked.
fn is_passing(kind: ProblemKind) -> bool {
    matches!(kind, ProblemKind::Connection | ProblemKind::Dns | ProblemKind::ServerInternal)
}

/// Carries a request on that nobody waits for.
fn begin_carry(state: &Arc<MachinesState>, id: String) {
    let state = state.clone();
    tokio::spawn(async move {
        let carried = carry(&state, &id).await;
        unheard(&state, &id, carried).await;
    });
}

/// What becomes of an order whose request became no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterCarry {
    /// The same request is carried again.
    Again,
    /// Its client, who waits to hear why, may finalize it with a better one.
    Open,
    /// It is invalid: its client was told that it is being processed, and nothing leads from there
    /// back (RFC 8555 7.1.6).
    Over,
}

impl AfterCarry {
    /// By why, and whether its client waits.
    pub(crate) fn of(kind: ProblemKind, is_heard: bool) -> Self {
        match (kind, is_heard) {
            // The CA may have recorded it: another request would be refused.
            (ProblemKind::Unavailable, _) => Self::Again,
            (_, true) => Self::Open,
            (_, false) => Self::Over,
        }
    }
}

/// What nobody was there to hear is told with the order.
pub(crate) async fn unheard(state: &MachinesState, id: &str, carried: Answer<()>) {
    let Err(AcmeRefused(problem)) = carried else { return };
    let kept = match AfterCarry::of(problem.kind(), false) {
        AfterCarry::Again => later(state, id).await,
        AfterCarry::Open | AfterCarry::Over => {
            note(state, id, &problem).await;
            let failed = order::fail(&state.store, id, &problem.to_json()).await;
            failed.map_err(AcmeRefused::from)
        }
    };
    if let Err(AcmeRefused(problem)) = kept {
        tracing::error!(error = problem.zh(), "an order");
    }
}

/// Who is in charge of the system reads what nobody was there to hear.
async fn note(state: &MachinesState, id: &str, problem: &AcmeProblem) {
    if let Ok(Some((kept, _))) = order::by_id(&state.store, id).await {
        let (told, now) = (ToldRefusal::of(problem), state.clock.seconds());
        state.troubles.told_later(&kept.account, "finalize", &told, now);
    }
}

/// Carries a request to its certificate. What the CA refuses is an error; what it cannot say now is
/// none, and is taken up later.
pub(crate) async fn carry(state: &MachinesState, id: &str) -> Answer<()> {
    let Some(_carried) = state.carried.enter(id) else { return Ok(()) };
    let Some((kept, _)) = order::by_id(&state.store, id).await? else { return Ok(()) };
    if kept.stage != Stage::Taken {
        return Ok(());
    }
    let told = match kept.serial.clone() {
        Some(serial) => Finalized { serial, chain: Vec::new() },
        None => match asked(state, &kept).await? {
            Some(told) => told,
            None => return Ok(()),
        },
    };
    match told.chain.is_empty() {
        true => collected(state, id, &told.serial).await,
        false => finished(state, id, told).await,
    }
}

/// Hands the request in; the same one again gives the same serial number.
async fn asked(state: &MachinesState, kept: &KeptOrder) -> Answer<Option<Finalized>> {
    let Some(jws) = kept.request.clone() else { return Ok(None) };
    let (account, vouched) = (kept.account.clone(), kept.vouched.clone());
    let answer = state.issuer.finalize(&Finalize { jws, account, vouched }).await;
    match answer {
        Err(refusal) if is_unavailable(&refusal) => {
            tracing::error!(error = %refusal, "issuer");
            later(state, &kept.id).await?;
            Ok(None)
        }
        answer => Ok(Some(state.recorded("machine-finalize", answer).await?)),
    }
}

/// Collects the certificate once the tree holds it.
async fn collected(state: &MachinesState, id: &str, serial: &str) -> Answer<()> {
    let message = CollectMachine { serial: serial.to_owned() };
    for round in 0..COLLECTS_MAX {
        match state.issuer.collect_machine(&message).await {
            Ok(told) => {
                let serial = serial.to_owned();
                return finished(state, id, Finalized { serial, chain: told.chain }).await;
            }
            Err(refusal) if is_not_yet(&refusal) => {
                // Without it the same request is asked again, which is the same certificate.
                if round == 0 {
                    order::set_serial(&state.store, id, serial).await?;
                }
                if !state.stop.pause(COLLECT_PAUSE).await {
                    return Ok(());
                }
            }
            Err(refusal) if is_unavailable(&refusal) => {
                tracing::error!(error = %refusal, "issuer");
                break;
            }
            Err(refusal) => {
                tracing::error!(serial, error = %refusal, "given up before it was signed");
                let (zh, en) =
                    ("签发被放弃，请重新申请", "it was given up before it was signed; ask again");
                let problem = AcmeProblem::about(ProblemKind::ServerInternal, zh, en);
                note(state, id, &problem).await;
                order::fail(&state.store, id, &problem.to_json()).await?;
                return Ok(());
            }
        }
    }
    later(state, id).await
}

/// Keeps a certificate that is there.
async fn finished(state: &MachinesState, id: &str, told: Finalized) -> Answer<()> {
    let Finalized { serial, chain } = told;
    let chain: Vec<Vec<u8>> = chain.into_iter().map(|der| der.0).collect();
    let Some(kept) = kept(&chain) else {
        tracing::error!(serial, "the CA gave no chain");
        return Ok(());
    };
    let (id, certificate) = (id.to_owned(), Box::new(kept));
    state.written(MachineChange::Finished { id, serial, certificate }).await.map(|_| ())
}

/// What the CA could not say now is asked again soon.
pub(crate) async fn later(state: &MachinesState, id: &str) -> Answer<()> {
    let due = state.clock.seconds() + LATER_SECONDS;
    Ok(order::set_due(&state.store, id, due).await?)
}

/// What is kept of a chain: all but the root, which clients have.
fn kept(chain: &[Vec<u8>]) -> Option<KeptCertificate> {
    let leaf = Certificate::read(chain.first()?).ok()?;
    let shown = if chain.len() > 1 { chain.get(..chain.len() - 1)? } else { chain };
    let pem: Option<String> =
        shown.iter().map(|der| Some(Certificate::read(der).ok()?.pem())).collect();
    Some(KeptCertificate {
        chain: pem?,
        name: CertificateName::of(&leaf)?.to_string(),
        life: (leaf.not_before(), leaf.not_after()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What strangers and systems fill is told on `/readyz` before it is full, and then.
    #[test]
    fn what_systems_fill_is_told() {
        let metrics = Metrics::default();
        for (filled, told) in [
            (6, vec![]),
            (7, vec!["nonces: nearly full".to_owned()]),
            (8, vec!["nonces: full".to_owned()]),
            (9, vec!["nonces: full".to_owned()]),
            (0, vec![]),
        ] {
            tell(&metrics, "nonces", (filled, 8));
            assert_eq!(metrics.told(), told, "{filled}");
            assert_eq!(metrics.readiness().is_ready, filled < 8);
        }
    }

    /// Who was told that an order is being processed finds a certificate or the reason, and never
    /// an order that is ready once more.
    #[test]
    fn nothing_leads_back_from_processing() {
        for kind in ProblemKind::ALL {
            let after = AfterCarry::of(*kind, false);
            assert_ne!(after, AfterCarry::Open, "{kind:?}");
        }
        assert_eq!(AfterCarry::of(ProblemKind::BadCsr, false), AfterCarry::Over);
        assert_eq!(AfterCarry::of(ProblemKind::BadCsr, true), AfterCarry::Open);
        for is_heard in [true, false] {
            let after = AfterCarry::of(ProblemKind::Unavailable, is_heard);
            assert_eq!(after, AfterCarry::Again, "the CA may have recorded it");
        }
    }
}
