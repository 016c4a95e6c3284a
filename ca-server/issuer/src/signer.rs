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
use tokio::sync::mpsc;

/// Most certificates that are signed under one mark.
const BATCH_MAX: usize = 512;

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
    /// Signs until the writer is gone. A thread of its own: signatures hold up nobody.
    pub(crate) fn run(mut self) {
        let mut under_way: BTreeSet<Serial> = BTreeSet::new();
        while let Some(mut batch) = self.intents.blocking_recv() {
            while batch.len() < BATCH_MAX
                && let Ok(more) = self.intents.try_recv()
            {
                batch.extend(more);
            }
            // A mark stays until the log has the result.
            if let Some(view) = self.view.load_full() {
                under_way.retain(|serial| view.authority().intent(&serial.to_string()).is_some());
            }
            under_way.extend(batch.iter().map(RecordedIntent::serial));
            if let Err(error) = self.marks.replace(under_way.clone()) {
                self.told(&format!("marks cannot be written: {error:#}"));
                under_way.retain(|serial| batch.iter().all(|intent| intent.serial() != *serial));
                continue;
            }
            fault::point("certify-after-mark");
            let sign =
                |intent: RecordedIntent| intent.sign(&self.context.issuing, &self.signatures);
            let signed: Result<Vec<Signed>, _> = batch.into_iter().map(sign).collect();
            match signed {
                Ok(signed) => {
                    fault::point("certify-after-sign");
                    self.told("");
                    self.metrics.count("issue", "done");
                    if self.signed.send(signed).is_err() {
                        return;
                    }
                }
                Err(error) => self.told(&format!("a signature failed: {error}")),
            }
        }
    }

    fn told(&self, problem: &str) {
        self.metrics.condition("certify", problem);
    }
}
