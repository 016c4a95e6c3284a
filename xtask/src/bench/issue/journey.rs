//! How a certificate comes about: a whole journey through both processes of the portal, and the
//! same at the issuer alone.

use super::people::{Applicant, Officer, officers, trust};
use anyhow::{Context, bail};
use ca_api::{AsOfficer, Issuer, OrderQuery, Refusal};
use ca_host::CaConfig;
use mtls::Client;
use mtls::tls::Identity;
use portal_api::{PortalRefusal, Public, Staff};
use records::Bytes;
use records::enrolment::Stage;
use records::trust::Trust;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio_rustls::rustls::ClientConfig;

const ASK_AGAIN: Duration = Duration::from_millis(5);
/// Clients of each process of the portal, which keep their connections.
const CLIENTS: usize = 4;

/// How long one certificate took.
#[derive(Clone, Copy)]
pub(super) struct Took {
    pub(super) from_look_up: Duration,
    pub(super) from_submission: Duration,
}

/// The portal as people and officers see it.
pub(super) struct Portal {
    trust: Trust,
    /// How people connect: nothing of a connection is taken up by another one.
    tls: Arc<ClientConfig>,
    desks: Vec<(Officer, Staff)>,
}

impl Portal {
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let trust = trust(folder)?;
        let root = trust.root_sha256.digest().context("trust file")?;
        let mut desks = Vec::new();
        for officer in officers(folder)? {
            let tls = mtls::tls::client(root, Some(officer.identity()?))?;
            desks.push((officer, Staff(Client::new(&trust.portal_staff, Some(tls))?)));
        }
        Ok(Self { trust, tls: mtls::tls::client(root, None)?, desks })
    }

    /// From the look-up to the certificate with its proof. A person has a connection of their own,
    /// an officer keeps theirs; one officer comes after the other.
    pub(super) async fn journey(&self, applicant: &Applicant) -> anyhow::Result<Took> {
        let public = Public(Client::new(&self.trust.portal_public, Some(self.tls.clone()))?);
        let began = Instant::now();
        let record = public.look_up(&applicant.look_up()).await?;
        let message = applicant.submit(&record.challenge)?;
        let submitted = Instant::now();
        let order = awaiting(public.submit(&message).await?)?;
        for (officer, staff) in &self.desks {
            let export = staff.fetch(&order).await?;
            staff.approve(&officer.approve(&export)?).await?;
        }
        let collected = loop {
            match public.collect(&applicant.collect()).await {
                Ok(collected) => break collected,
                Err(PortalRefusal::Refused(problem)) if problem.code == "not-ready" => {}
                Err(refusal) => return Err(refusal.into()),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        };
        applicant.check(&collected)?;
        Ok(Took { from_look_up: began.elapsed(), from_submission: submitted.elapsed() })
    }
}

/// The issuer, spoken to as the portal does, over kept connections with the portal's own keys.
pub(super) struct Bare {
    public: Vec<Issuer>,
    staff: Vec<Issuer>,
    officers: [Officer; 2],
    next: AtomicUsize,
}

impl Bare {
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let root = trust(folder)?.root_sha256.digest().context("trust file")?;
        let config = CaConfig::read(&folder.join("ca/ca.toml"))?;
        let address = format!("https://localhost:{}", config.issuer.listen.port());
        let client = |process: &str| -> anyhow::Result<Issuer> {
            let at = |end: &str| folder.join(format!("portal/{process}.{end}"));
            let identity = Identity::from_files(&at("pem"), &at("key"))?;
            let tls = mtls::tls::client(root, Some(identity))?;
            Ok(Issuer(Client::new(&address, Some(tls))?))
        };
        let clients = |process: &str| (0..CLIENTS).map(|_| client(process)).collect();
        let (public, staff): (anyhow::Result<_>, anyhow::Result<_>) =
            (clients("public"), clients("staff"));
        let officers = officers(folder)?;
        Ok(Self { public: public?, staff: staff?, officers, next: AtomicUsize::new(0) })
    }

    fn clients(&self) -> anyhow::Result<(&Issuer, &Issuer)> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % CLIENTS;
        Ok((self.public.get(at).context("client")?, self.staff.get(at).context("client")?))
    }

    /// Opens the own record, before anything is measured.
    pub(super) async fn look_up(&self, applicant: &Applicant) -> anyhow::Result<Bytes> {
        Ok(self.clients()?.0.look_up(&applicant.look_up()).await?.challenge)
    }

    /// Submission, the order fetched once, two approvals, the certificate with its proof.
    pub(super) async fn issue(
        &self,
        applicant: &Applicant,
        challenge: &Bytes,
    ) -> anyhow::Result<Took> {
        let (public, staff) = self.clients()?;
        let message = applicant.submit(challenge)?;
        let began = Instant::now();
        let order = awaiting(public.submit(&message).await?)?;
        let as_officer = |officer: &Officer| -> anyhow::Result<Bytes> {
            Ok(officer.chain.first().context("certificate")?.as_slice().into())
        };
        let [first, _] = &self.officers;
        let (certificate, message) = (as_officer(first)?, OrderQuery { order });
        let export = staff.fetch(&AsOfficer { certificate, message }).await?;
        for officer in &self.officers {
            let (certificate, message) = (as_officer(officer)?, officer.approve(&export)?);
            staff.approve(&AsOfficer { certificate, message }).await?;
        }
        let collected = loop {
            match public.collect(&applicant.collect()).await {
                Ok(collected) => break collected,
                Err(Refusal::Refused(problem)) if problem.code == "not-ready" => {}
                Err(refusal) => return Err(refusal.into()),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        };
        applicant.check(&collected)?;
        let took = began.elapsed();
        Ok(Took { from_look_up: took, from_submission: took })
    }
}

pub(crate) fn awaiting(stage: Stage) -> anyhow::Result<String> {
    match stage {
        Stage::Awaiting { order, .. } => Ok(order),
        other => bail!("no order was made: {other:?}"),
    }
}
