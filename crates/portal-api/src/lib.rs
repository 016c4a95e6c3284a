//! The portal's JSON messages, and a client. What a person and the CA say to each other is defined
//! in `records::enrolment` and `records::export`; the portal's own addresses are here.

pub mod changes;
mod pages;
pub mod plain;
pub mod roster;
pub mod sentence;

pub use pages::{EndlessList, PAGES_MAX, Pages};

use mtls::{CallError, Client};
use records::decline::{DeclineSubmission, Declined};
use records::draft::{Drafting, DraftingMany};
use records::enrolment::{
    Collect, CollectedCertificate, LetterLookUp, LookUpAnswer, RequestSubmission, Stage,
};
use records::export::{Approved, OrderExport, OrderLines};
use records::handling::{
    BatchReceipt, DraftMade, Drafts, ManyMade, PeopleQuery, PeopleRecords, PersonFacts,
    PersonQuery, Preview, PreviewRequest, SuspensionFacts, SuspensionQuery, UnitPeople,
};
use records::join::{Join, Renew, RenewedChain};
use records::mine::PersonHoldings;
use records::number::{AskedNumbers, NumberLines};
use records::order::CredentialBody;
use records::renewal::{AskRenewal, RenewCertificate, RenewalAnswer, RenewalTerms};
use records::wish::WishSubmission;
use records::withdrawal::{Withdrawal, WithdrawalAnswer};
use records::{Approval, Bytes, Problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Routes of the public host.
pub mod public {
    /// The path takes a `LetterLookUp` and answers with a `LookUpAnswer`.
    pub const LOOK_UP: &str = "/api/v1/enrolment/look-up";
    /// The path takes a `RequestSubmission` and answers with a `Stage`.
    pub const SUBMIT: &str = "/api/v1/enrolment/submit";
    /// The path takes a `Collect` and answers with a `CollectedCertificate`.
    pub const COLLECT: &str = "/api/v1/enrolment/collect";
    /// The path takes a `Join` and answers with a `CollectedCertificate`.
    pub const JOIN: &str = "/api/v1/agents/join";
    /// The path takes a `Renew` and answers with a `RenewedChain`, for agents.
    pub const RENEW: &str = "/api/v1/agents/renew";
    /// The path takes an `AskRenewal` and answers with a `RenewalTerms`.
    pub const RENEWAL_TERMS: &str = "/api/v1/renewal/terms";
    /// The path takes a `RenewCertificate` and answers with a `RenewalAnswer`.
    pub const RENEW_CERTIFICATE: &str = "/api/v1/renewal/renew";
}

/// Routes of the staff host.
pub mod staff {
    /// The path takes a [`super::List`] and answers with an `OrderLines`.
    pub const LIST: &str = "/api/v1/orders/list";
    /// The path takes a [`super::OrderFetch`] and answers with an `OrderExport`.
    pub const FETCH: &str = "/api/v1/orders/fetch";
    /// The path takes an `Approval` and answers with an `Approved`.
    pub const APPROVE: &str = "/api/v1/orders/approve";
    /// The path takes a `DeclineSubmission` and answers with a `Declined`.
    pub const DECLINE: &str = "/api/v1/orders/decline";
    /// The path takes a `WishSubmission` and answers with a [`super::CreatedOrder`].
    pub const WISH: &str = "/api/v1/certificates/revoke";
    /// The path takes a [`super::FindPeople`] and answers with a `UnitPeople`, for handlers.
    pub const PEOPLE: &str = "/api/v1/people/list";
    /// The path takes a `PersonQuery` and answers with a `PersonFacts`.
    pub const PERSON: &str = "/api/v1/people/person";
    /// The path takes a `PeopleQuery` and answers with a `PeopleRecords`.
    pub const RECORDS: &str = "/api/v1/people/records";
    /// The path takes a `SuspensionQuery` and answers with a `SuspensionFacts`.
    pub const SUSPENSION: &str = "/api/v1/certificates/suspension";
    /// The path takes an `AskedNumbers` and answers with a `NumberLines`, for handlers.
    pub const NUMBERS: &str = "/api/v1/people/numbers";
    /// The path takes a `PreviewRequest` and answers with a `Preview`.
    pub const PREVIEW: &str = "/api/v1/drafts/preview";
    /// The path takes a `Drafting` and answers with a `DraftMade`.
    pub const DRAFT: &str = "/api/v1/drafts/make";
    /// The path takes a [`super::List`] and answers with a `Drafts`.
    pub const DRAFTS: &str = "/api/v1/drafts/list";
    /// The path takes a `Withdrawal` and answers with a `WithdrawalAnswer`.
    pub const WITHDRAW: &str = "/api/v1/drafts/withdraw";
    /// The path takes a `DraftingMany` and answers with a `ManyMade`.
    pub const DRAFT_MANY: &str = "/api/v1/drafts/many";
    /// The path takes a [`super::Batch`] and answers with a [`super::CreatedOrder`].
    pub const BATCH: &str = "/api/v1/orders/batch";
    /// The path takes a [`super::OrderFetch`] and answers with a `BatchReceipt`.
    pub const RECEIPT: &str = "/api/v1/orders/receipt";
    /// Nothing → `PersonHoldings`, for everybody with a certificate.
    pub const MINE: &str = "/api/v1/mine";
    /// The path takes a `CredentialBody` and answers with a [`super::CreatedOrder`].
    pub const CERTIFY: &str = "/api/v1/passkeys/certify";
}

/// Asks for open orders, keyset-paged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The last order id that was seen, or empty.
    pub after: String,
}

