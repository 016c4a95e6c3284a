//! An order on its way to an officer who may approve or decline it, with everything that must be
//! shown: exact bytes, signature, disclosures, the last certificate, how far it is.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::officer::person_of;
use crate::query::dossier::consequence_for;
use crate::query::review_flags::{look, look_of};
use crate::view::View;
use authority::{Authority, Capacity, OrderDigest, PersonId};
use ca_store::names::names;
use ca_store::table::certificate;
use ca_store::table::order::{self, SignedRow};
use pki::Certificate;
use plain::{FactValue, phrase};
use records::draft::PASSKEY_ROWS_MAX;
use records::export::{OrderExport, OrderProgress, ReviewFlag, RowExport, Voice};
use records::order::{Body, Order};
use records::record::File;
use records::{Bytes, Code, SignedOrder};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};
use store::Tx;

/// Asks for an order with all that an officer has to see of it.
pub(crate) async fn fetch(
    issuer: &Issuer,
    certificate: &Certificate,
    order: &str,
) -> Result<OrderExport, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let now = issuer.now();
    let authority = view.authority();
    let person = person_of(authority, certificate, now)?;
    // Whoever drafted an order sees it; whoever may decide about some sees those.
    if !authority.is_approver(&person) && !authority.is_handler(&person) {
        return Err(Code::NotYourRoute.into());
    }
    let id = records::letter::read_reference(order).ok_or(Code::OrderUnknown)?;
    let digest = digest_of(authority, &mut tx, (&id, now)).await?;
    let (order, body) = match authority.open(digest, now) {
        Ok(open) => open,
        Err(code) => {
            let over = batch_over(issuer, &view, &mut tx, (digest, &person, now)).await?;
            return over.ok_or(code.into());
        }
    };
    if order.drafter != format!("person:{person}") {
        authority.may_approve(&person, &body, now)?;
    }
    let mut export = export(issuer, &view, &mut tx, (digest, &order, &body, now)).await?;
    let standing = standing(&view, &mut tx, (digest, &order, &body), (&person, now)).await?;
    if standing.look == Some(ReviewFlag::Moved) {
        // It can still be declined; what is in force is not what it was made for.
        export.files_before.clear();
    }
    export.standing = Some(standing);
    export.consequence = consequence_for(authority, &person, &body, now);
    tell_consequences(authority, &person, (digest, &body, now), &mut export.rows);
    Ok(export)
}

/// What follows of the open orders of a batch that whoever asks has to open; of no more than a
/// passkey signs for, since each is looked for among all that is open.
pub(crate) fn tell_consequences(
    authority: &Authority,
    person: &str,
    (digest, body, now): (OrderDigest, &Body, u64),
    rows: &mut [RowExport],
) {
    let Body::Batch(batch) = body else { return };
    let to_open: HashSet<&Bytes> = batch.to_open(&digest.0, person).into_iter().collect();
    let told = rows.iter_mut().zip(&batch.rows).filter(|(_, named)| to_open.contains(named));
    for (row, named) in told.take(PASSKEY_ROWS_MAX) {
        let open = named.digest().and_then(|row| authority.open(OrderDigest(row), now).ok());
        row.consequence = open.and_then(|(_, body)| consequence_for(authority, person, &body, now));
    }
}

/// The order of an id: its row finds it, and where a hand changed that, authority does. Of what is
/// open authority has the id read already.
async fn digest_of(
    authority: &Authority,
    tx: &mut Tx,
    (id, now): (&str, u64),
) -> Result<OrderDigest, IssuerError> {
    let has_id = |digest: &OrderDigest| {
        authority.open(*digest, now).is_ok_and(|(order, _)| order.order == id)
    };
    if let Some(digest) = order::place_of(tx, id).await?.filter(has_id) {
        return Ok(digest);
    }
    let named = order::digest_of(tx, id).await?;
    if let Some(digest) = named.filter(|digest| authority.open(*digest, now).is_ok()) {
        return Ok(digest);
    }
    let open = authority.open_orders().find(|(_, open)| open.read.order == id);
    Ok(open.map(|(digest, _)| digest).or(named).ok_or(Code::OrderUnknown)?)
}

