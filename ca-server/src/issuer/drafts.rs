//! Taking drafts of operators: each becomes an order, a letter or an approval, or is refused.

use super::draft::{DRAFT_KINDS, Draft, DraftResult};
use super::orders::{Beside, commit};
use super::session::Session;
use super::{Issuer, IssuerError};
use crate::random;
use crate::store::rows;
use pki::CertificateProfile;
use pki::crl::RevocationReason;
use pki::name::Text;
use records::order::{
    ApprovalRulesBody, Body, BundleBody, PersonAction, PersonBody, ProfileBody, ProfileRef,
    RevokeBody, RoleBody, UnitAction, UnitBody, bundle_digest,
};
use records::record::File;
use records::rules::ApprovalRules;
use records::{Bytes, Code, Disclosure};
use sha2::{Digest, Sha256};
use store::{execute, rows};

const TAKEN_MAX: i64 = 64;
const UNIT_ID_CHARS_MAX: usize = 32;
const EVIDENCE_CHARS_MAX: usize = 2_000;

impl Issuer {
    /// Takes every new draft, oldest first; a refused one does not hold the others up.
    pub(super) async fn take_drafts(
        &self,
        session: &mut Session<'_>,
    ) -> Result<Option<IssuerError>, IssuerError> {
        let mut failed = None;
        let new = rows!(
            &mut session.tx,
            (String, String),
            "select draft_id, body from draft where state = 'new' order by made, draft_id limit $1",
            TAKEN_MAX
        )?;
        for (id, body) in new {
            session.mark().await?;
            let draft: Result<Draft, _> = serde_json::from_str(&body);
            let taken = match draft {
                Ok(draft) => self.take_draft(session, draft).await,
                Err(_) => Err(unreadable(&body).into()),
            };
            let (state, result) = match taken {
                Ok(result) => ("done", result),
                Err(IssuerError::Refused(code)) => {
                    session.back().await?;
                    self.metrics.count("draft", code.name());
                    let reference = self.record_refusal(session, "draft", &id, code).await?;
                    ("refused", DraftResult::refused(code, reference))
                }
                Err(error) => {
                    session.back().await?;
                    failed = Some(error);
                    continue;
                }
            };
            let json = serde_json::to_string(&result).map_err(anyhow::Error::from)?;
            execute!(
                &mut session.tx,
                "update draft set state = $2, result = $3 where draft_id = $1",
                &id,
                state,
                json
            )?;
        }
        Ok(failed)
    }

    async fn take_draft(
        &self,
        session: &mut Session<'_>,
        draft: Draft,
    ) -> Result<DraftResult, IssuerError> {
        if let Draft::Repair {} = draft {
            return self.repair(session).await;
        }
        self.guard(session, &[]).await?;
        match draft {
            Draft::Renew { message } => {
                let serial = self.use_authorization(session, &message).await?;
                Ok(DraftResult { serial, ..DraftResult::default() })
            }
            Draft::Letter { person, profile } => {
                let letter = self.make_letter(session, &person, &profile).await?;
                Ok(DraftResult { letter, person, ..DraftResult::default() })
            }
            Draft::Approval { approval } => {
                let approved = self.take_approval(session, &approval).await?;
                let approvals = (approved.approvals, approved.needed);
                Ok(DraftResult { order: approved.order, approvals, ..DraftResult::default() })
            }
            order => self.order_from(session, order).await,
        }
    }

    /// Makes the order that a draft asks for.
    async fn order_from(
        &self,
        session: &mut Session<'_>,
        draft: Draft,
    ) -> Result<DraftResult, IssuerError> {
        let (body, beside) = match draft {
            Draft::Unit { action, unit, name, county, parent } => {
                unit_order(session, action, unit, name, county, parent)?
            }
            Draft::Person { action, person, name, mail, unit, evidence } => {
                let wanted = Wanted { person, name, mail, unit, evidence };
                self.person_order(session, action, wanted).await?
            }
            Draft::Role { action, person, role, scope } => {
                (Body::Role(RoleBody { action, person, role, scope }), Beside::default())
            }
            Draft::Profile { content } => profile_order(content)?,
            Draft::ApprovalRules { content } => rules_order(content)?,
            Draft::Portal { body } => (Body::Portal(*body), Beside::default()),
            Draft::Agent { body } => return self.agent_order(session, *body).await,
            Draft::Bundle { version, files } => bundle_order(version, files)?,
            Draft::Revoke { person, serials, reason, evidence } => {
                revoke_order(session, person, serials, reason, evidence).await?
            }
            Draft::Letter { .. }
            | Draft::Approval { .. }
            | Draft::Renew { .. }
            | Draft::Repair {} => return Err(Code::UnknownKind.into()),
        };
        let needed = session.authority()?.needed(&body);
        let made = self.make_order(session, &body, beside).await?;
        let person = body.person().unwrap_or_default().to_owned();
        let approvals = (0, needed);
        Ok(DraftResult { order: made.order, person, approvals, ..DraftResult::default() })
    }

