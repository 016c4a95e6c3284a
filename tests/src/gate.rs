//! A gate in front of an application that remembers every byte it gets, and clients that can be
//! made to misbehave.

mod application;

pub use application::Application;

use crate::people::Officer;
use crate::processes::{Office, until};
use crate::{binary, random};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mtls::tls::{Identity, client};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Name of the sample agent.
pub const AGENT: &str = "gate-1";
/// Longest wait for an answer.
pub const ANSWER: Duration = Duration::from_secs(20);

/// A gate that runs.
pub struct Gate {
    pub port: u16,
    pub application: Application,
}

impl Office {
    /// Registers an agent by order and joins; its state is in `gate`. Nothing runs yet.
    pub async fn joined(&mut self, hosts: &[&str]) {
        let mut words = vec![
            "agent",
            "register",
            AGENT,
            "--unit",
            "sz-office",
            "--application",
            "exchange",
            "--serves",
            "shangzhou",
        ];
        for host in hosts {
            words.extend(["--host", host]);
        }
        let made = self.ca_json(&words);
        self.approve_by_security(made["order"].as_str().unwrap()).await;
        let joined = self.join(made["letter"].as_str().unwrap());
        assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
        let admin = format!("http://localhost:{}", self.port(13));
        self.city["admin_urls"]["agent"] = admin.into();
    }

    /// Runs `agent join`.
    pub fn join(&self, file: &str) -> std::process::Output {
        let at = |offset| format!("127.0.0.1:{}", self.port(offset));
        Command::new(binary("agent"))
            .arg("--state")
            .arg(self.path("gate"))
            .args(["join", file, "--listen", &at(12), "--admin", &at(13), "--upstream", &at(14)])
            .output()
            .unwrap()
    }

    /// A gate for `localhost` in front of an application that remembers.
    pub async fn gate(&mut self) -> Gate {
        self.joined(&["localhost", "other.localhost"]).await;
        let application = Application::serve(self.port(14)).await;
        self.start("agent", &[]).await;
        // It decides by what it got before that is kept.
        let kept = self.path("gate/world/people.json");
        until("the gate keeps what it got", async || kept.exists()).await;
        Gate { port: self.port(12), application }
    }

    /// An official of a unit with a certificate, known to the gate.
    pub async fn gate_official(&self, name: &str, unit: &str) -> Officer {
        let (official, collected) = self.official(name, unit).await;
        let officer = self.officer(official, &collected);
        let person = officer.person.clone();
        until("the gate knows the person", async || {
            let text = std::fs::read_to_string(self.path("gate/world/people.json"));
            let signed: Option<records::people::SignedPeople> =
                text.ok().and_then(|text| serde_json::from_str(&text).ok());
            signed.is_some_and(|s| String::from_utf8_lossy(&s.snapshot.0).contains(&person))
        })
        .await;
        officer
    }

    /// Changes a line of the agent's configuration.
    pub fn configure_gate(&self, more: &str) {
        let path = self.path("gate/agent.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}{more}")).unwrap();
    }

    /// Records of the access log, oldest first, sequenced or not.
    pub async fn access(&self) -> Vec<records::Record> {
        let database = self.database().await;
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "select record from (select record, idx as place from log_entry \
             where log_id = 'access' union all select record, position + 1000000000 as place \
             from log_pending where log_id = 'access') as known order by place",
        )
        .fetch_all(&database)
        .await
        .unwrap();
        let records = rows.iter().map(|(bytes,)| records::Record::read(bytes).unwrap());
        records.filter(|record| record.link.is_some()).collect()
    }
}

