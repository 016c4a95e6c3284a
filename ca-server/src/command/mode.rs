//! `ca-server mode …`

use super::host::Host;
use ca_host::operator::OperatorRequest;
use clap::{Args, Subcommand};
use records::order::{AccessMode, ModeBody, OBSERVE_SECONDS_MAX};
use records::time::BEIJING_SECONDS;
use std::process::ExitCode;

/// A day in seconds.
const DAY: u64 = 86_400;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// What the rules deny passes and is recorded as what would be denied. 观察
    Observe {
        /// Application id. 应用编号
        application: String,
        /// Last day in Beijing, YYYY-MM-DD, 90 days from now at most; enforced from then on. 截止日
        #[arg(long, value_parser = last_second)]
        until: String,
    },
    /// What the rules deny is refused. 执行规则
    Enforce {
        /// Application id. 应用编号
        application: String,
    },
    /// Every request is refused: a brake, which nothing delays. 暂停访问
    Suspend {
        /// Application id. 应用编号
        application: String,
    },
}

fn last_second(day: &str) -> Result<String, String> {
    let utc = records::time::read(&format!("{day}T00:00:00Z"));
    let begin = utc.and_then(|utc| utc.checked_sub(BEIJING_SECONDS));
    let begin = begin.ok_or_else(|| "YYYY-MM-DD".to_owned())?;
    Ok(records::time::seconds(begin + DAY - 1))
}

pub(super) async fn run(host: &Host, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let body = match arguments.what {
        What::Observe { application, until } => {
            let end = records::time::read(&until).unwrap_or(0);
            let days = OBSERVE_SECONDS_MAX / DAY;
            anyhow::ensure!(
                end <= host.clock.seconds() + OBSERVE_SECONDS_MAX,
                "观察至多 {days} 天 / gates observe for {days} days at most"
            );
            ModeBody { application, mode: AccessMode::Observe, until }
        }
        What::Enforce { application } => {
            ModeBody { application, mode: AccessMode::Enforce, until: String::new() }
        }
        What::Suspend { application } => {
            ModeBody { application, mode: AccessMode::Suspended, until: String::new() }
        }
    };
    host.order(&OperatorRequest::Mode { body }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_ends_in_beijing() {
        assert_eq!(last_second("2026-12-01").unwrap(), "2026-12-01T15:59:59Z");
        assert!(last_second("2026-13-01").is_err() && last_second("1.12.2026").is_err());
    }
}
