//! Authority as a value: what follows from the log, and what pending records take away already.

use crate::id::{OrderDigest, PersonId, Reference, Serial, Sha256Value};
use crate::signatures::Signatures;
use crate::state::{
    AccountState, Agent, BatchState, BundleState, Credential, Delegation, EmergencyState,
    FoundingFacts, GivenApproval, LetterState, ModeState, OpenIntent, OpenOrder, OrderEnd, Person,
    PersonCertificate, Portal, ProfileState, RenewalState, Revoked, Rules, ServiceCertificate,
    ServiceKey, Standing, SuspendedCertificate, SystemCertificate, SystemState, Unit,
};
use imbl::{OrdMap, OrdSet, Vector};
use records::bytes::Bytes;
use records::passkey::Passkey;
use records::rules::Role;
use std::sync::Arc;

/// What follows from the log up to its head.
#[derive(Clone)]
pub struct Authority {
    pub(crate) fixed: Arc<FoundingFacts>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) units: OrdMap<Arc<str>, Arc<Unit>>,
    pub(crate) people: OrdMap<PersonId, Arc<Person>>,
    /// People in office by the keyed digests of their national numbers.
    pub(crate) numbers: OrdMap<Sha256Value, PersonId>,
    /// By SHA-256 of the key, for keys issued under staff profiles or by the founding.
    pub(crate) credentials: OrdMap<Sha256Value, Credential>,
    pub(crate) profiles: OrdMap<Arc<str>, Arc<ProfileState>>,
    pub(crate) portals: OrdMap<Arc<str>, Arc<Portal>>,
    /// By SHA-256 of a portal's or agent's key, past ones included: whose it is.
    pub(crate) service_keys: OrdMap<Sha256Value, Arc<Vec<ServiceKey>>>,
    pub(crate) agents: OrdMap<Arc<str>, Arc<Agent>>,
    /// Systems that get certificates by themselves.
    pub(crate) systems: OrdMap<Arc<str>, Arc<SystemState>>,
    /// Their accounts, by the thumbprint of the key that opened each.
    pub(crate) accounts: OrdMap<Sha256Value, Arc<AccountState>>,
    /// Accounts by the thumbprint of every key that they had.
    pub(crate) account_keys: OrdMap<Sha256Value, Sha256Value>,
    /// How many accounts are open under each system's order.
    pub(crate) account_counts: OrdMap<Arc<str>, u32>,
    /// Certificates of systems by serial number.
    pub(crate) system_certificates: OrdMap<Serial, Arc<SystemCertificate>>,
    /// Those that were neither revoked nor seen to have ended, by system and end, and how many.
    pub(crate) living: OrdSet<(Arc<str>, u64, Serial)>,
    pub(crate) living_counts: OrdMap<Arc<str>, u32>,
    pub(crate) bundle: Arc<BundleState>,
    /// How gates take what their rules say, by application.
    pub(crate) modes: OrdMap<Arc<str>, Arc<ModeState>>,
    /// Emergencies whose cases are open.
    pub(crate) emergencies: OrdMap<OrderDigest, Arc<EmergencyState>>,
    pub(crate) letters: OrdMap<Reference, Arc<LetterState>>,
    pub(crate) orders: OrdMap<OrderDigest, Arc<OpenOrder>>,
    /// Orders carried out or replaced, until they would have expired.
    pub(crate) closed_orders: OrdMap<OrderDigest, (u64, OrderEnd)>,
    /// Open and closed orders by the second in which they expire.
    pub(crate) expiries: OrdSet<(u64, OrderDigest)>,
    /// Open orders by what they give that another order may take away.
    pub(crate) giving: OrdSet<(Arc<str>, OrderDigest)>,
    /// Open orders to revoke, by person.
    pub(crate) revoking: OrdSet<(PersonId, OrderDigest)>,
    /// Those of them that nobody signed the wish for.
    pub(crate) wished: OrdSet<OrderDigest>,
    /// Open orders that people drafted under their signatures, by person.
    pub(crate) drafting: OrdSet<(PersonId, OrderDigest)>,
    /// The same by their last second.
    pub(crate) drafting_ends: OrdSet<(u64, OrderDigest)>,
    /// Batches by digest, until they would have expired.
    pub(crate) batches: OrdMap<OrderDigest, BatchState>,
    /// Orders with the batches in which they stand.
    pub(crate) in_batches: OrdSet<(OrderDigest, OrderDigest)>,
    /// Every letter by the person whom it is for.
    pub(crate) letters_of: OrdSet<(PersonId, Reference)>,
    /// Letters by the handler who wanted them.
    pub(crate) lettered_by: OrdSet<(PersonId, Reference)>,
    pub(crate) revoked: OrdMap<Serial, Arc<Revoked>>,
    /// What is suspended and not revoked.
    pub(crate) suspended: OrdMap<Serial, Arc<Vec<SuspendedCertificate>>>,
    /// Names of suspensions that had their effect, with since when they count: none has it twice,
    /// on no certificate.
    pub(crate) suspensions: OrdMap<Sha256Value, u64>,
    /// What was released, and when last, unix: what suspended it before that is over.
    pub(crate) released: OrdMap<Serial, u64>,
    /// Roles that are lent, by the person who acts.
    pub(crate) delegations: OrdMap<PersonId, Arc<Vec<Delegation>>>,
    /// Everybody who was ever given a role beside that of an official; whether they hold it, their
    /// record says.
    pub(crate) appointed: OrdSet<PersonId>,
    /// Who left, and has a certificate that is not revoked.
    pub(crate) leaving: OrdSet<PersonId>,
    pub(crate) standing: OrdMap<Arc<str>, Arc<Standing>>,
    /// People's certificates by serial number.
    pub(crate) held: OrdMap<Serial, Arc<PersonCertificate>>,
    /// Certificates that somebody asked to be renewed, and what became of it.
    pub(crate) renewals: OrdMap<Serial, Arc<RenewalState>>,
    /// Certificates that have a successor, by the second from which they are superseded.
    pub(crate) superseding: OrdSet<(u64, Serial)>,
    /// Certificates of authorities and services by serial number.
    pub(crate) machines: OrdMap<Serial, Arc<ServiceCertificate>>,
    /// Every certified key with the serial numbers of its certificates.
    pub(crate) keys: OrdSet<(Sha256Value, Serial)>,
    /// Certified passkeys by credential id.
    pub(crate) passkeys: OrdMap<Arc<[u8]>, Arc<Passkey>>,
    /// Recorded intents without a result, by serial number.
    pub(crate) intents: OrdMap<Serial, Arc<OpenIntent>>,
    /// The serial number that was promised for a service's request, by its SHA-256.
    pub(crate) promised: OrdMap<Sha256Value, Serial>,
    /// Challenges of applications by SHA-256, until nobody can use them again.
    pub(crate) challenges: OrdMap<Sha256Value, u64>,
    pub(crate) challenge_times: OrdSet<(u64, Sha256Value)>,
    /// The newest time that an order's signature proves, unix: nothing counts as older.
    pub(crate) signed_time: u64,
    /// Orders added since closed ones were last forgotten.
    pub(crate) added: u32,
    /// How many roles were granted or lent so far, beside those of officials.
    pub(crate) grants: u64,
    pub(crate) signatures: Signatures,
    pub(crate) pending: Pending,
}

