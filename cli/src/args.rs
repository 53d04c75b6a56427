//! What was typed: the command line as data. The commands turn it into a plan.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;

use clap::builder::ArgPredicate;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use cosimg::Limits;
use cosimg::jpeg::{Coding, RestartInterval, Strip, Subsampling};

use crate::scan_flags::{ModeName, ScanFlags};

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 some item failed, 2 usage, 3 nothing to do, 4 verification failed, 5 limit, 130 cancelled.
Secrets come from COSIMG_SECRET_ID, COSIMG_SECRET_KEY and COSIMG_TOKEN, or from --credentials FILE:
  {\"credentials\":[{\"secret_id\":\"...\",\"secret_key\":\"...\",\"token\":\"...\"}]}   (token is optional)
COSIMG_SIMD=scalar|avx2|avx512 forces the instructions of transcode and encode; their results have the same bytes.
A file named - is standard input or standard output.";

/// Tencent COS image links that cannot be stripped, and the progressive JPEG behind them.
#[derive(Debug, Parser)]
#[command(name = "cosimg", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign a request: print the link, or the headers to send.
    Sign(Sign),
    /// Check the signature of a link and say what it covers.
    Verify(Verify),
    /// Show every text that is signed in a link, and say why it is refused.
    Explain(Explain),
    /// Warn of what a link leaves open.
    Audit(Audit),
    /// Show what a JPEG is made of.
    Inspect(Inspect),
    /// Make a JPEG progressive, or baseline, without any loss; or one of a lower quality.
    Transcode(Transcode),
    /// Encode a PNG, BMP, GIF or WebP picture as JPEG.
    Encode(Encode),
    /// Carry out a processing rule on a file, as the service would.
    Process(Process),
    /// Answer signed links over a folder, as COS would.
    Serve(Serve),
    /// Sign, fetch, look and attack: the whole of it on this machine.
    Demo(Demo),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("window").required(true).args(["expires", "start", "batch"]))]
pub(crate) struct Sign {
    /// Sign a request for each line of this file, a JSON object, and print one for each; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["host", "key", "method", "process", "param", "header", "form"])]
    pub(crate) batch: Option<PathBuf>,
    /// Host that the request goes to, e.g. examplebucket-1250000000.cos.ap-shanghai.myqcloud.com
    #[arg(
        long,
        required = false,
        required_unless_present = "batch",
        default_value_if("batch", ArgPredicate::IsPresent, "")
    )]
    pub(crate) host: String,
    /// Object key, not encoded; one leading slash is allowed
    #[arg(
        long,
        required = false,
        required_unless_present = "batch",
        default_value_if("batch", ArgPredicate::IsPresent, "")
    )]
    pub(crate) key: String,
    /// Method of the request
    #[arg(long, default_value = "GET")]
    pub(crate) method: String,
    /// Processing rule, e.g. imageMogr2/format/jpg/interlace/1; covered by the signature
    #[arg(long, value_name = "RULE")]
    pub(crate) process: Vec<String>,
    /// Query parameter; covered by the signature
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) param: Vec<(String, String)>,
    /// Header that the request will carry; covered by the signature
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) header: Vec<(String, String)>,
    /// Valid from now for so long: 30s, 10m, 2h, 7d
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) expires: Option<u64>,
    /// Valid from this Unix time
    #[arg(long, value_name = "UNIX", requires = "end")]
    pub(crate) start: Option<u64>,
    /// Valid until this Unix time
    #[arg(long, value_name = "UNIX", requires = "start")]
    pub(crate) end: Option<u64>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Form::Url)]
    pub(crate) form: Form,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// File with the credentials; the first is used
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A link
    Url,
    /// The headers to send, one a line
    Header,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The link; - reads it from standard input
    pub(crate) url: String,
    /// Method of the request
    #[arg(long, default_value = "GET")]
    pub(crate) method: String,
    /// Header that the request carries
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) header: Vec<(String, String)>,
    /// Time of the check; the clock's unless given
    #[arg(long, value_name = "UNIX")]
    pub(crate) now: Option<u64>,
    /// Refuse unless every parameter and Host are covered
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// File with the credentials; all are accepted
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The link; - reads it from standard input
    pub(crate) url: String,
    /// COS's answer: the XML of its error
    #[arg(long, value_name = "FILE")]
    pub(crate) xml: Option<PathBuf>,
    /// Host that may have been signed in place of the link's: the bucket's domain, a CDN's, a custom one
    #[arg(long)]
    pub(crate) host: Vec<String>,
    /// Method of the request
    #[arg(long, default_value = "GET")]
    pub(crate) method: String,
    /// Header that the request carries, Authorization too
    #[arg(long, value_name = "K=V", value_parser = pair)]
    pub(crate) header: Vec<(String, String)>,
    /// Time of the request; the clock's unless given
    #[arg(long, value_name = "UNIX")]
    pub(crate) now: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// File with the credentials; the one that signed is used. Without any, the signature is not computed
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// The link; - reads it from standard input
    pub(crate) url: String,
    /// Method of the request
    #[arg(long, default_value = "GET")]
    pub(crate) method: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A JPEG
    pub(crate) file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("target").required(true).args(["output", "out_dir", "in_place"]))]
