//! `yinxin draft person`: the record of a person, as it is to be. What is not said stays as it is.

use super::desk::{Desk, is_asked, typed_person};
use crate::consent::unsigned;
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use portal_api::plain::field;
use records::drafted::{Drafted, TypedPerson};
use records::order::PersonAction;
use system::random;

/// What happens to the person.
#[derive(clap::Subcommand)]
pub enum PersonCommand {
    /// A new person in your unit. 新增人员
    Create {
        /// Name. 姓名
        #[arg(long)]
        name: String,
        /// Unit id. 单位编号
        #[arg(long)]
        unit: String,
        /// Mail address. 邮箱
        #[arg(long, default_value = "")]
        mail: String,
        #[command(flatten)]
        signing: Signing,
    },
    /// Another name or mail address. 更正信息
    Correct {
        /// Person id. 人员编号
        person: String,
        /// Name, if it changes. 姓名
        #[arg(long)]
        name: Option<String>,
        /// Mail address, if it changes; empty for none. 邮箱
        #[arg(long)]
        mail: Option<String>,
        #[command(flatten)]
        signing: Signing,
    },
    /// To another unit. 调动
    Move {
        /// Person id. 人员编号
        person: String,
        /// Unit id. 单位编号
        #[arg(long)]
        unit: String,
        #[command(flatten)]
        signing: Signing,
    },
    /// Leaves office: roles end, every certificate is revoked. 离任
    Leave {
        /// Person id. 人员编号
        person: String,
        #[command(flatten)]
        signing: Signing,
    },
}

/// What every draft of a person takes.
#[derive(clap::Args)]
pub struct Signing {
    /// What you looked at, in words; approvers see it. 核验依据
    #[arg(long)]
    evidence: String,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
}

/// A record as it is to be.
struct Record {
    action: PersonAction,
    person: String,
    version: u32,
    unit: String,
    name: String,
    mail: String,
    /// Fields that the handler did not type.
    unsaid: Vec<&'static str>,
}

pub(super) async fn run(output: Output, command: &PersonCommand) -> Result<(), Failure> {
    let (PersonCommand::Create { signing, .. }
    | PersonCommand::Correct { signing, .. }
    | PersonCommand::Move { signing, .. }
    | PersonCommand::Leave { signing, .. }) = command;
    let desk = Desk::open(&signing.own)?;
    let record = record(&desk, command).await?;
    let typed = TypedPerson {
        action: record.action,
        person: &record.person,
        version: record.version,
        unit: &record.unit,
        name: &record.name,
        mail: &record.mail,
        evidence: &signing.evidence.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let salts = [random::bytes()?, random::bytes()?, random::bytes()?];
    let (body, disclosures) = typed.body(salts).map_err(|error| unsigned(&error))?;
    let mut draft = desk.drafting((&Drafted::Person(body), disclosures), record.unsaid)?;
    draft.hearsay = desk.preview(&draft).await?;
    let made = desk.make(output, (draft, &record.person), signing.yes).await?;
    output.fact(("已提交", "submitted"), &made.order);
    output.fact(("人员编号", "person"), &made.person);
    output.fact(("需要的批准", "approvals needed"), made.needed);
    output.command(&desk.own.again("yinxin withdraw {}", &[&made.order]));
    output.json(&serde_json::json!({
        "order": made.order, "person": made.person, "needed": made.needed,
    }));
    Ok(())
}

async fn record(desk: &Desk<'_>, command: &PersonCommand) -> Result<Record, Failure> {
    let (action, person) = match command {
        PersonCommand::Create { name, unit, mail, .. } => {
            return Ok(Record {
                action: PersonAction::Create,
                person: records::letter::reference(random::bytes()?),
                version: 1,
                unit: unit.clone(),
                name: name.clone(),
                mail: mail.clone(),
                unsaid: Vec::new(),
            });
        }
        PersonCommand::Correct { person, .. } | PersonCommand::Move { person, .. } => {
            (PersonAction::Move, person)
        }
        PersonCommand::Leave { person, .. } => (PersonAction::Leave, person),
    };
    let person = typed_person(person)?;
    let facts = is_asked(desk.portal.person(&person).await?, &person)?;
    let mut unsaid = vec![field::VERSION];
    let mut kept = |typed: Option<&String>, held: String, name: &'static str| {
        typed.cloned().unwrap_or_else(|| {
            unsaid.push(name);
            held
        })
    };
    let (typed_name, typed_mail, typed_unit) = match command {
        PersonCommand::Correct { name, mail, .. } => (name.as_ref(), mail.as_ref(), None),
        PersonCommand::Move { unit, .. } => (None, None, Some(unit)),
        PersonCommand::Create { .. } | PersonCommand::Leave { .. } => (None, None, None),
    };
    let name = kept(typed_name, facts.line.name, field::NAME);
    let mail = kept(typed_mail, facts.mail, field::MAIL);
    let unit = kept(typed_unit, facts.line.unit, field::UNIT);
    Ok(Record {
        action,
        person,
        version: facts.version.saturating_add(1),
        unit,
        name,
        mail,
        unsaid,
    })
}
