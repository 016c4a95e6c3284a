//! `yinxin draft roster` and `yinxin draft letters`: many people of the unit, or their letters,
//! under one signature.

use super::{Desk, unsigned};
use crate::clock::now;
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use crate::prompt;
use portal_api::FindPeople;
use portal_api::roster::{
    Day, LETTERS_A_MESSAGE, NotTaken, RosterDraft, check, read, statement_bytes, unit_of,
};
use records::draft::Draft;
use records::drafted::{Drafted, LetterBody};
use records::handling::ManyMade;
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
    let table = read(&bytes).map_err(|refusal| Failure::usage(&refusal.zh(), refusal.en()))?;
    let entries = check(&table, |text| unit_of(&units, text), today()).map_err(not_taken)?;
    for entry in &entries {
        output.line(&format!("   {}. {} {} {}", entry.row, entry.name, entry.number, entry.unit));
    }
    confirmed(entries.len(), arguments.yes)?;
    let draw = || random::bytes().ok();
    let draft = RosterDraft::of(&entries, &arguments.evidence, draw)
        .ok_or_else(|| Failure::usage("没有可用的随机数。", "no randomness"))?;
    for made in desk.many(draft, "people", BATCH_ROWS_MAX).await? {
        output.fact(("批次", "batch"), &made.batch);
        output.fact(("需要的批准", "approvals needed"), made.needed);
        output.line(&format!("yinxin withdraw {}{}", made.batch, desk.own.again()));
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
        output.line(&format!("   {} ({})", line.about, line.person));
        let (person, profile) = (line.person.clone(), arguments.profile.clone());
        let body = Drafted::Letter(LetterBody { person, profile });
        let (_, body) = body.parts().map_err(|error| unsigned(&error))?;
        bodies.push((body, Vec::new()));
    }
    if bodies.is_empty() {
        output.said("没有需要信函的人员", "nobody of them needs a letter");
        return Ok(());
    }
    confirmed(bodies.len(), arguments.yes)?;
    let draft = RosterDraft::over(bodies).map_err(|error| unsigned(&error))?;
    let made = desk.many(draft, "letters", LETTERS_A_MESSAGE).await?;
    let letters: Vec<String> = made.into_iter().flat_map(|made| made.letters).collect();
    output.fact(("信函已制作", "letters made"), letters.len());
    output.said(
        "由登记处打印并密封交付",
        "the registration office prints it and hands it over sealed",
    );
    output.json(&serde_json::json!({ "letters": letters }));
    Ok(())
}

impl Desk<'_> {
    /// Signs once, and hands in what was signed, a message after the other.
    async fn many(
        &self,
        draft: RosterDraft,
        kind: &str,
        most: usize,
    ) -> Result<Vec<ManyMade>, Failure> {
        let of = (&self.trust.founding, self.opened.leaf()?.sha256());
        let said = draft.many.statement(kind, of, random::bytes()?, now());
        let bytes = said.and_then(|said| statement_bytes(&said));
        let bytes = bytes.map_err(|error| unsigned(&error))?;
        let signed = Draft::sign(bytes, self.opened.leaf()?, &self.opened.signer);
        let signed = signed.map_err(|error| unsigned(&error))?;
        let mut made = Vec::new();
        for message in draft.messages(&signed, most) {
            made.push(self.portal.draft_many(&message).await?);
        }
        Ok(made)
    }
}

fn confirmed(count: usize, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let count = count.to_string();
    let zh = format!("输入人数 {count} 以签署");
    prompt::confirm((&zh, &format!("type {count} to sign:")), &count)
}

/// What is wrong with a roster, in words: every row of it.
fn not_taken(refused: NotTaken) -> Failure {
    match refused {
        NotTaken::File(refusal) => Failure::usage(&refusal.zh(), refusal.en()),
        NotTaken::Rows(rows) => {
            let zh: Vec<String> = rows.iter().map(|row| row.zh()).collect();
            let en: Vec<String> = rows.iter().map(|row| row.en()).collect();
            Failure::usage(&zh.join("\n"), en.join("\n"))
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
