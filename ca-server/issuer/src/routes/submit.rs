//! Takes a request: challenge, proof of possession, profile and bind are checked, then the CA makes
//! the order that people approve.

use super::{Message, may_call};
use crate::letters::OpenedLetter;
use crate::orders::{Beside, Bound, commit};
use crate::session::Session;
use crate::{Issuer, IssuerError, request_code};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::public::SUBMIT;
use ca_store::{ledger, rows};
use mtls::Connection;
use pki::profile::Holder;
use pki::{CertificateProfile, CertificationRequest};
use records::enrolment::{Stage, Submit};
use records::letter::bind;
use records::order::{Body, CommittedName, IssueBody, ProfileRef, SubjectBody};
use records::record::Event;
use records::{Bytes, Code, Disclosure};
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{execute, row, rows};
use subtle::ConstantTimeEq;

pub(crate) async fn submit(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<Submit>,
) -> Result<Json<Stage>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("submit", error)))?;
    let result = issuer.submitted(&mut session, &connection, &message).await;
    let about = issuer.known_reference(&session, &message.reference);
    issuer.finish(session, "submit", &about, result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn submitted(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &Submit,
    ) -> Result<Stage, IssuerError> {
        may_call(session, connection, SUBMIT)?;
        let letter = self.open_letter(session, &message.reference, &message.key.0).await?;
        self.check_open(session, &letter).await?;
        let profile = self.profile(session, &letter.state.profile)?;
        if profile.holder() == Holder::Staff && message.label != "cli" {
            return Err(Code::LabelNotAllowed.into());
        }
        self.use_challenge(session, &letter, &message.challenge).await?;
        let request = CertificationRequest::read(&message.request.0).map_err(request_code)?;
        if !request.subject().is_empty() {
            return Err(Code::RequestMalformed.into());
        }
        if !profile.allows(request.key()) {
            return Err(Code::KeyNotAllowed.into());
        }
        let key = self.bind_key(&letter, &message.label)?;
        let key = <&[u8; 32]>::try_from(key.as_slice()).map_err(|_| Code::UnsignedAuthority)?;
        let expected = bind(key, &message.challenge.0, &message.request.0);
        if !bool::from(expected.as_slice().ct_eq(&message.bind.0)) {
            self.count_try(session, &letter.reference).await?;
            return Err(Code::BindMismatch.into());
        }
        self.check_key(session, request.key(), &letter.state.person).await?;
        self.guard(session, &[letter.state.person.to_string()]).await?;
        self.apply_for(session, &letter, &profile, &request, message).await
    }

    /// The letter is in time and nothing was issued under it.
    async fn check_open(
        &self,
        session: &mut Session<'_>,
        letter: &OpenedLetter,
    ) -> Result<(), IssuerError> {
        let intended = row!(
            &mut session.tx,
            (i64,),
            "select cast(1 as bigint) from intent where reference = $1 and state <> 'abandoned' limit 1",
            &letter.reference
        )?;
        if intended.is_some() || !letter.state.serials.is_empty() {
            return Err(Code::CodeUsed.into());
        }
        if session.authority()?.is_rejected(&letter.reference) {
            return Err(Code::OrderRejected.into());
        }
        if session.now() > letter.state.expires {
            return Err(Code::CodeExpired.into());
        }
        Ok(())
    }

    /// Uses a challenge up, whatever becomes of the call.
    async fn use_challenge(
        &self,
        session: &mut Session<'_>,
        letter: &OpenedLetter,
        challenge: &Bytes,
    ) -> Result<(), IssuerError> {
        let now = session.unix();
        let used = execute!(
            &mut session.tx,
            "delete from challenge where challenge_sha256 = $1 and reference = $2 and expires >= $3",
            Sha256::digest(&challenge.0).to_vec(),
            &letter.reference,
            now
        )?;
        session.mark().await?;
        if used == 1 { Ok(()) } else { Err(Code::ChallengeUsed.into()) }
    }

    async fn apply_for(
        &self,
        session: &mut Session<'_>,
        letter: &OpenedLetter,
        profile: &CertificateProfile,
        request: &CertificationRequest,
        message: &Submit,
    ) -> Result<Stage, IssuerError> {
        let (body, disclosures) =
            self.issue_body(session, letter, profile, request, &message.label).await?;
        let replaced = rows!(
            &mut session.tx,
            (Vec<u8>,),
            "select order_digest from ordered where reference = $1 and state = 'open'",
            &letter.reference
        )?;
        execute!(
            &mut session.tx,
            "update ordered set state = 'cancelled' where reference = $1 and state = 'open'",
            &letter.reference
        )?;
        let beside = Beside {
            disclosures,
            reference: Some(letter.reference.clone()),
            bound: Some(Bound {
                bind: message.bind.0.clone(),
                request: message.request.0.clone(),
                challenge: message.challenge.0.clone(),
            }),
            cancels: replaced.into_iter().map(|(digest,)| Bytes(digest)).collect(),
            ..Beside::default()
        };
        let needed = session.authority()?.needed(&body);
        let made = self.make_order(session, &body, beside).await?;
        let (committed, disclosure) = commit("/request", message.request.to_string())?;
        let event = Event::Application {
            reference: letter.reference.clone(),
            order: made.digest.into(),
            label: message.label.clone(),
            challenge_sha256: Bytes::from(Sha256::digest(&message.challenge.0).as_slice()),
            request: committed,
        };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[disclosure]).await?;
        Ok(Stage::Awaiting { order: made.order, approvals: 0, needed, expires: made.expires })
    }

    /// What is to be approved, with what opens it and the name for the officers' list.
    async fn issue_body(
        &self,
        session: &mut Session<'_>,
        letter: &OpenedLetter,
        profile: &CertificateProfile,
        request: &CertificationRequest,
        label: &str,
    ) -> Result<(Body, Vec<Disclosure>), IssuerError> {
        let authority = session.following.authority()?;
        let person = authority.person(&letter.state.person).ok_or(Code::PersonUnknown)?;
        let known = rows::disclosures(&mut session.tx, &letter.state.person, person).await?;
        let known = known.ok_or(Code::UnsignedAuthority)?;
        let text = |path: &str| {
            let found = known.iter().find(|disclosure| disclosure.path == path);
            found.and_then(|disclosure| disclosure.value.as_str()).map(str::to_owned)
        };
        let name = text("/name").ok_or(Code::UnsignedAuthority)?;
        let (cn, cn_opened) = commit("/subject/cn", name.clone())?;
        let vetted = text("/evidence").unwrap_or_else(|| "founding statement".into());
        let (evidence, evidence_opened) = commit("/evidence", vetted)?;
        let mut disclosures = vec![cn_opened, evidence_opened];
        let mut names = Vec::new();
        if let Some(mail) = text("/mail").filter(|_| profile.mail() && person.mail.is_some()) {
            let (value, opened) = commit("/names/0/value", mail)?;
            names.push(CommittedName { kind: "mail".into(), value });
            disclosures.push(opened);
        }
        let city = &authority.founding().city;
        let state = authority.profile(profile.id()).ok_or(Code::UnknownProfile)?;
        let body = IssueBody {
            person: letter.state.person.to_string(),
            person_version: person.version,
            profile: ProfileRef {
                id: profile.id().to_owned(),
                version: state.version,
                digest: state.digest.clone(),
            },
            subject: SubjectBody {
                c: city.country.clone(),
                o: city.name.clone(),
                ou: authority.organizational_units(&person.unit),
                cn,
                sn: letter.state.person.to_string(),
            },
            names,
            key: request.key().spki().into(),
            validity_days: profile.validity_days(),
            evidence,
            label: label.to_owned(),
            reference: letter.reference.clone(),
            previous: self.last_certificate(session, letter).await?,
        };
        Ok((Body::Issue(Box::new(body)), disclosures))
    }

    /// SHA-256 of the person's last certificate under this profile.
    async fn last_certificate(
        &self,
        session: &mut Session<'_>,
        letter: &OpenedLetter,
    ) -> Result<Option<Bytes>, IssuerError> {
        let found = row!(
            &mut session.tx,
            (Vec<u8>,),
            "select certificate from certificate where subject = $1 and profile_id = $2 \
             order by not_after desc limit 1",
            letter.state.person.as_str(),
            &*letter.state.profile
        )?;
        Ok(found.map(|(der,)| Bytes::from(Sha256::digest(&der).as_slice())))
    }
}
