//! Roles and approval rules, as `policies/roles.toml` and `policies/approvals.toml` say them.

use pki::CertificateProfile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a person can be, besides a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The holder uses applications.
    Official,
    /// Prepares papers for a unit.
    UnitHandler,
    /// The holder vets people and approves what is about them.
    RegistrationOfficer,
    /// Approves beside an officer of another unit of the pool.
    PoolOfficer,
    /// The holder runs the machines.
    SystemAdministrator,
    /// Puts rules and roles in force.
    SecurityAdministrator,
    /// The holder reads the log and takes evidence away.
    Auditor,
    /// Owns an application behind a gate.
    ApplicationOwner,
}

impl Role {
    /// All roles of this version.
    pub const ALL: [Self; 8] = [
        Self::Official,
        Self::UnitHandler,
        Self::RegistrationOfficer,
        Self::PoolOfficer,
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::Auditor,
        Self::ApplicationOwner,
    ];

    /// The name in files and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::UnitHandler => "unit-handler",
            Self::RegistrationOfficer => "registration-officer",
            Self::PoolOfficer => "pool-officer",
            Self::SystemAdministrator => "system-administrator",
            Self::SecurityAdministrator => "security-administrator",
            Self::Auditor => "auditor",
            Self::ApplicationOwner => "application-owner",
        }
    }

    /// As people call it, in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Official => "公职人员",
            Self::UnitHandler => "经办人",
            Self::RegistrationOfficer => "登记员",
            Self::PoolOfficer => "联审员",
            Self::SystemAdministrator => "系统管理员",
            Self::SecurityAdministrator => "安全保密管理员",
            Self::Auditor => "安全审计员",
            Self::ApplicationOwner => "应用系统负责人",
        }
    }

    /// As people call it, in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::UnitHandler => "unit handler",
            Self::RegistrationOfficer => "registration officer",
            Self::PoolOfficer => "pool officer",
            Self::SystemAdministrator => "system administrator",
            Self::SecurityAdministrator => "security administrator",
            Self::Auditor => "auditor",
            Self::ApplicationOwner => "application owner",
        }
    }

    /// The role of this name, as formats spell it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A role over a unit and everything below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// The person holds this role.
    pub role: Role,
    /// The role is held over the unit of this id and everything below it.
    pub scope: String,
}

/// Where an approver's role must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Over the unit that the order concerns.
    Unit,
    /// Over the whole city.
    City,
}

/// What one kind of order asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// Only approvals by holders of these roles count.
    pub roles: Vec<Role>,
    /// The roles have to be held over units of this scope.
    pub scope: Scope,
    /// So many different persons have to approve.
    pub count: u8,
    /// How many of them outside the browser.
    pub outside_browser: u8,
    /// How many orders of a batch each of them has to open, at least.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sample: u16,
    /// And of a large one this share of them, in percent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sample_percent: u16,
}

fn is_zero(count: &u16) -> bool {
    *count == 0
}

impl ApprovalRule {
    /// How many orders of a batch of so many each approver has to open.
    pub fn sample_of(&self, rows: usize) -> u16 {
        let share = rows.saturating_mul(usize::from(self.sample_percent)).div_ceil(100);
        let wanted = share.max(usize::from(self.sample)).min(rows);
        u16::try_from(wanted).unwrap_or(u16::MAX)
    }
}

/// The approval rules of all kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRules {
    /// The file is in this version, which an order raised.
    pub version: u32,
    /// Each kind of order has a rule.
    pub kind: BTreeMap<String, ApprovalRule>,
}

/// What one role may hold and combine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// The role in plain words, in Chinese.
    pub zh: String,
    /// The role in plain words, in English.
    pub en: String,
    /// The profile under which the role's keys are issued.
    pub profile: String,
    /// Roles that the same person cannot hold beside it (三员分立).
    #[serde(default)]
    pub never_with: Vec<Role>,
}

