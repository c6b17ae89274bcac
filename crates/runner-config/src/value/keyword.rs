//! Values out of a fixed list.

use std::fmt;
use std::str::FromStr;

use super::{InvalidValue, string_field};
use crate::fault::nearest;
use crate::secret;

macro_rules! keywords {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$variant_meta])* $variant ),* }

        impl $name {
            /// All values, in the order of declaration.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),* ];

            /// The value as `config.toml` spells it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    not_in_list(text, Self::ALL.iter().map(|value| value.as_str()))
                })
            }
        }

        string_field!($name, "a string");
    };
}
pub(crate) use keywords;

pub(crate) fn not_in_list(text: &str, known: impl Iterator<Item = &'static str> + Clone) -> InvalidValue {
    let list = known.clone().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let hint = nearest(text, known).map_or_else(String::new, |value| format!(" (did you mean `{value}`?)"));
    InvalidValue::new(format!("`{}` is not one of {list}{hint}", secret::shown(text)))
}

keywords! {
    /// How jobs are run. Executors whose sections are not part of this model (`kubernetes`, `custom`, `ssh`,
    /// `parallels`, `virtualbox`) are not in the list.
    pub enum Executor {
        /// Processes on the manager itself.
        Shell = "shell",
        /// Containers of a Docker daemon that the manager reaches.
        Docker = "docker",
        /// Windows containers.
        DockerWindows = "docker-windows",
        /// Containers on machines that docker-machine creates; legacy.
        DockerMachine = "docker+machine",
        /// Containers on instances of a fleeting plugin.
        DockerAutoscaler = "docker-autoscaler",
        /// Processes on instances of a fleeting plugin.
        Instance = "instance",
    }
}

impl Executor {
    /// Whether jobs run in containers, so that `[runners.docker]` is needed.
    #[must_use]
    pub fn uses_docker(self) -> bool {
        matches!(self, Self::Docker | Self::DockerWindows | Self::DockerMachine | Self::DockerAutoscaler)
    }

    /// Whether instances come from a fleeting plugin, so that `[runners.autoscaler]` is needed.
    #[must_use]
    pub fn uses_autoscaler(self) -> bool {
        matches!(self, Self::DockerAutoscaler | Self::Instance)
    }
}

keywords! {
    /// The shell that job scripts are written for.
    pub enum Shell {
        /// Bash.
        Bash = "bash",
        /// POSIX shell.
        Sh = "sh",
        /// Windows batch; deprecated.
        Cmd = "cmd",
        /// PowerShell 6 or newer.
        Pwsh = "pwsh",
        /// Windows PowerShell.
        Powershell = "powershell",
    }
}

keywords! {
    /// From which level on the runner logs.
    pub enum LogLevel {
        /// All there is.
        Debug = "debug",
        /// The default.
        Info = "info",
        /// Warnings and worse.
        Warn = "warn",
        /// Errors and worse.
        Error = "error",
        /// Errors that end the process, and panics.
        Fatal = "fatal",
        /// Panics only.
        Panic = "panic",
    }
}

keywords! {
    /// The form of the runner's log lines.
    pub enum LogFormat {
        /// Coloured, for people; the default.
        Runner = "runner",
        /// Plain lines of `key=value`.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

keywords! {
    /// How the manager connects to an instance.
    pub enum Protocol {
        /// SSH; the default except for Windows.
        Ssh = "ssh",
        /// WinRM over HTTP.
        Winrm = "winrm",
        /// WinRM over HTTPS.
        WinrmHttps = "winrm+https",
    }
}

keywords! {
    /// Where the distributed cache lies.
    pub enum CacheType {
        /// Amazon S3 or something that speaks its API.
        S3 = "s3",
    }
}

keywords! {
    /// How the manager authenticates to S3.
    pub enum CacheAuthentication {
        /// With the credentials of the environment, on EC2 those of the instance profile.
        Iam = "iam",
        /// With `AccessKey` and `SecretKey`, which are secrets and refused in this model.
        AccessKey = "access-key",
    }
}

keywords! {
    /// Server-side encryption of cache objects.
    pub enum ServerSideEncryption {
        /// Keys managed by S3.
        S3 = "S3",
        /// A key of AWS KMS.
        Kms = "KMS",
        /// Two layers, with a key of AWS KMS.
        DsseKms = "DSSE-KMS",
    }
}
