//! What a system's key signed, checked before the turn: by the key that stands in it, or by the one
//! that its account has in a view.

use crate::error::{request_code, weakness_code};
use authority::{Authority, Signatures, read_account, read_renewal};
use pki::possession::Possession;
use pki::{CertificationRequest, weak_key};
use records::est::{EST_SECRET, EnrolSystem, RenewSystem};
use records::join::{Join, Renew};
use records::machine::{
    ACME_SECRET, ChangeKey, Deactivate, Finalize, OpenAccount, RevokeMachine, secret,
};
use records::scep::{EnrolDevice, RenewDevice, challenge, challenge_in, kid_of};
use records::{Bytes, Code};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What a system's key signed. It is judged again when it is decided, by what holds then.
///
/// ```compile_fail,E0451
/// let forged = ca_issuer::verify::VerifiedMachine::<()> { message: todo!(), about: todo!() };
/// ```
pub struct VerifiedMachine<T> {
    message: T,
    about: String,
}

impl<T> VerifiedMachine<T> {
    /// As it was sent.
    pub fn message(&self) -> &T {
        &self.message
    }

    /// Whose turn it is: an account's, or a system's whose secret it has (`secret_name`). What has
    /// nobody's has one turn with all that have none, however many keys or users it is brought
    /// under.
    pub fn about(&self) -> &str {
        &self.about
    }
}

/// What may have the secret of a system.
pub(crate) trait ShowsSecret: Sized + Send {
    /// The id of the secret that it names.
    fn secret_named(&self, signatures: &Signatures) -> Option<String>;

    /// Whether it was made with the secret of this token.
    fn has_secret_of(&self, token: &[u8], signatures: &Signatures) -> bool;
}

impl<T> VerifiedMachine<T> {
    /// The id of the secret that it names, where whose turn it is rests on that.
    pub(crate) fn secret_named(&self, signatures: &Signatures) -> Option<String>
    where
        T: ShowsSecret,
    {
        let named = || self.message.secret_named(signatures);
        if self.about.is_empty() { named() } else { None }
    }

    /// The same in the turn of a system, whose secret it has.
    pub(crate) fn in_turn_of(self, system: &str) -> Self {
        Self { about: system.to_owned(), ..self }
    }
}

impl ShowsSecret for OpenAccount {
    fn secret_named(&self, signatures: &Signatures) -> Option<String> {
        signatures.account_wish(&self.jws).ok()?.kid().ok()
    }

    fn has_secret_of(&self, token: &[u8], signatures: &Signatures) -> bool {
        let wish = signatures.account_wish(&self.jws);
        wish.is_ok_and(|wish| wish.is_bound(&secret(token, ACME_SECRET).0).is_ok())
    }
}

impl ShowsSecret for EnrolSystem {
    fn secret_named(&self, _: &Signatures) -> Option<String> {
        Some(self.user.clone())
    }

    fn has_secret_of(&self, token: &[u8], _: &Signatures) -> bool {
        let right = Zeroizing::new(secret(token, EST_SECRET).to_string());
        right.as_bytes().ct_eq(self.password.as_bytes()).into()
    }
}

impl ShowsSecret for EnrolDevice {
    fn secret_named(&self, _: &Signatures) -> Option<String> {
        kid_of(&challenge_in(&self.request)?).map(str::to_owned)
    }

