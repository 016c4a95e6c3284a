//! Where a process can be told to die, and what dies there. A test compares it with the code, see
//! `tidy/points.rs`.

/// A command of operators, which ends by itself.
pub(crate) const COMMAND: &str = "ca-server renew log";

/// What the issuer's writer does: it is killed on either side of its commit.
pub(crate) const WRITES: [&str; 34] = [
    "submit",
    "look-up",
    "approve",
    "decline",
    "certify-passkey",
    "revoke",
    "wish",
    "draft",
    "draft-many",
    "numbers",
    "batch",
    "withdraw",
    "suspend",
    "renew",
    "renew-certificate",
    "join",
    "operator",
    "crl",
    "people",
    "confirmed",
    "execute",
    "leave",
    "open-account",
    "change-key",
    "deactivate",
    "finalize",
    "enrol-system",
    "renew-system",
    "revoke-machine",
    "end-system",
    "enrol-device",
    "renew-device",
    "enrol-by-cmp",
    "revoke-by-cmp",
];

/// Every other point, by what dies there.
pub(crate) const OTHERS: [(&str, &str); 23] = [
    ("issuer", "certify-after-mark"),
    ("issuer", "certify-after-sign"),
    ("issuer", "certify-before-result"),
    ("issuer", "certify-after-result"),
    ("issuer", "collect-before-answer"),
    ("issuer", "renew-before-answer"),
    ("issuer", "crl-before-publish"),
    ("issuer", "letters-before-shred"),
    ("issuer", "letters-after-one"),
    ("status", "loss-before-commit"),
    ("status", "loss-after-commit"),
    ("log", "sequencer-before-commit"),
    ("log", "sequencer-after-commit"),
    ("notices", "notices-before-commit"),
    ("notices", "notices-after-commit"),
    ("notices", "notices-marked"),
    ("notices", "notice-handed-over"),
    ("notices", "notice-settled"),
    ("agent", "spool-before-write"),
    ("agent", "spool-before-sync"),
    ("agent", "spool-after-sync"),
    (COMMAND, "renew-after-use"),
    (COMMAND, "renew-half-exchanged"),
];

/// Points and acts of the writer that no load comes to: the story that is killed there, if one is,
/// and why.
pub(crate) const EXEMPT: [(&str, &str, &str); 7] = [
    ("lapse", "suspensions.rs", "comes 15 days behind a suspension"),
    ("supersede", "renewals.rs", "comes seven days behind a renewal"),
    ("alarm", "", "only a row that a hand changed leads there, and what it writes is a refusal"),
    ("init-after-keys", "crashes.rs", "a city is founded before anything runs in it"),
    ("init-after-record", "crashes.rs", "a city is founded before anything runs in it"),
    ("init-before-rename", "crashes.rs", "a city is founded before anything runs in it"),
    ("init-after-rename", "crashes.rs", "a city is founded before anything runs in it"),
];

/// Every point with what dies there.
pub(crate) fn points() -> Vec<(&'static str, String)> {
    let of = |act: &&str| ["before", "after"].map(|side| format!("{act}-{side}-commit"));
    let writes = WRITES.iter().flat_map(of).map(|point| ("issuer", point));
    let others = OTHERS.iter().map(|(who, point)| (*who, (*point).to_owned()));
    writes.chain(others).collect()
}
