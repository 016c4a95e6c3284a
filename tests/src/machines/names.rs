//! The names of a city of tests, and what stands at them: a resolver that knows every name as
//! loopback, and a web server that answers what it was told to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

const A: u16 = 1;
const TXT: u16 = 16;
const CAA: u16 = 257;

/// What is answered; it ends with the test.
#[derive(Clone, Default)]
pub struct Names {
    texts: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
    issuers: Arc<Mutex<BTreeMap<String, String>>>,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    folders: Arc<Mutex<Vec<(String, PathBuf)>>>,
}

impl Names {
    /// Answers at these ports of loopback.
    pub async fn open(dns: u16, http: u16) -> Self {
        let names = Self::default();
        let socket = UdpSocket::bind(("127.0.0.1", dns)).await.unwrap();
        tokio::spawn(names.clone().resolve(socket));
        let listener = TcpListener::bind(("127.0.0.1", http)).await.unwrap();
        tokio::spawn(names.clone().serve(listener));
        names
    }

    /// A TXT record stands there.
    pub fn set_text(&self, name: &str, text: &str) {
        let mut texts = self.texts.lock().unwrap();
        texts.entry(name.to_lowercase()).or_default().push(text.to_owned());
    }

    /// Only this CA may issue below there; nobody if it is empty.
    pub fn set_issuer(&self, name: &str, issuer: &str) {
        self.issuers.lock().unwrap().insert(name.to_lowercase(), issuer.to_owned());
    }

    /// A path is answered with exactly these bytes.
    pub fn set_answer(&self, path: &str, answer: &[u8]) {
        self.files.lock().unwrap().insert(path.to_owned(), answer.to_vec());
    }

    /// A path is answered with a file.
    pub fn set_file(&self, path: &str, content: &str) {
        let length = content.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n");
        self.set_answer(path, format!("{head}\r\n{content}").as_bytes());
    }

    /// Paths that begin so are files of a folder, which others write.
    pub fn serve_folder(&self, begins: &str, folder: &Path) {
        self.folders.lock().unwrap().push((begins.to_owned(), folder.to_owned()));
    }

    /// What stands at a path.
    fn at(&self, path: &str) -> Vec<u8> {
        if let Some(answer) = self.files.lock().unwrap().get(path) {
            return answer.clone();
        }
        let folders = self.folders.lock().unwrap();
        let file = folders.iter().find_map(|(begins, folder)| {
            let name = path.strip_prefix(begins.as_str()).filter(|name| !name.contains('/'))?;
            std::fs::read(folder.join(name)).ok()
        });
        match file {
            Some(file) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len());
                [head.into_bytes(), file].concat()
            }
            None => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        }
    }

    async fn resolve(self, socket: UdpSocket) {
        let mut question = [0; 2_048];
        while let Ok((length, client)) = socket.recv_from(&mut question).await {
            if let Some(answer) = self.answer(&question[..length]) {
                let _ = socket.send_to(&answer, client).await;
            }
        }
    }

    /// The question again without what stands behind it, and the records.
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let (mut name, mut at) = (Vec::new(), 12);
        loop {
            let length = usize::from(*question.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            name.push(String::from_utf8(question.get(at..at + length)?.to_vec()).ok()?);
            at += length;
        }
        let name = name.join(".").to_lowercase();
        let kind = u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]);
        let records = self.records(&name, kind);
        let mut answer = question.get(..at + 4)?.to_vec();
        answer[2..4].copy_from_slice(&[0x81, 0x80]);
        answer[6..8].copy_from_slice(&u16::try_from(records.len()).ok()?.to_be_bytes());
        answer[8..12].fill(0);
        for record in records {
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 1]);
            answer.extend(u16::try_from(record.len()).ok()?.to_be_bytes());
            answer.extend(record);
        }
        Some(answer)
    }

    fn records(&self, name: &str, kind: u16) -> Vec<Vec<u8>> {
        match kind {
            A => vec![vec![127, 0, 0, 1]],
            TXT => {
                let texts = self.texts.lock().unwrap();
                let own = texts.get(name).cloned().unwrap_or_default();
                let record = |text: String| {
                    [vec![u8::try_from(text.len()).unwrap()], text.into_bytes()].concat()
                };
                own.into_iter().map(record).collect()
            }
            CAA => {
                let issuers = self.issuers.lock().unwrap();
                let own = issuers.get(name).map(|issuer| {
                    let issuer = if issuer.is_empty() { ";" } else { issuer };
                    [b"\x00\x05issue", issuer.as_bytes()].concat()
                });
                own.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let names = self.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default();
                let answer = names.at(path);
                let _ = stream.write_all(&answer).await;
                // An answer that says that it goes on does: its reader has to give up.
                if answer.ends_with(b"...") {
                    std::future::pending::<()>().await;
                }
            });
        }
    }
}
