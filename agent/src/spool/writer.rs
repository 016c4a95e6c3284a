//! The thread that writes.

use super::drawn::Drawn;
use super::granted::Granted;
use super::lately::{CommittedFrames, CommittedRecord};
use super::open_run::OpenRun;
use super::postbox::{Asker, Post};
use super::queue::{AppendRequest, Position, Shared, ends};
use super::recorded::{NotRecorded, Recorded, RunName};
use super::room::Place;
use super::segment::{self, HEADER_BYTES, Header};
use super::waiting::Exit;
use crate::{AgentConfig, random};
use anyhow::Context;
use records::access::{CHAIN_START, Completion, RunStart};
use records::body::{RecordBody, RunWriter};
use records::record::Event;
use records::spooled::LaidFrame;
use service::{Clock, Metrics, fault};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Most ends that wait for a run.
const LATE_MAX: usize = 65_536;
/// Room for the frames of a commit that is kept for the next one.
const KEPT_BYTES_MAX: usize = 1 << 20;
/// A new run is tried this long after an error of the disk.
const AFTER_ERROR: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    folder: PathBuf,
    segment_bytes: u64,
    maker: String,
    started: RunStart,
    clock: Clock,
    metrics: Metrics,
    shared: Arc<Shared>,
    /// Number of the next segment.
    next: u64,
    run: Option<OpenRun>,
    /// The next segment, being filled.
    ahead: Option<JoinHandle<std::io::Result<File>>>,
    /// When the disk failed.
    failed: Option<Instant>,
    /// Whether a run began; the first one says that the agent started.
    begun: bool,
    /// Ends of requests, with their times, that could not be written when they came.
    late: Vec<(u64, RecordBody)>,
    /// Frames of the present commit, one behind the other.
    frames: Vec<u8>,
    drawn: Drawn,
}

/// A record in its place, before it is durable.
struct Placed {
    /// Where its frame ends among those of its commit.
    end: usize,
    /// Its entry in the tree of the log.
    entry: [u8; 32],
    /// Chain value behind it.
    chain: [u8; 32],
    aseq: u64,
    asker: Option<Asker>,
    /// Whether it lets a request pass.
    permits: bool,
    /// What it ends, kept until it is durable.
    ends: Option<(u64, RecordBody)>,
}

impl Writer {
    /// A writer whose next segment has the number `next`; nothing is written yet.
    pub(super) fn new(
        config: &AgentConfig,
        maker: String,
        started: RunStart,
        next: u64,
        (clock, metrics, shared): (Clock, Metrics, Arc<Shared>),
    ) -> Self {
        Self {
            folder: config.path("spool"),
            segment_bytes: config.spool.segment_bytes,
            maker,
            started,
            clock,
            metrics,
            shared,
            next,
            run: None,
            ahead: None,
            failed: None,
            begun: false,
            late: Vec::new(),
            frames: Vec::new(),
            drawn: Drawn::default(),
        }
    }

    /// Begins a run and starts the thread. A full disk is no reason not to start: nothing passes,
    /// and shipping makes room.
    pub(super) fn start(mut self, exit: Exit<AppendRequest>) -> anyhow::Result<()> {
        if let Err(error) = self.begin_run() {
            if !is_full(&error) {
                return Err(error.context("the spool cannot be written"));
            }
            self.metrics.condition("records", "cannot be written: the disk is full");
            self.failed = Some(Instant::now());
        }
        std::thread::Builder::new().name("spool".into()).spawn(move || self.serve(&exit))?;
        Ok(())
    }

    fn serve(mut self, exit: &Exit<AppendRequest>) {
        let mut batch = Vec::new();
        while exit.gather(&mut batch) {
            self.end_unheard();
            self.commit(&mut batch);
        }
    }

