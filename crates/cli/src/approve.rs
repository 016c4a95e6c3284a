//! `yinxin approve`: an officer sees what the CA signed, not what a page says, and signs its
//! digest.

use crate::clock::now;
use crate::consent::{Consent, Consentable, Part, Signable, consent, show, unsigned};
use crate::exit::Failure;
use crate::facts::{meant, row};
use crate::files;
use crate::files::{Opened, Own};
use crate::output::Output;
use crate::voice;
use pki::{Certificate, Signer};
use portal_api::Pages;
use portal_api::plain::{self, Fact, FactValue, Said};
use records::approval::approval_challenge;
use records::consequence::Consequences;
use records::export::{Hearsay, Look, NotTrusted, OpenedOrder, OrderExport, OrderLine};
use records::order::Body;
use records::trust::Trust;
use records::{Approval, Bytes, Vouched};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use system::speech::Command;

/// Arguments of `yinxin approve`.
#[derive(clap::Args)]
#[command(after_help = "Without an order: lists what waits for you. / 不带编号：列出待批办件。\n\
    Offline / 离线: yinxin approve --order FILE --out FILE,\n\
    随后 / then: ca-server order import-approval FILE")]
pub struct Arguments {
    /// Order id. 办件编号
    #[arg(conflicts_with = "order_file")]
    order: Option<String>,
    /// An exported order instead of the portal. 离线办件文件
    #[arg(long = "order", value_name = "FILE", requires = "out")]
    order_file: Option<PathBuf>,
    /// Where the approval goes, with --order. 审批文件
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
    /// With --yes: an order of the batch that you opened, each that is to be. 已查看的抽查件
    #[arg(long, value_name = "ORDER", requires = "yes")]
    opened: Vec<String>,
    /// For whom: somebody on leave, or yourself. 代谁审批
    #[arg(long = "for", value_name = "PERSON")]
    acting_for: Option<String>,
    /// Show the order and stop. 只查看
    #[arg(long)]
    show: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    if let Some(out) = arguments.out.as_deref().filter(|_| !arguments.show) {
        files::check_vacant(out)?;
    }
    let trust = arguments.own.trust()?;
    let opened = arguments.own.open()?;
    if let Some(path) = &arguments.order_file {
        let export: OrderExport = files::document(path)?;
        return match consented(output, arguments, &trust, &opened, &export)? {
            Some(approval) => offline(output, arguments, &approval),
            None => Ok(()),
        };
    }
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let portal = portal_api::Staff(client);
    let Some(order) = &arguments.order else { return list(output, arguments, &portal).await };
    let export = portal.fetch(order).await?;
    let Some(approval) = consented(output, arguments, &trust, &opened, &export)? else {
        return Ok(());
    };
    let approved = portal.approve(&approval).await?;
    let standing = format!("{} ({} / {})", approved.order, approved.approvals, approved.needed);
    let answer = serde_json::json!({
        "order": approved.order, "approvals": approved.approvals, "needed": approved.needed,
    });
    output.hearsay(&[Fact::new(("已批准", "approved"), standing)], answer);
    Ok(())
}

/// The order, if the CA signed it, every disclosure is what was committed to, and it is the one
/// that was asked for. Nothing is shown or signed that did not pass here.
pub(crate) fn checked(
    export: &OrderExport,
    wanted: Option<&str>,
    trust: &Trust,
) -> Result<OpenedOrder, Failure> {
    let shown = export.open(trust, now()).map_err(|e| Failure::not_trusted(&e))?;
    if wanted.is_some_and(|wanted| {
        records::letter::read_reference(wanted).as_ref() != Some(&shown.order().order)
    }) {
        return Err(Failure::usage(
            "收到的不是所要的办件。",
            "this is not the order that was asked for",
        ));
    }
    Ok(shown)
}

/// An order that somebody is to approve: all of it is signed, by its digest, and for whom. Of a
/// batch every order is shown, and with the digest it is signed which of them were opened.
pub(crate) struct Approving {
    order: OpenedOrder,
    /// Person id of whoever is on leave, if it is for somebody.
    acting_for: Option<String>,
    /// Digests of the orders that have to be opened.
    opened: Vec<Bytes>,
    /// What the portal tells beside it.
    beside: Hearsay,
}

