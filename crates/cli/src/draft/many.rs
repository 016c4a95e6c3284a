//! `yinxin draft roster` and `yinxin draft letters`: many people of the unit, or their letters,
//! under one signature.

use super::desk::Desk;
use super::remarks::UnsignedRemarks;
use crate::clock::now;
use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files::Own;
use crate::order::checked;
use crate::output::Output;
use crate::typed_text;
use pki::{Certificate, Signer};
use portal_api::Pages;
use portal_api::plain::{self, BilingualText, Fact};
use portal_api::roster::{
    FILE_BYTES_MAX, LETTERS_A_MESSAGE, NotTaken, RosterDraft, RosterEntry, asked_numbers, check,
    day_in_beijing, read, statement_bytes, told_numbers, unit_of,
};
use records::draft::{Draft, DraftStatement, DraftingMany, ManyRow};
use records::drafted::{DraftContent, LetterBody};
use records::export::OpenedOrder;
use records::handling::{BatchReceipt, ManyMade};
use records::json;
use records::number::SealedNumber;
use records::order::{BATCH_ROWS_MAX, Body, NAME_PATH};
use std::path::PathBuf;
use system::file::read_at_most;
use system::random;

/// Arguments of `yinxin draft roster`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin draft roster roster.csv --evidence TEXT")]
pub struct RosterArguments {
    /// A roster, .xlsx or .csv. 名册文件
    file: PathBuf,
    /// What you looked at, for rows that do not say it themselves. 核验依据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

/// Arguments of `yinxin draft letters`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin draft letters ORDER")]
pub struct LettersArguments {
    /// Order id of the batch by which the people were registered. 批次编号
    batch: String,
    /// Profile of the certificates. 证书模板
    #[arg(long, default_value = "official")]
    profile: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

pub(super) async fn roster(output: Output, arguments: &RosterArguments) -> Result<(), Failure> {
    let evidence = typed_text::evidence(&arguments.evidence)?;
    let desk = Desk::open(&arguments.own)?;
    let bytes = read_at_most(&arguments.file, FILE_BYTES_MAX as u64)
        .map_err(|error| Failure::about(&arguments.file, "无法读取名册", &error))?;
    let units = desk.portal.people("-", &mut Pages::begin()).await?.units;
    let table = read(&bytes).map_err(|refusal| Failure::usage(refusal.zh(), refusal.en()))?;
    let entries =
        check(&table, |text| unit_of(&units, text), day_in_beijing(now())).map_err(not_taken)?;
    let numbers = numbers(&desk, &entries).await?;
    let draw = || random::bytes().ok();
    let draft = RosterDraft::of((&entries, &numbers), &evidence, draw)
        .ok_or_else(|| Failure::usage("没有可用的随机数。", "no randomness"))?;
    let beside = entries.iter().map(UnsignedRemarks::of_entry).collect();
    let said = SignableMany::of(&desk, (draft, beside), ("people", BATCH_ROWS_MAX))?;
    desk_many(&desk, output, said, arguments.yes, |made| told(output, &made, entries.len())).await
}

pub(super) fn told(output: Output, made: &ManyMade, count: usize) {
    let told = [
        Fact::new(("批次", "batch"), &made.batch),
        Fact::new(("需要的批准", "approvals needed"), made.needed.to_string()),
    ];
    let answer = serde_json::json!({ "order": made.batch, "needed": made.needed, "count": count });
    output.hearsay(&told, answer);
}

/// The digests of a roster's numbers, of which nobody in office has one.
async fn numbers(desk: &Desk<'_>, entries: &[RosterEntry]) -> Result<Vec<SealedNumber>, Failure> {
    let told = desk.portal.numbers(&asked_numbers(entries)).await?;
    match told_numbers(entries, told) {
        Some(told) => told.map_err(|rows| not_taken(NotTaken::Rows(rows))),
        None => Err(Failure::usage(
            "门户的答复与名册不符，未作任何操作。",
            "the portal answered about another roster; nothing was done",
        )),
    }
}

pub(super) async fn letters(output: Output, arguments: &LettersArguments) -> Result<(), Failure> {
    let desk = Desk::open(&arguments.own)?;
    let export = desk.portal.fetch(&arguments.batch).await?;
    let batch = checked(&export, Some(&arguments.batch), &desk.trust)?;
    let receipt = desk.portal.receipt(&arguments.batch).await?;
    let people = registered(&batch, &receipt)?;
    if people.is_empty() {
        output.said("没有需要密码信封的人员", "nobody of them needs a letter");
        return Ok(());
    }
    let draft = letters_for(&people, &arguments.profile)?;
    let remark = |one: &Registered| UnsignedRemarks::of_person(&one.name, &one.order);
    let beside = people.iter().map(remark).collect();
    let said = SignableMany::of(&desk, (draft, beside), ("letters", LETTERS_A_MESSAGE))?;
    let mut letters = Vec::new();
    let add = |made: ManyMade| letters.extend(made.letters);
    let done = desk_many(&desk, output, said, arguments.yes, add).await;
    if letters.is_empty() {
        return done;
    }
    let told = Fact::new(("密码信封已制作", "letters made"), letters.len().to_string());
    output.hearsay(&[told], serde_json::json!({ "letters": letters }));
    output.said(
        "由登记处打印并密封交付",
        "the registration office prints it and hands it over sealed",
    );
    done
}

/// Somebody whom a batch registers, as the CA signed it.
struct Registered {
    person: String,
    name: String,
    order: String,
}

/// Whom a batch registers and who has no letter: who they are is read from the batch that the CA
/// signed; that they are registered by now, and have none, is the portal's word.
fn registered(batch: &OpenedOrder, receipt: &BatchReceipt) -> Result<Vec<Registered>, Failure> {
    let registers = matches!(batch.body(), Body::Batch(body)
        if body.of == "person" && body.action == "create");
    if !registers {
        return Err(Failure::usage(
            "此批次不是新增人员的批次，没有可制作的密码信封。",
            "this batch registers nobody; no letters come of it",
        ));
    }
    let without = |order: &str| {
        let line = receipt.lines.iter().find(|line| line.order == order);
        line.is_some_and(|line| line.state == "done" && line.wants_letter)
    };
    let rows = batch.rows().iter().filter(|row| without(&row.order().order));
    let read = |row: &OpenedOrder| match row.body() {
        Body::Person(body) => Some(Registered {
            person: body.person.clone(),
            name: row.text(&body.name, NAME_PATH).to_owned(),
            order: row.order().order.clone(),
        }),
        _ => None,
    };
    Ok(rows.filter_map(read).collect())
}

fn letters_for(people: &[Registered], profile: &str) -> Result<RosterDraft, Failure> {
    let body = |one: &Registered| {
        let body = LetterBody { person: one.person.clone(), profile: profile.to_owned() };
        DraftContent::Letter(body).parts().map(|(_, body)| (body, Vec::new()))
    };
    let bodies = people.iter().map(body).collect::<Result<Vec<_>, _>>();
    bodies.and_then(RosterDraft::over).map_err(|error| unsigned(&error))
}

/// A draft of many as it is to be signed.
pub(super) struct SignableMany {
    statement: DraftStatement,
    draft: RosterDraft,
    /// What is told beside each row.
    beside: Vec<UnsignedRemarks>,
    /// Bodies of one message.
    most: usize,
}

impl SignableMany {
    pub(super) fn of(
        desk: &Desk<'_>,
        (draft, beside): (RosterDraft, Vec<UnsignedRemarks>),
        (kind, most): (&str, usize),
    ) -> Result<Self, Failure> {
        let of = (&desk.trust.founding, desk.opened.leaf()?.sha256());
        let said = draft.many.statement(kind, of, random::bytes()?, now());
        Ok(Self { statement: said.map_err(|error| unsigned(&error))?, draft, beside, most })
    }
}

impl Consentable for SignableMany {
    fn what(&self) -> BilingualText {
        let kind = plain::many_of(&self.statement.kind, &self.draft.rows);
        let count = self.draft.rows.len();
        BilingualText {
            zh: format!("批量起草：{}，{count} 项", kind.zh),
            en: format!("draft of many: {}, {count}", kind.en),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let rows = self.draft.rows.iter().zip(&self.beside);
        let row = |(row, beside): (&ManyRow, &UnsignedRemarks)| {
            let signed = plain::about_row(&self.statement, row, &beside.unsaid);
            std::iter::once(beside.source.clone()).chain(signed).collect::<Vec<Fact>>()
        };
        let whole = plain::about_many(&self.statement, &self.draft.rows);
        whole.into_iter().chain(rows.flat_map(row)).collect()
    }

    fn hearsay(&self) -> Vec<Fact> {
        let mut told: Vec<Fact> = self.beside.iter().filter_map(|one| one.known.clone()).collect();
        if self.statement.kind == "letters" {
            let term = ("已登记且尚无密码信封", "registered by now, and without a letter");
            told.push(Fact::new(term, self.draft.rows.len().to_string()));
        }
        told
    }

    fn digest(&self) -> Option<[u8; 32]> {
        json::write(&self.statement).ok().map(|bytes| Draft::challenge(&bytes))
    }
}

impl Signable for SignableMany {
    type Signed = Vec<DraftingMany>;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Vec<DraftingMany>, Failure> {
        let bytes = statement_bytes(&self.statement).map_err(|error| unsigned(&error))?;
        let draft = Draft::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))?;
        Ok(self.draft.messages(&draft, self.most))
    }
}

/// Shows all of it, asks and signs once, and tells what came of each message as it is handed in.
pub(super) async fn desk_many(
    desk: &Desk<'_>,
    output: Output,
    said: SignableMany,
    yes: bool,
    mut made: impl FnMut(ManyMade),
) -> Result<(), Failure> {
    let count = said.draft.rows.len().to_string();
    let zh = format!("输入人数 {count} 以签署");
    let en = format!("type {count} to sign:");
    let how = Consent::new(yes, (&zh, &en), &count);
    let messages = consent(output, (said, &desk.opened.name()), &how)?.sign(&desk.opened)?;
    for message in messages {
        made(desk.portal.draft_many(&message).await?);
    }
    Ok(())
}

/// What is wrong with a roster, in words: every row of it.
pub(super) fn not_taken(refused: NotTaken) -> Failure {
    match refused {
        NotTaken::File(refusal) => Failure::usage(refusal.zh(), refusal.en()),
        NotTaken::Rows(rows) => {
            Failure::several(rows.iter().map(|row| (row.zh(), row.en())).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portal_api::plain::field;
    use records::handling::{ReceiptLine, UnitLine};
    use records::order::OrderSubject;
    use sample_city::SampleBatch;

    fn receipt(lines: &[(&str, &str, bool)]) -> BatchReceipt {
        let line = |(order, state, letter): &(&str, &str, bool)| ReceiptLine {
            order: (*order).into(),
            about: OrderSubject::person("FEDCBA9876543210", Some("不相干的人".into())),
            person: "FEDCBA9876543210".into(),
            state: (*state).into(),
            problem: None,
            letter: *letter,
            wants_letter: *state == "done" && !*letter,
            serials: Vec::new(),
        };
        BatchReceipt {
            order: "2GAHC5RR34D1P70X".into(),
            digest: [7; 32].into(),
            of: "person".into(),
            action: "create".into(),
            state: "done".into(),
            approvals: (2, 0),
            own: true,
            approvers: Vec::new(),
            lines: lines.iter().map(line).collect(),
        }
    }

    fn said(draft: RosterDraft, beside: Vec<UnsignedRemarks>, kind: &str) -> SignableMany {
        let of = (&records::Bytes::from([1; 32]), [2; 32]);
        let statement = draft.many.statement(kind, of, [3; 16], 1_795_507_200).unwrap();
        SignableMany { statement, draft, beside, most: 100 }
    }

    fn values(facts: &[Fact], term: &str) -> Vec<String> {
        let of = facts.iter().filter(|fact| fact.term.en == term);
        of.map(|fact| fact.value.en()).collect()
    }

    /// Whom letters are for is read from the batch that the CA signed: a portal names nobody else,
    /// neither by a person's number nor by another order.
    #[test]
    fn a_portal_names_nobody_else_for_letters() {
        let batch = SampleBatch::of("person", 4, |_, _| ()).open();
        let told = receipt(&[
            ("0000000000000000", "done", false),
            ("0000000000000001", "done", true),
            ("0000000000000002", "open", false),
            ("0000000000000099", "done", false),
        ]);
        let people = registered(&batch, &told).unwrap();
        let whom: Vec<&str> = people.iter().map(|one| one.person.as_str()).collect();
        assert_eq!(whom, ["0123456789ABCDEF"], "of the one that is done and has no letter");
        let draft = letters_for(&people, "official").unwrap();
        let remark = |one: &Registered| UnsignedRemarks::of_person(&one.name, &one.order);
        let beside = people.iter().map(remark).collect();
        let said = said(draft, beside, "letters");
        let facts = said.facts();
        assert_eq!(values(&facts, "for whom, by person id"), ["0123456789ABCDEF"]);
        let signed = values(&facts, "as the CA signed it in the batch");
        assert!(signed[0].ends_with(" · 0000000000000000"), "{signed:?}");
        assert!(!format!("{facts:?}").contains("不相干的人"), "nothing of the portal's");
        assert_eq!(said.hearsay().len(), 1, "that they are registered is its word");
        for kind in ["role", "issue"] {
            let other = SampleBatch::of(kind, 1, |_, _| ()).open();
            assert!(registered(&other, &told).is_err(), "{kind}");
        }
        let leaves =
            SampleBatch::of("person", 1, |_, order| order["body"]["action"] = "leave".into());
        let leaves = leaves.export.open_under(leaves.registry());
        assert!(leaves.is_err() || registered(&leaves.unwrap(), &told).is_err());
    }

    /// A unit that the file has by name means what a portal says: that is told, beside what the
    /// file has; one by its number is what its handler wrote.
    #[test]
    fn what_a_portal_says_of_a_roster_stands_apart() {
        let unit = |id: &str| UnitLine { unit: id.into(), name: "区政府办公室".into() };
        let text = "姓名,证件号,单位,邮箱,核验依据\n\
            陈一,11010519491231002X,区政府办公室,,\n\
            陈二,611002199001010015,ln-office,,录用文件\n";
        let units = [unit("ln-police"), UnitLine { unit: "ln-office".into(), name: "别处".into() }];
        let table = read(text.as_bytes()).unwrap();
        let entries = check(&table, |text| unit_of(&units, text), (2026, 12, 1)).unwrap();
        let mut drawn = 0u8;
        let draw = || {
            drawn += 1;
            Some([drawn; 32])
        };
        let number =
            |_: &RosterEntry| SealedNumber { digest: [7; 32].into(), seal: [8; 32].into() };
        let numbers: Vec<SealedNumber> = entries.iter().map(number).collect();
        let draft = RosterDraft::of((&entries, &numbers), "当面核实", draw).unwrap();
        let facts =
            said(draft, entries.iter().map(UnsignedRemarks::of_entry).collect(), "people").facts();
        let told = values(&facts, field::UNIT);
        assert!(told[0].starts_with("ln-police") && told[0].contains("portal's word"), "{told:?}");
        assert_eq!(told[1], "ln-office");
        let written = values(&facts, "as the roster has it, not signed");
        assert!(written[0].ends_with("「区政府办公室」"), "{written:?}");
        assert_eq!(values(&facts, "evidence"), ["当面核实", "录用文件"]);
    }
}
