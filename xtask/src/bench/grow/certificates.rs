//! Certificates of a grown city: of each its letter, application, order, approvals, intent and
//! result in the log, signed by the city's own keys, and the rows that copy them, as the issuer
//! leaves them behind. The certificate itself is one that was issued.

use super::{BATCH, LOOK, Makers, WAITING_MAX, indexed, progress, waiting};
use crate::processes::Running;
use anyhow::{Context, ensure};
use ca_host::random;
use ca_store::intake;
use ca_store::replay::{Floor, Followed, Replay};
use keys::SoftwareSigner;
use pki::Signer;
use records::label::Label;
use records::order::{
    Body, IssueBody, ORDER_SECONDS, Order, ProfileRef, SignedOrder, SubjectBody, maker,
};
use records::record::{Event, LetterStatement, approval_id};
use records::trust::Trust;
use records::{Approval, Bytes};
use std::ops::Range;
use std::path::Path;
use store::{Store, Tx, execute};

const PROFILE: &str = "official";
/// Keys of their own that people have, one after the other.
const KEYS: usize = 256;
const DAY: u64 = 86_400;
/// What happened so long ago is told to nobody: notices are of what is new.
const LONG_AGO: u64 = 10 * DAY;
/// Certificates of one person, about.
pub(crate) const OF_ONE: usize = 10;

/// Gives people certificates, those with these numbers. The issuer rests meanwhile: it would carry
/// out what it meets half-way.
pub(crate) async fn certify(
    folder: &Path,
    store: &Store,
    running: &mut Running,
    (people, numbers): (&[String], Range<usize>),
) -> anyhow::Result<()> {
    ensure!(!people.is_empty(), "nobody is there");
    let printer = Printer::open(folder, store).await?;
    running.kill("issuer")?;
    let mut done = numbers.start;
    while done < numbers.end {
        let next = (done + BATCH).min(numbers.end);
        let mut tx = store.write().await?;
        store::pending::lock(&mut tx, "control").await?;
        for number in done..next {
            let person = people.get(number % people.len()).context("person")?;
            printer.certificate(&mut tx, person, number).await?;
        }
        tx.commit().await?;
        while waiting(store).await? > WAITING_MAX {
            tokio::time::sleep(LOOK).await;
        }
        done = next;
        progress("certificates written", done, numbers.end);
    }
    while waiting(store).await? > 0 {
        tokio::time::sleep(LOOK).await;
    }
    running.begin_far_behind("issuer").await?;
    indexed(store).await
}

/// Who makes them, by what the log says.
struct Printer {
    makers: Makers,
    followed: Followed,
    keys: Vec<SoftwareSigner>,
    /// Now, unix seconds.
    now: u64,
}

/// What a certificate comes of.
struct Origin<'a> {
    person: &'a str,
    reference: String,
    key: &'a SoftwareSigner,
}

impl Printer {
    async fn open(folder: &Path, store: &Store) -> anyhow::Result<Self> {
        let trust: Trust = serde_json::from_slice(&std::fs::read(folder.join("ca/trust.json"))?)?;
        let replay = Replay::new(&trust).context("trust file")?;
        let mut tx = store.read().await?;
        let followed = replay.whole(&mut tx, Floor::default(), |_, _| ()).await?;
        let keys: Result<Vec<_>, _> = (0..KEYS).map(|_| SoftwareSigner::generate_p256()).collect();
        let now = service::Clock::system().seconds();
        Ok(Self { makers: Makers::open(folder)?, followed, keys: keys?, now })
    }

    async fn certificate(&self, tx: &mut Tx, person: &str, number: usize) -> anyhow::Result<()> {
        let key = self.keys.get(number % self.keys.len()).context("key")?;
        let origin = Origin { person, reference: random::id()?, key };
        self.letter(tx, &origin).await?;
        let signed = self.order(&origin)?;
        let digest = signed.digest();
        let applied = Event::Application {
            reference: origin.reference.clone(),
            order: digest.into(),
            label: "cli".into(),
            challenge_sha256: random::bytes::<32>()?.into(),
            request: random::bytes::<32>()?.into(),
        };
        self.record(tx, applied).await?;
        let ordered = Event::Order {
            order: signed.order.clone(),
            signature: signed.signature.clone(),
            cancels: Vec::new(),
        };
        self.record(tx, ordered).await?;
        let mut approvals = Vec::new();
        for (signer, certificate, officer) in &self.makers.officers {
            let approval = Approval::sign(digest, certificate, signer)?;
            approvals.push(approval_id(&approval)?);
            let event = Event::Approval { approval, person: officer.clone(), acting_for: None };
            self.record(tx, event).await?;
        }
        let serial = pki::SerialNumber::from_random(random::bytes()?).to_string();
        let not_after = self.now + 365 * DAY;
        let intended = Event::Intent {
            order: digest.into(),
            approvals,
            serial: serial.clone(),
            not_after: records::time::seconds(not_after),
            tbs_sha256: random::bytes::<32>()?.into(),
            tbs: random::bytes::<32>()?.into(),
            lint: pki::lint::LINT_VERSION,
        };
        self.record(tx, intended).await?;
        let issued = Event::Issued {
            under: digest.into(),
            serial: serial.clone(),
            subject: person.to_owned(),
            profile: PROFILE.into(),
            key_sha256: key.public_key().sha256().into(),
            not_after: records::time::seconds(not_after),
            sha256: random::bytes::<32>()?.into(),
            certificate: random::bytes::<32>()?.into(),
        };
        let record = self.record(tx, issued).await?;
        self.rows(tx, (&origin, &signed), (&serial, not_after, &record)).await
    }

