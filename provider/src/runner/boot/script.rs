//! The boot script: one process, `set -eu`, every step named, the outcome told by marker files and the console.

use std::fmt::Write as _;

use super::bundle::{Bundle, Command, Start};
use super::setup::OperatingSystem;
use super::{FAILED_MARKER, PROGRAM_PATH, READY_MARKER, STATE_DIRECTORY};

/// Renders what the bundle's boot has to carry out, as POSIX shell.
pub(super) fn render(bundle: &Bundle) -> String {
    let mut script = head();
    script.push_str(RETRY);
    if !bundle.packages.is_empty() {
        script.push_str(&packages(bundle));
    }
    // Of Ubuntu's own sources the snap alone is kept by AWS.
    if bundle.aws_cli && bundle.operating_system == OperatingSystem::Ubuntu2404 {
        script.push_str(
            "\nstep='installing the AWS CLI'\ncommand -v aws >/dev/null || retry snap install aws-cli --classic\n",
        );
    }
    if !bundle.downloads.is_empty() {
        script.push_str(&downloads(bundle));
    }
    steps(&mut script, &bundle.prepare);
    if !bundle.units.is_empty() {
        script.push_str(&units(bundle));
    }
    steps(&mut script, &bundle.commands);
    let _ = write!(script, "\nstep='telling success'\ndate -u +%FT%TZ >{READY_MARKER}\n");
    script
}

fn head() -> String {
    format!(
        "#!/bin/sh
# Carries out this instance's first boot. The marker file is written last, or the other one on failure.
set -eu
umask 022
export HOME=/root PATH={PROGRAM_PATH}
step='starting'
report() {{
  status=$?
  if [ \"$status\" -ne 0 ]; then
    text=\"ecrunner: first boot failed while $step (status $status)\"
    echo \"$text\" >{FAILED_MARKER} || :
    echo \"$text\" >&2
    echo \"$text\" 2>/dev/null >/dev/console || :
  fi
}}
trap report EXIT
mkdir -p {STATE_DIRECTORY}
"
    )
}

/// Mirrors and package locks fail for moments; the fifth failure counts.
const RETRY: &str = "
retry() {
  attempt=1
  until \"$@\"; do
    if [ \"$attempt\" -ge 5 ]; then return 1; fi
    sleep $((attempt * 3))
    attempt=$((attempt + 1))
  done
}
";

fn packages(bundle: &Bundle) -> String {
    let names = bundle.packages.join(" ");
    let install = match bundle.operating_system {
        OperatingSystem::AmazonLinux2023 => {
            format!("retry dnf -y --setopt=install_weak_deps=False install {names}\n")
        }
        // Ubuntu's own update run may hold the lock for minutes after boot.
        OperatingSystem::Ubuntu2404 => format!(
            "export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
retry apt-get -o DPkg::Lock::Timeout=300 -q update
retry apt-get -o DPkg::Lock::Timeout=300 -q -y --no-install-recommends install {names}
"
        ),
    };
    format!("\nstep='installing packages'\n{install}")
}

fn downloads(bundle: &Bundle) -> String {
    let mut text = String::from(
        "
fetch() {
  part=$3.part
  mkdir -p \"$(dirname \"$3\")\"
  case $1 in
  s3://*) aws s3 cp --only-show-errors \"$1\" \"$part\" ;;
  *) curl -fsSL --proto '=https' --tlsv1.2 --retry 5 --retry-connrefused --connect-timeout 10 --max-time 600 -o \"$part\" \"$1\" ;;
  esac
  echo \"$2  $part\" | sha256sum --check --status
  chmod \"$4\" \"$part\"
  mv \"$part\" \"$3\"
}
",
    );
    for download in &bundle.downloads {
        let _ = write!(
            text,
            "step='fetching {path}'\nfetch '{url}' {sha256} {path} {mode:04o}\n",
            path = download.path,
            url = download.url,
            sha256 = download.sha256,
            mode = download.mode
        );
    }
    text
}

fn units(bundle: &Bundle) -> String {
    let mut text = String::from("\nstep='reading units'\nsystemctl daemon-reload\n");
    for (unit, start) in &bundle.units {
        let commands = match start {
            Start::Enabled => format!("systemctl enable --now {unit}\n"),
            Start::Queued => format!("systemctl enable {unit}\nsystemctl start --no-block {unit}\n"),
            Start::OnDemand => continue,
        };
        let _ = write!(text, "step='starting {unit}'\n{commands}");
    }
    text
}

fn steps(script: &mut String, commands: &[Command]) {
    for command in commands {
        // The step's name stands between quotes.
        let step = command.step.replace('\'', "");
        let _ = write!(script, "\nstep='{step}'\n{}\n", command.shell.trim_end());
    }
}