/// Asks for people whom the handler handles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindPeople {
    /// The beginning of a name, a person id or a unit id; everybody if empty.
    pub text: String,
    /// Where the page before said that the list goes on, or empty.
    pub after: String,
}

/// The message names the one order that is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderFetch {
    /// The order is named by its id, 16 Crockford base32 characters.
    pub order: String,
}

/// Wants open orders to be approved as one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The orders of the batch are named by their digests.
    pub rows: Vec<Bytes>,
}

/// The order that was made: it certifies a passkey or revokes a certificate, once others approve
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatedOrder {
    /// The order that was made is named by its id, 16 Crockford base32 characters.
    #[serde(deserialize_with = "records::reference::given")]
    pub order: String,
    /// The order needs so many approvals.
    pub needed: u32,
}

/// A new passkey as the staff page saves it, for `yinxin passkey certify`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// This is version 1 of the format.
    pub v: u8,
    /// The passkey was made on a page of this origin.
    pub origin: String,
    /// The authenticatorData of WebAuthn, as the browser gave it.
    pub authenticator_data: Bytes,
    /// The clientDataJSON of WebAuthn, as the browser gave it.
    pub client_data: Bytes,
}

/// Why the portal did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortalRefusal {
    /// The portal answered with a refusal.
    #[error("{} {} [{}] ({})", .0.zh, .0.en, .0.code, .0.reference)]
    Refused(Problem),
    /// It could not be asked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Its list has no end.
    #[error(transparent)]
    Endless(#[from] EndlessList),
}

/// A client of the public host.
pub struct Public(pub Client);

impl Public {
    /// Opens one's own record with the key of a letter.
    pub async fn look_up(&self, message: &LetterLookUp) -> Result<LookUpAnswer, PortalRefusal> {
        ask(&self.0, public::LOOK_UP, message).await
    }

    /// Submits a request for a certificate, and answers where the matter stands.
    pub async fn submit(&self, message: &RequestSubmission) -> Result<Stage, PortalRefusal> {
        ask(&self.0, public::SUBMIT, message).await
    }

    /// Collects a certificate, with the proof that the log has it.
    pub async fn collect(&self, message: &Collect) -> Result<CollectedCertificate, PortalRefusal> {
        ask(&self.0, public::COLLECT, message).await
    }
}

impl Public {
    /// On which terms a certificate can be renewed.
    pub async fn renewal_terms(&self, message: &AskRenewal) -> Result<RenewalTerms, PortalRefusal> {
        ask(&self.0, public::RENEWAL_TERMS, message).await
    }

    /// Renews a certificate with its own key.
    pub async fn renew_certificate(
        &self,
        message: &RenewCertificate,
    ) -> Result<RenewalAnswer, PortalRefusal> {
        ask(&self.0, public::RENEW_CERTIFICATE, message).await
    }

    /// Lets an agent join.
    pub async fn join(&self, message: &Join) -> Result<CollectedCertificate, PortalRefusal> {
        ask(&self.0, public::JOIN, message).await
    }

    /// Renews an agent's certificate.
    pub async fn renew(&self, message: &Renew) -> Result<RenewedChain, PortalRefusal> {
        ask(&self.0, public::RENEW, message).await
    }
}

/// A client of the staff host, with the officer's certificate.
pub struct Staff(pub Client);

impl Staff {
    /// Open orders: the next page of them.
    pub async fn list(&self, pages: &mut Pages) -> Result<OrderLines, PortalRefusal> {
        let after = pages.next().unwrap_or_default().to_owned();
        let page: OrderLines = ask(&self.0, staff::LIST, &List { after }).await?;
        pages.turn(&page.more)?;
        Ok(page)
    }

    /// Asks for one order with all that an officer has to see of it.
    pub async fn fetch(&self, order: &str) -> Result<OrderExport, PortalRefusal> {
        ask(&self.0, staff::FETCH, &OrderFetch { order: order.to_owned() }).await
    }

    /// Asks for a passkey to be certified.
    pub async fn certify(&self, message: &CredentialBody) -> Result<CreatedOrder, PortalRefusal> {
        ask(&self.0, staff::CERTIFY, message).await
    }

    /// Asks for a revocation that the officer signed the wish for.
    pub async fn wish(&self, message: &WishSubmission) -> Result<CreatedOrder, PortalRefusal> {
        ask(&self.0, staff::WISH, message).await
    }

