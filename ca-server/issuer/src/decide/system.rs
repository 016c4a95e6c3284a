//! Systems that get certificates by themselves: the order with the token of its secrets, and what
//! ends with it.

use super::execute::revoke;
use super::order::{OrderParts, make};
use crate::context::IssuanceContext;
use crate::error::IssuerError;
use crate::round::{Effect, Round};
use crate::rows::RowChange;
use crate::seal::SealContext;
use authority::{Authority, OrderDigest};
use ca_host::operator::OperatorAnswer;
use pki::mail::Mailbox;
use pki::name::{TEXT_CHARS_MAX, check_readable};
use records::cmp::CMP_SECRET;
use records::est::EST_SECRET;
use records::machine::{ACME_SECRET, SystemFile, kid, secret};
use records::order::{Body, CONTACT_PATH, OPERATOR_PATH, ORDER_SECONDS, SystemBody};
use records::record::Cause;
use records::{Bytes, Code, scep};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// No authorization lasts longer, in seconds: ten years.
const UNTIL_SECONDS_MAX: u64 = 10 * 366 * 86_400;

/// No system has more of anything that is counted: certificates of a week, certificates that count,
/// open accounts.
const COUNT_MAX: u32 = 1_000_000;

/// Who runs a system, and the mail address of its technical contact.
pub(crate) struct SystemPeople {
    pub(crate) operator: String,
    pub(crate) contact: String,
}

/// Makes an order of kind `system`. To register one draws the token and writes what is derived from
/// it where only the operator reads it; the order holds the token's SHA-256.
pub(crate) fn order(
    round: &mut Round<'_>,
    drafter: &str,
    body: SystemBody,
    people: SystemPeople,
) -> Result<OperatorAnswer, IssuerError> {
    let made = match body.action.as_str() {
        "close" => {
            let body = closing(round, body)?;
            let made = make(round, drafter, &Body::System(Box::new(body)), OrderParts::default())?;
            OperatorAnswer { order: made.order, approvals: (0, made.needed), ..none() }
        }
        _ => registering(round, drafter, body, people)?,
    };
    Ok(made)
}

fn none() -> OperatorAnswer {
    OperatorAnswer::default()
}

/// Whoever closes a system names it: the rest is what authority holds, which approvers read as what
/// ends.
fn closing(round: &Round<'_>, body: SystemBody) -> Result<SystemBody, Code> {
    let known = round.authority().system(&body.system).ok_or(Code::NotFound)?;
    Ok(SystemBody {
        name: known.name.clone(),
        unit: known.unit.clone(),
        leader: known.leader.clone(),
        operator: None,
        contact: None,
        names: known.names.clone(),
        wildcards: known.wildcards,
        addresses: known.addresses.clone(),
        profile: known.profile.clone(),
        per_week: known.per_week,
        live: known.live,
        accounts: known.accounts,
        challenges: known.challenges,
        until: String::new(),
        token_sha256: Bytes::default(),
        ..body
    })
}

fn registering(
    round: &mut Round<'_>,
    drafter: &str,
    mut body: SystemBody,
    people: SystemPeople,
) -> Result<OperatorAnswer, IssuerError> {
    round.clock?;
    let until = records::time::read(&body.until).ok_or(Code::Malformed)?;
    let longest = round.now().saturating_add(UNTIL_SECONDS_MAX);
    if until <= round.now() || until > longest {
        return Err(Code::Malformed.into());
    }
    if [body.per_week, body.live, body.accounts].iter().any(|count| *count > COUNT_MAX) {
        return Err(Code::Malformed.into());
    }
    check_readable(&people.operator, TEXT_CHARS_MAX).map_err(|_| Code::Malformed)?;
    Mailbox::read(&people.contact).map_err(|_| Code::Malformed)?;
    let (operator, operator_opened) = round.commitment(OPERATOR_PATH, people.operator)?;
    let (contact, contact_opened) = round.commitment(CONTACT_PATH, people.contact)?;
    (body.operator, body.contact) = (Some(operator), Some(contact));
    let token = token_of_programs(round)?;
    body.token_sha256 = Bytes::from(Sha256::digest(token.as_slice()).as_slice());
    let disclosures = vec![operator_opened, contact_opened];
    let parts = OrderParts { disclosures, ..OrderParts::default() };
    let made = make(round, drafter, &Body::System(Box::new(body.clone())), parts)?;
    let letter = keep_token(round, &body, made.digest, &token)?;
    let approvals = (0, made.needed);
    Ok(OperatorAnswer { order: made.order, letter, approvals, ..none() })
}

