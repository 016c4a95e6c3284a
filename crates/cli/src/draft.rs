//! `yinxin draft`: a unit's handler drafts under their own signature: people of their unit, and
//! letters; an officer too what releases a certificate, or lends a role. Others approve; the record
//! says who operated.

mod changes;
mod delegation;
mod desk;
mod many;
mod person;
mod release;
mod remarks;

use crate::exit::Failure;
use crate::facts::{meant, row};
use crate::files::Own;
use crate::output::Output;
use desk::{Desk, is_asked, typed_person};
use portal_api::Pages;
use portal_api::changes::ChangeKind;
use portal_api::plain::{self, Fact, FactValue, NameAndId};
use records::drafted::{DraftContent, LetterBody};
use records::handling::{DraftLine, PersonFacts};

/// What is drafted.
#[derive(clap::Subcommand)]
pub enum DraftCommand {
    /// A person of your unit: new, corrected, moved, leaving. 人员
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// A letter of enrolment for a person of your unit. 密码信封
    Letter(LetterArguments),
    /// What releases a suspended certificate. 解除冻结
    Release(release::ReleaseArguments),
    /// Who acts for somebody while they are on leave. 代理审批
    #[command(subcommand)]
    Delegation(delegation::DelegationCommand),
    /// Many new people of your unit, from a roster. 名册
    Roster(many::RosterArguments),
    /// Transfers of many, from a file. 批量调动
    Transfers(changes::ChangesArguments),
    /// Many who leave office, from a file. 批量离任
    Leavers(changes::ChangesArguments),
    /// Revocations of many, from a file. 批量吊销
    Revocations(changes::ChangesArguments),
    /// Letters for everybody whom a batch registered. 批量密码信封
    Letters(many::LettersArguments),
    /// What became of what you drafted. 我的办件
    List(ListArguments),
}

/// Arguments of `yinxin draft letter`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin draft letter PERSON")]
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
#[command(after_help = "例 / example: yinxin draft list")]
pub struct ListArguments {
    #[command(flatten)]
    own: Own,
}

pub(crate) async fn run(output: Output, command: &DraftCommand) -> Result<(), Failure> {
    match command {
        DraftCommand::Person(command) => person::run(output, command).await,
        DraftCommand::Letter(arguments) => letter(output, arguments).await,
        DraftCommand::Release(arguments) => release::run(output, arguments).await,
        DraftCommand::Delegation(command) => delegation::run(output, command).await,
        DraftCommand::Roster(arguments) => many::roster(output, arguments).await,
        DraftCommand::Transfers(arguments) => {
            changes::run(output, arguments, ChangeKind::Transfer).await
        }
        DraftCommand::Leavers(arguments) => {
            changes::run(output, arguments, ChangeKind::Leave).await
        }
        DraftCommand::Revocations(arguments) => {
            changes::run(output, arguments, ChangeKind::Revoke).await
        }
        DraftCommand::Letters(arguments) => many::letters(output, arguments).await,
        DraftCommand::List(arguments) => list(output, arguments).await,
    }
}

async fn letter(output: Output, arguments: &LetterArguments) -> Result<(), Failure> {
    let desk = Desk::open(&arguments.own)?;
    let person = typed_person(&arguments.person)?;
    let told = is_asked(desk.portal.person(&person).await?, &person)?;
    let body = LetterBody { person: person.clone(), profile: arguments.profile.clone() };
    let mut draft = desk.drafting((&DraftContent::Letter(body), Vec::new()), Vec::new())?;
    draft.hearsay = who(&told);
    draft.hearsay.extend(called(&told, &arguments.profile));
    let made = desk.make(output, (draft, &person), arguments.yes).await?;
    let told = Fact::new(("密码信封已制作", "letter made"), &made.letter);
    output.hearsay(&[told], serde_json::json!({ "letter": made.letter, "person": made.person }));
    output.said(
        "由登记处打印并密封交付",
        "the registration office prints it and hands it over sealed",
    );
    output.command(&arguments.own.again("yinxin withdraw --letter {}", &[&made.letter]));
    Ok(())
}

/// Whose id it is, as the portal says.
fn who(told: &PersonFacts) -> Vec<Fact> {
    let line = &told.line;
    let unit = NameAndId { name: Some(line.unit_name.clone()), id: line.unit.clone(), unit: None };
    vec![Fact::new(("姓名", "name"), &line.name), Fact::new(("单位", "unit"), unit)]
}

/// What the profile of the letter is called, as the portal says.
fn called(told: &PersonFacts, profile: &str) -> Option<Fact> {
    let called = told.profiles.iter().find(|one| one.id == profile)?;
    Some(Fact::new(("证书模板名称", "name of the profile"), called.clone()))
}

async fn list(output: Output, arguments: &ListArguments) -> Result<(), Failure> {
    let desk = Desk::open(&arguments.own)?;
    let (mut pages, mut any) = (Pages::begin(), false);
    while pages.next().is_some() {
        let page = desk.portal.drafts(&mut pages).await?;
        any |= !page.orders.is_empty() || !page.letters.is_empty();
        for line in page.orders.iter().chain(&page.letters) {
            output.hearsay(&[listed(line)], serde_json::json!(line));
        }
    }
    if !any {
        output.said(
            "还没有起草过：yinxin draft --help",
            "nothing was drafted yet: yinxin draft --help",
        );
    }
    Ok(())
}

fn listed(line: &DraftLine) -> Fact {
    let what = meant(plain::kind_of(&line.kind, &line.action));
    let state = meant(plain::state_of(&line.kind, &line.state));
    let why = (!line.reason.is_empty()).then(|| FactValue::from(&line.reason));
    let facts = [(&line.name).into(), what, plain::told_about(&line.about), state];
    Fact::new(("起草", "drafted"), row(facts.into_iter().chain(why)))
}
