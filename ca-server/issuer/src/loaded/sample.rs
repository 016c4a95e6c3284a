//! Rows in memory: what rounds change is kept, and what a round needs is given, as the database
//! does it.

use super::{Loaded, Needs};
use crate::command::Command;
use crate::rows::{OrderExtras, RowChange, SealedKeys};
use crate::state::State;
use authority::{OrderDigest, Serial};
use pki::crl::RevocationList;
use records::{Bytes, Disclosure};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Every row that somebody asks for, and some that tests look at.
#[derive(Clone, Default)]
pub(crate) struct Rows {
    /// The sealed keys of letters, by reference.
    pub(crate) sealed: HashMap<String, SealedKeys>,
    /// What opens the records of people.
    pub(crate) people: HashMap<String, Vec<Disclosure>>,
    /// Units of people in office.
    units: HashMap<String, String>,
    /// Certificates with their subjects.
    certificates: Vec<(String, Vec<u8>)>,
    /// What is kept beside orders.
    pub(crate) orders: BTreeMap<OrderDigest, OrderExtras>,
    /// Titles of orders, and what needs a look.
    pub(crate) titles: BTreeMap<OrderDigest, (String, &'static str)>,
    /// The sealed tokens of join files, by the order of their agent.
    pub(crate) tokens: BTreeMap<OrderDigest, Vec<u8>>,
    /// What became of orders.
    pub(crate) order_states: BTreeMap<OrderDigest, &'static str>,
    /// Which records say why orders were declined.
    pub(crate) declined: BTreeMap<OrderDigest, Bytes>,
    /// What became of intents.
    pub(crate) intent_states: BTreeMap<Serial, &'static str>,
    /// Whose approvals carried orders.
    pub(crate) consumed: BTreeSet<(OrderDigest, String)>,
    /// The lists that were kept, in their order.
    pub(crate) lists: Vec<RevocationList>,
    /// Numbers of people snapshots, by agent.
    pub(crate) snapshots: Vec<(String, u64)>,
    /// How often all of them were written again.
    pub(crate) rewritten: usize,
}

impl Rows {
    /// Keeps a change as a table would.
    pub(crate) fn keep(&mut self, change: RowChange) {
        match change {
            RowChange::Order(row) => {
                self.titles.insert(row.digest, (row.title, row.look));
                self.orders.insert(row.digest, row.extras);
                self.order_states.insert(row.digest, "open");
            }
            RowChange::OrderState(digest, state) => {
                self.order_states.insert(digest, state);
            }
            RowChange::OrderDeclined(digest, record) => {
                self.declined.entry(digest).or_insert(record);
            }
            RowChange::Consumed(row) => {
                self.consumed.insert((row.order, row.person));
            }
            RowChange::IntentState(serial, state) => {
                self.intent_states.insert(serial, state);
            }
            RowChange::Certificate(row) => {
                self.certificates.push((row.issuing.subject, row.certificate.der().to_vec()));
            }
            RowChange::Letter(row) => {
                self.sealed.insert(row.reference, row.sealed);
            }
            RowChange::Token(digest, _, sealed) => {
                self.tokens.insert(digest, sealed);
            }
            RowChange::Person(id, person, opened) => {
                self.units.remove(&id);
                if !person.left {
                    self.units.insert(id.clone(), person.unit);
                }
                if let Some(opened) = opened {
                    self.people.insert(id, opened);
                }
            }
            RowChange::List(_, list) => self.lists.push(*list),
            RowChange::Snapshot(new) => {
                self.snapshots.push((new.snapshot.agent.clone(), new.snapshot.number));
            }
            RowChange::Rewrite => self.rewritten += 1,
            _ => {}
        }
    }

    /// What a round needs of them, and nothing else.
    pub(crate) fn load(
        &self,
        state: &State,
        commands: &[Command],
        orders: &[OrderDigest],
    ) -> Loaded {
        let needs = Needs::of(state, commands, orders);
        let theirs = |(subject, _): &&(String, Vec<u8>)| needs.holders.contains(subject);
        let by_digest = |(_, der): &(String, Vec<u8>)| (Sha256::digest(der).into(), der.clone());
        let named = |(id, unit): (&String, &String)| {
            let name = super::text(self.people.get(id)?, "/name")?;
            needs.names.contains(&name).then(|| (unit.clone(), name))
        };
        let loaded = Loaded {
            sealed: some(&self.sealed, &needs.references),
            people: some(&self.people, &needs.people),
            namesakes: self.units.iter().filter_map(named).collect(),
            certificates: self.certificates.iter().filter(theirs).map(by_digest).collect(),
            orders: some(&self.orders, &needs.orders),
            tokens: some(&self.tokens, &needs.tokens),
            looks: some(&self.titles, &needs.looks)
                .into_iter()
                .map(|(order, (_, look))| (order, look.to_owned()))
                .collect(),
        };
        loaded.with_systems(needs.systems)
    }
}

/// Those of the keys that are asked for.
fn some<'a, K: Ord + Clone + std::hash::Hash + 'a, V: Clone + 'a>(
    rows: impl IntoIterator<Item = (&'a K, &'a V)>,
    keys: &BTreeSet<K>,
) -> HashMap<K, V> {
    let asked = rows.into_iter().filter(|(key, _)| keys.contains(*key));
    asked.map(|(key, value)| (key.clone(), value.clone())).collect()
}
