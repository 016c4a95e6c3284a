//! One kept connection of a client: HTTP/1.1 over TLS, one request at a time.

use super::pebble::AcmeServer;
use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use serde_json::Value;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What a server answered.
pub(super) struct WireAnswer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl WireAnswer {
    /// A field of its head.
    pub(super) fn field(&self, name: &str) -> anyhow::Result<String> {
        let value = self.headers.get(name).with_context(|| name.to_owned())?;
        Ok(value.to_str()?.to_owned())
    }

    /// The body as JSON, of an answer that is no refusal.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        let text = String::from_utf8_lossy(&self.body);
        ensure!(self.status < 300, "{}: {text}", self.status);
        serde_json::from_slice(&self.body).with_context(|| text.into_owned())
    }
}

/// A connection to a server that is opened once, and again where the server closed it.
pub(super) struct Wire {
    server: Arc<AcmeServer>,
    sender: Option<SendRequest<Full<Bytes>>>,
    /// Requests so far.
    pub(super) count: u64,
}

impl Wire {
    pub(super) fn new(server: Arc<AcmeServer>) -> Self {
        Self { server, sender: None, count: 0 }
    }

    /// Asks for an address of the server.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        url: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<WireAnswer> {
        let path = url.strip_prefix(&self.server.base).with_context(|| url.to_owned())?.to_owned();
        let host = self.server.base.trim_start_matches("https://").to_owned();
        let kept = self.sender.take().filter(|sender| !sender.is_closed());
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        // One that its server closes just now is opened again.
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
            sender.ready().await?;
        }
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .header("user-agent", "yinxin-bench")
            .header("content-type", "application/jose+json")
            .body(Full::new(Bytes::from(body)))?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        self.count += 1;
        self.sender = Some(sender);
        Ok(WireAnswer { status: head.status.as_u16(), headers: head.headers, body })
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(("127.0.0.1", self.server.port)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(self.server.tls.clone()).connect(name, stream).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
