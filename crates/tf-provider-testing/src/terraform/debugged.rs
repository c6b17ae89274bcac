//! The provider started by hand with `-debug`, for terraform to attach to.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Time for an interrupted provider to end.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A provider that serves run after run until it is interrupted.
#[derive(Debug)]
pub struct DebuggedProvider {
    child: Child,
    reattach: String,
    // Kept open: closed, it would make the provider's next line on standard output an error.
    stdout: Option<BufReader<ChildStdout>>,
}

impl DebuggedProvider {
    /// Starts a provider's executable with `-debug`, and waits for the line that is to be pasted. Arguments and
    /// environment of `command` are kept.
    ///
    /// # Panics
    /// When it does not start, or ends without that line.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        command.arg("-debug").stdin(Stdio::null()).stdout(Stdio::piped());
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("starting {}: {error}", command.get_program().display()),
        };
        let mut provider = Self { child, reattach: String::new(), stdout: None };
        let stdout = provider.child.stdout.take().expect("a piped standard output");
        let stdout = provider.stdout.insert(BufReader::new(stdout));
        let mut line = String::new();
        while provider.reattach.is_empty() {
            line.clear();
            let read = stdout.read_line(&mut line).expect("readable output");
            assert_ne!(read, 0, "the provider ended without a line for TF_REATTACH_PROVIDERS");
            if let Some((_, value)) = line.trim().split_once("TF_REATTACH_PROVIDERS=") {
                value.trim_matches('\'').clone_into(&mut provider.reattach);
            }
        }
        provider
    }

    /// Value of `TF_REATTACH_PROVIDERS` for terraform.
    pub fn reattach(&self) -> &str {
        &self.reattach
    }

    /// Interrupts the provider as ctrl-C does, and answers its exit status; `None` when a signal ended it.
    ///
    /// # Panics
    /// When it has ended before, or does not end within 10 s.
    #[track_caller]
    pub fn interrupt(mut self) -> Option<i32> {
        let running = self.child.try_wait().expect("a child to wait for").is_none();
        assert!(running, "the provider ended by itself");
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("a signal to a child of ours");
        let mut code = None;
        super::wait_until("the interrupted provider's end", END_LIMIT, || {
            let status = self.child.try_wait().expect("a child to wait for");
            code = status.and_then(|status| status.code());
            status.is_some()
        });
        code
    }
}

impl Drop for DebuggedProvider {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
