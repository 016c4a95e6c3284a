//! Carries bytes between two streams, both ways, until both directions ended or one side broke.
//!
//! Nothing more is read of one side than the other one takes, so that whoever reads slowly slows
//! down whoever sends. The end of one direction is passed on as such, and the other one goes on:
//! who has sent everything may still be waiting for all of the answer. Whoever always has more
//! leaves others of the same thread their turn.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of one direction that are on their way at once: a record of TLS.
const BUFFER_BYTES: usize = 16 * 1024;
/// So much of one direction, and whatever else the thread has to do has its turn.
const TURN_BYTES: usize = 64 * 1024;

/// How a relay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayEnd {
    /// Both directions ended in order.
    Done,
    /// The near side broke off, or took no more.
    NearBroke,
    /// The far side did.
    FarBroke,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayWay {
    /// From the near side to the far one.
    Up,
    /// From the far side to the near one.
    Down,
}

/// Carries until it is over. `moved` hears of what was read, before it goes on, and with 0 bytes of
/// what was taken.
pub async fn relay<A, B>(near: A, far: B, moved: impl Fn(RelayWay, usize)) -> RelayEnd
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (near_read, near_write) = tokio::io::split(near);
    let (far_read, far_write) = tokio::io::split(far);
    let up = async {
        let carried = carry(near_read, far_write, |bytes| moved(RelayWay::Up, bytes));
        carried.await.map_err(|broken| match broken {
            BrokenEnd::Source => RelayEnd::NearBroke,
            BrokenEnd::Target => RelayEnd::FarBroke,
        })
    };
    let down = async {
        let carried = carry(far_read, near_write, |bytes| moved(RelayWay::Down, bytes));
        carried.await.map_err(|broken| match broken {
            BrokenEnd::Source => RelayEnd::FarBroke,
            BrokenEnd::Target => RelayEnd::NearBroke,
        })
    };
    match tokio::try_join!(up, down) {
        Ok(((), ())) => RelayEnd::Done,
        Err(end) => end,
    }
}

/// Which end of a direction broke.
enum BrokenEnd {
    Source,
    Target,
}

/// One direction, to its end.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    moved: impl Fn(usize),
) -> Result<(), BrokenEnd> {
    let (mut buffer, mut turn) = (vec![0; BUFFER_BYTES], 0);
    loop {
        let count = from.read(&mut buffer).await.map_err(|_| BrokenEnd::Source)?;
        if count == 0 {
            // One that is gone already says so where it is read.
            let _ = to.shutdown().await;
            return Ok(());
        }
        moved(count);
        let bytes = buffer.get(..count).unwrap_or_default();
        to.write_all(bytes).await.map_err(|_| BrokenEnd::Target)?;
        to.flush().await.map_err(|_| BrokenEnd::Target)?;
        moved(0);
        turn += count;
        if turn >= TURN_BYTES {
            turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};
    use tokio::io::{ReadBuf, duplex};

    /// A relay between two sides; gives the outer ends, what it counts, and its end.
    fn between() -> (
        tokio::io::DuplexStream,
        tokio::io::DuplexStream,
        Arc<[AtomicUsize; 2]>,
        tokio::task::JoinHandle<RelayEnd>,
    ) {
        let ((person, near), (far, application)) = (duplex(1024), duplex(1024));
        let counts: Arc<[AtomicUsize; 2]> = Arc::default();
        let counted = counts.clone();
        let moved = move |way, bytes| {
            let count = &counted[usize::from(way == RelayWay::Down)];
            count.fetch_add(bytes, Ordering::SeqCst);
        };
        (person, application, counts, tokio::spawn(relay(near, far, moved)))
    }

    /// Who has sent everything still gets the whole answer, in either direction.
    #[tokio::test]
    async fn the_end_of_one_direction_leaves_the_other() {
        for swapped in [false, true] {
            let (mut one, mut other, counts, end) = between();
            if swapped {
                (one, other) = (other, one);
            }
            one.write_all(b"ask").await.unwrap();
            one.shutdown().await.unwrap();
            let mut asked = Vec::new();
            other.read_to_end(&mut asked).await.unwrap();
            assert_eq!(asked, b"ask");
            other.write_all(b"answer").await.unwrap();
            other.shutdown().await.unwrap();
            let mut answered = Vec::new();
            one.read_to_end(&mut answered).await.unwrap();
            assert_eq!(answered, b"answer");
            assert_eq!(end.await.unwrap(), RelayEnd::Done);
            let counted = [0, 1].map(|way| counts[way].load(Ordering::SeqCst));
            assert_eq!(counted, if swapped { [6, 3] } else { [3, 6] });
        }
    }

    /// Of one side no more is read than the other one takes.
    #[tokio::test]
    async fn who_reads_slowly_slows_down_who_sends() {
        let (mut person, mut application, counts, _end) = between();
        let all = vec![7; 1024 * 1024];
        let sending = tokio::spawn(async move {
            person.write_all(&all).await.unwrap();
            person
        });
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        let held = counts[0].load(Ordering::SeqCst);
        assert!((1..=2 * BUFFER_BYTES).contains(&held), "{held} bytes are held");
        assert!(!sending.is_finished());
        let mut taken = vec![0; 1024 * 1024];
        application.read_exact(&mut taken).await.unwrap();
        drop(sending.await.unwrap());
    }

    /// A side that is gone ends the whole, and it is known which one it was.
    #[tokio::test]
    async fn a_side_that_breaks_is_named() {
        for far in [false, true] {
            let (mut person, mut application, _counts, end) = between();
            let left = if far {
                drop(application);
                &mut person
            } else {
                drop(person);
                &mut application
            };
            while left.write_all(&[0; 4096]).await.is_ok() {}
            let wanted = if far { RelayEnd::FarBroke } else { RelayEnd::NearBroke };
            assert_eq!(end.await.unwrap(), wanted);
        }
    }

    /// A side that always has more, and always takes more.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            to: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            to.put_slice(&vec![7; to.remaining()]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<std::io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// A busy relay keeps nobody on its thread waiting for longer than some kilobytes take, though
    /// neither of its sides ever waits.
    #[tokio::test]
    async fn whoever_always_has_more_leaves_others_their_turn() {
        let carried = AtomicUsize::new(0);
        let moved = |_: RelayWay, bytes: usize| {
            carried.fetch_add(bytes, Ordering::SeqCst);
        };
        let others = async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            end = relay(Endless, Endless, moved) => panic!("{end:?}"),
            () = others => {}
        }
        let carried = carried.load(Ordering::SeqCst);
        assert!((TURN_BYTES..=16 * TURN_BYTES).contains(&carried), "{carried} bytes");
    }
}
