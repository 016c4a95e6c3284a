//! Notices by mail: plain text, headers encoded by `lettre`, one recipient. A message is the same
//! whenever it is made: its id follows from the notice, and its date is when that happened. What a
//! refusal is about follows from how far the conversation came (`mail/refusal.rs`); how much a
//! server says is bounded below `lettre`, in clear as within TLS (`mail/line_stream.rs`).

mod line_stream;
mod refusal;

use crate::notice::spelled;
use crate::outgoing::{HandoverResult, OutgoingNotice};
use anyhow::{Context, bail, ensure};
use ca_host::CaConfig;
use ca_host::config::{MailConfig, MailTls, is_this_host};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters, TlsVersion,
};
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use line_stream::LineStream;
use mtls::dial::WebDialler;
use refusal::{SmtpRefusal, SmtpStep};
use service::Clock;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;

/// Longest wait for one address of the server's, and for the whole conversation.
const CONNECT_MAX: Duration = Duration::from_secs(20);
const ALL_MAX: Duration = Duration::from_secs(60);
/// Longest wait for the farewell: what a server took it has, whatever becomes of that.
const FAREWELL_MAX: Duration = Duration::from_secs(5);

/// The channel that hands notices to a mail server by SMTP.
pub(crate) struct Mail {
    server: (String, u16),
    hello: ClientId,
    protection: Protection,
    credentials: Option<Credentials>,
    from: Mailbox,
    domain: String,
    /// Whether the server took a message since it refused us, or was not there, the last time.
    has_taken: AtomicBool,
}

/// How the connection is protected.
enum Protection {
    /// Not at all.
    None,
    /// In clear until STARTTLS, without which nothing is sent.
    Starttls(TlsParameters),
    /// By TLS from the first byte.
    Tls(WebDialler),
}

/// Programs that answer mail by themselves leave these alone (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

impl Mail {
    /// Reads what the configuration names; nobody is asked yet.
    pub(super) fn open(config: &CaConfig, own: &MailConfig) -> anyhow::Result<Self> {
        let from = pki::mail::Mailbox::read(&own.from).context("from")?;
        let (_, domain) = own.from.rsplit_once('@').context("from")?;
        let from = Mailbox::new(None, from.as_str().parse().context("from")?);
        let credentials = match (&own.user, &own.password_file) {
            (None, None) => None,
            (Some(user), Some(file)) => {
                ensure!(own.tls != MailTls::None, "user: a password needs `starttls` or `tls`");
                let password = system::file::read_private(&config.path_of(file));
                let password = password.with_context(|| file.display().to_string())?;
                let password = String::from_utf8(password).context("password_file")?;
                let password = password.trim_end_matches(['\r', '\n']).to_owned();
                Some(Credentials::new(user.clone(), password))
            }
            _ => bail!("user and password_file come together"),
        };
        Ok(Self {
            server: (own.server.clone(), own.port),
            hello: ClientId::Domain(domain.to_owned()),
            protection: protection(config, own)?,
            credentials,
            from,
            domain: domain.to_owned(),
            has_taken: AtomicBool::new(false),
        })
    }

    pub(super) async fn hand(&self, parcel: &OutgoingNotice<'_>) -> HandoverResult {
        let Some(address) = &parcel.recipient.mail else { return HandoverResult::NoAddress };
        let message = match self.message(address, parcel) {
            Ok(message) => message,
            Err(error) => return HandoverResult::Refused(format!("{error:#}")),
        };
        let handed = match tokio::time::timeout(ALL_MAX, self.send(&message)).await {
            Ok(Ok(connection)) => {
                leave(connection).await;
                HandoverResult::Taken
            }
            Ok(Err(refusal)) => refusal.judged(self.has_taken.load(Ordering::Relaxed)),
            Err(_) => HandoverResult::Away("no answer in time".into()),
        };
        match handed {
            HandoverResult::Taken => self.has_taken.store(true, Ordering::Relaxed),
            HandoverResult::Away(_) | HandoverResult::Shut(_) => {
                self.has_taken.store(false, Ordering::Relaxed);
            }
            _ => {}
        }
        handed
    }

