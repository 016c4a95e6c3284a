//! `yinxin mine`: everything that exists in one's own name, as the CA tells it through the portal:
//! certificates, letters, orders that wait, roles, and what one was told.

use crate::exit::Failure;
use crate::facts::{meant, row};
use crate::files::{self, Own};
use crate::output::Output;
use portal_api::Staff;
use portal_api::plain::{self, Fact, FactValue, Said};
use records::mine::{Mine, OwnCertificate};

/// Arguments of `yinxin mine`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    own: Own,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let opened = arguments.own.open()?;
    let identity = opened.identity()?;
    let portal = Staff(files::client(&trust.portal_staff, &trust, Some(identity))?);
    let mine = portal.mine().await?;
    output.hearsay(&facts(&mine), serde_json::json!(mine));
    Ok(())
}

fn facts(mine: &Mine) -> Vec<Fact> {
    let mut facts = vec![Fact::new(("人员", "person"), &mine.person)];
    facts.push(Fact::new(("单位", "unit"), &mine.place));
    for one in &mine.certificates {
        facts.push(Fact::new(("证书", "certificate"), certificate(one)));
    }
    for letter in &mine.letters {
        let state = meant(plain::own_state(&letter.state));
        let letter = [(&letter.reference).into(), letter.profile.clone().into(), state]
            .into_iter()
            .chain([FactValue::time(&letter.expires)]);
        facts.push(Fact::new(("密码信封", "letter"), row(letter)));
    }
    for order in &mine.orders {
        let kind = meant(plain::kind_of(&order.kind, &order.action));
        let (given, needed) = order.approvals;
        let approvals = format!("{given} / {needed}");
        let approvals = Said { zh: approvals.clone(), en: approvals };
        let order = [(&order.order).into(), kind, FactValue::Words(approvals)];
        facts.push(Fact::new(("待批", "waits"), row(order)));
    }
    for (role, unit) in &mine.roles {
        let role = meant(plain::role(role));
        facts.push(Fact::new(("角色", "role"), row([role, unit.into()])));
    }
    for told in &mine.notices {
        let (kind, state) = (plain::notice(&told.kind), plain::own_state(&told.state));
        let told = [FactValue::time(&told.time), meant(kind), (&told.channel).into(), meant(state)];
        facts.push(Fact::new(("通知", "notice"), row(told)));
    }
    facts
}

fn certificate(one: &OwnCertificate) -> FactValue {
    let state = meant(plain::own_state(&one.state));
    let facts =
        [(&one.serial).into(), one.profile.clone().into(), state, FactValue::time(&one.not_after)];
    let why = (!one.reason.is_empty()).then(|| meant(plain::reason(&one.reason)));
    row(facts.into_iter().chain(why))
}
