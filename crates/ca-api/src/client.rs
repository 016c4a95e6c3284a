//! Clients of the issuer, the log and the status service.

use crate::both;
use crate::handler::{
    self, AskedNumbers, BatchReceipt, DraftMade, Drafts, ManyMade, NumberLines, PeopleQuery,
    PeopleRecords, PersonFacts, PersonQuery, Preview, PreviewRequest, SuspensionFacts,
    SuspensionQuery, UnitPeople,
};
use crate::log::{self, Append, AppendAnswer, IssuedAnswer, IssuedQuery, PulseAnswer, SpoolAck};
use crate::organisation::{
    self, Consequences, ConsequencesQuery, Dossier, DossierQuery, UnitFacts, UnitQuery,
};
use crate::public;
use crate::staff::{
    self, AsOfficer, Batching, CertificateFacts, CertificateQuery, Certificates, Officer,
    OfficerSearch, OrderCreated, OrderQuery, OwnPasskey, OwnSuspension, Page, Revocation,
};
use crate::state::CityState;
use crate::status::{self, WorldNumbers, WorldUpdate};
use crate::systems::{self, SystemFacts, SystemLines, SystemQuery, SystemsQuery};
use mtls::{CallError, Client};
use records::access::Heartbeat;
use records::decline::{DeclineSubmission, Declined};
use records::draft::{Drafting, DraftingMany};
use records::enrolment::{
    Collect, CollectedCertificate, LetterLookUp, LookUpAnswer, RequestSubmission, SignedReceipt,
};
use records::evidence::{Search, SearchAnswer};
use records::export::{Approved, OrderExport, OrderLines};
use records::join::{Join, Renew, RenewedChain};
use records::mine::PersonHoldings;
use records::order::CredentialBody;
use records::renewal::{AskRenewal, RenewCertificate, RenewalAnswer, RenewalTerms};
use records::spooled::Spooled;
use records::suspension::{SuspendByLetter, SuspensionSubmission};
use records::wish::WishSubmission;
use records::withdrawal::{Withdrawal, WithdrawalAnswer};
use records::{Approval, Code, Problem};
use serde::Serialize;

/// Why the CA did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The service answered with a refusal.
    #[error("refused: {}", .0.code)]
    Refused(Problem),
    /// It could not be asked.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Refusal {
    /// The code to pass on.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(problem) => problem.known().unwrap_or(Code::Unavailable),
            Self::Call(_) => Code::Unavailable,
        }
    }
}

/// A client of the issuer.
pub struct Issuer(pub Client);

impl Issuer {
    /// Opens a person's own record.
    pub async fn look_up(&self, message: &LetterLookUp) -> Result<LookUpAnswer, Refusal> {
        ask(&self.0, public::LOOK_UP, message).await
    }

    /// On which terms a certificate can be renewed.
    pub async fn renewal_terms(&self, message: &AskRenewal) -> Result<RenewalTerms, Refusal> {
        ask(&self.0, public::RENEWAL_TERMS, message).await
    }

    /// Renews a certificate with its own key.
    pub async fn renew_certificate(
        &self,
        message: &RenewCertificate,
    ) -> Result<RenewalAnswer, Refusal> {
        ask(&self.0, public::RENEW_CERTIFICATE, message).await
    }

    /// Submits a request for a certificate, and answers where the matter stands.
    pub async fn submit(
        &self,
        message: &RequestSubmission,
    ) -> Result<records::enrolment::Stage, Refusal> {
        ask(&self.0, public::SUBMIT, message).await
    }

    /// Collects a certificate, with the proof that the log has it.
    pub async fn collect(&self, message: &Collect) -> Result<CollectedCertificate, Refusal> {
        ask(&self.0, public::COLLECT, message).await
    }

    /// Lets an agent join, and answers with its first certificate.
    pub async fn join(&self, message: &Join) -> Result<CollectedCertificate, Refusal> {
        ask(&self.0, public::JOIN, message).await
    }

    /// Who the certificate belongs to.
    pub async fn who(&self, message: &AsOfficer<()>) -> Result<Officer, Refusal> {
        ask(&self.0, staff::WHO, message).await
    }

    /// Whose certificate it is, and that it is in force.
    pub async fn holder(&self, message: &AsOfficer<()>) -> Result<Officer, Refusal> {
        ask(&self.0, staff::HOLDER, message).await
    }

    /// Open orders that the officer may see.
    pub async fn list(&self, message: &AsOfficer<Page>) -> Result<OrderLines, Refusal> {
        ask(&self.0, staff::LIST, message).await
    }

    /// One order with everything that must be shown.
    pub async fn fetch(&self, message: &AsOfficer<OrderQuery>) -> Result<OrderExport, Refusal> {
        ask(&self.0, staff::FETCH, message).await
    }

