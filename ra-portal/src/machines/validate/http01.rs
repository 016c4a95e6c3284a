//! http-01 (RFC 8555 8.3): the file, and where its server says that it is.

use super::{Look, Validator, unvisited};
use acme::challenge::{self, KeyAuthorization};
use acme::http01::{ANSWER_BYTES_MAX, REDIRECTS_MAX, WebTarget};
use acme::{AcmeIdentifier, AcmeProblem, ProblemKind};
use mtls::visit::{self, Visit, VisitError, Visited};
use pki::host::Host;
use std::net::SocketAddr;

impl Validator {
    /// Whether the file says the key authorization.
    pub(super) async fn http01(
        &self,
        look: Look<'_>,
        expected: &KeyAuthorization,
    ) -> Result<(), AcmeProblem> {
        let mut target = WebTarget::of(host(look.identifier)?, challenge::http_path(look.token));
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.fetched(&target).await?;
            match (answer.status, answer.location.as_deref()) {
                (301 | 302 | 303 | 307 | 308, Some(location)) => {
                    target = target
                        .redirect(location, self.web)
                        .map_err(|error| AcmeProblem::of(ProblemKind::IncorrectResponse, &error))?;
                }
                (200, _) if expected.is_in_file(&answer.body) => return Ok(()),
                (200, _) => return Err(ProblemKind::IncorrectResponse.into()),
                (status, _) => {
                    let (zh, en) = (format!("HTTP 状态 {status}"), format!("HTTP status {status}"));
                    let kind = ProblemKind::IncorrectResponse;
                    return Err(AcmeProblem::about(kind, &zh, &en));
                }
            }
        }
        let (zh, en) = ("重定向过多", "there are too many redirects");
        Err(AcmeProblem::about(ProblemKind::IncorrectResponse, zh, en))
    }

    /// The answer of the first address that gives one.
    async fn fetched(&self, target: &WebTarget) -> Result<Visited, AcmeProblem> {
        let addresses = match &target.host {
            Host::Name(name) => {
                let found = self.addresses_of(name).await?;
                self.permitted(found)?
            }
            Host::Address(address) => self.permitted(vec![*address])?,
        };
        let name = match &target.host {
            Host::Name(name) => name.clone(),
            Host::Address(address) => address.to_string(),
        };
        let authority = target.authority(self.web);
        let mut last = None;
        for address in addresses {
            let visit = Visit {
                address: SocketAddr::new(address, target.port(self.web)),
                tls_name: target.is_https.then_some(name.as_str()),
                authority: &authority,
                path: &target.path,
                body_bytes_max: ANSWER_BYTES_MAX,
            };
            match visit::fetch(visit).await {
                Ok(answer) => return Ok(answer),
                Err(error @ VisitError::TooLarge) => return Err(unvisited(Some(&error))),
                Err(error) => last = Some(error),
            }
        }
        Err(unvisited(last.as_ref()))
    }
}

fn host(identifier: &AcmeIdentifier) -> Result<Host, AcmeProblem> {
    let read = Host::read(identifier.value());
    read.map_err(|error| AcmeProblem::of(ProblemKind::Malformed, &error))
}
