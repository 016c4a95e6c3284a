//! Requests that a client signed (RFC 8555 6): content type, form, address, signature, nonce, in
//! this order, so that nothing is kept of what nobody signed.

use crate::machines::answer::{AcmeRefused, Answer};
use crate::machines::nonce_shares::NonceUser;
use crate::machines::nonces::NotSpent;
use crate::machines::state::{MachinesState, ROWS_OF_BRAKE, within_a_moment};
use crate::machines::table::account::{self, KeptAccount};
use crate::machines::table::change::MachineChange;
use crate::machines::table::nonce::OwnNonce;
use crate::machines::troubles::Asker;
use acme::asked::{self, ChangedAccount};
use acme::directory::AcmeUrls;
use acme::{AcmeProblem, ProblemKind};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use jose::{FlatJws, Header, Jwk, KeyOf};
use mtls::TlsConnection;
use mtls::listen::BrakePlace;
use std::sync::Arc;
use std::time::Duration;

/// A body that takes longer is refused.
const BODY_SECONDS_MAX: u64 = 15;
/// What a client says that it sends (6.2).
const JOSE: &str = "application/jose+json";

/// A request that an account signed.
pub(crate) struct ByAccount {
    /// Whose.
    pub(crate) account: KeptAccount,
    /// What it says.
    pub(crate) payload: Vec<u8>,
    /// What was sent.
    pub(crate) jws: FlatJws,
}

/// A request that an account signed, whose nonce is used up together with what it changes. There is
/// no way to what it says but [`UnspentRequest::open`], and no way on but those of [`Unspent`].
pub(crate) struct UnspentRequest {
    signed: ByAccount,
    nonce: OwnNonce,
}

/// The nonce of a request that was opened, and who uses it.
#[must_use]
pub(crate) struct Unspent(OwnNonce, NonceUser);

/// A request that the key in its header signed.
pub(crate) struct ByKey {
    /// The key.
    pub(crate) key: Jwk,
    /// What it says.
    pub(crate) payload: Vec<u8>,
    /// What was sent.
    pub(crate) jws: FlatJws,
    /// The address that it was made for.
    pub(crate) url: String,
    /// From which subscriber it came.
    pub(crate) source: u128,
    /// Where it is said who asks.
    pub(crate) asker: Asker,
}

/// A request that an account is said to have signed and that may end something, where no row says
/// that it did: nothing of it is known here but where it goes, and the CA, which knows the key,
/// verifies it.
pub(crate) struct ByUnreadAccount {
    /// Whose, as it says.
    pub(crate) account: String,
    /// What was sent.
    pub(crate) jws: FlatJws,
    /// From which subscriber it came.
    pub(crate) source: u128,
}

/// Any of them, where all have a right (7.6).
pub(crate) enum Signed {
    /// An account.
    Account(ByAccount),
    /// An account that no row here knows by its key, and that revokes or is closed.
    Unread(ByUnreadAccount),
    /// A key.
    Key(ByKey),
}

impl Signed {
    /// Whether somebody asks for an account to be closed, at its own address.
    fn closes(&self) -> bool {
        match self {
            Self::Account(signed) => closes(&signed.payload),
            Self::Unread(_) => true,
            Self::Key(signed) => closes(&signed.payload),
        }
    }

    /// An account's, whose row is known.
    pub(crate) fn of_account(self) -> Answer<ByAccount> {
        match self {
            Self::Account(signed) => Ok(signed),
            Self::Key(_) => Err(wrong_key("此处应有 kid", "kid is expected here")),
            Self::Unread(_) => Err(ProblemKind::Unavailable.into()),
        }
    }
}

/// Whether a text closes an account.
fn closes(payload: &[u8]) -> bool {
    asked::read(payload).is_ok_and(|asked: ChangedAccount| asked.closes())
}

/// Whether something that was sent to an address may end something, as it says itself.
fn may_end(urls: &AcmeUrls, url: &str, jws: &FlatJws) -> bool {
    let is_of_account = urls.account_of(url).is_some();
    url == urls.revocation() || is_of_account && jws.payload().is_ok_and(|said| closes(&said))
}

/// An account that is open, as its row says, and whose key signed something.
fn signer(known: Option<KeptAccount>, jws: &FlatJws) -> Option<KeptAccount> {
    known.filter(|known| !known.is_closed && jws.verify(&known.key).is_ok())
}

/// A request that was read.
struct Posted {
    jws: FlatJws,
    header: Header,
    nonce: OwnNonce,
}

impl ByAccount {
    /// That it reads and changes nothing (6.3).
    pub(crate) fn reads(&self) -> Answer<()> {
        if self.payload.is_empty() {
            return Ok(());
        }
        let (zh, en) = ("读取时载荷应为空", "whoever reads sends an empty payload");
        Err(AcmeProblem::about(ProblemKind::Malformed, zh, en).into())
    }
}

