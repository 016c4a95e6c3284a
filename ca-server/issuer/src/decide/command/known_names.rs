//! What a refusal may name: only what exists, so that nobody writes words of theirs into the log.

use super::Run;
use crate::verify::{VerifiedDraft, VerifiedWithdrawal};
use authority::OrderDigest;
use records::drafted::DraftContent;
use records::scep::{SignedRenewal, challenge_in, kid_of};
use records::withdrawal::WithdrawalTarget;
use records::{Bytes, Code};

impl Run<'_, '_> {
    /// The reference as it may stand in a refusal: only one that exists.
    pub(super) fn known_reference(&self, reference: &str) -> String {
        if_known(self.round.authority().letter(reference).is_some(), reference)
    }

    pub(super) fn order(&self, digest: &Bytes) -> String {
        let named = digest.digest().map(OrderDigest);
        let opened = |digest| self.round.authority().open(digest, 0).err();
        if_known(
            named.is_some_and(|digest| opened(digest) != Some(Code::OrderUnknown)),
            &digest.to_string(),
        )
    }

    pub(super) fn person(&self, person: &str) -> String {
        if_known(self.round.authority().person(person).is_some(), person)
    }

    /// Whom a draft is about, if they exist.
    pub(super) fn drafted(&self, wanted: &VerifiedDraft) -> String {
        let drafted = DraftContent::of(wanted.statement());
        drafted.map_or_else(|_| String::new(), |drafted| self.person(drafted.person()))
    }

    pub(super) fn taken_back(&self, wanted: &VerifiedWithdrawal) -> String {
        match wanted.withdrawal().read().map(|read| read.what) {
            Ok(WithdrawalTarget::Order { order }) => self.order(&order),
            Ok(WithdrawalTarget::Letter { reference }) => self.known_reference(&reference),
            Err(_) => String::new(),
        }
    }

    pub(super) fn certificate(&self, serial: &str) -> String {
        if_known(self.round.authority().held(serial).is_some(), serial)
    }

    pub(super) fn standing(&self, authorization: &str) -> String {
        if_known(self.round.authority().standing(authorization).is_some(), authorization)
    }

    /// The system of an account.
    pub(super) fn system_of(&self, account: &str) -> String {
        let id = authority::read_account(account);
        let known = id.and_then(|id| self.round.authority().account(&id));
        known.map_or_else(String::new, |account| account.system.to_string())
    }

    /// The system that the id of a secret names.
    pub(super) fn system_of_secret(&self, user: &str) -> String {
        let system = records::machine::system_of(user).unwrap_or_default();
        if_known(self.round.authority().system(system).is_some(), system)
    }

    /// The system of a certificate.
    pub(super) fn system_of_shown(&self, certificate: &Bytes) -> String {
        let known = self.round.authority().system_of_certificate(&certificate.0);
        known.map_or_else(|_| String::new(), |(system, _)| system.to_string())
    }

    /// The system that the challenge in a request names.
    pub(super) fn system_of_challenge(&self, request: &Bytes) -> String {
        let challenge = challenge_in(request).unwrap_or_default();
        self.system_of_secret(kid_of(&challenge).unwrap_or_default())
    }

    /// The system of the certificate whose key signed a renewal.
    pub(super) fn system_of_signed(&self, signed: &SignedRenewal) -> String {
        let asked = authority::read_renewal(signed);
        asked.map_or_else(|_| String::new(), |asked| self.system_of_shown(&asked.certificate))
    }

    pub(super) fn agent(&self, agent: &str) -> String {
        if_known(self.round.authority().agent(agent).is_some(), agent)
    }
}

fn if_known(known: bool, text: &str) -> String {
    if known { text.to_owned() } else { String::new() }
}
