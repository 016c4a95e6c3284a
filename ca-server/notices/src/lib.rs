//! Role `notices`: tells people what the log says happened in their names, so that no portal can
//! keep it from them. It follows the log by itself, holds no key that signs anything, and nothing
//! waits for it: a mail server that is away holds no certificate and no brake up.
//!
//! In reading order: [`notice`] (what is said), [`tell`], [`systems`] and [`due`] (who is told
//! what, pure), [`follow`] (the log becomes rows of the outbox), [`outbox`] (rows are sealed),
//! [`deliver`] (rows are handed to a [`channel`]), [`words`] and [`recipient`] (how and to whom),
//! [`stood`] (at which of their addresses).

mod channel;
mod deliver;
mod due;
mod follow;
mod log_clock;
mod notice;
mod outbox;
mod outgoing;
mod recipient;
mod stood;
mod systems;
mod tell;
#[cfg(test)]
mod tests;
mod trial;
mod words;

pub use trial::{TrialOutcome, check, try_channels};

use anyhow::Context;
use ca_host::CaConfig;
use ca_store::follower;
use ca_store::replay::Replay;
use channel::Channel;
use deliver::{Delivery, RefusedNotices, TakingSince};
use follow::{Follow, FollowState};
use log_clock::LogClock;
use outbox::{Seal, WAITING_MAX};
use service::{Clock, Metrics, Stop};
use store::{CommitNews, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use words::Letterhead;

/// Runs the role until the stop.
pub async fn serve(config: CaConfig, store: Store, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let trust = ca_host::trust(&config)?;
    let replay = Replay::new(&trust).context("trust file")?.published_in(&config);
    let (place, keep) = follower::open(&config.path("notices"))?;
    let seal = Seal::new(place.key("outbox"), *replay.founding());
    let hears = CommitNews::CONTROL_GREW;
    let bell = ca_store::doorbell(&store, &config, ("notices", hears)).await?;
    let channels = Channel::all(&config)?;
    let (told, authority) = watch::channel(None);
    let time = LogClock::new(clock, place.clock_guard(&config, clock)?, metrics.clone());
    let mut tasks = JoinSet::new();
    let follow = Follow {
        store: store.clone(),
        replay,
        keep,
        seal: seal.clone(),
        channels: channels.iter().map(Channel::name).collect(),
        waiting_max: WAITING_MAX,
        digest_hour: config.notices.digest_hour,
        time: time.clone(),
        metrics: metrics.clone(),
        told,
        bell: bell.clone(),
        stop: stop.clone(),
        state: FollowState::default(),
    };
    tasks.spawn(follow.run());
    for channel in channels {
        let delivery = Delivery {
            channel,
            config: config.clone(),
            store: store.clone(),
            seal: seal.clone(),
            head: Letterhead::of(&config)?,
            time: time.clone(),
            looked_for_late: None,
            refused: RefusedNotices::default(),
            taking: TakingSince::default(),
            metrics: metrics.clone(),
            authority: authority.clone(),
            bell: bell.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(delivery.run());
    }
    let looking = service::disk::watch(config.folder().to_owned(), metrics.clone(), stop.clone());
    tasks.spawn(looking);
    let admin = service::Admin::new(metrics);
    admin.serve((config.notices.admin, "ca.toml: notices.admin"), stop).await?;
    while tasks.join_next().await.is_some() {}
    Ok(())
}
