//! A body of an order, of whichever kind. Field by field in `docs/formats.md`.

use crate::bytes::Bytes;
use crate::commitment::{Commitment, EVIDENCE_PATH};
use crate::json::{self, JsonError};
use crate::order::batch::BatchBody;
use crate::order::certificate::{CredentialBody, IssueBody, NAMES_MAX, ProfileRef};
use crate::order::emergency::{EMERGENCY_ABOUT_MAX, EmergencyBody, EmergencyReviewBody};
use crate::order::gate::{AgentBody, BundleBody};
use crate::order::mode::ModeBody;
use crate::order::office::{
    DelegateBody, PersonAction, PersonBody, RoleAction, RoleBody, UnitAction, UnitBody,
};
use crate::order::portal::PortalBody;
use crate::order::release::ReleaseBody;
use crate::order::revoke::{REVOKED_MAX, RevokeBody};
use crate::order::system::{SYSTEM_NAMES_MAX, SystemBody};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A body of a known kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Issue a certificate.
    Issue(Box<IssueBody>),
    /// Create, move or close a unit.
    Unit(UnitBody),
    /// Create a person, change their unit, let them leave.
    Person(PersonBody),
    /// Grant or withdraw a role.
    Role(RoleBody),
    /// Lend a role to somebody while its holder is on leave.
    Delegate(DelegateBody),
    /// Put a profile in force.
    Profile(ProfileBody),
    /// Put the approval rules in force.
    ApprovalRules(ApprovalRulesBody),
    /// Register or close a portal.
    Portal(PortalBody),
    /// Register or close an agent.
    Agent(AgentBody),
    /// Register or close a system that gets certificates by itself.
    System(Box<SystemBody>),
    /// Say how the gates of an application take what their rules say.
    Mode(ModeBody),
    /// Let named people past what rules deny them, for hours.
    Emergency(EmergencyBody),
    /// Close the case of an emergency.
    EmergencyReview(EmergencyReviewBody),
    /// Put access rules in force.
    Bundle(BundleBody),
    /// Revoke certificates.
    Revoke(RevokeBody),
    /// Release a suspended certificate.
    Release(ReleaseBody),
    /// Certify a passkey.
    Credential(CredentialBody),
    /// Approve many orders as one.
    Batch(BatchBody),
}

/// Why a body cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub enum BodyError {
    /// No kind of this name.
    UnknownKind,
    /// Not the fields of its kind.
    Json(JsonError),
}

/// Kind `profile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileBody {
    /// The profile's new version.
    pub profile: ProfileRef,
}

/// Kind `approval-rules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRulesBody {
    /// SHA-256 of the file.
    pub digest: Bytes,
    /// Version in the file.
    pub version: u32,
}

impl Body {
    /// Whether gates hear of it as of a brake once it is carried out: it only takes away, or ends
    /// an emergency.
    pub fn closes_at_gates(&self) -> bool {
        self.takes_away() || matches!(self, Self::EmergencyReview(_))
    }

    /// Reads the body of a kind.
    pub fn read(kind: &str, value: &Value) -> Result<Self, BodyError> {
        let body = match kind {
            "issue" => json::from_value(value).map(|body| Self::Issue(Box::new(body))),
            "unit" => json::from_value(value).map(Self::Unit),
            "person" => json::from_value(value).map(Self::Person),
            "role" => json::from_value(value).map(Self::Role),
            "delegate" => json::from_value(value).map(Self::Delegate),
            "profile" => json::from_value(value).map(Self::Profile),
            "approval-rules" => json::from_value(value).map(Self::ApprovalRules),
            "portal" => json::from_value(value).map(Self::Portal),
            "agent" => json::from_value(value).map(Self::Agent),
            "system" => json::from_value(value).map(|body| Self::System(Box::new(body))),
            "mode" => json::from_value(value).map(Self::Mode),
            "emergency" => json::from_value(value).map(Self::Emergency),
            "emergency-review" => json::from_value(value).map(Self::EmergencyReview),
            "bundle" => json::from_value(value).map(Self::Bundle),
            "revoke" => json::from_value(value).map(Self::Revoke),
            "release" => json::from_value(value).map(Self::Release),
            "credential" => json::from_value(value).map(Self::Credential),
            "batch" => json::from_value(value).map(Self::Batch),
            _ => return Err(BodyError::UnknownKind),
        };
        body.map_err(BodyError::Json)
    }

