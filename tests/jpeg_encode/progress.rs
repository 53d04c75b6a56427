//! What a caller is told while a picture is encoded, and how it is given the file.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::thread;

use cosimg::jpeg::{Coding, Encoder, PixelFormat, inspect};
use cosimg::{Error, ErrorKind, Limits};

use crate::{PRESETS, Picture, encoder};

pub(crate) type Told = Arc<Mutex<Vec<(u64, u64)>>>;

/// An encoder that keeps what it tells, and stops after so many times.
pub(crate) fn telling(encoder: &Encoder, most: usize) -> (Encoder, Told) {
    let told = Told::default();
    let (list, caller) = (Arc::clone(&told), thread::current().id());
    let tell = move |done, total| {
        assert_eq!(thread::current().id(), caller);
        let mut list = list.lock().unwrap();
        list.push((done, total));
        if list.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    (encoder.clone().progress(tell), told)
}

fn in_rows(scene: &Picture, encoder: &Encoder) -> Result<Vec<u8>, Error> {
    let mut rows = encoder.rows(scene.width, scene.height, PixelFormat::Rgb8)?;
    scene.data.chunks(1000).try_for_each(|part| rows.push(part))?;
    rows.finish()
}

#[test]
fn it_rises_to_the_total_and_changes_nothing() {
    let scene = Picture::scene(120, 220);
    let settings = PRESETS.map(|preset| encoder(85).preset(preset)).into_iter();
    let others =
        [encoder(85).coding(Coding::Smaller), encoder(85).target_bytes(5000), encoder(85).target_bytes(1 << 20)];
    for plain in settings.chain(others) {
        let file = scene.encode(&plain);
        for threads in [1, 3] {
            let plain = plain.clone().threads(NonZeroUsize::new(threads).unwrap());
            let (encoder, told) = telling(&plain, usize::MAX);
            assert!(scene.encode(&encoder) == file);
            let whole = std::mem::take(&mut *told.lock().unwrap());
            assert!(in_rows(&scene, &encoder).unwrap() == file);
            let rows = std::mem::take(&mut *told.lock().unwrap());
            for told in [whole, rows] {
                let total = told[0].1;
                assert!(told.len() > 5 && told.iter().all(|&(done, of)| done > 0 && of == total), "{told:?}");
                assert!(told.is_sorted_by(|a, b| a.0 < b.0) && told[told.len() - 1].0 == total, "{told:?}");
            }
        }
    }
}

#[test]
fn it_stops_the_call_wherever_it_is() {
    let scene = Picture::scene(120, 220);
    for threads in [1, 2] {
        let plain = encoder(85).threads(NonZeroUsize::new(threads).unwrap());
        let (telling_all, told) = telling(&plain, usize::MAX);
        scene.encode(&telling_all);
        // On threads it depends on chance how much the caller's has to tell; the end of each scan it always has.
        let times = if threads == 1 { told.lock().unwrap().len() } else { 7 };
        for most in 1..times {
            let (encoder, told) = telling(&plain, most);
            let mut pieces = 0;
            let result = encoder.encode_to(&scene.image(), |_| {
                pieces += 1;
                Ok(())
            });
            assert_eq!(told.lock().unwrap().len(), most);
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Cancelled, Some("progress")));
            assert!(pieces <= 8, "{pieces}");
        }
        let (encoder, _) = telling(&plain, 4);
        assert_eq!(in_rows(&scene, &encoder).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[test]
fn pieces_are_the_file() {
    let scene = Picture::scene(120, 220);
    for encoder in [encoder(85), encoder(85).coding(Coding::Smaller), encoder(85).target_bytes(4000)] {
        for threads in [1, 3] {
            let encoder = encoder.clone().threads(NonZeroUsize::new(threads).unwrap());
            let file = scene.encode(&encoder);
            let mut pieces: Vec<Vec<u8>> = Vec::new();
            let mut take = |piece: &[u8]| {
                pieces.push(piece.to_vec());
                Ok(())
            };
            encoder.encode_to(&scene.image(), &mut take).unwrap();
            let mut rows = encoder.rows(120, 220, PixelFormat::Rgb8).unwrap();
            rows.push(&scene.data).unwrap();
            rows.finish_to(&mut take).unwrap();
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            assert!(pieces.concat() == [&file[..], &file].concat());
        }
    }
    // Each scan as it is done, and the end.
    let mut pieces = Vec::new();
    let mut take = |piece: &[u8]| {
        pieces.push((piece[..2].to_vec(), piece.len()));
        Ok(())
    };
    encoder(85).encode_to(&scene.image(), &mut take).unwrap();
    let scans = inspect(&scene.encode(&encoder(85)), &Limits::default()).unwrap().scans.len();
    assert_eq!((pieces.len(), pieces[scans].1), (scans + 1, 2), "{pieces:?}");
    assert!(pieces[1..scans].iter().all(|(start, _)| *start == [0xFF, 0xC4]), "{pieces:?}");
}

#[test]
fn nothing_comes_after_a_failure() {
    let scene = Picture::scene(120, 220);
    for most in [0, 1, 3, 8] {
        let mut times = 0;
        let error = encoder(85).encode_to(&scene.image(), |_| {
            times += 1;
            if times > most { Err(io::Error::other("the disk is full")) } else { Ok(()) }
        });
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.message(), error.field()), (ErrorKind::Io, "the disk is full", Some("write")));
        assert_eq!(times, most + 1);
    }
    let rows = encoder(85).rows(120, 220, PixelFormat::Rgb8).unwrap();
    assert_eq!(rows.finish_to(|_| panic!("rows are missing")).unwrap_err().field(), Some("data"));
}
