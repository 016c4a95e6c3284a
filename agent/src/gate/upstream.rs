//! Connections to the application: HTTP/1.1, kept per connection of a person, so that two people
//! never share one.

use super::request_body::RequestBody;
use crate::config::GateLimits;
use crate::fixed::{CONNECT_MAX, IDLE_MAX, WAITED_MAX};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::net::TcpStream;

/// A connection that takes one request at a time.
pub(super) type Sender = SendRequest<RequestBody>;

/// The connections of one person's connection.
pub(super) struct Pool {
    address: SocketAddr,
    builder: Builder,
    idle: Mutex<Vec<(Sender, Instant)>>,
}

impl Pool {
    pub(super) fn new(address: SocketAddr, limits: &GateLimits) -> Self {
        let mut builder = Builder::new();
        builder.max_headers(limits.answer_fields).max_buf_size(limits.answer_head_bytes);
        Self { address, builder, idle: Mutex::default() }
    }

    /// A connection that is ready: a kept one, or a new one.
    pub(super) async fn take(&self, fresh: bool) -> std::io::Result<Sender> {
        while let Some(sender) = self.kept().filter(|_| !fresh) {
            if sender.is_ready() {
                return Ok(sender);
            }
        }
        let connecting = TcpStream::connect(self.address);
        let stream = tokio::time::timeout(CONNECT_MAX, connecting)
            .await
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            self.builder.handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    fn kept(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < WAITED_MAX);
        idle.pop().map(|(sender, _)| sender)
    }

    /// Keeps a connection for the next request.
    pub(super) fn give_back(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !sender.is_closed() {
            idle.push((sender, Instant::now()));
        }
    }
}
