//! How long a repository may take to be looked at.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::process::{Limit, ProcessError};

/// How long a thread whose time is over may take to notice it, and to end what it started.
const GRACE: Duration = Duration::from_millis(500);

/// How often a clock that stands still is looked at again.
const MOMENT: Duration = Duration::from_millis(100);

/// A repository took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done after {} s; --time-limit gives it longer", .0.as_secs())]
pub struct TimedOut(Duration);

/// The clock of one repository.
#[derive(Debug)]
pub struct Clock {
    limit: Duration,
    state: Mutex<State>,
}

impl Limit for Clock {
    fn reached(&self, _time: Duration) -> Option<ProcessError> {
        let TimedOut(after) = self.check().err()?;
        Some(ProcessError::TimedOut {
            after,
            option: "--time-limit",
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// It runs out then.
    Runs(Instant),
    /// Something has a limit of its own, such as a build. So much is left after it.
    Paused(Duration),
    /// The repository is looked at, and is not left behind any more.
    Stopped,
    /// It ran out.
    Abandoned,
}

impl Clock {
    /// A clock that runs out after `limit`.
    pub fn new(limit: Duration) -> Clock {
        // A limit beyond all that a clock can show is none.
        const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);
        Clock {
            limit,
            state: Mutex::new(State::Runs(Instant::now() + limit.min(LONGEST))),
        }
    }

    /// How long to wait before [`Self::abandon`] is worth a try.
    pub fn rest(&self) -> Duration {
        match *self.lock() {
            State::Runs(end) => (end + GRACE).saturating_duration_since(Instant::now()),
            State::Paused(_) | State::Stopped | State::Abandoned => MOMENT,
        }
    }

    /// Gives the repository up where its time is over and it did not end by itself.
    pub fn abandon(&self) -> Option<TimedOut> {
        let mut state = self.lock();
        let is_over = matches!(*state, State::Runs(end) if end + GRACE <= Instant::now());
        is_over.then(|| {
            *state = State::Abandoned;
            TimedOut(self.limit)
        })
    }

    /// Fails where the time is over.
    ///
    /// # Errors
    /// If it is.
    pub fn check(&self) -> Result<(), TimedOut> {
        match *self.lock() {
            State::Abandoned => Err(TimedOut(self.limit)),
            State::Runs(end) if end <= Instant::now() => Err(TimedOut(self.limit)),
            State::Runs(_) | State::Paused(_) | State::Stopped => Ok(()),
        }
    }

    /// Stops it for good.
    ///
    /// # Errors
    /// If its time is over: then nothing may be changed any more.
    pub fn stop(&self) -> Result<(), TimedOut> {
        let mut state = self.lock();
        if matches!(*state, State::Abandoned) {
            return Err(TimedOut(self.limit));
        }
        *state = State::Stopped;
        Ok(())
    }

    /// Does `work` while it stands still.
    pub fn paused<T>(&self, work: impl FnOnce() -> T) -> T {
        self.change(|state| match state {
            State::Runs(end) => State::Paused(end.saturating_duration_since(Instant::now())),
            other => other,
        });
        let done = work();
        self.change(|state| match state {
            State::Paused(rest) => State::Runs(Instant::now() + rest),
            other => other,
        });
        done
    }

    fn change(&self, to: impl FnOnce(State) -> State) {
        let mut state = self.lock();
        *state = to(*state);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const LATER: Duration = Duration::from_secs(600);

    #[test]
    fn only_what_is_not_looked_at_in_time_is_abandoned() {
        let late = Clock::new(NOW);
        assert!(late.check().is_err() && late.abandon().is_none());
        std::thread::sleep(GRACE);
        assert!(late.abandon().is_some());
        assert!(late.stop().is_err(), "an abandoned one changes nothing");
        let done = Clock::new(NOW);
        assert!(done.stop().is_ok(), "it came first");
        assert!(done.abandon().is_none() && done.check().is_ok());
        let early = Clock::new(LATER);
        assert!(early.check().is_ok() && early.abandon().is_none() && early.stop().is_ok());
        assert!(Clock::new(Duration::MAX).check().is_ok());
    }

    #[test]
    fn a_build_takes_nothing_of_it() {
        let clock = Clock::new(Duration::from_millis(200));
        clock.paused(|| {
            std::thread::sleep(Duration::from_millis(300));
            assert!(clock.abandon().is_none() && clock.check().is_ok());
        });
        assert!(clock.check().is_ok());
        std::thread::sleep(clock.rest());
        assert!(clock.abandon().is_some());
    }
}