pub(crate) struct Transcode {
    /// JPEGs, and folders to look for them in and below
    #[arg(value_name = "IN", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Where the result of one file goes; may be IN
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Folder for the results, under the names of their sources; made where it is missing
    #[arg(short = 'O', long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Replace the sources, each at once and only where the result is another one
    #[arg(short, long)]
    pub(crate) in_place: bool,
    #[command(flatten)]
    pub(crate) coding: CodingFlags,
    /// Leave out metadata: exif, icc, xmp, iptc, comments, thumbnails, images (the further ones of a multi-picture file),
    /// trailing (bytes after the end), other, all, or safe, which keeps ICC profiles and the orientation
    #[arg(long, value_name = "KIND[,KIND]", default_value_t = Strip::NOTHING, hide_default_value = true)]
    pub(crate) strip: Strip,
    #[command(flatten)]
    pub(crate) scans: ScanFlags,
    /// A restart marker after every N rows of MCUs, or N MCUs of each scan with B behind it
    #[arg(long, value_name = "N[B]", value_parser = restart)]
    pub(crate) restart: Option<RestartInterval>,
    /// Coarser coefficients, those of `encode` at this quality, where the source has finer ones: this changes the picture
    #[arg(short, long, value_name = "1-100", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: Option<u8>,
    /// Bytes of a result at most: where it has more, the best quality, up to --quality, at which it fits
    #[arg(long, value_name = "N")]
    pub(crate) target_bytes: Option<u64>,
    /// How much work is spent on a smaller file of the same looks, with --quality
    #[arg(long, value_enum, default_value_t = Preset::Balanced, requires = "quality")]
    pub(crate) preset: Preset,
    /// Of a damaged file keep what can be read, and warn of what cannot
    #[arg(long)]
    pub(crate) tolerant: bool,
    /// Give the source back, but for what is stripped, where the result would be larger
    #[arg(long)]
    pub(crate) never_larger: bool,
    /// Give results the modification time and the permissions of their sources
    #[arg(short, long)]
    pub(crate) preserve: bool,
    /// Threads: files at a time, or for a single file; as many as there are processors unless given
    #[arg(short, long, value_name = "N")]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Print a JSON object for each file
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CodingFlags {
    /// Progressive JPEG (default)
    #[arg(long, conflicts_with = "baseline")]
    progressive: bool,
    /// Baseline JPEG
    #[arg(long)]
    baseline: bool,
    /// Progressive or baseline, whichever is smaller
    #[arg(long, conflicts_with_all = ["progressive", "baseline"])]
    smaller: bool,
}

impl CodingFlags {
    pub(crate) fn coding(self) -> Coding {
        match self {
            Self { baseline: true, .. } => Coding::Baseline,
            Self { smaller: true, .. } => Coding::Smaller,
            _ => Coding::Progressive,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Encode {
    /// A PNG, BMP, GIF or WebP picture
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// Where the result goes; may be IN
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// How much work is spent on a smaller file of the same looks
    #[arg(long, value_enum, default_value_t = Preset::Balanced)]
    pub(crate) preset: Preset,
    /// Quality, alike to the eye with libjpeg's
    #[arg(short, long, value_name = "1-100", default_value_t = 85, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// Bytes of the result at most: of the qualities up to --quality the best that fits
    #[arg(long, value_name = "N")]
    pub(crate) target_bytes: Option<u64>,
    /// Score of the result by ssimulacra2 at least, 0 to 100: of all qualities the least that reaches it, in some seconds
    #[arg(long, value_name = "SCORE", conflicts_with_all = ["quality", "target_bytes"])]
    pub(crate) target_ssimulacra2: Option<f64>,
    /// Sampling of the colour
    #[arg(long, value_enum, default_value_t = Sampling::S420)]
    pub(crate) subsampling: Sampling,
    #[command(flatten)]
    pub(crate) coding: CodingFlags,
    /// What the scans of a progressive file are chosen for, in place of those that suit the preset
    #[arg(long, value_enum, conflicts_with_all = ["baseline", "scans"])]
    pub(crate) mode: Option<ModeName>,
    /// The scans themselves, in the syntax of cjpeg -scans
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "smaller"])]
    pub(crate) scans: Option<PathBuf>,
    /// A restart marker after every N rows of MCUs, or N MCUs of each scan with B behind it
    #[arg(long, value_name = "N[B]", value_parser = restart)]
    pub(crate) restart: Option<RestartInterval>,
    /// What transparent pixels are laid over
    #[arg(long, value_name = "RRGGBB", default_value = "ffffff", value_parser = colour)]
    pub(crate) background: Colour,
    /// An ICC profile to embed
    #[arg(long, value_name = "FILE")]
    pub(crate) icc: Option<PathBuf>,
    /// An Exif block to embed: TIFF
    #[arg(long, value_name = "FILE")]
    pub(crate) exif: Option<PathBuf>,
    /// A comment to embed; may be given again
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Vec<String>,
    /// Threads; as many as there are processors unless given
    #[arg(short, long, value_name = "N")]
    pub(crate) threads: Option<NonZero<usize>>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Preset {
    /// Least work
    Fast,
    /// What a block costs decides
    Balanced,
    /// Most work
    Small,
}

impl From<Preset> for cosimg::jpeg::Preset {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Fast => Self::Fast,
            Preset::Balanced => Self::Balanced,
            Preset::Small => Self::Small,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Sampling {
    #[value(name = "420")]
    S420,
    #[value(name = "422")]
    S422,
    #[value(name = "444")]
    S444,
    /// 420 or 444, whichever suits the picture
    Auto,
}

impl From<Sampling> for Subsampling {
    fn from(sampling: Sampling) -> Self {
        match sampling {
            Sampling::S420 => Self::S420,
            Sampling::S422 => Self::S422,
            Sampling::S444 => Self::S444,
            Sampling::Auto => Self::Auto,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Process {
    /// A picture
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// Where the result goes; may be IN
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Processing rule, e.g. imageMogr2/format/jpg/interlace/1
    pub(crate) rule: String,
    /// Which of the service's documents sets the limits
    #[arg(long, value_enum, default_value_t = Profile::Intl2024)]
    pub(crate) limits: Profile,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Profile {
    /// 32 MiB, 30,000 a side, results of 9,999 a side
    #[value(name = "intl-2024")]
    Intl2024,
    /// As intl-2024, but 20 MiB
    #[value(name = "intl-2025")]
    Intl2025,
    /// 32 MiB, 50,000 a side, results as large
    #[value(name = "cn-current")]
    CnCurrent,
}

impl From<Profile> for Limits {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Intl2024 => Self::intl_2024(),
            Profile::Intl2025 => Self::intl_2025(),
            Profile::CnCurrent => Self::cn_current(),
        }
    }
}

/// Where the gateway listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:8436";

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Serve this folder as this bucket; with one bucket, any Host is that bucket, else the Host's first label
    #[arg(long, required = true, value_name = "NAME=DIR", value_parser = bucket)]
    pub(crate) bucket: Vec<(String, PathBuf)>,
    /// Address to listen on; port 0 takes a free one. The address is printed on standard output
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_LISTEN)]
    pub(crate) listen: SocketAddr,
    /// File with the credentials; all are accepted
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
    /// Which of the service's documents sets the limits
    #[arg(long, value_enum, default_value_t = Profile::Intl2024)]
    pub(crate) limits: Profile,
    /// Do not log requests
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Pictures to use in place of the two that come with the program
    pub(crate) file: Vec<PathBuf>,
    /// Keep the gateway up until Ctrl-C, so that the links can be opened in a browser
    #[arg(long)]
    pub(crate) keep: bool,
    /// Save the answers here; otherwise in a new folder among the temporary ones
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// A colour, red first.
pub(crate) type Colour = [u8; 3];

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as K=V".to_owned()),
    }
}

fn bucket(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, folder)) if !name.is_empty() && !folder.is_empty() => {
            if name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
                Ok((name.to_owned(), PathBuf::from(folder)))
            } else {
                Err("a bucket's name has lower-case letters, digits and hyphens only".to_owned())
            }
        }
        _ => Err("write it as NAME=DIR".to_owned()),
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "write a number and a unit: 30s, 10m, 2h or 7d".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let count: u64 = number.parse().map_err(|_| "the number is too large".to_owned())?;
    match count.checked_mul(unit) {
        Some(0) => Err("a link must be valid for at least one second".to_owned()),
        Some(seconds) => Ok(seconds),
        None => Err("the time is too long".to_owned()),
    }
}

