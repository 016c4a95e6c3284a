//! `ca-server system …`

use super::host::Host;
use super::system_setup;
use ca_host::operator::OperatorRequest;
use clap::builder::RangedI64ValueParser;
use clap::{Args, Subcommand};
use core::net::IpAddr;
use pki::host::{Host as NamedHost, HostError};
use pki::mail::{Mailbox, MailboxError};
use pki::name::{NameError, TEXT_CHARS_MAX, Text, check_readable};
use records::Bytes;
use records::order::SystemBody;
use std::process::ExitCode;
use system::speech;

/// How long an authorization lasts, in days, unless told otherwise.
const DAYS: u32 = 365;
/// How long it lasts at most, in days: ten years.
const DAYS_MAX: i64 = 3_660;
/// As many certificates, and accounts, as the CA lets one system have.
const COUNT_MAX: i64 = 1_000_000;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lets a system get certificates by itself and writes the file of its secrets. 登记系统
    Register(Box<Registering>),
    /// Closes a system: it gets nothing more, and all that it has is revoked. 关闭系统
    Close {
        /// System id. 系统编号
        system: String,
    },
    /// Shows once what to type for ACME clients, with the system's secret. 客户程序设置，只显示一次
    Setup(system_setup::Setup),
}

#[derive(Args)]
struct Registering {
    /// System id. 系统编号
    system: String,
    /// What people call it. 系统名称
    #[arg(long, value_parser = called)]
    name: String,
    /// Id of the unit that owns it. 所属单位
    #[arg(long)]
    unit: String,
    /// Person id of who is in charge of it. 谁主管（人员编号）
    #[arg(long)]
    leader: String,
    /// Who runs it. 谁运行
    #[arg(long, value_parser = operator)]
    operator: String,
    /// Mail address of the technical contact. 技术联系人邮箱
    #[arg(long, value_parser = contact)]
    contact: String,
    /// Host name, or `*.` and a name for all that is below it; more than one is fine. 域名，可多个
    #[arg(long = "host", value_parser = name)]
    names: Vec<String>,
    /// Certificates may name wildcards. 允许通配符证书
    #[arg(long)]
    wildcards: bool,
    /// IP address; more than one is fine. 地址，可多个
    #[arg(long = "address", value_parser = NamedHost::read_ip)]
    addresses: Vec<IpAddr>,
    /// Profile: server, system, device, or scep for a portal. 证书模板
    #[arg(long, default_value = "server")]
    profile: String,
    /// Most certificates of a week. 每周证书数
    #[arg(long, default_value_t = 20, value_parser = counted())]
    per_week: u32,
    /// Most certificates that count at the same time. 同时有效证书数
    #[arg(long, default_value_t = 50, value_parser = counted())]
    live: u32,
    /// Most open accounts. 账户数
    #[arg(long, default_value_t = 16, value_parser = counted())]
    accounts: u32,
    /// The order vouches for the names, as those of an inner net: no challenge is asked for.
    /// 内网名称，由办件担保，不逐个验证
    #[arg(long)]
    without_challenges: bool,
    /// How many days it lasts. 授权天数
    #[arg(
        long,
        default_value_t = DAYS,
        value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX)
    )]
    days: u32,
}

/// How many of something a system may have: as the CA takes it.
fn counted() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=COUNT_MAX)
}

/// What a system is called, or the character that is the matter with it.
fn called(text: &str) -> Result<String, NameError> {
    Text::read(text).map(|text| text.as_str().to_owned())
}

/// Who runs a system, or the character that is the matter with it.
fn operator(text: &str) -> Result<String, NameError> {
    check_readable(text, TEXT_CHARS_MAX).map(|()| text.to_owned())
}

/// A mail address, or what is the matter with it.
fn contact(text: &str) -> Result<String, MailboxError> {
    Mailbox::read(text).map(|mailbox| mailbox.as_str().to_owned())
}

