//! In which order the certificates of a file lead to a root: programs write them in any. Nothing is
//! judged here but whom each names as its issuer, and whose key signed it.

use crate::{Certificate, PublicKey};

/// A chain is longer nowhere.
const CHAIN_MAX: usize = 8;
/// Of so many certificates it is looked who issued whom, which is asked of each two of them, and so
/// many of one name are tried as the issuer of another: a file may hold far more.
const LOOKED_MAX: usize = 256;

/// The certificate of a key, and of what else is there the issuer of each, up to one that is its
/// own; nothing if the key has no certificate there.
pub fn of_key(all: &[Certificate], key: &PublicKey) -> Vec<Certificate> {
    let own = key.sha256();
    let first = all.iter().find(|one| one.key().sha256() == own);
    first.map(|first| led_from(all, first)).unwrap_or_default()
}

/// All of them, where no key says whose they are: the one that issued no other first, with those
/// that it leads to behind it; as they stand there if more than one issued no other, or if there
/// are more than are looked at.
pub fn own_first(all: Vec<Certificate>) -> Vec<Certificate> {
    if all.len() > LOOKED_MAX {
        return all;
    }
    let chain = leaf(&all).map(|leaf| led_from(&all, leaf)).unwrap_or_default();
    let is_led_to = |one: &Certificate| chain.iter().any(|led| led.der() == one.der());
    let rest: Vec<Certificate> = all.into_iter().filter(|one| !is_led_to(one)).collect();
    [chain, rest].concat()
}

/// The one that issued no other, as they name their issuers.
fn leaf(all: &[Certificate]) -> Option<&Certificate> {
    let issued_by = |one: &Certificate, other: &Certificate| {
        one.der() != other.der() && one.issuer() == other.subject()
    };
    let mut leaves = all.iter().filter(|leaf| !all.iter().any(|one| issued_by(one, leaf)));
    let first = leaves.next()?;
    leaves.all(|other| other.der() == first.der()).then_some(first)
}

fn led_from(all: &[Certificate], first: &Certificate) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    let mut next = Some(first);
    while let Some(found) = next.filter(|_| chain.len() < CHAIN_MAX) {
        chain.push(found.clone());
        let is_root = found.subject() == found.issuer();
        let mut named = all.iter().filter(|one| one.subject() == found.issuer()).take(LOOKED_MAX);
        let is_issuer = |one: &&Certificate| found.is_signed_by(one.key());
        next = if is_root { None } else { named.find(is_issuer) };
    }
    chain
}
