//! Every public type can be sent to and shared between threads, and survives a caught panic: the C ABI and Python
//! promise it for their handles, and a private field must not take it away unnoticed.

mod source;

use std::panic::{RefUnwindSafe, UnwindSafe};

use cosimg::{jpeg, link, params, pipeline, sign};
use proc_macro2::TokenTree;
use source::ident;

const fn holds<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}

const _: () = {
    holds::<cosimg::Cancel>();
    holds::<cosimg::Credential>();
    holds::<cosimg::Error>();
    holds::<cosimg::ErrorKind>();
    holds::<cosimg::KeyTime>();
    holds::<cosimg::Limits>();
    holds::<cosimg::Link>();
    holds::<cosimg::Params>();
    holds::<cosimg::Query>();
    holds::<cosimg::Signer>();
    holds::<cosimg::Verifier>();

    holds::<jpeg::CoefficientImage>();
    holds::<jpeg::Coding>();
    holds::<jpeg::ComponentInfo>();
    holds::<jpeg::Damages>();
    holds::<jpeg::Density>();
    holds::<jpeg::Encoder>();
    holds::<jpeg::HuffmanTableInfo>();
    holds::<jpeg::Preset>();
    holds::<jpeg::QuantTables>();
    holds::<jpeg::RestartInterval>();
    holds::<jpeg::Image<'static>>();
    holds::<jpeg::ImageInfo>();
    holds::<jpeg::Inspection>();
    holds::<jpeg::Mode>();
    holds::<jpeg::PixelFormat>();
    holds::<jpeg::PixelPlane<'static>>();
    holds::<jpeg::Quality>();
    holds::<jpeg::QualityEstimate>();
    holds::<jpeg::QuantTableInfo>();
    holds::<jpeg::RowEncoder>();
    holds::<jpeg::ScanInfo>();
    holds::<jpeg::Script>();
    holds::<jpeg::SegmentInfo>();
    holds::<jpeg::Simd>();
    holds::<jpeg::Strip>();
    holds::<jpeg::Subsampling>();
    holds::<jpeg::Transcoded>();
    holds::<jpeg::Transcoder>();

    holds::<link::Host>();
    holds::<link::PicOperations>();
    holds::<link::Severity>();
    holds::<link::Weakness>();

    holds::<params::Blur>();
    holds::<params::Color>();
    holds::<params::Crop>();
    holds::<params::Cut>();
    holds::<params::Decimal>();
    holds::<params::FaceCrop>();
    holds::<params::Flip>();
    holds::<params::Format>();
    holds::<params::Gravity>();
    holds::<params::ImageMogr2>();
    holds::<params::Op>();
    holds::<params::Params>();
    holds::<params::Position>();
    holds::<params::SizeLimit>();
    holds::<params::SizeUnit>();
    holds::<params::Stage>();
    holds::<params::Thumbnail>();
    holds::<params::Unknown>();
    holds::<params::Warning>();

    holds::<pipeline::Format>();
    holds::<pipeline::IgnoreError>();
    holds::<pipeline::Picture>();
    holds::<pipeline::Plan>();
    holds::<pipeline::Processed>();
    holds::<pipeline::Processor>();

    holds::<sign::Answer>();
    holds::<sign::Cause>();
    holds::<sign::Certainty>();
    holds::<sign::Difference>();
    holds::<sign::Echo>();
    holds::<sign::Explainer>();
    holds::<sign::Explanation>();
    holds::<sign::Finding>();
    holds::<sign::HeaderPolicy>();
    holds::<sign::Line>();
    holds::<sign::Links>();
    holds::<sign::Part>();
    holds::<sign::Reason>();
    holds::<sign::Rejected>();
    holds::<sign::Request>();
    holds::<sign::Signature>();
    holds::<sign::Template<'static>>();
    holds::<sign::UrlForm>();
    holds::<sign::Verified>();
    holds::<sign::WindowSigner<'static>>();
};

/// A public type that is missing above would go unchecked, so the list is compared with the source: the lint
/// `unreachable_pub` sees to it that what is `pub` there is public.
#[test]
fn the_list_is_complete() {
    let listed = |name: &str| {
        let this = include_str!("autotraits.rs");
        this.contains(&format!("::{name}>();")) || this.contains(&format!("::{name}<'static>>();"))
    };
    let library = source::library();
    let rooms = library.iter().filter(|file| !file.path.starts_with("src/ffi/"));
    let types: Vec<String> = rooms.flat_map(|file| public_types(&file.tokens)).collect();
    assert!(types.len() > 20, "{types:?}");
    let missing: Vec<_> = types.iter().filter(|name| !listed(name)).collect();
    assert!(missing.is_empty(), "public types that are not in tests/autotraits.rs: {missing:?}");
}

/// The names after `pub struct` and `pub enum`, at every depth.
fn public_types(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(public_types(&group.stream().into_iter().collect::<Vec<_>>()));
        }
        let next = |ahead: usize| ident(tokens.get(at + ahead)).unwrap_or_default();
        if next(0) == "pub" && ["struct", "enum", "union"].contains(&next(1).as_str()) {
            found.push(next(2));
        }
    }
    found
}
