//! Handing notices over, a task for each channel: what is due is taken from the outbox and handed
//! to the channel one after the other, and what became of all of them is kept and recorded in one
//! commit (`settle.rs`). A crash in between hands them over again, under the same ids. A channel
//! that takes nothing is left alone for longer and longer, and holds up nobody else.

mod settle;

pub(crate) use settle::{RefusedNotices, TakingSince};

use crate::channel::Channel;
use crate::log_clock::LogClock;
use crate::notice::{Notice, NoticeId};
use crate::outbox::{Seal, WAITED_SECONDS};
use crate::outgoing::{HandoverResult, OutgoingNotice};
use crate::recipient::{Recipient, name_of_unit};
use crate::stood;
use crate::words::{self, Letterhead};
use authority::{Authority, OrderDigest};
use ca_host::{CaConfig, message_codes};
use ca_store::table::notice::{self, DueRow, NoticeState};
use ca_store::table::{order, person};
use records::Disclosure;
use records::message_code::MessageCode;
use records::order::{CONTACT_PATH, MAIL_PATH, subject_of_system};
use service::{Metrics, Stop, fault};
use settle::{Became, DeliveryAttempt};
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};
use store::{CommitNews, Doorbell, Store, Tx};
use tokio::sync::watch;

/// What was handed over is kept after this long, however much of a look is left.
const HANDING_MAX: Duration = Duration::from_secs(2);
/// Notices that are given up in one commit.
const LATE_CHUNK: i64 = 500;
/// Longest pause between looks: a notice that nobody told of is found then.
const LOOK_MAX: Duration = Duration::from_secs(60);
/// Pauses of a channel that takes nothing double up to here, in seconds: whoever starts the server
/// again sees within half a minute that it is heard.
const AWAY_MAX: u64 = 30;
/// The same of one that refuses us: a password that is wrong locks nobody's account by that.
const SHUT_MAX: u64 = 600;
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// Orders about one person's record that are read for an earlier address of theirs.
const RECORDS_READ: i64 = 256;
/// A notice on which a channel broke off so often while it took others waits by itself.
const BROKEN_OFF_MAX: u64 = 2;

/// What hands notices to one channel.
pub(crate) struct Delivery {
    pub(crate) channel: Channel,
    /// Below whose folder message codes wait.
    pub(crate) config: CaConfig,
    pub(crate) store: Store,
    pub(crate) seal: Seal,
    pub(crate) head: Letterhead,
    pub(crate) time: LogClock,
    pub(crate) metrics: Metrics,
    /// Authority as it is followed; new whenever notices may be.
    pub(crate) authority: watch::Receiver<Option<Authority>>,
    pub(crate) bell: Doorbell,
    pub(crate) stop: Stop,
    /// When this was last done.
    pub(crate) looked_for_late: Option<Instant>,
    /// What the channel refuses for a reason that somebody has to mend.
    pub(crate) refused: RefusedNotices,
    /// Since when it takes notices.
    pub(crate) taking: TakingSince,
}

/// A row that is due, with the notice in it if this role wrote it.
type OpenedRow = (Option<(NoticeId, Notice)>, DueRow);

/// What one look came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing is due until then.
    Idle(Duration),
    /// There may be more.
    More,
    /// The channel takes nothing.
    Away,
    /// The channel refuses us.
    Shut,
}

