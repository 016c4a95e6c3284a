//! What somebody saw of each log, below which no answer goes: `logs-CITY.json` in the XDG state
//! folder. A log signs whatever its process asks for; that it goes back, or shows another history
//! to somebody else, is seen only by readers who remember.
//!
//! Whoever asks a log takes the turn first, by a lock beside the file, and has it until the answer
//! is kept: no answer is judged by what another command saw meanwhile.

use crate::clock::now;
use crate::contexts;
use crate::exit::{Failure, file_failure};
use data_encoding::HEXLOWER;
use portal_api::plain::{FactValue, phrase};
use records::Bytes;
use records::floor::{LogHead, NotFollowed};
use records::trust::Trust;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use system::language::halves;

/// What was seen of the logs of a city, while an answer of theirs is waited for.
pub(crate) struct Floors {
    trust: Trust,
    path: PathBuf,
    seen: BTreeMap<String, Seen>,
    /// Held until the answer is kept.
    _turn: File,
}

/// The newest head of a log that was believed, and when.
struct Seen {
    head: LogHead,
    time: String,
}

/// The file of floors, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    v: u8,
    logs: BTreeMap<String, KeptHead>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptHead {
    /// The signed note: size and root stand in it.
    checkpoint: String,
    /// When it was believed first.
    seen: String,
}

/// What a log gave: its checkpoint, and that it continues what was seen.
pub(crate) struct Given<'a> {
    pub(crate) log: &'a str,
    pub(crate) checkpoint: &'a str,
    pub(crate) consistency: &'a [Bytes],
}

/// Where a log stands that goes on from what was seen of it.
pub(crate) struct Standing {
    log: String,
    size: u64,
    root: Bytes,
    /// Size and time of what was seen before; nothing where this is the first.
    before: Option<(u64, String)>,
}

impl Floors {
    /// Takes the turn to ask the logs of a city, and reads what was seen of them.
    pub(crate) async fn take(trust: &Trust) -> Result<Self, Failure> {
        let base = contexts::xdg("XDG_STATE_HOME", ".local/state").ok_or_else(|| {
            let en = "neither XDG_STATE_HOME nor HOME names a folder";
            Failure::usage("找不到个人状态目录。", en)
        })?;
        let (folder, trust) = (base.join("yinxin"), trust.clone());
        let taken = tokio::task::spawn_blocking(move || Self::open(&folder, &trust)).await;
        taken.map_err(|error| Failure::because("无法读取所见日志的记录", &error))?
    }

    fn open(folder: &Path, trust: &Trust) -> Result<Self, Failure> {
        let city = trust.founding.digest();
        let city = city.ok_or_else(|| {
            Failure::usage("信任文件不正确。", "the trust file has no founding digest")
        })?;
        let path = folder.join(format!("logs-{}.json", HEXLOWER.encode(&city)));
        let lock = path.with_extension("lock");
        let turn = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .and_then(|()| system::file::open_lock(&lock))
            .map_err(|error| file_failure(&lock, &error))?;
        turn.lock().map_err(|error| file_failure(&lock, &error))?;
        let seen = read(&path, trust)?;
        Ok(Self { trust: trust.clone(), path, seen, _turn: turn })
    }

    /// The size of each log as it was seen, for whoever has to prove that it goes on from there.
    pub(crate) fn known(&self) -> BTreeMap<String, u64> {
        self.seen.iter().map(|(log, seen)| (log.clone(), seen.head.size())).collect()
    }

