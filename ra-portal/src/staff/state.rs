//! `GET /state`: how the city stands: revocation lists, logs and their sequencer, gates. What is
//! late says so, and what to type.

mod exceptions;
mod heartbeat;
#[cfg(test)]
mod samples;

#[cfg(test)]
pub(super) use samples::{sample_state, samples};

use super::certificate::{self, ReaderCertificate};
use super::silence::{is_silent, is_unheard, stands_still};
use crate::notes::{RefusedTotal, totals};
use crate::pages::{Frame, Language, page, show, words};
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ca_api::{AsOfficer, CityState, GateState, ListState, LogState, OpenEmergency, ProcessState};
use exceptions::{EmergencyLine, EmergencyWords, ModeWords, mode};
use heartbeat::{HeartbeatWords, room, said};
use service::problem::Refused;
use service::{Clock, Neighbour};
use std::sync::Arc;

words! {
    StateWords {
        title "运行状态" "State";
        lead "按签发机构此刻的记录。" "As the CA has it at this moment:";
        well "下列各项正常。" "What stands here is in order.";
        speaks_for
            "本页依据：日志数据库，各进程 /readyz 的应答，以及网关记入日志的上报。签发机构的进程由签发进程询问，\
             门户的其他进程由本工作台询问，均为每五秒一次。对系统的拒绝是门户所记。"
            "This page speaks by the log's database, by what processes answer on /readyz, and by \
             what gates record of themselves. The issuer asks those of the CA, this portal its \
             other ones, every five seconds. What systems were refused is the portal's word.";
        past_portal "在签发主机上核对，不经本门户：" "To see the same on the CA's host, past this portal:";
        processes "进程" "Processes";
        process "进程" "Process";
        answered "最近应答" "Answered last";
        no_answer "无应答，自" "no answer since";
        unasked "尚未询问" "not asked yet";
        full "已满" "full";
        nearly_full "将满" "nearly full";
        room "容量" "Room";
        enough "充足" "enough";
        disk "磁盘" "disk";
        listener "连接" "listener";
        spool "待上报队列" "spool";
        attention "有事项需要处理。" "Something needs attention.";
        lists "吊销列表" "Revocation lists";
        authority "签发者" "Authority";
        number "编号" "Number";
        made "发布" "Published";
        next "下次更新" "Next update";
        overdue "未按时更新" "overdue";
        lists_next "签发进程未按时发布，请在签发主机上运行：" "The issuer did not publish in time; on the CA's host:";
        logs "日志" "Logs";
        log "日志" "Log";
        size "记录数" "Records";
        waiting "待写入" "Waiting";
        stands_still "日志写入停止" "the sequencer stands still";
        logs_next "日志进程没有写入，请在签发主机上运行：" "The log service does not write; on the CA's host:";
        gates "网关" "Gates";
        gate "网关" "Gate";
        seen "最近上报" "Heard of";
        list "吊销列表" "List";
        rules "规则版本" "Rules";
        people "人员数据版本" "Version of the people";
        spooled "待上报（字节）" "Not shipped (bytes)";
        never "从未" "never";
        silent "已失联" "silent";
        behind "落后" "behind";
        state "状态" "State";
        ready "正常" "ready";
        closed "已关闭" "closed";
        waits "等待加入" "waits to be joined";
        emergencies "应急授权" "Emergencies";
        application "应用系统" "Application";
        window "时段" "Window";
        for_people "人数" "People";
        running "正在生效：规则拒绝的请求按应急授权放行" "in force: what rules deny these people passes";
        to_review "待核查结案" "over, to be looked at";
        to_come "尚未开始" "to come";
        review_next "核查后结案，在签发主机上：" "Look at what passed, then close the case on the CA's host:";
        observes "观察模式" "observes";
        suspended "已暂停" "suspended by order";
        rule_fails "有规则无法判定" "a rule cannot be evaluated";
        excepted "本应拒绝而放行" "passed that rules deny";
        no_gates "您的管辖范围内没有网关。" "There is no gate within your scope.";
        gates_next "网关失联时，请在网关主机上运行：" "When a gate is silent, on its machine:";
        refused "近 30 天对系统的拒绝" "Refused to systems within 30 days";
        refused_act "办理" "Asked for";
        refused_code "代码" "Code";
        refused_times "次数" "Times";
        refused_subjects "系统和证书" "Systems and certificates";
        refused_last "最近一次" "Last";
        waiting_orders "待审批办件（全市）" "Orders that wait for approvals (whole city)";
    }
}

struct ListLine {
    issuer: String,
    number: u64,
    made: String,
    next: String,
    overdue: bool,
}

struct LogLine {
    log: String,
    size: u64,
    waiting: u64,
    still: bool,
}

