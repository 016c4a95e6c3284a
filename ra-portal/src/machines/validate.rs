//! Looks whether a client answered its challenge. Names come from strangers, and so do answers:
//! only addresses that are allowed are spoken to, by the address that was found and no other, for a
//! bounded time and a bounded size.

mod http01;
mod ranges;
mod resolver;

pub(crate) use ranges::Ranges;
pub(crate) use resolver::Resolver;

use acme::caa::{self, CaaAsker};
use acme::challenge::{self, ChallengeKind, KeyAuthorization};
use acme::dns::{DnsRecord, RecordKind};
use acme::http01::WebPorts;
use acme::{AcmeIdentifier, AcmeProblem, ProblemKind, tls_alpn01};
use mtls::visit::{self, VisitError};
use std::net::{IpAddr, SocketAddr};

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;

/// What looks need to know.
pub(crate) struct Validator {
    resolver: Resolver,
    ranges: Ranges,
    web: WebPorts,
    tls_alpn_port: u16,
}

/// What is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) identifier: &'a AcmeIdentifier,
    /// The challenge; without one the name's zone is asked, and nothing else.
    pub(crate) kind: Option<ChallengeKind>,
    pub(crate) token: &'a str,
    pub(crate) thumbprint: &'a str,
    /// The address of the account, if one asks, and the names of this CA in CAA records.
    pub(crate) account: Option<&'a str>,
    pub(crate) caa: &'a [String],
}

impl Validator {
    /// One that asks this resolver, speaks to these addresses, at these ports.
    pub(crate) fn new(
        resolver: Resolver,
        ranges: Ranges,
        web: WebPorts,
        tls_alpn_port: u16,
    ) -> Self {
        Self { resolver, ranges, web, tls_alpn_port }
    }

    /// Whether a challenge is answered, and the name's zone lets this CA issue.
    pub(crate) async fn look(&self, look: Look<'_>) -> Result<(), AcmeProblem> {
        let expected = KeyAuthorization::new(look.token, look.thumbprint);
        let answered = async {
            match look.kind {
                Some(ChallengeKind::Http01) => self.http01(look, &expected).await,
                Some(ChallengeKind::Dns01) => self.dns01(look, &expected).await,
                Some(ChallengeKind::TlsAlpn01) => self.tls_alpn01(look, &expected).await,
                None => Ok(()),
            }
        };
        // Neither follows from the other, and each of them waits for somebody.
        let (answered, permitted) = tokio::join!(answered, self.caa(look));
        answered.and(permitted)
    }

