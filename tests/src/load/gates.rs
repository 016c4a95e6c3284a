//! Gates that come and go, and people who pass the one that stays.

use super::card::Card;
use super::town::{OFFICE, Town};
use crate::gate::{ANSWER, word};
use crate::random;
use ca_host::operator::OperatorRequest;
use keys::SoftwareSigner;
use pki::Signer;
use records::Bytes;
use records::join::{Join, JoinFile, Renew, use_message};
use records::label::Label;
use records::order::AgentBody;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What somebody asks the application behind the gate for.
const REQUEST: &[u8] =
    b"GET /documents/sz-office/2026-001 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

impl Town {
    /// A gate is registered, joins, renews and is closed.
    pub(super) async fn join(&self) -> bool {
        let agent = format!("gate-{}", word());
        let asked = async |action: &str| self.asked(body(action, &agent)).await;
        let Some(made) = self.attempt(async || asked("register").await).await else {
            return false;
        };
        // Shredded there once the gate joined.
        let file = std::fs::read(self.folder.join("ca").join(&made.letter)).unwrap();
        let file: JoinFile = serde_json::from_slice(&file).unwrap();
        let done =
            self.is_approved(&self.security, &made.order).await && self.joined(&agent, &file).await;
        let closing = self.attempt(async || asked("close").await).await;
        match closing {
            Some(closing) => self.is_approved(&self.security, &closing.order).await && done,
            None => false,
        }
    }

    /// Joins under the file, and renews with the key that joined.
    async fn joined(&self, agent: &str, file: &JoinFile) -> bool {
        let (public, own) = (self.public(), SoftwareSigner::generate_p256().unwrap());
        let (challenge, request) = (random::<16>(), keys::request(&own).unwrap());
        let value = authority::join_value(&file.token.0, &file.order.0, &challenge, request.der());
        let join = Join {
            agent: agent.to_owned(),
            challenge: challenge.into(),
            request: request.der().into(),
            value: Bytes(value),
        };
        if self.attempt(async || public.join(&join).await.ok()).await.is_none() {
            return false;
        }
        let next = keys::request(&SoftwareSigner::generate_p256().unwrap()).unwrap();
        let challenge = random::<16>();
        let message = use_message(&file.order.0, &challenge, next.der());
        let renew = Renew {
            authorization: authority::authorization_of(agent),
            challenge: challenge.into(),
            request: next.der().into(),
            asked_by: own.public_key().spki().into(),
            signature: Bytes(Label::Use.sign(&own, &message).unwrap()),
        };
        self.attempt(async || public.renew(&renew).await.ok()).await.is_some()
    }

    /// Somebody asks the gate for something; whatever it decides is a record of its run.
    pub(super) async fn visit(&self, card: &Card) -> bool {
        let visit = async || tokio::time::timeout(ANSWER, self.visited(card)).await.ok()?;
        self.attempt(visit).await.is_some()
    }

    async fn visited(&self, card: &Card) -> Option<()> {
        let root = self.trust.root_sha256.digest().unwrap();
        let config = mtls::tls::client(root, Some(card.identity())).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.gate.port)).await.ok()?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(config).connect(name, stream).await.ok()?;
        stream.write_all(REQUEST).await.ok()?;
        let mut answer = [0; 1024];
        let read = stream.read(&mut answer).await.ok()?;
        (read > 0).then_some(())
    }
}

fn body(action: &str, agent: &str) -> OperatorRequest {
    let body = AgentBody {
        action: action.to_owned(),
        agent: agent.to_owned(),
        unit: OFFICE.to_owned(),
        application: "exchange".to_owned(),
        hosts: vec!["localhost".to_owned()],
        units: vec![OFFICE.to_owned()],
        token_sha256: Bytes::default(),
        renewals: 3,
    };
    OperatorRequest::Agent { body: Box::new(body) }
}