impl Approving {
    /// An order as it was fetched, for the person who is to approve it and for whom, with what a
    /// portal says beside it.
    pub(crate) fn of(
        order: OpenedOrder,
        (person, acting_for): (&str, Option<String>),
        beside: Hearsay,
    ) -> Self {
        let opened = match order.body() {
            Body::Batch(batch) => {
                batch.to_open(&order.digest(), person).into_iter().cloned().collect()
            }
            _ => Vec::new(),
        };
        Self { order, acting_for, opened, beside }
    }

    /// The order.
    pub(crate) fn order(&self) -> &OpenedOrder {
        &self.order
    }

    /// Whether an order of the batch has to be opened.
    pub(crate) fn is_to_open(&self, row: &OpenedOrder) -> bool {
        self.opened.contains(&row.digest().into())
    }

    /// What the portal says that needs a look, of the order of the batch at this place.
    pub(crate) fn look(&self, place: usize) -> Option<Look> {
        self.beside.looks.get(place).copied().flatten()
    }

    /// What the portal says that it takes away.
    pub(crate) fn consequence(&self) -> Option<&Consequences> {
        self.beside.consequence.as_ref()
    }

    /// Digests of the orders that have to be opened.
    pub(crate) fn opened(&self) -> &[Bytes] {
        &self.opened
    }

    /// For whom, if for somebody on leave.
    pub(crate) fn acting_for(&self) -> Option<&str> {
        self.acting_for.as_deref()
    }

    fn opened_bytes(&self) -> Vec<u8> {
        self.opened.iter().flat_map(|row| row.0.clone()).collect()
    }
}

impl Consentable for Approving {
    fn what(&self) -> Said {
        what(&self.order)
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = plain::about_voice(&self.order, (self.acting_for(), &self.opened));
        facts.extend(plain::facts_of_decision(&self.order, &self.opened));
        facts
    }

    fn hearsay(&self) -> Vec<Fact> {
        let mut told = plain::about_absent(&self.beside.voices);
        told.extend(plain::about_looks(&self.order, &self.beside.looks));
        told.extend(plain::about_consequence(self.order.body(), self.consequence()));
        told
    }

    /// That of the order; for somebody, and of a batch with what was opened, it covers that too.
    fn digest(&self) -> Option<[u8; 32]> {
        let (digest, opened) = (self.order.digest(), self.opened_bytes());
        if opened.is_empty() && self.acting_for.is_none() {
            return Some(digest);
        }
        let spoken = Vouched { acting_for: self.acting_for(), opened: &opened };
        Some(approval_challenge(&digest, spoken))
    }

    fn to_open(&self) -> Vec<Part> {
        let drawn = self.order.rows().iter().filter(|row| self.is_to_open(row));
        let part = |row: &OpenedOrder| Part {
            name: row.order().order.clone(),
            what: what(row),
            facts: plain::facts(row),
        };
        drawn.map(part).collect()
    }

    fn machine(&self) -> Map<String, Value> {
        let mut document = machine(&self.order);
        let named: Vec<String> = self.to_open().into_iter().map(|part| part.name).collect();
        document.insert("to_open".into(), json!(named));
        document.insert("acting_for".into(), json!(self.acting_for));
        document
    }
}

impl Signable for Approving {
    type Signed = Approval;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Approval, Failure> {
        if !self.order.is_comparable() {
            return Err(Failure::not_trusted(&NotTrusted::Moved));
        }
        let opened = self.opened_bytes();
        let spoken = Vouched { acting_for: self.acting_for(), opened: &opened };
        let signed = Approval::sign_spoken(self.order.digest(), spoken, leaf, signer);
        signed.map_err(|error| unsigned(&error))
    }
}

/// An order in a few words.
pub(crate) fn what(opened: &OpenedOrder) -> Said {
    let (kind, order) = (plain::kind(opened.body()), &opened.order().order);
    Said { zh: format!("办件 {order}：{}", kind.zh), en: format!("order {order}: {}", kind.en) }
}

/// What machines get of an order beside its facts.
pub(crate) fn machine(opened: &OpenedOrder) -> Map<String, Value> {
    let order = opened.order();
    let rows: Vec<Map<String, Value>> = opened.rows().iter().map(machine).collect();
    let document = json!({
        "order": order.order, "kind": order.kind, "body": order.body, "basis": order.basis,
        "drafter": order.drafter, "expires": order.expires, "disclosures": opened.disclosures(),
        "rows": rows,
    });
    document.as_object().cloned().unwrap_or_default()
}