impl Delivery {
    /// Hands over until the stop.
    pub(crate) async fn run(mut self) {
        let mut failures = 0u32;
        loop {
            let wait = match self.look().await {
                Ok(Look::More) => {
                    failures = 0;
                    Duration::ZERO
                }
                Ok(Look::Idle(wait)) => {
                    failures = 0;
                    wait
                }
                Ok(Look::Away) => {
                    failures = failures.saturating_add(1);
                    doubled(failures, AWAY_MAX)
                }
                Ok(Look::Shut) => {
                    failures = failures.saturating_add(1);
                    doubled(failures, SHUT_MAX)
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "notices are not handed over");
                    AFTER_FAILURE
                }
            };
            let is_away = failures > 0;
            let goes_on = tokio::select! {
                goes_on = self.stop.pause(wait) => goes_on,
                changed = self.authority.changed(), if !is_away => changed.is_ok(),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Hands over what is due now, and keeps what became of it.
    pub(crate) async fn look(&mut self) -> anyhow::Result<Look> {
        let Some(authority) = self.authority.borrow_and_update().clone() else {
            return Ok(Look::Idle(LOOK_MAX));
        };
        self.give_up_late().await?;
        let (name, now) = (self.channel.name(), self.time.now().unix());
        let mut tx = self.store.read().await?;
        let due = notice::due(&mut tx, (name, now), self.channel.chunk()).await?;
        if due.is_empty() {
            let next = notice::next_due(&mut tx, name).await?;
            let wait = next.map_or(LOOK_MAX, |next| Duration::from_secs(next.saturating_sub(now)));
            return Ok(Look::Idle(wait.clamp(Duration::from_secs(1), LOOK_MAX)));
        }
        // Each is opened once: its MAC, its text and its id are judged there.
        let own = |row: DueRow| (self.seal.open(&row, name), row);
        let due: Vec<OpenedRow> = due.into_iter().map(own).collect();
        let people = due.iter().map(|(_, row)| row.person.clone()).collect();
        let mut opened = person::disclosures(&mut tx, people).await?;
        opened.extend(self.of_contacts(&mut tx, &due, &authority).await?);
        let own = due.iter().filter_map(|(own, _)| own.as_ref());
        let moved = own.filter(|(_, notice)| stood::is_former(notice, &authority));
        let moved: BTreeSet<&str> = moved.map(|(_, notice)| notice.person.as_str()).collect();
        for person in moved {
            let of_record = order::of_record(&mut tx, person, RECORDS_READ).await?;
            opened.entry(person.to_owned()).or_default().extend(of_record);
        }
        drop(tx);
        let tried = self.hand_all(due, &opened, &authority).await;
        let looked = self.settle(tried).await?;
        fault::point("notice-settled");
        Ok(looked)
    }

    /// What opens the addresses of technical contacts, by their systems as certificates call them.
    async fn of_contacts(
        &self,
        tx: &mut Tx,
        due: &[OpenedRow],
        authority: &Authority,
    ) -> anyhow::Result<Vec<(String, Vec<Disclosure>)>> {
        let own = due.iter().filter_map(|(own, _)| own.as_ref());
        let systems = own.filter(|(_, notice)| notice.facts.contact);
        let systems: BTreeSet<String> =
            systems.filter_map(|(_, one)| one.facts.system.clone()).collect();
        let order = |id: &String| Some(OrderDigest(authority.system(id)?.order.digest()?));
        let digests: Vec<OrderDigest> = systems.iter().filter_map(order).collect();
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let opened = order::disclosures(tx, digests).await?;
        let of = |id: &String| Some((subject_of_system(id), opened.get(&order(id)?)?.clone()));
        Ok(systems.iter().filter_map(of).collect())
    }

    /// Hands over one after the other, until the channel takes nothing, or it is time to keep what
    /// became of them.
    async fn hand_all(
        &self,
        due: Vec<OpenedRow>,
        opened: &HashMap<String, Vec<Disclosure>>,
        authority: &Authority,
    ) -> Vec<DeliveryAttempt> {
        let (began, mut tried) = (Instant::now(), Vec::with_capacity(due.len()));
        for (own, row) in due {
            if self.stop.now() || began.elapsed() > HANDING_MAX {
                break;
            }
            let Some((id, notice)) = own else {
                tried.push(DeliveryAttempt { row, again: None, became: Became::Forged });
                continue;
            };
            let (recipient, has_another) = reached(&notice, opened, authority);
            let again = has_another.then(|| notice.again());
            let again = again.filter(|again| again.goes_by(self.channel.name()));
            let handed = self.hand((id, &notice), &recipient, authority).await;
            let handed = beside_others(handed, row.tries, &tried);
            fault::point("notice-handed-over");
            let is_away = matches!(handed, HandoverResult::Away(_) | HandoverResult::Shut(_));
            tried.push(DeliveryAttempt {
                row,
                again,
                became: Became::Handed(id, Box::new(notice), handed),
            });
            if is_away {
                break;
            }
        }
        tried
    }

    /// Gives up what waited for too long, whether the channel takes anything or not: a gateway
    /// that is gone for good keeps no place for ever.
    pub(crate) async fn give_up_late(&mut self) -> anyhow::Result<()> {
        let now = self.time.now();
        let was = self.looked_for_late.is_some_and(|looked| looked.elapsed() < LOOK_MAX);
        if was || !now.is_believed() {
            return Ok(());
        }
        let name = self.channel.name();
        let before = now.unix().saturating_sub(WAITED_SECONDS);
        while !self.stop.now() {
            let mut tx = self.store.write().await?;
            let late = notice::late(&mut tx, (name, before), LATE_CHUNK).await?;
            if late.is_empty() {
                break;
            }
            let ids = late.iter().map(|row| row.id.clone()).collect();
            notice::settle(&mut tx, name, (NoticeState::Failed, ids)).await?;
            let own = late.iter().filter_map(|row| self.seal.open(row, name));
            let given_up: Vec<_> = own.map(|(id, notice)| (id, notice, "too-late")).collect();
            given_up.iter().for_each(|(id, ..)| self.refused.forget(id));
            self.metrics.notice(self.channel.refusals(), &self.refused.told());
            self.record(&mut tx, given_up.iter().map(|(id, one, why)| (*id, one, *why))).await?;
            tx.commit().await?;
            self.forget_codes(given_up.into_iter().filter_map(|(_, one, _)| one.facts.letter));
            self.metrics.count(name, "too-late");
            self.bell.ring(CommitNews::ACCESS_WAITS);
        }
        self.looked_for_late = Some(Instant::now());
        Ok(())
    }

    async fn hand(
        &self,
        (id, notice): (NoticeId, &Notice),
        recipient: &Recipient,
        authority: &Authority,
    ) -> HandoverResult {
        let named = notice.facts.unit.as_deref().unwrap_or_default();
        let unit = || authority.unit(named).map_or("", |unit| name_of_unit(&unit.name, named));
        let system = notice.facts.system.as_deref();
        let system = system.and_then(|id| Some(name_of_unit(&authority.system(id)?.name, id)));
        let unit = system.unwrap_or_else(unit);
        let mut written = words::write(notice, recipient, unit, &self.head);
        match self.message_code(notice, authority) {
            Ok(Some(code)) => written = written.with_code(&code),
            Ok(None) => {}
            Err(handed) => return handed,
        }
        let now = self.time.now().unix();
        let parcel = OutgoingNotice { id, notice, recipient, written: &written, now };
        self.channel.hand(&parcel).await
    }

    /// The code that goes with a notice, if one does, or what becomes of the notice without. Nobody
    /// is sent the code of a letter that is over.
    fn message_code(
        &self,
        notice: &Notice,
        authority: &Authority,
    ) -> Result<Option<MessageCode>, HandoverResult> {
        let Some(reference) = &notice.facts.letter else { return Ok(None) };
        if authority.is_letter_over(reference, self.time.now().unix()) != Some(false) {
            return Err(HandoverResult::Refused("its letter is over".into()));
        }
        match message_codes::read(&self.config, reference) {
            Ok(Some(code)) => Ok(Some(code)),
            Ok(None) => Err(HandoverResult::Later("its message code is not there".into())),
            Err(error) => Err(HandoverResult::Later(format!("{error:#}"))),
        }
    }

    /// Shreds the message codes that go with notices that are over. One that cannot be shredded
    /// goes with its letter (`issuer/shredder.rs`).
    fn forget_codes(&self, letters: impl IntoIterator<Item = String>) {
        for letter in letters {
            if let Err(error) = message_codes::forget(&self.config, &letter) {
                tracing::error!(error = format!("{error:#}"), "a message code is not shredded");
            }
        }
    }
}

/// The pause behind so many looks at which a channel took nothing: one second, and then twice as
/// long each time, up to the most.
fn doubled(failures: u32, most: u64) -> Duration {
    Duration::from_secs(2u64.saturating_pow(failures.saturating_sub(1).min(16)).min(most))
}

/// Whom a notice reaches, and whether they have another address by now, which is told it as well.
fn reached(
    notice: &Notice,
    opened: &HashMap<String, Vec<Disclosure>>,
    authority: &Authority,
) -> (Recipient, bool) {
    let of = |whose: &str| opened.get(whose).map_or(&[][..], Vec::as_slice);
    if let Some(id) = notice.facts.system.as_deref().filter(|_| notice.facts.contact) {
        let disclosures = of(&subject_of_system(id));
        let recipient = Recipient::contact(authority, (&notice.person, id), disclosures);
        // The order that changed it shows what it was.
        let stood = (CONTACT_PATH, notice.facts.stood.as_ref());
        return recipient.addressed_as_it_stood(stood, disclosures);
    }
    let disclosures = of(&notice.person);
    let recipient = Recipient::of(authority, &notice.person, disclosures);
    recipient.addressed_as_it_stood((MAIL_PATH, notice.facts.stood.as_ref()), disclosures)
}

/// What became of a notice that was tried so often, beside those that were tried before it in the
/// same look: a channel that takes them and breaks off on this one again and again is not away. An
/// address on which a mail server hangs makes nobody else wait for it.
fn beside_others(handed: HandoverResult, tries: u64, before: &[DeliveryAttempt]) -> HandoverResult {
    let took =
        |one: &DeliveryAttempt| matches!(&one.became, Became::Handed(_, _, HandoverResult::Taken));
    match handed {
        HandoverResult::Away(why) if tries >= BROKEN_OFF_MAX && before.iter().any(took) => {
            HandoverResult::Later(why)
        }
        handed => handed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{Facts, NoticeKind};

    #[test]
    fn a_channel_that_takes_nothing_is_asked_less_and_less_often() {
        let of = |most| (1..=12).map(|failures| doubled(failures, most).as_secs()).collect();
        let (away, shut): (Vec<u64>, Vec<u64>) = (of(AWAY_MAX), of(SHUT_MAX));
        assert_eq!(away, [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30]);
        assert_eq!(shut, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(doubled(u32::MAX, SHUT_MAX).as_secs(), SHUT_MAX);
    }

    #[test]
    fn what_a_channel_breaks_off_on_again_and_again_keeps_no_other_waiting() {
        let tried = |handed: HandoverResult| {
            let notice = Notice::at(5, NoticeKind::Suspended, ("A", "1"), Facts::default());
            let (id, mac) = (vec![1; 16], vec![2; 32]);
            let row = DueRow { id, person: "A".into(), notice: vec![], mac, made: 5, tries: 0 };
            let became = Became::Handed([1; 16], Box::new(notice), handed);
            DeliveryAttempt { row, again: None, became }
        };
        let away = || HandoverResult::Away("no answer in time".into());
        let (taken, refused) =
            ([tried(HandoverResult::Taken)], [tried(HandoverResult::Refused("no".into()))]);
        let later = HandoverResult::Later("no answer in time".into());
        assert_eq!(beside_others(away(), BROKEN_OFF_MAX, &taken), later);
        assert_eq!(beside_others(away(), BROKEN_OFF_MAX - 1, &taken), away(), "it may be away now");
        for before in [&[][..], &refused[..]] {
            assert_eq!(beside_others(away(), 9, before), away(), "it took nothing");
        }
        assert_eq!(beside_others(HandoverResult::Taken, 9, &taken), HandoverResult::Taken);
    }
}
