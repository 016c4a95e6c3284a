//! Making orders: the CA writes down what is to be approved, signs it with the registry key, and
//! records it.

use super::look::look;
use super::session::Session;
use super::{Issuer, IssuerError};
use ca_host::ISSUER;
use ca_host::random;
use ca_store::ledger;
use ca_store::order_title::about;
use records::export::Look;
use records::order::{Body, ORDER_SECONDS, Order, SignedOrder};
use records::record::{Event, File};
use records::{Bytes, Code, Disclosure};
use serde_json::Value;
use store::{execute, row};

/// What is kept beside an order's bytes.
#[derive(Default)]
pub(super) struct Beside {
    /// What opens its commitments.
    pub(super) disclosures: Vec<Disclosure>,
    /// Files that it puts in force.
    pub(super) files: Vec<File>,
    /// Reference of the letter.
    pub(super) reference: Option<String>,
    /// The bind value, the request and the challenge of an application.
    pub(super) bound: Option<Bound>,
    /// Open orders that it replaces.
    pub(super) cancels: Vec<Bytes>,
}

/// What ties a public key to a letter.
pub(super) struct Bound {
    pub(super) bind: Vec<u8>,
    pub(super) request: Vec<u8>,
    pub(super) challenge: Vec<u8>,
}

/// An order that was made.
pub(super) struct Made {
    /// Its id.
    pub(super) order: String,
    /// Its digest.
    pub(super) digest: [u8; 32],
    /// Last second.
    pub(super) expires: String,
}

impl Issuer {
    /// Makes an order. It must fit the present state already; it is judged again when it is carried
    /// out.
    pub(super) async fn make_order(
        &self,
        session: &mut Session<'_>,
        body: &Body,
        beside: Beside,
    ) -> Result<Made, IssuerError> {
        session.authority()?.fits(body)?;
        let order = Order {
            v: 1,
            kind: body.kind().into(),
            issuer: ISSUER.into(),
            order: random::id()?,
            version: 1,
            nonce: random::bytes::<16>()?.into(),
            expires: records::time::seconds(session.now() + ORDER_SECONDS),
            body: body.value()?,
        };
        let Beside { disclosures, files, reference, bound, cancels } = beside;
        let signed =
            SignedOrder::sign(&order, disclosures, &self.registry).map_err(anyhow::Error::from)?;
        signed.open(pki::Signer::public_key(&self.registry)).map_err(anyhow::Error::from)?;
        let about = about(&mut session.tx, body, &signed.disclosures).await?;
        let look = look(&mut session.tx, body, &signed.disclosures).await?;
        let (bind, request, challenge) = match bound {
            Some(bound) => (Some(bound.bind), Some(bound.request), Some(bound.challenge)),
            None => (None, None, None),
        };
        let digest = signed.digest();
        let made = session.unix();
        execute!(
            &mut session.tx,
            "insert into ordered (order_digest, order_id, kind, about, person_id, reference, \
             order_bytes, signature, disclosures, files, bind, request, challenge, made, expires, \
             look, state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
             $15, $16, 'open')",
            digest.to_vec(),
            &order.order,
            body.kind(),
            about,
            body.person(),
            reference,
            &signed.order.0,
            &signed.signature.0,
            serde_json::to_string(&signed.disclosures).map_err(anyhow::Error::from)?,
            serde_json::to_string(&files).map_err(anyhow::Error::from)?,
            bind,
            request,
            challenge,
            made,
            i64::try_from(order.expires_unix()).unwrap_or(i64::MAX),
            look.map_or("", Look::name)
        )?;
        let event = Event::Order { order: signed.order, signature: signed.signature, cancels };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        Ok(Made { order: order.order, digest, expires: order.expires })
    }

    /// An order's digest by its id.
    pub(super) async fn order_digest(
        &self,
        session: &mut Session<'_>,
        id: &str,
    ) -> Result<Vec<u8>, IssuerError> {
        let id = records::letter::read_reference(id).ok_or(Code::OrderUnknown)?;
        let found = row!(
            &mut session.tx,
            (Vec<u8>,),
            "select order_digest from ordered where order_id = $1",
            id
        )?;
        Ok(found.ok_or(Code::OrderUnknown)?.0)
    }
}

/// A commitment under a fresh salt, with what opens it.
pub(super) fn commit(
    path: &str,
    value: impl Into<Value>,
) -> Result<(Bytes, Disclosure), IssuerError> {
    let disclosure = Disclosure::new(path, random::bytes()?, value.into());
    Ok((disclosure.commitment()?, disclosure))
}
