//! Item 16.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::terraform::{Workspace, example};

struct Debugged(Child);

impl Drop for Debugged {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn item_16_printed_reattach_string_serves_plan_apply_apply_and_destroy_in_one_process() {
    let mut command = Command::new(example("local_files"));
    let child = command.arg("-debug").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut provider = Debugged(child);
    let output = BufReader::new(provider.0.stdout.take().unwrap());
    let reattach = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let value = line.trim().strip_prefix("TF_REATTACH_PROVIDERS='")?.strip_suffix('\'')?;
            Some(value.to_owned())
        })
        .expect("the provider should have printed how to attach to it");
    let file = |content: &str| {
        format!(
            "provider \"localfiles\" {{\n  directory = \"$FILES\"\n}}\nresource \"localfiles_file\" \"a\" {{\n  name    = \"a\"\n  content = {content:?}\n}}\n"
        )
    };
    let mut workspace = Workspace::new(&file("1"));
    workspace.environment("TF_REATTACH_PROVIDERS", reattach);
    assert_eq!(workspace.plan(&[]).status, Some(2));
    workspace.apply();
    workspace.config(&file("2"));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.destroy();
    assert!(provider.0.try_wait().unwrap().is_none(), "the provider should still run");
    let pid = Pid::from_raw(i32::try_from(provider.0.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert!(provider.0.wait().unwrap().success());
}
