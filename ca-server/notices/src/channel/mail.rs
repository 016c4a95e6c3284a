//! Notices by mail: plain text, headers encoded by `lettre`, one recipient. A message is the same
//! whenever it is made: its id follows from the notice, and its date is when that happened.

use crate::notice::spelled;
use crate::outgoing::{HandoverResult, OutgoingNotice};
use anyhow::{Context, bail, ensure};
use ca_host::CaConfig;
use ca_host::config::{MailConfig, MailTls, is_this_host};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, Tls, TlsParameters, TlsVersion,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::error::Error;
use std::time::{Duration, SystemTime};

/// Longest wait for one step of the server's, and for all of them.
const STEP_MAX: Duration = Duration::from_secs(20);
const ALL_MAX: Duration = Duration::from_secs(60);
/// Answers that are about the server or our password, and not about a message (RFC 5321, 4954):
/// no notice is given up for them.
const ABOUT_US: [&str; 6] = ["421", "454", "530", "534", "535", "538"];
/// Longest text of a server that is kept.
const REPLY_CHARS_MAX: usize = 200;

/// The channel that hands notices to a mail server by SMTP.
pub(crate) struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
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
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&own.server)
            .port(own.port)
            .timeout(Some(STEP_MAX))
            .hello_name(ClientId::Domain(domain.to_owned()))
            .tls(tls(config, own)?);
        match (&own.user, &own.password_file) {
            (None, None) => {}
            (Some(user), Some(file)) => {
                ensure!(own.tls != MailTls::None, "user: a password needs `starttls` or `tls`");
                let password = system::file::read_private(&config.path_of(file));
                let password = password.with_context(|| file.display().to_string())?;
                let password = String::from_utf8(password).context("password_file")?;
                let password = password.trim_end_matches(['\r', '\n']).to_owned();
                server = server.credentials(Credentials::new(user.clone(), password));
            }
            _ => bail!("user and password_file come together"),
        }
        Ok(Self { server: server.build(), from, domain: domain.to_owned() })
    }

    pub(super) async fn hand(&self, parcel: &OutgoingNotice<'_>) -> HandoverResult {
        let Some(address) = &parcel.recipient.mail else { return HandoverResult::NoAddress };
        let message = match self.message(address, parcel) {
            Ok(message) => message,
            Err(error) => return HandoverResult::Refused(format!("{error:#}")),
        };
        match tokio::time::timeout(ALL_MAX, self.server.send(message)).await {
            Ok(Ok(_)) => HandoverResult::Taken,
            Err(_) => HandoverResult::Away("no answer in time".into()),
            Ok(Err(error)) => {
                // What a server says goes to an operator's screen.
                let said = system::terminal::visible(&error.to_string());
                let said: String = said.chars().take(REPLY_CHARS_MAX).collect();
                let is_about_us = error
                    .status()
                    .is_some_and(|code| ABOUT_US.contains(&code.to_string().as_str()));
                match (error.is_permanent(), error.is_transient()) {
                    _ if is_about_us => HandoverResult::Away(said),
                    (true, _) => HandoverResult::Refused(said),
                    (_, true) => HandoverResult::Later(said),
                    _ => HandoverResult::Away(said),
                }
            }
        }
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

/// How the connection is protected: by the configured authorities alone, or not at all on this
/// host.
fn tls(config: &CaConfig, own: &MailConfig) -> anyhow::Result<Tls> {
    if own.tls == MailTls::None {
        ensure!(is_this_host(&own.server), "tls: `none` is for a server on this host only");
        return Ok(Tls::None);
    }
    let roots = own.roots.as_ref().context("roots: which authorities the server comes from")?;
    let file = std::fs::read(config.path_of(roots));
    let file = file.with_context(|| roots.display().to_string())?;
    let ders = pki::pem::read(&file, pki::pem::Kind::Certificate)?;
    ensure!(!ders.is_empty(), "roots: {} holds no certificate", roots.display());
    let mut parameters = TlsParameters::builder(own.server.clone())
        .certificate_store(CertificateStore::None)
        .set_min_tls_version(TlsVersion::Tlsv12);
    for der in ders {
        parameters = parameters.add_root_certificate(Certificate::from_der(der)?);
    }
    let parameters = parameters.build_rustls()?;
    Ok(match own.tls {
        MailTls::Tls => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}