/// A name as an order lists it, or what to write. `*.` and a name is all that is below it, whether
/// certificates may name wildcards or not.
fn name(text: &str) -> Result<String, HostError> {
    match NamedHost::read_for(text, true)? {
        NamedHost::Name(name) => Ok(name),
        NamedHost::Address(_) => Err(HostError::Address),
    }
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let request = match arguments.what {
        What::Register(wanted) => registering(host, *wanted),
        What::Setup(wanted) => return system_setup::run(host, &wanted),
        // The issuer fills in what is being closed, so that approvers see it.
        What::Close { system } => OperatorRequest::System {
            body: Box::new(SystemBody { action: "close".into(), system, ..nothing() }),
            operator: String::new(),
            contact: String::new(),
        },
    };
    let mut result = host.draft(&request).await?;
    if !result.letter.is_empty() {
        result.letter = host.config.path(&result.letter).display().to_string();
        if !host.json {
            speech::fact("", ("系统文件", "system file"), &result.letter);
            let zh = "批准后，系统的 ACME 客户端用其中的 kid 和密钥开立账户";
            let en = "once approved, its ACME client opens accounts with the kid and secret in it";
            speech::said("", zh, en);
            let zh =
                "EST 用其中的口令，设备以 SCEP 首次申请时把其中的挑战码写入证书请求，各只能用一次";
            let en = "EST takes the password in it; a device puts the challenge in its first \
                      request by SCEP; each is good for one request";
            speech::said("", zh, en);
        }
    }
    super::print::order(&host.state(), &result, host.json)
}

fn registering(host: &Host, wanted: Registering) -> OperatorRequest {
    let until = host.clock.seconds().saturating_add(u64::from(wanted.days) * 86_400);
    let body = SystemBody {
        action: "register".into(),
        system: wanted.system,
        name: wanted.name,
        unit: wanted.unit,
        leader: wanted.leader,
        names: wanted.names,
        wildcards: wanted.wildcards,
        addresses: wanted.addresses.iter().map(ToString::to_string).collect(),
        profile: wanted.profile,
        per_week: wanted.per_week,
        live: wanted.live,
        accounts: wanted.accounts,
        challenges: !wanted.without_challenges,
        until: records::time::seconds(until),
        ..nothing()
    };
    let (operator, contact) = (wanted.operator, wanted.contact);
    OperatorRequest::System { body: Box::new(body), operator, contact }
}

/// A body of which nothing is said.
fn nothing() -> SystemBody {
    SystemBody {
        action: String::new(),
        system: String::new(),
        name: String::new(),
        unit: String::new(),
        leader: String::new(),
        operator: None,
        contact: None,
        names: Vec::new(),
        wildcards: false,
        addresses: Vec::new(),
        profile: String::new(),
        per_week: 0,
        live: 0,
        accounts: 0,
        challenges: false,
        until: String::new(),
        token_sha256: Bytes::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong is told before anything is asked of the CA, which says no more of an order
    /// than that it is malformed.
    #[test]
    fn what_is_wrong_with_a_system_is_told_as_what_it_is() {
        let told = |more: &[&str]| {
            let all = ["--name", "网站", "--operator", "运维组", "--contact", "ops@acme.test"];
            let mut words = vec!["system", "register", "site", "--unit", "u", "--leader", "p"];
            let others = all.chunks(2).filter(|pair| !more.contains(&pair[0]));
            words.extend(others.flatten().chain(more));
            let command = Arguments::augment_args(clap::Command::new("system"));
            command.try_get_matches_from(words).err().map(|error| error.to_string())
        };
        let fine = ["--host", "acme.test", "--host", "*.acme.test", "--address", "2001:DB8::1"];
        assert_eq!(told(&fine), None);
        for (more, why) in [
            (["--host", "门户.cn"], "write an international name as xn--zoup46i.cn"),
            (["--host", "10.0.0.1"], "a host name is needed here, not an address"),
            (["--host", "p_9.example"], "a host name cannot have '_'"),
            (["--address", "acme.test"], "an address is needed here, not a host name"),
            (["--address", "::ffff:10.0.0.1"], "write this address as 10.0.0.1"),
            (["--contact", "ops＠acme.test"], "a mail address"),
            (["--name", "网站\u{200b}"], "a character that cannot be shown: U+200B"),
            (["--operator", "运维\u{a0}组"], "single plain spaces only, no U+00A0"),
        ] {
            let said = told(&more).unwrap_or_default();
            assert!(said.contains(why), "{more:?}: {said}");
        }
        let ends = [("--per-week", 1_000_000), ("--live", 1_000_000), ("--accounts", 1_000_000)];
        for (name, most) in ends.into_iter().chain([("--days", 3_660)]) {
            let with = |count: u32| told(&["--host", "acme.test", name, &count.to_string()]);
            assert_eq!((with(1), with(most)), (None, None), "{name}");
            for count in [0, most + 1, u32::MAX] {
                let said = with(count).unwrap_or_default();
                assert!(said.contains(&format!("{count} is not in 1..={most}")), "{said}");
            }
        }
    }
}
