//! What became of notices that were handed over: one commit for all of a look, with a record of
//! each that is over.

use super::{Delivery, Look};
use crate::notice::{Notice, NoticeId, spelled};
use crate::outbox::{TRIED_SECONDS, WAITED_SECONDS, pause};
use crate::outgoing::HandoverResult;
use ca_store::record::NewRecord;
use ca_store::table::notice::{self, DueRow, NoticeRow, NoticeState};
use records::record::{Event, Record};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use store::{CommitNews, Tx};

const MAKER: &str = "notices";
const LOG: &str = "access";

/// A row of the outbox that was tried.
pub(super) struct DeliveryAttempt {
    pub(super) row: DueRow,
    /// The notice for the address in force, where this one goes to an earlier one.
    pub(super) again: Option<Notice>,
    pub(super) became: Became,
}

/// What became of it.
pub(super) enum Became {
    /// It is not what this role wrote, and is sent to nobody.
    Forged,
    /// The channel was handed it.
    Handed(NoticeId, Box<Notice>, HandoverResult),
}

/// What is kept of a notice: how it waits or ended, and what is recorded.
type Settled<'a> = (NoticeState, Option<(NoticeId, &'a Notice, &'static str)>);

impl Delivery {
    /// Keeps what became of all of them, and records those that are over; says whether the channel
    /// takes nothing now, or there may be more.
    pub(super) async fn settle(&mut self, mut tried: Vec<DeliveryAttempt>) -> anyhow::Result<Look> {
        if let Err(why) = self.channel.keep() {
            not_taken(&mut tried, &why);
        }
        let (takes, is_away) = taken_or_away(&tried);
        self.taking.note((takes, is_away), self.time.now().unix());
        let mut by_state: BTreeMap<NoticeState, Vec<Vec<u8>>> = BTreeMap::new();
        let (mut over, mut letters) = (Vec::new(), Vec::new());
        let mut looked = Look::More;
        for one in &tried {
            self.told(one);
            match &one.became {
                Became::Handed(_, _, HandoverResult::Away(_)) => looked = Look::Away,
                Became::Handed(_, _, HandoverResult::Shut(_)) => looked = Look::Shut,
                _ => {}
            }
            let (state, record) = self.settled(one);
            self.refused.note(one, matches!(state, NoticeState::Waiting(_)));
            by_state.entry(state).or_default().push(one.row.id.clone());
            letters.extend(record.and_then(|(_, notice, _)| notice.facts.letter.clone()));
            over.extend(record);
        }
        if tried.is_empty() {
            return Ok(looked);
        }
        self.metrics.notice(self.channel.refusals(), &self.refused.told());
        let (name, now) = (self.channel.name(), self.time.now().unix());
        let again = tried.iter().filter_map(|one| one.again.as_ref());
        let again = again.map(|notice| self.seal.row(notice, name, now));
        let again: Vec<NoticeRow> = again.collect::<anyhow::Result<_>>()?;
        let mut tx = self.store.write().await?;
        notice::insert(&mut tx, again).await?;
        let mut own: HashSet<Vec<u8>> = HashSet::new();
        for settled in by_state {
            own.extend(notice::settle(&mut tx, self.channel.name(), settled).await?);
        }
        over.retain(|(id, ..)| own.contains(id.as_slice()));
        let is_recorded = !over.is_empty();
        self.record(&mut tx, over.into_iter()).await?;
        tx.commit().await?;
        self.forget_codes(letters);
        if is_recorded {
            self.bell.ring(CommitNews::ACCESS_WAITS);
        }
        Ok(looked)
    }

