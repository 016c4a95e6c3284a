//! Whose a message is. The id of a secret leads to its order, and that to the token from which the
//! secret follows; a signature brings its certificate.

use crate::decide::system::opened;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::verify::{VerifiedCmp, cmp_secret};
use authority::{Authority, OrderDigest, cmp_code};
use ca_store::table::letter;
use pkixcmp::PkiMessage;
use pkixcmp::mac::MacScheme;
use records::Code;
use records::machine::{kid, system_of};
use zeroize::Zeroizing;

/// A secret that a message names, whether or not whoever sent it has it.
pub(super) struct NamedSecret {
    system: String,
    order: OrderDigest,
    token: Zeroizing<Vec<u8>>,
    /// As messages name it.
    pub(super) kid: String,
}

impl NamedSecret {
    /// The secret itself.
    pub(super) fn secret(&self) -> Zeroizing<String> {
        cmp_secret(&self.token)
    }
}

/// By what whoever sent a message says that they are known.
pub(super) enum Sender {
    /// By a secret of ours.
    Secret(NamedSecret, MacScheme),
    /// By a key, or by nothing that is known here.
    Key,
}

impl Sender {
    /// Reads who it is said to be. A row gives the token, and the order says whether it is that.
    pub(super) async fn named(issuer: &Issuer, message: &PkiMessage) -> Result<Self, IssuerError> {
        let scheme = match message.mac() {
            Ok(None) => return Ok(Self::Key),
            Ok(Some(parameters)) => parameters.scheme(),
            // It is refused, in a way that its client believes.
            Err(_) => MacScheme::Pbm,
        };
        let view = issuer.opened().await?;
        let authority = view.authority();
        let Some((system, order)) = order_of(authority, &message.header().sender_key) else {
            return Ok(Self::Key);
        };
        let mut tx = issuer.store.read().await?;
        let sealed = letter::tokens(&mut tx, vec![order]).await?.remove(&order);
        let sealed = sealed.ok_or(Code::UnsignedAuthority)?;
        let token = opened((&*issuer.context, authority), (&system, order), &sealed)?;
        let kid = kid(&system, &order.0);
        Ok(Self::Secret(NamedSecret { system, order, token, kid }, scheme))
    }

    /// What was sent, if it was by whom it says.
    pub(super) fn verified(
        &self,
        message: &PkiMessage,
        authority: &Authority,
    ) -> Result<VerifiedCmp, Code> {
        match (message.mac().map_err(|error| cmp_code(&error))?, self) {
            (Some(parameters), Self::Secret(named, _)) => {
                let secret = named.secret();
                let of = (named.system.as_str(), named.order, secret.as_bytes());
                VerifiedCmp::by_secret(message, &parameters, of)
            }
            (Some(_), Self::Key) => Err(Code::MessageProtection),
            (None, _) => {
                // Without any protection there is nobody to speak of.
                message.algorithm().map_err(|error| cmp_code(&error))?;
                VerifiedCmp::signed(message, authority)
            }
        }
    }
}

/// The system and the order in force that the id of a secret names.
fn order_of(authority: &Authority, key_id: &[u8]) -> Option<(String, OrderDigest)> {
    let named = core::str::from_utf8(key_id).ok()?;
    let system = system_of(named)?;
    let order = OrderDigest(authority.system(system)?.order.digest()?);
    (kid(system, &order.0) == named).then(|| (system.to_owned(), order))
}
