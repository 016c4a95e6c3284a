//! The secret of a system as somebody names it. Its name is known to many: it stands in requests,
//! in settings of clients and on pages. So whoever names it has the turn of its system only if they
//! have the secret itself; who does not has one turn with all strangers, and keeps no client of
//! that system waiting.

use crate::context::IssuanceContext;
use crate::decide::agent;
use crate::decide::system::opened;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::verify::{ShowsSecret, VerifiedMachine};
use authority::{Authority, OrderDigest, join_value};
use ca_store::table::letter;
use records::Code;
use records::join::Join;
use records::machine::{kid, system_of};
use store::Tx;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret of an order that is in force, by its name.
pub(crate) struct SecretName {
    pub(crate) system: String,
    pub(crate) order: OrderDigest,
    /// As it is named.
    pub(crate) kid: String,
}

impl SecretName {
    /// The system and the order in force that a text names.
    pub(crate) fn find(authority: &Authority, named: &str) -> Option<Self> {
        let system = system_of(named)?;
        let order = OrderDigest(authority.system(system)?.order.digest()?);
        let kid = kid(system, &order.0);
        (kid == named).then(|| Self { system: system.to_owned(), order, kid })
    }

    /// The token from which it follows. A row gives it, and the order says whether it is that.
    pub(crate) async fn token(
        &self,
        of: (&IssuanceContext, &Authority),
        tx: &mut Tx,
    ) -> Result<Zeroizing<Vec<u8>>, IssuerError> {
        let sealed = letter::tokens(tx, vec![self.order]).await?.remove(&self.order);
        let sealed = sealed.ok_or(Code::UnsignedAuthority)?;
        Ok(opened(of, (&self.system, self.order), &sealed)?)
    }

    /// Gives what was asked the turn of the system, if it has the secret.
    pub(crate) fn turn<T: ShowsSecret>(
        &self,
        asked: VerifiedMachine<T>,
        token: &[u8],
        authority: &Authority,
    ) -> VerifiedMachine<T> {
        match asked.message().has_secret_of(token, authority.signatures()) {
            true => asked.in_turn_of(&self.system),
            false => asked,
        }
    }
}

/// Gives what was asked its turn. Where the token cannot be read now it is that of strangers: the
/// writer judges it all the same.
pub(crate) async fn in_turn<T: ShowsSecret>(
    issuer: &Issuer,
    asked: VerifiedMachine<T>,
) -> VerifiedMachine<T> {
    let Some(view) = issuer.view_now() else { return asked };
    let authority = view.authority();
    let kid = asked.secret_named(authority.signatures());
    let Some(name) = kid.and_then(|kid| SecretName::find(authority, &kid)) else { return asked };
    let token = async {
        let mut tx = issuer.store.read_for_strangers().await?;
        name.token((&*issuer.context, authority), &mut tx).await
    };
    match token.await {
        Ok(token) => name.turn(asked, &token, authority),
        Err(_) => asked,
    }
}

/// The same for a gate that joins, which names itself and shows that it has the token of its order.
pub(crate) async fn join_in_turn(
    issuer: &Issuer,
    asked: VerifiedMachine<Join>,
) -> VerifiedMachine<Join> {
    let Some(view) = issuer.view_now() else { return asked };
    let known = view.authority().agent(&asked.message().agent);
    let Some(order) = known.and_then(|known| known.order.digest()).map(OrderDigest) else {
        return asked;
    };
    let sealed = async {
        let mut tx = issuer.store.read_for_strangers().await?;
        letter::tokens(&mut tx, vec![order]).await
    };
    match sealed.await.ok().and_then(|mut sealed| sealed.remove(&order)) {
        Some(sealed) => joining(&issuer.context, asked, (order, &sealed)),
        None => asked,
    }
}

/// Gives a gate that joins its own turn, if it has the token of its order.
pub(crate) fn joining(
    context: &IssuanceContext,
    asked: VerifiedMachine<Join>,
    (order, sealed): (OrderDigest, &[u8]),
) -> VerifiedMachine<Join> {
    let message = asked.message();
    let agent = message.agent.clone();
    let Ok(token) = agent::token(context, (&agent, order), sealed) else { return asked };
    let expected = join_value(&token.0, &order.0, &message.challenge.0, &message.request.0);
    match bool::from(expected.as_slice().ct_eq(&message.value.0)) {
        true => asked.in_turn_of(&agent),
        false => asked,
    }
}
