//! `yinxin draft`: a unit's handler drafts under their own signature: people of their unit, and
//! letters. Others approve; the record says who operated.

mod many;
mod person;

use crate::clock::now;
use crate::exit::Failure;
use crate::files::{Opened, Own};
use crate::output::Output;
use crate::{files, prompt};
use portal_api::plain;
use records::draft::{Draft, DraftStatement, Drafting};
use records::drafted::{Drafted, LetterBody};
use records::export::ShownOrder;
use records::handling::{DraftLine, DraftMade, Previewing};
use records::trust::Trust;
use records::{Bytes, Disclosure, json};
use system::{random, speech};

/// What is drafted.
#[derive(clap::Subcommand)]
pub enum DraftCommand {
    /// A person of your unit: new, corrected, moved, leaving. 人员
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// A letter of enrolment for a person of your unit. 信函
    Letter(LetterArguments),
    /// Many new people of your unit, from a roster. 名册
    Roster(many::RosterArguments),
    /// Letters for everybody whom a batch registered. 批量信函
    Letters(many::LettersArguments),
    /// What became of what you drafted. 我的办件
    List(ListArguments),
}

/// Arguments of `yinxin draft letter`.
#[derive(clap::Args)]
pub struct LetterArguments {
    /// Person id. 人员编号
    person: String,
    /// Profile of the certificate. 证书模板
    #[arg(long, default_value = "official")]
    profile: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

/// Arguments of `yinxin draft list`.
#[derive(clap::Args)]
pub struct ListArguments {
    #[command(flatten)]
    own: Own,
}

pub(crate) async fn run(output: Output, command: &DraftCommand) -> Result<(), Failure> {
    match command {
        DraftCommand::Person(command) => person::run(output, command).await,
        DraftCommand::Letter(arguments) => letter(output, arguments).await,
        DraftCommand::Roster(arguments) => many::roster(output, arguments).await,
        DraftCommand::Letters(arguments) => many::letters(output, arguments).await,
        DraftCommand::List(arguments) => list(output, arguments).await,
    }
}

/// A handler at work: their key, and the portal.
struct Desk<'a> {
    own: &'a Own,
    trust: Trust,
    opened: Opened,
    portal: portal_api::Staff,
}

impl<'a> Desk<'a> {
    fn open(own: &'a Own) -> Result<Self, Failure> {
        let (trust, opened) = (own.trust()?, own.open()?);
        let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
        Ok(Self { own, trust, opened, portal: portal_api::Staff(client) })
    }

    /// Shows what would be made as approvers will read it, asks, signs and hands it in.
    async fn make(
        &self,
        output: Output,
        (drafted, disclosures): (Drafted, Vec<Disclosure>),
        yes: bool,
    ) -> Result<DraftMade, Failure> {
        let statement = self.statement(&drafted)?;
        let previewing = Previewing { statement: statement.clone(), disclosures };
        self.show(output, &previewing).await?;
        if !yes {
            let last = drafted.person().get(12..).unwrap_or_default();
            let zh = format!("输入人员编号末四位 {last} 以签署");
            prompt::confirm((&zh, &format!("type {last} to sign:")), last)?;
        }
        let bytes = Bytes(json::write(&statement).map_err(|error| unsigned(&error))?);
        let draft = Draft::sign(bytes, self.opened.leaf()?, &self.opened.signer);
        let draft = draft.map_err(|error| unsigned(&error))?;
        let disclosures = previewing.disclosures;
        Ok(self.portal.draft(&Drafting { draft, disclosures }).await?)
    }

    fn statement(&self, drafted: &Drafted) -> Result<DraftStatement, Failure> {
        let (certificate, nonce) = (self.opened.leaf()?.sha256(), random::bytes()?);
        let founding = &self.trust.founding;
        let stated = drafted.statement(founding, certificate, nonce, now());
        stated.map_err(|error| unsigned(&error))
    }

    /// The names beside ids are the portal's word here; what is signed is the body that was made
    /// on this computer, and no other is shown.
    async fn show(&self, output: Output, previewing: &Previewing) -> Result<(), Failure> {
        let preview = self.portal.preview(previewing).await?;
        let Some(order) = preview.order else { return Ok(()) };
        let same =
            order.kind == previewing.statement.kind && order.body == previewing.statement.body;
        let shown = ShownOrder::unsigned(order, preview.disclosures).ok().filter(|_| same);
        let shown = shown.ok_or_else(|| {
            Failure::usage(
                "门户显示的内容与所填的不同。",
                "the portal shows another draft than this",
            )
        })?;
        output.said("尚未签署；审批人将看到", "not signed yet; approvers will read");
        for fact in plain::facts(&shown) {
            let mark = if fact.differs { "≠ " } else { "" };
            let value = speech::both(&fact.value.zh, &fact.value.en);
            output.line(&format!("   {mark}{}: {value}", fact.term.both()));
        }
        Ok(())
    }
}

fn unsigned(error: &dyn std::fmt::Display) -> Failure {
    Failure::usage("无法签名。", error.to_string())
}

async fn letter(output: Output, arguments: &LetterArguments) -> Result<(), Failure> {
    let desk = Desk::open(&arguments.own)?;
    let facts = desk.portal.person(&arguments.person).await?;
    output.fact(("   为谁", "for whom"), format!("{} ({})", facts.line.name, facts.line.person));
    output.fact(("   单位", "unit"), format!("{} ({})", facts.line.unit_name, facts.line.unit));
    output.fact(("   证书模板", "profile"), &arguments.profile);
    let person = facts.line.person.clone();
    let body = LetterBody { person, profile: arguments.profile.clone() };
    let made = desk.make(output, (Drafted::Letter(body), Vec::new()), arguments.yes).await?;
    output.fact(("信函已制作", "letter made"), &made.letter);
    output.said(
        "由登记处打印并密封交付",
        "the registration office prints it and hands it over sealed",
    );
    let again = arguments.own.again();
    output.line(&format!("yinxin withdraw --letter {}{again}", made.letter));
    output.json(&serde_json::json!({ "letter": made.letter, "person": made.person }));
    Ok(())
}

async fn list(output: Output, arguments: &ListArguments) -> Result<(), Failure> {
    let desk = Desk::open(&arguments.own)?;
    let mut after = String::new();
    loop {
        let page = desk.portal.drafts(&after).await?;
        for line in page.orders.iter().chain(&page.letters) {
            show_line(output, line);
        }
        if page.more.is_empty() {
            return Ok(());
        }
        after = page.more;
    }
}

fn show_line(output: Output, line: &DraftLine) {
    let what = plain::kind_of(&line.kind, &line.action);
    let state = plain::draft_state(&line.state);
    let what = speech::both(&what.zh, &what.en);
    let state = speech::both(&state.zh, &state.en);
    let reason = if line.reason.is_empty() { "" } else { "  " };
    output.line(&format!(
        "{}  {}  {}  {}{reason}{}",
        line.name, what, line.about, state, line.reason
    ));
    output.json(&serde_json::json!(line));
}