/// What is recorded but not yet in the tree, as far as it takes something away or brakes.
#[derive(Clone, Default)]
pub(crate) struct Pending {
    pub(crate) withdrawn: OrdSet<(Arc<str>, Role, Arc<str>)>,
    pub(crate) left: OrdSet<Arc<str>>,
    /// Delegations that are being ended, with the person who acted.
    pub(crate) undelegated: Vector<(Arc<str>, Delegation)>,
    pub(crate) revoked: OrdMap<Serial, Arc<Revoked>>,
    pub(crate) suspended: OrdMap<Serial, Arc<Vec<SuspendedCertificate>>>,
    /// Revoked ones whose intents were abandoned.
    pub(crate) abandoned: OrdSet<Serial>,
    pub(crate) lost: OrdSet<Reference>,
    pub(crate) voided: OrdSet<Reference>,
    /// Letters of applications that were rejected.
    pub(crate) rejected: OrdSet<Reference>,
    /// Orders that are carried out or replaced.
    pub(crate) ended: OrdMap<OrderDigest, OrderEnd>,
    pub(crate) portals: OrdSet<Arc<str>>,
    pub(crate) agents: OrdSet<Arc<str>>,
    /// Applications that are being suspended, with the orders that say so.
    pub(crate) suspended_applications: OrdMap<Arc<str>, Bytes>,
    /// Emergencies whose cases are being closed.
    pub(crate) reviewed: OrdSet<OrderDigest>,
    /// Systems that are being closed.
    pub(crate) systems: OrdSet<Arc<str>>,
    /// How many accounts are being opened, by system.
    pub(crate) accounts_opened: OrdMap<Arc<str>, u32>,
    /// Keys that become those of accounts, by thumbprint.
    pub(crate) account_keys: OrdSet<Sha256Value>,
    /// Accounts that are being closed, and those whose key changes.
    pub(crate) accounts_closed: OrdSet<Sha256Value>,
    pub(crate) accounts_changing: OrdSet<Sha256Value>,
    /// How many certificates are being issued to each system, with the request of each.
    pub(crate) system_uses: OrdMap<Arc<str>, u32>,
    pub(crate) system_requests: OrdMap<Serial, Sha256Value>,
    /// How many of them rest on a portal's word.
    pub(crate) system_by_word: OrdMap<Arc<str>, u32>,
    /// The uses for which challenges of SCEP are being taken.
    pub(crate) system_challenged: OrdMap<Arc<str>, Sha256Value>,
    /// The same of passwords of EST.
    pub(crate) system_enrolled: OrdMap<Arc<str>, Sha256Value>,
    /// Agents whose join is recorded.
    pub(crate) joined: OrdSet<Arc<str>>,
    pub(crate) units: OrdSet<Arc<str>>,
    /// Orders that can be approved already. Approvals count before the tree has them for orders
    /// that only take away: brakes do not wait.
    pub(crate) open: OrdMap<OrderDigest, Arc<OpenOrder>>,
    /// Those of them that revoke, by person.
    pub(crate) revoking: OrdSet<(PersonId, OrderDigest)>,
    /// Those of them that nobody signed the wish for.
    pub(crate) wished: OrdSet<OrderDigest>,
    /// Those of them that people drafted under their signatures.
    pub(crate) drafting: OrdSet<(PersonId, OrderDigest)>,
    /// Batches, and orders with the batches in which they stand.
    pub(crate) batches: OrdMap<OrderDigest, BatchState>,
    pub(crate) in_batches: OrdSet<(OrderDigest, OrderDigest)>,
    /// New people who are being registered.
    pub(crate) created: OrdSet<PersonId>,
    /// National numbers that are being registered, by their keyed digests.
    pub(crate) numbers: OrdSet<Sha256Value>,
    /// People whose letters are recorded and not yet in the tree.
    pub(crate) lettered: OrdSet<PersonId>,
    /// Those letters.
    pub(crate) letters: OrdSet<Reference>,
    /// The newest of them under each letter.
    pub(crate) newest: OrdMap<Reference, OrderDigest>,
    /// Approvals by order; nobody gives two, and a browser leaves room for those that come from
    /// outside it.
    pub(crate) given: OrdMap<OrderDigest, Vector<GivenApproval>>,
    /// Counters of passkeys by credential id: what was seen, is seen before the tree has it.
    pub(crate) counters: OrdMap<Arc<[u8]>, u32>,
    /// Keys that are being certified or registered, with whom they are to name.
    pub(crate) keys: OrdMap<Sha256Value, Arc<str>>,
    /// Certificates that are being issued, by letter.
    pub(crate) intended: OrdMap<Reference, Serial>,
    /// People whose certificates are being issued, each with the profile.
    pub(crate) certifying: OrdSet<(PersonId, Arc<str>)>,
    /// The newest orders to renew certificates.
    pub(crate) renewing: OrdMap<Serial, OrderDigest>,
    /// Successors that are being issued, by what they renew.
    pub(crate) renewed: OrdMap<Serial, Serial>,
    /// Certificates that are being issued to services, by SHA-256 of the request.
    pub(crate) promised: OrdMap<Sha256Value, Serial>,
    /// Standing authorizations that are being used: the key that asks next is not in the tree.
    pub(crate) used: OrdSet<Arc<str>>,
    /// Challenges of applications by SHA-256.
    pub(crate) challenges: OrdSet<Sha256Value>,
    /// Orders that are being carried out and change authority.
    pub(crate) enacted: usize,
}

