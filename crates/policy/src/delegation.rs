//! What is lent to somebody while its holder is on leave: a role over a unit, from one second to
//! another. Its days are read by the time of each question, so that it begins and ends between two
//! snapshots as well.

/// Most roles that are lent to one person; what is beyond is not lent.
pub const LENT_MAX: usize = 8;

/// A role of somebody on leave that is lent to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LentRole {
    /// This role is lent.
    pub role: String,
    /// It is lent over the unit of this id and everything below it.
    pub scope: String,
    /// It is lent by the person of this id, who is on leave.
    pub absent: String,
    /// It is lent from this second on, unix.
    pub from: u64,
    /// It is lent up to this second, unix.
    pub until: u64,
}

impl LentRole {
    /// Whether it counts at a time.
    pub fn counts_at(&self, now: u64) -> bool {
        (self.from..=self.until).contains(&now)
    }
}
