//! `ca-server doctor`: replays the whole `control` log from leaf 0, compares rows, files and lists
//! with it, and says what is wrong and which command is next.

mod certificates;
mod finding;
mod floors;
mod lists;
mod policies;

use super::host::Host;
use anyhow::Context;
use authority::Authority;
use ca_host::clock_guard::{ClockFault, ClockGuard};
use ca_host::operator::OperatorRequest;
use ca_store::keep::{KeptText, time_key};
use ca_store::replay::{Applied, Replay};
use ca_store::rows;
use ca_store::table::certificate;
use clap::Args;
use finding::{Finding, Next};
use lists::Recorded;
use pki::profile::LetterChannel;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use system::speech;

/// The running issuer shreds a letter within this time.
const SHREDDING_MAX: Duration = Duration::from_secs(4);
const SHREDDING_LOOK: Duration = Duration::from_millis(250);

#[derive(Args)]
#[command(after_help = "例 / example: ca-server doctor")]
pub(super) struct Arguments {
    /// Let the running issuer write rows and policy files again as the log says they are. 修复
    #[arg(long)]
    repair: bool,
    /// Say that the machine's clock is right although it moved, ahead or back. 确认时钟无误
    #[arg(long)]
    confirm_clock: bool,
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.confirm_clock {
        ClockGuard::confirm(&host.config, host.clock)?;
    }
    let repaired = match arguments.repair {
        true => host.draft(&OperatorRequest::Repair {}).await?.repaired,
        false => Vec::new(),
    };
    if !host.json {
        repaired.iter().for_each(|one| speech::fact("", ("已修复", "repaired"), one));
    }
    let mut findings = Vec::new();
    let Examined { newest, authority, recorded } = examine_log(host, &mut findings).await?;
    examine_clock(host, newest, &mut findings);
    findings.extend(lists::examine(host, (authority.as_ref(), newest), recorded).await?);
    findings.extend(certificates::examine(host)?);
    examine_secrets(host, &mut findings);
    examine_notices(host, &mut findings);
    examine_weak_keys(host, &mut findings);
    if let Some(authority) = &authority {
        examine_gateway(host, authority, &mut findings);
        examine_letters(host, authority, &mut findings).await?;
    }
    let own = super::print::again(&host.state());
    if host.json {
        let list: Vec<_> = findings.iter().map(|finding| finding.json(own.as_str())).collect();
        let told = serde_json::json!({ "findings": list, "repaired": repaired });
        system::terminal::json(&told.to_string());
    } else if findings.is_empty() {
        let agrees = "what was examined agrees with the log, and nothing is wrong with it";
        speech::said("", "与日志一致，所查各项无误", agrees);
    } else {
        findings.iter().for_each(|finding| finding.say(own.as_str()));
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What the log says.
struct Examined {
    /// The newest time that a record claims.
    newest: u64,
    /// What follows from it, if it is what its key signed.
    authority: Option<Authority>,
    /// The lists that it says were made.
    recorded: Recorded,
}

/// Replays everything up to the signed head, then compares rows and files.
async fn examine_log(host: &Host, findings: &mut Vec<Finding>) -> anyhow::Result<Examined> {
    let trust = ca_host::trust(&host.config)?;
    let replay = Replay::new(&trust).context("trust file")?.published_in(&host.config);
    let (mut newest, mut recorded) = (0, Recorded::default());
    // Before the database is read: a role that runs raises its floor to what is committed.
    let (floor, unusable) = floors::highest(|role| host.config.path(role));
    findings.extend(unusable);
    let floor = replay.above(floor);
    let mut tx = host.store.read().await?;
    let seen = |index: u64, applied: &Applied| {
        if applied.record().proves_time() {
            newest = newest.max(applied.record().unix());
        }
        recorded.read(index, &applied.record().event);
        if let Err(unsigned) = applied.effect() {
            findings.push(Finding {
                what: (
                    format!("记录 {index} 无效：{}", unsigned.code.zh()),
                    format!("record {index}: {unsigned}"),
                ),
                next: Next::Do("查明谁改动了数据库", "find out who wrote to the database"),
            });
        }
    };
    let authority = match replay.whole(&mut tx, floor, seen).await {
        Ok(followed) => followed.authority,
        Err(error) => {
            findings.push(floors::not_followed(error)?);
            return Ok(Examined { newest, authority: None, recorded });
        }
    };
    let people: Vec<String> = authority.people().map(|(id, _)| id.to_string()).collect();
    let mut found = rows::differences(&mut tx, &authority).await?;
    found.extend(rows::people_differences(&mut tx, &authority, &people).await?);
    found.extend(rows::revocation_differences(&mut tx, &authority).await?);
    found.extend(policies::differences(&host.config, &authority));
    findings.extend(found.into_iter().map(|what| Finding {
        what: (format!("无签名依据：{what}"), format!("says what nobody signed: {what}")),
        next: Next::Command("ca-server doctor --repair"),
    }));
    let lost = certificate::differences(&mut tx, &authority).await?;
    findings.extend(lost.into_iter().map(|what| Finding {
        what: (format!("与签发的证书不符：{what}"), format!("is not what was issued: {what}")),
        next: Next::Do(
            "从备份恢复该行（表 certificate）",
            "restore that row from a backup (table certificate)",
        ),
    }));
    Ok(Examined { newest, authority: Some(authority), recorded })
}

/// Says how the clock is wrong, as the issuer sees it: by the log, and by what it believed.
fn examine_clock(host: &Host, last: u64, findings: &mut Vec<Finding>) {
    let path = host.config.path("issuer/time");
    let secret = ca_host::durable::read_private(&host.config.path("issuer/seal.key"));
    let kept = secret.and_then(|secret| KeptText::open(&path, &time_key(&secret)));
    // Who may not read it, or finds it damaged, compares with the log; the issuer says the rest.
    let believed = kept.map_or_else(|_| String::new(), |(_, text)| text);
    let what = match ClockGuard::moved(&host.config, host.clock, (last, &believed)) {
        None => return,
        Some(ClockFault::Back(by)) => (
            format!("时钟比已证实的时间慢 {by} 秒"),
            format!("the clock is behind what is proven by {by} s"),
        ),
        Some(ClockFault::Ahead(by)) if by < 86_400 => (
            format!("时钟比已证实的时间快 {by} 秒"),
            format!("the clock is ahead of what is proven by {by} s"),
        ),
        Some(ClockFault::Ahead(by)) => (
            format!("时钟比已证实的时间快 {} 天", by / 86_400),
            format!("the clock is ahead of what is proven by {} days", by / 86_400),
        ),
    };
    let next = Next::Do(
        "校准时钟；若时钟无误：ca-server doctor --confirm-clock",
        "set the clock, or if it is right: ca-server doctor --confirm-clock",
    );
    findings.push(Finding { what, next });
}

fn examine_secrets(host: &Host, findings: &mut Vec<Finding>) {
    let sample = ca_host::trust(&host.config).is_ok_and(|trust| trust.sample);
    if !sample && host.config.path("offline/root.key").exists() {
        findings.push(Finding {
            what: ("根密钥仍在本机".into(), "the root key is still on this machine".into()),
            next: Next::Do("将 offline/ 移至离线介质", "move offline/ to two offline media"),
        });
    }
    let folder = host.config.path("people");
    let people = std::fs::read_dir(&folder);
    let mut people = people.into_iter().flatten().flatten();
    let is_loss = |name: &std::ffi::OsStr| name.to_string_lossy().contains(".loss.");
    if !sample && people.any(|entry| is_loss(&entry.file_name())) {
        findings.push(Finding {
            what: (
                "挂失密码信封仍在本机".into(),
                "letters that report a loss are still on this machine".into(),
            ),
            next: Next::HandOver(format!("{}/*.loss.*", speech::quoted(&folder))),
        });
    }
}

/// Channels of notices that cannot be used as they are configured; nobody is asked.
fn examine_notices(host: &Host, findings: &mut Vec<Finding>) {
    let Err(error) = ca_notices::check(&host.config) else { return };
    findings.push(Finding {
        what: (
            format!("通知的设置不能使用：{error:#}"),
            format!("notices cannot be sent: {error:#}"),
        ),
        next: Next::Do(
            "改正 ca.toml 的 [notices]，然后：ca-server notice test --to ADDRESS",
            "mend [notices] in ca.toml, then: ca-server notice test --to ADDRESS",
        ),
    });
}

/// Lists of weak keys that are named and cannot be read: the issuer does not start with them.
fn examine_weak_keys(host: &Host, findings: &mut Vec<Finding>) {
    let Err(error) = ca_host::weak_keys(&host.config) else { return };
    findings.push(Finding {
        what: (
            format!("弱密钥清单不能读取，issuer 不会启动：{error:#}"),
            format!("a list of weak keys cannot be read, and no issuer starts: {error:#}"),
        ),
        next: Next::Do(
            "改正该文件，或者改正 ca.toml 的 [issuer] weak_keys",
            "mend that file, or [issuer] weak_keys in ca.toml",
        ),
    });
}

/// Profiles whose letters need a message code, where nothing could send one: nobody gets a letter
/// under them.
fn examine_gateway(host: &Host, authority: &Authority, findings: &mut Vec<Finding>) {
    if host.config.notices.webhook.is_some() {
        return;
    }
    let both = authority
        .profiles()
        .filter(|(_, state)| state.profile.letter_channels().contains(&LetterChannel::Sms));
    findings.extend(both.map(|(id, _)| Finding {
        what: (
            format!("证书模板 {id} 的密码信封须有短信码，而没有设置短信网关，因此不能制作"),
            format!(
                "letters of profile {id} need a message code and no gateway for short messages is \
                 set up, so that none can be made"
            ),
        ),
        next: Next::Do(
            "在 ca.toml 中设置 [notices.webhook]，然后重新启动 issuer 和 notices",
            "set up [notices.webhook] in ca.toml, then start issuer and notices anew",
        ),
    }));
}

/// Letters that are over and still on this host; what became over a moment ago, the issuer may be
/// about to shred.
async fn examine_letters(
    host: &Host,
    authority: &Authority,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    let over = || ca_store::sheets::over(&host.state(), authority, host.clock.seconds());
    let began = Instant::now();
    let mut left = over()?;
    while !left.is_empty() && began.elapsed() < SHREDDING_MAX {
        tokio::time::sleep(SHREDDING_LOOK).await;
        left = over()?;
    }
    findings.extend(left.into_iter().map(|path| Finding {
        what: (
            format!("密码信封已失效而仍在本机：{}", path.display()),
            format!("a letter that is over is still on this host: {}", path.display()),
        ),
        next: Next::Do(
            "允许 issuer 的用户写入该目录，然后：ca-server serve issuer",
            "let the issuer's user write there, then: ca-server serve issuer",
        ),
    }));
    Ok(())
}