    /// Puts a record on its way.
    async fn record(&self, tx: &mut Tx, event: Event) -> anyhow::Result<Bytes> {
        let micros = (self.now - LONG_AGO) * 1_000_000;
        Ok(intake::write(tx, "issuer", micros, event, &[]).await?)
    }

    async fn letter(&self, tx: &mut Tx, origin: &Origin<'_>) -> anyhow::Result<()> {
        let expires = self.now + 7 * DAY;
        let (lookup, loss) = (random::bytes::<32>()?, random::bytes::<32>()?);
        let statement = LetterStatement {
            v: 1,
            reference: origin.reference.clone(),
            person: origin.person.to_owned(),
            profile: PROFILE.into(),
            lookup_sha256: lookup.into(),
            loss_sha256: loss.into(),
            suspend_sha256: random::bytes::<32>()?.into(),
            expires: records::time::seconds(expires),
            channels: Vec::new(),
            draft: None,
            place: None,
        };
        let bytes = records::json::write(&statement)?;
        let signature = Bytes(Label::Letter.sign(&self.makers.registry, &bytes)?);
        self.record(tx, Event::Letter { statement: Bytes(bytes), signature }).await?;
        execute!(
            &mut *tx,
            "insert into letter (reference, person_id, profile_id, label, lookup_sha256, \
             loss_sha256, bind_page, bind_cli, expires) \
             values ($1, $2, 'official', 'page', $3, $4, $5, $6, $7)",
            &origin.reference,
            origin.person,
            lookup.to_vec(),
            loss.to_vec(),
            random::bytes::<60>()?.to_vec(),
            random::bytes::<60>()?.to_vec(),
            i64::try_from(expires)?
        )?;
        Ok(())
    }

    fn order(&self, origin: &Origin<'_>) -> anyhow::Result<SignedOrder> {
        let authority = &self.followed.authority;
        let person = authority.person(origin.person).context("person")?;
        let profile = authority.profile(PROFILE).context("profile")?;
        let city = &authority.founding().city;
        let body = Body::Issue(Box::new(IssueBody {
            person: origin.person.to_owned(),
            person_version: person.version,
            profile: ProfileRef {
                id: PROFILE.into(),
                version: profile.version,
                digest: profile.digest.clone(),
            },
            subject: SubjectBody {
                c: city.country.clone(),
                o: city.name.clone(),
                ou: authority.organizational_units(&person.unit),
                cn: random::bytes::<32>()?.into(),
                sn: origin.person.to_owned(),
            },
            names: Vec::new(),
            key: origin.key.public_key().spki().into(),
            validity_days: profile.profile.validity_days(),
            evidence: random::bytes::<32>()?.into(),
            label: "cli".into(),
            reference: Some(origin.reference.clone()),
            renewal: None,
            previous: None,
        }));
        let drafter = format!("letter:{}", origin.reference);
        let basis = authority.basis(&body, &drafter);
        let order = Order {
            v: 1,
            kind: body.kind().into(),
            issuer: maker(&authority.founding().issuer, &authority.founding_digest()),
            order: random::id()?,
            version: 1,
            nonce: random::bytes::<16>()?.into(),
            expires: records::time::seconds(self.now + ORDER_SECONDS),
            basis: basis.map_err(|code| anyhow::anyhow!("basis: {code}"))?,
            drafter,
            draft: None,
            place: None,
            body: body.value()?,
        };
        Ok(SignedOrder::sign(&order, Vec::new(), &self.makers.registry)?)
    }

    /// The rows of what was carried out.
    async fn rows(
        &self,
        tx: &mut Tx,
        (origin, signed): (&Origin<'_>, &SignedOrder),
        (serial, not_after, record): (&str, u64, &Bytes),
    ) -> anyhow::Result<()> {
        let digest = signed.digest().to_vec();
        let (_, certificate, _) = self.makers.officers.first().context("officer")?;
        let read = Order::read(&signed.order.0)?;
        execute!(
            &mut *tx,
            "insert into ordered (order_digest, order_id, kind, about, person_id, reference, \
             order_bytes, signature, disclosures, files, made, expires, state) \
             values ($1, $2, 'issue', $3, $4, $5, $6, $7, '[]', '[]', $8, $9, 'done')",
            digest.clone(),
            &read.order,
            "bench",
            origin.person,
            &origin.reference,
            &signed.order.0,
            &signed.signature.0,
            i64::try_from(self.now)?,
            i64::try_from(read.expires_unix())?
        )?;
        for (_, _, officer) in &self.makers.officers {
            let used = "insert into consumed_approval (order_digest, person_id) values ($1, $2)";
            execute!(&mut *tx, used, digest.clone(), officer)?;
        }
        execute!(
            &mut *tx,
            "insert into intent (serial, under, profile_id, subject, reference, tbs, mac, state) \
             values ($1, $2, 'official', $3, $4, $5, $6, 'done')",
            serial,
            digest.clone(),
            origin.person,
            &origin.reference,
            certificate.der().to_vec(),
            random::bytes::<32>()?.to_vec()
        )?;
        execute!(
            &mut *tx,
            "insert into certificate (serial, under, subject, profile_id, reference, \
             key_sha256, not_after, certificate, record_id) \
             values ($1, $2, $3, 'official', $4, $5, $6, $7, $8)",
            serial,
            digest,
            origin.person,
            &origin.reference,
            origin.key.public_key().sha256().to_vec(),
            i64::try_from(not_after)?,
            certificate.der().to_vec(),
            record.0.clone()
        )?;
        Ok(())
    }
}
