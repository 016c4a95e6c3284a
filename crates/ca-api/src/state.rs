//! How a city stands, for the officers' pages.

use records::access::Heartbeat;
use serde::{Deserialize, Serialize};

/// Lists, logs and gates at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityState {
    /// The CA's clock says this time, RFC 3339.
    pub now: String,
    /// The newest list of each authority.
    pub lists: Vec<ListState>,
    /// The logs are `control` and `access`, each with how far it is.
    pub logs: Vec<LogState>,
    /// The gates are those within the officer's scope.
    pub gates: Vec<GateState>,
    /// Version of the access rules in force.
    pub rules: u32,
    /// Orders that wait for approvals, in the whole city.
    pub waiting_orders: u64,
    /// Emergencies whose cases are open, in the whole city.
    #[serde(default)]
    pub emergencies: Vec<OpenEmergency>,
    /// What each process of the CA says on `/readyz`.
    pub processes: Vec<ProcessState>,
}

/// An emergency whose case is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenEmergency {
    /// Digest of its order.
    pub order: String,
    /// Application id.
    pub application: String,
    /// For so many people.
    pub people: u64,
    /// First second, RFC 3339.
    pub from: String,
    /// Last second, RFC 3339.
    pub until: String,
}

/// A process, by what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessState {
    /// The process is named as its certificate or its role is.
    pub process: String,
    /// Whether it said that it is ready, when it answered last.
    pub ready: bool,
    /// What it said that is wrong, full, or nearly full.
    pub told: Vec<String>,
    /// When it answered last, if it ever did.
    pub answered: Option<String>,
    /// Since when it does not answer, if so.
    pub silent_since: Option<String>,
}

impl ProcessState {
    /// Of a process: when it answered last, whether it was ready and what it told; since when it
    /// does not answer.
    pub fn of(
        process: &str,
        last: Option<(u64, bool, Vec<String>)>,
        silent_since: Option<u64>,
    ) -> Self {
        let answered = last.as_ref().map(|(at, ..)| records::time::seconds(*at));
        let (_, ready, told) = last.unwrap_or_default();
        let silent_since = silent_since.map(records::time::seconds);
        Self { process: process.to_owned(), ready, told, answered, silent_since }
    }
}

/// A revocation list as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListState {
    /// `root` or the issuing CA's id.
    pub issuer: String,
    /// The list has this cRLNumber (RFC 5280 5.2.3).
    pub number: u64,
    /// The list was made at its thisUpdate, RFC 3339.
    pub this_update: String,
    /// The list ends at its nextUpdate, RFC 3339.
    pub next_update: String,
}

/// A log and its sequencer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogState {
    /// The log is `control` or `access`.
    pub log: String,
    /// The newest checkpoint has so many records under it.
    pub size: u64,
    /// Records that are not in the tree yet.
    pub waiting: u64,
    /// Time of the oldest of them.
    pub waits_since: Option<String>,
}

/// A gate in front of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateState {
    /// The agent is named by its id: lower-case letters, digits and hyphens.
    pub agent: String,
    /// The gate stands in front of the application of this id.
    pub application: String,
    /// Unit that runs it, name and id.
    pub unit: String,
    /// The gate answers for these host names.
    pub hosts: Vec<String>,
    /// Units whose people it serves, name and id.
    pub serves: Vec<String>,
    /// It says whether the agent joined, so that it has a certificate.
    pub joined: bool,
    /// It says whether the agent is served.
    pub open: bool,
    /// Number of its newest snapshot of people.
    pub people: u64,
    /// When its last record about itself was made.
    pub seen: Option<String>,
    /// Since when the log does not hear of it, if so.
    pub silent: Option<String>,
    /// The agent said this of itself then.
    pub beat: Option<Heartbeat>,
}
