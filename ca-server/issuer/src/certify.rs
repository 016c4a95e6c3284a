//! From an approved order to a certificate: prepare, lint, record the intent; when the intent stands
//! in the tree: mark, sign exactly the recorded bytes, record the result.
//!
//! What survives a crash: an intent without the mark `signing` is finished; one with the mark and
//! without a result is revoked and reported, since its signature may exist. Nothing is signed twice.

use super::orders::commit;
use super::session::Session;
use super::{Issuer, IssuerError};
use authority::Judged;
use ca_host::ISSUER;
use ca_host::prepare::{Authority, PrepareError, Wanted, prepare};
use ca_host::random;
use ca_store::certificates::{Issuing, record_issued};
use ca_store::ledger;
use pki::certificate::TbsCertificate;
use pki::name::{DistinguishedName, Subject, Text};
use pki::{Certificate, CertificationRequest, PublicKey, SerialNumber, Signer};
use records::letter::bind;
use records::order::IssueBody;
use records::record::{Cause, Event};
use records::{Bytes, Code, Disclosure};
use service::fault;
use sha2::{Digest, Sha256};
use store::{execute, row, rows};
use subtle::ConstantTimeEq;

/// Most certificates that are signed between two commits.
const BATCH_MAX: i64 = 256;

/// A recorded intent whose bytes the tree confirms.
pub(super) struct Intent {
    pub(super) serial: String,
    pub(super) tbs: Vec<u8>,
    pub(super) issuing: Issuing,
    /// Under a key of the issuer: it wrote this row itself.
    mac: Vec<u8>,
}

impl Intent {
    fn parts(&self) -> [&[u8]; 6] {
        let Issuing { under, profile, subject, reference } = &self.issuing;
        let reference = reference.as_deref().unwrap_or_default();
        [
            self.serial.as_bytes(),
            under,
            profile.as_bytes(),
            subject.as_bytes(),
            reference.as_bytes(),
            &self.tbs,
        ]
    }
}

