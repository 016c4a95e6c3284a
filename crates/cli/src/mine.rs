//! `yinxin mine`: everything that exists in one's own name, as the CA tells it through the portal:
//! certificates, letters, orders that wait, roles, and what one was told.

use crate::exit::Failure;
use crate::files::{self, Own};
use crate::output::Output;
use portal_api::{Staff, plain};
use records::mine::{Mine, OwnCertificate};
use system::speech;

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
    show(output, &mine);
    output.json(&serde_json::json!(mine));
    Ok(())
}

fn show(output: Output, mine: &Mine) {
    output.fact(("人员", "person"), &mine.person);
    for one in &mine.certificates {
        output.fact(("证书", "certificate"), certificate(one));
    }
    for letter in &mine.letters {
        let state = plain::own_state(&letter.state);
        let state = speech::both(&state.zh, &state.en);
        let facts = [letter.reference.as_str(), &letter.profile, &state, &letter.expires];
        output.fact(("密码信封", "letter"), facts.join(" · "));
    }
    for order in &mine.orders {
        let kind = plain::kind_of(&order.kind, &order.action);
        let (given, needed) = order.approvals;
        let kind = speech::both(&kind.zh, &kind.en);
        output.fact(("待批", "waits"), format!("{} · {kind} · {given} / {needed}", order.order));
    }
    for (role, unit) in &mine.roles {
        let role = plain::role(role);
        output.fact(("角色", "role"), format!("{} · {unit}", speech::both(&role.zh, &role.en)));
    }
    for told in &mine.notices {
        let kind = plain::notice(&told.kind);
        let state = plain::own_state(&told.state);
        let kind = speech::both(&kind.zh, &kind.en);
        let facts = [&told.time, &kind, &told.channel, &speech::both(&state.zh, &state.en)];
        output.fact(("通知", "notice"), facts.map(String::as_str).join(" · "));
    }
}

fn certificate(one: &OwnCertificate) -> String {
    let state = plain::own_state(&one.state);
    let mut facts = vec![
        one.serial.clone(),
        one.profile.clone(),
        speech::both(&state.zh, &state.en),
        one.not_after.clone(),
    ];
    if !one.reason.is_empty() {
        let why = plain::reason(&one.reason);
        facts.push(speech::both(&why.zh, &why.en));
    }
    facts.join(" · ")
}
