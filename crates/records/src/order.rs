//! Orders: everything that needs people's consent, made and signed by the CA (design section 3).

mod basis;
mod batch;
mod before;
mod body;
#[cfg(test)]
mod bounds;
mod certificate;
mod emergency;
mod gate;
mod maker;
mod mode;
mod moved;
mod office;
mod portal;
mod release;
mod renewal;
mod revoke;
mod shared;
mod subject;
mod system;

pub use crate::access_mode::AccessMode;
pub use basis::{Basis, MAIL_PATH, NAME_PATH, NamedPerson, NamedUnit};
pub use batch::{BATCH_ROWS_MAX, BatchBody};
pub use before::{
    ABOVE_MAX, AgentBefore, CertificateBefore, ENDING_MAX, EndingSystem, FilesBefore, LentBefore,
    PersonBefore, PriorState, UnitBefore,
};
pub use body::{ApprovalRulesBody, Body, BodyError, ProfileBody};
pub use certificate::{
    CommittedName, CredentialBody, IssueBody, NAMES_MAX, ProfileRef, SubjectBody,
};
pub use emergency::{
    EMERGENCY_PEOPLE_MAX, EMERGENCY_SECONDS_MAX, EmergencyBefore, EmergencyBody,
    EmergencyReviewBody,
};
pub use gate::{AgentBody, BundleBody, bundle_digest, is_host, is_id};
pub use maker::maker;
pub use mode::{ModeBefore, ModeBody, OBSERVE_SECONDS_MAX};
pub use moved::{
    FollowingRule, LEADS_MAX, LedSystem, MovedUnit, NamingRule, REACH_MAX, ReachingDeputy,
    ReachingRole,
};
pub use office::{
    DELEGATION_SECONDS, DelegateBody, LENDS_MAX, LENT_MAX, PersonAction, PersonBody, RoleAction,
    RoleBody, UnitAction, UnitBody,
};
pub use portal::{PortalBefore, PortalBody};
pub use release::ReleaseBody;
pub use renewal::{OVERLAP_SECONDS, Renewal, ReviewReason};
pub use revoke::{REVOKED_MAX, RevokeBody, RevokedSystem};
pub use shared::{SHARED_MAX, SharedName, have_in_common};
pub use subject::{OrderSubject, SubjectPerson, SubjectUnit, about, about_body, title, title_of};
pub use system::{
    CONTACT_PATH, OPERATOR_PATH, SYSTEM_NAMES_MAX, SystemBefore, SystemBody, subject_of_system,
};

use crate::bytes::Bytes;
use crate::commitment::{self, Commitment, Disclosure, NotDisclosed};
use crate::draft::{Draft, DraftPlace};
use crate::json::{self, JsonError};
use crate::label::Label;
use crate::time;
use pki::algorithm::SignError;
use pki::{PublicKey, Signer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// An order lives this long, in seconds: 7 days.
pub const ORDER_SECONDS: u64 = 7 * 86_400;

/// An order as it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Format: 1.
    pub v: u8,
    /// Which kind of body; unknown kinds are refused.
    pub kind: String,
    /// The issuing CA that made it, and its city; see [`maker()`].
    pub issuer: String,
    /// Its id: 16 Crockford characters.
    pub order: String,
    /// Revision, from 1.
    pub version: u32,
    /// 16 random bytes.
    pub nonce: Bytes,
    /// Last second in which it may be consumed.
    pub expires: String,
    /// Who drafted it: `operator:` and a user id of the CA host, `person:` and a person id, or
    /// `letter:` and a reference. Who operates is responsible.
    pub drafter: String,
    /// What authority held about what the body names.
    pub basis: Basis,
    /// What the person signed who drafted it, of kind `person`, `release` or `delegate`, or of kind
    /// `revoke` as one of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Box<Draft>>,
    /// Where its body stands among those of a draft of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<DraftPlace>,
    /// By kind.
    pub body: Value,
}

/// What only a portal's word says that somebody wants lives this long, in seconds: a day. That is a
/// revocation that nobody signed the wish for, and a batch of what others asked for.
pub const UNSIGNED_SECONDS: u64 = 86_400;

