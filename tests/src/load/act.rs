//! What people do next, and which of it leads to a point of the code.

/// What somebody does with the certificate that they hold, or beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// Applies with another letter.
    Enrol,
    /// Reports the loss of it.
    Lose,
    /// Operators draft its revocation.
    Revoke,
    /// An officer signs that they wish it.
    Wish,
    /// A portal says that an officer does.
    RevokeByWord,
    /// Suspends it by letter; two release it.
    Suspend,
    /// The same on a portal's word.
    SuspendByWord,
    /// Renews it with its key.
    Renew,
    /// Leaves office; somebody else comes.
    Leave,
    /// Applies, is sent back and applies again.
    Decline,
    /// Two orders are approved as one.
    Batch,
    /// A handler drafts, and takes it back.
    Draft,
    /// The same of many, after a question about numbers.
    DraftMany,
    /// An officer has a passkey certified.
    Certify,
    /// A gate joins, renews and is closed.
    Join,
    /// A system gets certificates by ACME and EST, revokes, and is closed.
    System,
    /// Devices of a system get certificates by SCEP and CMP, renew and end one; it is closed.
    Device,
    /// Opens a record with a wrong key.
    Mistake,
    /// Passes the gate.
    Visit,
}

/// How often each is done beside the others.
pub(super) const ACTS: [Act; 24] = [
    Act::Enrol,
    Act::Enrol,
    Act::Enrol,
    Act::Lose,
    Act::Lose,
    Act::Revoke,
    Act::Revoke,
    Act::Wish,
    Act::RevokeByWord,
    Act::Suspend,
    Act::SuspendByWord,
    Act::Renew,
    Act::Leave,
    Act::Decline,
    Act::Batch,
    Act::Draft,
    Act::DraftMany,
    Act::Certify,
    Act::Join,
    Act::System,
    Act::Device,
    Act::Mistake,
    Act::Visit,
    Act::Visit,
];

/// What leads to a point of the code, where not everything does.
pub(super) fn towards(point: &str) -> Option<Act> {
    let act = point.strip_suffix("-before-commit").or(point.strip_suffix("-after-commit"));
    match act.unwrap_or(point) {
        "look-up" => Some(Act::Mistake),
        "decline" => Some(Act::Decline),
        "certify-passkey" => Some(Act::Certify),
        "revoke" => Some(Act::RevokeByWord),
        "wish" => Some(Act::Wish),
        "draft" | "withdraw" => Some(Act::Draft),
        "draft-many" | "numbers" => Some(Act::DraftMany),
        "batch" => Some(Act::Batch),
        "suspend" => Some(Act::SuspendByWord),
        "join" | "renew" | "people" => Some(Act::Join),
        "open-account" | "change-key" | "deactivate" | "finalize" | "enrol-system"
        | "renew-system" | "revoke-machine" | "end-system" => Some(Act::System),
        "enrol-device" | "renew-device" | "enrol-by-cmp" | "revoke-by-cmp" => Some(Act::Device),
        "renew-certificate" | "renew-before-answer" => Some(Act::Renew),
        "leave" => Some(Act::Leave),
        "loss" | "confirmed" | "crl" | "crl-before-publish" => Some(Act::Lose),
        "spool-before-write" | "spool-before-sync" | "spool-after-sync" => Some(Act::Visit),
        "submit" | "approve" | "execute" | "collect-before-answer" => Some(Act::Enrol),
        certifies if certifies.starts_with("certify-") => Some(Act::Enrol),
        letters if letters.starts_with("letters-") => Some(Act::Enrol),
        _ => None,
    }
}