/// Checks and shows the order, asks, and signs its digest.
fn consented(
    output: Output,
    arguments: &Arguments,
    trust: &Trust,
    opened: &Opened,
    export: &OrderExport,
) -> Result<Option<Approval>, Failure> {
    let order = checked(export, arguments.order.as_deref(), trust)?;
    let id = order.order().order.clone();
    let has_moved = order.has_moved(export.standing.as_ref());
    let (officer, standing) = (opened.person(), export.standing.as_ref());
    let only_shown = arguments.show || has_moved;
    let named = (officer.as_str(), arguments.acting_for.as_deref());
    let acting_for = match voice::chosen(standing, named, arguments.yes) {
        Err(_) if only_shown => None,
        chosen => chosen?,
    };
    let order = Approving::of(order, (&officer, acting_for), export.beside());
    if only_shown {
        show(output, &order, &opened.name());
    }
    if arguments.show {
        return Ok(None);
    }
    if has_moved {
        let moved = plain::look(Look::Moved);
        let next = Command::new("yinxin return {} --reason TEXT", &[&id]);
        return Err(Failure::usage(&moved.zh, moved.en).next(next.as_str()));
    }
    let last = id.get(12..).unwrap_or_default();
    let zh = format!("输入办件编号末四位 {last} 以批准");
    let en = format!("type {last} to approve:");
    let read = |typed: &String| records::letter::read_reference(typed).unwrap_or(typed.clone());
    let named: Vec<String> = arguments.opened.iter().map(read).collect();
    let how = Consent::new(arguments.yes, (&zh, &en), last).naming(&named);
    consent(output, (order, &opened.name()), &how)?.sign(opened).map(Some)
}

fn offline(output: Output, arguments: &Arguments, approval: &Approval) -> Result<(), Failure> {
    let Some(out) = &arguments.out else { return Ok(()) };
    let bytes = serde_json::to_vec_pretty(approval)
        .map_err(|error| Failure::usage("无法写出审批。", error.to_string()))?;
    files::write_new(out, &bytes)?;
    output.fact(("审批已签署", "approval signed"), out.display());
    let out_name = out.display().to_string();
    output.next(&Command::new("ca-server order import-approval {}", &[&out_name]));
    output.json(&serde_json::json!({ "approval": out, "order": approval.order.to_string() }));
    Ok(())
}

/// What waits, as a portal says.
fn listed(line: &OrderLine) -> Fact {
    let look = line.look.map(|look| plain::look_in_list(&line.kind, look));
    let given = Said { zh: "您已批准".into(), en: "approved by you".into() };
    let approvals = format!("{} / {}", line.approvals, line.needed);
    let facts = [
        FactValue::from(&line.order),
        meant(plain::kind_of(&line.kind, &line.action)),
        plain::told_about(&line.about),
        approvals.into(),
        FactValue::time(&line.expires),
    ];
    let beside = look.into_iter().chain(line.given.then_some(given)).map(FactValue::Words);
    Fact::new(("待批", "waits"), row(facts.into_iter().chain(beside)))
}

