//! Issuance end to end: applications over the public host, two approvals each over the staff host,
//! the certificate collected with its proof.

use super::floor;
use crate::city::City;
use crate::found::{Sample, found};
use crate::processes::Running;
use anyhow::{Context, ensure};
use ca_host::CaConfig;
use ca_host::operator::{OperatorAnswer, OperatorRequest, ask};
use keys::SoftwareSigner;
use mtls::Client;
use mtls::tls::Identity;
use pki::Certificate;
use portal_api::{PortalRefusal, Public, Staff};
use records::enrolment::{Collect, LookUp, Stage, Submit};
use records::letter::{EnrolmentCode, Letter, LetterKeys, bind};
use records::order::PersonAction;
use records::trust::Trust;
use records::{Approval, Bytes};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const ASK_AGAIN: Duration = Duration::from_millis(25);

/// An officer at their own machine.
struct Officer {
    staff: Staff,
    certificate: Certificate,
    signer: SoftwareSigner,
}

/// Everything that the people of the bench share.
struct Office {
    public: Public,
    officers: [Officer; 2],
    config: CaConfig,
    folder: std::path::PathBuf,
}

/// Runs the bench and prints its table.
pub(super) async fn run(count: usize, at_once: usize) -> anyhow::Result<()> {
    let home = tempfile::tempdir_in(crate::found::workspace()?.join("target"))?;
    let folder = home.path().join("city");
    let signatures = floor::signatures()?;
    let commits = floor::commits(home.path()).await?;
    eprintln!("founding a city and registering {count} people …");
    found(&folder, &Sample::default())?;
    let mut running = Running::start(&folder).await?;
    let office = Arc::new(Office::open(&folder).await?);
    let registering = Instant::now();
    let letters =
        for_all(
            &office,
            0..count,
            at_once,
            |office, number| async move { office.letter(number).await },
        )
        .await?;
    let registered = count as f64 / registering.elapsed().as_secs_f64();
    eprintln!("issuing {count} certificates, {at_once} people at once …");
    let started = Instant::now();
    let mut times = for_all(&office, letters, at_once, |office, letter| async move {
        let begun = Instant::now();
        office.issue(&letter).await?;
        Ok(begun.elapsed())
    })
    .await?;
    let issued = count as f64 / started.elapsed().as_secs_f64();
    running.stop().await?;
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!("raw P-256 signatures, one core        {signatures:>10.0} /s");
    println!("commits of the disk, one writer       {commits:>10.0} /s");
    println!("people registered (order, approvals)  {registered:>10.1} /s");
    println!("certificates issued end to end        {issued:>10.1} /s");
    println!("  of raw signing                      {:>10.4}", issued / signatures);
    println!("  of the disk's commits               {:>10.4}", issued / commits);
    println!("  commits that one costs              {:>10.1}", commits / issued);
    println!("  from look-up to certificate         {:>7.0?} median, {:.0?} p99", at(50), at(99));
    Ok(())
}

/// Does something for all, so many at once.
async fn for_all<I, T, F, R>(
    office: &Arc<Office>,
    items: impl IntoIterator<Item = I>,
    at_once: usize,
    act: F,
) -> anyhow::Result<Vec<T>>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(Arc<Office>, I) -> R,
    R: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(at_once));
    let mut tasks = JoinSet::new();
    for item in items {
        let place = places.clone().acquire_owned().await?;
        let doing = act(office.clone(), item);
        tasks.spawn(async move {
            let _place = place;
            doing.await
        });
    }
    let mut done = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        done.push(finished??);
    }
    Ok(done)
}

