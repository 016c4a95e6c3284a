//! Agents: the order with its token, and the join under it.

use super::orders::Beside;
use super::renew::Service;
use super::seal::Belongs;
use super::session::Session;
use super::{Issuer, IssuerError};
use authority::JoinClaim;
use ca_host::durable::write_private;
use ca_host::operator::OperatorAnswer;
use ca_host::random;
use ca_store::certificates::Issuing;
use ca_store::ledger;
use records::join::{Join, JoinFile};
use records::order::{AgentBody, Body, ORDER_SECONDS};
use records::record::Event;
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use store::{execute, row};
use zeroize::Zeroizing;

const PROFILE: &str = "service";

impl Issuer {
    /// Makes an order of kind `agent`. To register one draws the token and writes the join file where
    /// only the operator reads it; the order holds the token's SHA-256.
    pub(super) async fn agent_order(
        &self,
        session: &mut Session<'_>,
        mut body: AgentBody,
    ) -> Result<OperatorAnswer, IssuerError> {
        let token = Zeroizing::new(random::bytes::<32>()?);
        if body.action == "register" {
            body.token_sha256 = Bytes::from(Sha256::digest(token.as_slice()).as_slice());
        } else {
            let known = session.authority()?.agent(&body.agent).cloned();
            let known = known.ok_or(Code::NotFound)?;
            body = AgentBody {
                unit: known.unit,
                application: known.application,
                hosts: known.hosts,
                units: known.units,
                token_sha256: Bytes::default(),
                renewals: 0,
                ..body
            };
        }
        let body = Body::Agent(body);
        let needed = session.authority()?.needed(&body);
        let made = self.make_order(session, &body, Beside::default()).await?;
        let Body::Agent(body) = body else { return Err(Code::UnknownKind.into()) };
        let letter = match body.action.as_str() {
            "register" => self.keep_token(session, &body, &made.digest, &token).await?,
            _ => String::new(),
        };
        Ok(OperatorAnswer {
            order: made.order,
            letter,
            approvals: (0, needed),
            ..OperatorAnswer::default()
        })
    }

    async fn keep_token(
        &self,
        session: &mut Session<'_>,
        body: &AgentBody,
        order: &[u8; 32],
        token: &[u8; 32],
    ) -> Result<String, IssuerError> {
        let (founding, order_text) = (self.founding(), Bytes::from(*order).to_string());
        let belongs = token_of(&founding, &body.agent, &order_text);
        let sealed = self.seal.seal(token, &belongs)?;
        execute!(
            &mut session.tx,
            "insert into join_token (order_digest, agent_id, sealed) values ($1, $2, $3)",
            order.to_vec(),
            &body.agent,
            sealed
        )?;
        let file = JoinFile {
            v: 1,
            agent: body.agent.clone(),
            application: body.application.clone(),
            hosts: body.hosts.clone(),
            order: (*order).into(),
            token: (*token).into(),
            expires: records::time::seconds(session.now() + ORDER_SECONDS),
            trust: self.trust.clone(),
        };
        let path = format!("issuer/letters/{}.{}.join.json", body.agent, random::id()?);
        let json =
            Zeroizing::new(serde_json::to_string_pretty(&file).map_err(anyhow::Error::from)?);
        write_private(&self.config.path(&path), json.as_bytes())?;
        Ok(path)
    }

    /// Records a join; gives the serial number of the certificate to come. The same request again,
    /// from an agent that did not hear the answer, gives the same certificate.
    pub(super) async fn join(
        &self,
        session: &mut Session<'_>,
        message: &Join,
    ) -> Result<String, IssuerError> {
        self.guard(session, &[]).await?;
        let under: [u8; 32] = Sha256::digest(&message.request.0).into();
        let agent = session.authority()?.agent(&message.agent).cloned();
        let agent = agent.ok_or(Code::UseSignature)?;
        let order = agent.order.digest().ok_or(Code::UnsignedAuthority)?;
        let token = self.token(session, &message.agent, &order).await?;
        let claim = JoinClaim {
            agent: &message.agent,
            challenge: &message.challenge,
            request: &message.request,
            token: &token,
            value: &message.value,
        };
        let now = session.now();
        let key = match session.authority()?.check_join(&claim, now) {
            Err(Code::QuotaUsed) => return self.joined_before(session, &claim, &agent.order).await,
            other => other?,
        };
        let name = format!("{}/agent", message.agent);
        self.check_key(session, &key, &name).await?;
        let of = Service { name: &name, unit: &agent.unit, hosts: &agent.hosts, profile: PROFILE };
        let (serial, tbs) = self.service_certificate(session, &of, &key)?;
        let event = Event::Joined {
            agent: message.agent.clone(),
            order: agent.order.clone(),
            challenge: message.challenge.clone(),
            request: message.request.clone(),
            token,
            value: message.value.clone(),
            serial: serial.clone(),
            tbs_sha256: Bytes::from(Sha256::digest(&tbs).as_slice()),
        };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        let issuing = Issuing { under, profile: PROFILE.into(), subject: name, reference: None };
        self.insert_intent(session, &serial, &tbs, issuing).await?;
        Ok(serial)
    }

    async fn token(
        &self,
        session: &mut Session<'_>,
        agent: &str,
        order: &[u8; 32],
    ) -> Result<Bytes, IssuerError> {
        let found = row!(
            &mut session.tx,
            (Vec<u8>,),
            "select sealed from join_token where order_digest = $1",
            order.to_vec()
        )?;
        let (sealed,) = found.ok_or(Code::UseSignature)?;
        let (founding, order_text) = (self.founding(), Bytes::from(*order).to_string());
        let token = self.seal.open(&sealed, &token_of(&founding, agent, &order_text));
        Ok(Bytes(token.ok_or(Code::UnsignedAuthority)?.to_vec()))
    }

    async fn joined_before(
        &self,
        session: &mut Session<'_>,
        claim: &JoinClaim<'_>,
        order: &Bytes,
    ) -> Result<String, IssuerError> {
        let expected =
            authority::join_value(&claim.token.0, &order.0, &claim.challenge.0, &claim.request.0);
        let same: bool = subtle::ConstantTimeEq::ct_eq(expected.as_slice(), &claim.value.0).into();
        if !same {
            return Err(Code::UseSignature.into());
        }
        self.promised(session, claim.request).await?.ok_or_else(|| Code::QuotaUsed.into())
    }
}

fn token_of<'a>(founding: &'a [u8; 32], agent: &'a str, order: &'a str) -> Belongs<'a> {
    Belongs { founding, purpose: "join", reference: order, person: agent, profile: PROFILE }
}
