//! A small HTTP/1.1 client over pinned TLS or plain TCP. It never follows redirects, uses no proxy,
//! repeats nothing, and takes every name ending in `.localhost` as loopback without a resolver.

use crate::reason;
use bytes::Bytes;
use http::{Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_rustls::TlsConnector;

const JSON: &str = "application/json";
const CONNECT_SECONDS_MAX: u64 = 10;
const ANSWER_SECONDS_MAX: u64 = 60;
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
const IDLE_MAX: usize = 32;
/// Shorter than servers keep idle connections, so that a call does not meet a closing one.
const IDLE_SECONDS_MAX: u64 = 8;
/// A call that finds no place among those under way waits so long.
const PLACE_MAX: Duration = Duration::from_secs(10);
/// A kept connection that is not ready by then is given up.
const READY_MAX: Duration = Duration::from_millis(50);

/// Why a call had no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Nobody answered at the address.
    #[error("{address} cannot be reached: {what}")]
    Unreachable {
        /// The address that was called.
        address: String,
        /// The system says this happened.
        what: String,
        /// The same in Chinese.
        zh: &'static str,
    },
    /// The server is not who it must be.
    #[error("{address} is not who it must be: {what}")]
    NotTrusted {
        /// The address that was called.
        address: String,
        /// TLS says this is wrong.
        what: String,
        /// The same in Chinese.
        zh: &'static str,
    },
    /// The address cannot be used.
    #[error("`{0}` is no address")]
    Address(String),
    /// The answer cannot be used.
    #[error("the answer cannot be read: {0}")]
    Answer(String),
}

impl CallError {
    /// The error in Chinese, for people.
    pub fn zh(&self) -> String {
        match self {
            Self::Unreachable { address, zh, .. } => format!("无法连接 {address}：{zh}"),
            Self::NotTrusted { address, zh, .. } => format!("{address} 身份不符：{zh}"),
            Self::Address(address) => format!("`{address}` 不是地址"),
            Self::Answer(_) => "应答无法读取：不是所要的内容，或不完整".to_owned(),
        }
    }
}

/// Calls one server over connections that are kept, with fewer calls at once than it has places.
pub struct Client {
    base: Uri,
    tls: Option<Arc<ClientConfig>>,
    idle: Mutex<Vec<(SendRequest<Full<Bytes>>, Instant)>>,
    places: Option<Places>,
}

/// How many calls are under way at once: fewer than the server has places for this client, so that
/// whatever else is called, a brake finds one of them.
struct Places {
    all: Semaphore,
    of_brakes: Semaphore,
    is_brake: fn(&str) -> bool,
}

impl Places {
    /// One among all, or for a brake one of its own, in a bounded time.
    async fn enter(&self, path: &str) -> Option<SemaphorePermit<'_>> {
        if let Ok(place) = self.all.try_acquire() {
            return Some(place);
        }
        let waiting = async {
            if !(self.is_brake)(path) {
                return self.all.acquire().await;
            }
            tokio::select! {
                place = self.all.acquire() => place,
                place = self.of_brakes.acquire() => place,
            }
        };
        tokio::time::timeout(PLACE_MAX, waiting).await.ok()?.ok()
    }
}

impl Client {
    /// A client for `https://…` with a TLS configuration, or `http://…` without.
    pub fn new(base: &str, tls: Option<Arc<ClientConfig>>) -> Result<Self, CallError> {
        let wrong = || CallError::Address(base.to_owned());
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        let fits = match uri.scheme_str() {
            Some("https") => tls.is_some(),
            Some("http") => tls.is_none(),
            _ => false,
        };
        if !fits || uri.host().is_none() {
            return Err(wrong());
        }
        Ok(Self { base: uri, tls, idle: Mutex::new(Vec::new()), places: None })
    }

    /// The same with so many calls at once, and beside them so many more of what `is_brake` says of
    /// a path.
    #[must_use]
    pub fn with_places(self, all: usize, of_brakes: usize, is_brake: fn(&str) -> bool) -> Self {
        let (all, of_brakes) = (Semaphore::new(all), Semaphore::new(of_brakes));
        Self { places: Some(Places { all, of_brakes, is_brake }), ..self }
    }

    /// Sends a GET request and reads the whole answer, which has an upper bound.
    pub async fn get(&self, path: &str) -> Result<Response<Bytes>, CallError> {
        self.call(Method::GET, (path, &[]), (JSON, Bytes::new())).await
    }

    /// Sends a POST request with a body of JSON and reads the whole answer, which has an upper
    /// bound.
    pub async fn post(&self, path: &str, json: Vec<u8>) -> Result<Response<Bytes>, CallError> {
        self.call(Method::POST, (path, &[]), (JSON, json.into())).await
    }

    /// POST of JSON with more header fields; an empty path is that of the address.
    pub async fn post_with(
        &self,
        path: &str,
        json: Vec<u8>,
        more: &[(&str, String)],
    ) -> Result<Response<Bytes>, CallError> {
        self.call(Method::POST, (path, more), (JSON, json.into())).await
    }

    /// POST of bytes of another kind than ours, with more header fields.
    pub async fn post_as(
        &self,
        path: &str,
        (kind, body): (&str, &[u8]),
        more: &[(&str, String)],
    ) -> Result<Response<Bytes>, CallError> {
        let body = Bytes::copy_from_slice(body);
        self.call(Method::POST, (path, more), (kind, body)).await
    }

