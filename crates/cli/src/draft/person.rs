//! `yinxin draft person`: the record of a person, as it is to be. What is not said stays as it is.

use super::desk::{Desk, is_asked, typed_person};
use crate::clock::now;
use crate::consent::unsigned;
use crate::exit::Failure;
use crate::files::Own;
use crate::output::Output;
use crate::prompt;
use crate::typed_text;
use pki::name::both;
use portal_api::plain::field;
use portal_api::roster::{CitizenNumber, day_in_beijing, named};
use records::Bytes;
use records::drafted::{DraftContent, TypedPerson};
use records::number::{AskedNumbers, NumberLine, SealedNumber};
use records::order::PersonAction;
use system::random;

/// What happens to the person.
#[derive(clap::Subcommand)]
pub enum PersonCommand {
    /// A new person in your unit. 新增人员
    #[command(after_help = "例 / example: yinxin draft person create --name NAME \
        --unit UNIT --evidence TEXT")]
    Create {
        /// Name. 姓名
        #[arg(long, value_parser = typed_text::person_name)]
        name: String,
        /// Unit id. 单位编号
        #[arg(long)]
        unit: String,
        /// Mail address. 邮箱
        #[arg(long, default_value = "", value_parser = typed_text::mail)]
        mail: String,
        /// National number: nobody is registered twice; without a value it is asked for. 证件号
        #[arg(long, num_args = 0..=1, default_missing_value = "")]
        number: Option<String>,
        #[command(flatten)]
        signing: Signing,
    },
    /// Another name, mail address or national number. 更正信息
    #[command(
        after_help = "例 / example: yinxin draft person correct PERSON --name NAME --evidence TEXT"
    )]
    Correct {
        /// Person id. 人员编号
        person: String,
        /// Name, if it changes. 姓名
        #[arg(long, value_parser = typed_text::person_name)]
        name: Option<String>,
        /// Mail address, if it changes; empty for none. 邮箱
        #[arg(long, value_parser = typed_text::mail)]
        mail: Option<String>,
        /// National number, if it is registered or exchanged; without a value it is asked for.
        /// 证件号
        #[arg(long, num_args = 0..=1, default_missing_value = "")]
        number: Option<String>,
        #[command(flatten)]
        signing: Signing,
    },
    /// To another unit. 调动
    #[command(
        after_help = "例 / example: yinxin draft person move PERSON --unit UNIT --evidence TEXT"
    )]
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
    #[command(after_help = "例 / example: yinxin draft person leave PERSON --evidence TEXT")]
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
    /// What the CA said of the number that was typed; and the digest that the record has then.
    sealed: Option<SealedNumber>,
    number: Option<Bytes>,
    /// Fields that the handler did not type.
    unsaid: Vec<&'static str>,
}

pub(super) async fn run(output: Output, command: &PersonCommand) -> Result<(), Failure> {
    let (PersonCommand::Create { signing, .. }
    | PersonCommand::Correct { signing, .. }
    | PersonCommand::Move { signing, .. }
    | PersonCommand::Leave { signing, .. }) = command;
    let evidence = typed_text::evidence(&signing.evidence)?;
    let desk = Desk::open(&signing.own)?;
    let record = record(&desk, command).await?;
    let typed = TypedPerson {
        action: record.action,
        person: &record.person,
        version: record.version,
        unit: &record.unit,
        name: &record.name,
        mail: &record.mail,
        number: record.number.as_ref(),
        evidence: &evidence,
    };
    let salts = [random::bytes()?, random::bytes()?, random::bytes()?];
    let (body, disclosures) = typed.body(salts).map_err(|error| unsigned(&error))?;
    let mut draft = desk.drafting((&DraftContent::Person(body), disclosures), record.unsaid)?;
    draft.number_seal = record.sealed.map(|number| number.seal);
    draft.hearsay = desk.preview(&draft).await?;
    let made = desk.make(output, (draft, &record.person), signing.yes).await?;
    desk.told(output, &made);
    Ok(())
}

async fn record(desk: &Desk<'_>, command: &PersonCommand) -> Result<Record, Failure> {
    let (action, person) = match command {
        PersonCommand::Create { name, unit, mail, number, .. } => {
            let sealed = numbered(desk, (number.as_deref(), "")).await?;
            let number = sealed.as_ref().map(|number| number.digest.clone());
            return Ok(Record {
                action: PersonAction::Create,
                person: records::letter::reference(random::bytes()?),
                version: 1,
                unit: unit.clone(),
                name: name.clone(),
                mail: mail.clone(),
                unsaid: number.iter().map(|_| field::NUMBER).collect(),
                sealed,
                number,
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
    let sealed = match command {
        PersonCommand::Correct { number, .. } => {
            numbered(desk, (number.as_deref(), &person)).await?
        }
        _ => None,
    };
    let name = kept(typed_name, facts.line.name, field::NAME);
    let mail = kept(typed_mail, facts.mail, field::MAIL);
    let unit = kept(typed_unit, facts.line.unit, field::UNIT);
    let number = sealed.as_ref().map(|number| number.digest.clone()).or(facts.number);
    unsaid.extend(number.iter().map(|_| field::NUMBER));
    Ok(Record {
        action,
        person,
        version: facts.version.saturating_add(1),
        unit,
        name,
        mail,
        sealed,
        number,
        unsaid,
    })
}

/// What the CA says of a number that was typed, or is asked for: nobody has it but whom it is for.
async fn numbered(
    desk: &Desk<'_>,
    (typed, person): (Option<&str>, &str),
) -> Result<Option<SealedNumber>, Failure> {
    let Some(typed) = typed else { return Ok(None) };
    let text = match typed {
        "" => prompt::number()?,
        typed => typed.to_owned(),
    };
    let number = CitizenNumber::read(&text, day_in_beijing(now())).map_err(|matter| {
        let (zh, en) = both(&matter);
        Failure::usage(format!("{zh}。"), en)
    })?;
    let asked = AskedNumbers { numbers: vec![number.whole().to_owned()] };
    let mut lines = desk.portal.numbers(&asked).await?.lines;
    match (lines.pop(), lines.pop()) {
        (Some(NumberLine::Free(number)), None) => Ok(Some(number)),
        (Some(NumberLine::Registered { person: same, .. }), None) if same == person => Ok(None),
        (Some(NumberLine::Registered { person, name }), None) => {
            let who = named(&person, &name);
            let (zh, en) = ("此证件号已登记：", "this number is registered already: ");
            Err(Failure::usage(format!("{zh}{who}。"), format!("{en}{who}")))
        }
        (Some(NumberLine::Elsewhere), None) => Err(Failure::usage(
            "此证件号已在其他单位登记。",
            "this number is registered already, in another unit",
        )),
        _ => Err(Failure::usage(
            "门户的答复与所问不符，未作任何操作。",
            "the portal answered something else than was asked; nothing was done",
        )),
    }
}
