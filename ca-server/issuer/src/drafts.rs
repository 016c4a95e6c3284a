//! Taking drafts of operators: each becomes an order, a letter or an approval, or is refused.

use super::orders::{Beside, commit};
use super::session::Session;
use super::{Issuer, IssuerError};
use ca_host::operator::{OperatorAnswer, OperatorRequest};
use ca_host::random;
use ca_store::rows;
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
use std::time::Duration;
use store::rows;

/// How often it is looked whether the tree holds what was made, and how many times.
const LOOK: Duration = Duration::from_millis(10);
const SETTLE_LOOKS_MAX: usize = 200;
const UNIT_ID_CHARS_MAX: usize = 32;
const EVIDENCE_CHARS_MAX: usize = 2_000;

impl Issuer {
    /// Does what an operator asks for, and waits a little until the tree holds what was made, so that it
    /// can be used at once.
    pub(super) async fn operator(&self, request: OperatorRequest, drafter: &str) -> OperatorAnswer {
        let unavailable = |error| {
            let problem = self.unavailable("operator", error);
            OperatorAnswer { refused: Some(problem), ..OperatorAnswer::default() }
        };
        let mut session = match self.begin().await {
            Ok(session) => session,
            Err(error) => return unavailable(error),
        };
        tracing::info!(drafter, "an operator asks");
        let renews = matches!(request, OperatorRequest::Renew { .. });
        let result = self.take_draft(&mut session, request).await;
        let mut answer = match self.finish(session, "operator", drafter, result).await {
            Ok(answer) => answer,
            Err(problem) => {
                return OperatorAnswer { refused: Some(problem), ..OperatorAnswer::default() };
            }
        };
        if renews {
            match self.issued(&answer.serial).await {
                Ok(issued) => answer.chain = issued.chain,
                Err(error) => return unavailable(error),
            }
        } else if let Err(error) = self.settled().await {
            tracing::warn!(error = format!("{error:#}"), "the log is behind");
        }
        answer
    }

    /// Waits a little until the tree holds everything that is recorded now. With a stopped sequencer it goes
    /// on: the record is durable all the same.
    async fn settled(&self) -> Result<(), IssuerError> {
        let mut tx = self.store.read().await?;
        let newest = store::pending::newest(&mut tx, super::following::LOG).await?;
        drop(tx);
        for _ in 0..SETTLE_LOOKS_MAX {
            let mut tx = self.store.read().await?;
            let oldest = store::pending::waiting(&mut tx, super::following::LOG, 0, 1).await?;
            if oldest.first().is_none_or(|(position, _)| *position > newest) {
                break;
            }
            drop(tx);
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn take_draft(
        &self,
        session: &mut Session<'_>,
        draft: OperatorRequest,
    ) -> Result<OperatorAnswer, IssuerError> {
        if let OperatorRequest::Repair {} = draft {
            return self.repair(session).await;
        }
        self.guard(session, &[]).await?;
        match draft {
            OperatorRequest::Renew { message } => {
                let serial = self.use_authorization(session, &message).await?;
                Ok(OperatorAnswer { serial, ..OperatorAnswer::default() })
            }
            OperatorRequest::Letter { person, profile } => {
                let letter = self.make_letter(session, &person, &profile).await?;
                Ok(OperatorAnswer { letter, person, ..OperatorAnswer::default() })
            }
            OperatorRequest::Approval { approval } => {
                let approved = self.take_approval(session, &approval).await?;
                let approvals = (approved.approvals, approved.needed);
                Ok(OperatorAnswer { order: approved.order, approvals, ..OperatorAnswer::default() })
            }
            order => self.order_from(session, order).await,
        }
    }

    /// Makes the order that a draft asks for.
    async fn order_from(
        &self,
        session: &mut Session<'_>,
        draft: OperatorRequest,
    ) -> Result<OperatorAnswer, IssuerError> {
        let (body, beside) = match draft {
            OperatorRequest::Unit { action, unit, name, county, parent } => {
                unit_order(session, action, unit, name, county, parent)?
            }
            OperatorRequest::Person { action, person, name, mail, unit, evidence } => {
                let wanted = Wanted { person, name, mail, unit, evidence };
                self.person_order(session, action, wanted).await?
            }
            OperatorRequest::Role { action, person, role, scope } => {
                (Body::Role(RoleBody { action, person, role, scope }), Beside::default())
            }
            OperatorRequest::Profile { content } => profile_order(content)?,
            OperatorRequest::ApprovalRules { content } => rules_order(content)?,
            OperatorRequest::Portal { body } => (Body::Portal(*body), Beside::default()),
            OperatorRequest::Agent { body } => return self.agent_order(session, *body).await,
            OperatorRequest::Bundle { version, files } => bundle_order(version, files)?,
            OperatorRequest::Revoke { person, serials, reason, evidence } => {
                revoke_order(session, person, serials, reason, evidence).await?
            }
            OperatorRequest::Letter { .. }
            | OperatorRequest::Approval { .. }
            | OperatorRequest::Renew { .. }
            | OperatorRequest::Repair {} => return Err(Code::UnknownKind.into()),
        };
        let needed = session.authority()?.needed(&body);
        let made = self.make_order(session, &body, beside).await?;
        let person = body.person().unwrap_or_default().to_owned();
        let approvals = (0, needed);
        Ok(OperatorAnswer { order: made.order, person, approvals, ..OperatorAnswer::default() })
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
    async fn repair(&self, session: &mut Session<'_>) -> Result<OperatorAnswer, IssuerError> {
        let people: Vec<String> =
            session.authority()?.people().map(|(id, _)| id.to_string()).collect();
        let found = self.compare(&session.following, &mut session.tx, &people).await?;
        let authority = session.following.authority()?;
        rows::rewrite(&mut session.tx, authority).await?;
        for (id, profile) in authority.profiles() {
            let path = self.config.path(&format!("policies/profiles/{id}.toml"));
            ca_host::durable::write_file(&path, profile.content.as_bytes())?;
        }
        let path = self.config.path("policies/approvals.toml");
        ca_host::durable::write_file(&path, authority.approval_rules_file().as_bytes())?;
        tracing::warn!(count = found.len(), "rows and files were written again from the log");
        Ok(OperatorAnswer { repaired: found, ..OperatorAnswer::default() })
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
