//! What was typed becomes jobs, before the first of them is begun: nothing that would overwrite the work of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::args::Transcode;
use crate::failure::{Failure, Outcome};
use crate::output::is_dash;

/// How the names of JPEGs end, in any case.
const EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "jpe", "jfif", "mpo"];

/// A source and where its result goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) input: PathBuf,
    /// `None` is the place of the source.
    pub(super) output: Option<PathBuf>,
    /// Whether the folder of the result is made where it is missing.
    pub(super) makes_folders: bool,
}

impl Job {
    pub(super) fn output(&self) -> &Path {
        self.output.as_deref().unwrap_or(&self.input)
    }
}

/// What there is to do.
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    /// Folders that cannot be read, and why.
    pub(super) faults: Vec<(PathBuf, Failure)>,
}

pub(super) fn of(args: &Transcode) -> Outcome<Plan> {
    check(args)?;
    let mut found =
        Found { skip: args.out_dir.as_deref().and_then(|dir| fs::canonicalize(dir).ok()), ..Found::default() };
    for input in &args.inputs {
        if found.skips(input) {
            let folder = input.display();
            return Err(Failure::usage(format_args!("{folder} is --out-dir, too: --in-place replaces the sources")));
        }
        if input.is_dir() {
            found.walk(input);
        } else {
            found.files.push((input.clone(), input.file_name().map(PathBuf::from)));
        }
    }
    let jobs = found.files.into_iter().map(|(input, name)| {
        let output = match (&args.output, &args.out_dir) {
            (Some(file), _) => Some(file.clone()),
            (None, Some(dir)) => Some(dir.join(name.unwrap_or_default())),
            (None, None) => None,
        };
        Job { input, output, makes_folders: args.out_dir.is_some() }
    });
    Ok(Plan { jobs: apart(jobs.collect())?, faults: found.faults })
}

fn check(args: &Transcode) -> Outcome {
    let several = args.inputs.len() > 1;
    let wrong = if args.output.is_some() && (several || args.inputs[0].is_dir()) {
        "--output is for one file: many go to --out-dir or stay --in-place"
    } else if args.output.is_none() && args.inputs.iter().any(|input| is_dash(input)) {
        "standard input needs --output"
    } else if args.json && args.output.as_deref().is_some_and(is_dash) {
        "--json and the result cannot both go to standard output"
    } else {
        return Ok(());
    };
    Err(Failure::usage(wrong))
}

/// Each file once; no two results in one place, and none in the place of another source.
fn apart(jobs: Vec<Job>) -> Outcome<Vec<Job>> {
    let place = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let sources: BTreeSet<_> = jobs.iter().map(|job| place(&job.input)).collect();
    let mut taken = BTreeMap::new();
    let mut kept: Vec<Job> = Vec::new();
    for job in jobs {
        let (source, target) = (place(&job.input), place(job.output()));
        if is_dash(job.output()) {
            kept.push(job);
            continue;
        }
        if source != target && sources.contains(&target) {
            let (input, output) = (job.input.display(), job.output().display());
            return Err(Failure::usage(format_args!("the result of {input} would replace {output}, another source")));
        }
        match taken.insert(target, source.clone()) {
            Some(other) if other == source => {}
            Some(other) => {
                let (other, input, output) = (other.display(), job.input.display(), job.output().display());
                return Err(Failure::usage(format_args!("{other} and {input} would both become {output}")));
            }
            None => kept.push(job),
        }
    }
    Ok(kept)
}

#[derive(Default)]
struct Found {
    /// Files, and the names that they keep in another folder.
    files: Vec<(PathBuf, Option<PathBuf>)>,
    faults: Vec<(PathBuf, Failure)>,
    /// A folder that is not looked into: that of the results, below one that is named.
    skip: Option<PathBuf>,
}

impl Found {
    fn skips(&self, folder: &Path) -> bool {
        self.skip.is_some() && fs::canonicalize(folder).ok() == self.skip
    }

    /// The JPEGs of a folder and those below it, by their names, in order. Links to folders are not followed.
    fn walk(&mut self, root: &Path) {
        let mut folders = vec![PathBuf::new()];
        while let Some(below) = folders.pop() {
            let folder = root.join(&below);
            if self.skips(&folder) {
                continue;
            }
            let entries = fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let mut entries = match entries {
                Ok(entries) => entries,
                Err(error) => {
                    let failure = Failure::io(folder.display(), &error);
                    self.faults.push((folder, failure));
                    continue;
                }
            };
            entries.sort_by_key(fs::DirEntry::file_name);
            let mut further = Vec::new();
            for entry in entries {
                let name = below.join(entry.file_name());
                let kind = entry.file_type();
                if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                    further.push(name);
                } else if is_jpeg(&name) && entry.path().is_file() {
                    self.files.push((entry.path(), Some(name)));
                }
            }
            folders.extend(further.into_iter().rev());
        }
    }
}

fn is_jpeg(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}