    /// POST of a message; the answer, or the problem that the server tells.
    pub async fn ask<T: Serialize, R: DeserializeOwned, P: DeserializeOwned>(
        &self,
        path: &str,
        message: &T,
    ) -> Result<Result<R, P>, CallError> {
        let json = serde_json::to_vec(message).map_err(|e| CallError::Answer(e.to_string()))?;
        told(&self.post(path, json).await?)
    }

    /// POST of bytes that are no JSON; the answer as of a message.
    pub async fn ask_with<R: DeserializeOwned, P: DeserializeOwned>(
        &self,
        path: &str,
        bytes: Vec<u8>,
    ) -> Result<Result<R, P>, CallError> {
        let body = ("application/octet-stream", bytes.into());
        told(&self.call(Method::POST, (path, &[]), body).await?)
    }

    async fn call(
        &self,
        method: Method,
        (path, more): (&str, &[(&str, String)]),
        (kind, body): (&str, Bytes),
    ) -> Result<Response<Bytes>, CallError> {
        let host = self.base.authority().map(|a| a.as_str()).unwrap_or_default();
        let prefix = self.base.path().trim_end_matches('/');
        let target =
            if path.is_empty() { self.base.path().into() } else { [prefix, path].concat() };
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, kind);
        for (name, value) in more {
            request = request.header(*name, value);
        }
        let request =
            request.body(Full::new(body)).map_err(|error| CallError::Address(error.to_string()))?;
        let _place = match &self.places {
            Some(places) => {
                let place = places.enter(path).await;
                Some(place.ok_or_else(|| {
                    self.unreachable("too many calls at once".into(), "同时进行的调用过多")
                })?)
            }
            None => None,
        };
        let mut sender = self.sender().await?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| self.lost(&error))?;
            let (head, body) = response.into_parts();
            let bytes = Limited::new(body, ANSWER_BYTES_MAX)
                .collect()
                .await
                .map_err(|error| CallError::Answer(error.to_string()))?
                .to_bytes();
            Ok(Response::from_parts(head, bytes))
        };
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let response = tokio::time::timeout(limit, answer)
            .await
            .map_err(|_| self.unreachable("no answer in time".into(), "没有按时答复"))??;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !sender.is_closed() {
            idle.push((sender, Instant::now()));
        }
        Ok(response)
    }

    /// A kept connection that is still open, or a new one.
    async fn sender(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match kept {
                Some((mut sender, since)) => {
                    // A server that answered before it read the whole request never gets ready.
                    let ready = tokio::time::timeout(READY_MAX, sender.ready());
                    let fresh = since.elapsed() < Duration::from_secs(IDLE_SECONDS_MAX);
                    if fresh && ready.await.is_ok_and(|ready| ready.is_ok()) {
                        return Ok(sender);
                    }
                }
                None => break,
            }
        }
        let limit = Duration::from_secs(CONNECT_SECONDS_MAX);
        tokio::time::timeout(limit, self.connect())
            .await
            .map_err(|_| self.unreachable("no connection in time".into(), "没有按时接通"))?
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, CallError> {
        let host = self.base.host().unwrap_or_default();
        let default = if self.tls.is_some() { 443 } else { 80 };
        let port = self.base.port_u16().unwrap_or(default);
        let stream = if host == "localhost" || host.ends_with(".localhost") {
            TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
        } else {
            TcpStream::connect((host, port)).await
        };
        let stream =
            stream.map_err(|error| self.unreachable(error.to_string(), reason::of_io(&error)))?;
        let _ = stream.set_nodelay(true);
        let lost = |error: hyper::Error| self.lost(&error);
        if let Some(config) = &self.tls {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|_| CallError::Address(host.to_owned()))?;
            let connector = TlsConnector::from(config.clone());
            let stream = connector.connect(name, stream).await.map_err(|error| {
                let (what, zh) = (error.to_string(), reason::of_io(&error));
                CallError::NotTrusted { address: self.base.to_string(), what, zh }
            })?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(lost)?;
            tokio::spawn(connection);
            Ok(sender)
        } else {
            let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(lost)?;
            tokio::spawn(connection);
            Ok(sender)
        }
    }

    fn unreachable(&self, what: String, zh: &'static str) -> CallError {
        CallError::Unreachable { address: self.base.to_string(), what, zh }
    }

    fn lost(&self, error: &hyper::Error) -> CallError {
        use std::error::Error;
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        self.unreachable(format!("{error} {cause}"), io.map_or("连接中断", reason::of_io))
    }
}

/// What an answer says: what was asked for, or the problem that the server tells.
fn told<R: DeserializeOwned, P: DeserializeOwned>(
    response: &Response<Bytes>,
) -> Result<Result<R, P>, CallError> {
    let read = |error: serde_json::Error| CallError::Answer(error.to_string());
    if response.status().is_success() {
        return serde_json::from_slice(response.body()).map(Ok).map_err(read);
    }
    serde_json::from_slice(response.body()).map(Err).map_err(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever else is under way, and waits: a brake has a place.
    #[tokio::test]
    async fn calls_leave_places_to_brakes() {
        let client = Client::new("http://localhost:1", None).unwrap();
        let client = client.with_places(3, 2, |path| path == "/brake");
        let places = client.places.as_ref().unwrap();
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(places.enter("/read").await.unwrap());
        }
        let soon = Duration::from_millis(20);
        let waits = async |path| tokio::time::timeout(soon, places.enter(path)).await.is_err();
        assert!(waits("/read").await, "it has none of those of brakes");
        let brakes = [places.enter("/brake").await, places.enter("/brake").await];
        assert!(brakes.iter().all(Option::is_some));
        assert!(waits("/brake").await, "they have a bound, too");
        held.pop();
        assert!(places.enter("/brake").await.is_some(), "and the places of all");
    }
}