    fn commit(&mut self, batch: &mut Vec<AppendRequest>) {
        if self.run.is_none() {
            self.try_again();
        }
        let room = self.shared.room();
        let late = self.late();
        let count = late.len() + batch.len();
        let mut placed = Vec::with_capacity(count);
        self.drawn.suffice(count);
        for wanted in late.into_iter().chain(batch.drain(..)) {
            if !room.takes(wanted.place) {
                self.metrics.count("spool", NotRecorded::Full.code().name());
                self.keep_end(ends(wanted.body, wanted.micros));
                refuse(wanted.asker, NotRecorded::Full);
                continue;
            }
            placed.extend(self.place(wanted));
        }
        match self.write(&placed) {
            Ok(()) => {
                let problem = if self.run.is_none() { "cannot be written" } else { "" };
                self.metrics.condition("records", problem);
                self.answer_all(placed);
            }
            Err(error) => {
                // What lies behind this point is not known: never write behind it.
                tracing::error!(error = format!("{error:#}"), "spool");
                self.metrics.condition("records", "cannot be written");
                self.run = None;
                self.failed = Some(Instant::now());
                for one in placed {
                    self.keep_end(one.ends);
                    refuse(one.asker, NotRecorded::Failed);
                }
            }
        }
    }

    fn try_again(&mut self) {
        if self.failed.is_some_and(|at| at.elapsed() < AFTER_ERROR) {
            return;
        }
        if let Err(error) = self.begin_run() {
            tracing::error!(error = format!("{error:#}"), "no new run of the spool");
            self.failed = Some(Instant::now());
        }
    }

    /// Requests that nobody waits for any more were permitted and will never be forwarded: that is
    /// their end, and it is recorded like any other.
    fn end_unheard(&mut self) {
        let mut unheard = self.shared.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.micros();
        self.late.extend(unheard.drain(..).filter_map(|recorded| {
            let ended = Completion::without_answer(recorded.request_id(), "client-gone");
            Some((now, RecordBody::completion(&ended).ok()?))
        }));
    }

    fn keep_end(&mut self, ends: Option<(u64, RecordBody)>) {
        if self.late.len() < LATE_MAX {
            self.late.extend(ends);
        } else if ends.is_some() {
            tracing::error!("an end could not be recorded; a restart will tell it as unknown");
        }
    }

    /// What waits for a run that can be written; it stands before what came after it.
    fn late(&mut self) -> Vec<AppendRequest> {
        if self.run.is_none() {
            return Vec::new();
        }
        let late = std::mem::take(&mut self.late).into_iter().map(|(micros, body)| AppendRequest {
            body,
            disclosures: Vec::new(),
            micros,
            place: Place::Ends,
            asker: None,
        });
        late.collect()
    }

    /// Gives a record its place; the run moves on in memory, and is given up if it is not written.
    fn place(&mut self, wanted: AppendRequest) -> Option<Placed> {
        let AppendRequest { body, disclosures, micros, asker, .. } = wanted;
        let Some(run) = &mut self.run else {
            self.keep_end(ends(body, micros));
            refuse(asker, NotRecorded::Failed);
            return None;
        };
        match run.place(&mut self.frames, (&body, micros), &disclosures, &mut self.drawn) {
            Ok((aseq, LaidFrame { entry, chain })) => {
                let (end, permits) = (self.frames.len(), body.permits());
                Some(Placed { end, entry, chain, aseq, asker, permits, ends: ends(body, micros) })
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a record has no form");
                refuse(asker, NotRecorded::Failed);
                None
            }
        }
    }

    /// Tells who waits that their records are durable.
    fn answer_all(&self, placed: Vec<Placed>) {
        let Some(run) = &self.run else { return };
        let mut post = Post::default();
        for one in placed {
            if let Some(asker) = one.asker {
                let recorded = Recorded::new(&run.name, one.aseq);
                let granted = Granted::new(recorded, one.permits, &self.shared.unheard);
                post.add(asker, Ok(granted));
            }
        }
        post.deliver();
    }

    /// Writes the frames of this commit durably, in as many segments as they need; there are none
    /// afterwards, whether that was possible or not.
    fn write(&mut self, placed: &[Placed]) -> anyhow::Result<()> {
        let mut frames = std::mem::take(&mut self.frames);
        let written = self.write_frames(&frames, placed);
        frames.clear();
        if frames.capacity() <= KEPT_BYTES_MAX {
            self.frames = frames;
        }
        written
    }

    fn write_frames(&mut self, frames: &[u8], placed: &[Placed]) -> anyhow::Result<()> {
        if placed.is_empty() {
            return Ok(());
        }
        let (mut from, mut to, mut first) = (0, 0, 0);
        for (number, one) in placed.iter().enumerate() {
            let run = self.run.as_ref().context("no run")?;
            let waiting = one.end.saturating_sub(from) as u64;
            if run.offset + waiting > self.segment_bytes {
                self.flush(frames, from, placed.get(first..number).unwrap_or_default())?;
                self.roll(one.aseq)?;
                (from, first) = (to, number);
            }
            to = one.end;
        }
        self.flush(frames, from, placed.get(first..).unwrap_or_default())?;
        let run = self.run.as_ref().context("no run")?;
        *self.shared.durable.lock().unwrap_or_else(PoisonError::into_inner) =
            Position { segment: run.segment, offset: run.offset };
        self.shared.news.notify_waiters();
        Ok(())
    }

