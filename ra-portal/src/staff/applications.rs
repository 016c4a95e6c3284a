//! `GET /applications`: the applications behind gates that are this officer's business: who runs
//! them, for whom, how they are used, and how one more is put behind a gate.

use super::certificate::{self, ReaderCertificate};
use super::{silence, state};
use crate::pages::{Frame, page, show, words};
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{CityState, GateState};
use records::Code;
use service::problem::Refused;
use std::collections::BTreeMap;
use std::sync::Arc;

words! {
    ApplicationsWords {
        title "应用系统" "Applications";
        lead "每个应用系统前都有网关：验证身份、执行规则、留下记录。" "A gate stands in front of each: it authenticates, decides by rule and records.";
        none "您的管辖范围内还没有应用系统。" "There is no application within your scope yet.";
        gate "网关" "Gate";
        hosts "地址" "Hosts";
        run_by "运行单位" "Run by";
        serves "服务单位" "Serves";
        state "状态" "State";
        rules "规则版本" "Rules";
        requests "本次运行以来" "Since its start";
        permitted "允许" "permitted";
        denied "拒绝" "denied";
        connections "当前连接" "connections now";
        in_service "正常服务" "in service";
        waits "等待加入" "waits to be joined";
        silent "已失联" "silent";
        refusing "全部拒绝" "refusing everything";
        rule_fails "有规则无法判定" "a rule cannot be evaluated";
        closed "已关闭" "closed";
        join_next "加入文件在签发主机上，请在网关主机上运行：" "Its join file lies on the CA's host; on the gate's machine:";
        new "新增应用系统" "One more application";
        new_1 "由操作员在签发主机上登记，两名安全保密管理员批准：" "An operator registers it on the CA's host, two security administrators approve:";
        new_2 "批准后，在应用的服务器上加入并启动：" "Once approved, on the application's server:";
        new_3 "访问规则是文件，附带例子；改动同样须两人批准：" "Access rules are files with examples; two persons approve a change as well:";
        test_rules "谁能做什么，可以先试：" "Who may do what can be tried first:";
    }
}

struct Gate {
    agent: String,
    hosts: String,
    unit: String,
    serves: String,
    tag: &'static str,
    good: bool,
    waits: bool,
    rules: u32,
    use_of: Option<(u64, u64, u64)>,
}

#[derive(Template)]
#[template(path = "staff/applications.html")]
struct ApplicationsPage {
    f: Frame,
    w: &'static ApplicationsWords,
    /// By id, with what it is called and its gates.
    applications: Vec<(String, String, Vec<Gate>)>,
}

/// `GET /applications`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
) -> Response {
    match state::read(&portal, shown).await {
        Ok(state) => page(StatusCode::OK, &filled(f, state)),
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

fn filled(f: Frame, state: CityState) -> ApplicationsPage {
    let w = ApplicationsWords::of(f.language);
    let now = records::time::read(&state.now).unwrap_or(0);
    let is_unheard = silence::is_unheard(&state.logs, now);
    let mut applications: BTreeMap<String, Vec<Gate>> = BTreeMap::new();
    for gate in state.gates {
        let application = gate.application.clone();
        applications.entry(application).or_default().push(line(w, gate, is_unheard, now));
    }
    let named = |(id, gates): (String, Vec<Gate>)| {
        let called = f.application(&id);
        (id, called, gates)
    };
    let applications = applications.into_iter().map(named).collect();
    ApplicationsPage { f, w, applications }
}

fn line(w: &'static ApplicationsWords, gate: GateState, is_unheard: bool, now: u64) -> Gate {
    let silent = silence::is_silent(&gate, is_unheard, now);
    let state = gate.beat.as_ref().map_or("", |beat| beat.state.as_str());
    let ready = state == "ready";
    let tag = match (gate.open, gate.joined) {
        (false, _) => w.closed,
        (true, false) => w.waits,
        (true, true) if silent => w.silent,
        (true, true) if state == Code::PolicyError.name() => w.rule_fails,
        (true, true) if !ready => w.refusing,
        (true, true) => w.in_service,
    };
    Gate {
        tag,
        good: gate.open && gate.joined && !silent && ready,
        waits: gate.open && !gate.joined,
        rules: gate.beat.as_ref().map_or(0, |beat| beat.world.bundle),
        use_of: gate.beat.map(|beat| (beat.permitted, beat.denied, beat.connections)),
        hosts: gate.hosts.join(", "),
        unit: show::harmless(&gate.unit),
        serves: show::harmless(&gate.serves.join(", ")),
        agent: gate.agent,
    }
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    let render = |state| filled(Frame::sample(language, "/applications"), state).render().unwrap();
    let none = CityState { gates: Vec::new(), ..state::sample_state(false) };
    vec![
        ("applications", render(state::sample_state(false))),
        ("applications-late", render(state::sample_state(true))),
        ("applications-none", render(none)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Language;

    /// A gate with a rule that cannot be evaluated is not well, and does not refuse everything
    /// either.
    #[test]
    fn what_a_gate_says_of_itself_is_how_it_is_shown() {
        let w = ApplicationsWords::of(Language::English);
        for (said, tag, good) in [
            ("ready", "in service", true),
            ("policy-error", "a rule cannot be evaluated", false),
            ("status-stale", "refusing everything", false),
        ] {
            let mut gate = state::sample_state(false).gates.remove(0);
            gate.beat.as_mut().unwrap().state = said.into();
            let shown = line(w, gate, false, 0);
            assert_eq!((shown.tag, shown.good), (tag, good), "{said}");
        }
    }
}
