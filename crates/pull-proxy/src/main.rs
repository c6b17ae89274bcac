//! `ecr-pull-proxy`: reads its configuration, then serves until it is told to stop.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use pull_proxy::ecr::Aws;
use pull_proxy::endpoint::App;
use pull_proxy::push::PushLogin;
use pull_proxy::registries::Registries;
use pull_proxy::server::Server;
use pull_proxy::{Config, systemd};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

const USAGE: &str = "\
usage: ecr-pull-proxy --config FILE [--check]

  --config FILE  configuration in TOML
  --check        only say whether the configuration can be used
  --version      print the version
";
/// Status of a wrong command line or configuration, as in sysexits.
const CONFIGURATION: u8 = 78;

/// Most threads that serve.
const THREADS: usize = 4;

enum Command {
    Help,
    Version,
    Check(PathBuf),
    Serve(PathBuf),
}

fn main() -> ExitCode {
    let command = match arguments(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(message) => return complain(&format!("{message}\n{USAGE}")),
    };
    let (path, check) = match command {
        Command::Help => return print(USAGE),
        Command::Version => return print(concat!("ecr-pull-proxy ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Check(path) => (path, true),
        Command::Serve(path) => (path, false),
    };
    let config = match Config::load(&path) {
        Ok(config) => config,
        Err(error) => return complain(&format!("{}: {error}\n", path.display())),
    };
    // Hashing is what takes time, and a worker has other things to do; each thread costs memory, too.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return complain(&format!("starting: {error}\n")),
        };
    if check {
        // Clients are made as well: an address that may not be contacted shows here.
        return match runtime.block_on(clients(&config)) {
            Ok(_) => print(&format!("{}: {} rules, good\n", path.display(), config.rules.iter().count())),
            Err(error) => complain(&format!("{}: {error}\n", path.display())),
        };
    }
    log(config.log);
    runtime.block_on(async {
        match serve(config).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                error!(%error, "cannot start");
                ExitCode::FAILURE
            }
        }
    })
}

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let (registries, push) = clients(&config).await?;
    if let Some(push) = &push {
        push.prepare()?;
    }
    let server = Server::bind(App::new(config, registries, push.clone())).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let addresses: Vec<String> = server.addresses().iter().map(ToString::to_string).collect();
    let addresses = addresses.join(" ");
    info!(addresses, version = env!("CARGO_PKG_VERSION"), "listening");
    systemd::notify(&format!("READY=1\nSTATUS=listening on {addresses}\n"))?;
    let stop = CancellationToken::new();
    let kept = push.map(|push| {
        let stop = stop.clone();
        tokio::spawn(async move { push.run(stop).await })
    });
    let served = tokio::spawn(server.run(stop.clone()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    systemd::notify("STOPPING=1\n")?;
    stop.cancel();
    if let Some(kept) = kept {
        kept.await?;
    }
    served.await?;
    info!("stopped");
    Ok(())
}

/// Everything that asks somebody else. Nothing is sent yet.
async fn clients(
    config: &Config,
) -> Result<(Registries, Option<Arc<PushLogin>>), Box<dyn std::error::Error>> {
    let aws = Aws::new()?;
    let registries = Registries::new(config, &aws).await?;
    let push = PushLogin::new(config, &aws).await?;
    Ok((registries, push.map(Arc::new)))
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Command, String> {
    let (mut config, mut check) = (None, false);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--version" => return Ok(Command::Version),
            "--check" => check = true,
            "--config" => config = Some(given.next().ok_or("--config needs a file")?),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let path = PathBuf::from(config.ok_or("--config is missing")?);
    Ok(if check { Command::Check(path) } else { Command::Serve(path) })
}

/// Logs to standard error, a JSON object a line; this crate at the configured level, others from warnings on.
fn log(level: tracing::Level) {
    let filter =
        tracing_subscriber::filter::EnvFilter::new(format!("warn,pull_proxy={level},ecr_pull_proxy={level}"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(text: &str) -> ExitCode {
    // Without standard error there is nobody to tell.
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(CONFIGURATION)
}
