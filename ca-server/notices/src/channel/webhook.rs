//! Notices to a gateway for short messages: JSON, posted with an HMAC over its time and bytes
//! (`docs/formats.md`), so that the gateway takes none that is not this city's, and none that is
//! old. It knows people by their ids; no telephone number is kept here.

use crate::notice::spelled;
use crate::outgoing::{HandoverResult, OutgoingNotice};
use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use ca_host::CaConfig;
use ca_host::config::{WebhookConfig, is_this_host};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use mtls::Client;
use serde_json::json;
use service::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The label of what is signed.
const LABEL: &[u8] = b"yinxin-webhook-v1";
/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// The channel that posts notices to a gateway over HTTP.
pub(crate) struct Webhook {
    client: Client,
    key: hmac::Key,
    /// Whether the gateway took a notice since it was not there, or set up wrongly, the last time.
    has_taken: AtomicBool,
}

impl Webhook {
    /// Reads what the configuration names; nobody is asked yet.
    pub(super) fn open(config: &CaConfig, own: &WebhookConfig) -> anyhow::Result<Self> {
        let host = own.url.strip_prefix("http://").map(|rest| {
            let authority = rest.split('/').next().unwrap_or_default();
            authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned()
        });
        let tls = match host {
            Some(host) => {
                ensure!(is_this_host(&host), "url: `http` is for a gateway on this host only");
                None
            }
            None => {
                let roots = own.roots.as_ref();
                let roots = roots.context("roots: which authorities the gateway comes from")?;
                let file = std::fs::read(config.path_of(roots));
                let file = file.with_context(|| roots.display().to_string())?;
                let ders = pki::pem::read(&file, pki::pem::Kind::Certificate)?;
                let clock = Arc::new(Clock::system());
                Some(mtls::tls::client_of_web(&ders, clock)?)
            }
        };
        let secret = ca_host::durable::read_private(&config.path("notices/webhook.secret"))?;
        let text = std::str::from_utf8(&secret).context("notices/webhook.secret")?;
        let secret = BASE64URL_NOPAD.decode(text.trim_end().as_bytes());
        let secret = secret.context("notices/webhook.secret")?;
        ensure!(secret.len() == 32, "notices/webhook.secret: 32 bytes in base64url");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let (client, has_taken) = (Client::new(&own.url, tls)?, AtomicBool::new(false));
        Ok(Self { client, key, has_taken })
    }

    pub(super) async fn hand(&self, parcel: &OutgoingNotice<'_>) -> HandoverResult {
        let body = json!({
            "v": 1,
            "id": spelled(&parcel.id),
            "kind": parcel.notice.kind.name(),
            "person": parcel.recipient.person,
            "name": parcel.recipient.name.as_deref().unwrap_or_default(),
            "time": parcel.notice.time,
            "zh": parcel.written.short_zh,
            "en": parcel.written.short_en,
        });
        let body = match records::json::write(&body) {
            Ok(body) => body,
            Err(error) => return HandoverResult::Refused(error.to_string()),
        };
        let time = parcel.now.to_string();
        let signature = self.signature(&time, &body);
        let headers = [
            ("yinxin-time", time),
            ("yinxin-signature", signature),
            ("idempotency-key", spelled(&parcel.id)),
        ];
        let call = self.client.post_with("", body, &headers);
        let handed = match tokio::time::timeout(ANSWER_MAX, call).await {
            Err(_) => HandoverResult::Away("no answer in time".into()),
            Ok(Err(error)) => HandoverResult::Away(system::terminal::visible(&error.to_string())),
            Ok(Ok(answer)) => {
                let has_taken = self.has_taken.load(Ordering::Relaxed);
                judged((answer.status().as_u16(), answer.status().to_string()), has_taken)
            }
        };
        match handed {
            HandoverResult::Taken => self.has_taken.store(true, Ordering::Relaxed),
            HandoverResult::Away(_) => self.has_taken.store(false, Ordering::Relaxed),
            _ => {}
        }
        handed
    }

    /// `v1=` and HMAC-SHA-256 in hexadecimal over label, time and body.
    fn signature(&self, time: &str, body: &[u8]) -> String {
        let message = [LABEL, &[0], time.as_bytes(), &[0], body].concat();
        format!("v1={}", HEXLOWER.encode(hmac::sign(&self.key, &message).as_ref()))
    }
}

/// What an answer says. Three are about the notice, of a gateway that takes others; the rest of the
/// 400s are about the gateway or how it is set up, which somebody mends.
fn judged((status, told): (u16, String), has_taken: bool) -> HandoverResult {
    match status {
        200..=299 => HandoverResult::Taken,
        400 | 413 | 422 if has_taken => HandoverResult::Refused(told),
        400 | 413 | 422 => HandoverResult::Barred(told),
        401..=499 => HandoverResult::Away(told),
        _ => HandoverResult::Later(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `docs/formats.md` has it; another program made this one. A gateway that looks at the time
    /// takes none that is old.
    #[test]
    fn a_message_is_signed_with_its_time() {
        let client = Client::new("http://127.0.0.1:1", None).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let webhook = Webhook { client, key, has_taken: AtomicBool::new(false) };
        let body = br#"{"id":"07","kind":"letter"}"#;
        let signed = webhook.signature("1795507200", body);
        let told = "12e581090d3a951390d83b301002c33265c7a392de0c6fef4c1296196c2fc655";
        assert_eq!(signed, format!("v1={told}"));
        assert_ne!(webhook.signature("1795507201", body), signed, "at another time");
        assert_ne!(webhook.signature("1795507200", b"{}"), signed, "another notice");
    }

    #[test]
    fn only_what_is_about_a_notice_gives_it_up() {
        let judged = |status, has_taken| judged((status, String::new()), has_taken);
        for has_taken in [true, false] {
            let taken = |one: u16| judged(one, has_taken) == HandoverResult::Taken;
            assert!([200, 202, 204].into_iter().all(taken));
            for status in 400..500 {
                let expected = match status {
                    400 | 413 | 422 if has_taken => HandoverResult::Refused(String::new()),
                    // One that refuses everybody in the same way is set up wrongly.
                    400 | 413 | 422 => HandoverResult::Barred(String::new()),
                    _ => HandoverResult::Away(String::new()),
                };
                assert_eq!(judged(status, has_taken), expected, "{status}");
            }
            let later = HandoverResult::Later(String::new());
            assert!([301, 500, 503].into_iter().all(|one| judged(one, has_taken) == later));
        }
    }
}
