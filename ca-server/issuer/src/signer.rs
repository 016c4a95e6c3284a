//! The signer: takes intents that the tree holds, marks them, signs exactly the recorded bytes, and
//! hands the certificates to the writer. It alone calls the issuing key for certificates.

use crate::context::IssuanceContext;
use crate::issuance::{RecordedIntent, Signed};
use crate::marks::Marks;
use crate::view::View;
use arc_swap::ArcSwapOption;
use authority::{Serial, Signatures};
use service::{Metrics, fault};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Most certificates that are signed under one mark.
const BATCH_MAX: usize = 512;

/// Pause after a batch of which something is left.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Nobody takes certificates any more.
struct WriterGone;

/// The signer of one process.
pub(crate) struct Signer {
    pub(crate) context: Arc<IssuanceContext>,
    pub(crate) metrics: Metrics,
    pub(crate) marks: Marks,
    /// What was verified: a certificate's own signature is, before it leaves here.
    pub(crate) signatures: Signatures,
    pub(crate) view: Arc<ArcSwapOption<View>>,
    pub(crate) intents: mpsc::UnboundedReceiver<Vec<RecordedIntent>>,
    pub(crate) signed: mpsc::UnboundedSender<Vec<Signed>>,
}

impl Signer {
    /// Signs until the writer is gone. A thread of its own: signatures hold up nobody. What cannot
    /// be marked or signed is tried again until it is, and told as long.
    pub(crate) fn run(mut self) {
        let mut under_way: BTreeSet<Serial> = BTreeSet::new();
        let mut left = Vec::new();
        while let Some(batch) = self.next(left) {
            // A mark stays until the log has the result.
            if let Some(view) = self.view.load_full() {
                under_way.retain(|serial| view.authority().intent(&serial.to_string()).is_some());
            }
            left = match self.batch(batch, &mut under_way) {
                Ok(left) => left,
                Err(WriterGone) => return,
            };
        }
    }

    /// The next batch: what is left of the last one, after a pause, with what came.
    fn next(&mut self, left: Vec<RecordedIntent>) -> Option<Vec<RecordedIntent>> {
        let mut batch = left;
        match batch.is_empty() {
            true => batch = self.intents.blocking_recv()?,
            false if self.intents.is_closed() => return None,
            false => std::thread::park_timeout(AFTER_FAILURE),
        }
        while batch.len() < BATCH_MAX
            && let Ok(more) = self.intents.try_recv()
        {
            batch.extend(more);
        }
        Some(batch)
    }

    /// Marks and signs a batch; gives what is left of it.
    fn batch(
        &mut self,
        batch: Vec<RecordedIntent>,
        under_way: &mut BTreeSet<Serial>,
    ) -> Result<Vec<RecordedIntent>, WriterGone> {
        let marked: BTreeSet<Serial> =
            under_way.iter().copied().chain(batch.iter().map(RecordedIntent::serial)).collect();
        if let Err(error) = self.marks.replace(marked.clone()) {
            self.told(&format!("marks cannot be written: {error:#}"));
            return Ok(batch);
        }
        *under_way = marked;
        fault::point("certify-after-mark");
        let (mut signed, mut left, mut problem) = (Vec::new(), Vec::new(), String::new());
        for intent in batch {
            match intent.clone().sign(&self.context.issuing, &self.signatures) {
                Ok(one) => signed.push(one),
                Err(error) => {
                    problem = format!("a signature failed: {error}");
                    left.push(intent);
                }
            }
        }
        fault::point("certify-after-sign");
        self.told(&problem);
        if !signed.is_empty() {
            self.metrics.count("issue", "done");
            self.signed.send(signed).map_err(|_| WriterGone)?;
        }
        Ok(left)
    }

    fn told(&self, problem: &str) {
        self.metrics.condition("certify", problem);
    }
}
