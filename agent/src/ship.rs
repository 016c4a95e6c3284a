//! Shipping: what is durable goes to the log in order; a segment is freed only after an
//! acknowledgement that proves every record of it to stand in the log.

mod progress;

use crate::sessions::PresentSessions;
use crate::spool::segment::{self, FrameRange, HEADER_BYTES, Header};
use crate::spool::{Position, Spool};
use crate::world::Marks;
use anyhow::{Context, ensure};
use ca_api::{Log, SpoolAck};
use keys::SoftwareSigner;
use progress::Progress;
use records::Bytes;
use records::access::{SignedHead, SpoolHead};
use records::label::Label;
use records::spooled::{RECORDS_MAX, Spooled};
use service::{Metrics, Stop};
use std::fs::File;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tlog::merkle::verify_consistency;
use tlog::{Checkpoint, VerifierKey};

const LOOK: Duration = Duration::from_millis(500);
/// Behind a parcel of all that there was the next one waits so long for more. What is signed,
/// proven and verified for a parcel, here and at the log, is as much for one record as for a
/// thousand.
const GATHERED: Duration = Duration::from_millis(100);
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Ships what one agent's spool holds to the log, and frees what the log proves to have.
pub struct Shipper {
    agent: String,
    spool: Spool,
    signer: Arc<SoftwareSigner>,
    metrics: Metrics,
    progress: Progress,
    /// Chain value and sequence number at the acknowledged point of the present segment.
    at: Option<At>,
}

struct At {
    segment: u64,
    header: Header,
    offset: u64,
    chain: [u8; 32],
    aseq: u64,
}

/// What goes next: frames of one segment, as they lie there.
struct Batch {
    message: Spooled<'static>,
    entries: Vec<[u8; 32]>,
    chain: [u8; 32],
    /// Whether nothing durable was left out of it.
    is_all: bool,
}

/// What became of a look at the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// There was nothing.
    Nothing,
    /// The log has all that there was.
    All,
    /// There is more already.
    More,
}

impl Look {
    /// How long the next one waits.
    fn pause(self) -> Duration {
        match self {
            Self::Nothing => LOOK,
            Self::All => GATHERED,
            Self::More => Duration::ZERO,
        }
    }
}

impl Shipper {
    /// Takes up where the log acknowledged last.
    pub fn open(
        agent: &str,
        spool: Spool,
        signer: Arc<SoftwareSigner>,
        key: VerifierKey,
        marks: Arc<Mutex<Marks>>,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let progress = Progress::open(&spool.folder, key, marks)?;
        Ok(Self { agent: agent.to_owned(), spool, signer, metrics, progress, at: None })
    }

