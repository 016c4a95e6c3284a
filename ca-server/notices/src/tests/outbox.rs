//! What waits in the outbox, whatever the channel and the clock do.

use super::{channels, head, wang};
use crate::channel::Channel;
use crate::deliver::{Delivery, Look, RefusedNotices, TakingSince};
use crate::log_clock::LogClock;
use crate::notice::{Facts, Notice, NoticeKind};
use crate::outbox::{Seal, WAITED_SECONDS};
use aws_lc_rs::hmac;
use ca_host::clock_guard::ClockGuard;
use ca_store::table::notice;
use sample_city::SampleCity;
use service::{Clock, Metrics, Stop};
use store::{CommitNews, Store};
use tokio::sync::watch;

/// A channel's outbox of some notices, each made so many seconds ago. The log proves a time that is
/// so far ahead of the clock.
pub(super) async fn outbox(made: &[u64], ahead: u64) -> (Delivery, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = channels::config(folder.path(), channels::nowhere());
    let store = ca_store::open(&config).await.unwrap();
    let (clock, metrics) = (Clock::system(), Metrics::default());
    let time = LogClock::new(clock, ClockGuard::of(&config), metrics.clone());
    let now = clock.seconds();
    time.note(now + ahead);
    let seal = Seal::new(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), [7; 32]);
    let row = |(at, ago): (usize, &u64)| {
        let (person, about) = (wang().person, at.to_string());
        let place = (person.as_str(), about.as_str());
        let notice = Notice::at(now, NoticeKind::Suspended, place, Facts::default());
        seal.row(&notice, "spool", now - ago).unwrap()
    };
    let rows = made.iter().enumerate().map(row).collect();
    let mut tx = store.write().await.unwrap();
    notice::insert(&mut tx, rows).await.unwrap();
    tx.commit().await.unwrap();
    let authority = SampleCity::found().authority.clone();
    let delivery = Delivery {
        channel: Channel::all(&config).unwrap().remove(0),
        config: config.clone(),
        store: store.clone(),
        seal,
        head: head(),
        time,
        metrics,
        authority: watch::channel(Some(authority)).1,
        bell: ca_store::doorbell(&store, &config, ("notices", CommitNews::CONTROL_GREW))
            .await
            .unwrap(),
        stop: Stop::on_signal().unwrap(),
        looked_for_late: None,
        refused: RefusedNotices::default(),
        taking: TakingSince::default(),
    };
    (delivery, folder)
}

pub(super) async fn count(store: &Store) -> u64 {
    let mut tx = store.read().await.unwrap();
    notice::count_waiting(&mut tx, &["spool"]).await.unwrap()["spool"]
}

/// What is on its way into the log.
pub(super) async fn recorded(store: &Store) -> Vec<String> {
    let mut tx = store.read().await.unwrap();
    let found = store::pending::waiting(&mut tx, "access", 0, 999).await.unwrap();
    found.into_iter().map(|(_, one)| String::from_utf8(one.record).unwrap()).collect()
}

/// What waited for too long is given up, recorded, and keeps no place, though no channel was tried.
#[tokio::test]
async fn what_waits_for_too_long_is_given_up_untried() {
    let (mut delivery, _folder) = outbox(&[WAITED_SECONDS + 1, 0], 0).await;
    delivery.give_up_late().await.unwrap();
    assert_eq!(count(&delivery.store).await, 1);
    let recorded = recorded(&delivery.store).await;
    assert!(recorded.len() == 1 && recorded[0].contains("too-late"), "{recorded:?}");
}

/// A clock that moved gives up nothing.
#[tokio::test]
async fn a_clock_that_moved_gives_up_no_notice() {
    let (mut delivery, _folder) = outbox(&[WAITED_SECONDS + 1, 0], 86_400).await;
    delivery.give_up_late().await.unwrap();
    assert_eq!(count(&delivery.store).await, 2);
}

/// What a look hands over is kept and recorded together, each once; what a hand put there is sent
/// to nobody and recorded as nothing.
#[tokio::test]
async fn what_a_look_hands_over_is_kept_together_and_once() {
    let (mut delivery, folder) = outbox(&[0; 261], 0).await;
    let spool = folder.path().join("notices/spool");
    std::fs::create_dir_all(&spool).unwrap();
    // A hand has no key of the role.
    let hand = Seal::new(hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]), [7; 32]);
    let now = Clock::system().seconds();
    let place = (wang().person, "forged".to_owned());
    let place = (place.0.as_str(), place.1.as_str());
    let forged = Notice::at(now, NoticeKind::Suspended, place, Facts::default());
    let row = hand.row(&forged, "spool", now - 9).unwrap();
    let mut tx = delivery.store.write().await.unwrap();
    notice::insert(&mut tx, vec![row]).await.unwrap();
    tx.commit().await.unwrap();
    let files = || std::fs::read_dir(&spool).unwrap().count();
    assert_eq!(delivery.look().await.unwrap(), Look::More);
    assert_eq!((count(&delivery.store).await, files()), (6, 255));
    assert_eq!(delivery.look().await.unwrap(), Look::More);
    assert_eq!((count(&delivery.store).await, files()), (0, 261));
    let recorded = recorded(&delivery.store).await;
    assert_eq!(recorded.len(), 261);
    assert!(recorded.iter().all(|one| one.contains("\"outcome\":\"done\"")));
    assert!(matches!(delivery.look().await.unwrap(), Look::Idle(_)), "nothing comes twice");
}

/// What the folder does not take waits, and nothing is recorded.
#[tokio::test]
async fn what_a_folder_does_not_take_waits() {
    let (mut delivery, _folder) = outbox(&[0; 3], 0).await;
    assert_eq!(delivery.look().await.unwrap(), Look::Away, "there is no folder");
    assert_eq!((count(&delivery.store).await, recorded(&delivery.store).await.len()), (3, 0));
}