async fn list(
    output: Output,
    arguments: &Arguments,
    portal: &portal_api::Staff,
) -> Result<(), Failure> {
    let (mut pages, mut first) = (Pages::begin(), None);
    while pages.next().is_some() {
        let page = portal.list(&mut pages).await?;
        first = first.or_else(|| page.lines.first().map(|line| line.order.clone()));
        for line in &page.lines {
            output.hearsay(&[listed(line)], serde_json::json!(line));
        }
    }
    match first {
        Some(order) => output.next(&arguments.own.again("yinxin approve {}", &[&order])),
        None => output.said("没有待批办件", "nothing waits for you"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::at_desk;
    use sample_city::SampleBatch;

    /// Who approves.
    const OFFICER: &str = "0123456789ABCDEF";

    /// Five orders of which each officer has to open so many.
    fn batch_of(sample: u16) -> SampleBatch {
        SampleBatch::of("person", 5, |_, _| ()).asking(sample)
    }

    fn batch(sample: u16) -> Approving {
        approving(&batch_of(sample))
    }

    fn approving(batch: &SampleBatch) -> Approving {
        Approving::of(batch.open(), (OFFICER, None), batch.export.beside())
    }

    fn named(approving: &Approving) -> Vec<String> {
        approving.to_open().into_iter().map(|part| part.name).collect()
    }

    /// Which orders are said to be opened is signed: it is in what is shown, in what machines get
    /// and in the digest.
    #[test]
    fn what_is_said_to_be_opened_is_in_the_digest() {
        let (two, three) = (batch(2), batch(3));
        assert_ne!(two.digest(), three.digest());
        assert_ne!(two.facts(), three.facts());
        assert_eq!(two.machine()["to_open"].as_array().unwrap().len(), 2);
        // Another officer opens others of the same batch, and signs another digest.
        let one = batch_of(2);
        let other = |person: &str| Approving::of(one.open(), (person, None), one.export.beside());
        let drawn = |person: &str| (other(person).digest(), named(&other(person)));
        let people = ["1", "2", "3", "4"].map(drawn);
        let differs = |(digest, rows): &(Option<[u8; 32]>, Vec<String>)| {
            assert_eq!(*digest == people[0].0, *rows == people[0].1, "{people:?}");
            *rows != people[0].1
        };
        assert!(people.iter().any(differs), "{people:?}");
        let none = batch_of(0);
        assert_eq!(approving(&none).digest(), Some(none.open().digest()), "as that of any order");
    }

    /// The order, for whom and what was opened: each is shown, and each is in the digest.
    #[test]
    fn no_field_of_an_approval_is_signed_and_not_shown() {
        let one = |sample, acting_for: Option<&str>| {
            let (batch, officer) = (batch_of(sample), (OFFICER, acting_for.map(str::to_owned)));
            Approving::of(batch.open(), officer, Hearsay::default())
        };
        for sample in [0, 2] {
            let all = [None, Some("FEDCBA9876543210"), Some("FEDCBA9876543211")];
            let shown =
                all.map(|absent| (one(sample, absent).digest(), one(sample, absent).facts()));
            for (at, (digest, facts)) in shown.iter().enumerate() {
                let value = |text: &str| facts.iter().any(|fact| fact.value.zh() == text);
                assert!(value(all[at].unwrap_or("本人")), "{facts:?}");
                let others = shown.iter().enumerate().filter(|(other, _)| *other != at);
                assert!(others.into_iter().all(|(_, one)| one.0 != *digest && one.1 != *facts));
                let own = plain::fingerprint(&one(sample, all[at]).order.digest());
                assert!(at == 0 && sample == 0 || value(&own), "the order's own digest beside it");
            }
            assert_eq!(one(sample, all[1]).machine()["acting_for"], json!(all[1]));
        }
    }

    /// A page whose sample became another one, or on which not each was opened, signs nothing.
    #[test]
    fn nothing_is_approved_unopened_at_a_desk() {
        let shown = |one: &Approving| plain::fingerprint(&one.digest().unwrap());
        let asked = batch_of(2);
        let page = approving(&asked);
        let (digest, rows) = (shown(&page), named(&page));
        assert!(at_desk(approving(&asked), (&digest, &rows)).is_ok());
        for person in ["1", "2", "3", "4", "5"] {
            let other = Approving::of(asked.open(), (person, None), asked.export.beside());
            if named(&other) != rows {
                assert!(at_desk(other, (&digest, &rows)).is_err(), "{person}");
            }
        }
        for some in [&rows[..1], &[]] {
            assert!(at_desk(approving(&asked), (&digest, some)).is_err());
        }
    }

    /// `--yes` alone says nothing about what was opened.
    #[test]
    fn nobody_says_yes_for_what_was_not_opened() {
        let (output, asked) = (Output::new(false), batch_of(2));
        let consented = |named: &[String]| {
            let how = Consent::new(true, ("", ""), "").naming(named);
            consent(output, (approving(&asked), "陈登记"), &how).map(|_| ())
        };
        let rows = named(&approving(&asked));
        assert!(consented(&[]).is_err() && consented(&rows[..1]).is_err());
        let more = [rows.clone(), vec!["0123456789ABCDEF".into()]].concat();
        assert!(consented(&more).is_err(), "what is not to be opened");
    }

    #[test]
    fn what_needs_a_look_is_told_apart_from_what_is_signed() {
        let looks = [None, Some(Look::Moved), None, Some(Look::SameName), None];
        let one = approving(&batch_of(2).with_looks(&looks));
        assert_eq!(one.hearsay().len(), 2);
        let signed = one.facts();
        assert!(one.hearsay().iter().all(|fact| !signed.contains(fact)));
    }
}