impl UnspentRequest {
    /// What it says, and its nonce.
    pub(crate) fn open(self) -> (ByAccount, Unspent) {
        let user = NonceUser::System(self.signed.account.system.clone());
        (self.signed, Unspent(self.nonce, user))
    }
}

impl Unspent {
    /// Uses it up for nothing but an answer, whichever that is.
    pub(crate) async fn spend(self, state: &MachinesState) -> Answer<()> {
        let used = state.nonces.spend(self.0, &self.1).await;
        spent(used.map(|is_fresh| is_fresh.then_some(())))
    }

    /// Uses it up for a change; how many rows that touched.
    pub(crate) async fn spend_with(
        self,
        state: &MachinesState,
        change: MachineChange,
    ) -> Answer<u64> {
        spent(state.nonces.spend_with((self.0, &self.1), change).await)
    }
}

/// What a nonce that was used up was used for; one that was used before is for nothing.
fn spent<T>(outcome: Result<Option<T>, NotSpent>) -> Answer<T> {
    match outcome {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(ProblemKind::BadNonce.into()),
        Err(NotSpent::Share) => Err(ProblemKind::RateLimited.into()),
        Err(error) => {
            tracing::error!(%error, "machines");
            Err(ProblemKind::Unavailable.into())
        }
    }
}

impl FromRequest<Arc<MachinesState>> for UnspentRequest {
    type Rejection = AcmeRefused;

    async fn from_request(request: Request, state: &Arc<MachinesState>) -> Answer<Self> {
        match verified(request, state).await? {
            (Signed::Account(signed), nonce) => Ok(Self { signed, nonce }),
            (Signed::Key(signed), nonce) => {
                let used = state.nonces.spend(nonce, &NonceUser::Stranger(signed.source)).await;
                spent(used.map(|is_fresh| is_fresh.then_some(())))?;
                Err(wrong_key("此处应有 kid", "kid is expected here"))
            }
            (Signed::Unread(_), _) => Err(ProblemKind::Unavailable.into()),
        }
    }
}

impl FromRequest<Arc<MachinesState>> for ByAccount {
    type Rejection = AcmeRefused;

    async fn from_request(request: Request, state: &Arc<MachinesState>) -> Answer<Self> {
        Signed::from_request(request, state).await?.of_account()
    }
}

impl FromRequest<Arc<MachinesState>> for ByKey {
    type Rejection = AcmeRefused;

    async fn from_request(request: Request, state: &Arc<MachinesState>) -> Answer<Self> {
        match Signed::from_request(request, state).await? {
            Signed::Key(signed) => Ok(signed),
            Signed::Account(_) | Signed::Unread(_) => {
                Err(wrong_key("此处应有 jwk", "jwk is expected here"))
            }
        }
    }
}

fn wrong_key(zh: &str, en: &str) -> AcmeRefused {
    AcmeProblem::about(ProblemKind::Malformed, zh, en).into()
}

impl FromRequest<Arc<MachinesState>> for Signed {
    type Rejection = AcmeRefused;

    async fn from_request(request: Request, state: &Arc<MachinesState>) -> Answer<Self> {
        let url = state.urls.of(request.uri().path());
        let is_of_account = state.urls.account_of(&url).is_some();
        let (signed, nonce) = verified(request, state).await?;
        let user = match &signed {
            Self::Account(signed) => NonceUser::System(signed.account.system.clone()),
            Self::Unread(signed) => NonceUser::Stranger(signed.source),
            Self::Key(signed) => NonceUser::Stranger(signed.source),
        };
        let is_brake = url == state.urls.revocation() || is_of_account && signed.closes();
        let spending = state.nonces.spend(nonce, &user);
        let outcome = match is_brake {
            true => match tokio::time::timeout(ROWS_OF_BRAKE, spending).await {
                Ok(Ok(is_fresh)) => Ok(is_fresh),
                // What is ended twice is ended: nothing stands in the way of a brake.
                Ok(Err(_)) | Err(_) => return Ok(signed),
            },
            false => spending.await,
        };
        spent(outcome.map(|is_fresh| is_fresh.then_some(signed)))
    }
}