impl Authority {
    /// A city of which nothing but its founding is known.
    pub(crate) fn empty(fixed: Arc<FoundingFacts>, rules: Rules, bundle: Arc<BundleState>) -> Self {
        Self {
            fixed,
            rules: Arc::new(rules),
            units: OrdMap::new(),
            people: OrdMap::new(),
            numbers: OrdMap::new(),
            credentials: OrdMap::new(),
            profiles: OrdMap::new(),
            portals: OrdMap::new(),
            service_keys: OrdMap::new(),
            agents: OrdMap::new(),
            systems: OrdMap::new(),
            accounts: OrdMap::new(),
            account_keys: OrdMap::new(),
            account_counts: OrdMap::new(),
            system_certificates: OrdMap::new(),
            living: OrdSet::new(),
            living_counts: OrdMap::new(),
            bundle,
            modes: OrdMap::new(),
            emergencies: OrdMap::new(),
            letters: OrdMap::new(),
            orders: OrdMap::new(),
            closed_orders: OrdMap::new(),
            expiries: OrdSet::new(),
            giving: OrdSet::new(),
            revoking: OrdSet::new(),
            wished: OrdSet::new(),
            drafting: OrdSet::new(),
            drafting_ends: OrdSet::new(),
            batches: OrdMap::new(),
            in_batches: OrdSet::new(),
            letters_of: OrdSet::new(),
            lettered_by: OrdSet::new(),
            revoked: OrdMap::new(),
            suspended: OrdMap::new(),
            suspensions: OrdMap::new(),
            released: OrdMap::new(),
            delegations: OrdMap::new(),
            appointed: OrdSet::new(),
            leaving: OrdSet::new(),
            standing: OrdMap::new(),
            held: OrdMap::new(),
            renewals: OrdMap::new(),
            superseding: OrdSet::new(),
            machines: OrdMap::new(),
            keys: OrdSet::new(),
            passkeys: OrdMap::new(),
            intents: OrdMap::new(),
            promised: OrdMap::new(),
            challenges: OrdMap::new(),
            challenge_times: OrdSet::new(),
            signed_time: 0,
            added: 0,
            grants: 0,
            signatures: Signatures::new(),
            pending: Pending::default(),
        }
    }

    /// The same authority, with this memory of what was verified.
    #[must_use]
    pub fn with_signatures(self, signatures: Signatures) -> Self {
        Self { signatures, ..self }
    }

    /// What was verified so far.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }
}
