//! What an account's former key signed before the account had another: an order whose answer was
//! lost is sent once more as it was signed, and ends with the certificate that it got.

use crate::authority::Authority;
use crate::machine::read_account;
use crate::machine_use::MachineWish;
use jose::FlatJws;
use records::code::Code;

impl Authority {
    /// The same as [`Authority::machine_wish`]; beside it a former key of the account counts for a
    /// use that the log, or a record on its way, has already. It asks for nothing new: whoever has
    /// a key that was exchanged gets no certificate by it.
    pub fn machine_wish_again(&self, account: &str, jws: &FlatJws) -> Result<MachineWish, Code> {
        match self.machine_wish(account, jws) {
            Err(Code::JwsSignature) => self.former_wish(account, jws),
            read => read,
        }
    }

    fn former_wish(&self, account: &str, jws: &FlatJws) -> Result<MachineWish, Code> {
        let id = read_account(account).ok_or(Code::AccountUnknown)?;
        let known = self.account(&id).ok_or(Code::AccountUnknown)?;
        let said = known.keys().skip(1).find_map(|key| self.said_with(&id, &key, jws).ok());
        let (url, _, payload) = said.ok_or(Code::JwsSignature)?;
        let wish = self.wish_said(id, &url, &payload)?;
        match self.used_already(&wish) {
            Ok(Some(_)) => Ok(wish),
            _ => Err(Code::JwsSignature),
        }
    }
}
