//! Container engines of today, built by Go: dockerd on containerd's image store, containerd, runc and BuildKit.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{exists, installed, output};

/// The least Go that all of them take. An older one fetches it, as a module.
const GO: &str = "1.26.8";

/// Programs of one module.
struct Built {
    module: &'static str,
    version: &'static str,
    packages: &'static [&'static str],
    /// runc enters namespaces in C.
    cgo: bool,
}

const BUILT: [Built; 4] = [
    Built {
        module: "github.com/moby/moby/v2",
        version: "v2.0.0-beta.24",
        packages: &["cmd/dockerd"],
        cgo: false,
    },
    Built {
        module: "github.com/containerd/containerd/v2",
        version: "v2.4.2",
        packages: &["cmd/containerd", "cmd/containerd-shim-runc-v2"],
        cgo: false,
    },
    Built {
        module: "github.com/moby/buildkit",
        version: "v0.34.2",
        packages: &["cmd/buildkitd", "cmd/buildctl"],
        cgo: false,
    },
    Built { module: "github.com/opencontainers/runc", version: "v1.5.2", packages: &[""], cgo: true },
];

impl Built {
    fn package(&self, path: &str) -> String {
        format!("{}/{path}", self.module).trim_end_matches('/').to_owned()
    }

    fn programs(&self, place: &Path) -> Vec<PathBuf> {
        let name = |path: &&str| self.package(path).rsplit('/').next().map(|name| place.join(name));
        self.packages.iter().filter_map(name).collect()
    }

    /// True when all programs are there in the wanted version, which Go has written into them.
    fn is_there(&self, place: &Path) -> bool {
        let module = format!("\tmod\t{}\t{}\t", self.module, self.version);
        let is_it = |program: &PathBuf| {
            let told = output(Command::new("go").args(["version", "-m"]).arg(program));
            String::from_utf8_lossy(&told).contains(&module)
        };
        self.programs(place).iter().all(|program| program.exists() && is_it(program))
    }
}

/// Builds what is not there yet, some minutes at first, and answers the directory of the programs; `None` without Go.
///
/// # Panics
/// When Go is missing and `CI=true`, or something does not build.
#[must_use]
pub fn engines() -> Option<PathBuf> {
    if !exists("go") {
        return None;
    }
    let place = installed();
    let programs = place.join("engines");
    std::fs::create_dir_all(&programs).expect("a directory can be made");
    // Tests that run at the same time build once.
    let lock = File::create(place.join("engines.lock")).expect("a file can be written");
    lock.lock().expect("a file can be locked");
    let missing: Vec<&Built> = BUILT.iter().filter(|built| !built.is_there(&programs)).collect();
    if !missing.is_empty() {
        let work = place.join("engines-build");
        std::fs::create_dir_all(&work).expect("a directory can be made");
        let go = go(&work);
        for built in missing {
            build(&go, &work, &programs, built);
        }
        // Four gigabytes of sources and objects, for programs of two hundred megabytes.
        std::fs::remove_dir_all(&work).expect("it was just made");
    }
    Some(programs)
}

/// Builds the packages in a module of their own that requires theirs: `go install` of a version refuses BuildKit's, since
/// it excludes versions of others.
fn build(go: &Path, work: &Path, programs: &Path, built: &Built) {
    let module = tempfile::tempdir_in(work).expect("a directory can be made");
    let text = format!("module judges\n\ngo {GO}\n\nrequire {} {}\n", built.module, built.version);
    std::fs::write(module.path().join("go.mod"), text).expect("a file can be written");
    let mut command = command(go, work);
    command.env("CGO_ENABLED", if built.cgo { "1" } else { "0" }).current_dir(module.path());
    command.args(["build", "-modcacherw", "-mod=mod", "-ldflags=-s -w", "-o"]).arg(programs);
    output(command.args(built.packages.iter().map(|path| built.package(path))));
}

/// A Go that is new enough: the installed one, or the one that the module proxy serves.
fn go(work: &Path) -> PathBuf {
    let told = |key: &str| {
        let told = output(command(Path::new("go"), work).args(["env", key]));
        String::from_utf8_lossy(&told).trim().to_owned()
    };
    let numbers = |version: &str| -> Vec<u32> {
        version.trim_start_matches("go").split('.').map_while(|part| part.parse().ok()).collect()
    };
    if numbers(&told("GOVERSION")) >= numbers(GO) {
        return PathBuf::from("go");
    }
    let module = format!("golang.org/toolchain@v0.0.1-go{GO}.{}-{}", told("GOOS"), told("GOARCH"));
    output(
        command(Path::new("go"), work).args(["mod", "download", "-modcacherw", &module]).current_dir(work),
    );
    let root = work.join("pkg/mod").join(&module);
    // A module's files are not executable.
    output(Command::new("chmod").arg("-R").arg("+x").arg(root.join("bin")).arg(root.join("pkg/tool")));
    root.join("bin/go")
}

/// Go, with everything below `work`: nothing outside target is touched, and what is there can be removed.
fn command(go: &Path, work: &Path) -> Command {
    let mut command = Command::new(go);
    command.env("GOPATH", work).env("GOCACHE", work.join("build")).env("GOFLAGS", "");
    command.env("GOTOOLCHAIN", "local").env_remove("GOROOT");
    command
}
