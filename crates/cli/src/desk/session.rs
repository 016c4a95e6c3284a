//! Who may come in, and until when: the secret of the link is exchanged once for a cookie; whoever
//! has neither gets nothing, and after the end nobody does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Under a name that only our host is sent. `__Host-` would need TLS.
pub(super) const COOKIE: &str = "yinxin-desk";
/// Without a request for this long it ends.
pub(super) const IDLE_SECONDS: u64 = 15 * 60;
/// Requests beside each other read the clock in one order and come here in another; what goes back
/// by more than this is no time at all.
pub(super) const BACK_SECONDS: u64 = 5;

/// What was drawn for one session.
pub(super) struct Secrets {
    /// Stands in the link, behind `#`: a browser sends it to nobody by itself.
    pub(super) link: Zeroizing<String>,
    /// What the browser has afterwards.
    pub(super) cookie: Zeroizing<String>,
    /// What every form of ours brings back.
    pub(super) form: Zeroizing<String>,
}

enum Stage {
    Invited,
    Open,
    Ended,
}

struct Standing {
    stage: Stage,
    /// Second of the last request that was admitted.
    seen: u64,
    /// Latest second that was read, by whoever asked.
    latest: u64,
}

/// The one session of a desk.
pub(super) struct Session {
    secrets: Secrets,
    standing: Mutex<Standing>,
}

/// The proof that a request brought the cookie of an open session.
#[derive(Clone)]
pub(super) struct Admitted(());

/// The proof that a form came from a page of an open session.
pub(super) struct OwnForm(());

impl Session {
    /// Waits for whoever has the link.
    pub(super) fn new(secrets: Secrets, now: u64) -> Self {
        let standing = Standing { stage: Stage::Invited, seen: now, latest: now };
        Self { secrets, standing: Mutex::new(standing) }
    }

    /// The cookie, for the first one who says what the link says.
    pub(super) fn open(&self, said: &str, now: u64) -> Option<&str> {
        let mut standing = self.standing(now);
        if !matches!(standing.stage, Stage::Invited) || !same(said, &self.secrets.link) {
            return None;
        }
        (standing.stage, standing.seen) = (Stage::Open, now);
        Some(&self.secrets.cookie)
    }

    /// Lets a request in that brings the cookie.
    pub(super) fn admit(&self, cookie: Option<&str>, now: u64) -> Option<Admitted> {
        let mut standing = self.standing(now);
        let known = cookie.is_some_and(|said| same(said, &self.secrets.cookie));
        if !matches!(standing.stage, Stage::Open) || !known {
            return None;
        }
        standing.seen = now;
        Some(Admitted(()))
    }

    /// Believes a form of an admitted request that brings the token of our pages.
    pub(super) fn own_form(&self, _: &Admitted, token: &str) -> Option<OwnForm> {
        same(token, &self.secrets.form).then_some(OwnForm(()))
    }

    /// The token for forms on a page for whoever is in.
    pub(super) fn token(&self, _: &Admitted) -> &str {
        &self.secrets.form
    }

    /// Ends it for good.
    pub(super) fn end(&self) {
        self.lock().stage = Stage::Ended;
    }

    /// Whether it has ended, by a button or by itself.
    pub(super) fn is_over(&self, now: u64) -> bool {
        matches!(self.standing(now).stage, Stage::Ended)
    }

    /// Where it stands now: idle for too long is the end, and so is a clock that went back, by
    /// which nobody knows how long.
    fn standing(&self, now: u64) -> MutexGuard<'_, Standing> {
        let mut standing = self.lock();
        let is_idle = now.saturating_sub(standing.seen) >= IDLE_SECONDS;
        if is_idle || goes_back(standing.latest, now) {
            standing.stage = Stage::Ended;
        }
        standing.latest = standing.latest.max(now);
        standing
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a clock that showed `latest` went back, if it shows `now`.
pub(super) fn goes_back(latest: u64, now: u64) -> bool {
    now.saturating_add(BACK_SECONDS) < latest
}

fn same(said: &str, known: &str) -> bool {
    said.as_bytes().ct_eq(known.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        Session::new(
            Secrets { link: text("link"), cookie: text("cookie"), form: text("form") },
            1_000,
        )
    }

    #[test]
    fn the_link_lets_one_in_once() {
        let session = session();
        assert!(session.admit(Some("cookie"), 1_000).is_none(), "before the link was used");
        for wrong in ["", "cookie", "form", "linkx", "lin"] {
            assert!(session.open(wrong, 1_000).is_none(), "{wrong}");
        }
        assert_eq!(session.open("link", 1_001), Some("cookie"));
        assert!(session.open("link", 1_001).is_none(), "a used link");
        let admitted = session.admit(Some("cookie"), 1_002).unwrap();
        assert!(session.admit(None, 1_002).is_none());
        assert!(session.admit(Some("link"), 1_002).is_none());
        assert!(session.own_form(&admitted, session.token(&admitted)).is_some());
        assert!(session.own_form(&admitted, "cookie").is_none());
    }

    #[test]
    fn nobody_is_in_after_the_end() {
        let closed = session();
        closed.open("link", 1_000);
        closed.end();
        assert!(closed.is_over(1_000) && closed.admit(Some("cookie"), 1_000).is_none());
        assert!(closed.open("link", 1_000).is_none());
    }

    #[test]
    fn it_ends_when_idle_and_not_while_it_is_used() {
        let used = session();
        used.open("link", 1_000);
        let mut now = 1_000;
        for _ in 0..4 {
            now += IDLE_SECONDS - 1;
            assert!(used.admit(Some("cookie"), now).is_some());
        }
        // What brings no cookie keeps nothing open.
        assert!(used.admit(None, now + IDLE_SECONDS - 1).is_none());
        assert!(!used.is_over(now + IDLE_SECONDS - 1));
        assert!(used.is_over(now + IDLE_SECONDS));
        // And it stays over, whatever the clock says later.
        assert!(used.admit(Some("cookie"), now).is_none());
        let unused = session();
        assert!(unused.open("link", 1_000 + IDLE_SECONDS).is_none(), "an old link");
    }

    /// A clock that is set back, by however little again and again, makes no idle time shorter.
    #[test]
    fn a_clock_that_goes_back_gives_a_desk_no_time() {
        for back in [BACK_SECONDS + 1, 300, 1_000] {
            let used = session();
            used.open("link", 1_000);
            assert!(!used.is_over(1_600), "idle");
            assert!(used.is_over(1_600 - back) && used.is_over(1_600), "{back}");
        }
        // Requests beside each other are no clock that goes back; many small steps are.
        let used = session();
        used.open("link", 1_000);
        assert!(used.admit(Some("cookie"), 1_600).is_some());
        assert!(used.admit(Some("cookie"), 1_600 - BACK_SECONDS).is_some());
        assert!(used.admit(Some("cookie"), 1_600 - 2 * BACK_SECONDS).is_none());
    }
}
