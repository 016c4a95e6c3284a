//! Letters as the registry key signed them, and what ends one. From what took a letter away nothing
//! is issued any more; its loss can be reported all the same, by whoever holds it.

use crate::authority::Authority;
use crate::id::{PersonId, Reference, digest_of};
use crate::state::LetterState;
use pki::profile::LetterChannel;
use records::bytes::Bytes;
use records::code::Code;
use records::drafted::{DraftContent, LetterBody};
use records::json;
use records::label::Label;
use records::record::{LetterStatement, VoidStatement};
use std::sync::Arc;

impl Authority {
    /// The letter of this reference, whatever became of it.
    pub fn letter(&self, reference: &str) -> Option<&LetterState> {
        self.letters.get(&Reference::read(reference)?).map(|letter| &**letter)
    }

    /// Every letter by reference, whatever became of it.
    pub fn letters(&self) -> impl Iterator<Item = (&Reference, &LetterState)> {
        self.letters.iter().map(|(reference, letter)| (reference, &**letter))
    }

    pub(crate) fn letter_mut(&mut self, reference: &str) -> Option<&mut LetterState> {
        self.letters.get_mut(&Reference::read(reference)?).map(Arc::make_mut)
    }

    /// A letter that somebody acts upon: what is recorded only is waited for, and what nobody
    /// recorded is told as that.
    pub(crate) fn letter_at_hand(&self, reference: &str) -> Result<&LetterState, Code> {
        let key = Reference::read(reference).ok_or(Code::NotFound)?;
        match self.letters.get(&key) {
            Some(letter) => Ok(letter),
            None if self.pending.letters.contains(&key) => Err(Code::LogBehind),
            None => Err(Code::NotFound),
        }
    }

    /// Whether the loss of a letter was reported, pending reports counted.
    pub fn is_lost(&self, reference: &str) -> bool {
        let Some(key) = Reference::read(reference) else { return false };
        self.pending.lost.contains(&key) || self.letters.get(&key).is_some_and(|letter| letter.lost)
    }

    /// Whether a letter was voided, pending records counted.
    pub fn is_voided(&self, reference: &str) -> bool {
        let Some(key) = Reference::read(reference) else { return false };
        let voided = self.letters.get(&key).is_some_and(|letter| letter.voided);
        voided || self.pending.voided.contains(&key)
    }

    /// Whether a letter was neither lost nor voided, pending records counted.
    pub fn check_letter(&self, reference: &str) -> Result<(), Code> {
        if self.is_lost(reference) {
            return Err(Code::LetterLost);
        }
        if self.is_voided(reference) {
            return Err(Code::LetterVoided);
        }
        Ok(())
    }

    /// Whether the tree says that nobody begins anything with a letter any more: what the CA's host
    /// keeps of it for its printer can go. Nothing if the tree does not know it.
    pub fn is_letter_over(&self, reference: &str, now: u64) -> Option<bool> {
        let letter = self.letter(reference)?;
        let has_left = self.people.get(&letter.person).is_some_and(|person| person.left);
        let is_ended = letter.lost || letter.voided || letter.rejected || has_left;
        Some(is_ended || now > letter.expires || self.issued_under(reference).is_some())
    }

    pub(crate) fn add_letter(
        &mut self,
        statement: &Bytes,
        signature: &Bytes,
        now: u64,
    ) -> Result<(), Code> {
        let registry = &self.fixed.registry;
        if !self.signatures.verify(Label::Letter, registry, &statement.0, &signature.0) {
            return Err(Code::UnsignedAuthority);
        }
        let read: LetterStatement = json::read(&statement.0).map_err(|_| Code::Malformed)?;
        let reference = Reference::read(&read.reference).ok_or(Code::Malformed)?;
        let person = PersonId::read(&read.person).ok_or(Code::Malformed)?;
        let drafter = self.letter_drafter(&read, now)?;
        let letter = LetterState {
            person,
            profile: self.profile_name(&read.profile),
            lookup_sha256: digest_of(&read.lookup_sha256)?,
            loss_sha256: digest_of(&read.loss_sha256)?,
            suspend_sha256: digest_of(&read.suspend_sha256)?,
            by_message: read.channels.contains(&LetterChannel::Sms),
            expires: records::time::read(&read.expires).ok_or(Code::Malformed)?,
            serials: Vec::new(),
            lost: false,
            voided: false,
            rejected: false,
            newest: None,
            ended: None,
            drafter,
        };
        if let Some(draft) = &read.draft {
            self.use_draft(draft, read.place.as_ref(), now);
        }
        self.letters_of.insert((person, reference));
        self.lettered_by.extend(drafter.map(|drafter| (drafter, reference)));
        self.letters.entry(reference).or_insert_with(|| Arc::new(letter));
        Ok(())
    }

