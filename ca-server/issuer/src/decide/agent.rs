//! Agents: the order with its token, and the join under it.

use super::issue::{ServiceName, record_intent, service_certificate};
use super::order::{OrderParts, make};
use crate::command::Caller;
use crate::context::IssuanceContext;
use crate::error::IssuerError;
use crate::issuance::IssuanceGrounds;
use crate::round::{Effect, Round};
use crate::rows::RowChange;
use crate::seal::SealContext;
use authority::{JoinClaim, OrderDigest};
use ca_host::operator::OperatorAnswer;
use records::join::{Join, JoinFile};
use records::order::{AgentBody, Body, ORDER_SECONDS};
use records::record::Event;
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const PROFILE: &str = "service";
/// Renewals of an agent's certificate by its old key, at most.
const RENEWALS_MAX: u32 = 10_000;

/// Makes an order of kind `agent`. To register one draws the token and writes the join file where
/// only the operator reads it; the order holds the token's SHA-256.
pub(crate) fn order(
    round: &mut Round<'_>,
    drafter: &str,
    mut body: AgentBody,
) -> Result<OperatorAnswer, IssuerError> {
    let token = Zeroizing::new(round.random::<32>()?);
    let registers = body.action == "register";
    if body.action != "close" {
        round.clock?;
    }
    if registers && body.renewals > RENEWALS_MAX {
        return Err(Code::Malformed.into());
    }
    if registers {
        body.token_sha256 = Bytes::from(Sha256::digest(token.as_slice()).as_slice());
    } else {
        let known = round.authority().agent(&body.agent).ok_or(Code::NotFound)?;
        body = AgentBody {
            unit: known.unit.clone(),
            application: known.application.clone(),
            hosts: known.hosts.clone(),
            units: known.units.clone(),
            token_sha256: Bytes::default(),
            renewals: 0,
            ..body
        };
    }
    let made = make(round, drafter, &Body::Agent(body.clone()), OrderParts::default())?;
    let letter = match registers {
        true => keep_token(round, &body, made.digest, &token)?,
        false => String::new(),
    };
    let approvals = (0, made.needed);
    Ok(OperatorAnswer { order: made.order, letter, approvals, ..Default::default() })
}

fn keep_token(
    round: &mut Round<'_>,
    body: &AgentBody,
    order: OrderDigest,
    token: &[u8; 32],
) -> Result<String, IssuerError> {
    let text = order.to_string();
    let nonce = round.random()?;
    let sealed =
        round.context.seal.seal(token, &token_of(round.context, &body.agent, &text), nonce)?;
    round.change(RowChange::Token(order, body.agent.clone(), sealed));
    let file = JoinFile {
        v: 1,
        agent: body.agent.clone(),
        application: body.application.clone(),
        hosts: body.hosts.clone(),
        order: order.into(),
        token: (*token).into(),
        expires: records::time::seconds(round.now() + ORDER_SECONDS),
        trust: round.context.trust.clone(),
    };
    let path = format!("issuer/letters/{}.{}.join.json", body.agent, round.id()?);
    let json = Zeroizing::new(serde_json::to_vec_pretty(&file).map_err(anyhow::Error::from)?);
    round.after(Effect::File(path.clone(), json));
    Ok(path)
}

/// Records a join; gives the serial number of the certificate to come. The same request again, from
/// an agent that did not hear the answer, gives the same certificate.
pub(crate) fn join(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &Join,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let under: [u8; 32] = Sha256::digest(&message.request.0).into();
    let agent = round.authority().agent(&message.agent).ok_or(Code::UseSignature)?.clone();
    let order = OrderDigest(agent.order.digest().ok_or(Code::UnsignedAuthority)?);
    let sealed = round.loaded.token(order)?;
    let token = token(round.context, (&message.agent, order), sealed)?;
    let claim = JoinClaim {
        agent: &message.agent,
        challenge: &message.challenge,
        request: &message.request,
        token: &token,
        value: &message.value,
    };
    let key = match round.authority().check_join(&claim, round.now()) {
        Err(Code::QuotaUsed) => return Ok(joined_before(round, &claim, &agent.order, &under)?),
        other => other?,
    };
    let name = format!("{}/agent", message.agent);
    round.may_certify(&key, &name)?;
    let of = ServiceName { name: &name, unit: &agent.unit, hosts: &agent.hosts, profile: PROFILE };
    let (serial, prepared) = service_certificate(round, &of, &key)?;
    let issuing =
        IssuanceGrounds { under, profile: PROFILE.into(), subject: name, reference: None };
    let event = |serial, tbs_sha256| Event::Joined {
        agent: message.agent.clone(),
        order: agent.order.clone(),
        challenge: message.challenge.clone(),
        request: message.request.clone(),
        token,
        value: message.value.clone(),
        serial,
        tbs_sha256,
    };
    record_intent(round, (serial, &prepared), issuing, (event, Vec::new()))
}

fn joined_before(
    round: &Round<'_>,
    claim: &JoinClaim<'_>,
    order: &Bytes,
    under: &[u8; 32],
) -> Result<String, Code> {
    let expected =
        authority::join_value(&claim.token.0, &order.0, &claim.challenge.0, &claim.request.0);
    let same: bool = subtle::ConstantTimeEq::ct_eq(expected.as_slice(), &claim.value.0).into();
    if !same {
        return Err(Code::UseSignature);
    }
    let promised = round.authority().promised(under).ok_or(Code::QuotaUsed)?;
    Ok(promised.to_string())
}

/// The token of an agent's order, as its row keeps it sealed.
pub(crate) fn token(
    context: &IssuanceContext,
    (agent, order): (&str, OrderDigest),
    sealed: &[u8],
) -> Result<Bytes, Code> {
    let text = order.to_string();
    let token = context.seal.open(sealed, &token_of(context, agent, &text));
    Ok(Bytes(token.ok_or(Code::UnsignedAuthority)?.to_vec()))
}

fn token_of<'a>(context: &'a IssuanceContext, agent: &'a str, order: &'a str) -> SealContext<'a> {
    let founding = &context.founding;
    SealContext { founding, purpose: "join", reference: order, person: agent, profile: PROFILE }
}
