//! What people draft: a person's record as it is to be, a letter, a release, a delegation, or a
//! revocation among many; and the statement that they sign for it.

use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::{Disclosure, EVIDENCE_PATH};
use crate::draft::{DraftPlace, DraftStatement, ManyBody};
use crate::json::{self, JsonError};
use crate::order::{
    Body, DelegateBody, MAIL_PATH, NAME_PATH, PersonAction, PersonBody, ReleaseBody, RevokeBody,
};
use crate::time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tlog::merkle::{self, Hash};

/// For whom a letter is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterBody {
    /// The letter is for the person of this id.
    pub person: String,
    /// A certificate of the profile of this id can be had with it.
    pub profile: String,
}

/// What a draft is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftContent {
    /// An order of kind `person`.
    Person(PersonBody),
    /// The draft asks for a letter.
    Letter(LetterBody),
    /// An order of kind `release`.
    Release(ReleaseBody),
    /// An order of kind `delegate`.
    Delegate(DelegateBody),
    /// An order of kind `revoke`, one of many.
    Revoke(RevokeBody),
}

impl DraftContent {
    /// What a draft is about.
    pub fn of(said: &DraftStatement) -> Result<Self, Code> {
        match said.kind.as_str() {
            // One certificate is revoked by a wish.
            "revoke" => Err(Code::UnknownKind),
            kind => Self::read(kind, &said.body),
        }
    }

    /// One body of a draft of many, of kind `people`, `letters` or `revocations`.
    pub fn of_many(said: &DraftStatement, body: Value) -> Result<Self, Code> {
        match said.kind.as_str() {
            "people" => Self::read("person", &body),
            "letters" => Self::read("letter", &body),
            "revocations" => Self::read("revoke", &body),
            _ => Err(Code::UnknownKind),
        }
    }

    fn read(kind: &str, body: &Value) -> Result<Self, Code> {
        let read = match kind {
            "person" => json::from_value(body).map(Self::Person),
            "letter" => json::from_value(body).map(Self::Letter),
            "release" => json::from_value(body).map(Self::Release),
            "delegate" => json::from_value(body).map(Self::Delegate),
            "revoke" => json::from_value(body).map(Self::Revoke),
            _ => return Err(Code::UnknownKind),
        };
        match read {
            // What systems have is no handler's.
            Ok(Self::Revoke(RevokeBody { system: Some(_), .. })) | Err(_) => Err(Code::Malformed),
            Ok(read) => Ok(read),
        }
    }

    /// What an order was drafted as, of a kind that somebody may draft.
    pub fn of_order(body: &Body) -> Option<Self> {
        match body {
            Body::Person(body) => Some(Self::Person(body.clone())),
            Body::Release(body) => Some(Self::Release(body.clone())),
            Body::Delegate(body) => Some(Self::Delegate(body.clone())),
            Body::Revoke(body) => {
                let is_drafted = body.wish.is_none() && body.system.is_none();
                is_drafted.then(|| Self::Revoke(body.clone()))
            }
            _ => None,
        }
    }

    /// The body of the order that is made from it; of a letter there is none.
    pub fn order(&self) -> Option<Body> {
        match self {
            Self::Person(body) => Some(Body::Person(body.clone())),
            Self::Letter(_) => None,
            Self::Release(body) => Some(Body::Release(body.clone())),
            Self::Delegate(body) => Some(Body::Delegate(body.clone())),
            Self::Revoke(body) => Some(Body::Revoke(body.clone())),
        }
    }

    /// Whether what is made from it only takes away.
    pub fn takes_away(&self) -> bool {
        self.order().is_some_and(|body| body.takes_away())
    }

    /// The person whom it is about.
    pub fn person(&self) -> &str {
        match self {
            Self::Person(body) => &body.person,
            Self::Letter(body) => &body.person,
            Self::Release(body) => &body.person,
            Self::Delegate(body) => &body.person,
            Self::Revoke(body) => &body.person,
        }
    }

    /// What the holder of a certificate says at `unix` who drafts it; the nonce is drawn for this
    /// alone.
    pub fn statement(
        &self,
        founding: &Bytes,
        certificate_sha256: [u8; 32],
        nonce: [u8; 16],
        unix: u64,
    ) -> Result<DraftStatement, JsonError> {
        let (kind, body) = self.parts()?;
        Ok(DraftStatement {
            v: 1,
            founding: founding.clone(),
            certificate: certificate_sha256.into(),
            kind: kind.to_owned(),
            body,
            nonce: nonce.into(),
            time: time::seconds(unix),
        })
    }

    /// Its kind and its body.
    pub fn parts(&self) -> Result<(&'static str, Value), JsonError> {
        let (kind, value) = match self {
            Self::Person(body) => ("person", serde_json::to_value(body)),
            Self::Letter(body) => ("letter", serde_json::to_value(body)),
            Self::Release(body) => ("release", serde_json::to_value(body)),
            Self::Delegate(body) => ("delegate", serde_json::to_value(body)),
            Self::Revoke(body) => ("revoke", serde_json::to_value(body)),
        };
        Ok((kind, value?))
    }
}

