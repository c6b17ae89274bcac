//! What the user sees while something runs: numbered steps on standard output, each with its duration.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Writes one line to standard output; a reader that went away is no reason to fail.
macro_rules! say {
    ($($argument:tt)*) => { $crate::progress::write_line(format_args!($($argument)*)) };
}
pub(crate) use say;

pub(crate) fn write_line(text: std::fmt::Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}");
    let _ = output.flush();
}

/// A sequence of steps whose number is known.
#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    done: usize,
    started: Instant,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: 0, started: Instant::now() }
    }

    /// Announces a step, runs it, and prints how long it took, or that it failed.
    pub(crate) fn step<T>(&mut self, title: impl Display, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        debug_assert!(self.done <= self.total, "more steps than announced");
        say!("[{}/{}] {title}", self.done, self.total);
        let started = Instant::now();
        let result = run();
        let duration = seconds(started.elapsed());
        match &result {
            Ok(_) => say!("      done in {duration}"),
            Err(_) => say!("      failed after {duration}"),
        }
        result
    }

    /// How long everything took so far.
    pub(crate) fn elapsed(&self) -> String {
        seconds(self.started.elapsed())
    }
}

/// `0.4 s`, `12.3 s`, `3 min 05 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(60) {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    let whole = duration.as_secs();
    format!("{} min {:02} s", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_a_person_would_say_them() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(185)), "3 min 05 s");
    }
}
