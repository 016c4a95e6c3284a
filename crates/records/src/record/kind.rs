//! Of which kind a record is, by its name.

use super::Event;

impl Event {
    /// Whether agents record it, each in a run of its own; what others record has no such place.
    pub fn is_of_run(&self) -> bool {
        matches!(
            self,
            Self::Started(_)
                | Self::Connection(_)
                | Self::Decision(_)
                | Self::Completion(_)
                | Self::Called(_)
                | Self::Turned(_)
                | Self::Heartbeat(_)
        )
    }

    /// The kind's name as it stands in the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Founding { .. } => "founding",
            Self::Letter { .. } => "letter",
            Self::Voided { .. } => "voided",
            Self::Application { .. } => "application",
            Self::Order { .. } => "order",
            Self::Approval { .. } => "approval",
            Self::Declined { .. } => "declined",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Enacted { .. } => "enacted",
            Self::Intent { .. } => "intent",
            Self::Issued { .. } => "issued",
            Self::Used { .. } => "used",
            Self::Revoked { .. } => "revoked",
            Self::Suspended { .. } => "suspended",
            Self::Crl { .. } => "crl",
            Self::Refusal { .. } => "refusal",
            Self::Portal { .. } => "portal",
            Self::Joined { .. } => "joined",
            Self::MachineAccount { .. } => "machine-account",
            Self::MachineUse { .. } => "machine-use",
            Self::MachineEnrolled { .. } => "machine-enrolled",
            Self::MachineKey { .. } => "machine-key",
            Self::MachineClosed { .. } => "machine-closed",
            Self::People { .. } => "people",
            Self::Started(_) => "started",
            Self::Connection(_) => "connection",
            Self::Decision(_) => "decision",
            Self::Completion(_) => "completion",
            Self::Called(_) => "called",
            Self::Turned(_) => "turned",
            Self::Heartbeat(_) => "heartbeat",
            Self::Forked { .. } => "forked",
            Self::Silent { .. } => "silent",
            Self::Asked { .. } => "asked",
            Self::Searched { .. } => "searched",
            Self::Read { .. } => "read",
            Self::Notified { .. } => "notified",
        }
    }
}
