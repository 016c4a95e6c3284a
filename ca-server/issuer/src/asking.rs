//! Turns of those who ask: a portal has few questions under way, however many it brings, and all of
//! them together leave readers of the database to what leads to a brake. Behind a portal stand
//! people: each has one question among those that wait for its turns. So whoever asks much waits
//! for themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Questions of one portal that are answered at a time, of each kind.
const OF_PORTAL: usize = 2;
/// Those of one person that wait for their portal's turns, or have one.
const OF_PERSON: usize = 1;
/// People without a question are forgotten once more than so many are known.
const PEOPLE_MAX: usize = 1_024;
/// Those of all portals; both kinds together are the readers of a process.
const OF_ALL: usize = 3;

/// What a question leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// To a brake: who somebody is, an order that is read to be approved, the draft of a leave.
    BeforeBrake,
    /// To anything else.
    Other,
}

/// The turns of each kind of question.
pub(crate) struct Asking {
    before_brakes: Turns,
    others: Turns,
}

struct Turns {
    all: Arc<Semaphore>,
    portals: Mutex<HashMap<String, Arc<Semaphore>>>,
    people: Mutex<HashMap<Person, Arc<Semaphore>>>,
}

/// A portal, and whom it asks for by the digest of their certificate.
type Person = (String, [u8; 32]);

/// The turn of one question; its end is the next one's.
pub(crate) struct Turn {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _person: Option<OwnedSemaphorePermit>,
}

impl Asking {
    /// The turns of questions, while nobody asks yet.
    pub(crate) fn begin() -> Self {
        Self { before_brakes: Turns::begin(), others: Turns::begin() }
    }

    /// The next turn of a portal; it waits behind the questions of the same person, then behind one
    /// of each other person of the portal, and only then behind those of others. `None` when this
    /// process ends.
    pub(crate) async fn turn(
        &self,
        portal: &str,
        person: Option<[u8; 32]>,
        question: Question,
    ) -> Option<Turn> {
        let turns = match question {
            Question::BeforeBrake => &self.before_brakes,
            Question::Other => &self.others,
        };
        let person = match person.map(|person| turns.of_person(portal, person)) {
            Some(person) => Some(person.acquire_owned().await.ok()?),
            None => None,
        };
        let own = turns.of(portal).acquire_owned().await.ok()?;
        let all = turns.all.clone().acquire_owned().await.ok()?;
        Some(Turn { _all: all, _own: own, _person: person })
    }
}

impl Turns {
    fn begin() -> Self {
        let all = Arc::new(Semaphore::new(OF_ALL));
        Self { all, portals: Mutex::default(), people: Mutex::default() }
    }

    fn of_person(&self, portal: &str, person: [u8; 32]) -> Arc<Semaphore> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= PEOPLE_MAX {
            people.retain(|_, own| Arc::strong_count(own) > 1);
        }
        let own = people.entry((portal.to_owned(), person));
        own.or_insert_with(|| Arc::new(Semaphore::new(OF_PERSON))).clone()
    }

    fn of(&self, portal: &str) -> Arc<Semaphore> {
        let mut portals = self.portals.lock().unwrap_or_else(PoisonError::into_inner);
        let own = portals.entry(portal.to_owned());
        own.or_insert_with(|| Arc::new(Semaphore::new(OF_PORTAL))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;

    type Waiting<'a> = Pin<Box<dyn Future<Output = Option<Turn>> + 'a>>;

    /// What has its turn now.
    async fn now(waiting: &mut Waiting<'_>) -> Option<Turn> {
        tokio::select! {
            biased;
            turn = waiting => turn,
            () = tokio::task::yield_now() => None,
        }
    }

    /// However much a portal asks, another one's order is fetched at once, and its questions have a
    /// turn, too.
    #[tokio::test]
    async fn whoever_asks_much_waits_for_themselves() {
        let asking = Asking::begin();
        let mut finds: Vec<Waiting<'_>> = (0..200)
            .map(|_| -> Waiting<'_> { Box::pin(asking.turn("portal-1", None, Question::Other)) })
            .collect();
        let mut held = Vec::new();
        for find in &mut finds {
            held.extend(now(find).await);
        }
        assert_eq!(held.len(), OF_PORTAL, "the others wait for these");
        let mut fetch: Waiting<'_> = Box::pin(asking.turn("portal-2", None, Question::BeforeBrake));
        assert!(now(&mut fetch).await.is_some(), "an order on its way to be approved");
        let mut find: Waiting<'_> = Box::pin(asking.turn("portal-2", None, Question::Other));
        assert!(now(&mut find).await.is_some());
        // A third one waits for one of all, and no longer than the next that ends.
        let (mut second, mut third): (Waiting<'_>, Waiting<'_>) = (
            Box::pin(asking.turn("portal-3", None, Question::Other)),
            Box::pin(asking.turn("portal-4", None, Question::Other)),
        );
        let second = now(&mut second).await;
        assert!(second.is_some() && now(&mut third).await.is_none());
        drop(held.pop());
        assert!(now(&mut third).await.is_some(), "before what the first one still has waiting");
        assert!(now(finds.last_mut().unwrap()).await.is_none());
    }

    /// However much one person asks through a portal, another one's question is among the next.
    #[tokio::test]
    async fn whoever_asks_much_through_a_portal_waits_for_themselves() {
        let asking = Asking::begin();
        let ask = |person: u8| -> Waiting<'_> {
            Box::pin(asking.turn("portal-1", Some([person; 32]), Question::BeforeBrake))
        };
        let mut many: Vec<Waiting<'_>> = (0..200).map(|_| ask(1)).collect();
        let mut held = Vec::new();
        for one in &mut many {
            held.extend(now(one).await);
        }
        assert_eq!(held.len(), OF_PERSON);
        let second = now(&mut ask(2)).await;
        assert!(second.is_some());
        let mut third = ask(3);
        assert!(now(&mut third).await.is_none(), "a portal has so many");
        drop(held);
        let mut next = many.remove(1);
        assert!(now(&mut next).await.is_none(), "behind whoever waited");
        assert!(now(&mut third).await.is_some());
        drop((second, third));
        assert!(now(&mut next).await.is_some());
        for person in 0..=255 {
            for portal in 0..8 {
                drop(asking.before_brakes.of_person(&format!("portal-{portal}"), [person; 32]));
            }
        }
        assert!(asking.before_brakes.people.lock().unwrap().len() <= PEOPLE_MAX);
    }
}