    /// Hands a message over on a connection of its own, which is left afterwards.
    async fn send(&self, message: &Message) -> Result<AsyncSmtpConnection, SmtpRefusal> {
        let mut connection = self.connect().await?;
        match hand_over(&mut connection, message).await {
            Ok(()) => Ok(connection),
            Err(refusal) => {
                leave(connection).await;
                Err(refusal)
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpRefusal> {
        let stream = self.stream().await.map_err(|error| SmtpRefusal::unreached(&error))?;
        let ourselves = |error: SmtpError| SmtpRefusal::at(SmtpStep::Ourselves, &error);
        let connected = AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await;
        let mut connection = connected.map_err(ourselves)?;
        if let Protection::Starttls(own) = &self.protection {
            connection.starttls(own.clone(), &self.hello).await.map_err(ourselves)?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(ourselves)?;
        }
        Ok(connection)
    }

    /// A stream to the server, which says no more on it than a conversation has.
    async fn stream(&self) -> io::Result<Box<dyn AsyncTokioStream>> {
        let (host, port) = (self.server.0.as_str(), self.server.1);
        let stream = reach(host, port).await?;
        let peer = stream.peer_addr()?;
        let bounded: Box<dyn AsyncTokioStream> = match &self.protection {
            Protection::None | Protection::Starttls(_) => Box::new(LineStream::new(stream, peer)),
            Protection::Tls(dialler) => {
                Box::new(LineStream::new(dialler.shake(stream, host).await?, peer))
            }
        };
        Ok(bounded)
    }

    fn message(&self, address: &str, parcel: &OutgoingNotice<'_>) -> anyhow::Result<Message> {
        let to = Mailbox::new(None, address.parse().context("address")?);
        let unix = records::time::read(&parcel.notice.time).context("time")?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(parcel.written.subject.clone())
            .message_id(Some(format!("<{}@{}>", spelled(&parcel.id), self.domain)))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(unix))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(parcel.written.text.clone())?;
        Ok(message)
    }
}

/// Connects to the first address of a host that answers.
async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for address in tokio::net::lookup_host((host, port)).await? {
        match tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

/// Says whom a message is from and for, and then the message.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
) -> Result<(), SmtpRefusal> {
    let at = |step: SmtpStep| move |error: SmtpError| SmtpRefusal::at(step, &error);
    let (envelope, bytes) = (message.envelope(), message.formatted());
    let addresses = envelope.to().iter().chain(envelope.from());
    let is_plain = addresses.map(AsRef::<str>::as_ref).all(str::is_ascii);
    let mut parameters = Vec::new();
    for (is_needed, extension, parameter) in [
        (!is_plain, Extension::SmtpUtfEight, MailParameter::SmtpUtfEight),
        (
            !bytes.is_ascii(),
            Extension::EightBitMime,
            MailParameter::Body(MailBodyParameter::EightBitMime),
        ),
    ] {
        if is_needed && !connection.server_info().supports_feature(extension) {
            return Err(SmtpRefusal::unable("the server takes no address that is not ASCII"));
        }
        parameters.extend(is_needed.then_some(parameter));
    }
    let from = commands::Mail::new(envelope.from().cloned(), parameters);
    connection.command(from).await.map_err(at(SmtpStep::Ourselves))?;
    for to in envelope.to() {
        let to = commands::Rcpt::new(to.clone(), Vec::new());
        connection.command(to).await.map_err(at(SmtpStep::Recipient))?;
    }
    connection.command(commands::Data).await.map_err(at(SmtpStep::Message))?;
    connection.message(&bytes).await.map_err(at(SmtpStep::Message))?;
    Ok(())
}

/// Takes leave of a server; one that does not answer is left all the same.
async fn leave(mut connection: AsyncSmtpConnection) {
    let _ = tokio::time::timeout(FAREWELL_MAX, connection.abort()).await;
}

/// How the connection is protected: by the configured authorities alone, or not at all on this
/// host.
fn protection(config: &CaConfig, own: &MailConfig) -> anyhow::Result<Protection> {
    if own.tls == MailTls::None {
        ensure!(is_this_host(&own.server), "tls: `none` is for a server on this host only");
        return Ok(Protection::None);
    }
    let roots = own.roots.as_ref().context("roots: which authorities the server comes from")?;
    let file = std::fs::read(config.path_of(roots));
    let file = file.with_context(|| roots.display().to_string())?;
    let ders = pki::pem::read(&file, pki::pem::Kind::Certificate)?;
    ensure!(!ders.is_empty(), "roots: {} holds no certificate", roots.display());
    if own.tls == MailTls::Tls {
        return Ok(Protection::Tls(WebDialler::new(&ders, Arc::new(Clock::system()))?));
    }
    let mut parameters = TlsParameters::builder(own.server.clone())
        .certificate_store(CertificateStore::None)
        .set_min_tls_version(TlsVersion::Tlsv12);
    for der in ders {
        parameters = parameters.add_root_certificate(Certificate::from_der(der)?);
    }
    Ok(Protection::Starttls(parameters.build_rustls()?))
}
