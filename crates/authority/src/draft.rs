//! Drafts: who may draft what, whose signature one bears, and who therefore decides nothing about
//! what was made from it.

use crate::authority::Authority;
use crate::id::{OrderDigest, PersonId, Reference};
use crate::state::{LetterState, OpenOrder};
use records::code::Code;
use records::draft::{Draft, DraftPlace, PASSKEY_ROWS_MAX};
use records::drafted::DraftContent;
use records::order::{Body, Order, PersonAction};
use records::rules::Role;
use sha2::{Digest, Sha256};

impl Authority {
    /// Who signed a draft, by a credential that holds at `now`, and what it is about: something of
    /// their unit, which they did not ask for with these bytes before. Of many `row` says which
    /// body is meant, and where it stands.
    pub fn check_draft(
        &self,
        draft: &Draft,
        row: Option<(&DraftPlace, &DraftContent)>,
        now: u64,
    ) -> Result<(String, DraftContent), Code> {
        let read = draft.read()?;
        if read.founding.0 != self.fixed.digest {
            return Err(Code::ApprovalSignature);
        }
        let drafted = match row {
            None => DraftContent::of(&read)?,
            Some((place, drafted)) => {
                let (kind, body) = drafted.parts().map_err(|_| Code::Malformed)?;
                if !read.names((kind, &body), Some(place)) {
                    return Err(Code::ApprovalSignature);
                }
                drafted.clone()
            }
        };
        let said = draft.signed_statement();
        if said.assertion.is_some() && read.count() > PASSKEY_ROWS_MAX as u64 {
            return Err(Code::CertificateKeyNeeded);
        }
        let handler = self.said_by(&said, now)?;
        self.may_draft(&handler, &drafted)?;
        let place = row.map(|(place, _)| place);
        if self.is_challenge_used(&challenge_of(draft, place).0) {
            return Err(Code::ChallengeUsed);
        }
        // A passkey that answered for many counted on with the first of them.
        if place.is_none() || !self.is_challenge_used(&challenge_of(draft, None).0) {
            self.counts_on(&said)?;
        }
        Ok((handler, drafted))
    }

    /// Remembers that a draft, or one body of a draft of many, was used.
    pub(crate) fn use_draft(&mut self, draft: &Draft, place: Option<&DraftPlace>, now: u64) {
        if !self.is_challenge_used(&challenge_of(draft, None).0) {
            self.count(&draft.signed_statement());
            self.use_challenge(&challenge_of(draft, None), now);
        }
        if place.is_some() {
            self.use_challenge(&challenge_of(draft, place), now);
        }
    }

    /// The same of one that is recorded and not yet in the tree.
    pub(crate) fn notice_draft(&mut self, draft: &Draft, place: Option<&DraftPlace>) {
        if !self.is_challenge_used(&challenge_of(draft, None).0) {
            self.notice_counter(&draft.signed_statement());
        }
        let used = [challenge_of(draft, None), challenge_of(draft, place)];
        self.pending.challenges.extend(used.iter().filter_map(records::Bytes::digest));
    }

    /// Whether a person handles the unit that a draft concerns: that of a new person, and otherwise
    /// the one in which the person is. Where they go, those who approve judge. A release, a
    /// delegation and revocations are drafted by whoever has their holder in their care.
    pub fn may_draft(&self, handler: &str, drafted: &DraftContent) -> Result<(), Code> {
        let unit = match drafted {
            DraftContent::Release(body) => {
                return self.cares_beside(handler, (&body.person, &body.by));
            }
            DraftContent::Delegate(body) => {
                return self.cares_beside(handler, (&body.absent, &body.person));
            }
            DraftContent::Revoke(body) => return self.has_in_care(handler, &body.person),
            DraftContent::Person(body) if body.action == PersonAction::Create => body.unit.clone(),
            DraftContent::Person(_) | DraftContent::Letter(_) => {
                self.person(drafted.person()).ok_or(Code::PersonUnknown)?.unit.clone()
            }
        };
        match (self.handles(handler, &unit), self.is_handler(handler)) {
            (true, _) => Ok(()),
            (false, true) => Err(Code::HandlerScope),
            (false, false) => Err(Code::NotYourRoute),
        }
    }

    /// Whether a drafter has a person in their care, and is neither them nor the other of the two
    /// that the draft is about: who suspended what is released, or who acts for whom.
    fn cares_beside(&self, drafter: &str, (person, other): (&str, &str)) -> Result<(), Code> {
        if [person, other].contains(&drafter) {
            return Err(Code::DrafterSelf);
        }
        self.has_in_care(drafter, person)
    }

    fn has_in_care(&self, drafter: &str, person: &str) -> Result<(), Code> {
        self.person(person).ok_or(Code::PersonUnknown)?;
        let two = PersonId::read(drafter).zip(PersonId::read(person));
        match two.is_some_and(|(drafter, person)| self.cares_for(&drafter, &person)) {
            true => Ok(()),
            false if self.is_handler(drafter) => Err(Code::HandlerScope),
            false if self.is_approver(drafter) => Err(Code::ApproverScope),
            false => Err(Code::NotYourRoute),
        }
    }

    /// Whether a person handles any unit.
    pub fn is_handler(&self, person: &str) -> bool {
        self.handled_by(person).next().is_some()
    }

    /// Whether a person handles this unit, or one above it.
    pub fn handles(&self, person: &str, unit: &str) -> bool {
        let above = self.above(unit);
        self.handled_by(person).any(|scope| above.contains(&scope))
    }