    async fn person_order(
        &self,
        session: &mut Session<'_>,
        action: PersonAction,
        wanted: Wanted,
    ) -> Result<(Body, Beside), IssuerError> {
        let (person, version, mut unit, mut name, mut mail) = if action == PersonAction::Create {
            (random::id()?, 1, String::new(), String::new(), String::new())
        } else {
            let state = session.authority()?.person(&wanted.person).cloned();
            let state = state.ok_or(Code::PersonUnknown)?;
            let known = rows::disclosures(&mut session.tx, &wanted.person, &state).await?;
            let known = known.ok_or(Code::UnsignedAuthority)?;
            (
                wanted.person,
                state.version + 1,
                state.unit,
                text(&known, "/name"),
                text(&known, "/mail"),
            )
        };
        for (kept, given) in
            [(&mut unit, wanted.unit), (&mut name, wanted.name), (&mut mail, wanted.mail)]
        {
            if !given.is_empty() {
                *kept = given;
            }
        }
        Text::read(&name).map_err(|_| Code::Malformed)?;
        check_evidence(&wanted.evidence)?;
        let (name_commitment, name_disclosure) = commit("/name", name.clone())?;
        let (evidence, evidence_disclosure) = commit("/evidence", wanted.evidence)?;
        let mut disclosures = vec![name_disclosure, evidence_disclosure];
        let mail = if mail.is_empty() {
            None
        } else {
            let fits = mail.is_ascii() && mail.len() <= 254 && mail.split('@').count() == 2;
            if !fits || mail.bytes().any(|b| b <= b' ' || b == b',') {
                return Err(Code::Malformed.into());
            }
            let (commitment, disclosure) = commit("/mail", mail)?;
            disclosures.push(disclosure);
            Some(commitment)
        };
        let body =
            PersonBody { action, person, version, unit, name: name_commitment, mail, evidence };
        Ok((Body::Person(body), Beside { disclosures, ..Beside::default() }))
    }

    /// Writes rows and policy files again as the log says they are.
    async fn repair(&self, session: &mut Session<'_>) -> Result<DraftResult, IssuerError> {
        let people: Vec<String> =
            session.authority()?.people().map(|(id, _)| id.to_string()).collect();
        let found = self.compare(&session.following, &mut session.tx, &people).await?;
        let authority = session.following.authority()?;
        rows::rewrite(&mut session.tx, authority).await?;
        for (id, profile) in authority.profiles() {
            let path = self.config.path(&format!("policies/profiles/{id}.toml"));
            crate::log::write_file(&path, profile.content.as_bytes())?;
        }
        let path = self.config.path("policies/approvals.toml");
        crate::log::write_file(&path, authority.approval_rules_file().as_bytes())?;
        tracing::warn!(count = found.len(), "rows and files were written again from the log");
        Ok(DraftResult { repaired: found, ..DraftResult::default() })
    }
}

/// A draft of a kind that this version does not know, or not a draft at all.
fn unreadable(body: &str) -> Code {
    let value: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let kind = value.as_ref().and_then(|value| value.get("kind")?.as_str());
    match kind {
        Some(kind) if !DRAFT_KINDS.contains(&kind) => Code::UnknownKind,
        _ => Code::Malformed,
    }
}

struct Wanted {
    person: String,
    name: String,
    mail: String,
    unit: String,
    evidence: String,
}

fn text(disclosures: &[Disclosure], path: &str) -> String {
    let found = disclosures.iter().find(|disclosure| disclosure.path == path);
    found.and_then(|disclosure| disclosure.value.as_str()).unwrap_or_default().to_owned()
}

