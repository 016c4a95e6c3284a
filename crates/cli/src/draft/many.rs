//! `yinxin draft roster` and `yinxin draft letters`: many people of the unit, or their letters,
//! under one signature.

use super::desk::Desk;
use crate::clock::now;
use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use pki::{Certificate, Signer};
use portal_api::FindPeople;
use portal_api::plain::{self, Fact, Said};
use portal_api::roster::{
    Day, LETTERS_A_MESSAGE, NotTaken, RosterDraft, check, read, statement_bytes, unit_of,
};
use records::draft::{Draft, DraftStatement, DraftingMany, ManyRow};
use records::drafted::{Drafted, LetterBody};
use records::handling::ManyMade;
use records::json;
use records::order::BATCH_ROWS_MAX;
use std::path::PathBuf;
use system::random;

/// Arguments of `yinxin draft roster`.
#[derive(clap::Args)]
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
    let desk = Desk::open(&arguments.own)?;
    let bytes = std::fs::read(&arguments.file)
        .map_err(|error| Failure::usage("无法读取名册。", error.to_string()))?;
    let sought = FindPeople { text: "-".into(), after: String::new() };
    let units = desk.portal.people(&sought).await?.units;
    let table = read(&bytes).map_err(|refusal| Failure::usage(refusal.zh(), refusal.en()))?;
    let entries = check(&table, |text| unit_of(&units, text), today()).map_err(not_taken)?;
    let draw = || random::bytes().ok();
    let draft = RosterDraft::of(&entries, &arguments.evidence, draw)
        .ok_or_else(|| Failure::usage("没有可用的随机数。", "no randomness"))?;
    let said = SaidMany::of(&desk, draft, ("people", BATCH_ROWS_MAX))?;
    for made in desk_many(&desk, output, said, arguments.yes).await? {
        output.fact(("批次", "batch"), &made.batch);
        output.fact(("需要的批准", "approvals needed"), made.needed);
        output.json(&serde_json::json!({
            "order": made.batch, "needed": made.needed, "count": entries.len(),
        }));
    }
    Ok(())
}

pub(super) async fn letters(output: Output, arguments: &LettersArguments) -> Result<(), Failure> {
    let desk = Desk::open(&arguments.own)?;
    let receipt = desk.portal.receipt(&arguments.batch).await?;
    let without = receipt.lines.iter().filter(|line| line.state == "done" && !line.letter);
    let mut bodies = Vec::new();
    for line in without {
        let (person, profile) = (line.person.clone(), arguments.profile.clone());
        let body = Drafted::Letter(LetterBody { person, profile });
        let (_, body) = body.parts().map_err(|error| unsigned(&error))?;
        bodies.push((body, Vec::new()));
    }
    if bodies.is_empty() {
        output.said("没有需要密码信封的人员", "nobody of them needs a letter");
        return Ok(());
    }
    let draft = RosterDraft::over(bodies).map_err(|error| unsigned(&error))?;
    let said = SaidMany::of(&desk, draft, ("letters", LETTERS_A_MESSAGE))?;
    let made = desk_many(&desk, output, said, arguments.yes).await?;
    let letters: Vec<String> = made.into_iter().flat_map(|made| made.letters).collect();
    output.fact(("密码信封已制作", "letters made"), letters.len());
    output.said(
        "由登记处打印并密封交付",
        "the registration office prints it and hands it over sealed",
    );
    output.json(&serde_json::json!({ "letters": letters }));
    Ok(())
}

/// A draft of many as it is to be signed.
struct SaidMany {
    statement: DraftStatement,
    draft: RosterDraft,
    /// Bodies of one message.
    most: usize,
}

impl SaidMany {
    fn of(
        desk: &Desk<'_>,
        draft: RosterDraft,
        (kind, most): (&str, usize),
    ) -> Result<Self, Failure> {
        let of = (&desk.trust.founding, desk.opened.leaf()?.sha256());
        let said = draft.many.statement(kind, of, random::bytes()?, now());
        Ok(Self { statement: said.map_err(|error| unsigned(&error))?, draft, most })
    }

    /// One body as a draft by itself says it.
    fn of_row(&self, row: &ManyRow) -> Vec<Fact> {
        let kind = if self.statement.kind == "people" { "person" } else { "letter" };
        let (kind, body) = (kind.to_owned(), row.body.clone());
        let alone = DraftStatement { kind, body, ..self.statement.clone() };
        plain::about_drafting(&alone, &row.disclosures, &[])
    }
}

impl Consentable for SaidMany {
    fn what(&self) -> Said {
        let kind = plain::kind_of(&self.statement.kind, "");
        let count = self.draft.rows.len();
        Said {
            zh: format!("批量起草：{}，{count} 项", kind.zh),
            en: format!("draft of many: {}, {count}", kind.en),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        self.draft.rows.iter().flat_map(|row| self.of_row(row)).collect()
    }

    fn digest(&self) -> Option<[u8; 32]> {
        json::write(&self.statement).ok().map(|bytes| Draft::challenge(&bytes))
    }
}

impl Signable for SaidMany {
    type Signed = Vec<DraftingMany>;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Vec<DraftingMany>, Failure> {
        let bytes = statement_bytes(&self.statement).map_err(|error| unsigned(&error))?;
        let draft = Draft::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))?;
        Ok(self.draft.messages(&draft, self.most))
    }
}

/// Shows all of it, asks, signs once, and hands in what was signed, a message after the other.
async fn desk_many(
    desk: &Desk<'_>,
    output: Output,
    said: SaidMany,
    yes: bool,
) -> Result<Vec<ManyMade>, Failure> {
    let count = said.draft.rows.len().to_string();
    let zh = format!("输入人数 {count} 以签署");
    let en = format!("type {count} to sign:");
    let how = Consent::new(yes, (&zh, &en), &count);
    let messages = consent(output, (said, &desk.opened.name()), &how)?.sign(&desk.opened)?;
    let mut made = Vec::new();
    for message in messages {
        made.push(desk.portal.draft_many(&message).await?);
    }
    Ok(made)
}

/// What is wrong with a roster, in words: every row of it.
fn not_taken(refused: NotTaken) -> Failure {
    match refused {
        NotTaken::File(refusal) => Failure::usage(refusal.zh(), refusal.en()),
        NotTaken::Rows(rows) => {
            let zh: Vec<String> = rows.iter().map(|row| row.zh()).collect();
            let en: Vec<String> = rows.iter().map(|row| row.en()).collect();
            Failure::usage(zh.join("\n"), en.join("\n"))
        }
    }
}

/// The day in China.
fn today() -> Day {
    let text = records::time::seconds(now() + 8 * 3_600);
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse().ok());
    let (month, day): (Option<u16>, Option<u16>) = (part(5..7), part(8..10));
    (part(0..4).unwrap_or(0), month.unwrap_or(0) as u8, day.unwrap_or(0) as u8)
}
