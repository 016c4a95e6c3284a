//! The operators' socket: one request a connection, from whoever the kernel says it is. The socket
//! lies in the issuer's folder and only its owner may open it.

use crate::command::Command;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::query::collect;
use ca_host::operator::{MESSAGE_BYTES_MAX, OperatorAnswer, OperatorRequest, SocketPlace};
use records::Code;
use service::Stop;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Most operators that are heard at once; whoever comes beyond them is turned away.
const CONNECTIONS_MAX: usize = 1_024;
/// Most requests that are done at once, brakes aside, which wait for nobody.
const REQUESTS_MAX: usize = 16;
/// A request that takes longer to come, and an answer that takes longer to be taken, is dropped.
const REQUEST_WAIT: Duration = Duration::from_secs(10);

/// Opens the socket; what is given back hears operators until the stop.
pub(crate) fn serve(
    issuer: Arc<Issuer>,
    stop: Stop,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let place = SocketPlace::of(&issuer.context.config)?;
    // Left behind by an issuer that was killed; one that runs holds the database's own locks
    // besides.
    let _ = std::fs::remove_file(place.path());
    let listener = UnixListener::bind(place.path())?;
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o600))?;
    Ok(async move {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let requests = Arc::new(Semaphore::new(REQUESTS_MAX));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.wait() => break,
            };
            let Ok((socket, _)) = accepted else { continue };
            let Ok(held) = places.clone().try_acquire_owned() else {
                tracing::warn!("too many operators at once: one is turned away");
                continue;
            };
            let (issuer, requests) = (issuer.clone(), requests.clone());
            tokio::spawn(async move {
                if let Err(error) = hear(&issuer, &requests, socket).await {
                    tracing::warn!(error = format!("{error:#}"), "an operator was not answered");
                }
                drop(held);
            });
        }
        let _ = std::fs::remove_file(place.path());
    })
}

async fn hear(issuer: &Issuer, requests: &Semaphore, mut socket: UnixStream) -> anyhow::Result<()> {
    let drafter = format!("operator:{}", socket.peer_cred()?.uid());
    let mut bytes = Vec::new();
    let request = (&mut socket).take(MESSAGE_BYTES_MAX + 1);
    let mut request = request;
    tokio::time::timeout(REQUEST_WAIT, request.read_to_end(&mut bytes)).await??;
    let answer = match serde_json::from_slice::<OperatorRequest>(&bytes) {
        Ok(request) => {
            let _place = match is_brake(&request) {
                true => None,
                false => Some(requests.acquire().await?),
            };
            operator(issuer, request, drafter).await
        }
        Err(_) => OperatorAnswer::refused(unreadable(&bytes), ca_host::random::id()?),
    };
    let answer = serde_json::to_vec(&answer)?;
    tokio::time::timeout(REQUEST_WAIT, socket.write_all(&answer)).await??;
    Ok(socket.shutdown().await?)
}

/// Whether a request may stop something: an approval may be one of a brake.
fn is_brake(request: &OperatorRequest) -> bool {
    request.takes_away() || matches!(request, OperatorRequest::Approval { .. })
}

/// A request of a kind that this version does not know, or none at all.
fn unreadable(bytes: &[u8]) -> Code {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let kind = value.as_ref().and_then(|value| value.get("kind")?.as_str());
    match kind {
        Some(kind) if !ca_host::operator::REQUEST_KINDS.contains(&kind) => Code::UnknownKind,
        _ => Code::Malformed,
    }
}

/// Does what an operator asks for, and waits a little until the tree holds what was made, so that
/// it can be used at once.
async fn operator(issuer: &Issuer, request: OperatorRequest, drafter: String) -> OperatorAnswer {
    tracing::info!(drafter, "an operator asks");
    let renews = matches!(request, OperatorRequest::Renew { .. });
    let request = Box::new(request);
    let asked = issuer.ask(|reply| Command::Operator(request, drafter, reply)).await;
    let answer = async {
        let asked = asked?;
        let mut answer = asked.value;
        if renews {
            answer.chain = collect::issued(issuer, &answer.serial).await?.chain;
        } else {
            answer.logged = issuer.settled(asked.settled_at).await;
        }
        Ok::<OperatorAnswer, IssuerError>(answer)
    };
    answer.await.unwrap_or_else(|error| OperatorAnswer {
        refused: Some(error.problem()),
        ..OperatorAnswer::default()
    })
}
