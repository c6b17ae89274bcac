//! Attaching Terraform to a provider that somebody else started, for instance a debugger.

use std::path::Path;

use serde_json::json;

use super::handshake::APP_PROTOCOL;

/// Instructions with a `TF_REATTACH_PROVIDERS` to paste into a shell.
pub(super) fn instructions(address: &str, socket: &Path) -> String {
    format!(
        "Provider started. To attach Terraform, set this in its environment:\n\n\tTF_REATTACH_PROVIDERS={}\n\n\
         Ctrl-C ends the provider.\n",
        shell_quoted(&reattach(address, socket))
    )
}

/// Value of `TF_REATTACH_PROVIDERS`: JSON by provider address.
fn reattach(address: &str, socket: &Path) -> String {
    json!({
        address: {
            "Protocol": "grpc",
            "ProtocolVersion": APP_PROTOCOL,
            "Pid": std::process::id(),
            // Keeps Terraform from ending the process after each run.
            "Test": true,
            "Addr": { "Network": "unix", "String": socket.to_string_lossy() },
        }
    })
    .to_string()
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reattach_value_names_address_process_and_socket() {
        let value: serde_json::Value =
            serde_json::from_str(&reattach("registry.terraform.io/a/b", Path::new("/tmp/p/s"))).unwrap();
        let entry = &value["registry.terraform.io/a/b"];
        assert_eq!(entry["ProtocolVersion"], 6);
        assert_eq!(entry["Pid"], std::process::id());
        assert_eq!(entry["Test"], true);
        assert_eq!(entry["Addr"], json!({ "Network": "unix", "String": "/tmp/p/s" }));
    }

    #[test]
    fn quotes_survive_the_shell() {
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
    }
}
