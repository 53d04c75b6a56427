//! `cosimg demo`: sign a link that covers its rule, fetch it over real HTTP, look at what came, and attack it.
//!
//! Each line marked `ok` was checked on what came over the wire; one that does not hold is marked `FAILED` and fails
//! the program.

mod attack;
mod client;
mod fetch;
mod picture;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};

use cosimg::{KeyTime, Limits};
use tokio::runtime::Runtime;

use crate::args::Demo;
use crate::clock;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, line};
use crate::stop::Stop;
use stage::{OTHER, Object, SAMPLES, Stage};

/// Seconds that the links hold: long enough to look at them with `--keep`.
const VALID: u64 = 3_600;

pub(crate) fn run(args: &Demo) -> Outcome {
    let objects = objects(&args.file)?;
    let out = match &args.out {
        Some(folder) => fs::create_dir_all(folder).map(|()| folder.clone()),
        None => tempfile::Builder::new().prefix("cosimg-demo-").tempdir().map(tempfile::TempDir::keep),
    };
    let out = out.map_err(|e| Failure::io("the folder for the answers", &e))?;
    let runtime = Runtime::new().map_err(|e| Failure::io("the gateway", &e))?;
    runtime.block_on(async {
        let mut stop = Stop::new()?;
        let stage = Stage::set(&objects).await?;
        let checks = tokio::select! {
            () = stop.asked() => return Err(Failure::told(Exit::Cancelled)),
            checks = show(&out, &stage, &objects) => checks?,
        };
        if args.keep {
            line("The gateway stays up: open the links in a browser. Ctrl-C ends it.")?;
            stop.asked().await;
        }
        if checks.failed == 0 { Ok(()) } else { Err(Failure::told(Exit::Failed)) }
    })
}

/// What the bucket will hold: the user's files, or the samples that come with the program.
fn objects(files: &[PathBuf]) -> Outcome<Vec<Object>> {
    if files.is_empty() {
        return Ok(SAMPLES.map(|(key, bytes)| Object { key: key.to_owned(), bytes: bytes.to_vec() }).into());
    }
    let mut objects: Vec<Object> = Vec::with_capacity(files.len());
    for path in files {
        let bytes = output::read(path, Limits::intl_2024().input_bytes)?;
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| Failure::usage(format_args!("{}: has no UTF-8 name", path.display())))?;
        let taken = name == OTHER || objects.iter().any(|object| object.key == name);
        let key = if taken { format!("{}/{name}", objects.len() + 1) } else { name.to_owned() };
        objects.push(Object { key, bytes });
    }
    Ok(objects)
}

async fn show(out: &Path, stage: &Stage, objects: &[Object]) -> Outcome<Checks> {
    let now = clock::unix_now()?;
    let window = KeyTime::new(now, now + VALID)?;
    let mut checks = Checks::default();
    line(format_args!("Gateway at http://{} over a temporary bucket.", stage.address))?;
    line(format_args!("Links hold until {}.", clock::text(window.end())))?;
    for object in objects {
        line("")?;
        let link = stage.sign(&object.key, &stage.credential, window)?;
        fetch::run(stage, object, &link, out, &mut checks).await?;
        line("")?;
        attack::run(stage, object, &link, &mut checks).await?;
    }
    line("")?;
    match checks {
        Checks { held, failed: 0 } => line(format_args!("All {held} checks held."))?,
        Checks { held, failed } => line(format_args!("{failed} of {} checks FAILED.", held + failed))?,
    }
    Ok(checks)
}

/// Counts what was checked.
#[derive(Default)]
struct Checks {
    held: u32,
    failed: u32,
}

impl Checks {
    /// Prints a statement and whether it holds.
    fn check(&mut self, holds: bool, statement: impl std::fmt::Display) -> Outcome {
        let mark = if holds { "ok" } else { "FAILED" };
        *(if holds { &mut self.held } else { &mut self.failed }) += 1;
        line(format_args!("  {mark:<6}  {statement}"))
    }
}