async fn export(
    issuer: &Issuer,
    view: &View,
    tx: &mut Tx,
    (digest, read, body, now): (OrderDigest, &Order, &Body, u64),
) -> Result<OrderExport, IssuerError> {
    let bytes = view.authority().order_bytes(&digest.0).ok_or(Code::OrderUnknown)?;
    let (order, signature) = bytes;
    let mut extras = order::extras(tx, vec![digest]).await?;
    let extras = extras.remove(&digest).ok_or(Code::OrderUnknown)?;
    let disclosures = extras.disclosures;
    read.check_disclosures_of(body, &disclosures).map_err(|_| Code::OrderIncomplete)?;
    let certificates = Certificates::of(tx, std::iter::once(body)).await?;
    let (previous, renewed) = certificates.named(body)?;
    Ok(OrderExport {
        v: 1,
        signed: SignedOrder { order, signature, disclosures },
        registry: registry(issuer),
        previous,
        renewed,
        files: extras.files,
        files_before: files_before(view.authority(), body),
        rows: rows(view.authority(), tx, (body, now)).await?,
        standing: None,
        consequence: None,
    })
}

/// A batch that is over, for whoever drafted it: whom they register is read from what was signed,
/// and from no list of a portal's.
async fn batch_over(
    issuer: &Issuer,
    view: &View,
    tx: &mut Tx,
    (digest, person, now): (OrderDigest, &str, u64),
) -> Result<Option<OrderExport>, IssuerError> {
    let found = order::signed(tx, vec![digest]).await?.remove(&digest);
    let key = view.authority().registry_key();
    let ours = found.filter(|row| row.signed.is_signed_by(key));
    let Some(SignedRow { signed, .. }) = ours else { return Ok(None) };
    let read = Order::read(&signed.order.0).ok();
    let read = read.filter(|read| read.drafter == format!("person:{person}"));
    match read.and_then(|read| read.body().ok()) {
        Some(body @ Body::Batch(_)) => Ok(Some(OrderExport {
            v: 1,
            signed,
            registry: registry(issuer),
            previous: None,
            renewed: None,
            files: Vec::new(),
            files_before: Vec::new(),
            rows: rows(view.authority(), tx, (&body, now)).await?,
            standing: None,
            consequence: None,
        })),
        _ => Ok(None),
    }
}

fn registry(issuer: &Issuer) -> Vec<Bytes> {
    let context = &issuer.context;
    vec![context.registry_certificate.der().into(), context.root_certificate.der().into()]
}

/// Every order of a batch, open or not: what is signed covers all of them.
async fn rows(
    authority: &Authority,
    tx: &mut Tx,
    (body, now): (&Body, u64),
) -> Result<Vec<RowExport>, IssuerError> {
    let Body::Batch(batch) = body else { return Ok(Vec::new()) };
    let digests: Vec<OrderDigest> =
        batch.rows.iter().filter_map(|row| row.digest().map(OrderDigest)).collect();
    let mut found = order::signed(tx, digests.clone()).await?;
    let mut signed = Vec::with_capacity(digests.len());
    for digest in digests {
        let row = found.remove(&digest).ok_or(Code::OrderIncomplete)?;
        let body = Order::read(&row.signed.order.0).ok().and_then(|read| read.body().ok());
        signed.push((digest, row, body));
    }
    let bodies = signed.iter().filter_map(|(.., body)| body.as_ref());
    let certificates = Certificates::of(tx, bodies).await?;
    let row = |(digest, row, body): (OrderDigest, SignedRow, Option<Body>)| {
        let named = body.as_ref().map(|body| certificates.named(body)).transpose()?;
        let (previous, renewed) = named.unwrap_or_default();
        let look = look_of(authority, digest, &row.look, now);
        Ok(RowExport { signed: row.signed, previous, renewed, look, consequence: None })
    };
    signed.into_iter().map(row).collect()
}

