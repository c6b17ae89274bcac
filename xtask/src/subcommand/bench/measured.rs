//! Peak resident memory and processor time of processes, as Linux records them in `/proc`. Other systems tell nothing.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::cargo::describe;

/// Time between two looks. The kernel keeps the maximum, so only growth within the last interval can be missed.
const INTERVAL: Duration = Duration::from_millis(20);

/// What a run of a program took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// Highest resident memory in bytes, where the system tells it.
    pub(super) peak: Option<u64>,
    /// Processor time of a program that was run to its end, user and system, where the system tells it.
    pub(super) cpu: Option<Duration>,
    pub(super) elapsed: Duration,
}

/// Runs the command to its end; anything but success is an error, with what the command wrote to standard error.
pub(super) fn measure(mut command: Command) -> Result<Measured> {
    let name = describe(&command);
    let cpu_before = cpu_of_children();
    let started = Instant::now();
    let mut child = command.stderr(Stdio::piped()).spawn().with_context(|| format!("starting `{name}`"))?;
    let mut errors = child.stderr.take().context("the command has no standard error")?;
    // Read while it runs: a full pipe would stop it.
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        errors.read_to_end(&mut text).map(|_| text)
    });
    // The end is waited for, not looked for: a short run would seem to last as long as the interval.
    let status_file = format!("/proc/{}/status", child.id());
    let (peak, status, elapsed) = std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        let watcher = scope.spawn(move || {
            let mut peak = None;
            loop {
                peak = peak.max(fs::read_to_string(&status_file).ok().as_deref().and_then(high_water_mark));
                if ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Disconnected) {
                    return peak;
                }
            }
        });
        let status = child.wait();
        let elapsed = started.elapsed();
        drop(end);
        watcher
            .join()
            .map(|peak| (peak, status, elapsed))
            .map_err(|_| anyhow!("looking at the process panicked"))
    })?;
    let status = status?;
    let errors = errors.join().map_err(|_| anyhow!("reading standard error panicked"))??;
    if !status.success() {
        bail!("`{name}` failed with {status}\n{}", String::from_utf8_lossy(&errors).trim_end());
    }
    // No other child of ours ended meanwhile, or its time would count too.
    let cpu = cpu_of_children().zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    Ok(Measured { peak, cpu, elapsed })
}

/// Does `run` and looks meanwhile at every process below our own whose program file has a name that begins with
/// `program`.
pub(super) fn measure_below<T>(program: &str, run: impl FnOnce() -> Result<T>) -> Result<(T, Measured)> {
    std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        let watcher = scope.spawn(move || {
            let mut peak = None;
            loop {
                peak = peak.max(peak_below(std::process::id(), program));
                if ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Disconnected) {
                    return peak;
                }
            }
        });
        let started = Instant::now();
        let result = run();
        let elapsed = started.elapsed();
        drop(end);
        let peak = watcher.join().map_err(|_| anyhow!("looking at processes panicked"))?;
        Ok((result?, Measured { peak, cpu: None, elapsed }))
    })
}

/// The highest mark of the processes of this program that descend from `ancestor`.
fn peak_below(ancestor: u32, program: &str) -> Option<u64> {
    let (mut parents, mut marks) = (HashMap::new(), Vec::new());
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process that ended in between has no files any more.
        let Ok(status) = fs::read_to_string(entry.path().join("status")) else { continue };
        parents.insert(process, parent(&status));
        if let Some(mark) = high_water_mark(&status).filter(|_| runs(&entry.path(), program)) {
            marks.push((process, mark));
        }
    }
    let descends = |process: u32| {
        let mut current = parents.get(&process).copied().flatten();
        // As many steps as there are processes: the list may be torn, and then there can be a ring.
        for _ in 0..parents.len() {
            match current {
                Some(found) if found == ancestor => return true,
                Some(found) => current = parents.get(&found).copied().flatten(),
                None => return false,
            }
        }
        false
    };
    marks.into_iter().filter(|(process, _)| descends(*process)).map(|(_, mark)| mark).max()
}

/// True when the process was started from a file of this name. The name in `status` is cut at 15 bytes.
fn runs(process: &Path, program: &str) -> bool {
    let file = fs::read_link(process.join("exe")).ok();
    file.as_deref().and_then(Path::file_name).is_some_and(|name| name.to_string_lossy().starts_with(program))
}

/// `VmHWM` of a `/proc/<pid>/status`, in bytes.
pub(super) fn high_water_mark(status: &str) -> Option<u64> {
    memory(status, "VmHWM:")
}

/// `VmRSS` of a `/proc/<pid>/status`, in bytes.
pub(super) fn resident(status: &str) -> Option<u64> {
    memory(status, "VmRSS:")
}

fn memory(status: &str, name: &str) -> Option<u64> {
    Some(field(status, name)?.strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Processor time of all children that ended and were waited for, their own children included.
fn cpu_of_children() -> Option<Duration> {
    cpu_in(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// `cutime` and `cstime` of a `/proc/<pid>/stat`, in the 100ths of a second that Linux tells there on every machine.
fn cpu_in(stat: &str) -> Option<Duration> {
    // The second field is a name in parentheses, which may hold anything; cutime is the 16th.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (ticks()? + ticks()?)))
}

fn parent(status: &str) -> Option<u32> {
    field(status, "PPid:")?.parse().ok()
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n";
        assert_eq!((high_water_mark(status), resident(status)), (Some(2 << 20), Some(1 << 10)));
        assert_eq!(high_water_mark("Name:\tx\n"), None);
    }

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 11 12 130 20 20 0 1 0";
        assert_eq!(cpu_in(stat), Some(Duration::from_millis(1500)));
        assert_eq!(cpu_in("7 (x) S 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processor_time_of_a_program_is_measured() {
        let mut command = Command::new("sh");
        command.args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]);
        let measured = measure(command).unwrap();
        let cpu = measured.cpu.unwrap();
        assert!(cpu > Duration::ZERO, "{cpu:?} in {:?}", measured.elapsed);
    }

    #[test]
    fn failure_carries_what_the_command_wrote() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no space left >&2; exit 3"]);
        let error = measure(command).unwrap_err().to_string();
        assert!(error.contains("no space left") && error.contains("status: 3"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_that_a_program_uses_is_measured() {
        let mut command = Command::new("dd");
        // A buffer of 64 MiB, filled often enough to last for several looks.
        command.args(["if=/dev/zero", "of=/dev/null", "bs=64M", "count=40"]);
        let peak = measure(command).unwrap().peak.unwrap();
        assert!((64 << 20..100 << 20).contains(&peak), "{peak}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_of_a_grandchild_is_seen_and_that_of_a_stranger_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("ecrunner-measured");
        fs::copy(fs::canonicalize("/bin/sleep").unwrap(), &program).unwrap();
        let script = format!("{} 60 & echo started; read line; kill $!", program.display());
        let mut shell = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let limit = Instant::now() + Duration::from_secs(20);
        let mut seen = None;
        while seen.is_none() && Instant::now() < limit {
            seen = measure_below("ecrunner-measured", || Ok(())).unwrap().1.peak;
        }
        // No process has this number, so none descends from it.
        let stranger = peak_below(u32::MAX, "ecrunner-measured");
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert!(seen.is_some_and(|peak| peak > 0), "{seen:?}");
        assert_eq!(stranger, None);
    }
}