    /// Ships until the stop, and keeps then how far it came. Each parcel is signed by the key of
    /// the certificate that its connection shows.
    pub async fn run(mut self, sessions: PresentSessions, stop: Stop) {
        while !stop.now() {
            let present = sessions.load_full();
            self.signer = present.signer.clone();
            let shipped = tokio::select! {
                shipped = self.some(&present.log) => shipped,
                () = stop.wait() => break,
            };
            let kept = self.progress.keep_in_time(Instant::now());
            let pause = match shipped.and_then(|look| kept.map(|()| look)) {
                Ok(Look::More) => continue,
                Ok(look) => {
                    self.metrics.notice("log", "");
                    look.pause()
                }
                Err(error) => {
                    // What waits is durable here; a spool without room says so itself.
                    self.metrics.notice("log", &format!("records wait: {error:#}"));
                    self.metrics.count("ship", "refused");
                    self.at = None;
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = self.spool.news(), if pause == LOOK => {}
                _ = stop.pause(pause) => {}
            }
        }
        if let Err(error) = self.progress.keep() {
            tracing::warn!(error = format!("{error:#}"), "records will be sent to the log again");
        }
    }

    /// Ships one parcel, if something waits.
    async fn some(&mut self, log: &Log) -> anyhow::Result<Look> {
        let durable = self.spool.durable();
        if self.at.is_none() && !self.find(&durable)? {
            return Ok(Look::Nothing);
        }
        let known = self.progress.known()?.cloned();
        let Some(batch) = self.batch(&durable, known.as_ref())? else {
            let goes_on = self.next_segment(&durable)?;
            return Ok(if goes_on { Look::More } else { Look::Nothing });
        };
        let ack = log.spool(&batch.message).await?;
        let head = proven(&ack, &batch.entries, (self.progress.key(), known.as_ref()))?;
        let at = self.at.as_mut().context("place")?;
        let (bytes, count) = (batch.message.bytes.len() as u64, batch.entries.len() as u64);
        self.spool.acknowledged(at.segment, bytes, at.offset + bytes);
        let epoch = at.header.epoch.into();
        for (aseq, frame) in (at.aseq..).zip(batch.message.frames()) {
            self.progress.acked.follow(&self.agent, (&epoch, aseq), frame?.record);
        }
        at.offset += bytes;
        at.chain = batch.chain;
        at.aseq += count;
        self.progress.shown(count, (head, &ack.checkpoint));
        self.metrics.count("ship", "done");
        Ok(if batch.is_all { Look::All } else { Look::More })
    }

    /// Finds the acknowledged point again; false if there is no segment.
    fn find(&mut self, durable: &Position) -> anyhow::Result<bool> {
        let folder = self.spool.folder.clone();
        let mut numbers = segment::list(&folder)?;
        let present = self.progress.acked.segment;
        // A kill came between an acknowledgement and its removal.
        for number in numbers.extract_if(.., |number| *number < present) {
            self.remove(number)?;
        }
        let Some(number) = numbers.first().copied() else { return Ok(false) };
        if number != present {
            self.progress.begin(number);
        }
        let mut file = File::open(segment::path(&folder, number))?;
        let Some(header) = segment::header(&mut file)? else {
            self.set_aside(number)?;
            self.progress.begin(number + 1);
            return self.find(durable);
        };
        let acked = self.progress.acked.records;
        let span = (HEADER_BYTES, end_of(&file, number, durable)?);
        let Some((offset, chain)) = segment::behind(&mut file, span, &header.chain, acked)? else {
            // The log has these; what follows them in this run cannot be found any more.
            self.set_aside_run(number, &header)?;
            self.progress.begin(number + 1);
            return self.find(durable);
        };
        let aseq = header.first + acked;
        self.at = Some(At { segment: number, header, offset, chain, aseq });
        Ok(true)
    }

    fn batch(
        &self,
        durable: &Position,
        known: Option<&Checkpoint>,
    ) -> anyhow::Result<Option<Batch>> {
        let at = self.at.as_ref().context("place")?;
        let FrameRange { bytes, entries, chain } = self.frames(at, durable)?;
        if entries.is_empty() {
            return Ok(None);
        }
        let head = SpoolHead {
            v: 1,
            agent: self.agent.clone(),
            epoch: at.header.epoch.into(),
            count: at.aseq + entries.len() as u64,
            chain: chain.into(),
        };
        let head = records::json::write(&head)?;
        let signature = Label::Spool.sign(self.signer.as_ref(), &head)?;
        let head = SignedHead { head: Bytes(head), signature: Bytes(signature) };
        let known = known.map_or(0, |head| head.size);
        // Behind the end of a segment that is not written any more there may be another one.
        let end = at.offset + bytes.len() as u64;
        let is_all = at.segment == durable.segment && end == durable.offset;
        let message = Spooled { head, known, bytes: bytes.into() };
        Ok(Some(Batch { message, entries, chain, is_all }))
    }

    /// The frames that go next: as they were written, or as they lie in their segment.
    fn frames(&self, at: &At, durable: &Position) -> std::io::Result<FrameRange> {
        let end = if at.segment == durable.segment { durable.offset } else { u64::MAX };
        if let Some(lately) = self.spool.lately(at.segment, (at.offset, end), &at.chain) {
            return Ok(lately);
        }
        let mut file = File::open(segment::path(&self.spool.folder, at.segment))?;
        let span = (at.offset, end_of(&file, at.segment, durable)?);
        FrameRange::read(&mut file, span, &at.chain, RECORDS_MAX as u64)
    }

    /// Frees a segment that is shipped to its end, if another follows; false while it is written.
    fn next_segment(&mut self, durable: &Position) -> anyhow::Result<bool> {
        let at = self.at.as_ref().context("place")?;
        if at.segment >= durable.segment {
            return Ok(false);
        }
        let (done, epoch, aseq, chain) = (at.segment, at.header.epoch, at.aseq, at.chain);
        let next = segment::list(&self.spool.folder)?.into_iter().find(|number| *number > done);
        let header = match next {
            Some(next) => {
                segment::header(&mut File::open(segment::path(&self.spool.folder, next))?)?
            }
            None => None,
        };
        let header_of_done = at.header.clone();
        let broken = header
            .is_some_and(|next| next.epoch == epoch && (next.first != aseq || next.chain != chain));
        let lost = !broken && self.lost_something(done)?;
        self.at = None;
        if broken {
            self.set_aside_run(done, &header_of_done)?;
        } else if lost {
            self.set_aside(done)?;
        }
        self.progress.begin(done + 1);
        if !broken && !lost {
            // A kill from here on leaves it to whoever looks for what goes next.
            self.remove(done)?;
        }
        Ok(true)
    }

    /// Removes a segment that the log has whole.
    fn remove(&mut self, number: u64) -> anyhow::Result<()> {
        self.progress.keep_before_freeing()?;
        let path = segment::path(&self.spool.folder, number);
        let bytes = std::fs::metadata(&path)?.len();
        self.spool.give_up(number)?;
        self.spool.freed(number, bytes);
        self.progress.freed();
        Ok(())
    }

    /// Whether whole frames lie behind one that is not: damage, where a kill leaves only half a
    /// frame.
    fn lost_something(&self, number: u64) -> anyhow::Result<bool> {
        let at = self.at.as_ref().context("place")?;
        let mut file = File::open(segment::path(&self.spool.folder, number))?;
        let end = file.metadata()?.len();
        Ok(segment::goes_on(&mut file, at.offset, end)?)
    }

    /// Sets aside a segment in which something cannot be read, and all that follow it in its run:
    /// the log takes a run in order and without holes, and later runs must not wait for ever.
    fn set_aside_run(&mut self, from: u64, header: &Header) -> anyhow::Result<()> {
        self.set_aside(from)?;
        for number in segment::list(&self.spool.folder)?.into_iter().filter(|n| *n > from) {
            let path = segment::path(&self.spool.folder, number);
            match segment::header(&mut File::open(path)?)? {
                Some(next) if next.epoch == header.epoch => self.set_aside(number)?,
                _ => break,
            }
        }
        Ok(())
    }

    /// Keeps a damaged segment for whoever looks into it.
    fn set_aside(&mut self, number: u64) -> anyhow::Result<()> {
        self.progress.keep_before_freeing()?;
        let path = segment::path(&self.spool.folder, number);
        let bytes = std::fs::metadata(&path)?.len();
        std::fs::rename(&path, path.with_extension("damaged"))?;
        self.spool.freed(number, bytes);
        let problem = format!("segment {number} is damaged and was set aside");
        self.metrics.condition("segments", &problem);
        Ok(())
    }
}

/// The tree in which an acknowledgement proves every record of a parcel to stand; it continues the
/// one that this agent knows.
fn proven(
    ack: &SpoolAck,
    mut entries: &[[u8; 32]],
    (key, known): (&VerifierKey, Option<&Checkpoint>),
) -> anyhow::Result<Checkpoint> {
    let head = Checkpoint::open(&ack.checkpoint, key, records::label::verify_ed25519)
        .context("the acknowledgement's checkpoint")?;
    let hashes = |list: &[Bytes]| {
        let all: Option<Vec<_>> = list.iter().map(Bytes::digest).collect();
        all.context("a hash")
    };
    if let Some(known) = known {
        let proof = hashes(&ack.consistency)?;
        verify_consistency((known.size, &known.root), (head.size, &head.root), &proof)
            .context("the log shows another past than before")?;
    }
    for place in &ack.places {
        let count = usize::try_from(place.count).ok();
        let here = count.and_then(|count| entries.split_at_checked(count));
        let (here, rest) = here.context("more records are acknowledged than were sent")?;
        tlog::range::verify(here, place.index, (head.size, &head.root), &hashes(&place.hashes)?)
            .context("a record does not stand where the log says")?;
        entries = rest;
    }
    ensure!(entries.is_empty(), "not every record is acknowledged");
    Ok(head)
}

/// Frames end at what is durable in the segment that is written, at the file's end in others.
fn end_of(file: &File, number: u64, durable: &Position) -> std::io::Result<u64> {
    match number {
        _ if number == durable.segment => Ok(durable.offset),
        _ => Ok(file.metadata()?.len()),
    }
}

#[cfg(test)]
mod tests;
