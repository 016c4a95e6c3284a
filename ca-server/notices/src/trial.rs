//! Trying the channels: what `ca-server doctor` checks of their configuration, and a notice that an
//! operator sends to see that it arrives.

use crate::channel::Channel;
use crate::notice::{Facts, Notice, NoticeKind};
use crate::outgoing::{HandoverResult, OutgoingNotice};
use crate::recipient::Recipient;
use crate::words::{self, Letterhead};
use anyhow::Context;
use ca_host::CaConfig;
use pki::mail::Mailbox;

/// What a channel made of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialOutcome {
    /// The channel is named as in `ca.toml`: `mail`, `webhook` or `spool`.
    pub channel: &'static str,
    /// Why it did not take it; nothing if it did.
    pub problem: Option<String>,
}

/// Whether the configuration of every channel can be used; nobody is asked.
pub fn check(config: &CaConfig) -> anyhow::Result<()> {
    anyhow::ensure!(config.notices.digest_hour < 24, "ca.toml: notices.digest_hour: 0 to 23");
    Channel::all(config).map(drop)
}

/// Sends a notice that is marked as a trial by every channel: to a mail address, and to a gateway
/// about a person that nobody is. It stands in no log.
pub async fn try_channels(
    config: &CaConfig,
    to: &str,
    now: u64,
) -> anyhow::Result<Vec<TrialOutcome>> {
    check(config)?;
    let to = Mailbox::read(to).context(to.to_owned())?;
    let recipient = Recipient {
        person: "0".repeat(16),
        name: Some("试发 / trial".into()),
        mail: Some(to.as_str().to_owned()),
    };
    let facts = Facts { to_decide: Some(0), ..Facts::default() };
    let drawn = system::random::bytes::<16>()?;
    let about = format!("trial-{}", records::Bytes::from(drawn));
    let notice = Notice::at(now, NoticeKind::Digest, (&recipient.person, &about), facts);
    let mut head = Letterhead::of(config)?;
    head.city = format!("{} 试发 trial", head.city);
    let written = words::write(&notice, &recipient, "", &head);
    let parcel = OutgoingNotice {
        id: drawn,
        notice: &notice,
        recipient: &recipient,
        written: &written,
        now,
    };
    let mut tried = Vec::new();
    for channel in Channel::all(config)? {
        let problem = match channel.hand(&parcel).await {
            HandoverResult::Taken => channel.keep().err(),
            HandoverResult::NoAddress => Some("no address".to_owned()),
            HandoverResult::Refused(why)
            | HandoverResult::Later(why)
            | HandoverResult::Barred(why)
            | HandoverResult::Away(why)
            | HandoverResult::Shut(why) => Some(why),
        };
        tried.push(TrialOutcome { channel: channel.name(), problem });
    }
    Ok(tried)
}