/// What was looked at must be said; nobody approves nothing.
fn check_evidence(evidence: &str) -> Result<(), Code> {
    let length = evidence.chars().count();
    if evidence.trim().is_empty() || length > EVIDENCE_CHARS_MAX {
        return Err(Code::Malformed);
    }
    Ok(())
}

fn unit_order(
    session: &Session<'_>,
    action: UnitAction,
    unit: String,
    name: String,
    county: bool,
    parent: String,
) -> Result<(Body, Beside), IssuerError> {
    let id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if unit.is_empty() || unit.len() > UNIT_ID_CHARS_MAX || !unit.chars().all(id) {
        return Err(Code::Malformed.into());
    }
    let known = session.authority()?.unit(&unit).cloned();
    let (name, county, parent) = match (action, known) {
        (UnitAction::Create, _) => (name, county, parent),
        (_, None) => return Err(Code::UnitUnknown.into()),
        (UnitAction::Move, Some(known)) => (known.name, known.county, parent),
        (UnitAction::Close, Some(known)) => {
            (known.name, known.county, known.parent.unwrap_or_default())
        }
    };
    Text::read(&name).map_err(|_| Code::Malformed)?;
    Ok((Body::Unit(UnitBody { action, unit, county, name, parent }), Beside::default()))
}

fn sha256(content: &str) -> Bytes {
    Bytes::from(Sha256::digest(content.as_bytes()).as_slice())
}

fn profile_order(content: String) -> Result<(Body, Beside), IssuerError> {
    let profile = CertificateProfile::read(&content).map_err(|_| Code::Malformed)?;
    let reference = ProfileRef {
        id: profile.id().into(),
        version: profile.version(),
        digest: sha256(&content),
    };
    let name = format!("profiles/{}.toml", profile.id());
    let files = vec![File { name, content }];
    Ok((Body::Profile(ProfileBody { profile: reference }), Beside { files, ..Beside::default() }))
}

fn rules_order(content: String) -> Result<(Body, Beside), IssuerError> {
    let rules = ApprovalRules::read(&content).map_err(|_| Code::Malformed)?;
    let body = ApprovalRulesBody { digest: sha256(&content), version: rules.version };
    let files = vec![File { name: "approvals.toml".into(), content }];
    Ok((Body::ApprovalRules(body), Beside { files, ..Beside::default() }))
}

fn bundle_order(version: u32, files: Vec<File>) -> Result<(Body, Beside), IssuerError> {
    let content = |file: &File| (file.name.clone(), file.content.clone());
    policy::Bundle::read(version, files.iter().map(content)).map_err(|error| {
        tracing::info!(%error, "a rule bundle is not accepted");
        Code::RulesMalformed
    })?;
    let pairs = files.iter().map(|file| (file.name.as_str(), file.content.as_str()));
    let body = BundleBody { version, digest: bundle_digest(pairs) };
    Ok((Body::Bundle(body), Beside { files, ..Beside::default() }))
}

pub(super) async fn revoke_order(
    session: &mut Session<'_>,
    person: String,
    mut serials: Vec<String>,
    reason: String,
    evidence: String,
) -> Result<(Body, Beside), IssuerError> {
    if session.authority()?.person(&person).is_none() {
        return Err(Code::PersonUnknown.into());
    }
    RevocationReason::from_name(&reason).ok_or(Code::Malformed)?;
    check_evidence(&evidence)?;
    let held = rows!(
        &mut session.tx,
        (String,),
        "select serial from certificate where subject = $1 order by serial",
        &person
    )?;
    let authority = session.following.authority()?;
    let held: Vec<String> = held
        .into_iter()
        .map(|(serial,)| serial)
        .filter(|serial| !authority.is_revoked(serial))
        .collect();
    if serials.is_empty() {
        serials.clone_from(&held);
    }
    if serials.is_empty() || serials.iter().any(|serial| !held.contains(serial)) {
        return Err(Code::StateConflict.into());
    }
    let (evidence, disclosure) = commit("/evidence", evidence)?;
    let body = RevokeBody { person, serials, reason, evidence };
    Ok((Body::Revoke(body), Beside { disclosures: vec![disclosure], ..Beside::default() }))
}
