//! What waits for a round beside its commands: intents that the tree holds, what a crash left, and
//! records without effect.

use crate::decide;
use crate::error::IssuerError;
use crate::issuance::RecordedIntent;
use crate::round::Round;
use records::Code;

/// What waits for a round beside its commands.
pub(crate) struct Waits {
    pub(crate) confirmed: Vec<RecordedIntent>,
    pub(crate) unsigned: Vec<(String, Code)>,
    pub(crate) left_behind: Vec<authority::Serial>,
}

impl Waits {
    /// Reports what had no effect, revokes what nobody released in its time, gives up what a crash
    /// left, and says what may be signed now. While the clock is not believed, what is confirmed
    /// goes on waiting.
    pub(crate) fn settle(
        self,
        round: &mut Round<'_>,
    ) -> Result<(Vec<RecordedIntent>, Self), IssuerError> {
        round.sum_refusals_up()?;
        for (what, code) in self.unsigned {
            let about = format!("{what} ({code})");
            if round.state.reported.is_first(about.clone()) {
                round.refusal("follow", &about, Code::UnsignedAuthority)?;
            }
        }
        let has_no_result = |serial: &authority::Serial, round: &Round<'_>| {
            let known = round.authority().intent(&serial.to_string()).is_some();
            known && !round.state.results.contains(serial)
        };
        for serial in self.left_behind {
            if !has_no_result(&serial, round) {
                continue;
            }
            tracing::warn!(certificate.serial = %serial, "given up: it was left behind");
            decide::abandon::abandon(round, serial)?;
        }
        decide::suspend::lapse(round)?;
        let (mut to_sign, mut confirmed) = (Vec::new(), Vec::new());
        for intent in self.confirmed {
            let serial = intent.serial();
            if !decide::abandon::may_be_signed(round.authority(), serial, intent.issuing()) {
                decide::abandon::abandon(round, serial)?;
            } else if round.clock.is_ok() {
                round.state.signing.insert(serial);
                to_sign.push(intent);
            } else {
                confirmed.push(intent);
            }
        }
        let waits = Self { confirmed, unsigned: Vec::new(), left_behind: Vec::new() };
        Ok((to_sign, waits))
    }
}