/// Why bytes are not an order of this CA.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// Not an order document.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The kind is none we know.
    #[error(
        "不认识种类为 `{kind}` 的办件 / orders of kind `{kind}` are not known here",
        kind = .0.replace(" / ", "/")
    )]
    UnknownKind(String),
    /// The registry key did not sign these bytes.
    #[error("办件不是登记密钥所签 / the order is not signed by the registry key")]
    Altered,
    /// The wish in it is another's, or for something else.
    #[error("办件与其中的吊销请求不符 / the order is not what the wish in it asks for")]
    Wish,
    /// It rests on a letter and on a renewal, or on neither, or the renewal is another's.
    #[error(
        "办件没有依据起草人的密码信封或续期 / \
         the order rests on no letter and no renewal of its drafter"
    )]
    Origin,
    /// The draft in it is another's, or of something else; or it lacks one.
    #[error("办件不是起草人所签的内容 / the order is not what its drafter signed")]
    Draft,
    /// Another format version, nonce length or time.
    #[error("办件的头部不正确 / the order's header is not valid")]
    Header,
}

/// An order's exact bytes with the registry key's signature and the disclosures beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedOrder {
    /// The order's bytes.
    pub order: Bytes,
    /// The registry key's signature over them.
    pub signature: Bytes,
    /// What opens the commitments in the body.
    pub disclosures: Vec<Disclosure>,
}

impl Order {
    /// Whether it says that a CA of this city made it, by the city's founding digest.
    pub fn is_of(&self, founding: &[u8]) -> bool {
        maker::is_of(&self.issuer, founding)
    }

    /// Reads an order's bytes without judging who signed them.
    pub fn read(bytes: &[u8]) -> Result<Self, OrderError> {
        let order: Self = json::read(bytes)?;
        let nonce = order.nonce.0.len() == 16;
        if order.v != 1 || !nonce || order.expires_unix() == 0 || !is_drafter(&order.drafter) {
            return Err(OrderError::Header);
        }
        Ok(order)
    }

    /// The body by kind; its basis names what it names.
    pub fn body(&self) -> Result<Body, OrderError> {
        self.parts().map(|(body, _)| body)
    }

    /// The body, and what is in force before it.
    pub fn parts(&self) -> Result<(Body, Option<PriorState>), OrderError> {
        let (body, before) = self.unsigned_parts()?;
        if let Body::Revoke(revoke) = &body
            && !revoke.is_asked_for(&self.drafter)
        {
            return Err(OrderError::Wish);
        }
        // Whoever suspended does not draft the release.
        if body.also_about().is_some_and(|by| self.drafter.strip_prefix("person:") == Some(by)) {
            return Err(OrderError::Header);
        }
        if !body.is_bounded() || matches!(&body, Body::Batch(batch) if !batch.is_sound()) {
            return Err(OrderError::Header);
        }
        let made = self.expires_unix().saturating_sub(ORDER_SECONDS);
        if matches!(&body, Body::Mode(mode) if !mode.is_sound(made)) {
            return Err(OrderError::Header);
        }
        if matches!(&body, Body::Emergency(one) if !one.is_sound(made, self.expires_unix())) {
            return Err(OrderError::Header);
        }
        if !self.is_drafted_so(&body) {
            return Err(OrderError::Draft);
        }
        if let Body::Issue(issue) = &body
            && !issue.has_one_origin(&self.drafter)
        {
            return Err(OrderError::Origin);
        }
        Ok((body, before))
    }

    /// The same of an order that is only about to be drafted.
    pub fn unsigned_parts(&self) -> Result<(Body, Option<PriorState>), OrderError> {
        let body = Body::read(&self.kind, &self.body).map_err(|error| match error {
            BodyError::UnknownKind => OrderError::UnknownKind(self.kind.clone()),
            BodyError::Json(error) => OrderError::Json(error),
        })?;
        let before = self.basis.read(&body, &self.drafter)?;
        Ok((body, before))
    }

    /// Every commitment of body and basis with its path, each once. What authority holds may be
    /// what the body states: then one disclosure opens both.
    pub fn commitments(&self) -> Result<BTreeSet<(String, Commitment)>, OrderError> {
        let (body, before) = self.parts()?;
        Ok(self.commitments_of(&body, before.as_ref()))
    }

    fn commitments_of(
        &self,
        body: &Body,
        before: Option<&PriorState>,
    ) -> BTreeSet<(String, Commitment)> {
        let of_body = body.commitments().into_iter().map(|(path, value)| (path, value.clone()));
        of_body.chain(self.basis.commitments(before)).collect()
    }

    /// Every commitment must be opened, and every disclosure must open one that no other opens,
    /// with a text: nothing else is shown to people as what it is.
    pub fn check_disclosures(&self, disclosures: &[Disclosure]) -> Result<(), NotDisclosed> {
        let all = self.commitments().map_err(|_| NotDisclosed("/".to_owned()));
        all.and_then(|all| check_texts(all, disclosures))
    }

    /// The same where the body was read from this order already: it is not read again.
    pub fn check_disclosures_of(
        &self,
        body: &Body,
        disclosures: &[Disclosure],
    ) -> Result<(), NotDisclosed> {
        let before = self.basis.read(body, &self.drafter);
        let before = before.map_err(|_| NotDisclosed("/".to_owned()))?;
        check_texts(self.commitments_of(body, before.as_ref()), disclosures)
    }