struct GateLine {
    agent: String,
    /// What it stands in front of, by name.
    application: String,
    seen: Option<String>,
    silent: bool,
    closed: bool,
    /// Whether it never joined.
    waits: bool,
    /// Number, and whether a newer one exists.
    list: (u64, bool),
    people: (u64, bool),
    rules: (u32, bool),
    spooled: u64,
    said: String,
    /// What of it is full, or nearly.
    room: Vec<String>,
    /// Whether it enforces its rules, and how much passed that they deny.
    mode: Vec<String>,
}

struct ProcessLine {
    process: String,
    ready: bool,
    /// What is wrong, full, or nearly full.
    told: Vec<String>,
    answered: Option<String>,
    silent_since: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/state.html")]
struct StatePage {
    f: Frame,
    w: &'static StateWords,
    now: String,
    lists: Vec<ListLine>,
    logs: Vec<LogLine>,
    gates: Vec<GateLine>,
    waiting_orders: u64,
    emergencies: Vec<EmergencyLine>,
    processes: Vec<ProcessLine>,
    refused: Vec<RefusedLine>,
}

/// What clients of systems were refused, as the portal counted it.
struct RefusedLine {
    act: String,
    code: String,
    times: u64,
    subjects: u64,
    last: String,
}

impl StatePage {
    fn late_list(&self) -> bool {
        self.lists.iter().any(|line| line.overdue)
    }

    fn still_log(&self) -> bool {
        self.logs.iter().any(|line| line.still)
    }

    /// Whether some gate refuses everything, has a rule that cannot be evaluated, or does not know
    /// the newest.
    fn lame_gate(&self) -> bool {
        self.gates
            .iter()
            .filter(|line| !line.closed && !line.waits)
            .any(|line| line.said != "ready" || line.list.1 || line.people.1 || line.rules.1)
    }

    /// Whether some gate has no room, or little.
    fn full_gate(&self) -> bool {
        self.gates.iter().any(|line| !line.closed && !line.room.is_empty())
    }

    /// Whether some process does not answer, or says that something needs attention.
    fn lame_process(&self) -> bool {
        let well = |line: &ProcessLine| {
            line.silent_since.is_none()
                && line.told.is_empty()
                && (line.ready || line.answered.is_none())
        };
        !self.processes.iter().all(well)
    }

