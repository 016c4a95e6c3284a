//! The secret of a system as somebody names it. Its name is known to many: it stands in requests,
//! in settings of clients and on pages. So whoever names it has the turn of its system only if they
//! have the secret itself; who does not has one turn with all strangers, and keeps no client of
//! that system waiting.

use crate::context::IssuanceContext;
use crate::decide::system::opened;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::verify::{ShowsSecret, VerifiedMachine};
use authority::{Authority, OrderDigest};
use ca_store::table::letter;
use records::Code;
use records::machine::{kid, system_of};
use store::Tx;
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