/// A token none of whose secrets begins with a hyphen as text: certbot takes such a value for
/// another of its options.
fn token_of_programs(round: &mut Round<'_>) -> Result<Zeroizing<[u8; 32]>, IssuerError> {
    loop {
        let token = Zeroizing::new(round.random::<32>()?);
        let is_option = |of| secret(token.as_slice(), of).to_string().starts_with('-');
        if ![ACME_SECRET, EST_SECRET, CMP_SECRET].into_iter().any(is_option) {
            return Ok(token);
        }
    }
}

fn keep_token(
    round: &mut Round<'_>,
    body: &SystemBody,
    order: OrderDigest,
    token: &[u8; 32],
) -> Result<String, IssuerError> {
    let text = order.to_string();
    let nonce = round.random()?;
    let belongs = token_of(round.context, &body.system, (&text, &body.profile));
    let sealed = round.context.seal.seal(token, &belongs, nonce)?;
    // An agent has no slash in its id: no token is taken for another's.
    round.change(RowChange::Token(order, format!("system/{}", body.system), sealed));
    let kid = kid(&body.system, &order.0);
    let file = SystemFile {
        v: 1,
        system: body.system.clone(),
        order: order.into(),
        order_until: records::time::seconds(round.now().saturating_add(ORDER_SECONDS)),
        eab_hmac: secret(token, ACME_SECRET),
        est_password: secret(token, EST_SECRET),
        scep_challenge: scep::challenge(token, &kid),
        kid,
        cmp_secret: secret(token, CMP_SECRET),
        trust: round.context.trust.clone(),
        expires: body.until.clone(),
    };
    let path = format!("issuer/letters/{}.{}.system.json", body.system, round.id()?);
    let json = Zeroizing::new(serde_json::to_vec_pretty(&file).map_err(anyhow::Error::from)?);
    round.after(Effect::File(path.clone(), json));
    Ok(path)
}

/// The token of an order that is in force, as its row keeps it sealed.
pub(super) fn token(
    round: &Round<'_>,
    system: &str,
    order: OrderDigest,
) -> Result<Zeroizing<Vec<u8>>, Code> {
    let sealed = round.loaded.token(order).map_err(|_| Code::UnsignedAuthority)?;
    opened((round.context, round.authority()), (system, order), sealed)
}

/// The same as its row gave it to whoever asks beside the writer; whether it is the token, the
/// order says.
pub(crate) fn opened(
    (context, authority): (&IssuanceContext, &Authority),
    (system, order): (&str, OrderDigest),
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Code> {
    let state = authority.system(system).ok_or(Code::BindingInvalid)?;
    let text = order.to_string();
    let belongs = token_of(context, system, (&text, &state.profile));
    let token = context.seal.open(sealed, &belongs).ok_or(Code::UnsignedAuthority)?;
    let is_own = Sha256::digest(token.as_slice()).as_slice() == state.token_sha256.0;
    if is_own { Ok(token) } else { Err(Code::UnsignedAuthority) }
}

fn token_of<'a>(
    context: &'a IssuanceContext,
    system: &'a str,
    (order, profile): (&'a str, &'a str),
) -> SealContext<'a> {
    let founding = &context.founding;
    SealContext { founding, purpose: "system", reference: order, person: system, profile }
}

/// Revokes what systems still have that are over, since they were closed or their unit was; false
/// if there is nothing.
pub(crate) fn end(round: &mut Round<'_>) -> Result<bool, IssuerError> {
    let over: Vec<String> = round.authority().ending_systems().map(str::to_owned).collect();
    for system in &over {
        revoke(round, Cause::Closed { system: system.clone() }, Vec::new())?;
    }
    Ok(!over.is_empty())
}
