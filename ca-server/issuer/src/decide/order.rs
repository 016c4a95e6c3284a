//! Making orders: the CA writes down what is to be approved, signs it with the registry key, and
//! records it. Who drafted it stands in it: who operates is responsible.

use super::review_flag::review_flag;
use crate::error::IssuerError;
use crate::loaded::Loaded;
use crate::round::Round;
use crate::rows::{KeyBinding, OrderExtras, OrderRow, RowChange};
use authority::{Authority, OrderDigest};
use ca_host::ISSUER;
use records::draft::{Draft, DraftPlace};
use records::export::ReviewFlag;
use records::order::{
    Basis, Body, CONTACT_PATH, MAIL_PATH, NAME_PATH, OPERATOR_PATH, ORDER_SECONDS, Order,
    PersonAction, PersonBody, SignedOrder, UNSIGNED_SECONDS, maker, subject_of_system, title_of,
};
use records::record::{Event, File};
use records::{Bytes, Code, Commitment, Disclosure, commitment};

/// What stands beside an order's body.
#[derive(Default)]
pub(crate) struct OrderParts {
    /// What opens its commitments.
    pub(crate) disclosures: Vec<Disclosure>,
    /// Files that it puts in force.
    pub(crate) files: Vec<File>,
    /// Reference of the letter.
    pub(crate) reference: Option<String>,
    /// What ties the key of an application.
    pub(crate) binding: Option<KeyBinding>,
    /// Open orders that it replaces.
    pub(crate) cancels: Vec<Bytes>,
    /// What the person signed who drafted it.
    pub(crate) draft: Option<Box<Draft>>,
    /// Where its body stands in a draft of many.
    pub(crate) place: Option<DraftPlace>,
    /// Whether only a portal's word says that its drafter wants it.
    pub(crate) unsigned: bool,
}

/// An order that was made.
pub(crate) struct NewOrder {
    /// Its id.
    pub(crate) order: String,
    /// Its digest.
    pub(crate) digest: OrderDigest,
    /// Last second.
    pub(crate) expires: String,
    /// Approvals that it needs.
    pub(crate) needed: u32,
    /// What of it needs a look.
    pub(crate) look: Option<ReviewFlag>,
}

/// Makes an order. It must fit the present state already; it is judged again when it is carried
/// out.
pub(crate) fn make(
    round: &mut Round<'_>,
    drafter: &str,
    body: &Body,
    parts: OrderParts,
) -> Result<NewOrder, IssuerError> {
    let known = (round.authority(), round.loaded);
    let (basis, disclosures) = resting(known, (body, drafter), parts.disclosures)?;
    let mut order = Order {
        v: 1,
        kind: body.kind().into(),
        issuer: maker(ISSUER, &round.context.founding),
        order: round.id()?,
        version: 1,
        nonce: round.random::<16>()?.into(),
        expires: records::time::seconds(round.now() + ORDER_SECONDS),
        drafter: drafter.to_owned(),
        basis,
        draft: parts.draft,
        place: parts.place,
        body: body.value()?,
    };
    if order.is_unsigned_wish() || parts.unsigned {
        order.expires = records::time::seconds(round.now() + UNSIGNED_SECONDS);
    }
    let OrderParts { files, reference, binding, cancels, .. } = parts;
    let signed = SignedOrder::sign(&order, disclosures, &round.context.registry)
        .map_err(anyhow::Error::from)?;
    check_readable(round.authority(), &signed)?;
    let digest = OrderDigest(signed.digest());
    let look = review_flag(round, body, &signed.disclosures);
    let row = OrderRow {
        digest,
        order: order.order.clone(),
        kind: body.kind(),
        title: title_of((&order, body), &signed.disclosures),
        person: body.person().map(str::to_owned),
        reference,
        bytes: signed.order.0.clone(),
        signature: signed.signature.0.clone(),
        look: look.map_or("", ReviewFlag::name),
        extras: OrderExtras { disclosures: signed.disclosures, files, binding },
        made: round.now(),
        expires: order.expires_unix(),
        drafter: listed(&order, body).then(|| person_of(drafter)).flatten(),
    };
    round.change(RowChange::Order(Box::new(row)));
    let needed = round.authority().needed(body);
    let event = Event::Order { order: signed.order, signature: signed.signature, cancels };
    round.record(event, Vec::new())?;
    Ok(NewOrder { order: order.order, digest, expires: order.expires, needed, look })
}

/// What was signed is read as everybody will read it, and opens with what comes along; whoever
/// takes notice of it from here on finds it read.
fn check_readable(authority: &Authority, signed: &SignedOrder) -> Result<(), IssuerError> {
    let read = authority.signatures().order(&signed.order.0);
    let (order, body) = read.map_err(|code| anyhow::anyhow!("our order: {}", code.name()))?;
    let opened = order.check_disclosures_of(&body, &signed.disclosures);
    Ok(opened.map_err(anyhow::Error::from)?)
}

