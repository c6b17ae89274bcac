//! A terraform process under way: never longer than its limit, interruptible as from a keyboard.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::run::Run;
use crate::report::report;

/// A started command. Dropped unfinished, it is killed with everything it started.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Pid,
    name: String,
    limit: Duration,
    started: Instant,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    ended: bool,
}

impl Running {
    /// Starts `command` in a process group of its own, as an interactive shell does.
    pub(crate) fn start(mut command: Command, name: String, limit: Duration) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let started = Instant::now();
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("starting {}: {error}", command.get_program().display()),
        };
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        let group = Pid::from_child(&child);
        Self { child, group, name, limit, started, stdout, stderr, ended: false }
    }

    /// Sends SIGINT to terraform and the provider alike, as ctrl-C does.
    ///
    /// # Panics
    /// When the process has ended already.
    #[track_caller]
    pub fn interrupt(&self) {
        if let Err(error) = kill_process_group(self.group, Signal::INT) {
            panic!("interrupting {}: {error}", self.name);
        }
    }

    /// Kills terraform, not the provider: what an out-of-memory killer or a cancelled CI job may do.
    ///
    /// # Panics
    /// When the process has ended already.
    #[track_caller]
    pub fn kill(&self) {
        if let Err(error) = kill_process(self.group, Signal::KILL) {
            panic!("killing {}: {error}", self.name);
        }
    }

    /// Kills terraform and the provider at once and sees them ended: the machine they ran on is gone.
    ///
    /// # Panics
    /// When the process has ended already.
    #[track_caller]
    pub fn crash(self) {
        if let Err(error) = kill_process_group(self.group, Signal::KILL) {
            panic!("killing {}: {error}", self.name);
        }
        self.wait();
    }

    /// Waits for the end of the command, and of everything it started that can still write to its output.
    ///
    /// # Panics
    /// When that takes longer than the limit of its [`Terraform`](super::Terraform).
    #[track_caller]
    pub fn wait(mut self) -> Run {
        let status = self.ended_within(self.limit);
        let duration = self.started.elapsed();
        let complete = status.is_some() && self.silent_within(self.limit);
        if !complete {
            // The pipes close with the last process of the group. It fails only when all have ended by now.
            let _ = kill_process_group(self.group, Signal::KILL);
        }
        let stdout = joined(self.stdout.take());
        let stderr = joined(self.stderr.take());
        let Some(status) = status.filter(|_| complete) else {
            let claim = format!("{} did not end within {:?}", self.name, self.limit);
            panic!("{}", report(&claim, &[("standard output", &stdout), ("standard error", &stderr)]));
        };
        Run::new(std::mem::take(&mut self.name), status, stdout, stderr, duration)
    }

    fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.ended = true;
                    return Some(status);
                }
                Ok(None) if self.started.elapsed() < limit => super::pause(),
                Ok(None) => return None,
                Err(error) => panic!("waiting for {}: {error}", self.name),
            }
        }
    }

    /// Whether both pipes are closed.
    fn silent_within(&self, limit: Duration) -> bool {
        let silent = || [&self.stdout, &self.stderr].into_iter().flatten().all(JoinHandle::is_finished);
        while !silent() {
            if self.started.elapsed() >= limit {
                return false;
            }
            super::pause();
        }
        true
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            // Both fail only when everything has ended already.
            let _ = kill_process_group(self.group, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Reads a pipe to its end on a thread, so that a full pipe never stops the command.
fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth showing.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn joined(reader: Option<JoinHandle<String>>) -> String {
    reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Running {
        // A shell cannot trap what was ignored when it began, as in a job that another shell has put aside.
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", "sh", "-c", script]);
        Running::start(command, "sh".to_owned(), Duration::from_secs(60))
    }

    #[test]
    fn interrupt_reaches_the_whole_group() {
        let directory = tempfile::tempdir().unwrap();
        let ready = directory.path().join("ready");
        // Terraform waits for its provider; here an outer shell waits for an inner one, and both are told.
        let inner =
            format!("trap 'echo inner; exit' INT; : > {}; while :; do sleep 1; done", ready.display());
        let running = shell(&format!("trap 'echo outer; exit 3' INT; sh -c \"{inner}\"; :"));
        crate::terraform::wait_until("the trap", Duration::from_secs(10), || ready.exists());
        running.interrupt();
        let run = running.wait();
        assert_eq!((run.exit_code(), run.stdout()), (Some(3), "inner\nouter\n"));
    }

    #[test]
    #[should_panic(expected = "sh did not end within 300ms\n--- standard output\nbegun\n")]
    fn command_that_takes_too_long_is_killed_and_its_output_shown() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; sleep 600"]);
        Running::start(command, "sh".to_owned(), Duration::from_millis(300)).wait();
    }

    #[test]
    #[should_panic(expected = "sh did not end within 300ms\n--- standard output\nbegun\n")]
    fn command_that_leaves_a_process_with_its_output_has_not_ended() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo begun"]);
        Running::start(command, "sh".to_owned(), Duration::from_millis(300)).wait();
    }

    #[test]
    fn dropping_ends_the_command() {
        let running = shell("exec sleep 600");
        let group = running.group;
        drop(running);
        assert!(rustix::process::test_kill_process_group(group).is_err());
    }
}