    /// Writes some records of a commit durably, whose frames begin at `from`.
    fn flush(&mut self, frames: &[u8], from: usize, placed: &[Placed]) -> anyhow::Result<()> {
        let run = self.run.as_mut().context("no run")?;
        let Some(last) = placed.last() else { return Ok(()) };
        let bytes = frames.get(from..last.end).context("frames")?;
        fault::point("spool-before-write");
        run.file.write_all(bytes)?;
        fault::point("spool-before-sync");
        run.file.sync_data()?;
        let of_one = |one: &Placed| {
            let Placed { end, entry, chain, .. } = *one;
            CommittedRecord { end: end - from, entry, chain }
        };
        self.shared.lately.add(CommittedFrames {
            segment: run.segment,
            offset: run.offset,
            before: run.written,
            bytes: bytes.to_vec(),
            records: placed.iter().map(of_one).collect(),
        });
        run.offset += bytes.len() as u64;
        self.shared.wait(run.segment, |all| all + bytes.len() as u64);
        run.written = last.chain;
        fault::point("spool-after-sync");
        Ok(())
    }

    /// Goes on in the next segment with the record `first`.
    fn roll(&mut self, first: u64) -> anyhow::Result<()> {
        let run = self.run.as_ref().context("no run")?;
        let header = Header { epoch: run.epoch, first, chain: run.written };
        let (file, segment) = self.new_segment(&header)?;
        let run = self.run.as_mut().context("no run")?;
        run.file = file;
        run.segment = segment;
        run.offset = HEADER_BYTES;
        Ok(())
    }

    fn new_segment(&mut self, header: &Header) -> anyhow::Result<(File, u64)> {
        let number = self.next;
        let filled = match self.ahead.take() {
            Some(ahead) => ahead.join().map_err(|_| anyhow::anyhow!("filling a segment"))?,
            None => segment::fill(&self.folder, number, self.segment_bytes),
        };
        let file = segment::begin(&self.folder, number, filled?, header)?;
        self.next += 1;
        self.shared.count(|bytes| bytes + self.segment_bytes);
        let (folder, next, bytes) = (self.folder.clone(), self.next, self.segment_bytes);
        self.ahead = Some(std::thread::spawn(move || segment::fill(&folder, next, bytes)));
        Ok((file, number))
    }

    /// Begins a new epoch with its first record.
    fn begin_run(&mut self) -> anyhow::Result<()> {
        let cause = if self.begun { "spool" } else { "start" };
        let header = Header { epoch: random()?, first: 0, chain: CHAIN_START };
        let (file, segment) = self.new_segment(&header)?;
        let mut run = OpenRun {
            epoch: header.epoch,
            name: RunName::of(&self.started.agent, &header.epoch),
            writer: RunWriter::new(&header.epoch, &self.maker)?,
            aseq: 0,
            chain: header.chain,
            written: header.chain,
            file,
            segment,
            offset: HEADER_BYTES,
        };
        let key_sha256 =
            self.shared.key_sha256.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let started = RunStart { cause: cause.into(), key_sha256, ..self.started.clone() };
        let (body, micros) = (RecordBody::of(&Event::Started(started))?, self.clock.micros());
        self.drawn.suffice(1);
        let said = (&body, micros);
        let (aseq, laid) = run.place(&mut self.frames, said, &[], &mut self.drawn)?;
        let LaidFrame { entry, chain } = laid;
        self.run = Some(run);
        let end = self.frames.len();
        let first = Placed { end, entry, chain, aseq, asker: None, permits: false, ends: None };
        let written = self.write(&[first]);
        if let Err(error) = written {
            // What lies there now is not known: nothing is ever written behind it.
            self.run = None;
            return Err(error);
        }
        self.failed = None;
        self.begun = true;
        Ok(())
    }
}

fn is_full(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}

fn refuse(asker: Option<Asker>, why: NotRecorded) {
    if let Some(asker) = asker {
        asker.tell(Err(why));
    }
}