    /// Whether a person who drafted it signed just this. Of a kind that people draft nothing is
    /// made in a person's name that they did not sign; no other kind has a draft.
    fn is_drafted_so(&self, body: &Body) -> bool {
        let has_drafts = matches!(body, Body::Person(_) | Body::Release(_) | Body::Delegate(_));
        let is_drafted = |revoke: &RevokeBody| revoke.wish.is_none() && revoke.system.is_none();
        let may_have = matches!(body, Body::Revoke(revoke) if is_drafted(revoke));
        match &self.draft {
            Some(draft) => {
                let of = (self.kind.as_str(), &self.body);
                (has_drafts || may_have) && draft.asks_for(of, &self.drafter, self.place.as_ref())
            }
            None => {
                let is_signed_kind = has_drafts && self.drafter.starts_with("person:");
                self.place.is_none() && !is_signed_kind
            }
        }
    }

    /// Whether it is a revocation that only a portal's word says an officer asked for: that officer
    /// signed nothing. It lives for a day, and can be declined.
    pub fn is_unsigned_wish(&self) -> bool {
        let signed = self.draft.is_some() || self.body.get("wish").is_some();
        self.kind == "revoke" && self.drafter.starts_with("person:") && !signed
    }

    /// Whether one officer may send it back or end it. What only takes away is a brake, which
    /// nobody releases alone; a revocation that nobody signed the wish for is a portal's word, and
    /// none.
    pub fn can_be_declined(&self, body: &Body) -> bool {
        self.is_unsigned_wish() || !body.takes_away()
    }

    /// Last second in which it may be consumed; 0 if unreadable.
    pub fn expires_unix(&self) -> u64 {
        time::read(&self.expires).unwrap_or(0)
    }
}

/// Whether disclosures open all of these commitments and nothing else, each with a text.
fn check_texts(
    all: BTreeSet<(String, Commitment)>,
    disclosures: &[Disclosure],
) -> Result<(), NotDisclosed> {
    match disclosures.iter().find(|one| !one.value.is_string()) {
        Some(other) => Err(NotDisclosed(other.path.clone())),
        None => commitment::check(all, disclosures),
    }
}

/// Whether a text names a drafter as section 4 of the formats says.
fn is_drafter(text: &str) -> bool {
    let id = |id: &str| crate::letter::read_reference(id).is_some_and(|read| read == id);
    match text.split_once(':') {
        Some(("operator", user)) => user.parse::<u32>().is_ok_and(|uid| uid.to_string() == user),
        Some(("person" | "letter", about)) => id(about),
        _ => false,
    }
}

/// SHA-256(`yinxin-order-v1` ‖ 0x00 ‖ order).
pub fn digest(order: &[u8]) -> [u8; 32] {
    Label::Order.digest(order)
}

impl SignedOrder {
    /// Signs an order with the registry key.
    pub fn sign(
        order: &Order,
        disclosures: Vec<Disclosure>,
        registry: &dyn Signer,
    ) -> Result<Self, SignOrderError> {
        let bytes = json::write(order)?;
        let signature = Label::Order.sign(registry, &bytes)?;
        Ok(Self { order: Bytes(bytes), signature: Bytes(signature), disclosures })
    }

    /// The digest that people approve.
    pub fn digest(&self) -> [u8; 32] {
        digest(&self.order.0)
    }

    /// Whether the registry key signed it.
    pub fn is_signed_by(&self, registry: &PublicKey) -> bool {
        Label::Order.verify(registry, &self.order.0, &self.signature.0)
    }

    /// Checks the registry key's signature and every disclosure; gives the order and its body.
    pub fn open(&self, registry: &PublicKey) -> Result<(Order, Body), OrderError> {
        self.open_parts(registry).map(|(order, body, _)| (order, body))
    }

    /// The same with what is in force before it.
    pub(crate) fn open_parts(
        &self,
        registry: &PublicKey,
    ) -> Result<(Order, Body, Option<PriorState>), OrderError> {
        if !self.is_signed_by(registry) {
            return Err(OrderError::Altered);
        }
        let order = Order::read(&self.order.0)?;
        let (body, before) = order.parts()?;
        check_texts(order.commitments_of(&body, before.as_ref()), &self.disclosures)
            .map_err(|NotDisclosed(path)| OrderError::Json(JsonError::part(&path)))?;
        Ok((order, body, before))
    }
}

/// The CA could not make an order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignOrderError {
    /// The document has no canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The registry key could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}