/// The file `roles.toml`: what each role may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRules {
    /// The file is in this version, which an order raised.
    pub version: u32,
    /// Each role has its own rule.
    pub role: BTreeMap<Role, RoleRule>,
}

/// Why a rule file is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RulesError(pub String);

/// The kinds of order that this version knows.
pub const KINDS: [&str; 14] = [
    "issue",
    "unit",
    "person",
    "role",
    "delegate",
    "profile",
    "approval-rules",
    "portal",
    "agent",
    "system",
    "bundle",
    "revoke",
    "release",
    "credential",
];

/// Kinds that came later, each with the one whose rule holds for it where a file says nothing: what
/// a city has in force stays as it is.
pub const LATER_KINDS: [(&str, &str); 3] =
    [("mode", "bundle"), ("emergency", "bundle"), ("emergency-review", "bundle")];

impl ApprovalRules {
    /// Reads the file; every kind has a rule, and every rule asks for someone outside the browser.
    pub fn read(text: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(text).map_err(|error| RulesError(error.to_string()))?;
        if let Some(kind) = KINDS.iter().find(|kind| !rules.kind.contains_key(**kind)) {
            return Err(RulesError(format!("no rule for orders of kind `{kind}`")));
        }
        for (kind, rule) in &rules.kind {
            let is_later = LATER_KINDS.iter().any(|(later, _)| later == kind);
            if !KINDS.contains(&kind.as_str()) && !is_later {
                return Err(RulesError(format!("orders of kind `{kind}` are not known")));
            }
            let sane = rule.count >= 1
                && (1..=rule.count).contains(&rule.outside_browser)
                && !rule.roles.is_empty();
            if kind == "emergency" && rule.count < 2 {
                return Err(RulesError("the rule for `emergency` asks for one alone".to_owned()));
            }
            if rule.sample_percent > 100 {
                return Err(RulesError(format!("the rule for `{kind}` opens more than all")));
            }
            if !sane {
                return Err(RulesError(format!(
                    "the rule for `{kind}` asks for nobody outside the browser"
                )));
            }
        }
        Ok(rules)
    }

    /// The rule of a kind.
    pub fn rule(&self, kind: &str) -> Option<&ApprovalRule> {
        let like = LATER_KINDS.iter().find(|(later, _)| *later == kind);
        self.kind.get(kind).or_else(|| self.kind.get(like?.1))
    }
}

/// So many persons a rule or a profile that is to come into force asks for at most. An order keeps
/// twice as many approvals; of a rule that asks for more than it keeps none would ever be changed.
pub const APPROVERS_MAX: u8 = 16;

impl ApprovalRules {
    /// Refuses rules that nobody could keep to. Asked of what is to come into force, and not of
    /// what is.
    pub fn check_approvers(&self) -> Result<(), RulesError> {
        self.kind.iter().try_for_each(|(kind, rule)| check_count(kind, rule.count))
    }
}

/// Refuses a profile that nobody could keep to, likewise.
pub fn check_approvers(profile: &CertificateProfile) -> Result<(), RulesError> {
    let count = profile.approvals().map_or(0, |asked| asked.count);
    check_count(profile.id(), count)
}

fn check_count(of: &str, count: u8) -> Result<(), RulesError> {
    if count <= APPROVERS_MAX {
        return Ok(());
    }
    Err(RulesError(format!(
        "“{of}”须由 {count} 人批准，至多 {APPROVERS_MAX} 人 / \
         `{of}` asks for {count} persons, and {APPROVERS_MAX} can be asked for at most"
    )))
}

impl RoleRules {
    /// Reads the file; every role is described.
    pub fn read(text: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(text).map_err(|error| RulesError(error.to_string()))?;
        match Role::ALL.iter().find(|role| !rules.role.contains_key(role)) {
            Some(role) => Err(RulesError(format!("the role `{}` is not described", role.name()))),
            None => Ok(rules),
        }
    }
}
