//! A limiter for requests of which a registry takes only so many a second.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Lets no more than so many requests pass within any second, and these at once: a small image need not wait for what
/// only a large one would break. Shared by everything that goes to one registry.
#[derive(Debug)]
pub(crate) struct Limiter {
    turns: Mutex<Turns>,
}

impl Limiter {
    pub(crate) fn per_second(rate: u32) -> Self {
        Self { turns: Mutex::new(Turns::per_second(rate)) }
    }

    /// Waits for the caller's turn.
    pub(crate) async fn turn(&self) {
        let at = self.turns.lock().await.next(Instant::now());
        tokio::time::sleep_until(at).await;
    }
}

/// The last turns that were given, as many as a second has; some may lie ahead.
#[derive(Debug)]
struct Turns {
    rate: usize,
    given: VecDeque<Instant>,
}

impl Turns {
    fn per_second(rate: u32) -> Self {
        Self { rate: usize::try_from(rate.max(1)).unwrap_or(usize::MAX), given: VecDeque::new() }
    }

    /// Gives the next turn: now, or a second after the one that it would be one too many with.
    fn next(&mut self, now: Instant) -> Instant {
        let mut at = now;
        if self.given.len() >= self.rate
            && let Some(oldest) = self.given.pop_front()
        {
            at = at.max(oldest + SECOND);
        }
        self.given.push_back(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_turns_than_allowed() {
        let (mut limit, start) = (Turns::per_second(4), Instant::now());
        // Out of step with the seconds.
        let asked = (0..40).map(|number| start + Duration::from_millis(number * 70));
        let given: Vec<_> = asked.map(|at| (at, limit.next(at))).collect();
        assert!(given.iter().all(|(asked, at)| at >= asked));
        for ((_, first), (_, fifth)) in given.iter().zip(&given[4..]) {
            assert!(*fifth - *first >= SECOND, "five turns in {:?}", *fifth - *first);
        }
    }

    #[test]
    fn turns_are_given_at_once_while_there_are_some() {
        let (mut limit, start) = (Turns::per_second(4), Instant::now());
        assert_eq!([0; 4].map(|_| limit.next(start)), [start; 4]);
        assert_eq!(limit.next(start), start + SECOND);
        let later = start + SECOND * 3;
        assert_eq!(limit.next(later), later);
    }

    #[tokio::test]
    async fn turn_is_waited_for() {
        let limiter = Limiter::per_second(1);
        let start = Instant::now();
        limiter.turn().await;
        limiter.turn().await;
        assert!(start.elapsed() >= SECOND, "{:?}", start.elapsed());
    }
}
