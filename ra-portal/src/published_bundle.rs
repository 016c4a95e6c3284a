//! The trust bundle as the CA publishes it, in clear, beside its lists: fetched from there for
//! whoever asks the public host, and shown only if this city signed it. It is kept for a minute,
//! and what brought nothing is tried again a little later, so that however many ask, one of them
//! fetches.

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
/// What brought nothing is tried again behind so long: nobody else waits for it until then.
const AGAIN: Duration = Duration::from_secs(10);
/// The CA's host answers by then, or what is kept is shown.
const FETCH_MAX: Duration = Duration::from_secs(5);
/// Longest bundle that is shown.
const BUNDLE_BYTES_MAX: usize = 1024 * 1024;

/// The bundle, and where it is fetched.
pub struct PublishedBundle {
    base: Option<String>,
    known: Mutex<KnownBundle>,
}

/// What fetching came to.
#[derive(Default)]
struct KnownBundle {
    /// When it is fetched again; at once where it never was.
    due: Option<Instant>,
    kept: Option<KeptBundle>,
}

/// One that was believed.
struct KeptBundle {
    body: Bytes,
    /// The greater one is the newer one.
    version: u64,
    /// Last second, unix.
    until: u64,
}

impl PublishedBundle {
    /// The one beside the list in which a certificate, DER, would stand.
    pub fn beside(certificate: &[u8]) -> Self {
        let read = Certificate::read(certificate).ok();
        let list = read
            .and_then(|one| one.extension(oid::CRL_DISTRIBUTION_POINTS).and_then(first_address));
        Self { base: list.as_deref().and_then(origin).map(str::to_owned), known: Mutex::default() }
    }

    /// The file, if there is one that counts at `now`, unix.
    pub(crate) async fn get(&self, trust: &Trust, now: u64) -> Option<Bytes> {
        let mut known = self.known.lock().await;
        if known.due.is_none_or(|due| due <= Instant::now()) {
            let next = self.fetched(trust, now).await;
            let pause = if next.is_some() { KEPT } else { AGAIN };
            known.due = Some(Instant::now() + pause);
            known.take(next);
        }
        known.kept.as_ref().filter(|one| now <= one.until).map(|one| one.body.clone())
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

impl KnownBundle {
    /// Takes one that was fetched, unless it is older than the one that is kept: it came in clear,
    /// and who carries it may carry one of before.
    fn take(&mut self, next: Option<KeptBundle>) {
        let known = self.kept.as_ref().map_or(0, |kept| kept.version);
        if let Some(next) = next.filter(|next| next.version >= known) {
            self.kept = Some(next);
        }
    }
}

/// A file that this city signed, and that is not over.
fn believed(body: Bytes, trust: &Trust, now: u64) -> Option<KeptBundle> {
    let read = Some(&body).filter(|body| body.len() <= BUNDLE_BYTES_MAX);
    let signed: SignedTrustBundle = serde_json::from_slice(read?).ok()?;
    let bundle = signed.open(trust, now).ok()?;
    Some(KeptBundle { body, version: bundle.version, until: bundle.until_unix() })
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

    /// A host that gives nothing is asked once: whoever asks behind that has what is kept at once,
    /// and one that is over is shown to nobody.
    #[tokio::test]
    async fn however_many_ask_one_of_them_fetches() {
        let broken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", broken.local_addr().unwrap());
        let trust = sample_city::SampleCity::found().trust("control", "");
        let (body, until) = (Bytes::from_static(b"kept"), 1_800_000_000);
        let kept = KeptBundle { body, version: 1, until };
        let known = Mutex::new(KnownBundle { due: None, kept: Some(kept) });
        let bundle = PublishedBundle { base: Some(base), known };
        // It hangs up on the first; on a second nobody does.
        let hangs_up = async { drop(broken.accept().await.unwrap()) };
        let (first, ()) = tokio::join!(bundle.get(&trust, 1_800_000_000), hangs_up);
        assert_eq!(first.as_deref(), Some(&b"kept"[..]));
        let soon = async |now: u64| {
            let asked = bundle.get(&trust, now);
            tokio::time::timeout(FETCH_MAX / 2, asked).await.expect("nobody is waited for")
        };
        assert_eq!(soon(1_800_000_000).await.as_deref(), Some(&b"kept"[..]));
        assert!(soon(1_800_000_001).await.is_none());
        assert!(bundle.known.lock().await.due.is_some_and(|due| due > Instant::now()));
    }

    /// Whoever carries the file carries none of before to who had a newer one.
    #[test]
    fn what_is_shown_of_bundles_goes_back_to_none() {
        let mut known = KnownBundle::default();
        let fetched = |version| Some(KeptBundle { body: Bytes::new(), version, until: 9 });
        let mut take = |next| {
            known.take(next);
            known.kept.as_ref().map(|kept| kept.version)
        };
        assert_eq!(take(None), None);
        assert_eq!(take(fetched(7)), Some(7));
        assert_eq!(take(fetched(6)), Some(7));
        assert_eq!(take(None), Some(7));
        assert_eq!([take(fetched(7)), take(fetched(8))], [Some(7), Some(8)]);
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
