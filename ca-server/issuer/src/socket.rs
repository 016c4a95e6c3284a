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
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most operators that are heard at once; whoever comes beyond them is turned away.
const CONNECTIONS_MAX: usize = 1_024;
/// Most requests that are done at once, brakes aside, which wait for nobody.
const REQUESTS_MAX: usize = 16;
/// What is read of a request at a time, and how much of that is held at once beyond the first of
/// each: eight of the largest.
const PIECE_BYTES: u64 = 64 * 1024;
const PIECES_MAX: usize = 8 * (MESSAGE_BYTES_MAX / PIECE_BYTES) as usize;
/// Pause after a connection that could not be taken.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// A request that takes longer to come, and an answer that takes longer to be taken, is dropped.
const REQUEST_WAIT: Duration = Duration::from_secs(10);

/// Opens the socket; what is given back hears operators until the stop.
pub(crate) fn serve(
    issuer: Arc<Issuer>,
    stop: Stop,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let place = SocketPlace::of(&issuer.context.config)?;
    // Left behind by an issuer that was killed: one that runs would hold the place of the role.
    let _ = std::fs::remove_file(place.path());
    let listener = UnixListener::bind(place.path())?;
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o600))?;
    Ok(async move {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let requests = Arc::new(Requests::begin());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.wait() => break,
            };
            let Ok((socket, _)) = accepted else {
                // Without a descriptor there is none at once either.
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            };
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

async fn hear(issuer: &Issuer, requests: &Requests, mut socket: UnixStream) -> anyhow::Result<()> {
    let drafter = format!("operator:{}", socket.peer_cred()?.uid());
    let reading = tokio::time::timeout(REQUEST_WAIT, requests.read(&mut socket)).await?;
    let answer = match reading? {
        None => OperatorAnswer::refused(Code::TooBusy, ca_host::random::id()?),
        Some((bytes, _held)) => match understood(&bytes) {
            Ok(request) => {
                let _place = match is_brake(&request) {
                    true => None,
                    false => Some(requests.places.acquire().await?),
                };
                operator(issuer, request, drafter).await
            }
            Err(code) => OperatorAnswer::refused(code, ca_host::random::id()?),
        },
    };
    let answer = serde_json::to_vec(&answer)?;
    tokio::time::timeout(REQUEST_WAIT, socket.write_all(&answer)).await??;
    Ok(socket.shutdown().await?)
}

/// What is asked for; of what is longer than any request nothing is looked at.
fn understood(bytes: &[u8]) -> Result<OperatorRequest, Code> {
    if bytes.len() as u64 > MESSAGE_BYTES_MAX {
        return Err(Code::TooLarge);
    }
    serde_json::from_slice(bytes).map_err(|_| unreadable(bytes))
}

/// What is held for those who ask.
struct Requests {
    /// Places of requests that are done.
    places: Semaphore,
    /// Bytes of requests that came, in pieces of [`PIECE_BYTES`]; what is no larger than one of
    /// them, as every brake is, counts for nothing.
    pieces: Arc<Semaphore>,
}

impl Requests {
    fn begin() -> Self {
        let (places, pieces) = (Semaphore::new(REQUESTS_MAX), Semaphore::new(PIECES_MAX));
        Self { places, pieces: Arc::new(pieces) }
    }

    /// A request, and what it holds until it is done; none where too much is held already.
    async fn read(
        &self,
        socket: &mut (impl AsyncRead + Unpin),
    ) -> std::io::Result<Option<(Vec<u8>, Vec<OwnedSemaphorePermit>)>> {
        let (mut bytes, mut held) = (Vec::new(), Vec::new());
        loop {
            let more = (&mut *socket).take(PIECE_BYTES).read_to_end(&mut bytes).await?;
            if (more as u64) < PIECE_BYTES || bytes.len() as u64 > MESSAGE_BYTES_MAX {
                return Ok(Some((bytes, held)));
            }
            match self.pieces.clone().try_acquire_owned() {
                Ok(piece) => held.push(piece),
                Err(_) => return Ok(None),
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// However many ask at once with the largest requests, so many bytes are held for them; a small
    /// one, as a brake is, is read all the same.
    #[tokio::test]
    async fn requests_of_operators_hold_so_many_bytes() {
        let requests = Requests::begin();
        let large = vec![b' '; usize::try_from(MESSAGE_BYTES_MAX).unwrap()];
        let mut held = Vec::new();
        for _ in 0..8 {
            let (bytes, pieces) = requests.read(&mut large.as_slice()).await.unwrap().unwrap();
            assert_eq!(bytes.len(), large.len());
            held.push(pieces);
        }
        assert!(requests.read(&mut large.as_slice()).await.unwrap().is_none());
        let (brake, _) = requests.read(&mut b"{}".as_slice()).await.unwrap().unwrap();
        assert_eq!(brake, b"{}");
        held.pop();
        assert!(requests.read(&mut large.as_slice()).await.unwrap().is_some());
    }

    /// What is larger than any request is read no further than to see that.
    #[tokio::test]
    async fn no_request_is_read_without_end() {
        let requests = Requests::begin();
        let read = requests.read(&mut tokio::io::repeat(b' ')).await.unwrap().unwrap();
        assert!(read.0.len() as u64 <= MESSAGE_BYTES_MAX + PIECE_BYTES);
    }

    /// One that is as long as any is done; a byte more, and it is told as too large, whatever it
    /// says.
    #[test]
    fn a_request_of_an_operator_has_so_many_bytes() {
        let mut message = serde_json::to_vec(&OperatorRequest::Repair {}).unwrap();
        message.resize(usize::try_from(MESSAGE_BYTES_MAX).unwrap(), b' ');
        assert!(understood(&message).is_ok());
        message.push(b' ');
        assert_eq!(understood(&message).err(), Some(Code::TooLarge));
        assert_eq!(understood(b"{").err(), Some(Code::Malformed));
    }
}
