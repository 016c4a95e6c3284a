//! Places of OCSP questions for which the log's head is waited for. Who asks about certificates
//! that are remembered needs no row; who asks about numbers that nobody has needs one each time,
//! and a stranger thinks up as many as they like. So each have places of their own.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Most questions of each kind that are answered at once: a quarter of the places of the listener.
const PLACES: usize = 512;

/// The places of both kinds.
pub(super) struct OcspPlaces {
    remembered: Semaphore,
    by_rows: Semaphore,
}

impl Default for OcspPlaces {
    fn default() -> Self {
        Self { remembered: Semaphore::new(PLACES), by_rows: Semaphore::new(PLACES) }
    }
}

impl OcspPlaces {
    /// A place for a question, unless all of its kind are taken.
    pub(super) fn take(&self, needs_rows: bool) -> Option<SemaphorePermit<'_>> {
        let places = match needs_rows {
            true => &self.by_rows,
            false => &self.remembered,
        };
        places.try_acquire().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many ask about numbers that nobody has, whoever shows a certificate is answered.
    #[test]
    fn unknown_numbers_take_no_place_of_known_certificates() {
        let places = OcspPlaces::default();
        let flood: Vec<_> = (0..2 * PLACES).map_while(|_| places.take(true)).collect();
        assert_eq!(flood.len(), PLACES);
        assert!(places.take(true).is_none());
        let known: Vec<_> = (0..PLACES).map_while(|_| places.take(false)).collect();
        assert_eq!(known.len(), PLACES);
        drop(flood);
        assert!(places.take(true).is_some(), "a place is given back");
    }
}
