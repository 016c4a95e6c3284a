//! What stands at the names of sample systems: a resolver that knows every name as loopback, and a
//! web server with the files of challenges.

use anyhow::Context;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Longest head of a request that is read.
const HEAD_BYTES_MAX: usize = 4_096;

/// The ports, and the files by their tokens.
#[derive(Clone)]
pub(crate) struct SiteNet {
    pub(crate) dns_port: u16,
    pub(crate) http_port: u16,
    pub(crate) tls_port: u16,
    files: Arc<Mutex<BTreeMap<String, String>>>,
}

impl SiteNet {
    /// Answers at these ports of loopback: for names, for files, and for handshakes, where nobody
    /// is.
    pub(crate) async fn open(dns: u16, http: u16, tls: u16) -> anyhow::Result<Self> {
        let net = Self { dns_port: dns, http_port: http, tls_port: tls, files: Arc::default() };
        know_names(dns).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, http)).await.context("files")?;
        tokio::spawn(net.clone().serve(listener));
        Ok(net)
    }

    /// Puts the file of a token in its place.
    pub(crate) fn put(&self, token: &str, content: String) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(token.to_owned(), content);
    }

    /// Takes it away.
    pub(crate) fn take(&self, token: &str) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
    }

    fn file(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix("/.well-known/acme-challenge/")?;
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let net = self.clone();
            tokio::spawn(async move {
                // Whoever looks may leave early.
                let _ = net.answer(stream).await;
            });
        }
    }

    async fn answer(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let (status, body) = match self.file(path) {
            Some(content) => ("200 OK", content),
            None => ("404 Not Found", String::new()),
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await?;
        Ok(stream.shutdown().await?)
    }
}

/// Begins to answer for names at this port of loopback.
pub(crate) async fn know_names(dns: u16) -> anyhow::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, dns)).await.context("resolver")?;
    tokio::spawn(resolve(socket));
    Ok(())
}

async fn resolve(socket: UdpSocket) {
    let mut question = [0; 1_024];
    while let Ok((length, client)) = socket.recv_from(&mut question).await {
        if let Some(answer) = question.get(..length).and_then(address) {
            // Whoever asked may be gone.
            let _ = socket.send_to(&answer, client).await;
        }
    }
}

/// The question again as its answer: loopback to whoever asks for an address of IPv4, and nothing
/// to any other question (RFC 1035 4.1).
fn address(question: &[u8]) -> Option<Vec<u8>> {
    let mut end = 12;
    loop {
        let length = usize::from(*question.get(end)?);
        end += 1 + length;
        if length == 0 {
            break;
        }
    }
    let is_address = question.get(end..end + 2)? == [0, 1];
    let mut answer = question.get(..end + 4)?.to_vec();
    let counts = [0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0];
    answer.get_mut(2..12)?.copy_from_slice(&counts);
    if is_address {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}