    fn silent_gate(&self) -> bool {
        self.gates.iter().any(|line| line.silent)
    }
}

/// `GET /state`
pub(super) async fn show(
    State(portal): State<Arc<PortalState>>,
    f: Frame,
    ReaderCertificate(shown): ReaderCertificate,
) -> Response {
    match read(&portal, shown).await {
        Ok(mut state) => {
            state.processes.extend(of_portal(&portal));
            // A database that is away is told by the processes; the rest of the page is shown.
            let refused = totals(&portal.store).await.unwrap_or_else(|error| {
                tracing::error!(%error, "what systems were refused");
                Vec::new()
            });
            page(StatusCode::OK, &filled(f, state, &refused))
        }
        Err(Refused(told)) => certificate::not_seen(&f, &portal, &told),
    }
}

/// What the processes of the portal say of themselves: this one now, the other one when it answered
/// last.
fn of_portal(portal: &PortalState) -> Vec<ProcessState> {
    let own = Neighbour {
        process: "portal-staff",
        last: Some((Clock::system().seconds(), portal.metrics.readiness())),
        silent_since: None,
    };
    let told = |one: Neighbour| {
        let last = one.last.map(|(at, said)| (at, said.is_ready, said.told));
        ProcessState::of(one.process, last, one.silent_since)
    };
    [own].into_iter().chain(portal.neighbours.known()).map(told).collect()
}

/// How the CA says the city stands.
pub(super) async fn read(
    portal: &PortalState,
    shown: StaffCertificate,
) -> Result<CityState, Refused> {
    let message = AsOfficer { certificate: shown.certificate, message: () };
    let answer = passed_on(portal.issuer.state(&message).await);
    portal.recorded("state", &shown.person, answer).await
}

fn filled(f: Frame, state: CityState, refused: &[RefusedTotal]) -> StatePage {
    let (now, language) = (records::time::read(&state.now).unwrap_or(0), f.language);
    let unix = |time: &str| records::time::read(time).unwrap_or(0);
    let newest = state.lists.iter().find(|list| list.issuer != "root").map_or(0, |l| l.number);
    let list = |list: ListState| ListLine {
        // It is made anew at half of its life: later than that something keeps it from being made.
        overdue: now
            > unix(&list.next_update).saturating_sub(
                unix(&list.next_update).saturating_sub(unix(&list.this_update)) / 4,
            ),
        made: show::time(language, &list.this_update),
        next: show::time(language, &list.next_update),
        issuer: list.issuer,
        number: list.number,
    };
    let is_unheard = is_unheard(&state.logs, now);
    let log = |log: LogState| LogLine {
        still: stands_still(&log, now),
        log: log.log,
        size: log.size,
        waiting: log.waiting,
    };
    let (rules, w) = (state.rules, StateWords::of(f.language));
    let own = heartbeat_words(w);
    let modes = ModeWords { observes: w.observes, suspended: w.suspended, excepted: w.excepted };
    let gate = |gate: GateState| {
        let silent = is_silent(&gate, is_unheard, now);
        let world = gate.beat.as_ref().map(|beat| beat.world.clone());
        let (list, people, version) = world.map_or((0, 0, 0), |w| (w.crl, w.people, w.bundle));
        GateLine {
            application: f.application(&gate.application),
            agent: gate.agent,
            silent,
            closed: !gate.open,
            waits: gate.open && gate.beat.is_none() && !gate.joined,
            seen: gate
                .silent
                .as_deref()
                .or(gate.seen.as_deref())
                .map(|at| show::time(language, at)),
            list: (list, list < newest),
            people: (people, people < gate.people),
            rules: (version, version < rules),
            spooled: gate.beat.as_ref().map_or(0, |beat| beat.spooled),
            room: gate.beat.as_ref().map(|beat| room(&own, beat)).unwrap_or_default(),
            mode: gate.beat.as_ref().map(|beat| mode(&modes, beat)).unwrap_or_default(),
            said: gate.beat.map(|beat| said(&own, &beat.state)).unwrap_or_default(),
        }
    };
    let gates = state.gates.into_iter().map(gate).collect();
    let stands = EmergencyWords { to_come: w.to_come, running: w.running, over: w.to_review };
    let emergency = |one: OpenEmergency| {
        let application = f.application(&one.application);
        EmergencyLine::of(&one, application, (now, &stands), language)
    };
    let emergencies = state.emergencies.into_iter().map(emergency).collect();
    StatePage {
        w,
        f,
        now: show::time(language, &state.now),
        lists: state.lists.into_iter().map(list).collect(),
        logs: state.logs.into_iter().map(log).collect(),
        gates,
        waiting_orders: state.waiting_orders,
        emergencies,
        processes: state.processes.into_iter().map(|state| process(language, state)).collect(),
        refused: refused.iter().map(|total| refused_line(language, total)).collect(),
    }
}

fn refused_line(language: Language, total: &RefusedTotal) -> RefusedLine {
    RefusedLine {
        act: show::harmless(&total.act),
        code: show::harmless(&total.code),
        times: total.times,
        subjects: total.subjects,
        last: show::time(language, &records::time::seconds(total.seen)),
    }
}

fn heartbeat_words(w: &StateWords) -> HeartbeatWords {
    let StateWords { rule_fails, disk, listener, spool, full, nearly_full, .. } = *w;
    HeartbeatWords { rule_fails, disk, listener, spool, full, nearly_full }
}

fn process(language: Language, state: ProcessState) -> ProcessLine {
    ProcessLine {
        process: show::harmless(&state.process),
        ready: state.ready,
        told: harmless(&state.told),
        answered: state.answered.as_deref().map(|at| show::time(language, at)),
        silent_since: state.silent_since.as_deref().map(|at| show::time(language, at)),
    }
}

fn harmless(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| show::harmless(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::access::GateResource;

    /// What is full, or nearly, and who does not answer stands on the page, as text; a page on
    /// which everybody answers and is ready says that all is well.
    #[test]
    fn what_is_full_and_who_does_not_answer_stands_on_the_page() {
        let shown = |state| filled(Frame::sample(Language::English, "/state"), state, &[]);
        let page = shown(sample_state(true)).render().unwrap();
        for text in [
            "listener: nearly full",
            "disk: full: less than 128 MiB are left",
            "no answer since 2026-11-25 16:00",
            "not asked yet",
            "spool: nearly full",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("full <b>") && !page.contains("<b>:"), "{page}");
        let well = sample_state(false);
        assert!(shown(well.clone()).render().unwrap().contains("What stands here is in order"));
        // One process alone, of any kind, is enough.
        for place in 0..well.processes.len() {
            let mut state = well.clone();
            state.processes[place].silent_since = Some("2026-11-25T08:00:05Z".into());
            assert!(shown(state).lame_process(), "{place}");
            let mut state = well.clone();
            state.processes[place].told = vec!["spool: nearly full".into()];
            assert!(shown(state).lame_process(), "{place}");
        }
        let mut state = well.clone();
        state.gates[0].beat.as_mut().unwrap().full = vec![GateResource::Disk];
        assert!(shown(state).full_gate());
        let mut state = well;
        state.gates[0].beat.as_mut().unwrap().state = "policy-error".into();
        let page = shown(state);
        assert!(page.lame_gate());
        assert!(page.render().unwrap().contains("a rule cannot be evaluated"));
    }
}
