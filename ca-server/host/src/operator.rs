//! What operators ask the running issuer to do, over its own socket in the state directory. A
//! request decides nothing: it becomes an order that people approve, or a letter that people use.
//! Who asked is told by the kernel and stands in the order as its drafter: who operates is
//! responsible.

use crate::CaConfig;
use pki::profile::LetterChannel;
use records::order::{
    AccessMode, AgentBody, DelegateBody, ModeBody, PersonAction, PortalBody, RoleAction,
    SystemBody, UnitAction,
};
use records::record::File;
use records::rules::Role;
use records::{Approval, Bytes, Code, Problem};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Longest request or answer, in bytes: rule bundles are the largest.
pub const MESSAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A command waits this long for what the issuer made of its request.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Longest path that a socket's address holds on Linux, in bytes.
const ADDRESS_BYTES_MAX: usize = 100;

/// Kinds of request that this version knows.
pub const REQUEST_KINDS: [&str; 23] = [
    "unit",
    "person",
    "role",
    "delegate",
    "profile",
    "approval-rules",
    "portal",
    "agent",
    "system",
    "mode",
    "emergency",
    "emergency-review",
    "bundle",
    "revoke",
    "release",
    "letter",
    "void-letter",
    "replace-letter",
    "withdraw",
    "approval",
    "renew",
    "root-list",
    "repair",
];

/// What an operator asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OperatorRequest {
    /// An order of kind `unit`.
    Unit {
        /// The operator wants this to happen to the unit.
        action: UnitAction,
        /// The unit is named by its id: lower-case letters, digits and hyphens.
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
        /// The operator wants this to happen to the person.
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
        /// The role is granted or withdrawn.
        action: RoleAction,
        /// The role is that of the person of this id.
        person: String,
        /// The role is named as in `roles.toml`.
        role: Role,
        /// The role is held over the unit of this id and everything below it.
        scope: String,
    },
    /// An order of kind `delegate`.
    Delegate {
        /// As it will stand in the order.
        body: Box<DelegateBody>,
    },
    /// An order of kind `profile`.
    Profile {
        /// The content of the file is TOML.
        content: String,
    },
    /// An order of kind `approval-rules`.
    ApprovalRules {
        /// The content of the file is TOML.
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
    /// An order of kind `system`; the token is drawn when it is made.
    System {
        /// As it will stand in the order, without the token and who runs it.
        body: Box<SystemBody>,
        /// Who runs it.
        operator: String,
        /// Mail address of the technical contact.
        contact: String,
    },
    /// An order of kind `mode`.
    Mode {
        /// As it will stand in the order.
        body: ModeBody,
    },
    /// An order of kind `emergency`.
    Emergency {
        /// The application is named by its id.
        application: String,
        /// Person ids of those whom it lets past the rules.
        people: Vec<String>,
        /// First second, RFC 3339.
        from: String,
        /// Last second, RFC 3339.
        until: String,
        /// Why.
        evidence: String,
    },
    /// An order of kind `emergency-review`.
    EmergencyReview {
        /// The order of the emergency is named by its digest, 32 bytes.
        order: Bytes,
        /// What was found.
        evidence: String,
    },
    /// An order of kind `bundle`.
    Bundle {
        /// The bundle gets this version.
        version: u32,
        /// The bundle has these files, each with its name and content.
        files: Vec<File>,
    },
    /// An order of kind `revoke`.
    Revoke {
        /// The person is named by their id, 16 Crockford base32 characters; a system as `system:`
        /// and its id.
        person: String,
        /// Serial numbers; all of the person's if empty, and of a system none.
        serials: Vec<String>,
        /// The reason is named as in RFC 5280 5.3.1.
        reason: String,
        /// What was looked at.
        evidence: String,
    },
    /// An order of kind `release`.
    Release {
        /// Serial number of what is suspended.
        serial: String,
        /// What was looked at.
        evidence: String,
    },
    /// A letter is wanted for a person.
    Letter {
        /// The letter is for the person of this id.
        person: String,
        /// A certificate of the profile of this id can be had with it.
        profile: String,
    },
    /// That nothing is issued under a letter any more.
    VoidLetter {
        /// Reference, as it is spelled.
        reference: String,
    },
    /// A letter for the same person and profile, in place of one that is voided with it.
    ReplaceLetter {
        /// Reference of the one that is voided, as it is spelled.
        reference: String,
    },
    /// That an open order be taken back, by whoever drafted it.
    Withdraw {
        /// The order is named by its digest, 32 bytes.
        order: Bytes,
    },
    /// An approval that came as a file.
    Approval {
        /// The approval as its officer signed it elsewhere.
        approval: Box<Approval>,
    },
    /// The use of a standing authorization by one of the CA's own services.
    Renew {
        /// As it is signed.
        message: Box<records::join::Renew>,
    },
    /// The root's next list, as its ceremony made it.
    RootList {
        /// The list as the root's key signed it elsewhere, DER.
        list: Bytes,
    },
    /// Write the rows and policy files again as the log says they are.
    Repair {},
}

