//! One transfer of a blob, read by many.
//!
//! A pump takes pieces from the source into a window; each reader takes them out at its own pace. The window is bounded:
//! when it is full the pump waits for the slowest reader, up to a limit, then leaves that reader behind. Who is left
//! behind goes on with a transfer of its own. See decision 0001.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::READ_AHEAD;
use super::held::Held;
use super::source::{Piece, Source};
use crate::failure::Failure;

/// How often it is looked whether further readers are still expected.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// After this time without any progress the transfer is given up, so that a reader that stands still holds no
/// connection to the registry.
const STANDSTILL: Duration = Duration::from_secs(60);

/// One transfer.
#[derive(Debug)]
pub(super) struct Flight {
    state: Mutex<State>,
    /// There is something new for readers.
    news: Notify,
    /// There may be room in the window, or nobody reads any more.
    room: Notify,
}

#[derive(Debug)]
struct State {
    /// What readers are told before the first piece: how long the blob is.
    head: Option<Result<Option<u64>, Failure>>,
    window: VecDeque<Slot>,
    /// Number of the first piece in the window; while it is 0 readers can join.
    first: u64,
    /// Bytes in the window.
    held: Held,
    /// No reader joins any more: what all have taken is of no use.
    landed: bool,
    readers: HashMap<u64, Reader>,
    joined: u64,
    end: Option<End>,
}

#[derive(Debug, Default)]
struct Reader {
    /// Number of its next piece.
    next: u64,
    /// It has asked for a piece that is not there.
    waits: bool,
}

#[derive(Debug)]
struct Slot {
    piece: Piece,
    /// Readers that have not taken it.
    waiting: usize,
}

#[derive(Clone, Debug)]
enum End {
    /// Everything was read and is verified.
    Complete,
    /// The source failed.
    Failed(Failure),
    /// Nobody moved any more; readers go on by themselves.
    GivenUp,
}

/// What bounds a transfer, looked at anew for each piece.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// Bytes of the window, where all other transfers hold so many.
    pub(super) window: &'a (dyn Fn(usize) -> usize + Sync),
    /// Whether further readers are about to come, for whom the start is kept.
    pub(super) expects_readers: &'a (dyn Fn() -> bool + Sync),
    /// How long a reader may hold up the others.
    pub(super) laggard: Duration,
}

/// What a reader finds.
pub(super) enum Next {
    Piece(Piece),
    /// Nothing yet.
    Wait,
    /// The window has moved on: the rest comes from a transfer of one's own.
    LeftBehind,
    End,
    Failed(Failure),
}

impl Flight {
    /// A transfer whose bytes count among those that `held` counts.
    pub(super) fn new(held: Held) -> Self {
        let state = State {
            head: None,
            window: VecDeque::new(),
            first: 0,
            held,
            landed: false,
            readers: HashMap::new(),
            joined: 0,
            end: None,
        };
        Self { state: Mutex::new(state), news: Notify::new(), room: Notify::new() }
    }

    /// A new reader from the start of the blob; none when the start is gone or the transfer has failed.
    pub(super) fn join(&self) -> Option<u64> {
        let mut state = self.lock();
        let failed = matches!(state.head, Some(Err(_)));
        if failed || state.first > 0 || matches!(state.end, Some(End::Failed(_) | End::GivenUp)) {
            return None;
        }
        let id = state.joined;
        state.joined += 1;
        state.readers.insert(id, Reader::default());
        for slot in &mut state.window {
            slot.waiting += 1;
        }
        Some(id)
    }

    /// A reader has gone, or goes on by itself.
    pub(super) fn leave(&self, id: u64) {
        self.lock().forget(id);
        self.room.notify_one();
    }

