//! The channels by which notices leave. Each is handed a notice at least once, and always under the
//! same id, so that whoever takes it sees it once.

mod mail;
mod spool;
mod webhook;

pub(crate) use mail::Mail;
pub(crate) use spool::Spool;
pub(crate) use webhook::Webhook;

use crate::notice::WEBHOOK;
use crate::outgoing::{HandoverResult, OutgoingNotice};
use anyhow::Context;
use ca_host::CaConfig;

/// A channel by which notices go to people.
pub(crate) enum Channel {
    Spool(Spool),
    Mail(Box<Mail>),
    Webhook(Box<Webhook>),
}

impl Channel {
    /// The channels of a configuration; the spool folder where there is no other. Nothing is sent
    /// by making them, and what is wrong with the configuration is said.
    pub(crate) fn all(config: &CaConfig) -> anyhow::Result<Vec<Self>> {
        let mut channels = Vec::new();
        if let Some(mail) = &config.notices.mail {
            let mail = Mail::open(config, mail).context("ca.toml: notices.mail")?;
            channels.push(Self::Mail(Box::new(mail)));
        }
        if let Some(webhook) = &config.notices.webhook {
            let webhook = Webhook::open(config, webhook).context("ca.toml: notices.webhook")?;
            channels.push(Self::Webhook(Box::new(webhook)));
        }
        if channels.is_empty() {
            channels.push(Self::Spool(Spool::open(config)?));
        }
        Ok(channels)
    }

    /// Its name in rows, records and on `/readyz`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Spool(_) => "spool",
            Self::Mail(_) => "mail",
            Self::Webhook(_) => WEBHOOK,
        }
    }

    /// Under which name `/readyz` tells what it refuses for a reason that somebody has to mend.
    pub(crate) fn refusals(&self) -> &'static str {
        match self {
            Self::Spool(_) => "spool-refusals",
            Self::Mail(_) => "mail-refusals",
            Self::Webhook(_) => "webhook-refusals",
        }
    }

    /// Hands a notice over; the spool folder took it once [`Self::keep`] has kept it.
    pub(crate) async fn hand(&self, parcel: &OutgoingNotice<'_>) -> HandoverResult {
        match self {
            Self::Spool(spool) => spool.hand(parcel),
            Self::Mail(mail) => mail.hand(parcel).await,
            Self::Webhook(webhook) => webhook.hand(parcel).await,
        }
    }

    /// Notices that are handed over one after the other before what became of them is kept: so many
    /// come once more after a crash, under the same ids. Those of the spool folder have the same
    /// names then, and cost a sync of the whole file system together.
    pub(crate) fn chunk(&self) -> i64 {
        match self {
            Self::Spool(_) => 256,
            Self::Webhook(_) => 64,
            Self::Mail(_) => 16,
        }
    }

    /// Makes durable what it took since the last time: only then it took it.
    pub(crate) fn keep(&self) -> Result<(), String> {
        if let Self::Spool(spool) = self { spool.keep() } else { Ok(()) }
    }

    /// What is to be looked after, though it goes on.
    pub(crate) fn looked_after(&self) -> Option<String> {
        if let Self::Spool(spool) = self { spool.looked_after() } else { None }
    }
}
