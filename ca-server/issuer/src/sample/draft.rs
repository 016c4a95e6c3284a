//! What handlers draft and take back in the sample city.

use super::operate::evidence;
use super::{Sample, SamplePasskey};
use crate::command::{Caller, Command};
use crate::verify::{VerifiedDraft, VerifiedNumbers, VerifiedWithdrawal};
use authority::OrderDigest;
use ca_api::handler::DraftMade;
use records::draft::{Draft, DraftStatement, Drafting};
use records::drafted::{DraftContent, LetterBody};
use records::number::{AskedNumbers, NumberLine, SealedNumber};
use records::order::{PersonAction, PersonBody};
use records::rules::Role;
use records::time::day_in_beijing;
use records::withdrawal::{Withdrawal, WithdrawalAnswer, WithdrawalStatement, WithdrawalTarget};
use records::{Bytes, Code, Disclosure, json};

impl Sample {
    /// A city in which a person handles an office in Shangzhou.
    pub(crate) fn with_handler() -> Self {
        let mut sample = Self::found();
        sample.appoint("handler", Role::UnitHandler, "sz-office");
        sample
    }

    /// What a handler signs, with a nonce of its own.
    pub(crate) fn signed_draft(
        &self,
        name: &str,
        drafted: &DraftContent,
        change: impl FnOnce(&mut DraftStatement),
    ) -> Draft {
        let officer = self.city.officer(name);
        let (founding, certificate) = (self.city.founding.into(), officer.certificate.sha256());
        let mut nonce = [0; 16];
        (self.randomness())(&mut nonce).unwrap();
        let now = self.city.now;
        let mut said = drafted.statement(&founding, certificate, nonce, now).unwrap();
        change(&mut said);
        let bytes = Bytes(json::write(&said).unwrap());
        Draft::sign(bytes, &officer.certificate, &*officer.signer).unwrap()
    }

    /// A person's record as a handler wants it, with what opens it.
    pub(crate) fn person_body(
        &self,
        (action, person): (PersonAction, &str),
        (name, unit): (&str, &str),
    ) -> (PersonBody, Vec<Disclosure>) {
        let version = self.authority().person(person).map_or(1, |state| state.version + 1);
        let name = Disclosure::new("/name", [1; 32], name.into());
        let seen = Disclosure::new("/evidence", [2; 32], evidence().into());
        let body = PersonBody {
            action,
            person: person.to_owned(),
            version,
            unit: unit.to_owned(),
            name: name.commitment().unwrap(),
            mail: None,
            number: self.authority().person(person).and_then(|one| one.number).map(Bytes::from),
            evidence: seen.commitment().unwrap(),
        };
        (body, vec![name, seen])
    }

    /// What the CA tells a handler about national numbers.
    pub(crate) fn asks_numbers(
        &mut self,
        name: &str,
        numbers: &[&str],
    ) -> Result<Vec<NumberLine>, Code> {
        self.asks_numbers_over(self.staff(), name, numbers)
    }

    /// The same over another portal.
    pub(crate) fn asks_numbers_over(
        &mut self,
        caller: Caller,
        name: &str,
        numbers: &[&str],
    ) -> Result<Vec<NumberLine>, Code> {
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        let asked = AskedNumbers { numbers };
        let today = day_in_beijing(self.city.now);
        let asked = VerifiedNumbers::read(&asked, &self.context.numbers, today)?;
        let officer = self.officer(name);
        let told = self.decide(|reply| Command::Numbers(caller, officer, Box::new(asked), reply));
        Ok(told?.lines)
    }

    /// A handler drafts a record with a number as the CA gave it to them.
    pub(crate) fn drafts_numbered(
        &mut self,
        name: &str,
        wanted: (PersonAction, &str),
        (record, number): ((&str, &str), &SealedNumber),
    ) -> Result<DraftMade, Code> {
        let (mut body, disclosures) = self.person_body(wanted, record);
        body.number = Some(number.digest.clone());
        let draft = self.signed_draft(name, &DraftContent::Person(body), |_| {});
        let number_seal = Some(number.seal.clone());
        self.bring_draft(self.staff(), name, Drafting { draft, disclosures, number_seal })
    }

    /// A signed draft of it.
    pub(crate) fn drafting(
        &self,
        name: &str,
        wanted: (PersonAction, &str),
        record: (&str, &str),
    ) -> Drafting {
        let (body, disclosures) = self.person_body(wanted, record);
        let draft = self.signed_draft(name, &DraftContent::Person(body), |_| {});
        Drafting { draft, disclosures, number_seal: None }
    }

    /// A draft is brought under an officer's connection.
    pub(crate) fn bring_draft(
        &mut self,
        caller: Caller,
        name: &str,
        drafting: Drafting,
    ) -> Result<DraftMade, Code> {
        let verified = VerifiedDraft::verify(drafting, self.authority().signatures())?;
        let officer = self.officer(name);
        self.decide(|reply| Command::Draft(caller, officer, Box::new(verified), reply))
    }

    /// A handler drafts a person's record.
    pub(crate) fn drafts(
        &mut self,
        name: &str,
        wanted: (PersonAction, &str),
        record: (&str, &str),
    ) -> Result<DraftMade, Code> {
        let drafting = self.drafting(name, wanted, record);
        self.bring_draft(self.staff(), name, drafting)
    }

    /// A handler has a letter made.
    pub(crate) fn drafts_letter(&mut self, name: &str, person: &str) -> Result<DraftMade, Code> {
        let body = LetterBody { person: person.to_owned(), profile: "official".into() };
        let draft = self.signed_draft(name, &DraftContent::Letter(body), |_| {});
        self.bring_draft(
            self.staff(),
            name,
            Drafting { draft, disclosures: Vec::new(), number_seal: None },
        )
    }

    /// What somebody signs who takes something back.
    pub(crate) fn withdrawal(&self, name: &str, what: WithdrawalTarget) -> Withdrawal {
        let officer = self.city.officer(name);
        let said = WithdrawalStatement { v: 1, founding: self.city.founding.into(), what };
        let bytes = Bytes(json::write(&said).unwrap());
        Withdrawal::sign(bytes, &officer.certificate, &*officer.signer).unwrap()
    }

    /// A handler's passkey was touched for taking an order back.
    pub(crate) fn touched_withdrawal(
        &mut self,
        passkey: &mut SamplePasskey,
        name: &str,
        order: OrderDigest,
    ) -> Result<WithdrawalAnswer, Code> {
        let said = self.withdrawal(name, WithdrawalTarget::Order { order: order.into() });
        let answer = self.touch(passkey, name, Withdrawal::challenge(&said.statement.0));
        let touched = Withdrawal::by_passkey(said.statement, said.certificate, answer);
        self.bring_withdrawal(name, touched)
    }

    /// A withdrawal is brought under an officer's connection.
    pub(crate) fn bring_withdrawal(
        &mut self,
        name: &str,
        withdrawal: Withdrawal,
    ) -> Result<WithdrawalAnswer, Code> {
        let verified = VerifiedWithdrawal::verify(withdrawal, self.authority().signatures())?;
        let (caller, officer) = (self.staff(), self.officer(name));
        self.decide(|reply| Command::Withdraw(caller, officer, Box::new(verified), reply))
    }

    /// Somebody takes an order back.
    pub(crate) fn withdraws(
        &mut self,
        name: &str,
        order: OrderDigest,
    ) -> Result<WithdrawalAnswer, Code> {
        let withdrawal = self.withdrawal(name, WithdrawalTarget::Order { order: order.into() });
        self.bring_withdrawal(name, withdrawal)
    }
}