/// A request that was signed. Its nonce is not used up: that is done by a signature only, and only
/// whoever takes it further does it.
async fn verified(request: Request, state: &Arc<MachinesState>) -> Answer<(Signed, OwnNonce)> {
    let connection = request.extensions().get::<TlsConnection>();
    let source = connection.and_then(|connection| connection.subscriber).unwrap_or_default();
    let asker = Asker::of(&request);
    let brake = request.extensions().get::<BrakePlace>().cloned();
    let Posted { jws, header, nonce } = posted(request, state).await?;
    let may_end = may_end(&state.urls, &header.url, &jws);
    // What else is asked at an address of brakes waits for rows, and keeps no end out meanwhile.
    if !may_end && brake.is_some_and(|place| !place.leave()) {
        return Err(ProblemKind::Unavailable.into());
    }
    let signed = match header.key {
        KeyOf::Jwk(key) => {
            let payload = jws.verify(&key)?;
            Signed::Key(ByKey { key, payload, jws, url: header.url, source, asker })
        }
        KeyOf::Kid(kid) => {
            let id = state.urls.account_of(&kid).ok_or(ProblemKind::AccountDoesNotExist)?;
            let read = account::by_id(&state.store, id);
            let account = match may_end {
                // The CA knows whose key it is: no row that is gone or old stands in the way.
                true => match signer(within_a_moment(read).await.flatten(), &jws) {
                    Some(account) => account,
                    None => {
                        let unread = ByUnreadAccount { account: id.to_owned(), jws, source };
                        return Ok((Signed::Unread(unread), nonce));
                    }
                },
                false => read.await?.ok_or(ProblemKind::AccountDoesNotExist)?,
            };
            let payload = jws.verify(&account.key)?;
            asker.is_account(&account.account);
            if account.is_closed {
                return Err(ProblemKind::AccountClosed.into());
            }
            Signed::Account(ByAccount { account, payload, jws })
        }
    };
    Ok((signed, nonce))
}

/// Reads a request, and that it was made for this address with a nonce of ours.
async fn posted(request: Request, state: &Arc<MachinesState>) -> Answer<Posted> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case(JOSE)) {
        return Err(ProblemKind::MediaType.into());
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let url = state.urls.of(path);
    let limit = Duration::from_secs(BODY_SECONDS_MAX);
    let body = tokio::time::timeout(limit, Bytes::from_request(request, state)).await;
    let (zh, en) = ("请求没有按时发送完毕", "the request did not arrive in time");
    let body = body.map_err(|_| AcmeProblem::about(ProblemKind::Malformed, zh, en))?;
    let body = body.map_err(|_| ProblemKind::TooLarge)?;
    let jws = FlatJws::read(&body)?;
    let header = jws.header()?;
    if header.url != url {
        let (zh, en) = ("签名的地址不是所请求的地址", "url is not the address that was asked");
        return Err(AcmeProblem::about(ProblemKind::Unauthorized, zh, en).into());
    }
    let said = header.nonce.as_deref();
    if !said.is_none_or(is_nonce) {
        let (zh, en) = ("nonce 不是 base64url", "nonce is no base64url");
        return Err(AcmeProblem::about(ProblemKind::Malformed, zh, en).into());
    }
    let nonce = said.and_then(|nonce| state.nonces.own(nonce));
    let nonce = nonce.ok_or(ProblemKind::BadNonce)?;
    Ok(Posted { jws, header, nonce })
}

/// Whether a text can be a nonce at all (6.5.2).
fn is_nonce(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::key;

    /// What may end something is known by where it goes and what it says, before any row is asked;
    /// what cannot waits for its account's.
    #[test]
    fn what_may_end_something_is_known_without_a_row() {
        let urls = AcmeUrls::new("https://acme.test");
        let jws = |payload: &str| FlatJws::of_parts(b"{}", payload.as_bytes(), b"");
        let (account, orders) = (urls.account("a"), urls.orders("a"));
        let (closing, contact) = (jws("{\"status\":\"deactivated\"}"), jws("{\"contact\":[]}"));
        assert!(may_end(&urls, &urls.revocation(), &jws("{}")));
        assert!(may_end(&urls, &account, &closing));
        for (url, jws) in [(&account, &contact), (&account, &jws("")), (&orders, &closing)] {
            assert!(!may_end(&urls, url, jws), "{url}");
        }
    }

    /// A row that is gone, that is of a time before another key, or that calls an account closed
    /// keeps no end of it from the CA.
    #[test]
    fn no_row_keeps_an_end_from_the_ca() {
        let jws = FlatJws::of_parts(b"{}", b"{}", b"");
        let kept = |is_closed| KeptAccount {
            account: "a".into(),
            key: key(),
            contact: Vec::new(),
            is_closed,
            system: "site".into(),
        };
        for known in [None, Some(kept(false)), Some(kept(true))] {
            assert!(signer(known, &jws).is_none());
        }
        let ended = ByUnreadAccount { account: "a".into(), jws, source: 1 };
        assert!(Signed::Unread(ended).closes(), "it waits for no row");
    }

    #[test]
    fn a_nonce_is_base64url() {
        for nonce in ["AAAA", "a-_9", ""] {
            assert!(is_nonce(nonce), "{nonce}");
        }
        for bad in ["AAAA=", "a+b", "a/b", "a b", "随机"] {
            assert!(!is_nonce(bad), "{bad}");
        }
    }
}
