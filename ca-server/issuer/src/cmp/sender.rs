//! Whose a message is. The id of a secret leads to its order, and that to the token from which the
//! secret follows; a signature brings its certificate.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::secret_name::SecretName;
use crate::verify::{VerifiedCmp, cmp_secret};
use authority::{Authority, cmp_code};
use pkixcmp::PkiMessage;
use pkixcmp::mac::MacScheme;
use records::Code;
use zeroize::Zeroizing;

/// A secret that a message names, whether or not whoever sent it has it.
pub(super) struct NamedSecret {
    pub(super) name: SecretName,
    token: Zeroizing<Vec<u8>>,
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
        let named = core::str::from_utf8(&message.header().sender_key).ok();
        let named = named.and_then(|named| SecretName::find(authority, named));
        let Some(name) = named else { return Ok(Self::Key) };
        let mut tx = issuer.store.read().await?;
        let token = name.token((&*issuer.context, authority), &mut tx).await?;
        Ok(Self::Secret(NamedSecret { name, token }, scheme))
    }

    /// What was sent, if it was by whom it says.
    pub(super) fn verified(
        &self,
        message: &PkiMessage,
        authority: &Authority,
    ) -> Result<VerifiedCmp, Code> {
        match (message.mac().map_err(|error| cmp_code(&error))?, self) {
            (Some(_), _) if !message.has_directory_name() => Err(Code::MessageProtection),
            (Some(parameters), Self::Secret(named, _)) => {
                let secret = named.secret();
                let of = (named.name.system.as_str(), named.name.order, secret.as_bytes());
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