impl Issuer {
    /// Writes the intent of an order to issue.
    pub(super) async fn intend(
        &self,
        session: &mut Session<'_>,
        order: &Bytes,
        judged: &Judged,
        issue: &IssueBody,
    ) -> Result<(), IssuerError> {
        self.check_bound(session, order, issue).await?;
        let opened = self.opened(session, order, judged.body()).await?;
        let key = PublicKey::read(&issue.key.0).map_err(|_| Code::KeyUnknown)?;
        self.check_key(session, &key, &issue.person).await?;
        let serial = SerialNumber::from_random(random::bytes()?);
        let prepared = {
            let profile = self.profile(session, &issue.profile.id)?;
            let mail: Vec<String> = texts(&opened, "/names/");
            prepare(&Wanted {
                profile: &profile,
                arc: &session.authority()?.arc().ok_or(Code::UnsignedAuthority)?,
                authority: Authority::Issuer(&self.issuing_certificate),
                authority_key: self.issuing.public_key(),
                serial: &serial,
                now: session.now(),
                subject: &subject(issue, &opened)?,
                key: &key,
                dns: &[],
                mail: &mail,
                addresses: Some(self.config.addresses(ISSUER)),
            })
        };
        let prepared = prepared.map_err(|error| match error {
            PrepareError::Lint(findings) => {
                tracing::error!(?findings, "lint");
                IssuerError::Refused(Code::LintFailed)
            }
            error => IssuerError::Failed(error.into()),
        })?;
        let value = Bytes::from(prepared.tbs.der()).to_string();
        let (tbs, disclosure) = commit("/tbs", value)?;
        let event = Event::Intent {
            order: order.clone(),
            approvals: judged.approvals(),
            serial: serial.to_string(),
            not_after: records::time::seconds(prepared.not_after),
            tbs_sha256: Bytes::from(Sha256::digest(prepared.tbs.der()).as_slice()),
            tbs,
            lint: pki::lint::LINT_VERSION,
        };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[disclosure]).await?;
        let issuing = Issuing {
            under: order.digest().ok_or(Code::Malformed)?,
            profile: issue.profile.id.clone(),
            subject: issue.person.clone(),
            reference: Some(issue.reference.clone()),
        };
        self.insert_intent(session, &serial.to_string(), prepared.tbs.der(), issuing).await
    }

    /// Keeps an intent's row; it may be signed once the tree confirms it.
    pub(super) async fn insert_intent(
        &self,
        session: &mut Session<'_>,
        serial: &str,
        tbs: &[u8],
        issuing: Issuing,
    ) -> Result<(), IssuerError> {
        let serial = serial.to_owned();
        let intent = Intent { serial, tbs: tbs.to_vec(), issuing, mac: Vec::new() };
        let mac = self.seal.mac(&intent.parts());
        execute!(
            &mut session.tx,
            "insert into intent (serial, under, profile_id, subject, reference, tbs, mac, state) \
             values ($1, $2, $3, $4, $5, $6, $7, 'recorded')",
            &intent.serial,
            intent.issuing.under.to_vec(),
            &intent.issuing.profile,
            &intent.issuing.subject,
            &intent.issuing.reference,
            &intent.tbs,
            mac
        )?;
        Ok(())
    }

    /// The key that was approved is the one that the letter's code tied.
    async fn check_bound(
        &self,
        session: &mut Session<'_>,
        order: &Bytes,
        issue: &IssueBody,
    ) -> Result<(), IssuerError> {
        type Row = (Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);
        let found = row!(
            &mut session.tx,
            Row,
            "select bind, request, challenge from ordered where order_digest = $1",
            &order.0
        )?;
        let Some((Some(value), Some(request), Some(challenge))) = found else {
            return Err(Code::BindMismatch.into());
        };
        let letter = self.letter_of_order(session, &issue.reference).await?;
        let key = self.bind_key(&letter, &issue.label)?;
        let key = <&[u8; 32]>::try_from(key.as_slice()).map_err(|_| Code::UnsignedAuthority)?;
        let expected = bind(key, &challenge, &request);
        let parsed = CertificationRequest::read(&request).map_err(|_| Code::BindMismatch)?;
        let same = bool::from(expected.as_slice().ct_eq(&value));
        if same && parsed.key().spki() == issue.key.0 {
            Ok(())
        } else {
            Err(Code::BindMismatch.into())
        }
    }

    /// The key belongs to nobody else, to no revoked certificate, and to no part of the system.
    pub(super) async fn check_key(
        &self,
        session: &mut Session<'_>,
        key: &PublicKey,
        person: &str,
    ) -> Result<(), IssuerError> {
        let founding = session.authority()?.founding();
        let online = &founding.keys;
        let system =
            [&founding.root, &online.issuing, &online.registry, &online.status, &online.ocsp];
        let services = founding.services.iter().flat_map(|s| s.keys.iter().map(|key| &key.key));
        if system.into_iter().chain(services).any(|own| own.0 == key.spki()) {
            return Err(Code::KeyForeign.into());
        }
        let known = rows!(
            &mut session.tx,
            (String, String),
            "select serial, subject from certificate where key_sha256 = $1",
            key.sha256().to_vec()
        )?;
        for (serial, subject) in known {
            if subject != person || session.authority()?.is_revoked(&serial) {
                return Err(Code::KeyForeign.into());
            }
        }
        Ok(())
    }

    /// Signs what the tree confirms: marks first, signs outside the transaction, then records.
    pub(super) async fn certify(&self) -> Result<usize, IssuerError> {
        let mut session = self.begin().await?;
        if let Err(code) = self.check_clock(&session.following) {
            self.give_up(session).await?;
            return Err(code.into());
        }
        let intents = self.confirmed(&mut session).await?;
        for intent in &intents {
            self.set_intent(&mut session, &intent.serial, "recorded", "signing").await?;
        }
        self.commit(session).await?;
        if intents.is_empty() {
            return Ok(0);
        }
        fault::point("certify-after-mark");
        let mut signed = Vec::with_capacity(intents.len());
        for intent in intents {
            let tbs =
                TbsCertificate::from_recorded(intent.tbs.clone()).map_err(anyhow::Error::from)?;
            let certificate = tbs.sign(&self.issuing).map_err(anyhow::Error::from)?;
            signed.push((intent, certificate));
        }
        fault::point("certify-after-sign");
        let mut session = self.begin().await?;
        for (intent, certificate) in &signed {
            self.record_result(&mut session, intent, certificate).await?;
        }
        fault::point("certify-before-result");
        self.commit(session).await?;
        fault::point("certify-after-result");
        self.metrics.count("issue", "done");
        Ok(signed.len())
    }

    async fn record_result(
        &self,
        session: &mut Session<'_>,
        intent: &Intent,
        certificate: &Certificate,
    ) -> Result<(), IssuerError> {
        let micros = session.micros;
        record_issued(&mut session.tx, micros, &intent.issuing, certificate).await?;
        self.set_intent(session, &intent.serial, "signing", "done").await
    }

    /// Intents whose exact bytes stand in the tree and which nothing has stopped since.
    async fn confirmed(&self, session: &mut Session<'_>) -> Result<Vec<Intent>, IssuerError> {
        let mut confirmed = Vec::new();
        for intent in self.intents(session, "recorded").await? {
            let authority = session.authority()?;
            let Some(recorded) = authority.intent(&intent.serial) else { continue };
            let digest = Sha256::digest(&intent.tbs);
            let ours = self.seal.is_ours(&intent.mac, &intent.parts());
            if !ours || recorded.tbs_sha256 != digest.as_slice() {
                session.following.alarms.insert(format!("intent {}", intent.serial));
                continue;
            }
            let lost = intent.issuing.reference.as_ref().is_some_and(|r| authority.is_lost(r));
            let left =
                intent.issuing.reference.is_some() && authority.has_left(&intent.issuing.subject);
            if lost || left || authority.is_revoked(&intent.serial) {
                self.abandon(session, &intent, "recorded").await?;
            } else {
                confirmed.push(intent);
            }
        }
        Ok(confirmed)
    }

    async fn intents(
        &self,
        session: &mut Session<'_>,
        state: &str,
    ) -> Result<Vec<Intent>, IssuerError> {
        type Row = (String, Vec<u8>, String, String, Option<String>, Vec<u8>, Vec<u8>);
        let found = rows!(
            &mut session.tx,
            Row,
            "select serial, under, profile_id, subject, reference, tbs, mac from intent \
             where state = $1 order by serial limit $2",
            state,
            BATCH_MAX
        )?;
        let intent = |(serial, under, profile, subject, reference, tbs, mac): Row| {
            let under = <[u8; 32]>::try_from(under).map_err(|_| Code::UnsignedAuthority)?;
            let issuing = Issuing { under, profile, subject, reference };
            Ok(Intent { serial, tbs, issuing, mac })
        };
        found.into_iter().map(intent).collect()
    }

    /// Moves an intent from one state to the next; a row in another state was touched by hand.
    async fn set_intent(
        &self,
        session: &mut Session<'_>,
        serial: &str,
        from: &str,
        to: &str,
    ) -> Result<(), IssuerError> {
        let moved = execute!(
            &mut session.tx,
            "update intent set state = $3 where serial = $1 and state = $2",
            serial,
            from,
            to
        )?;
        if moved == 1 { Ok(()) } else { Err(Code::UnsignedAuthority.into()) }
    }

    /// Gives an intent up: its serial number is revoked, whether or not it was signed.
    async fn abandon(
        &self,
        session: &mut Session<'_>,
        intent: &Intent,
        from: &str,
    ) -> Result<(), IssuerError> {
        self.set_intent(session, &intent.serial, from, "abandoned").await?;
        if session.authority()?.intent(&intent.serial).is_none() {
            // It was revoked already, by a loss report or a departure.
            return Ok(());
        }
        let cause = Cause::Abandoned { order: intent.issuing.under.into() };
        self.write_revoked(session, cause, Vec::new()).await
    }

    /// After a start: an intent with the mark and without a result may have a signature that nobody
    /// has recorded. It is revoked and reported, never signed again.
    pub(super) async fn abandon_unfinished(&self) -> Result<(), IssuerError> {
        loop {
            let mut session = self.begin().await?;
            let unfinished = self.intents(&mut session, "signing").await?;
            if unfinished.is_empty() {
                return self.commit(session).await;
            }
            for intent in &unfinished {
                tracing::warn!(certificate.serial = intent.serial, "abandoned after a crash");
                self.abandon(&mut session, intent, "signing").await?;
            }
            self.commit(session).await?;
        }
    }
}

/// The subject that was approved, with the name that opens its commitment.
fn subject(issue: &IssueBody, opened: &[Disclosure]) -> Result<DistinguishedName, IssuerError> {
    let names = texts(opened, "/subject/cn");
    let name = names.first().ok_or(Code::OrderIncomplete)?;
    let subject = Subject {
        country: issue.subject.c.clone(),
        organization: Text::read(&issue.subject.o).map_err(|_| Code::Malformed)?,
        units: issue.subject.ou.clone(),
        common_name: Text::read(name).map_err(|_| Code::Malformed)?,
        serial_number: Some(issue.subject.sn.clone()),
    };
    Ok(subject.to_name().map_err(|_| Code::Malformed)?)
}

/// Disclosed texts below a path.
fn texts(opened: &[Disclosure], path: &str) -> Vec<String> {
    opened
        .iter()
        .filter(|disclosure| disclosure.path.starts_with(path))
        .filter_map(|disclosure| disclosure.value.as_str().map(str::to_owned))
        .collect()
}