/// Certificates of those for whom orders issue, by whose they are and by SHA-256; read with one
/// question for all of them.
struct Certificates(HashMap<(String, Bytes), Bytes>);

impl Certificates {
    async fn of(tx: &mut Tx, bodies: impl Iterator<Item = &Body>) -> Result<Self, IssuerError> {
        let names = |body: &Body| match body {
            Body::Issue(issue) if issue.previous.is_some() || issue.renewal.is_some() => {
                Some(issue.person.clone())
            }
            _ => None,
        };
        let people: BTreeSet<String> = bodies.filter_map(names).collect();
        if people.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let held = certificate::held_by(tx, people.into_iter().collect()).await?;
        let by_digest = |(person, der): (String, Vec<u8>)| {
            ((person, Bytes::from(Sha256::digest(&der).as_slice())), Bytes(der))
        };
        Ok(Self(held.into_iter().map(by_digest).collect()))
    }

    /// The last certificate, and the one that is renewed, where the order names them.
    fn named(&self, body: &Body) -> Result<(Option<Bytes>, Option<Bytes>), Code> {
        let Body::Issue(issue) = body else { return Ok((None, None)) };
        let known = |sha256: &Bytes| {
            let known = self.0.get(&(issue.person.clone(), sha256.clone()));
            known.cloned().ok_or(Code::OrderIncomplete)
        };
        let renewal = issue.renewal.as_ref().map(|renewal| &renewal.certificate);
        Ok((issue.previous.as_ref().map(known).transpose()?, renewal.map(known).transpose()?))
    }
}

/// The files that are in force before an order, where it names files.
fn files_before(authority: &Authority, body: &Body) -> Vec<File> {
    let file = |name: String, content: &str| vec![File { name, content: content.to_owned() }];
    match body {
        Body::Profile(body) => {
            let id = &body.profile.id;
            let known = authority.profile(id);
            known.map_or_else(Vec::new, |known| file(format!("profiles/{id}.toml"), &known.content))
        }
        Body::ApprovalRules(_) => file("approvals.toml".into(), authority.approval_rules_file()),
        Body::Bundle(_) => authority.bundle().files.clone(),
        _ => Vec::new(),
    }
}

/// How far an open order is, for somebody who may approve it.
async fn standing(
    view: &View,
    tx: &mut Tx,
    (digest, order, body): (OrderDigest, &Order, &Body),
    (person, now): (&str, u64),
) -> Result<OrderProgress, IssuerError> {
    let authority = view.authority();
    let given = authority.given(digest, now);
    let counting = authority.counting(digest, now);
    let own = authority.voices(person, digest, now);
    let all = counting.iter().map(|(one, _)| one).chain(&own);
    let ids = all.flat_map(|one| [Some(one.person), one.acting_for]);
    let ids = ids.flatten().map(|id| id.to_string()).collect();
    let names = names(tx, authority, ids).await?;
    let named = |id: &PersonId| names.get(&**id).cloned().unwrap_or_else(|| id.to_string());
    let name = |id: &PersonId| FactValue::from(named(id));
    // Names are set apart, so that none of them is read as somebody who acts for somebody.
    let approver = |(one, _): &(Capacity, bool)| match one.acting_for {
        Some(absent) => {
            let both = "{0}（代/for {1}）";
            phrase(both, both, vec![name(&one.person), name(&absent)]).zh()
        }
        None => FactValue::Row(vec![name(&one.person)]).zh(),
    };
    let voice = |one: &Capacity| Voice {
        acting_for: one.acting_for.map(|absent| absent.to_string()),
        name: named(&one.voice()),
    };
    Ok(OrderProgress {
        approvers: counting.iter().map(approver).collect(),
        needed: authority.needed(body),
        given: given.contains_key(person),
        browser: authority.has_room(body, &given)?,
        voices: own.iter().map(voice).collect(),
        look: look(authority, (order, body), &ca_store::table::order::look_of(tx, &digest).await?),
    })
}
