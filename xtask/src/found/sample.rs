//! What a sample city is made of: its first people, and what differs between cities.

use std::path::PathBuf;

/// What differs between sample cities.
#[derive(Default)]
pub(crate) struct Sample {
    /// Where the first people's keys come from; made for this city if there is none.
    pub keys: Option<PathBuf>,
    /// First port of its block; a free one is looked for if there is none.
    pub ports: Option<u16>,
    /// Address of a PostgreSQL server with `{user}` and `{name}` in it; SQLite if there is none.
    pub postgres: Option<String>,
}

impl Sample {
    /// The address of a database as a user of it.
    pub(super) fn database(&self, user: &str, name: &str) -> Option<String> {
        let address = self.postgres.as_ref()?;
        Some(address.replace("{user}", user).replace("{name}", name))
    }
}

/// Name, unit, role, file name.
pub(super) const FIRST_PEOPLE: [(&str, &str, &str); 6] = [
    ("林安全", "security-administrator", "security-1"),
    ("周保密", "security-administrator", "security-2"),
    ("陈登记", "registration-officer", "officer-1"),
    ("赵审核", "registration-officer", "officer-2"),
    ("吴系统", "system-administrator", "system"),
    ("郑审计", "auditor", "auditor"),
];