    /// Which handler wanted it, if one did: who signed for just this person and profile.
    fn letter_drafter(&self, read: &LetterStatement, now: u64) -> Result<Option<PersonId>, Code> {
        let Some(draft) = &read.draft else { return Ok(None) };
        let wanted = LetterBody { person: read.person.clone(), profile: read.profile.clone() };
        let wanted = DraftContent::Letter(wanted);
        let row = read.place.as_ref().map(|place| (place, &wanted));
        let (handler, drafted) = self.check_draft(draft, row, now)?;
        match drafted == wanted {
            true => Ok(PersonId::read(&handler)),
            false => Err(Code::ApprovalSignature),
        }
    }

    /// A letter that is recorded and not yet in the tree opens nothing; what its draft used up is
    /// used up.
    pub(crate) fn notice_letter(&mut self, statement: &Bytes, signature: &Bytes) {
        let registry = &self.fixed.registry;
        if !self.signatures.verify(Label::Letter, registry, &statement.0, &signature.0) {
            return;
        }
        let Ok(read) = json::read::<LetterStatement>(&statement.0) else { return };
        self.pending.lettered.extend(PersonId::read(&read.person));
        self.pending.letters.extend(Reference::read(&read.reference));
        if let Some(draft) = &read.draft {
            self.notice_draft(draft, read.place.as_ref());
        }
    }

    pub(crate) fn add_void(
        &mut self,
        statement: &Bytes,
        signature: &Bytes,
        now: u64,
    ) -> Result<(), Code> {
        let (reference, read) = self.voids(statement, signature, now)?;
        if let Some(withdrawal) = &read.withdrawal {
            self.count(&withdrawal.signed_statement());
        }
        if let Some(letter) = self.letters.get_mut(&reference) {
            let letter = Arc::make_mut(letter);
            letter.voided = true;
            let drafter = letter.drafter;
            self.replaced_for(drafter, &read.replacement);
        }
        Ok(())
    }

    /// A letter in place of another has that one's drafter, who decides about neither.
    fn replaced_for(&mut self, drafter: Option<PersonId>, replacement: &str) {
        let Some(drafter) = drafter else { return };
        let Some(reference) = Reference::read(replacement) else { return };
        let Some(letter) = self.letters.get_mut(&reference) else { return };
        if letter.drafter.is_none() {
            Arc::make_mut(letter).drafter = Some(drafter);
            self.lettered_by.insert((drafter, reference));
        }
    }

    pub(crate) fn notice_void(&mut self, statement: &Bytes, signature: &Bytes, unix: u64) {
        let now = unix.max(self.signed_time);
        let Ok((reference, read)) = self.voids(statement, signature, now) else { return };
        if let Some(withdrawal) = &read.withdrawal {
            self.notice_counter(&withdrawal.signed_statement());
        }
        self.pending.voided.insert(reference);
    }

    /// Which known letter a statement of the registry key voids.
    fn voids(
        &self,
        statement: &Bytes,
        signature: &Bytes,
        now: u64,
    ) -> Result<(Reference, VoidStatement), Code> {
        let registry = &self.fixed.registry;
        if !self.signatures.verify(Label::Void, registry, &statement.0, &signature.0) {
            return Err(Code::UnsignedAuthority);
        }
        let read: VoidStatement = json::read(&statement.0).map_err(|_| Code::Malformed)?;
        let reference = Reference::read(&read.reference).filter(|_| read.v == 1);
        let known = reference.filter(|reference| self.letters.contains_key(reference));
        let reference = known.ok_or(Code::UnsignedAuthority)?;
        self.voided_by(&read, reference, now)?;
        Ok((reference, read))
    }
}
