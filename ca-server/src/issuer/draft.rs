//! What operators ask the running issuer to do, as rows. A draft decides nothing: it becomes an
//! order that people approve, or a letter that people use.

use crate::random;
use anyhow::Context;
use records::order::{AgentBody, PersonAction, PortalBody, RoleAction, UnitAction};
use records::record::File;
use records::rules::Role;
use records::{Approval, Code, Problem};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::{Store, execute, row};

/// How often a command looks what became of its draft, and how many times.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS_MAX: usize = 1_500;
const SETTLE_LOOKS_MAX: usize = 200;

/// Kinds of draft that this version knows.
pub const DRAFT_KINDS: [&str; 13] = [
    "unit",
    "person",
    "role",
    "profile",
    "approval-rules",
    "portal",
    "agent",
    "bundle",
    "revoke",
    "letter",
    "approval",
    "renew",
    "repair",
];

/// A draft.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Draft {
    /// An order of kind `unit`.
    Unit {
        /// What happens.
        action: UnitAction,
        /// Unit id.
        unit: String,
        /// Name; kept if empty.
        name: String,
        /// Whether it is a county.
        county: bool,
        /// Unit above; kept if empty.
        parent: String,
    },
    /// An order of kind `person`.
    Person {
        /// What happens.
        action: PersonAction,
        /// Person id; drawn when someone is created.
        person: String,
        /// Name; kept if empty.
        name: String,
        /// Mail address; kept if empty.
        mail: String,
        /// Unit id; kept if empty.
        unit: String,
        /// What was looked at.
        evidence: String,
    },
    /// An order of kind `role`.
    Role {
        /// Grant or withdraw.
        action: RoleAction,
        /// Person id.
        person: String,
        /// Role.
        role: Role,
        /// Unit id.
        scope: String,
    },
    /// An order of kind `profile`.
    Profile {
        /// The file.
        content: String,
    },
    /// An order of kind `approval-rules`.
    ApprovalRules {
        /// The file.
        content: String,
    },
    /// An order of kind `portal`.
    Portal {
        /// As it will stand in the order.
        body: Box<PortalBody>,
    },
    /// An order of kind `agent`; the token is drawn when it is made.
    Agent {
        /// As it will stand in the order, without the token.
        body: Box<AgentBody>,
    },
    /// An order of kind `bundle`.
    Bundle {
        /// Version.
        version: u32,
        /// Its files.
        files: Vec<File>,
    },
    /// An order of kind `revoke`.
    Revoke {
        /// Person id.
        person: String,
        /// Serial numbers; all of the person's if empty.
        serials: Vec<String>,
        /// RFC 5280 name.
        reason: String,
        /// What was looked at.
        evidence: String,
    },
    /// A letter.
    Letter {
        /// Person id.
        person: String,
        /// Profile id.
        profile: String,
    },
    /// An approval that came as a file.
    Approval {
        /// The approval.
        approval: Box<Approval>,
    },
    /// The use of a standing authorization by one of the CA's own services.
    Renew {
        /// As it is signed.
        message: Box<ca_api::Renew>,
    },
    /// Rewrite the rows and policy files from the log.
    Repair {},
}

/// What became of a draft.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftResult {
    /// Why it was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Problem>,
    /// Order id, if an order was made.
    #[serde(default)]
    pub order: String,
    /// Person id, if the draft was about a person.
    #[serde(default)]
    pub person: String,
    /// Path of the letter or join file, if one was made.
    #[serde(default)]
    pub letter: String,
    /// Serial number of a certificate that is being issued.
    #[serde(default)]
    pub serial: String,
    /// How many approvals the order has and needs.
    #[serde(default)]
    pub approvals: (u32, u32),
    /// Rows and files that were written again from the log.
    #[serde(default)]
    pub repaired: Vec<String>,
}

impl DraftResult {
    /// A refusal under a reference number.
    pub fn refused(code: Code, reference: String) -> Self {
        Self { refused: Some(Problem::new(code, reference)), ..Self::default() }
    }
}

/// Hands a draft in and waits for what the running issuer made of it.
pub async fn hand_in(store: &Store, draft: &Draft, micros: u64) -> anyhow::Result<DraftResult> {
    let id = random::id()?;
    let body = serde_json::to_string(draft)?;
    let mut tx = store.write().await?;
    execute!(
        &mut tx,
        "insert into draft (draft_id, kind, body, state, result, made) \
         values ($1, 'draft', $2, 'new', '', $3)",
        &id,
        body,
        i64::try_from(micros)?
    )?;
    tx.commit().await?;
    for _ in 0..LOOKS_MAX {
        let mut tx = store.read().await?;
        let found = row!(
            &mut tx,
            (String, String),
            "select state, result from draft where draft_id = $1",
            &id
        )?;
        let (state, result) = found.context("the draft is gone")?;
        let newest = store::pending::newest(&mut tx, "control").await?;
        drop(tx);
        if state != "new" {
            settled(store, newest).await?;
            return Ok(serde_json::from_str(&result)?);
        }
        tokio::time::sleep(LOOK).await;
    }
    // Nobody took it: withdraw it, so that it does not come to life later.
    let mut tx = store.write().await?;
    execute!(&mut tx, "delete from draft where draft_id = $1 and state = 'new'", &id)?;
    tx.commit().await?;
    Err(NobodyTookIt.into())
}

/// Waits a little until the tree holds every record up to `position`, so that what was made can be
/// used at once. With a stopped sequencer it goes on: the record is durable all the same.
async fn settled(store: &Store, position: i64) -> anyhow::Result<()> {
    for _ in 0..SETTLE_LOOKS_MAX {
        let mut tx = store.read().await?;
        let waiting = row!(
            &mut tx,
            (i64,),
            "select position from log_pending where log_id = 'control' and position <= $1 limit 1",
            position
        )?;
        drop(tx);
        if waiting.is_none() {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// No issuer runs, or it cannot decide at the moment.
#[derive(Debug, thiserror::Error)]
#[error("no running issuer took the draft; next: ca-server serve issuer, or ca-server doctor")]
pub struct NobodyTookIt;
