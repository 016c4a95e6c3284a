//! `yinxin mine`: everything that exists in one's own name, as the CA tells it through the portal:
//! certificates, letters, orders that wait, roles, and what one was told.

use crate::exit::Failure;
use crate::facts::{meant, row};
use crate::files::{self, Own};
use crate::output::Output;
use portal_api::Staff;
use portal_api::plain::{self, BilingualText, Fact, FactValue};
use records::mine::{OwnCertificate, OwnSystem, PersonHoldings};

/// Arguments of `yinxin mine`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin mine")]
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

fn facts(mine: &PersonHoldings) -> Vec<Fact> {
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
        let approvals = BilingualText { zh: approvals.clone(), en: approvals };
        let order = [(&order.order).into(), kind, FactValue::Words(approvals)];
        facts.push(Fact::new(("待批", "waits"), row(order)));
    }
    for (role, unit) in &mine.roles {
        let role = meant(plain::role(role));
        facts.push(Fact::new(("角色", "role"), row([role, unit.into()])));
    }
    for system in &mine.systems {
        facts.push(Fact::new(("主管的系统", "system"), own_system(system)));
    }
    for told in &mine.notices {
        let (kind, state) = (plain::notice(&told.kind), plain::own_state(&told.state));
        let channel = meant(plain::channel(&told.channel));
        let told = [FactValue::time(&told.time), meant(kind), channel, meant(state)];
        facts.push(Fact::new(("通知", "notice"), row(told)));
    }
    facts
}

fn own_system(one: &OwnSystem) -> FactValue {
    let (accounts, certificates) = (one.accounts, one.certificates);
    let counts = BilingualText {
        zh: format!("账户 {accounts} 个，有效证书 {certificates} 张"),
        en: format!("{accounts} accounts, {certificates} certificates that count"),
    };
    let state = meant(plain::own_state(&one.state));
    let until = FactValue::time(&one.until);
    row([(&one.name).into(), (&one.system).into(), state, until, FactValue::Words(counts)])
}

fn certificate(one: &OwnCertificate) -> FactValue {
    let state = meant(plain::own_state(&one.state));
    let facts =
        [(&one.serial).into(), one.profile.clone().into(), state, FactValue::time(&one.not_after)];
    let why = (!one.reason.is_empty()).then(|| meant(plain::reason(&one.reason)));
    row(facts.into_iter().chain(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::DisplayName;
    use records::mine::OwnLetter;

    /// A profile is called by its name, with the id beside it, and by the id where it has none.
    #[test]
    fn profiles_are_called_by_their_names() {
        let official = DisplayName {
            id: "official".into(),
            zh: "公职人员证书".into(),
            en: "Certificate of officials".into(),
        };
        let mine = PersonHoldings {
            person: "0123456789ABCDEF".into(),
            place: "商州区 › 政府办公室 (sz-office)".into(),
            certificates: vec![OwnCertificate {
                serial: "01".repeat(18),
                profile: official.clone(),
                not_after: "2027-11-24T08:00:00Z".into(),
                state: "valid".into(),
                reason: String::new(),
                since: String::new(),
            }],
            letters: vec![OwnLetter {
                reference: "5GPJWBSG64S36D1N".into(),
                profile: DisplayName::of_id("staff"),
                expires: "2026-12-01T08:00:00Z".into(),
                state: "open".into(),
            }],
            orders: Vec::new(),
            roles: Vec::new(),
            systems: vec![OwnSystem {
                system: "site".into(),
                name: "门户网站".into(),
                state: "in-force".into(),
                until: "2027-11-24T08:00:00Z".into(),
                accounts: 1,
                certificates: 2,
            }],
            notices: Vec::new(),
        };
        let facts = facts(&mine);
        assert!(facts[2].value.zh().contains("「公职人员证书」 (official)"), "{facts:?}");
        assert!(facts[2].value.en().contains("「Certificate of officials」 (official)"));
        assert!(facts[3].value.zh().contains(" staff"), "{facts:?}");
        let system = facts[4].value.zh();
        assert!(system.contains("门户网站") && system.contains("有效证书 2 张"), "{system}");
    }
}
