//! Tables cut into slots by the beginning of their keys: a slot is a range, found without a scan.

use crate::id::{OrderDigest, PersonId, Reference, Serial, Sha256Value};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A key whose order and slot agree.
pub(super) trait Slotted: Ord + Copy {
    fn slot(&self) -> u16;
    /// No key of the slot comes before it.
    fn first_of(slot: u16) -> Self;
}

/// 1,024 slots of digests: ten bits.
const DIGEST_SHIFT: u32 = 6;
/// 1,024 slots of serial numbers, whose first bit is zero.
const SERIAL_SHIFT: u32 = 5;

impl Slotted for Sha256Value {
    fn slot(&self) -> u16 {
        let [first, second, ..] = *self;
        u16::from_be_bytes([first, second]) >> DIGEST_SHIFT
    }

    fn first_of(slot: u16) -> Self {
        let mut bytes = [0; 32];
        let [first, second, ..] = &mut bytes;
        [*first, *second] = (slot << DIGEST_SHIFT).to_be_bytes();
        bytes
    }
}

impl Slotted for OrderDigest {
    fn slot(&self) -> u16 {
        self.0.slot()
    }

    fn first_of(slot: u16) -> Self {
        Self(Sha256Value::first_of(slot))
    }
}

impl Slotted for Serial {
    fn slot(&self) -> u16 {
        u16::from_be_bytes(self.prefix()) >> SERIAL_SHIFT
    }

    fn first_of(slot: u16) -> Self {
        Self::least((slot << SERIAL_SHIFT).to_be_bytes())
    }
}

// Two random Crockford characters: 1,024 slots that are used.
impl Slotted for PersonId {
    fn slot(&self) -> u16 {
        u16::from_be_bytes(self.prefix())
    }

    fn first_of(slot: u16) -> Self {
        Self::least(slot.to_be_bytes())
    }
}

impl Slotted for Reference {
    fn slot(&self) -> u16 {
        u16::from_be_bytes(self.prefix())
    }

    fn first_of(slot: u16) -> Self {
        Self::least(slot.to_be_bytes())
    }
}

/// The slots in which two states of a table differ; what they share is not looked at.
pub(super) fn changed_slots<K: Slotted, V: PartialEq>(
    now: &OrdMap<K, V>,
    since: &OrdMap<K, V>,
) -> BTreeSet<u16> {
    let slot = |item: DiffItem<'_, '_, K, V>| match item {
        DiffItem::Add(key, _) | DiffItem::Remove(key, _) => key.slot(),
        DiffItem::Update { new: (key, _), .. } => key.slot(),
    };
    if now.ptr_eq(since) {
        return BTreeSet::new();
    }
    since.diff(now).map(slot).collect()
}

/// The bytes of slots: of these, with `None` for an empty one, or of all that hold something.
pub(super) fn of_slots<'a, K: Slotted + Serialize, V, T: Serialize>(
    map: &'a OrdMap<K, V>,
    slots: Option<BTreeSet<u16>>,
    kept: impl Fn(&'a V) -> T,
) -> BTreeMap<u16, Option<Vec<u8>>> {
    let mut out = BTreeMap::new();
    let Some(slots) = slots else {
        let mut entries = map.iter().peekable();
        while let Some(slot) = entries.peek().map(|(key, _)| key.slot()) {
            let mut own = Vec::new();
            while let Some((key, value)) = entries.next_if(|(key, _)| key.slot() == slot) {
                own.push((key, kept(value)));
            }
            out.insert(slot, Some(bytes(&own)));
        }
        return out;
    };
    for slot in slots {
        let range = map.range(K::first_of(slot)..).take_while(|(key, _)| key.slot() == slot);
        let own: Vec<_> = range.map(|(key, value)| (key, kept(value))).collect();
        out.insert(slot, (!own.is_empty()).then(|| bytes(&own)));
    }
    out
}

/// Writing into memory cannot fail for what has a known length, as all of these have.
pub(super) fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).unwrap_or_default()
}