    fn settled<'a>(&self, one: &'a DeliveryAttempt) -> Settled<'a> {
        let Became::Handed(id, notice, handed) = &one.became else {
            return (NoticeState::Failed, None);
        };
        let now = self.time.now();
        let made = one.row.made;
        let ends = NoticeEnds {
            is_tried: now.is_past(made.max(self.taking.since), TRIED_SECONDS),
            is_over: now.is_past(made, WAITED_SECONDS),
        };
        let (state, outcome) = fate(handed, (now.unix(), ends), one.row.tries);
        (state, outcome.map(|outcome| (*id, &**notice, outcome)))
    }

    /// Says on `/readyz` how the channel is; notices are no reason to be not ready.
    fn told(&self, one: &DeliveryAttempt) {
        let name = self.channel.name();
        let Became::Handed(id, _, handed) = &one.became else {
            self.metrics.count(name, "forged");
            tracing::error!(notice = spelled(&one.row.id), "a notice in the database is not ours");
            return;
        };
        self.metrics.count(name, outcome(handed));
        let problem = match handed {
            HandoverResult::Away(why) => format!("takes no notices: {why}"),
            HandoverResult::Shut(why) => format!("takes no notices until that is mended: {why}"),
            _ => self.channel.looked_after().unwrap_or_default(),
        };
        self.metrics.notice(name, &problem);
        if let HandoverResult::Refused(why)
        | HandoverResult::Later(why)
        | HandoverResult::Barred(why) = handed
        {
            tracing::warn!(notice = spelled(id), why, "a notice is not taken");
        }
    }

    /// Puts records of what became of notices on their way.
    pub(super) async fn record<'a>(
        &self,
        tx: &mut Tx,
        over: impl Iterator<Item = (NoticeId, &'a Notice, &'static str)>,
    ) -> anyhow::Result<()> {
        let time = records::time::micros(self.time.now().unix() * 1_000_000);
        let mut new = Vec::new();
        for (id, notice, outcome) in over {
            let record = Record {
                v: 1,
                id: system::random::bytes::<16>()?.into(),
                log: LOG.into(),
                maker: MAKER.into(),
                time: time.clone(),
                link: None,
                event: Event::Notified {
                    notice: spelled(&id),
                    about: notice.kind.name().into(),
                    person: notice.person.clone(),
                    channel: self.channel.name().into(),
                    outcome: outcome.into(),
                },
            };
            let (bytes, salt) = (record.write()?, system::random::bytes()?);
            new.push(NewRecord { record, bytes, salt, disclosures: Vec::new() });
        }
        Ok(ca_store::record::append_new(tx, LOG, new).await?)
    }
}

/// Notices that a channel refuses for what is not about whom they are for, until it takes them or
/// they are over: what somebody has to mend is told as long as one of them waits.
#[derive(Default)]
pub(crate) struct RefusedNotices {
    waiting: BTreeSet<NoticeId>,
    why: String,
}

impl RefusedNotices {
    /// Notes what became of one that was tried; a channel that was not reached said nothing.
    fn note(&mut self, one: &DeliveryAttempt, waits: bool) {
        match &one.became {
            Became::Handed(id, _, HandoverResult::Barred(why)) if waits => {
                self.waiting.insert(*id);
                self.why.clone_from(why);
            }
            Became::Handed(_, _, HandoverResult::Away(_) | HandoverResult::Shut(_)) if waits => {}
            Became::Handed(id, ..) => self.forget(id),
            Became::Forged => {}
        }
    }

    /// One of them waits no more.
    pub(super) fn forget(&mut self, id: &NoticeId) {
        self.waiting.remove(id);
    }

    /// What is said on `/readyz`; nothing where none waits.
    pub(super) fn told(&self) -> String {
        match self.waiting.len() {
            0 => String::new(),
            count => format!("refuses {count} notices, which wait: {}", self.why),
        }
    }
}

/// Since when a channel takes notices: what waited while it took none was not tried in that time.
pub(crate) struct TakingSince {
    since: u64,
    is_away: bool,
}

impl Default for TakingSince {
    /// Of a channel of which nothing is known yet.
    fn default() -> Self {
        Self { since: 0, is_away: true }
    }
}