impl OperatorRequest {
    /// Whether it asks for nothing but that something be taken away: a brake, which nothing delays.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Revoke { .. } | Self::VoidLetter { .. } | Self::Withdraw { .. } => true,
            Self::Unit { action, .. } => *action == UnitAction::Close,
            Self::Person { action, .. } => *action == PersonAction::Leave,
            Self::Role { action, .. } => *action == RoleAction::Withdraw,
            Self::Delegate { body } => body.action == RoleAction::Withdraw,
            Self::Portal { body } => body.action == "close",
            Self::Agent { body } => body.action == "close",
            Self::System { body, .. } => body.action == "close",
            Self::Mode { body } => body.mode == AccessMode::Suspended,
            Self::Profile { .. }
            | Self::ApprovalRules { .. }
            | Self::Bundle { .. }
            | Self::Emergency { .. }
            | Self::EmergencyReview { .. }
            | Self::Release { .. }
            | Self::Letter { .. }
            | Self::ReplaceLetter { .. }
            | Self::Approval { .. }
            | Self::Renew { .. }
            | Self::RootList { .. }
            | Self::Repair {} => false,
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorAnswer {
    /// Why it was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Problem>,
    /// Order id, if an order was made.
    #[serde(default)]
    pub order: String,
    /// Person id, if the request was about a person.
    #[serde(default)]
    pub person: String,
    /// Path of the letter or join file, if one was made.
    #[serde(default)]
    pub letter: String,
    /// Reference of the letter that was made.
    #[serde(default)]
    pub reference: String,
    /// By which ways the parts of its code come, where it is more than paper.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<LetterChannel>,
    /// Reference of the letter that was voided.
    #[serde(default)]
    pub voided: String,
    /// Order id of the order that was taken back.
    #[serde(default)]
    pub withdrawn: String,
    /// Serial number of a certificate that was issued to a service.
    #[serde(default)]
    pub serial: String,
    /// That certificate with its issuers, DER.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Bytes>,
    /// How many approvals the order has and needs.
    #[serde(default)]
    pub approvals: (u32, u32),
    /// Whether the log holds what was recorded: until then whoever has the database could take it
    /// back.
    #[serde(default)]
    pub logged: bool,
    /// Rows and files that were written again from the log.
    #[serde(default)]
    pub repaired: Vec<String>,
}

impl OperatorAnswer {
    /// A refusal under a reference number.
    pub fn refused(code: Code, reference: String) -> Self {
        Self { refused: Some(Problem::new(code, reference)), ..Self::default() }
    }
}

/// The socket's place in a state directory.
pub struct SocketPlace {
    /// Keeps the folder open, by whose descriptor a long path is shortened.
    _folder: fs::File,
    path: PathBuf,
}

impl SocketPlace {
    /// Where the issuer of a state directory listens.
    pub fn of(config: &CaConfig) -> std::io::Result<Self> {
        let folder_path = config.path("issuer");
        let folder = fs::File::open(&folder_path)?;
        let mut path = folder_path.join("operator.sock");
        if path.as_os_str().len() > ADDRESS_BYTES_MAX {
            path = PathBuf::from(format!("/proc/self/fd/{}/operator.sock", folder.as_raw_fd()));
        }
        Ok(Self { _folder: folder, path })
    }

    /// The socket lies at this path; a long one is spelled through a descriptor of its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Hands a request to the running issuer and waits for what it made of it.
pub async fn ask(config: &CaConfig, request: &OperatorRequest) -> anyhow::Result<OperatorAnswer> {
    let (place, message) = (SocketPlace::of(config)?, written(request)?);
    let Ok(mut socket) = UnixStream::connect(place.path()).await else {
        return Err(NobodyTookIt.into());
    };
    let exchange = async {
        socket.write_all(&message).await?;
        socket.shutdown().await?;
        let mut answer = Vec::new();
        socket.take(MESSAGE_BYTES_MAX).read_to_end(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = match tokio::time::timeout(ANSWER_WAIT, exchange).await {
        Ok(answer) => answer?,
        Err(_) => return Err(NobodyTookIt.into()),
    };
    // An issuer that was killed closes the connection without a word.
    if answer.is_empty() {
        return Err(NobodyTookIt.into());
    }
    Ok(serde_json::from_slice(&answer)?)
}

/// The bytes of a request, unless there are more than the issuer reads: it would hang up in the
/// middle of them, and nobody would be told why.
fn written(request: &OperatorRequest) -> anyhow::Result<Vec<u8>> {
    let message = serde_json::to_vec(request)?;
    let (length, most) = (message.len(), MESSAGE_BYTES_MAX);
    anyhow::ensure!(
        length as u64 <= most,
        "请求有 {length} 字节，至多 {most} 字节；请减少所交的文件 / the request has {length} bytes, and \
         {most} at most: hand in fewer or smaller files"
    );
    Ok(message)
}

/// No issuer runs, or it cannot decide at the moment.
#[derive(Debug, thiserror::Error)]
#[error(
    "没有运行中的签发进程受理；下一步：ca-server serve issuer，或 ca-server doctor / no running \
     issuer took the request; next: ca-server serve issuer, or ca-server doctor"
)]
pub struct NobodyTookIt;

#[cfg(test)]
mod tests {
    use super::*;

    /// As many bytes as the issuer reads are sent, and one more is told as too many.
    #[test]
    fn a_request_that_is_too_large_is_told_before_it_is_sent() {
        let of = |length| written(&OperatorRequest::Profile { content: "x".repeat(length) });
        let room = usize::try_from(MESSAGE_BYTES_MAX).unwrap() - of(0).unwrap().len();
        assert!(of(room).is_ok());
        let told = of(room + 1).unwrap_err().to_string();
        assert!(told.contains("16777217 bytes, and 16777216 at most"), "{told}");
    }
}