    /// The units that a person handles, each with everything below it.
    pub fn handled_by<'a>(&'a self, person: &'a str) -> impl Iterator<Item = &'a str> {
        let roles = self.person(person).into_iter().flat_map(|state| state.roles.iter());
        let handles = roles.filter(move |(role, scope)| {
            *role == Role::UnitHandler && self.holds(person, *role, scope)
        });
        handles.map(|(_, scope)| scope.as_str())
    }

    /// Orders that a person drafted under their signature and that can still be approved at `now`,
    /// pending records counted.
    pub fn open_drafts_of(&self, person: &str, now: u64) -> impl Iterator<Item = &OpenOrder> {
        let range = PersonId::read(person).map(OrderDigest::all_of);
        let all = [&self.drafting, &self.pending.drafting].into_iter();
        let own = all.flat_map(move |all| range.clone().into_iter().flat_map(|own| all.range(own)));
        own.filter_map(move |(_, digest)| Some(self.waiting(*digest, now).ok()?.1))
    }

    /// How many orders wait at `now` that people drafted under their signatures, pending records
    /// counted.
    pub fn drafting_count(&self, now: u64) -> usize {
        let over = self.drafting_ends.range(..(now, OrderDigest::FIRST)).count();
        self.drafting_ends.len() - over + self.pending.drafting.len()
    }

    /// Remembers whose draft an order is for as long as it can be approved.
    pub(crate) fn remember_draft(&mut self, digest: OrderDigest, open: &OpenOrder) {
        let Some(drafter) = drafter_of(&open.read) else { return };
        self.drafting.insert((drafter, digest));
        self.drafting_ends.insert((open.expires, digest));
    }

    pub(crate) fn no_longer_drafting(&mut self, digest: OrderDigest, open: &OpenOrder) {
        let Some(drafter) = drafter_of(&open.read) else { return };
        self.drafting.remove(&(drafter, digest));
        self.drafting_ends.remove(&(open.expires, digest));
    }

    /// Forgets drafts that nobody can approve any more, at the time that is proven.
    pub(crate) fn forget_old_drafts(&mut self) {
        while let Some((ends, digest)) = self.drafting_ends.get_min().copied() {
            if ends >= self.signed_time {
                break;
            }
            self.drafting_ends.remove(&(ends, digest));
            let open = self.orders.get(&digest).map(|open| open.read.clone());
            let drafter = open.and_then(|read| drafter_of(&read));
            drafter.map(|drafter| self.drafting.remove(&(drafter, digest)));
        }
    }

    /// The letters that a person had made under their signature.
    pub fn letters_by(&self, drafter: &str) -> impl Iterator<Item = (&Reference, &LetterState)> {
        let drafter = PersonId::read(drafter);
        let own = drafter.into_iter().flat_map(|drafter| {
            self.lettered_by.range((drafter, Reference::FIRST)..=(drafter, Reference::LAST))
        });
        own.filter_map(|(_, reference)| Some((reference, &**self.letters.get(reference)?)))
    }

    /// The letters that were made for a person.
    pub fn letters_of(&self, person: &str) -> impl Iterator<Item = (&Reference, &LetterState)> {
        let own = PersonId::read(person).into_iter().flat_map(|person| {
            self.letters_of.range((person, Reference::FIRST)..=(person, Reference::LAST))
        });
        own.filter_map(|(_, reference)| Some((reference, &**self.letters.get(reference)?)))
    }

    /// Whether a letter of a person can still be used, or is on its way into the tree.
    pub fn has_open_letter(&self, person: &str, now: u64) -> bool {
        let Some(key) = PersonId::read(person) else { return false };
        self.pending.lettered.contains(&key) || self.open_letters_of(&key, now).next().is_some()
    }

    /// The letters of a person that can still be used.
    pub(crate) fn open_letters_of(
        &self,
        person: &PersonId,
        now: u64,
    ) -> impl Iterator<Item = &Reference> {
        let own = self.letters_of.range((*person, Reference::FIRST)..=(*person, Reference::LAST));
        own.map(|(_, reference)| reference).filter(move |reference| {
            let is_over = self.is_letter_over(reference, now).unwrap_or(true);
            !is_over && self.check_letter(reference).is_ok()
        })
    }

    /// The letters of a person.
    pub fn letters_for(&self, person: &str) -> impl Iterator<Item = (&Reference, &LetterState)> {
        let person = PersonId::read(person).into_iter();
        let own = person.flat_map(|person| {
            self.letters_of.range((person, Reference::FIRST)..=(person, Reference::LAST))
        });
        own.filter_map(|(_, reference)| Some((reference, &**self.letters.get(reference)?)))
    }

    /// Whether a person drafted an order under their signature, or had the letter made from which
    /// it comes: then they decide nothing about it.
    pub(crate) fn has_drafted(&self, person: &str, order: &Order, body: &Body) -> bool {
        let own = order.draft.is_some() && order.drafter.strip_prefix("person:") == Some(person);
        let lettered = match body {
            Body::Issue(issue) => {
                let letter = self.letter_of(issue).and_then(|one| self.letters.get(&one));
                letter.and_then(|letter| letter.drafter).is_some_and(|by| by.as_str() == person)
            }
            _ => false,
        };
        own || lettered
    }
}

/// What remembers that a draft was used, beside the challenges of applications: SHA-256 of its
/// statement, and behind it the place of one of many.
pub(crate) fn challenge_of(draft: &Draft, place: Option<&DraftPlace>) -> records::Bytes {
    let hash = Sha256::new().chain_update(&draft.statement.0);
    let hash = match place {
        Some(place) => hash.chain_update(place.index.to_be_bytes()),
        None => hash,
    };
    hash.finalize().as_slice().into()
}

/// Whose drafted order it is.
pub(crate) fn drafter_of(order: &Order) -> Option<PersonId> {
    order.draft.as_ref()?;
    PersonId::read(order.drafter.strip_prefix("person:")?)
}