    /// Judges what logs gave and keeps it, before anything rests on it: all of it, or nothing.
    pub(crate) fn keep(mut self, given: &[Given<'_>]) -> Result<Vec<Standing>, Failure> {
        let mut standings = Vec::with_capacity(given.len());
        for one in given {
            standings.push(self.judge(one)?);
        }
        if standings.iter().any(Standing::is_new) {
            self.write()?;
        }
        Ok(standings)
    }

    fn judge(&mut self, given: &Given<'_>) -> Result<Standing, Failure> {
        let key = self.trust.log_key(given.log);
        let head = key.and_then(|key| LogHead::open(given.checkpoint, &key).ok());
        let head = head.ok_or_else(|| {
            let en = "a checkpoint is not signed by the log's key of the trust file";
            Failure::unproven("检查点没有信任文件中的日志密钥的签名，不予采信。", en)
        })?;
        let before = match self.seen.get(given.log) {
            None => None,
            Some(seen) => {
                let followed = head.follows(&seen.head, given.consistency);
                followed.map_err(|why| self.refuse(given.log, (seen, &head), why))?;
                Some((seen.head.size(), seen.time.clone()))
            }
        };
        let (log, size, root) = (given.log.to_owned(), head.size(), head.root());
        let standing = Standing { log, size, root, before };
        if standing.is_new() {
            let seen = Seen { head, time: records::time::seconds(now()) };
            self.seen.insert(given.log.to_owned(), seen);
        }
        Ok(standing)
    }

    fn write(&self) -> Result<(), Failure> {
        let kept = |(log, seen): (&String, &Seen)| {
            let (checkpoint, seen) = (seen.head.note().to_owned(), seen.time.clone());
            (log.clone(), KeptHead { checkpoint, seen })
        };
        let kept = Kept { v: 1, logs: self.seen.iter().map(kept).collect() };
        let bytes = serde_json::to_vec(&kept);
        let bytes = bytes.map_err(|error| unreadable(&self.path, &error.to_string()))?;
        system::file::replace_private(&self.path, &bytes)
            .map_err(|error| file_failure(&self.path, &error))
    }

    /// Keeps both notes for whoever is shown them, and tells what is wrong.
    fn refuse(&self, log: &str, (seen, next): (&Seen, &LogHead), why: NotFollowed) -> Failure {
        let root = HEXLOWER.encode(next.root().0.get(..8).unwrap_or_default());
        let path = self.path.with_extension(format!("{}.{}.{root}.json", why.code(), next.size()));
        let notes = json!({
            "v": 1, "log": log, "code": why.code(), "seen": seen.time,
            "vkey": self.trust.log_key(log).map(|key| key.to_string()),
            "checkpoints": [seen.head.note(), next.note()],
        });
        let kept = system::file::replace_private(&path, notes.to_string().as_bytes());
        let (was, is) = (seen.head.size(), next.size());
        let time = FactValue::time(&seen.time);
        let [zh_time, en_time] = [time.zh(), time.en()];
        let (zh, en) = match why {
            NotFollowed::Shorter => (
                format!("{log} 日志变短了：{zh_time} 见过 {was} 条记录，现在只有 {is} 条。"),
                format!("the log {log} went back: {was} records at {en_time}, {is} now"),
            ),
            NotFollowed::Forked => (
                format!("{log} 日志已分叉：同为 {is} 条记录，与 {zh_time} 所见的不同。"),
                format!("the log {log} forked: it signed other {is} records at {en_time}"),
            ),
            NotFollowed::Unproven => (
                format!("{log} 日志未证明其 {is} 条记录接续 {zh_time} 所见的 {was} 条。"),
                format!(
                    "the log {log} does not prove that its {is} records continue the {was} of \
                     {en_time}"
                ),
            ),
        };
        let shown = path.display();
        let (zh_kept, en_kept) = match kept {
            Ok(()) => (
                format!("两份由日志密钥签名的检查点存于 {shown}，请交其他审计员核对。"),
                format!("both notes that its key signed are in {shown}: show other auditors"),
            ),
            Err(error) => (
                format!("两份检查点未能存于 {shown}：{error}。"),
                format!("both notes could not be kept in {shown}: {error}"),
            ),
        };
        Failure::denied(
            why.code(),
            format!("{zh}应答不予采信。{zh_kept}"),
            format!("{en}; nothing of the answer is believed; {en_kept}"),
        )
        .next("keep this file, and compare with other auditors / 保留该文件，与其他审计员核对")
    }
}

impl Standing {
    /// Whether it is more than was seen.
    fn is_new(&self) -> bool {
        self.before.as_ref().is_none_or(|(size, _)| *size != self.size)
    }

    /// What is said of it; nothing of a log that is as it was.
    pub(crate) fn told(&self) -> Option<FactValue> {
        let (log, size) = (FactValue::text(&self.log), FactValue::text(self.size.to_string()));
        match &self.before {
            None => Some(phrase(
                "本机首次见到 {0} 日志（{1} 条记录），此前的历史无从核对；此后只采信由此接续的日志。",
                "The log {0} is first seen here, with {1} records; nothing says what it was \
                 before. From now on it is believed only if it goes on from there.",
                vec![log, size],
            )),
            Some((was, time)) if self.is_new() => Some(phrase(
                "{0} 日志的 {1} 条记录经证明接续本机于 {3} 所见的 {2} 条。",
                "The {1} records of the log {0} are proven to continue the {2} that were seen here \
                 at {3}.",
                vec![log, size, FactValue::text(was.to_string()), FactValue::time(time)],
            )),
            Some(_) => None,
        }
    }
}

/// What machines are told of logs, by name.
pub(crate) fn facts(standings: &[Standing]) -> Value {
    let fact = |one: &Standing| {
        let before = one.before.as_ref();
        let before = before.map(|(size, seen)| json!({ "tree_size": size, "seen": seen }));
        let told = json!({
            "first_seen": before.is_none(), "tree_size": one.size, "root": one.root,
            "before": before,
        });
        (one.log.clone(), told)
    };
    Value::Object(standings.iter().map(fact).collect())
}

/// What was seen: nothing where there is no file. One that cannot be read is no missing one.
fn read(path: &Path, trust: &Trust) -> Result<BTreeMap<String, Seen>, Failure> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(file_failure(path, &error)),
        Ok(found) if !found.is_file() => {
            return Err(unreadable(path, "不是普通文件 / it is no plain file"));
        }
        Ok(_) => {}
    }
    let bytes = system::file::read_private(path).map_err(|error| file_failure(path, &error))?;
    let kept = serde_json::from_slice(&bytes);
    let kept: Kept = kept.map_err(|error| unreadable(path, &error.to_string()))?;
    if kept.v != 1 {
        return Err(unreadable(path, "由另一版本写出 / another version wrote it"));
    }
    let seen = |(log, kept): (String, KeptHead)| {
        let key = trust.log_key(&log);
        let head = key.and_then(|key| LogHead::open(&kept.checkpoint, &key).ok());
        let why = "其内容没有信任文件中日志的签名 / no log of the trust file signed what it holds";
        let head = head.ok_or_else(|| unreadable(path, why))?;
        Ok::<_, Failure>((log, Seen { head, time: kept.seen }))
    };
    kept.logs.into_iter().map(seen).collect()
}

fn unreadable(path: &Path, why: &str) -> Failure {
    let (shown, (zh, en)) = (path.display(), halves(why));
    let then = "不能判断日志是否回退，未作查询。";
    Failure::denied(
        "floor-unreadable",
        format!("记录所见日志的文件 {shown} 无法使用：{zh}；{then}"),
        format!("{shown} says what was seen of the logs, and cannot be used: {en}"),
    )
    .next("restore it from a backup / 从备份恢复该文件")
}

#[cfg(test)]
mod tests;
