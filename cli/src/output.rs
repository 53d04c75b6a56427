//! The result alone goes to standard output; everything else to standard error. Files appear whole or not at all.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Exit, Failure, Outcome};

/// Number of the form of every `--json` object, raised when a field changes its meaning or goes.
pub(crate) const SCHEMA: u32 = 1;

/// A line of the result.
pub(crate) fn line(text: impl fmt::Display) -> Outcome {
    stdout(|out| writeln!(out, "{text}"))
}

/// The result as one JSON object on one line. `object` has a field `schema`.
pub(crate) fn json(object: &impl Serialize) -> Outcome {
    let text = serde_json::to_string(object).map_err(|e| Failure::new(Exit::Failed, e))?;
    line(text)
}

/// A remark beside the result. A closed standard error is nobody's fault.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "cosimg: {text}");
}

/// All bytes of a file, or of standard input for `-`, unless they are more than `limit`.
pub(crate) fn read(path: &Path, limit: u64) -> Outcome<Vec<u8>> {
    let too_large = || {
        let name = path.display();
        Failure::new(Exit::Limit, format_args!("{name}: has more bytes than the limit of {limit}"))
    };
    let bytes = if is_dash(path) {
        read_at_most(io::stdin().lock(), 0, limit)
    } else {
        let opened = File::open(path).and_then(|file| file.metadata().map(|meta| (file, meta)));
        opened.and_then(|(file, meta)| {
            if meta.is_file() && meta.len() > limit { Ok(None) } else { read_at_most(file, meta.len(), limit) }
        })
    };
    bytes.map_err(|e| Failure::io(path.display(), &e))?.ok_or_else(too_large)
}

/// `expected` bytes are there, it is said.
fn read_at_most(source: impl Read, expected: u64, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // With room for one more the end is found without a larger buffer.
    let room = expected.min(limit).saturating_add(1);
    let mut bytes = Vec::new();
    let _ = bytes.try_reserve_exact(usize::try_from(room).unwrap_or(0));
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Writes a file by way of a temporary one in the same folder, so that nobody sees half of it and a failure leaves
/// nothing behind; `-` is standard output. Devices and pipes are written to as they are, never replaced.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Outcome {
    write_as(path, bytes, &Keep::default())
}

/// What a file that is written has to do with others.
#[derive(Debug, Default)]
pub(crate) struct Keep<'a> {
    /// The file whose modification time and permissions it gets.
    pub(crate) source: Option<&'a fs::Metadata>,
    /// The file that it replaces, as it was when it was read: another one is not lost.
    pub(crate) replaces: Option<&'a fs::Metadata>,
}

/// As [`write`].
pub(crate) fn write_as(path: &Path, bytes: &[u8], keep: &Keep<'_>) -> Outcome {
    if is_dash(path) {
        return stdout(|out| out.write_all(bytes));
    }
    // A link is followed, so that the file that it names is replaced and not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| not_yet_there(path));
    let written = match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => File::options().write(true).open(path).and_then(|mut f| f.write_all(bytes)),
        Ok(meta) => replace(path, bytes, Some(meta.permissions()), keep),
        Err(_) => replace(path, bytes, None, keep),
    };
    written.map_err(|e| Failure::io(path.display(), &e))
}

/// Whether [`write`] makes a file of it, in one piece: not of standard output, devices and pipes, whose readers see
/// the pieces, and may keep it waiting.
pub(crate) fn appears_whole(path: &Path) -> bool {
    !is_dash(path) && fs::metadata(path).map_or(true, |meta| meta.is_file())
}

/// A file that a link names and that is still to be made.
fn not_yet_there(path: &Path) -> PathBuf {
    match (path.parent(), fs::read_link(path)) {
        (Some(folder), Ok(target)) => folder.join(target),
        _ => path.to_owned(),
    }
}

fn replace(path: &Path, bytes: &[u8], permissions: Option<fs::Permissions>, keep: &Keep<'_>) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cosimg-").suffix(".tmp");
    #[cfg(unix)]
    {
        // What the user's umask leaves of it, as for any new file.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = keep.source.map(fs::Metadata::permissions).or(permissions) {
        file.as_file().set_permissions(permissions)?;
    }
    if let Some(source) = keep.source {
        file.as_file().set_modified(source.modified()?)?;
    }
    if let Some(was) = keep.replaces {
        // The only copy of a picture is not to depend on what the system has in mind to write.
        file.as_file().sync_all()?;
        let is = fs::metadata(path)?;
        if (is.len(), is.modified()?) != (was.len(), was.modified()?) {
            return Err(io::Error::other("the file was changed meanwhile, and stays as it is"));
        }
    }
    file.persist(path)?;
    Ok(())
}

pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Fails quietly where its reader went away.
pub(crate) fn stdout(write: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<()>) -> Outcome {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(Failure::told(Exit::Unread)),
        Err(e) => Err(Failure::io("standard output", &e)),
        Ok(()) => Ok(()),
    }
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_source_over_the_limit_is_refused() {
        // Whatever was expected.
        for expected in [0, 1, 3, 4, 1 << 20, u64::MAX] {
            let read = |bytes: &[u8], limit| read_at_most(bytes, expected, limit).unwrap();
            assert_eq!(read(&[1, 2, 3], 3), Some(vec![1, 2, 3]));
            assert_eq!(read(&[1, 2, 3, 4], 3), None);
            assert_eq!(read(&[1], u64::MAX), Some(vec![1]));
        }
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        write(&path, b"one").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        }
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::os::unix::fs::symlink("file", &link).unwrap();
        write(&link, b"first").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"first");
        write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");

        let null = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &null).unwrap();
        write(&null, b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(&folder.path().join("missing/a.jpg"), b"x").is_err());
        // The rename cannot replace a folder.
        assert!(write(folder.path(), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