    /// Waits until it is known whether there is such a blob, and how long it is.
    pub(super) async fn head(&self) -> Result<Option<u64>, Failure> {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if let Some(head) = &self.lock().head {
                return head.clone();
            }
            news.await;
        }
    }

    /// Takes the next piece of a reader.
    pub(super) fn take(&self, id: u64) -> Next {
        let mut state = self.lock();
        let State { readers, window, first, end, .. } = &mut *state;
        let Some(reader) = readers.get_mut(&id) else { return Next::LeftBehind };
        let at = usize::try_from(reader.next - *first).unwrap_or(usize::MAX);
        if let Some(slot) = window.get_mut(at) {
            (reader.next, reader.waits) = (reader.next + 1, false);
            slot.waiting -= 1;
            let piece = slot.piece.clone();
            if slot.waiting == 0 {
                self.room.notify_one();
                state.drop_useless();
            }
            return Next::Piece(piece);
        }
        match end {
            None => {
                reader.waits = true;
                self.room.notify_one();
                Next::Wait
            }
            Some(End::Complete) => Next::End,
            Some(End::Failed(failure)) => Next::Failed(failure.clone()),
            Some(End::GivenUp) => Next::LeftBehind,
        }
    }

    /// The next piece of a reader, once it is there.
    pub(super) async fn next(&self, id: u64) -> Next {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            match self.take(id) {
                Next::Wait => news.await,
                found => return found,
            }
        }
    }

    /// Tells readers whether there is such a blob.
    pub(super) fn announce(&self, head: Result<Option<u64>, Failure>) {
        self.lock().head = Some(head);
        self.news.notify_waiters();
    }

    /// Moves the blob from the source to the readers, to its end or theirs.
    pub(super) async fn pump(&self, mut source: Source, bounds: Bounds<'_>) {
        loop {
            if !self.make_room(bounds).await {
                return self.end(End::GivenUp);
            }
            let piece = tokio::select! {
                piece = source.next() => piece,
                () = self.deserted() => return self.end(End::GivenUp),
            };
            match piece {
                Ok(Some(piece)) => {
                    let mut state = self.lock();
                    state.held.add(piece.bytes.len());
                    let waiting = state.readers.len();
                    state.window.push_back(Slot { piece, waiting });
                    // At once: with the last piece readers leave, and a transfer without readers is given up.
                    if source.is_finished() {
                        state.end = Some(End::Complete);
                    }
                }
                Ok(None) => return self.end(End::Complete),
                Err(failure) => return self.end(End::Failed(failure)),
            }
            self.news.notify_waiters();
            if source.is_finished() {
                return;
            }
        }
    }

    /// All pieces of a finished transfer, if none has left the window.
    pub(super) fn whole(&self) -> Option<Vec<Piece>> {
        let state = self.lock();
        let complete = state.first == 0 && matches!(state.end, Some(End::Complete));
        complete.then(|| state.window.iter().map(|slot| slot.piece.clone()).collect())
    }

    /// Nobody joins any more.
    pub(super) fn land(&self) {
        let mut state = self.lock();
        state.landed = true;
        state.drop_useless();
    }

    fn end(&self, end: End) {
        self.lock().end = Some(end);
        self.news.notify_waiters();
    }

    /// Waits until nobody reads.
    async fn deserted(&self) {
        while !self.lock().readers.is_empty() {
            self.room.notified().await;
        }
    }

    /// Waits until the window has room; false when the transfer is to be given up.
    async fn make_room(&self, bounds: Bounds<'_>) -> bool {
        let laggard = bounds.laggard;
        let mut blocked = (u64::MAX, Instant::now());
        loop {
            let until = {
                let mut state = self.lock();
                let bound = (bounds.window)(state.held.by_others());
                let keeps_start = (bounds.expects_readers)();
                state.drop_taken(bound, keeps_start);
                if state.readers.is_empty() {
                    return false;
                }
                let has_room = state.held.bytes() < bound || state.window.is_empty();
                // Among so many transfers nothing is read ahead: it would lie here until a slow reader comes for it.
                if has_room && (bound > READ_AHEAD || state.someone_waits()) {
                    return true;
                }
                let now = Instant::now();
                if blocked.0 != state.first {
                    blocked = (state.first, now);
                }
                let starves = state.someone_starves();
                if now >= blocked.1 + STANDSTILL {
                    return false;
                } else if has_room {
                    blocked.1 + STANDSTILL
                } else if keeps_start && state.first == 0 {
                    now + LOOK_AGAIN
                } else if starves && now >= blocked.1 + laggard {
                    state.leave_behind();
                    drop(state);
                    self.news.notify_waiters();
                    continue;
                } else if starves {
                    blocked.1 + laggard
                } else {
                    (now + laggard).min(blocked.1 + STANDSTILL)
                }
            };
            tokio::select! {
                () = self.room.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Drops pieces that everybody has taken, as far as the window is too full.
    fn drop_taken(&mut self, bound: usize, keeps_start: bool) {
        if keeps_start && self.first == 0 {
            return;
        }
        while self.held.bytes() >= bound && self.drop_first() {}
    }

    /// Drops pieces that everybody has taken, once nobody joins any more.
    fn drop_useless(&mut self) {
        while self.landed && self.drop_first() {}
    }

    /// Drops the first piece, if everybody has taken it.
    fn drop_first(&mut self) -> bool {
        let Some(slot) = self.window.pop_front_if(|slot| slot.waiting == 0) else { return false };
        self.held.remove(slot.piece.bytes.len());
        self.first += 1;
        true
    }

    /// Whether a reader has taken everything and waits for more.
    fn someone_starves(&self) -> bool {
        let end = self.first + self.window.len() as u64;
        self.readers.values().any(|reader| reader.next == end)
    }

    /// Whether a reader has asked for more than there is.
    fn someone_waits(&self) -> bool {
        self.readers.values().any(|reader| reader.waits)
    }

    /// Removes the readers that have not taken the first piece.
    fn leave_behind(&mut self) {
        let first = self.first;
        let slow: Vec<u64> =
            self.readers.iter().filter(|(_, reader)| reader.next == first).map(|(id, _)| *id).collect();
        for id in slow {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: u64) {
        let Some(reader) = self.readers.remove(&id) else { return };
        let taken = usize::try_from(reader.next.saturating_sub(self.first)).unwrap_or(usize::MAX);
        for slot in self.window.iter_mut().skip(taken) {
            slot.waiting -= 1;
        }
        self.drop_useless();
    }
}

/// A reader of a transfer; the transfer learns when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) flight: Arc<Flight>,
    pub(super) id: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.flight.leave(self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    /// Whether the source would be read, with a window of so many bytes.
    fn reads_on(flight: &Flight, window: usize) -> Option<bool> {
        let bounds =
            Bounds { window: &|_| window, expects_readers: &|| false, laggard: Duration::from_secs(5) };
        flight.make_room(bounds).now_or_never()
    }

    #[tokio::test]
    async fn transfer_with_a_small_window_reads_nothing_ahead() {
        let flight = Flight::new(Held::none(&Arc::default()));
        let reader = flight.join().unwrap();
        assert_eq!(reads_on(&flight, READ_AHEAD + 1), Some(true));
        assert_eq!(reads_on(&flight, READ_AHEAD), None);
        assert!(matches!(flight.take(reader), Next::Wait));
        assert_eq!(reads_on(&flight, READ_AHEAD), Some(true));
        flight.leave(reader);
        assert_eq!(reads_on(&flight, READ_AHEAD), Some(false));
    }
}
