//! The rules of authority, one story each, in a city that lives in memory: what is allowed, and the
//! nearest thing that is not.
#![expect(clippy::unwrap_used, reason = "what these stories make for themselves is there")]

mod approvals;
mod consequences;
mod delegations;
mod departures;
mod emergencies;
mod foundings;
mod keys_of_others;
mod lent_at_gates;
mod letters;
mod modes;
mod officers;
mod orders;
mod overtaken;
mod passkeys;
mod pending;
mod pools;
mod releases;
mod revocations;
mod services;
mod signatures;
mod snapshots;
mod suspensions;
mod systems;
mod wishes;

use keys::SoftwareSigner;
use sample_city::SampleCity;

/// A new key.
fn key() -> SoftwareSigner {
    SoftwareSigner::generate_p256().unwrap()
}

/// A city with one official and their letter.
fn with_letter() -> (SampleCity, String, String) {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let reference = city.letter(&person, "official");
    (city, person, reference)
}
