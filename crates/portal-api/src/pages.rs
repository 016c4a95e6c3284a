//! Follows a list from page to page. Each page says where the next begins, and whoever answers may
//! be captured: so many pages are asked for, none twice, and whoever asks for a page has to bring
//! what counts them.

use std::collections::BTreeSet;

/// Pages of one list that are asked for: of 50 lines each, 50,000 lines.
pub const PAGES_MAX: usize = 1000;
/// Length of what says where a page begins.
const CONTINUATION_BYTES_MAX: usize = 1024;

/// How far a list was followed.
#[derive(Debug)]
pub struct Pages {
    /// Where the next page begins; nothing behind the last one.
    next: Option<String>,
    seen: BTreeSet<String>,
}

/// Why a list is followed no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndlessList {
    /// A page goes on where one began that was read.
    #[error("the list goes on where it was read already")]
    Repeats,
    /// There is no end to it.
    #[error("the list has more than {PAGES_MAX} pages")]
    TooLong,
    /// What says where it goes on is longer than a place in a list.
    #[error("what is to say where the list goes on is no place in it")]
    NoPlace,
}

impl Pages {
    /// From the first page.
    #[must_use]
    pub fn begin() -> Self {
        Self::from(String::new())
    }

    /// From a page that somebody chose.
    #[must_use]
    pub fn from(place: String) -> Self {
        Self { seen: BTreeSet::from([place.clone()]), next: Some(place) }
    }

    /// Where the next page begins, if there is one.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Takes up what a page said: where the list goes on, or nothing at its end.
    ///
    /// # Errors
    ///
    /// If it would not end.
    pub fn turn(&mut self, more: &str) -> Result<(), EndlessList> {
        self.next = None;
        if more.is_empty() {
            return Ok(());
        }
        if more.len() > CONTINUATION_BYTES_MAX {
            return Err(EndlessList::NoPlace);
        }
        if self.seen.len() >= PAGES_MAX {
            return Err(EndlessList::TooLong);
        }
        if !self.seen.insert(more.to_owned()) {
            return Err(EndlessList::Repeats);
        }
        self.next = Some(more.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of so many pages is read to its end, and the nearest that is longer is not.
    #[test]
    fn a_list_is_followed_so_far() {
        let follow = |count: usize| {
            let (mut pages, mut read) = (Pages::begin(), 0);
            while pages.next().is_some() {
                read += 1;
                let more = if read < count { format!("1.{read}") } else { String::new() };
                pages.turn(&more).map_err(|endless| (read, endless))?;
            }
            Ok(read)
        };
        assert_eq!(follow(1), Ok(1));
        assert_eq!(follow(PAGES_MAX), Ok(PAGES_MAX));
        assert_eq!(follow(PAGES_MAX + 1), Err((PAGES_MAX, EndlessList::TooLong)));
    }

    /// No page is asked for twice: neither the last one, nor an earlier one, nor where it began.
    #[test]
    fn no_page_is_asked_for_twice() {
        for circle in [&["a", "a"][..], &["a", "b", "a"], &["a", "first"]] {
            let mut pages = Pages::from("first".into());
            let (last, before) = circle.split_last().unwrap();
            for more in before {
                pages.turn(more).unwrap();
                assert_eq!(pages.next(), Some(*more));
            }
            assert_eq!(pages.turn(last), Err(EndlessList::Repeats), "{circle:?}");
            assert_eq!(pages.next(), None, "it is followed no further");
        }
    }

    /// What is kept of a list is bounded.
    #[test]
    fn a_place_in_a_list_is_short() {
        let text = "x".repeat(CONTINUATION_BYTES_MAX);
        Pages::begin().turn(&text).unwrap();
        assert_eq!(Pages::begin().turn(&format!("{text}x")), Err(EndlessList::NoPlace));
    }
}
