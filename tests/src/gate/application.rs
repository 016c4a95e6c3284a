//! An application behind a gate, which remembers every byte that it gets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An application that remembers what it got and answers with it.
#[derive(Clone, Default)]
pub struct Application {
    /// Heads and bodies as they came.
    pub got: Arc<Mutex<Vec<String>>>,
    /// Connections that were opened.
    pub connections: Arc<AtomicUsize>,
    /// Answers as bytes, by the path that they are given to; the connection ends with them.
    scripts: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// The same, given as soon as the head of a request is there.
    early: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Application {
    /// Serves on a loopback port.
    pub async fn serve(port: u16) -> Self {
        let application = Self::default();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let served = application.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                stream.set_nodelay(true).unwrap();
                served.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(served.clone().talk(stream));
            }
        });
        application
    }

    /// From now on answers requests for a path with these bytes.
    pub fn script(&self, path: &str, answer: &[u8]) {
        self.scripts.lock().unwrap().insert(path.to_owned(), answer.to_vec());
    }

    /// From now on answers requests for a path with these bytes before it reads their body, which
    /// it then throws away.
    pub fn answer_early(&self, path: &str, answer: &[u8]) {
        self.early.lock().unwrap().insert(path.to_owned(), answer.to_vec());
    }

    /// How many requests it got.
    pub fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// The newest request.
    pub fn last(&self) -> String {
        self.got.lock().unwrap().last().cloned().unwrap_or_default()
    }

    async fn talk(self, mut stream: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        loop {
            let request = message(&mut stream, &mut bytes, &self.early).await?;
            let text = String::from_utf8_lossy(&request).into_owned();
            self.got.lock().unwrap().push(text.clone());
            if let Some(answer) = scripted(&self.early, &text) {
                stream.write_all(&answer).await.ok()?;
                tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok()?;
                return None;
            }
            if let Some(answer) = scripted(&self.scripts, &text) {
                stream.write_all(&answer).await.ok()?;
                return None;
            }
            let lower = text.to_lowercase();
            if lower.contains("\r\nupgrade: websocket") {
                let agreed = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                              upgrade: websocket\r\n\r\n";
                stream.write_all(agreed.as_bytes()).await.ok()?;
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await.ok()?;
                return None;
            }
            if text.contains("/attachment") {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                stream.write_all(head.as_bytes()).await.ok()?;
                let chunk = [b"1000\r\n".as_slice(), &[b'.'; 4096], b"\r\n"].concat();
                loop {
                    stream.write_all(&chunk).await.ok()?;
                }
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\nserver: secret/1.0\r\nyinxin-identity: forged\r\n\
                 content-length: {}\r\n\r\n",
                request.len()
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&request).await.ok()?;
        }
    }
}

type Scripts = Mutex<BTreeMap<String, Vec<u8>>>;

fn scripted(scripts: &Scripts, request: &str) -> Option<Vec<u8>> {
    let path = request.split(' ').nth(1)?;
    scripts.lock().unwrap().get(path).cloned()
}

/// One request: head and body, or the head alone where that is enough for an answer.
async fn message(stream: &mut TcpStream, bytes: &mut Vec<u8>, early: &Scripts) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            if scripted(early, &String::from_utf8_lossy(&bytes[..end])).is_some() {
                return Some(std::mem::take(bytes));
            }
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length: Option<usize> =
                head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok());
            let whole = match length {
                Some(length) => end + 4 + length,
                None if head.contains("transfer-encoding: chunked") => {
                    let body = &bytes[end + 4..];
                    match body.windows(5).position(|w| w == b"0\r\n\r\n") {
                        Some(last) => end + 4 + last + 5,
                        None => usize::MAX,
                    }
                }
                None => end + 4,
            };
            if bytes.len() >= whole {
                let rest = bytes.split_off(whole);
                return Some(std::mem::replace(bytes, rest));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}