    /// Hands in an approval.
    pub async fn approve(&self, message: &AsOfficer<Approval>) -> Result<Approved, Refusal> {
        ask(&self.0, staff::APPROVE, message).await
    }

    /// Makes a batch of open orders.
    pub async fn batch(&self, message: &AsOfficer<Batching>) -> Result<OrderCreated, Refusal> {
        ask(&self.0, staff::BATCH, message).await
    }

    /// What became of each order of a batch.
    pub async fn receipt(&self, message: &AsOfficer<OrderQuery>) -> Result<BatchReceipt, Refusal> {
        ask(&self.0, handler::RECEIPT, message).await
    }

    /// Hands in bodies of a draft of many.
    pub async fn draft_many(&self, message: &AsOfficer<DraftingMany>) -> Result<ManyMade, Refusal> {
        ask(&self.0, handler::DRAFT_MANY, message).await
    }

    /// Hands in a decline.
    pub async fn decline(
        &self,
        message: &AsOfficer<DeclineSubmission>,
    ) -> Result<Declined, Refusal> {
        ask(&self.0, staff::DECLINE, message).await
    }

    /// Asks for a passkey to be certified.
    pub async fn certify(
        &self,
        message: &AsOfficer<CredentialBody>,
    ) -> Result<OrderCreated, Refusal> {
        ask(&self.0, staff::CERTIFY, message).await
    }

    /// Looks for certificates of people within the officer's scope.
    pub async fn find(&self, message: &AsOfficer<OfficerSearch>) -> Result<Certificates, Refusal> {
        ask(&self.0, staff::FIND, message).await
    }

    /// The facts of one certificate, for an officer who may see its holder.
    pub async fn certificate(
        &self,
        message: &AsOfficer<CertificateQuery>,
    ) -> Result<CertificateFacts, Refusal> {
        ask(&self.0, staff::CERTIFICATE, message).await
    }

    /// Drafts the order that revokes a certificate, on the portal's word.
    pub async fn revoke(&self, message: &AsOfficer<Revocation>) -> Result<OrderCreated, Refusal> {
        ask(&self.0, staff::REVOKE, message).await
    }

    /// The same, as the officer signed it.
    pub async fn wish(&self, message: &AsOfficer<WishSubmission>) -> Result<OrderCreated, Refusal> {
        ask(&self.0, staff::WISH, message).await
    }

    /// People whom a handler handles.
    pub async fn people(&self, message: &AsOfficer<OfficerSearch>) -> Result<UnitPeople, Refusal> {
        ask(&self.0, handler::PEOPLE, message).await
    }

    /// The facts of one person, for a handler who has them in their care.
    pub async fn person(&self, message: &AsOfficer<PersonQuery>) -> Result<PersonFacts, Refusal> {
        ask(&self.0, handler::PERSON, message).await
    }

    /// What a draft about many needs of each.
    pub async fn records(
        &self,
        message: &AsOfficer<PeopleQuery>,
    ) -> Result<PeopleRecords, Refusal> {
        ask(&self.0, handler::RECORDS, message).await
    }

    /// The suspension that a release would name.
    pub async fn suspension(
        &self,
        message: &AsOfficer<SuspensionQuery>,
    ) -> Result<SuspensionFacts, Refusal> {
        ask(&self.0, handler::SUSPENSION, message).await
    }

    /// Everything about a person that is their officers' and handlers' business.
    pub async fn dossier(&self, message: &AsOfficer<DossierQuery>) -> Result<Dossier, Refusal> {
        ask(&self.0, organisation::DOSSIER, message).await
    }

    /// What a transfer or leaving takes away.
    pub async fn consequences(
        &self,
        message: &AsOfficer<ConsequencesQuery>,
    ) -> Result<Consequences, Refusal> {
        ask(&self.0, organisation::CONSEQUENCES, message).await
    }

    /// A unit with what is below it.
    pub async fn unit(&self, message: &AsOfficer<UnitQuery>) -> Result<UnitFacts, Refusal> {
        ask(&self.0, organisation::UNIT, message).await
    }

    /// Systems that are the reader's business.
    pub async fn systems(&self, message: &AsOfficer<SystemsQuery>) -> Result<SystemLines, Refusal> {
        ask(&self.0, systems::SYSTEMS, message).await
    }

    /// A system with its standing authorization and its certificates.
    pub async fn system(&self, message: &AsOfficer<SystemQuery>) -> Result<SystemFacts, Refusal> {
        ask(&self.0, systems::SYSTEM, message).await
    }

    /// The order that a draft would make.
    pub async fn preview(&self, message: &AsOfficer<PreviewRequest>) -> Result<Preview, Refusal> {
        ask(&self.0, handler::PREVIEW, message).await
    }

    /// Hands in a draft that its handler signed.
    pub async fn draft(&self, message: &AsOfficer<Drafting>) -> Result<DraftMade, Refusal> {
        ask(&self.0, handler::DRAFT, message).await
    }