    fn has_secret_of(&self, token: &[u8], _: &Signatures) -> bool {
        let Some(given) = challenge_in(&self.request).map(Zeroizing::new) else { return false };
        let named = kid_of(&given).unwrap_or_default();
        let right = Zeroizing::new(challenge(token, named));
        right.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

impl VerifiedMachine<Renew> {
    /// Looks whether the key asks that may: an authorization's name is known to others. What may
    /// not ask is refused in its turn, so that it is recorded.
    pub fn using(message: Renew, authority: &Authority, now: u64) -> Self {
        let standing = authority.standing(&message.authorization);
        let again = standing.is_some_and(|standing| {
            standing.challenges.contains(&message.challenge) && standing.last == message.signature
        });
        let asks = match authority.check_use(&message, now) {
            Ok(_) | Err(Code::QuotaUsed) => true,
            Err(_) => again,
        };
        let about = if asks { message.authorization.clone() } else { "/renew".to_owned() };
        Self { message, about }
    }
}

impl VerifiedMachine<Join> {
    /// What a gate sent that joins: whether it has the token of its order is looked at where that
    /// is (`secret_name`), and decided in its turn.
    pub fn joining(message: Join) -> Self {
        Self { message, about: "/join".to_owned() }
    }
}

#[cfg(test)]
impl<T> VerifiedMachine<T> {
    /// Anything in somebody's turn, for tests of turns.
    pub(crate) fn unverified(message: T, about: &str) -> Self {
        Self { message, about: about.to_owned() }
    }
}

impl VerifiedMachine<OpenAccount> {
    /// Checks the signature by the key in it.
    pub fn opening(message: OpenAccount, authority: &Authority) -> Result<Self, Code> {
        let wish = authority.signatures().account_wish(&message.jws)?;
        let known = authority.account_of_key(&wish.thumbprint);
        let about = known.map_or_else(String::new, |account| Bytes::from(*account).to_string());
        Ok(Self { message, about })
    }
}

impl VerifiedMachine<Finalize> {
    /// Checks the signature by the account's key, and that of the request in it by its own, and
    /// judges the key to be certified.
    pub fn asking(message: Finalize, authority: &Authority) -> Result<Self, Code> {
        let wish = authority.machine_wish_again(&message.account, &message.jws)?;
        check_request(&wish.request, authority)?;
        let about = message.account.clone();
        Ok(Self { message, about })
    }
}

impl VerifiedMachine<EnrolSystem> {
    /// Checks the signature of the request; the password is looked at in the turn, where the
    /// token is.
    pub fn enrolling(message: EnrolSystem, authority: &Authority) -> Result<Self, Code> {
        check_request(&message.request, authority)?;
        Ok(Self { message, about: String::new() })
    }
}

impl VerifiedMachine<RenewSystem> {
    /// Checks that the certificate is ours and a system's, and the signature of the request.
    pub fn renewing(message: RenewSystem, authority: &Authority) -> Result<Self, Code> {
        authority.system_of_certificate(&message.certificate.0)?;
        check_request(&message.request, authority)?;
        let about = records::access::sha256(&message.certificate.0).to_string();
        Ok(Self { message, about })
    }
}

impl VerifiedMachine<EnrolDevice> {
    /// Checks the signature of the request; the challenge in it is looked at in the turn, where the
    /// token is.
    pub fn challenged(message: EnrolDevice, authority: &Authority) -> Result<Self, Code> {
        check_request(&message.request, authority)?;
        Ok(Self { message, about: String::new() })
    }
}

impl VerifiedMachine<RenewDevice> {
    /// Checks that a system's certificate of ours signed it, and the signature of the request in
    /// it.
    pub fn signed(message: RenewDevice, authority: &Authority) -> Result<Self, Code> {
        let asked = read_renewal(&message.signed)?;
        authority.system_of_certificate(&asked.certificate.0)?;
        check_request(&asked.request, authority)?;
        let about = records::access::sha256(&asked.certificate.0).to_string();
        Ok(Self { message, about })
    }
}

impl VerifiedMachine<RevokeMachine> {
    /// Checks the signature by the account's key, or by the certificate's: each of these has its
    /// turn, however often another one is ended again.
    pub fn revoking(message: RevokeMachine, authority: &Authority) -> Result<Self, Code> {
        let account = message.account.as_deref();
        let (serial, _) = authority.machine_revocation(account, &message.jws)?;
        let about = account.map_or_else(|| serial.to_string(), str::to_owned);
        Ok(Self { message, about })
    }
}

impl VerifiedMachine<ChangeKey> {
    /// Checks both signatures, by the key that the account has or, where the change was done, had.
    pub fn changing(message: ChangeKey, authority: &Authority) -> Result<Self, Code> {
        let id = read_account(&message.account).ok_or(Code::AccountUnknown)?;
        if !authority.has_changed(&id, &message.jws) {
            authority.key_wish(&id, &message.jws)?;
        }
        let about = message.account.clone();
        Ok(Self { message, about })
    }
}

impl VerifiedMachine<Deactivate> {
    /// Checks the signature by the account's key.
    pub fn closing(message: Deactivate, authority: &Authority) -> Result<Self, Code> {
        let id = read_account(&message.account).ok_or(Code::AccountUnknown)?;
        authority.check_closing(&id, &message.jws)?;
        let about = message.account.clone();
        Ok(Self { message, about })
    }
}

/// Checks that a request is signed by its own key.
fn check_request(request: &Bytes, authority: &Authority) -> Result<(), Code> {
    let signatures = authority.signatures();
    let remembered = |claimed: &Possession<'_>| signatures.possesses(claimed);
    let read = CertificationRequest::read_with(&request.0, remembered).map_err(request_code)?;
    weak_key::judge(read.key()).map_err(weakness_code)
}
