//! The body of the order by which a system of a unit gets and renews certificates by itself: its
//! standing authorization. What may ask under it is the key of an account that was opened with a
//! secret of this order; see [`crate::machine`].

use crate::bytes::Bytes;
use crate::commitment::Commitment;
use pki::host::Host;
use serde::{Deserialize, Serialize};

/// Most names, and most addresses, of one system.
pub const SYSTEM_NAMES_MAX: usize = 100;
/// Where the text is committed to that says who runs a system.
pub const OPERATOR_PATH: &str = "/operator";
/// Where the mail address of a system's technical contact is.
pub const CONTACT_PATH: &str = "/contact";

/// Kind `system`: registers or closes a system. Registering one that exists replaces it: its
/// accounts are over, its certificates stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemBody {
    /// `register` or `close`.
    pub action: String,
    /// System id.
    pub system: String,
    /// What people call it.
    pub name: String,
    /// The owner's unit.
    pub unit: String,
    /// Person id of who is in charge of it (谁主管); they do not approve it.
    pub leader: String,
    /// Commitment to who runs it (谁运行); nothing where it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Commitment>,
    /// Commitment to the mail address of the technical contact; nothing where it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Commitment>,
    /// Host names, as certificates have them: a name is itself alone, `*.` and a name everything
    /// below that name, and not the name.
    pub names: Vec<String>,
    /// Whether a certificate may name a wildcard, below a name with `*.`.
    pub wildcards: bool,
    /// IP addresses.
    pub addresses: Vec<String>,
    /// Profile id, of a profile for systems.
    pub profile: String,
    /// Most certificates of a week, which begins on Monday at 0 o'clock UTC.
    pub per_week: u32,
    /// Most certificates that count at the same time.
    pub live: u32,
    /// Most accounts that are open at the same time.
    pub accounts: u32,
    /// Whether the protocol front must have seen that a challenge was answered for each name;
    /// without, the names are those of an inner net, and the order vouches for them.
    pub challenges: bool,
    /// Last second in which it may be used; empty where it is closed.
    pub until: String,
    /// SHA-256 of the token from which its secrets are derived; empty where it is closed.
    pub token_sha256: Bytes,
}

/// What is in force before an order of kind `system`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemBefore {
    /// What people call it.
    pub name: String,
    /// The owner's unit.
    pub unit: String,
    /// Person id of who is in charge of it.
    pub leader: String,
    /// The commitment to who runs it; left out of a brake where nothing opens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Commitment>,
    /// The same of the mail address of its technical contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Commitment>,
    /// Host names.
    pub names: Vec<String>,
    /// Whether a certificate may name a wildcard.
    pub wildcards: bool,
    /// IP addresses.
    pub addresses: Vec<String>,
    /// Profile id.
    pub profile: String,
    /// Most certificates of a week.
    pub per_week: u32,
    /// Most certificates that count at the same time.
    pub live: u32,
    /// Most open accounts.
    pub accounts: u32,
    /// Whether challenges must have been answered.
    pub challenges: bool,
    /// Last second in which it may be used.
    pub until: String,
    /// Whether it may be used.
    pub open: bool,
    /// Of one that closes: how many certificates are revoked with it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub certificates: u32,
}

/// Whether there is nothing to count.
pub(super) fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How a certificate of a system is called where those of services are called after their process,
/// and under which name rows are asked for what opens its commitments: no person's id, and no
/// service, has a colon.
pub fn subject_of_system(system: &str) -> String {
    format!("system:{system}")
}

/// Both commitments of a system with their paths, as far as they are there.
fn committed<'a>(
    operator: &'a Option<Commitment>,
    contact: &'a Option<Commitment>,
) -> Vec<(String, &'a Commitment)> {
    let operator = operator.iter().map(|held| (OPERATOR_PATH.to_owned(), held));
    let contact = contact.iter().map(|held| (CONTACT_PATH.to_owned(), held));
    operator.chain(contact).collect()
}

impl SystemBefore {
    /// Every commitment in it with its path.
    pub(super) fn commitments(&self) -> Vec<(String, &Commitment)> {
        committed(&self.operator, &self.contact)
    }

    /// Leaves out what nothing opens; `opens` is asked with a path and a commitment.
    pub(super) fn without_unopened(&mut self, opens: impl Fn(&str, &Commitment) -> bool) {
        self.operator = self.operator.take().filter(|held| opens(OPERATOR_PATH, held));
        self.contact = self.contact.take().filter(|held| opens(CONTACT_PATH, held));
    }
}

impl SystemBody {
    /// Every commitment in it with its path.
    pub(crate) fn commitments(&self) -> Vec<(String, &Commitment)> {
        committed(&self.operator, &self.contact)
    }

    /// Whether its names and addresses are such, and there is one at least and no more than may be.
    pub fn has_sound_names(&self) -> bool {
        let is_name = |name: &String| matches!(Host::read_for(name, true), Ok(Host::Name(_)));
        // One spelling each: what is compared is what approvers read.
        let is_address = |text: &String| match Host::read(text) {
            Ok(Host::Address(address)) => address.to_string() == *text,
            _ => false,
        };
        let is_some = !(self.names.is_empty() && self.addresses.is_empty());
        let few = [&self.names, &self.addresses].iter().all(|list| list.len() <= SYSTEM_NAMES_MAX);
        is_some && few && self.names.iter().all(is_name) && self.addresses.iter().all(is_address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let body = |names: &[&str], addresses: &[&str]| SystemBody {
            action: "register".into(),
            system: "site".into(),
            name: "门户网站".into(),
            unit: "sz-office".into(),
            leader: "0123456789ABCDEF".into(),
            operator: None,
            contact: None,
            names: names.iter().map(|&name| name.to_owned()).collect(),
            wildcards: true,
            addresses: addresses.iter().map(|&address| address.to_owned()).collect(),
            profile: "server".into(),
            per_week: 1,
            live: 1,
            accounts: 1,
            challenges: true,
            until: "2027-01-01T00:00:00Z".into(),
            token_sha256: Bytes::default(),
        };
        assert!(body(&["a.cn", "*.a.cn", "xn--fiqs8s"], &["10.0.0.1", "::1"]).has_sound_names());
        assert!(body(&[], &["10.0.0.1"]).has_sound_names());
        assert!(!body(&[], &[]).has_sound_names());
        for name in ["A.cn", "10.0.0.1", "*.cn", "a..cn", "a*.cn", "中文.cn"] {
            assert!(!body(&[name], &[]).has_sound_names(), "{name}");
        }
        for address in
            ["a.cn", "10.0.0", "0:0:0:0:0:0:0:1", "10.0.0.0/8", "::ffff:10.0.0.1", "0.0.0.0"]
        {
            assert!(!body(&[], &[address]).has_sound_names(), "{address}");
        }
    }
}
