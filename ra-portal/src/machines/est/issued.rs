//! Hands a certificate out once the tree has it; whoever asked is told to come again until then.

use super::answer::{EstRefused, certificates, later};
use crate::machines::certs_only::base64;
use crate::machines::state::{MachinesState, is_not_yet, is_unavailable};
use axum::response::Response;
use records::machine::{CollectMachine, Finalized};
use records::{Bytes, Code};
use std::time::{Duration, Instant};

/// A certificate that is there by then is told at once.
const WAIT: Duration = Duration::from_secs(3);

pub(super) async fn hand_out(
    state: &MachinesState,
    told: Finalized,
) -> Result<Response, EstRefused> {
    let Finalized { serial, chain } = told;
    if !chain.is_empty() {
        return leaf(&chain);
    }
    let asked = CollectMachine { serial };
    let until = Instant::now() + WAIT;
    loop {
        match state.issuer.collect_machine(&asked).await {
            Ok(told) => return leaf(&told.chain),
            // The CA waits a little itself.
            Err(refusal) if is_not_yet(&refusal) && Instant::now() < until => {}
            Err(refusal) if is_not_yet(&refusal) || is_unavailable(&refusal) => return Ok(later()),
            // A crash came between: the same request again gets another one.
            Err(refusal) if refusal.code() == Code::CertificateRevoked => {
                return Err(Code::Unavailable.into());
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
}

/// The certificate alone (RFC 7030 4.2.3).
fn leaf(chain: &[Bytes]) -> Result<Response, EstRefused> {
    let leaf = chain.first().ok_or(Code::Unavailable)?;
    let message = pki::est::certs_only(&[&leaf.0]).map_err(|error| {
        tracing::error!(%error, "certificate");
        Code::Unavailable
    })?;
    Ok(certificates(base64(&message)))
}