/// As `cjpeg -restart` has it.
fn restart(text: &str) -> Result<RestartInterval, String> {
    let (digits, unit): (_, fn(u16) -> _) = match text.strip_suffix(['B', 'b']) {
        Some(digits) => (digits, RestartInterval::Mcus),
        None => (text, RestartInterval::Rows),
    };
    if digits.starts_with('+') {
        return Err("write a number of rows, or one of MCUs with B behind it".to_owned());
    }
    digits.parse().map(unit).map_err(|e| e.to_string())
}

fn colour(text: &str) -> Result<Colour, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("write six hex digits, RRGGBB".to_owned());
    }
    let value = u32::from_str_radix(digits, 16).map_err(|e| e.to_string())?;
    let [_, red, green, blue] = value.to_be_bytes();
    Ok([red, green, blue])
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("10m"), Ok(600));
        assert_eq!(seconds("2h"), Ok(7_200));
        assert_eq!(seconds("7d"), Ok(604_800));
        for wrong in ["", "m", "10", "-1m", "+1m", "1.5h", "0s", "1w", "10 m", "999999999999999999999d", "1分"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert!(seconds("18446744073709551615d").is_err());
    }

    #[test]
    fn pairs_split_at_the_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("acl="), Ok(("acl".to_owned(), String::new())));
        assert!(pair("acl").is_err());
        assert!(pair("=v").is_err());
    }

    #[test]
    fn restart_intervals_are_those_of_cjpeg() {
        assert_eq!(restart("2"), Ok(RestartInterval::Rows(2)));
        assert_eq!((restart("64B"), restart("64b")), (Ok(RestartInterval::Mcus(64)), Ok(RestartInterval::Mcus(64))));
        for wrong in ["", "B", "-1", "+1", "2 B", "65536", "65536B", "1.5"] {
            assert!(restart(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn colours_are_six_hex_digits() {
        assert_eq!(colour("ff8000"), Ok([255, 128, 0]));
        assert_eq!(colour("#FF8000"), Ok([255, 128, 0]));
        for wrong in ["", "fff", "ff80001", "+f8000", "gggggg"] {
            assert!(colour(wrong).is_err(), "{wrong}");
        }
    }
}