    /// People whom the handler handles: the next page of those who are sought.
    pub async fn people(&self, text: &str, pages: &mut Pages) -> Result<UnitPeople, PortalRefusal> {
        let after = pages.next().unwrap_or_default().to_owned();
        let sought = FindPeople { text: text.to_owned(), after };
        let page: UnitPeople = ask(&self.0, staff::PEOPLE, &sought).await?;
        pages.turn(&page.more)?;
        Ok(page)
    }

    /// Asks for the facts of one person, for whoever has them in their care.
    pub async fn person(&self, person: &str) -> Result<PersonFacts, PortalRefusal> {
        ask(&self.0, staff::PERSON, &PersonQuery { person: person.to_owned() }).await
    }

    /// What a draft about many needs of each.
    pub async fn records(&self, message: &PeopleQuery) -> Result<PeopleRecords, PortalRefusal> {
        ask(&self.0, staff::RECORDS, message).await
    }

    /// The suspension that the release of a certificate would name.
    pub async fn suspension(&self, serial: &str) -> Result<SuspensionFacts, PortalRefusal> {
        ask(&self.0, staff::SUSPENSION, &SuspensionQuery { serial: serial.to_owned() }).await
    }

    /// Whether national numbers are registered.
    pub async fn numbers(&self, message: &AskedNumbers) -> Result<NumberLines, PortalRefusal> {
        ask(&self.0, staff::NUMBERS, message).await
    }

    /// The order that a draft would make.
    pub async fn preview(&self, message: &PreviewRequest) -> Result<Preview, PortalRefusal> {
        ask(&self.0, staff::PREVIEW, message).await
    }

    /// Hands in a draft.
    pub async fn draft(&self, message: &Drafting) -> Result<DraftMade, PortalRefusal> {
        ask(&self.0, staff::DRAFT, message).await
    }

    /// The handler's own drafts: the next page of them.
    pub async fn drafts(&self, pages: &mut Pages) -> Result<Drafts, PortalRefusal> {
        let after = pages.next().unwrap_or_default().to_owned();
        let page: Drafts = ask(&self.0, staff::DRAFTS, &List { after }).await?;
        pages.turn(&page.more)?;
        Ok(page)
    }

    /// What exists in one's own name.
    pub async fn mine(&self) -> Result<PersonHoldings, PortalRefusal> {
        ask(&self.0, staff::MINE, &()).await
    }

    /// Takes back what somebody drafted.
    pub async fn withdraw(&self, message: &Withdrawal) -> Result<WithdrawalAnswer, PortalRefusal> {
        ask(&self.0, staff::WITHDRAW, message).await
    }

    /// Wants open orders to be approved as one.
    pub async fn batch(&self, message: &Batch) -> Result<CreatedOrder, PortalRefusal> {
        ask(&self.0, staff::BATCH, message).await
    }

    /// What became of each order of a batch.
    pub async fn receipt(&self, order: &str) -> Result<BatchReceipt, PortalRefusal> {
        ask(&self.0, staff::RECEIPT, &OrderFetch { order: order.to_owned() }).await
    }

    /// Hands in bodies of a draft of many.
    pub async fn draft_many(&self, message: &DraftingMany) -> Result<ManyMade, PortalRefusal> {
        ask(&self.0, staff::DRAFT_MANY, message).await
    }

    /// Hands in a decline.
    pub async fn decline(&self, declining: &DeclineSubmission) -> Result<Declined, PortalRefusal> {
        ask(&self.0, staff::DECLINE, declining).await
    }

    /// Hands in an approval.
    pub async fn approve(&self, approval: &Approval) -> Result<Approved, PortalRefusal> {
        ask(&self.0, staff::APPROVE, approval).await
    }
}

async fn ask<T: Serialize, R: DeserializeOwned>(
    client: &Client,
    path: &str,
    message: &T,
) -> Result<R, PortalRefusal> {
    client.ask::<T, R, Problem>(path, message).await?.map_err(PortalRefusal::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::withdrawal::WithdrawalAnswer as Taken;

    /// What a portal answers as a reference is one, or the answer is none.
    #[test]
    fn no_other_text_is_a_reference() {
        let made = |order: &str| {
            let answer = serde_json::json!({ "order": order, "needed": 2 });
            serde_json::from_value::<CreatedOrder>(answer)
        };
        assert!(made("5GPJWBSG64S36D1N").is_ok());
        let drafted = |letter: &str| {
            let answer =
                serde_json::json!({ "order": "", "needed": 0, "letter": letter, "person": "" });
            serde_json::from_value::<DraftMade>(answer)
        };
        assert!(drafted("").is_ok() && drafted("5GPJWBSG64S36D1N").is_ok());
        for other in ["X; curl x|sh", "5gpjwbsg64s36d1n", "5GPJWBSG64S36D1N\n", "--yes"] {
            assert!(made(other).is_err() && drafted(other).is_err(), "{other:?}");
            let taken = serde_json::json!({ "name": other });
            assert!(serde_json::from_value::<Taken>(taken).is_err(), "{other:?}");
        }
        assert!(made("").is_err());
    }
}
