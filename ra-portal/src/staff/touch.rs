//! What a passkey is touched for, and what a page's script sends of the touch. The CA checks all of
//! it.

use crate::pages::Language;
use crate::pages::facts::{FactItem, lines};
use portal_api::plain::{self, Fact};
use records::decline::DeclineStatement;
use records::draft::{DraftStatement, ManyRow};
use records::passkey::{Assertion, one_spelling};
use records::stated::{Stated, Statement};
use records::suspension::SuspensionStatement;
use records::wish::WishStatement;
use records::withdrawal::WithdrawalStatement;
use records::{Bytes, Disclosure, json};
use serde::Deserialize;

/// A statement as a page asks for it to be signed: its exact bytes, their digest, and every fact of
/// it. All three are made from the one statement and from nothing else; the fields are private, so
/// that no page has a challenge without what it stands for.
pub(super) struct ToTouch {
    statement: String,
    challenge: String,
    facts: Vec<FactItem>,
    /// Credential ids of passkeys that count, or nothing.
    credentials: String,
}

impl ToTouch {
    /// A wish to revoke.
    pub(super) fn wish(
        language: Language,
        (said, evidence): (&WishStatement, &Disclosure),
        credentials: String,
    ) -> Option<Self> {
        Self::of(language, said, plain::about_wishing(said, evidence), credentials)
    }

    /// A suspension.
    pub(super) fn suspension(
        language: Language,
        (said, evidence): (&SuspensionStatement, &Disclosure),
        credentials: String,
    ) -> Option<Self> {
        Self::of(language, said, plain::about_suspending(said, evidence), credentials)
    }

    /// A decline.
    pub(super) fn decline(
        language: Language,
        (said, reason): (&DeclineStatement, &Disclosure),
        credentials: String,
    ) -> Option<Self> {
        Self::of(language, said, plain::about_declining(said, reason), credentials)
    }

    /// A draft; `unsaid` names what its handler did not type.
    pub(super) fn draft(
        language: Language,
        (said, disclosures): (&DraftStatement, &[Disclosure]),
        unsaid: &[&str],
        credentials: String,
    ) -> Option<Self> {
        let facts = plain::about_drafting(said, disclosures, unsaid);
        Self::of(language, said, facts, credentials)
    }

    /// A draft of many; what each of them says stands beside it.
    pub(super) fn many(
        language: Language,
        (said, rows): (&DraftStatement, &[ManyRow]),
        credentials: String,
    ) -> Option<Self> {
        Self::of(language, said, plain::about_many(said, rows), credentials)
    }

    /// A withdrawal.
    pub(super) fn withdrawal(
        language: Language,
        said: &WithdrawalStatement,
        credentials: String,
    ) -> Option<Self> {
        Self::of(language, said, plain::about_withdrawing(said), credentials)
    }

    fn of<S: Statement>(
        language: Language,
        said: &S,
        facts: Vec<Fact>,
        credentials: String,
    ) -> Option<Self> {
        let bytes = json::write(said).ok()?;
        let challenge = Bytes::from(Stated::<S>::challenge(&bytes)).to_string();
        let statement = Bytes(bytes).to_string();
        Some(Self { statement, challenge, facts: lines(language, facts), credentials })
    }

    /// Everything that is signed.
    pub(super) fn facts(&self) -> &[FactItem] {
        &self.facts
    }

    /// The bytes that are signed, base64url.
    pub(super) fn statement(&self) -> &str {
        &self.statement
    }

    /// What the passkey answers for.
    pub(super) fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Credential ids of passkeys that count; without one the page offers none.
    pub(super) fn credentials(&self) -> &str {
        &self.credentials
    }
}

/// The fields of a form.
#[derive(Deserialize)]
pub(super) struct Touch {
    credential: String,
    authenticator_data: String,
    client_data: String,
    signature: String,
}

impl Touch {
    /// The signature in its one spelling, and what the authenticator said.
    pub(super) fn read(&self) -> Option<(Bytes, Assertion)> {
        let assertion = Assertion {
            credential: Bytes::read(&self.credential)?,
            authenticator_data: Bytes::read(&self.authenticator_data)?,
            client_data: Bytes::read(&self.client_data)?,
        };
        Some((one_spelling(Bytes::read(&self.signature)?), assertion))
    }
}
