//! A folder as a bucket: keys become files inside it and nothing outside it.

use std::io::{self, ErrorKind, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::gateway::respond::Refusal;

/// Bytes of an object that the gateway holds in memory: twice what the service processes, so that `ignore-error/1`
/// can give back an original that is too large to process.
const OBJECT_BYTES: u64 = 64 << 20;

/// Bytes of a key, a limit of COS.
const KEY_BYTES: usize = 850;

/// A bucket. The folder is held open, and the system resolves each key beneath it (`openat2` with
/// `RESOLVE_BENEATH` on Linux), so no link and no race leads out.
pub(crate) struct Bucket {
    pub(crate) name: String,
    folder: Dir,
}

impl Bucket {
    pub(crate) fn open(name: String, folder: &Path) -> io::Result<Self> {
        Ok(Self { name, folder: Dir::open_ambient_dir(folder, ambient_authority())? })
    }

    /// The bytes of an object. `key` has no leading slash.
    pub(super) fn read(&self, key: &str) -> Result<Vec<u8>, Refusal> {
        if key.len() > KEY_BYTES {
            return Err(Refusal::new(400, "KeyTooLong", "The object key is too long."));
        }
        if !names_one_file(key) {
            return Err(no_such_key());
        }
        // A pipe would block when opened, so look first; the look at the open file is the one that counts.
        if !self.folder.metadata(key).map_err(refusal)?.is_file() {
            return Err(no_such_key());
        }
        let file = self.folder.open(key).map_err(refusal)?;
        let meta = file.metadata().map_err(refusal)?;
        if !meta.is_file() {
            return Err(no_such_key());
        }
        let mut bytes = Vec::new();
        if meta.len() <= OBJECT_BYTES {
            file.take(OBJECT_BYTES + 1).read_to_end(&mut bytes).map_err(refusal)?;
            if bytes.len() as u64 <= OBJECT_BYTES {
                return Ok(bytes);
            }
        }
        Err(Refusal::new(400, "ImageTooLarge", format!("The object has over {OBJECT_BYTES} bytes.")))
    }
}

/// In COS `a//b` and `./a` are keys of their own; in a folder they are other names of `a/b` and `a`. Only the plain
/// name is served, so that one file has one key.
fn names_one_file(key: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let foreign = |c: char| c == '\0' || (cfg!(windows) && matches!(c, '\\' | ':'));
    key.split('/').all(plain) && !key.contains(foreign)
}

fn no_such_key() -> Refusal {
    Refusal::new(404, "NoSuchKey", "The specified key does not exist.")
}

fn refusal(error: io::Error) -> Refusal {
    match error.kind() {
        // A link that leads out of the folder is "permission denied".
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::PermissionDenied
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput => no_such_key(),
        _ => Refusal::new(500, "InternalError", "The object cannot be read."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn code(bucket: &Bucket, key: &str) -> &'static str {
        bucket.read(key).map_or_else(|refusal| refusal.code(), |_| "read")
    }

    #[test]
    fn keys_lead_to_files_of_the_folder_and_nowhere_else() {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("bucket");
        fs::create_dir_all(folder.join("a/b")).unwrap();
        fs::write(around.path().join("outside"), b"secret").unwrap();
        fs::write(folder.join("a/b/c.jpg"), b"c").unwrap();
        fs::write(folder.join("图 (1)+%.png"), b"d").unwrap();
        fs::write(folder.join("%2e%2e"), b"e").unwrap();
        let bucket = Bucket::open("b".to_owned(), &folder).unwrap();

        for key in ["a/b/c.jpg", "图 (1)+%.png", "%2e%2e"] {
            assert_eq!(code(&bucket, key), "read", "{key}");
        }
        let absolute = around.path().join("outside").display().to_string();
        for key in [
            "",
            "/",
            "a",
            "a/",
            "a/b/",
            "missing",
            "a/b/c.jpg/",
            "a/b/c.jpg/d",
            "a//b/c.jpg",
            "./a/b/c.jpg",
            "a/./b/c.jpg",
            "..",
            "../outside",
            "a/../../outside",
            "a/b/../../../outside",
            "/etc/passwd",
            absolute.as_str(),
            "a\0b",
            "a/b/c.jpg\0",
            "..\\outside",
            "%2e%2e/outside",
        ] {
            assert_eq!(code(&bucket, key), "NoSuchKey", "{key:?}");
        }
        assert_eq!(code(&bucket, &"k".repeat(KEY_BYTES + 1)), "KeyTooLong");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_the_folder_only_and_pipes_not_at_all() {
        use std::os::unix::fs::symlink;
        use std::process::Command;
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("bucket");
        fs::create_dir(&folder).unwrap();
        fs::write(around.path().join("outside"), b"secret").unwrap();
        fs::write(folder.join("inside"), b"x").unwrap();
        symlink("inside", folder.join("good")).unwrap();
        symlink("../outside", folder.join("relative")).unwrap();
        symlink(around.path().join("outside"), folder.join("absolute")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        symlink("loop", folder.join("loop")).unwrap();
        let bucket = Bucket::open("b".to_owned(), &folder).unwrap();
        assert_eq!(code(&bucket, "good"), "read");
        for key in ["relative", "absolute", "up/outside"] {
            assert_eq!(code(&bucket, key), "NoSuchKey", "{key}");
        }
        assert_ne!(code(&bucket, "loop"), "read");
        // A pipe without a writer would keep the worker for ever.
        assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
        assert_eq!(code(&bucket, "pipe"), "NoSuchKey");
    }

    #[test]
    fn an_object_over_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::create(folder.path().join("large")).unwrap();
        file.set_len(OBJECT_BYTES + 1).unwrap();
        let bucket = Bucket::open("b".to_owned(), folder.path()).unwrap();
        assert_eq!(code(&bucket, "large"), "ImageTooLarge");
    }
}
