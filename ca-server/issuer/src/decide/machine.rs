//! What systems ask for by themselves: accounts under their orders, certificates within them, and
//! the end of either. Each was signed by the key that asks; whoever passed it on decides nothing.

use super::execute;
use super::issue::{record_intent, system_certificate};
use super::system::token;
use crate::command::Caller;
use crate::error::IssuerError;
use crate::issuance::IssuanceGrounds;
use crate::round::Round;
use authority::{AccountWish, Authority, OrderDigest, Sha256Value, SystemState, read_account};
use records::machine::{
    ACME_SECRET, AccountStatement, ChangeKey, Deactivate, Finalize, MachineAccount, OpenAccount,
    RevokeMachine, kid, secret, system_of,
};
use records::order::subject_of_system;
use records::record::{Cause, Event};
use records::{Bytes, Code};

/// Opens an account under the secret of a system's order. A key that has an account gets that one.
pub(crate) fn open(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &OpenAccount,
) -> Result<MachineAccount, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let now = round.now();
    let wish = round.authority().signatures().account_wish(&message.jws)?;
    if let Some(known) = round.authority().account_of_key(&wish.thumbprint).copied() {
        return Ok(existing(round.authority(), &known, &wish, now)?);
    }
    if wish.only_existing {
        return Err(Code::AccountUnknown.into());
    }
    let (system, order) = bound_to(round, &wish)?;
    round.authority().may_open(&wish, &system, now)?;
    let account = Bytes::from(wish.thumbprint).to_string();
    let said = AccountStatement {
        v: 1,
        founding: round.context.founding.into(),
        system: system.clone(),
        order: order.into(),
        account: account.clone(),
    };
    let signed = said.sign(&round.context.registry).map_err(anyhow::Error::from)?;
    let (statement, signature) = signed;
    let event = Event::MachineAccount { jws: message.jws.clone(), statement, signature };
    round.record(event, Vec::new())?;
    let state = round.authority().system(&system).ok_or(Code::SystemClosed)?;
    Ok(described(account, &system, state, true))
}

/// The system whose secret bound an account, and its order. Whoever does not have it is told
/// nothing of the system.
fn bound_to(round: &Round<'_>, wish: &AccountWish) -> Result<(String, OrderDigest), Code> {
    let named = wish.kid()?;
    let system = system_of(&named).ok_or(Code::BindingInvalid)?;
    let state = round.authority().system(system).ok_or(Code::BindingInvalid)?;
    let order = OrderDigest(state.order.digest().ok_or(Code::UnsignedAuthority)?);
    if kid(system, &order.0) != named {
        return Err(Code::BindingInvalid);
    }
    let token = token(round, system, order)?;
    wish.is_bound(&secret(&token, ACME_SECRET).0)?;
    Ok((system.to_owned(), order))
}

/// The account that a key has; one that it had once is none of its own any more.
fn existing(
    authority: &Authority,
    id: &Sha256Value,
    wish: &AccountWish,
    now: u64,
) -> Result<MachineAccount, Code> {
    let account = authority.account(id).ok_or(Code::AccountUnknown)?;
    if !account.has_key(&wish.thumbprint) {
        return Err(Code::KeyForeign);
    }
    let (_, system) = authority.check_account(id, now)?;
    Ok(described(Bytes::from(*id).to_string(), &account.system, system, true))
}

/// An account as its client's front is told of it.
pub(crate) fn account_of(
    authority: &Authority,
    account: &str,
    now: u64,
) -> Result<MachineAccount, Code> {
    let id = read_account(account).ok_or(Code::AccountUnknown)?;
    let state = authority.account(&id).ok_or(Code::AccountUnknown)?;
    let system = authority.system(&state.system).ok_or(Code::AccountUnknown)?;
    let open = authority.check_account(&id, now).is_ok();
    Ok(described(account.to_owned(), &state.system, system, open))
}

fn described(account: String, id: &str, system: &SystemState, open: bool) -> MachineAccount {
    MachineAccount {
        account,
        system: id.to_owned(),
        unit: system.unit.clone(),
        names: system.names.clone(),
        wildcards: system.wildcards,
        addresses: system.addresses.clone(),
        profile: system.profile.clone(),
        challenges: system.challenges,
        until: records::time::seconds(system.until),
        open,
    }
}

/// Records a use of a system's authorization; gives the serial number of the certificate to come.
/// The same again, from a front that did not hear the answer, gives the same certificate.
pub(crate) fn finalize(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &Finalize,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let authority = round.authority();
    let wish = authority.machine_wish_again(&message.account, &message.jws)?;
    if let Some(serial) = authority.used_already(&wish)? {
        return Ok(serial.to_string());
    }
    let covered = authority.covers_use(&wish, &message.vouched, round.now())?;
    let subject = subject_of_system(&covered.system);
    round.may_certify(&covered.key, &subject)?;
    let (serial, prepared) = system_certificate(round, &covered)?;
    // A portal's word is about names of the request: nothing else that it says comes into the log.
    let is_vouched = |name: &&String| message.vouched.contains(*name);
    let vouched: Vec<String> = covered.names.iter().filter(is_vouched).cloned().collect();
    let profile = covered.profile;
    let issuing = IssuanceGrounds { under: wish.under, profile, subject, reference: None };
    let event = |serial, tbs_sha256| Event::MachineUse {
        account: message.account.clone(),
        jws: message.jws.clone(),
        vouched,
        serial,
        tbs_sha256,
    };
    record_intent(round, (serial, &prepared), issuing, (event, Vec::new()))
}

/// Revokes a certificate because its own key or an account of its system asks for it: a brake.
pub(crate) fn revoke(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &RevokeMachine,
) -> Result<(), IssuerError> {
    round.admit(caller)?;
    let account = message.account.as_deref();
    let (serial, _) = round.authority().machine_revocation(account, &message.jws)?;
    if round.authority().is_ended(&serial.to_string()) {
        return Err(Code::CertificateRevoked.into());
    }
    let cause = Cause::Machine { account: message.account.clone(), jws: message.jws.clone() };
    execute::revoke(round, cause, Vec::new())
}

/// Gives an account another key; it signs once the tree has that. The same again, by whoever did
/// not hear the answer, finds it done.
pub(crate) fn change_key(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &ChangeKey,
) -> Result<MachineAccount, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let now = round.now();
    let id = read_account(&message.account).ok_or(Code::AccountUnknown)?;
    if round.authority().has_changed(&id, &message.jws) {
        return Ok(account_of(round.authority(), &message.account, now)?);
    }
    let wish = round.authority().key_wish(&id, &message.jws)?;
    round.authority().may_change(&wish, now)?;
    let described = account_of(round.authority(), &message.account, now)?;
    let event = Event::MachineKey { account: message.account.clone(), jws: message.jws.clone() };
    round.record(event, Vec::new())?;
    Ok(described)
}

/// Closes an account because its own key asks for it: a brake. While it gets another key, which of
/// them is its own is open, and nobody gets a certificate by either.
pub(crate) fn deactivate(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &Deactivate,
) -> Result<(), IssuerError> {
    round.admit(caller)?;
    let id = read_account(&message.account).ok_or(Code::AccountUnknown)?;
    round.authority().check_closing(&id, &message.jws)?;
    if round.authority().is_changing_key(&id) {
        return Err(Code::NotReady.into());
    }
    if !round.authority().is_account_open(&id) {
        return Err(Code::AccountClosed.into());
    }
    let event = Event::MachineClosed { account: message.account.clone(), jws: message.jws.clone() };
    round.record(event, Vec::new())?;
    Ok(())
}
