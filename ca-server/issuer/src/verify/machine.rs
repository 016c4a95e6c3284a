//! What a system's key signed, checked before the turn: by the key that stands in it, or by the one
//! that its account has in a view.

use crate::error::{request_code, weakness_code};
use authority::{Authority, read_account, read_renewal};
use pki::possession::Possession;
use pki::{CertificationRequest, weak_key};
use records::est::{EnrolSystem, RenewSystem};
use records::machine::{
    self, ChangeKey, Deactivate, Finalize, OpenAccount, RevokeMachine, system_of,
};
use records::scep::{EnrolDevice, RenewDevice, challenge_in, kid_of};
use records::{Bytes, Code};

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

    /// Whose turn it is: an account's, or a system's whose secret is named as it is. What names
    /// nobody's has one turn with all that does so, however many keys or users it is brought under.
    pub fn about(&self) -> &str {
        &self.about
    }
}

/// The system whose secret a text names, if its order in force has it.
fn system_named(kid: &str, authority: &Authority) -> String {
    let system = system_of(kid).unwrap_or_default();
    let order = authority.system(system).and_then(|known| known.order.digest());
    let is_its_own = order.is_some_and(|order| machine::kid(system, &order) == kid);
    if is_its_own { system.to_owned() } else { String::new() }
}

impl VerifiedMachine<OpenAccount> {
    /// Checks the signature by the key in it.
    pub fn opening(message: OpenAccount, authority: &Authority) -> Result<Self, Code> {
        let wish = authority.signatures().account_wish(&message.jws)?;
        let about = match authority.account_of_key(&wish.thumbprint) {
            Some(account) => Bytes::from(*account).to_string(),
            None => wish.kid().map_or_else(|_| String::new(), |kid| system_named(&kid, authority)),
        };
        Ok(Self { message, about })
    }
}

impl VerifiedMachine<Finalize> {
    /// Checks the signature by the account's key, and that of the request in it by its own, and
    /// judges the key to be certified.
    pub fn asking(message: Finalize, authority: &Authority) -> Result<Self, Code> {
        let wish = authority.machine_wish(&message.account, &message.jws)?;
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
        let about = system_named(&message.user, authority);
        Ok(Self { message, about })
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
        let challenge = challenge_in(&message.request).unwrap_or_default();
        let about = system_named(kid_of(&challenge).unwrap_or_default(), authority);
        Ok(Self { message, about })
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