/// Many bodies under one signature: the tree over them, and where each stands.
pub struct ManyDrafted {
    /// What is signed of them.
    pub body: ManyBody,
    /// Where each stands, in their order.
    pub places: Vec<DraftPlace>,
}

impl ManyDrafted {
    /// Builds the tree over these bodies; an error says that one has no canonical form.
    pub fn of(bodies: &[Value]) -> Result<Self, JsonError> {
        let hash = |body: &Value| Ok(merkle::leaf_hash(&json::write(body)?));
        let leaves = bodies.iter().map(hash).collect::<Result<Vec<_>, JsonError>>()?;
        let mut paths = vec![Vec::new(); leaves.len()];
        let root = subtree(&leaves, &mut paths);
        let place = |(index, hashes): (usize, Vec<Hash>)| DraftPlace {
            index: index as u64,
            hashes: hashes.into_iter().map(Bytes::from).collect(),
        };
        Ok(Self {
            body: ManyBody { count: leaves.len() as u64, root: root.into() },
            places: paths.into_iter().enumerate().map(place).collect(),
        })
    }

    /// What the holder of a certificate says at `unix` who drafts all of them; of kind `people`,
    /// `letters` or `revocations`.
    pub fn statement(
        &self,
        kind: &str,
        (founding, certificate_sha256): (&Bytes, [u8; 32]),
        nonce: [u8; 16],
        unix: u64,
    ) -> Result<DraftStatement, JsonError> {
        let body = serde_json::to_value(&self.body);
        Ok(DraftStatement {
            v: 1,
            founding: founding.clone(),
            certificate: certificate_sha256.into(),
            kind: kind.to_owned(),
            body: body?,
            nonce: nonce.into(),
            time: time::seconds(unix),
        })
    }
}

/// The hash over leaves (RFC 6962 2.1); each leaf's path gets what stands beside it.
fn subtree(leaves: &[Hash], paths: &mut [Vec<Hash>]) -> Hash {
    match leaves {
        [] => merkle::empty_root(),
        [leaf] => *leaf,
        _ => {
            let middle = 1 << (leaves.len() - 1).ilog2();
            let (left, right) = leaves.split_at(middle);
            let (of_left, of_right) = paths.split_at_mut(middle);
            let (one, other) = (subtree(left, of_left), subtree(right, of_right));
            of_left.iter_mut().for_each(|path| path.push(other));
            of_right.iter_mut().for_each(|path| path.push(one));
            merkle::node_hash(&one, &other)
        }
    }
}

/// A person's record as it was typed, with every field as it is to be.
#[derive(Clone, Copy, Debug)]
pub struct TypedPerson<'a> {
    /// The order does this to the person: it creates, moves, or ends their office.
    pub action: PersonAction,
    /// Person id, drawn for who is new.
    pub person: &'a str,
    /// Version of the record after it.
    pub version: u32,
    /// The person belongs to the unit of this id.
    pub unit: &'a str,
    /// The person has this name, as somebody typed it.
    pub name: &'a str,
    /// The person's mail address, or nothing.
    pub mail: &'a str,
    /// Keyed digest of the national number, if it is registered.
    pub number: Option<&'a Bytes>,
    /// The handler looked at this before they drafted.
    pub evidence: &'a str,
}

impl TypedPerson<'_> {
    /// The order's body with what opens its commitments, under salts that are drawn for this alone.
    pub fn body(&self, salts: [[u8; 32]; 3]) -> Result<(PersonBody, Vec<Disclosure>), JsonError> {
        let [of_name, of_evidence, of_mail] = salts;
        let name = Disclosure::new(NAME_PATH, of_name, self.name.into());
        let evidence = Disclosure::new(EVIDENCE_PATH, of_evidence, self.evidence.into());
        let mail = Disclosure::new(MAIL_PATH, of_mail, self.mail.into());
        let mail = Some(mail).filter(|_| !self.mail.is_empty());
        let body = PersonBody {
            action: self.action,
            person: self.person.to_owned(),
            version: self.version,
            unit: self.unit.to_owned(),
            name: name.commitment()?,
            mail: mail.as_ref().map(Disclosure::commitment).transpose()?,
            number: self.number.cloned(),
            evidence: evidence.commitment()?,
        };
        Ok((body, [name, evidence].into_iter().chain(mail).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_body_of_many_is_found_in_its_place_only() {
        for count in [1, 2, 3, 7, 8, 9, 120] {
            let bodies: Vec<Value> =
                (0..count).map(|n| serde_json::json!({ "person": n })).collect();
            let many = ManyDrafted::of(&bodies).unwrap();
            let (founding, nonce) = (Bytes::from([1; 32]), [2; 16]);
            let said = many.statement("people", (&founding, [3; 32]), nonce, 1).unwrap();
            assert!(said.is_of_many());
            for (place, body) in many.places.iter().zip(&bodies) {
                assert!(said.names(("person", body), Some(place)), "{count}");
                assert!(!said.names(("letter", body), Some(place)), "of another kind");
                assert!(!said.names(("person", body), None), "not by itself");
                let other = serde_json::json!({ "person": "other" });
                assert!(!said.names(("person", &other), Some(place)));
                let moved = DraftPlace { index: place.index + 1, ..place.clone() };
                assert!(!said.names(("person", body), Some(&moved)));
            }
        }
    }
}
