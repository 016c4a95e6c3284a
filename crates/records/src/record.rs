//! Records of the accountability log, and the entry that commits to each.

mod cause;
mod event;
mod kind;
mod letter;
mod of_run;

pub use cause::{Cause, File, RevokedSerial};
pub use event::Event;
pub use letter::{LetterStatement, VoidStatement};

use crate::access::Link;
use crate::approval::Approval;
use crate::bytes::Bytes;
use crate::json::{self, JsonError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The logs of this version.
pub const LOGS: [&str; 2] = ["control", "access"];

const ENTRY_LABEL: &[u8] = b"yinxin-entry-v1";

/// A record; its exact bytes are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// 16 random bytes; the same record twice has the same id.
    pub id: Bytes,
    /// The record stands in the log `control` or `access`.
    pub log: String,
    /// The maker is the process that made it, by its own word.
    pub maker: String,
    /// The record was made at this time, RFC 3339 with microseconds.
    pub time: String,
    /// Its place among an agent's records; others have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The event says what happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Record {
    /// Reads a record's bytes; an error says what of the format they break.
    pub fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        let record = match of_run::read(bytes) {
            Some(read) => Self::of_run(read),
            None => json::read(bytes)?,
        };
        let known_log = LOGS.contains(&record.log.as_str());
        let sound = known_log && record.unix() != 0 && record.is_where_it_belongs();
        if record.v != 1 || record.id.0.len() != 16 || !sound {
            return Err(JsonError::part("header"));
        }
        Ok(record)
    }

    fn of_run(read: of_run::ReadOfRun) -> Self {
        let of_run::ReadOfRun { id, log, maker, time, link, event } = read;
        Self { v: 1, id, log, maker, time, link: Some(link), event }
    }

    /// What agents record has its place in a run of theirs, and nothing else has one: a link, an
    /// agent as its maker and a kind that agents record come together or not at all.
    fn is_where_it_belongs(&self) -> bool {
        let of_run = self.event.is_of_run();
        let linked = self.link.is_some() == of_run && self.agent().is_some() == of_run;
        linked && (!of_run || self.log == "access")
    }

    /// The agent whose record it says that it is; that agent's signed head has to say so too.
    pub fn agent(&self) -> Option<&str> {
        self.maker.strip_suffix("/agent").filter(|agent| !agent.is_empty())
    }

    /// Writes the record as canonical JSON (RFC 8785); an error says what has no such form.
    pub fn write(&self) -> Result<Vec<u8>, JsonError> {
        json::write(self)
    }

    /// Whether it was made under a clock that had been checked. Refusals and brakes are written
    /// with a clock that moved as well, and prove nothing about the time.
    pub fn proves_time(&self) -> bool {
        let unchecked = matches!(
            self.event,
            Event::Refusal { .. }
                | Event::Revoked { .. }
                | Event::Suspended { .. }
                | Event::Crl { .. }
                | Event::Portal { .. }
                | Event::Forked { .. }
                | Event::Silent { .. }
                | Event::Asked { .. }
                | Event::Searched { .. }
                | Event::Read { .. }
                | Event::Notified { .. }
                | Event::People { .. }
        );
        !unchecked
    }

    /// Unix seconds of its time; 0 if unreadable.
    pub fn unix(&self) -> u64 {
        crate::time::read_micros(&self.time).unwrap_or(0)
    }
}

/// The entry in the tree: SHA-256(`yinxin-entry-v1` ‖ 0x00 ‖ salt ‖ record).
pub fn entry(salt: &[u8; 32], record: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(ENTRY_LABEL)
        .chain_update([0])
        .chain_update(salt)
        .chain_update(record)
        .finalize()
        .into()
}

/// SHA-256 of an approval's canonical bytes; how records name approvals.
pub fn approval_id(approval: &Approval) -> Result<Bytes, JsonError> {
    Ok(Bytes(Sha256::digest(json::write(approval)?).to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Completion;

    fn ended() -> Record {
        let event = Completion::without_answer("gate-1/AAAA/3".into(), "done");
        Record {
            v: 1,
            id: Bytes(vec![7; 16]),
            log: "access".into(),
            maker: "gate-1/agent".into(),
            time: "2026-11-24T08:00:00.000000Z".into(),
            link: Some(Link { epoch: Bytes(vec![1; 16]), aseq: 4, prev: Bytes(vec![2; 32]) }),
            event: Event::Completion(event),
        }
    }

    #[test]
    fn what_agents_record_has_its_place_in_a_run_and_nothing_else_has_one() {
        let read = |record: Record| Record::read(&record.write().unwrap());
        assert!(read(ended()).is_ok());
        let silent = Event::Silent { agent: "gate-1".into(), since: "2026-11-24T08:00:00Z".into() };
        let silent = Record { event: silent, link: None, maker: "log".into(), ..ended() };
        assert!(read(silent.clone()).is_ok());
        for wrong in [
            Record { link: None, ..ended() },
            Record { maker: "log".into(), ..ended() },
            Record { maker: "/agent".into(), ..ended() },
            Record { log: "control".into(), ..ended() },
            Record { link: ended().link, ..silent.clone() },
            Record { maker: "gate-1/agent".into(), ..silent },
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_records_time_has_one_spelling() {
        for time in ["2026-11-24T08:00:00Z", "2026-11-24T08:00:00.000Z", ""] {
            let record = Record { time: time.into(), ..ended() };
            assert!(Record::read(&record.write().unwrap()).is_err(), "{time}");
        }
    }
}