impl Gate {
    /// A TLS connection with a client certificate or none.
    pub async fn connect(
        &self,
        office: &Office,
        identity: Option<Identity>,
        sni: &str,
        alpn: &str,
    ) -> TlsStream<TcpStream> {
        let root = office.trust.root_sha256.digest().unwrap();
        let mut config: ClientConfig = (*client(root, identity).unwrap()).clone();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from(sni.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }

    /// Sends bytes on a fresh HTTP/1.1 connection and reads until it is closed, or one whole answer
    /// with nothing behind it came.
    pub async fn raw(&self, office: &Office, person: &Officer, bytes: &[u8]) -> String {
        let identity = Some(person.identity());
        let mut stream = self.connect(office, identity, "localhost", "http/1.1").await;
        stream.write_all(bytes).await.unwrap();
        tokio::time::timeout(ANSWER, answers(&mut stream)).await.expect("an answer in time")
    }

    /// An HTTP/1.1 connection.
    pub async fn h1(&self, office: &Office, person: &Officer) -> http1::SendRequest<Empty<Bytes>> {
        let identity = Some(person.identity());
        let stream = self.connect(office, identity, "localhost", "http/1.1").await;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// An HTTP/2 connection.
    pub async fn h2(&self, office: &Office, person: &Officer) -> http2::SendRequest<Empty<Bytes>> {
        self.h2_of(office, person, "localhost").await
    }

    /// An HTTP/2 connection to one of its hosts.
    pub async fn h2_of(
        &self,
        office: &Office,
        person: &Officer,
        sni: &str,
    ) -> http2::SendRequest<Empty<Bytes>> {
        let stream = self.connect(office, Some(person.identity()), sni, "h2").await;
        let io = TokioIo::new(stream);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// GET on a fresh HTTP/1.1 connection: status and body.
    pub async fn get(&self, office: &Office, person: &Officer, path: &str) -> (u16, String) {
        get(&mut self.h1(office, person).await, path).await
    }

    /// GET without a certificate.
    pub async fn get_without(&self, office: &Office, path: &str) -> String {
        let mut stream = self.connect(office, None, "localhost", "http/1.1").await;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::timeout(ANSWER, answers(&mut stream)).await.expect("an answer in time")
    }

    /// Waits until a request of a person has this status.
    pub async fn until_status(&self, office: &Office, person: &Officer, path: &str, wanted: u16) {
        until(&format!("{path} gives {wanted}"), async || {
            self.get(office, person, path).await.0 == wanted
        })
        .await;
    }
}

/// GET on an open HTTP/1.1 connection: status and body; 0 if the connection or answer was cut.
pub async fn get(sender: &mut http1::SendRequest<Empty<Bytes>>, path: &str) -> (u16, String) {
    sender.ready().await.unwrap();
    let request =
        Request::builder().uri(path).header("host", "localhost").body(Empty::new()).unwrap();
    let answer = match sender.send_request(request).await {
        Ok(answer) => answer,
        Err(error) => return (0, error.to_string()),
    };
    let status = answer.status().as_u16();
    match answer.into_body().collect().await {
        Ok(body) => (status, String::from_utf8_lossy(&body.to_bytes()).into_owned()),
        Err(error) => (0, error.to_string()),
    }
}

/// GET on an open HTTP/2 connection: status and body.
pub async fn get2(sender: &mut http2::SendRequest<Empty<Bytes>>, path: &str) -> (u16, String) {
    sender.ready().await.unwrap();
    let uri = format!("https://localhost{path}");
    let request = Request::builder().uri(uri).body(Empty::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    match answer.into_body().collect().await {
        Ok(body) => (status, String::from_utf8_lossy(&body.to_bytes()).into_owned()),
        Err(error) => (0, error.to_string()),
    }
}

/// Reads whole answers until the connection closes, or nothing more is under way.
async fn answers(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = vec![0; 16 * 1024];
        let read = tokio::time::timeout(Duration::from_millis(400), stream.read(&mut buffer)).await;
        match read {
            Ok(Ok(0)) | Ok(Err(_)) => break,
            Ok(Ok(count)) => bytes.extend_from_slice(&buffer[..count]),
            Err(_) if bytes.is_empty() => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of the first answer.
pub fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// A word that no other test uses.
pub fn word() -> String {
    data_encoding::HEXLOWER.encode(&random::<6>())
}

impl Office {
    /// An official of a unit that the gate does not serve.
    pub async fn gate_stranger(&self, name: &str) -> Officer {
        let (official, collected) = self.official(name, "shangluo").await;
        self.officer(official, &collected)
    }

    /// The loss report of a letter, to be sent later.
    pub fn loss_of(&self, official: &crate::Official) -> records::enrolment::ReportLoss {
        let reference = official.letter.reference.clone();
        let value = official.keys.loss_value(&reference).into();
        records::enrolment::ReportLoss { reference, value }
    }

    /// Sends a loss report; gives what its receipt says is revoked.
    pub async fn report(&self, report: &records::enrolment::ReportLoss) -> Vec<String> {
        let status = ca_api::Status(self.client(&self.trust.status, None));
        let signed = status.report_loss(report).await.unwrap();
        let receipt: records::letter::LossReceipt = records::json::read(&signed.receipt.0).unwrap();
        receipt.serials
    }

    /// Puts changed rules in force: (file, what to replace, by what); an empty text replaces all.
    pub async fn rules(&self, version: u32, changes: &[(&str, &str, &str)]) {
        let folder = self.changed_rules(version, changes);
        let version = version.to_string();
        let made = self.ca_json(&["bundle", folder.to_str().unwrap(), "--version", &version]);
        self.approve_by_security(made["order"].as_str().unwrap()).await;
    }

    /// A folder with the rules in force, changed.
    pub fn changed_rules(
        &self,
        version: u32,
        changes: &[(&str, &str, &str)],
    ) -> std::path::PathBuf {
        let folder = self.path(&format!("rules-{version}-{}", word()));
        std::fs::create_dir(&folder).unwrap();
        for entry in std::fs::read_dir(self.path("ca/policies/access")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mut text = std::fs::read_to_string(&path).unwrap();
            for (file, from, to) in changes.iter().filter(|(file, _, _)| *file == name) {
                if from.is_empty() {
                    text = (*to).to_owned();
                } else {
                    assert!(text.contains(from), "{file}: {from}");
                    text = text.replacen(from, to, 1);
                }
            }
            std::fs::write(folder.join(name), text).unwrap();
        }
        folder
    }
}

impl Gate {
    /// An HTTP/1.1 connection, if the gate is there.
    pub async fn try_h1(
        &self,
        person: &Officer,
        root: [u8; 32],
    ) -> Option<http1::SendRequest<Empty<Bytes>>> {
        let config = client(root, Some(person.identity())).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(config).connect(name, stream).await.ok()?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(sender)
    }
}
