//! An order as somebody decides about it: every fact of it, and of a batch every fact of each order
//! in it, those marked that the signer says they opened; and what ends where it is not approved.

use super::batch::about;
use super::facts::facts;
use ::plain::bilingual::{
    BilingualText, Fact, FactLine, LineChange, LineText, fact, fingerprint, kind, look, said,
};
use ::plain::value::{FactValue, words};
use data_encoding::HEXLOWER;
use records::Bytes;
use records::decline::Outcome;
use records::export::{OpenedOrder, OrderProgress, ReviewFlag, Voice};
use records::order::Body;

/// Every fact of an order, and of a batch those of each order in it behind its number. `opened` are
/// digests of the orders that the signer says they opened: they are signed with it, so each is told
/// once by itself and marked where it stands.
pub fn facts_of_decision(order: &OpenedOrder, opened: &[Bytes]) -> Vec<Fact> {
    let mut all = facts(order);
    all.extend(about_opened(order, opened));
    for row in order.rows() {
        let kind = kind(row.body());
        all.push(fact((&kind.zh, &kind.en), row.order().order.as_str()));
        if opened.contains(&row.digest().into()) {
            let yes = said("您声明已查看此件", "you say that you opened it");
            all.push(fact(("抽查", "sample"), yes));
        }
        all.extend(facts(row));
    }
    all
}

/// For whom an order is approved, which is signed; where it is for somebody, beside the digest of
/// the order, of which what is signed is another one.
pub fn about_voice(
    order: &OpenedOrder,
    (acting_for, opened): (Option<&str>, &[Bytes]),
) -> Vec<Fact> {
    let term = ("代谁审批", "you approve for");
    let Some(absent) = acting_for else {
        return vec![fact(term, said("本人", "yourself"))];
    };
    let mut facts = vec![fact(term, absent)];
    if opened.is_empty() {
        let digest = fingerprint(&order.digest());
        facts.push(fact(("办件摘要", "digest of the order"), digest));
    }
    facts
}

/// What of an order needs a look, and who approved it so far, as whoever handed it on says: nobody
/// signed it.
pub fn about_standing(standing: Option<&OrderProgress>) -> Vec<Fact> {
    let Some(standing) = standing else { return Vec::new() };
    let look = standing.look.map(|found| fact(("请留意", "take a look"), look(found)));
    let count = format!("{} / {}", standing.approvers.len(), standing.needed);
    let given = std::iter::once(fact(("审批", "approvals"), count));
    let by = |name: &String| fact(("已批准的人", "approved by"), name.as_str());
    look.into_iter().chain(given).chain(standing.approvers.iter().map(by)).collect()
}

/// Who is on leave by whose voice somebody may approve, as whoever handed the order on says: what
/// is signed is their id.
pub fn about_absent(voices: &[Voice]) -> Vec<Fact> {
    let one = |voice: &Voice| {
        let absent = voice.acting_for.as_deref()?;
        let who = FactValue::Row(vec![
            voice.name.as_str().into(),
            words(" ["),
            absent.into(),
            words("]"),
        ]);
        Some(fact(("可代其审批", "you may approve for"), who))
    };
    voices.iter().filter_map(one).collect()
}

/// Which orders of a batch its approver says that they opened, beside the digest of the batch: what
/// is signed is one behind the other.
pub fn about_opened(order: &OpenedOrder, opened: &[Bytes]) -> Vec<Fact> {
    if opened.is_empty() {
        return Vec::new();
    }
    let digest = fact(("批次摘要", "digest of the batch"), fingerprint(&order.digest()));
    vec![digest, said_opened(order, opened)]
}

fn said_opened(order: &OpenedOrder, opened: &[Bytes]) -> Fact {
    let line = |digest: &Bytes| {
        let hex = HEXLOWER.encode(&digest.0);
        let row = order.rows().iter().find(|row| row.digest().as_slice() == digest.0);
        let line = match row {
            Some(row) => FactValue::Row(vec![titled(row), words(" "), hex.as_str().into()]),
            None => hex.as_str().into(),
        };
        FactLine { mark: LineChange::Kept, line: LineText::Value(line) }
    };
    let count = said(&format!("{} 件", opened.len()), &opened.len().to_string());
    let lines = opened.iter().map(line).collect();
    Fact { lines, ..fact(("您声明已逐件查看", "you say that you opened"), count) }
}

/// An order of a batch by whom it is about, and by its id.
pub(super) fn titled(row: &OpenedOrder) -> FactValue {
    let order = row.order().order.as_str();
    FactValue::Row(vec![about(row), words(" ["), order.into(), words("]")])
}

/// What ends with an order that is declined, or taken back where there is no outcome: of a batch
/// the open orders in it, and the letters that can be used no more.
pub fn about_ending(order: &OpenedOrder, outcome: Option<Outcome>) -> Vec<Fact> {
    let ends = order.rows().len();
    let mut told_so = Vec::new();
    if ends > 0 {
        let count = said(
            &format!("{ends} 件（已办结的除外）"),
            &format!("{ends}, but those that are over"),
        );
        told_so.push(fact(("随之终止的办件", "orders that end with it"), count));
    }
    let letters = match outcome {
        Some(Outcome::Rejected) => letters_of(order),
        _ => 0,
    };
    if letters > 0 {
        let count = said(&format!("{letters} 封"), &letters.to_string());
        told_so.push(fact(("驳回即作废的密码信封", "letters used up by a rejection"), count));
    }
    told_so
}

/// How many letters an order and those of its batch were asked for under.
fn letters_of(order: &OpenedOrder) -> usize {
    let own = matches!(order.body(), Body::Issue(issue) if issue.reference.is_some());
    usize::from(own) + order.rows().iter().map(letters_of).sum::<usize>()
}

/// What needs a look in a batch, order by order, as whoever handed it on says: nobody signed it.
pub fn about_looks(order: &OpenedOrder, looks: &[Option<ReviewFlag>]) -> Vec<Fact> {
    let one = |(row, found): (&OpenedOrder, &Option<ReviewFlag>)| {
        let what =
            FactValue::Row(vec![titled(row), said("：", ": ").into(), look((*found)?).into()]);
        Some(fact(("请留意", "take a look"), what))
    };
    order.rows().iter().zip(looks).filter_map(one).collect()
}

/// What needs a look as a line of a list says it: of a batch it is about orders in it.
pub fn look_in_list(of: &str, found: ReviewFlag) -> BilingualText {
    let what = look(found);
    match of {
        "batch" => BilingualText {
            zh: format!("其中有办件：{}", what.zh),
            en: format!("of some in it: {}", what.en),
        },
        _ => what,
    }
}