impl TakingSince {
    fn note(&mut self, (takes, is_away): (bool, bool), now: u64) {
        if takes && self.is_away {
            self.since = now;
        }
        self.is_away = is_away || self.is_away && !takes;
    }
}

/// Whether the channel heard of any notice, and whether it took no more of them.
fn taken_or_away(tried: &[DeliveryAttempt]) -> (bool, bool) {
    let handed = tried.iter().filter_map(|one| match &one.became {
        Became::Handed(_, _, handed) => Some(handed),
        Became::Forged => None,
    });
    let is_away =
        |one: &HandoverResult| matches!(one, HandoverResult::Away(_) | HandoverResult::Shut(_));
    handed.fold((false, false), |(takes, away), one| (takes || !is_away(one), away || is_away(one)))
}

/// Whether the time of a notice is over.
#[derive(Clone, Copy)]
struct NoticeEnds {
    /// For what its recipient's side does not take.
    is_tried: bool,
    /// For whatever it waits.
    is_over: bool,
}

/// How a notice waits or ended that was tried so often before, and what is recorded of one that is
/// over: what nobody refused for good is late at the end, whatever the last answer was. What is
/// refused of ours ends no notice as early as what its recipient's side does not take.
fn fate(
    handed: &HandoverResult,
    (now, ends): (u64, NoticeEnds),
    tries: u64,
) -> (NoticeState, Option<&'static str>) {
    let state = match handed {
        HandoverResult::Taken => NoticeState::Sent,
        HandoverResult::NoAddress | HandoverResult::Refused(_) => NoticeState::Failed,
        _ if ends.is_over => NoticeState::Failed,
        HandoverResult::Later(_) if ends.is_tried => NoticeState::Failed,
        HandoverResult::Later(_) | HandoverResult::Barred(_) => {
            NoticeState::Waiting(now + pause(tries))
        }
        // The channel pauses, not the notice; it only goes behind those that were not tried.
        HandoverResult::Away(_) => NoticeState::Waiting(now + 1),
        HandoverResult::Shut(_) => NoticeState::Waiting(now + 1),
    };
    let outcome = match (state, handed) {
        (NoticeState::Waiting(_), _) => None,
        (_, HandoverResult::Taken | HandoverResult::NoAddress | HandoverResult::Refused(_)) => {
            Some(outcome(handed))
        }
        _ => Some("too-late"),
    };
    (state, outcome)
}

/// What a channel did not keep it did not take.
fn not_taken(tried: &mut [DeliveryAttempt], why: &str) {
    for one in tried {
        if let Became::Handed(_, _, handed @ HandoverResult::Taken) = &mut one.became {
            *handed = HandoverResult::Away(why.to_owned());
        }
    }
}

