//! What a portal's machines' process asks of the issuer.

use crate::client::{Issuer, Refusal};
use crate::machines;
use records::Problem;
use records::cmp::{CmpMessage, CmpReply};
use records::est::{EnrolSystem, RenewSystem};
use records::join::RenewedChain;
use records::machine::{
    AskAccount, ChangeKey, CollectMachine, Deactivate, Finalize, Finalized, MachineAccount,
    MachineDone, OpenAccount, RenewalHint, RenewalQuery, RevokeMachine,
};
use records::scep::{EnrolDevice, RenewDevice};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Issuer {
    /// Opens an account.
    pub async fn open_account(&self, message: &OpenAccount) -> Result<MachineAccount, Refusal> {
        self.of_machines(machines::ACCOUNT, message).await
    }

    /// What an account may ask for.
    pub async fn account_of(&self, message: &AskAccount) -> Result<MachineAccount, Refusal> {
        self.of_machines(machines::ACCOUNT_OF, message).await
    }

    /// Hands in a request for a certificate; the same again is the same certificate.
    pub async fn finalize(&self, message: &Finalize) -> Result<Finalized, Refusal> {
        self.of_machines(machines::FINALIZE, message).await
    }

    /// Hands in a system's request by its password; the same again is the same certificate.
    pub async fn enrol_system(&self, message: &EnrolSystem) -> Result<Finalized, Refusal> {
        self.of_machines(machines::ENROL, message).await
    }

    /// Hands in a system's request by the certificate of a handshake; the same again is the same
    /// certificate.
    pub async fn renew_system(&self, message: &RenewSystem) -> Result<Finalized, Refusal> {
        self.of_machines(machines::RENEW, message).await
    }

    /// Hands in a device's request by the challenge in it; the same again is the same certificate.
    pub async fn enrol_device(&self, message: &EnrolDevice) -> Result<Finalized, Refusal> {
        self.of_machines(machines::ENROL_DEVICE, message).await
    }

    /// Hands in what a device signed to renew its certificate; the same again is the same
    /// certificate.
    pub async fn renew_device(&self, message: &RenewDevice) -> Result<Finalized, Refusal> {
        self.of_machines(machines::RENEW_DEVICE, message).await
    }

    /// Hands a message of CMP on; one that may revoke something finds a place of brakes.
    pub async fn cmp(&self, message: &CmpMessage, may_end: bool) -> Result<CmpReply, Refusal> {
        let path = if may_end { machines::CMP_END } else { machines::CMP };
        self.of_machines(path, message).await
    }

    /// Collects a certificate, leaf first, root last.
    pub async fn collect_machine(&self, message: &CollectMachine) -> Result<RenewedChain, Refusal> {
        self.of_machines(machines::COLLECT, message).await
    }

    /// Whether a certificate of a system had better be renewed at once.
    pub async fn renewal_hint(&self, message: &RenewalQuery) -> Result<RenewalHint, Refusal> {
        self.of_machines(machines::RENEWAL_HINT, message).await
    }

    /// Revokes a certificate of a system.
    pub async fn revoke_machine(&self, message: &RevokeMachine) -> Result<MachineDone, Refusal> {
        self.of_machines(machines::REVOKE, message).await
    }

    /// Gives an account another key.
    pub async fn change_key(&self, message: &ChangeKey) -> Result<MachineAccount, Refusal> {
        self.of_machines(machines::KEY_CHANGE, message).await
    }

    /// Closes an account.
    pub async fn deactivate(&self, message: &Deactivate) -> Result<MachineDone, Refusal> {
        self.of_machines(machines::DEACTIVATE, message).await
    }

    async fn of_machines<T: Serialize, R: DeserializeOwned>(
        &self,
        path: &str,
        message: &T,
    ) -> Result<R, Refusal> {
        self.0.ask::<T, R, Problem>(path, message).await?.map_err(Refusal::Refused)
    }
}