impl Office {
    async fn open(folder: &Path) -> anyhow::Result<Self> {
        let city = City::read(folder)?;
        let trust: Trust = serde_json::from_slice(&std::fs::read(folder.join(&city.trust_file))?)?;
        let root = trust.root_sha256.digest().context("trust file")?;
        let mut officers = Vec::new();
        for person in city.holders("registration-officer") {
            let path = |place: &Option<String>| -> anyhow::Result<_> {
                Ok(folder.join(place.as_deref().context("place")?))
            };
            let text = std::fs::read_to_string(path(&person.cert)?)?;
            let chain = pki::certificate::read_pem(&text, "CERTIFICATE");
            let certificate = Certificate::read(chain.first().context("certificate")?)?;
            let passphrase = keys::passphrase_from_file(&path(&person.passphrase_file)?)?;
            let signer = keys::open(&path(&person.key)?, &passphrase)?;
            let identity = Identity::from_der(chain, signer.pkcs8())?;
            let tls = mtls::tls::client(root, Some(identity))?;
            let staff = Staff(Client::new(&trust.portal_staff, Some(tls))?);
            officers.push(Officer { staff, certificate, signer });
        }
        let officers = officers.try_into().ok().context("two officers are expected")?;
        let tls = mtls::tls::client(root, None)?;
        Ok(Self {
            public: Public(Client::new(&trust.portal_public, Some(tls))?),
            officers,
            config: CaConfig::read(&folder.join("ca/ca.toml"))?,
            folder: folder.to_owned(),
        })
    }

    async fn draft(&self, request: &OperatorRequest) -> anyhow::Result<OperatorAnswer> {
        let result = ask(&self.config, request).await?;
        ensure!(result.refused.is_none(), "refused: {:?}", result.refused);
        Ok(result)
    }

    /// Registers a person and makes their letter.
    async fn letter(&self, number: usize) -> anyhow::Result<Letter> {
        let made = self
            .draft(&OperatorRequest::Person {
                action: PersonAction::Create,
                person: String::new(),
                name: format!("测试{number}"),
                mail: String::new(),
                unit: "sz-office".into(),
                evidence: "bench".into(),
            })
            .await?;
        self.approve(&made.order).await?;
        let wanted = OperatorRequest::Letter { person: made.person, profile: "official".into() };
        loop {
            let result = ask(&self.config, &wanted).await?;
            if result.refused.is_none() {
                let path = self.folder.join("ca").join(result.letter);
                return Ok(serde_json::from_slice(&std::fs::read(path)?)?);
            }
            // The person is known once the tree holds the order.
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn approve(&self, order: &str) -> anyhow::Result<()> {
        for officer in &self.officers {
            let export = officer.staff.fetch(order).await?;
            let digest = export.signed.digest();
            let approval = Approval::sign(digest, &officer.certificate, &officer.signer)?;
            officer.staff.approve(&approval).await?;
        }
        Ok(())
    }

    /// From the look-up to the certificate with its proof.
    async fn issue(&self, letter: &Letter) -> anyhow::Result<()> {
        let founding = letter.trust.founding.digest().context("trust")?;
        let code = EnrolmentCode::read(&letter.code)?;
        let keys = LetterKeys::derive(&founding, &letter.reference, &code);
        let reference = letter.reference.clone();
        let key = Bytes::from(keys.lookup().as_slice());
        let look_up = LookUp { reference: reference.clone(), key: key.clone() };
        let record = self.public.look_up(&look_up).await?;
        let request = keys::request(&SoftwareSigner::generate_p256()?)?;
        let bind_key = keys.bind_key("cli").context("bind key")?;
        let stage = self
            .public
            .submit(&Submit {
                reference: reference.clone(),
                key: key.clone(),
                challenge: record.challenge.clone(),
                request: request.der().into(),
                label: "cli".into(),
                bind: bind(bind_key, &record.challenge.0, request.der()).into(),
            })
            .await?;
        let Stage::Awaiting { order, .. } = stage else { anyhow::bail!("{stage:?}") };
        self.approve(&order).await?;
        let collect = Collect { reference, key };
        loop {
            match self.public.collect(&collect).await {
                Ok(collected) => {
                    collected.evidence.open(&letter.trust, "control")?;
                    return Ok(());
                }
                Err(PortalRefusal::Refused(problem)) if problem.code == "not-ready" => {}
                Err(refusal) => return Err(refusal.into()),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}