/// What became of a notice, as records and counters say it.
fn outcome(handed: &HandoverResult) -> &'static str {
    match handed {
        HandoverResult::Taken => "done",
        HandoverResult::NoAddress => "no-address",
        HandoverResult::Refused(_) => "refused",
        HandoverResult::Later(_) => "later",
        HandoverResult::Barred(_) => "barred",
        HandoverResult::Away(_) => "away",
        HandoverResult::Shut(_) => "shut",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{Facts, NoticeKind};

    #[test]
    fn what_a_channel_did_not_keep_it_did_not_take() {
        let tried = |handed: HandoverResult| {
            let notice = Notice::at(5, NoticeKind::Suspended, ("A", "1"), Facts::default());
            let (id, mac) = (vec![1; 16], vec![2; 32]);
            let row = DueRow { id, person: "A".into(), notice: vec![], mac, made: 5, tries: 0 };
            let became = Became::Handed([1; 16], Box::new(notice), handed);
            DeliveryAttempt { row, again: None, became }
        };
        let mut all = [
            HandoverResult::Taken,
            HandoverResult::NoAddress,
            HandoverResult::Later("busy".into()),
        ]
        .map(tried);
        not_taken(&mut all, "full");
        let became = all.map(|one| match one.became {
            Became::Handed(_, _, handed) => handed,
            Became::Forged => panic!("nobody forged it"),
        });
        let away = HandoverResult::Away("full".into());
        assert_eq!(became, [away, HandoverResult::NoAddress, HandoverResult::Later("busy".into())]);
    }

    /// Only what is about a notice ends it before its time; at its end it is late, and recorded so.
    #[test]
    fn what_nobody_refused_waits_and_is_late_at_the_end() {
        let why = || "no".to_owned();
        for (handed, waits) in [
            (HandoverResult::Later(why()), 30),
            (HandoverResult::Barred(why()), 30),
            (HandoverResult::Away(why()), 1),
            (HandoverResult::Shut(why()), 1),
        ] {
            let waiting = (NoticeState::Waiting(1_000 + waits), None);
            let of =
                |is_tried, is_over| fate(&handed, (1_000, NoticeEnds { is_tried, is_over }), 0);
            assert_eq!(of(false, false), waiting, "{handed:?}");
            let late = (NoticeState::Failed, Some("too-late"));
            assert_eq!(of(true, true), late, "{handed:?}");
            // After three days those of the recipient's side alone are over.
            let is_theirs = matches!(handed, HandoverResult::Later(_));
            assert_eq!(of(true, false), if is_theirs { late } else { waiting }, "{handed:?}");
        }
        for is_over in [false, true] {
            let of = |handed| fate(&handed, (1_000, NoticeEnds { is_tried: is_over, is_over }), 3);
            assert_eq!(of(HandoverResult::Taken), (NoticeState::Sent, Some("done")));
            let failed = |outcome| (NoticeState::Failed, Some(outcome));
            assert_eq!(of(HandoverResult::Refused(why())), failed("refused"));
            assert_eq!(of(HandoverResult::NoAddress), failed("no-address"));
        }
    }

    /// What waited while the channel took nothing is not over when it is tried for the first time.
    #[test]
    fn a_notice_is_tried_for_three_days_of_a_channel_that_takes_some() {
        let mut taking = TakingSince::default();
        taking.note((true, false), 100);
        assert_eq!(taking.since, 100, "from the start on");
        taking.note((true, false), 200);
        assert_eq!(taking.since, 100, "it took some all the time");
        taking.note((true, true), 300);
        taking.note((false, true), 400);
        taking.note((false, false), 500);
        assert_eq!(taking.since, 100);
        taking.note((true, false), 600);
        assert_eq!(taking.since, 600, "it was away");
    }

    /// What somebody has to mend is told until the last notice that it holds up is taken or over,
    /// whatever else leaves meanwhile.
    #[test]
    fn what_holds_notices_up_is_told_as_long_as_one_waits() {
        let tried = |at: u8, handed: HandoverResult| {
            let notice = Notice::at(5, NoticeKind::Suspended, ("A", "1"), Facts::default());
            let (id, mac) = (vec![at; 16], vec![2; 32]);
            let row = DueRow { id, person: "A".into(), notice: vec![], mac, made: 5, tries: 0 };
            let became = Became::Handed([at; 16], Box::new(notice), handed);
            DeliveryAttempt { row, again: None, became }
        };
        let barred = |at| tried(at, HandoverResult::Barred("relaying denied".into()));
        let mut refused = RefusedNotices::default();
        for one in [barred(1), barred(2), barred(2)] {
            refused.note(&one, true);
        }
        assert_eq!(refused.told(), "refuses 2 notices, which wait: relaying denied");
        refused.note(&tried(3, HandoverResult::Taken), false);
        refused.note(&tried(1, HandoverResult::Away("no answer in time".into())), true);
        assert!(refused.told().contains("2 notices"), "others say nothing about them");
        refused.note(&tried(1, HandoverResult::Taken), false);
        assert!(refused.told().contains("1 notices"));
        refused.note(&barred(2), false);
        assert_eq!(refused.told(), "", "it waited for too long, and is given up");
    }
}