    /// The drafts of the handler who asks, newest first.
    pub async fn drafts(&self, message: &AsOfficer<Page>) -> Result<Drafts, Refusal> {
        ask(&self.0, handler::DRAFTS, message).await
    }

    /// Takes back what somebody drafted, as they signed it.
    pub async fn withdraw(
        &self,
        message: &AsOfficer<Withdrawal>,
    ) -> Result<WithdrawalAnswer, Refusal> {
        ask(&self.0, handler::WITHDRAW, message).await
    }

    /// Suspends the holder's own certificate, on the portal's word.
    pub async fn suspend(
        &self,
        message: &AsOfficer<OwnSuspension>,
    ) -> Result<SignedReceipt, Refusal> {
        ask(&self.0, staff::SUSPEND, message).await
    }

    /// Whether national numbers are registered.
    pub async fn numbers(&self, message: &AsOfficer<AskedNumbers>) -> Result<NumberLines, Refusal> {
        ask(&self.0, handler::NUMBERS, message).await
    }

    /// What exists in the name of whoever holds a certificate.
    pub async fn mine(&self, message: &AsOfficer<()>) -> Result<PersonHoldings, Refusal> {
        ask(&self.0, staff::MINE, message).await
    }

    /// The state of the city's processes, logs, lists and gates.
    pub async fn state(&self, message: &AsOfficer<()>) -> Result<CityState, Refusal> {
        ask(&self.0, staff::STATE, message).await
    }

    /// The passkeys that are certified for the officer who asks.
    pub async fn passkeys(&self, message: &AsOfficer<()>) -> Result<Vec<OwnPasskey>, Refusal> {
        ask(&self.0, staff::PASSKEYS, message).await
    }

    /// Renews a certificate under a standing authorization.
    pub async fn renew(&self, message: &Renew) -> Result<RenewedChain, Refusal> {
        ask(&self.0, both::RENEW, message).await
    }
}

/// A client of the log service.
pub struct Log(pub Client);

impl Log {
    /// Asks with an auditor's own key.
    pub async fn ask(
        &self,
        message: &records::evidence::SignedRequest,
    ) -> Result<records::evidence::LogAnswer, Refusal> {
        ask(&self.0, log::ASK, message).await
    }

    /// Searches on behalf of an auditor whose certificate the portal saw.
    pub async fn search(&self, message: &AsOfficer<Search>) -> Result<SearchAnswer, Refusal> {
        ask(&self.0, log::SEARCH, message).await
    }

    /// Hands in an agent's records; they stand in the log when this returns.
    pub async fn spool(&self, message: &Spooled<'_>) -> Result<SpoolAck, Refusal> {
        let bytes = message.write().map_err(|error| CallError::Answer(error.to_string()))?;
        let answer = self.0.ask_with::<SpoolAck, Problem>(log::SPOOL, bytes);
        answer.await?.map_err(Refusal::Refused)
    }

    /// Says that an agent lives.
    pub async fn pulse(&self, message: &Heartbeat) -> Result<PulseAnswer, Refusal> {
        ask(&self.0, log::PULSE, message).await
    }

    /// Asks whether the log has it that a certificate was issued.
    pub async fn issued(&self, message: &IssuedQuery) -> Result<IssuedAnswer, Refusal> {
        ask(&self.0, log::ISSUED, message).await
    }

    /// Hands in records; they are durable when this returns.
    pub async fn append(&self, message: &Append) -> Result<AppendAnswer, Refusal> {
        ask(&self.0, log::APPEND, message).await
    }
}

/// A client of the status service.
pub struct Status(pub Client);

impl Status {
    /// Waits for something newer than what the agent has.
    pub async fn world(&self, message: &WorldNumbers) -> Result<WorldUpdate, Refusal> {
        ask(&self.0, status::WORLD, message).await
    }

    /// Reports a loss, which revokes at once, and answers with a signed receipt.
    pub async fn report_loss(
        &self,
        message: &records::enrolment::ReportLoss,
    ) -> Result<SignedReceipt, Refusal> {
        ask(&self.0, status::LOSS, message).await
    }

    /// Suspends what was issued under a letter.
    pub async fn suspend_by_letter(
        &self,
        message: &SuspendByLetter,
    ) -> Result<SignedReceipt, Refusal> {
        ask(&self.0, status::SUSPEND_BY_LETTER, message).await
    }

    /// Suspends what somebody signed that it be.
    pub async fn suspend(&self, message: &SuspensionSubmission) -> Result<SignedReceipt, Refusal> {
        ask(&self.0, status::SUSPEND, message).await
    }
}

async fn ask<T: Serialize, R: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    message: &T,
) -> Result<R, Refusal> {
    client.ask::<T, R, Problem>(path, message).await?.map_err(Refusal::Refused)
}
