//! The trust bundle as the CA publishes it, in clear, beside its lists: fetched from there for
//! whoever asks the public host, and shown only if this city signed it. It is kept for a minute, so
//! that however many ask, one of them fetches.

use axum::body::Bytes;
use mtls::Client;
use pki::{Certificate, oid};
use records::trust::Trust;
use records::trust_bundle::{SignedTrustBundle, TRUST_BUNDLE_PATH};
use scep::content::first_address;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// What was fetched is shown for so long before it is fetched again.
const KEPT: Duration = Duration::from_secs(60);
/// The CA's host answers by then, or what is kept is shown.
const FETCH_MAX: Duration = Duration::from_secs(5);
/// Longest bundle that is shown.
const BUNDLE_BYTES_MAX: usize = 1024 * 1024;

/// The bundle, and where it is fetched.
pub struct PublishedBundle {
    base: Option<String>,
    kept: Mutex<Option<KeptBundle>>,
}

/// One that was believed.
struct KeptBundle {
    fetched: Instant,
    body: Bytes,
    /// Last second, unix.
    until: u64,
}

impl PublishedBundle {
    /// The one beside the list in which a certificate, DER, would stand.
    pub fn beside(certificate: &[u8]) -> Self {
        let read = Certificate::read(certificate).ok();
        let list = read
            .and_then(|one| one.extension(oid::CRL_DISTRIBUTION_POINTS).and_then(first_address));
        Self { base: list.as_deref().and_then(origin).map(str::to_owned), kept: Mutex::default() }
    }

    /// The file, if there is one that counts at `now`, unix.
    pub(crate) async fn get(&self, trust: &Trust, now: u64) -> Option<Bytes> {
        let mut kept = self.kept.lock().await;
        let is_fresh = |one: &KeptBundle| one.fetched.elapsed() < KEPT;
        if !kept.as_ref().is_some_and(is_fresh)
            && let Some(next) = self.fetched(trust, now).await
        {
            *kept = Some(next);
        }
        kept.as_ref().filter(|one| now <= one.until).map(|one| one.body.clone())
    }

    async fn fetched(&self, trust: &Trust, now: u64) -> Option<KeptBundle> {
        let client = Client::new(self.base.as_deref()?, None).ok()?;
        let answer = tokio::time::timeout(FETCH_MAX, client.get(TRUST_BUNDLE_PATH)).await;
        match answer.ok()? {
            Ok(answer) if answer.status().is_success() => believed(answer.into_body(), trust, now),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "the trust bundle");
                None
            }
        }
    }
}

/// A file that this city signed, and that is not over.
fn believed(body: Bytes, trust: &Trust, now: u64) -> Option<KeptBundle> {
    let read = Some(&body).filter(|body| body.len() <= BUNDLE_BYTES_MAX);
    let signed: SignedTrustBundle = serde_json::from_slice(read?).ok()?;
    let until = signed.open(trust, now).ok()?.until_unix();
    Some(KeptBundle { fetched: Instant::now(), body, until })
}

/// Scheme and host of an address in clear.
fn origin(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let end = rest.find('/')?;
    url.get(.."http://".len() + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever lies where the CA publishes, nothing is shown under our name that it did not sign.
    #[tokio::test]
    async fn what_this_city_did_not_sign_is_not_shown() {
        let trust = sample_city::SampleCity::found().trust("control", "");
        for body in ["", "{}", "[]", "{\"bundle\":\"AA\",\"signature\":\"AA\",\"chain\":[]}"] {
            let body = Bytes::from_static(body.as_bytes());
            assert!(believed(body, &trust, 1_800_000_000).is_none());
        }
        let large = Bytes::from(vec![b' '; BUNDLE_BYTES_MAX + 1]);
        assert!(believed(large, &trust, 1_800_000_000).is_none());
        let nowhere = PublishedBundle::beside(b"no certificate");
        assert!(nowhere.get(&trust, 1_800_000_000).await.is_none());
    }

    #[test]
    fn it_lies_beside_the_list() {
        let of = |url| origin(url).map(str::to_owned);
        let list = "http://status.example:8080/crl/issuing-1.crl";
        assert_eq!(of(list).as_deref(), Some("http://status.example:8080"));
        assert_eq!(of("http://status.example"), None);
        assert_eq!(of("ldap://status.example/x"), None);
        assert_eq!(of("https://status.example/crl/x.crl"), None, "lists are published in clear");
    }
}
