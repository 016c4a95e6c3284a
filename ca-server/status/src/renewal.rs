//! Renews the key that answers for the issuing CA by itself, when half of its life is over.

use super::responder::Responder;
use super::state::Status;
use ca_host::service_keys::{KeyPlace, renew};
use records::Code;
use service::Stop;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the key is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Pause after a renewal that did not work.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// No second renewal sooner: a clock that is wrong must not use up what the founding allows.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(86_400);

/// Keeps the responder fresh until the stop.
pub(super) async fn keep(status: Arc<Status>, place: KeyPlace, stop: Stop) {
    let mut renewed = None;
    loop {
        let pause = match refresh(&status, &place, &mut renewed).await {
            Ok(()) => {
                status.metrics.condition("ocsp", "");
                LOOK
            }
            Err(error) => {
                status.metrics.condition("ocsp", &format!("its key is not renewed: {error:#}"));
                AFTER_FAILURE
            }
        };
        if !stop.pause(pause).await {
            return;
        }
    }
}

async fn refresh(
    status: &Status,
    place: &KeyPlace,
    renewed: &mut Option<Instant>,
) -> anyhow::Result<()> {
    let (present, now) = (status.responder.load(), status.time().unix());
    let may = renewed.is_none_or(|at| at.elapsed() > BETWEEN_RENEWALS);
    let due = present.as_ref().is_some_and(|present| present.is_due(now));
    if due && may {
        let result = renew(&status.config, place).await?;
        if let Some(problem) = result.refused {
            anyhow::bail!("{}", problem.known().map_or("refused", Code::name));
        }
        *renewed = Some(Instant::now());
        tracing::info!(serial = result.serial, "the OCSP key is renewed");
    }
    // Also when an operator renewed it.
    let kept = Responder::open(place)?;
    if present.is_none_or(|present| kept.name != present.name) {
        status.responder.store(kept);
    }
    Ok(())
}
