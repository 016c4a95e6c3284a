//! People and units by their names, as authority holds them.

use super::change::list;
use ::plain::bilingual::{Fact, fact, said};
use ::plain::value::{FactValue, NameAndId, words};
use pki::host::in_letters;
use pki::name::is_look_alike;
use records::Bytes;
use records::commitment::EVIDENCE_PATH;
use records::export::ShownOrder;
use records::order::SharedName;

pub(super) fn person_named(opened: &ShownOrder, person: &str) -> FactValue {
    // A brake names by id alone whose name no row opens.
    let id = person.to_owned();
    let Some(held) = opened.order().basis.person(person) else {
        return NameAndId { name: None, id, unit: None }.into();
    };
    let name = opened.name_of(person).map(str::to_owned);
    NameAndId { name, id, unit: Some(Box::new(unit_name(opened, &held.unit))) }.into()
}

pub(super) fn unit_named(opened: &ShownOrder, unit: &str) -> FactValue {
    unit_name(opened, unit).into()
}

pub(super) fn unit_name(opened: &ShownOrder, unit: &str) -> NameAndId {
    let name = opened.order().basis.unit(unit).filter(|name| !name.is_empty());
    NameAndId { name: name.map(str::to_owned), id: unit.to_owned(), unit: None }
}

pub(super) fn units_named(opened: &ShownOrder, units: &[String]) -> Vec<FactValue> {
    units.iter().map(|unit| unit_named(opened, unit)).collect()
}

/// A host as certificates have it, and beside an international one what it reads as: nobody reads
/// an A-label. Letters of it that are taken for others have their numbers.
pub(super) fn host_named(host: &str) -> FactValue {
    let Some(text) = in_letters(host) else { return host.into() };
    let alike: Vec<String> = text
        .chars()
        .filter(|letter| is_look_alike(*letter))
        .map(|letter| format!("U+{:04X}", u32::from(letter)))
        .collect();
    let mut row = vec![host.into(), words(" ("), text.into(), words(")")];
    if !alike.is_empty() {
        let which = alike.join(" ");
        let (zh, en) = (format!("，含形似字符 {which}"), format!(", with look-alikes: {which}"));
        row.push(said(&zh, &en).into());
    }
    FactValue::Row(row)
}

pub(super) fn hosts_named(hosts: &[String]) -> Vec<FactValue> {
    hosts.iter().map(|host| host_named(host)).collect()
}

/// Names that others have already, or that have hosts in common with those that an order gives: it
/// takes none of them from anybody, and lets two answer to one name.
pub(super) fn shared(opened: &ShownOrder) -> Vec<Fact> {
    let basis = &opened.order().basis;
    let term = (
        "与他处登记的域名或地址相同或互相包含（他处照旧）",
        "names that others have as well, or that cover each other; theirs stay",
    );
    let all: Vec<FactValue> = basis.shared.iter().map(held_name).collect();
    let told = (!all.is_empty()).then(|| Fact { differs: true, ..list(term, &all, &all) });
    let more = (basis.more_shared > 0).then(|| {
        let term = ("另有未列出的此类名称（个）", "how many more such names, not listed");
        fact(term, basis.more_shared.to_string())
    });
    told.into_iter().chain(more).collect()
}

fn held_name(one: &SharedName) -> FactValue {
    let of: FactValue = match one.of.as_str() {
        "system" => said("系统 ", "system ").into(),
        "agent" => said("网关 ", "gate ").into(),
        "portal" => said("门户 ", "portal ").into(),
        other => FactValue::text(other),
    };
    let name = Some(one.called.clone()).filter(|name| !name.is_empty());
    let holder = NameAndId { name, id: one.id.clone(), unit: None };
    FactValue::Row(vec![host_named(&one.name), words(" · "), of, holder.into()])
}

pub(super) fn evidence(opened: &ShownOrder, committed: &Bytes) -> Fact {
    fact(("核验依据", "evidence"), opened.text(committed, EVIDENCE_PATH))
}