    async fn dns01(&self, look: Look<'_>, expected: &KeyAuthorization) -> Result<(), AcmeProblem> {
        let name = challenge::dns_name(look.identifier);
        let texts: Vec<Vec<u8>> = self
            .asked(&name, RecordKind::Txt)
            .await?
            .into_iter()
            .filter_map(|record| match record {
                DnsRecord::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        if expected.is_in_texts(&texts) {
            return Ok(());
        }
        let (zh, en) = match texts.is_empty() {
            true => ("没有 TXT 记录", "there is no TXT record"),
            false => ("TXT 记录的内容不符", "the TXT records say something else"),
        };
        Err(AcmeProblem::about(ProblemKind::IncorrectResponse, zh, en))
    }

    async fn tls_alpn01(
        &self,
        look: Look<'_>,
        expected: &KeyAuthorization,
    ) -> Result<(), AcmeProblem> {
        let name = tls_alpn01::server_name(look.identifier);
        let mut last = None;
        for address in self.addresses(look.identifier).await? {
            let place = SocketAddr::new(address, self.tls_alpn_port);
            match visit::certificate(place, &name, tls_alpn01::ALPN).await {
                Ok(shown) => {
                    let judged = tls_alpn01::judge(&shown, look.identifier, expected);
                    return judged
                        .map_err(|error| AcmeProblem::of(ProblemKind::IncorrectResponse, &error));
                }
                Err(error) => last = Some(error),
            }
        }
        Err(unvisited(last.as_ref()))
    }

    /// The addresses of an identifier that may be spoken to, IPv6 first as RFC 6724 has it.
    async fn addresses(&self, identifier: &AcmeIdentifier) -> Result<Vec<IpAddr>, AcmeProblem> {
        let found = match identifier.to_address() {
            Some(address) => vec![address],
            None => self.addresses_of(identifier.value()).await?,
        };
        self.permitted(found)
    }

    async fn addresses_of(&self, name: &str) -> Result<Vec<IpAddr>, AcmeProblem> {
        let (six, four) =
            tokio::join!(self.asked(name, RecordKind::Aaaa), self.asked(name, RecordKind::A));
        // One of both may fail where the other answers.
        let records = match (six, four) {
            (Err(error), Err(_)) => return Err(error),
            (six, four) => six.unwrap_or_default().into_iter().chain(four.unwrap_or_default()),
        };
        let addresses = records.filter_map(|record| match record {
            DnsRecord::Address(address) => Some(address),
            _ => None,
        });
        Ok(addresses.collect())
    }

    /// Those that may be spoken to: what a stranger's name leads to is no way into our own network.
    fn permitted(&self, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, AcmeProblem> {
        if found.is_empty() {
            let (zh, en) = ("域名没有地址", "the name has no address");
            return Err(AcmeProblem::about(ProblemKind::Dns, zh, en));
        }
        let mut permitted: Vec<IpAddr> =
            found.into_iter().filter(|address| self.ranges.permit(*address)).collect();
        permitted.truncate(ADDRESSES_MAX);
        if permitted.is_empty() {
            let (zh, en) =
                ("地址不在允许验证的范围内", "its addresses are none that are spoken to");
            return Err(AcmeProblem::about(ProblemKind::Connection, zh, en));
        }
        Ok(permitted)
    }

    async fn asked(&self, name: &str, kind: RecordKind) -> Result<Vec<DnsRecord>, AcmeProblem> {
        let asked = self.resolver.ask(name, kind).await;
        asked.map_err(|error| AcmeProblem::of(ProblemKind::Dns, &error))
    }

    /// CAA records (RFC 8659 3): the nearest name that has some decides. One that cannot be asked
    /// is no permission.
    async fn caa(&self, look: Look<'_>) -> Result<(), AcmeProblem> {
        if look.identifier.to_address().is_some() {
            return Ok(());
        }
        let base = look.identifier.base();
        for name in caa::climb(base.value()) {
            let records: Vec<_> = self
                .asked(name, RecordKind::Caa)
                .await?
                .into_iter()
                .filter_map(|record| match record {
                    DnsRecord::Caa(record) => Some(record),
                    _ => None,
                })
                .collect();
            if records.is_empty() {
                continue;
            }
            let asker = CaaAsker {
                identities: look.caa,
                account: look.account,
                method: look.kind,
                is_wildcard: look.identifier.is_wildcard(),
            };
            return match caa::permits(&records, &asker) {
                true => Ok(()),
                false => Err(ProblemKind::Caa.into()),
            };
        }
        Ok(())
    }
}

/// What a visit that brought nothing is told as.
fn unvisited(error: Option<&VisitError>) -> AcmeProblem {
    match error {
        Some(VisitError::Handshake(_)) => ProblemKind::Tls.into(),
        Some(VisitError::TooLarge) => {
            let (zh, en) = ("应答过大", "the answer is too large");
            AcmeProblem::about(ProblemKind::IncorrectResponse, zh, en)
        }
        Some(VisitError::Late) => {
            let (zh, en) = ("没有按时应答", "there was no answer in time");
            AcmeProblem::about(ProblemKind::Connection, zh, en)
        }
        Some(VisitError::Broken(_)) => {
            let (zh, en) = ("应答不是完整的 HTTP", "the answer is no whole HTTP");
            AcmeProblem::about(ProblemKind::Connection, zh, en)
        }
        _ => ProblemKind::Connection.into(),
    }
}