/// Whether it stands in the list of what somebody drafted: a batch does, for all of its orders.
fn listed(order: &Order, body: &Body) -> bool {
    matches!(body, Body::Batch(_)) || order.draft.is_some() && order.place.is_none()
}

fn person_of(drafter: &str) -> Option<String> {
    drafter.strip_prefix("person:").map(str::to_owned)
}

/// What an order with this body rests on, with what opens all of it. It must fit the present state.
pub(crate) fn resting(
    (authority, loaded): (&Authority, &Loaded),
    (body, drafter): (&Body, &str),
    opened: Vec<Disclosure>,
) -> Result<(Basis, Vec<Disclosure>), IssuerError> {
    authority.fits(body)?;
    if let Body::Person(leaver) = body
        && leaver.action == PersonAction::Leave
    {
        keeps_record((authority, loaded), leaver, &opened)?;
    }
    let mut basis = authority.basis(body, drafter)?;
    if body.takes_away() {
        let opens = |person: &str, path: &str, held: &Commitment| {
            loaded.opening(person, path, held).is_some()
        };
        basis.without_unnamed(body, opens).map_err(anyhow::Error::from)?;
    }
    let disclosures = with_names((authority, loaded), &basis, opened)?;
    let disclosures = with_system((authority, loaded), (body, &basis), disclosures)?;
    Ok((basis, disclosures))
}

/// Who leaves does so by their record in force, is called what authority holds, and is written to
/// where it says: a brake, which nobody declines, hides nobody behind another name, nor behind one
/// that they had. What no row opens holds up no brake.
fn keeps_record(
    (authority, loaded): (&Authority, &Loaded),
    body: &PersonBody,
    opened: &[Disclosure],
) -> Result<(), Code> {
    let known = authority.person(&body.person).ok_or(Code::PersonUnknown)?;
    if body.version != known.version + 1 {
        return Err(Code::PersonChanged);
    }
    let both = [
        (NAME_PATH, Some(&known.name), Some(&body.name)),
        (MAIL_PATH, known.mail.as_ref(), body.mail.as_ref()),
    ];
    for (path, held, said) in both {
        let said = said.map(|said| commitment::open(said, path, opened));
        let said = said.transpose().map_err(|_| Code::OrderIncomplete)?;
        let keeps = match held {
            None => said.is_none(),
            Some(held) => match loaded.opening(&body.person, path, held) {
                Some(told) => said == Some(&told.value),
                None => true,
            },
        };
        if !keeps {
            return Err(Code::PersonChanged);
        }
    }
    Ok(())
}

/// What opens the body, and then what opens the names and mail addresses that the basis commits to:
/// they come from rows, and count because they open them.
fn with_names(
    (authority, loaded): (&Authority, &Loaded),
    basis: &Basis,
    mut opened: Vec<Disclosure>,
) -> Result<Vec<Disclosure>, IssuerError> {
    for named in &basis.people {
        let name = loaded.opening(&named.person, NAME_PATH, &named.name);
        let name = name.ok_or(Code::UnsignedAuthority)?;
        let state = authority.person(&named.person).ok_or(Code::PersonUnknown)?;
        let mail = state
            .mail
            .as_ref()
            .filter(|_| basis.before.as_ref().is_some_and(|before| before.get("mail").is_some()));
        let mail = match mail {
            Some(held) => {
                let found = loaded.opening(&named.person, MAIL_PATH, held);
                Some(found.ok_or(Code::UnsignedAuthority)?)
            }
            None => None,
        };
        for disclosure in std::iter::once(name).chain(mail) {
            if !opened.contains(disclosure) {
                opened.push(disclosure.clone());
            }
        }
    }
    Ok(opened)
}

/// What opens who runs a system and how they are reached, as the order in force says it: whoever
/// registers it anew shows what becomes another one.
fn with_system(
    (authority, loaded): (&Authority, &Loaded),
    (body, basis): (&Body, &Basis),
    mut opened: Vec<Disclosure>,
) -> Result<Vec<Disclosure>, Code> {
    let Body::System(system) = body else { return Ok(opened) };
    let Some(known) = authority.system(&system.system) else { return Ok(opened) };
    let both =
        [("operator", OPERATOR_PATH, &known.operator), ("contact", CONTACT_PATH, &known.contact)];
    for (name, path, held) in both {
        let is_named = basis.before.as_ref().is_some_and(|before| before.get(name).is_some());
        let Some(held) = held.as_ref().filter(|_| is_named) else { continue };
        let found = loaded.opening(&subject_of_system(&system.system), path, held);
        let found = found.ok_or(Code::UnsignedAuthority)?;
        if !opened.contains(found) {
            opened.push(found.clone());
        }
    }
    Ok(opened)
}