    /// Whether its lists are as short as what they are for: time follows from the number of orders,
    /// not from what one of them holds.
    pub(crate) fn is_bounded(&self) -> bool {
        match self {
            Self::Issue(issue) => issue.names.len() <= NAMES_MAX,
            Self::Revoke(revoke) => revoke.serials.len() <= REVOKED_MAX,
            Self::System(system) => {
                [&system.names, &system.addresses].iter().all(|list| list.len() <= SYSTEM_NAMES_MAX)
            }
            Self::EmergencyReview(review) => review.about.len() <= EMERGENCY_ABOUT_MAX,
            _ => true,
        }
    }

    /// The kind's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Issue(_) => "issue",
            Self::Unit(_) => "unit",
            Self::Person(_) => "person",
            Self::Role(_) => "role",
            Self::Delegate(_) => "delegate",
            Self::Profile(_) => "profile",
            Self::ApprovalRules(_) => "approval-rules",
            Self::Portal(_) => "portal",
            Self::Agent(_) => "agent",
            Self::System(_) => "system",
            Self::Mode(_) => "mode",
            Self::Emergency(_) => "emergency",
            Self::EmergencyReview(_) => "emergency-review",
            Self::Bundle(_) => "bundle",
            Self::Revoke(_) => "revoke",
            Self::Release(_) => "release",
            Self::Credential(_) => "credential",
            Self::Batch(_) => "batch",
        }
    }

    /// What it does, where its kind does several things; otherwise empty.
    pub fn action(&self) -> &str {
        match self {
            Self::Unit(unit) => match unit.action {
                UnitAction::Create => "create",
                UnitAction::Move => "move",
                UnitAction::Close => "close",
            },
            Self::Person(person) => match person.action {
                PersonAction::Create => "create",
                PersonAction::Move => "move",
                PersonAction::Leave => "leave",
            },
            Self::Role(role) => match role.action {
                RoleAction::Grant => "grant",
                RoleAction::Withdraw => "withdraw",
            },
            Self::Delegate(one) => match one.action {
                RoleAction::Grant => "grant",
                RoleAction::Withdraw => "withdraw",
            },
            Self::Portal(portal) => &portal.action,
            Self::Agent(agent) => &agent.action,
            Self::System(system) => &system.action,
            Self::Mode(mode) => mode.mode.name(),
            Self::Batch(batch) => &batch.of,
            Self::Issue(_)
            | Self::Profile(_)
            | Self::ApprovalRules(_)
            | Self::Emergency(_)
            | Self::EmergencyReview(_)
            | Self::Bundle(_)
            | Self::Revoke(_)
            | Self::Release(_)
            | Self::Credential(_) => "",
        }
    }

    /// The body as JSON.
    pub fn value(&self) -> Result<Value, JsonError> {
        let value = match self {
            Self::Issue(body) => serde_json::to_value(body),
            Self::Unit(body) => serde_json::to_value(body),
            Self::Person(body) => serde_json::to_value(body),
            Self::Role(body) => serde_json::to_value(body),
            Self::Delegate(body) => serde_json::to_value(body),
            Self::Profile(body) => serde_json::to_value(body),
            Self::ApprovalRules(body) => serde_json::to_value(body),
            Self::Portal(body) => serde_json::to_value(body),
            Self::Agent(body) => serde_json::to_value(body),
            Self::System(body) => serde_json::to_value(body),
            Self::Mode(body) => serde_json::to_value(body),
            Self::Emergency(body) => serde_json::to_value(body),
            Self::EmergencyReview(body) => serde_json::to_value(body),
            Self::Bundle(body) => serde_json::to_value(body),
            Self::Revoke(body) => serde_json::to_value(body),
            Self::Release(body) => serde_json::to_value(body),
            Self::Credential(body) => serde_json::to_value(body),
            Self::Batch(body) => serde_json::to_value(body),
        };
        Ok(value?)
    }

    /// The person whom the order concerns, who may not approve it.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Issue(body) => Some(&body.person),
            Self::Person(body) => Some(&body.person),
            Self::Role(body) => Some(&body.person),
            Self::Delegate(body) => Some(&body.person),
            Self::Revoke(body) => Some(&body.person),
            Self::Release(body) => Some(&body.person),
            Self::Credential(body) => Some(&body.person),
            Self::System(body) => Some(&body.leader),
            _ => None,
        }
    }

    /// Whoever else the order is about, who neither drafts nor approves it: who suspended what it
    /// releases, or who is on leave.
    pub fn also_about(&self) -> Option<&str> {
        match self {
            Self::Release(body) => Some(&body.by),
            Self::Delegate(body) => Some(&body.absent),
            _ => None,
        }
    }

    /// Whom it lets past the rules, or whose matter that was: they do not approve it.
    pub fn excepts(&self) -> &[String] {
        match self {
            Self::Emergency(body) => &body.people,
            Self::EmergencyReview(body) => &body.about,
            _ => &[],
        }
    }

    /// Every unit that the body names by id, where authority holds it already.
    pub(crate) fn units(&self) -> Vec<String> {
        match self {
            Self::Issue(body) => body.subject.ou.clone(),
            Self::Unit(body) if body.action == UnitAction::Create => vec![body.parent.clone()],
            Self::Unit(body) if body.parent.is_empty() => vec![body.unit.clone()],
            Self::Unit(body) => vec![body.unit.clone(), body.parent.clone()],
            Self::Person(body) => vec![body.unit.clone()],
            Self::Role(body) => vec![body.scope.clone()],
            Self::Delegate(body) => vec![body.scope.clone()],
            Self::Portal(body) => vec![body.unit.clone()],
            Self::Agent(body) => body.units.iter().chain([&body.unit]).cloned().collect(),
            Self::System(body) => vec![body.unit.clone()],
            Self::Revoke(body) => body.system.iter().map(|of| of.unit.clone()).collect(),
            Self::Profile(_)
            | Self::ApprovalRules(_)
            | Self::Mode(_)
            | Self::Emergency(_)
            | Self::EmergencyReview(_)
            | Self::Bundle(_)
            | Self::Release(_)
            | Self::Batch(_)
            | Self::Credential(_) => Vec::new(),
        }
    }

    /// Every commitment in the body with its path.
    pub fn commitments(&self) -> Vec<(String, &Commitment)> {
        match self {
            Self::Issue(body) => {
                let mut list = vec![
                    ("/subject/cn".to_owned(), &body.subject.cn),
                    (EVIDENCE_PATH.to_owned(), &body.evidence),
                ];
                for (position, name) in body.names.iter().enumerate() {
                    list.push((format!("/names/{position}/value"), &name.value));
                }
                list
            }
            Self::Person(body) => {
                let mut list = vec![
                    ("/name".to_owned(), &body.name),
                    (EVIDENCE_PATH.to_owned(), &body.evidence),
                ];
                if let Some(mail) = &body.mail {
                    list.push(("/mail".to_owned(), mail));
                }
                list
            }
            Self::Revoke(body) => vec![(EVIDENCE_PATH.to_owned(), &body.evidence)],
            Self::System(body) => body.commitments(),
            Self::Release(body) => vec![(EVIDENCE_PATH.to_owned(), &body.evidence)],
            Self::Emergency(body) => vec![(EVIDENCE_PATH.to_owned(), &body.evidence)],
            Self::EmergencyReview(body) => vec![(EVIDENCE_PATH.to_owned(), &body.evidence)],
            _ => Vec::new(),
        }
    }
}
