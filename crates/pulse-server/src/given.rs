//! Pictures that are given: read once with the reader's own limits, looked at for blocks and faces, cut and shrunk.

use std::sync::{Mutex, PoisonError};

use pulse::face::{Detector, DetectorConfig, aligned};
use pulse::generator::EMBEDDED;
use pulse::image::{Image, Kernel, MAX_FILE_BYTES, Raster, Reader, Rectangle, Size, encode_png};
use pulse::measurement::{Blur, MeasurementKind, Stage};
use pulse::mosaic::Mosaic;
use pulse::portrait::cut_faces;
use pulse::write::write_atomically;
use pulse::{Preparation, Prepared, Result};

use crate::ask::{Cut, Part, PreviewAsk};
use crate::body::{Blocks, Face, Picture, Preview};
use crate::desk::{Desk, MOST_PICTURES};
use crate::model::Given;
use crate::refusal::{Answer, Refusal};

/// The longest side of a picture as pages see it. Its width and height are said as they are.
const SHOWN: usize = 2048;

/// A picture with no side longer than this is small, and no photograph.
const SMALL: usize = 64;

/// How many times smaller than the generator's pictures a face of a large photograph is made.
const DEMONSTRATION: usize = 4;

/// How much of a file's name is kept.
const LONGEST_NAME: usize = 80;

/// Takes a file that was given.
pub(crate) fn take(desk: &Desk, name: &str, bytes: &[u8]) -> Answer<Picture> {
    let name = plain(name);
    let picture = Reader::default().decode(&name, bytes)?;
    let id = desk.change(|model| {
        if model.pictures.len() >= MOST_PICTURES {
            return Err(Refusal::conflict(format!(
                "the session has {MOST_PICTURES} pictures: remove some, or begin another"
            )));
        }
        Ok(model.next_picture())
    })?;
    let file = format!("{id}-{}.{}", stem(&name), ending(bytes));
    write_atomically(&desk.picture_file(&file), bytes)?;
    let body = looked_at(desk, id, name, &picture)?;
    put(desk, Given { body, file, crop: None, pixelate: None })
}

fn put(desk: &Desk, given: Given) -> Answer<Picture> {
    let body = given.body.clone();
    desk.change(|model| {
        desk.tell_picture(&given.body);
        model.pictures.push(given);
        Ok(())
    })?;
    Ok(body)
}

fn looked_at(desk: &Desk, id: String, name: String, picture: &Image) -> Answer<Picture> {
    let size = picture.size();
    let mosaic = Mosaic::detect(picture);
    let faces =
        if mosaic.is_none() && size.width.max(size.height) > SMALL { faces_in(desk, picture)? } else { Vec::new() };
    let kind = match &mosaic {
        Some(_) => "mosaic",
        None if size.width.max(size.height) <= SMALL => "small",
        None => "photograph",
    };
    let note = match (&mosaic, faces.len()) {
        (Some(mosaic), _) => {
            let [columns, rows] = mosaic.blocks();
            format!("{size} pixels, made of {columns}x{rows} blocks of {:.2} pixels", mosaic.grid.size)
        }
        (None, 0) => format!("{size} pixels"),
        (None, 1) => format!("{size} pixels, 1 face"),
        (None, faces) => format!("{size} pixels, {faces} faces"),
    };
    let blocks = mosaic.map(|Mosaic { grid, region }| Blocks {
        x: region.left,
        y: region.top,
        width: region.width,
        height: region.height,
        block: grid.size,
    });
    let image = shown(desk, picture)?;
    Ok(Picture { id, name, image, kind: kind.into(), original: None, note, blocks, faces, of: None })
}

/// Keeps it as pages see it: no larger than they can show.
fn shown(desk: &Desk, picture: &Image) -> Result<crate::body::Image> {
    let size = picture.size();
    let longer = size.width.max(size.height);
    if longer <= SHOWN {
        return desk.store.keep(picture, None);
    }
    let [width, height] = [size.width, size.height].map(|side| (side * SHOWN / longer).max(1));
    let kept = desk.store.keep(&picture.resized(Kernel::Area, Size::new(width, height))?, None)?;
    Ok(crate::body::Image { width: size.width, height: size.height, ..kept })
}

/// The one detector of the process; it is made when it is needed.
static DETECTOR: Mutex<Option<Detector>> = Mutex::new(None);

fn with_detector<T>(desk: &Desk, look: impl FnOnce(&mut Detector) -> T) -> Result<T> {
    let mut detector = DETECTOR.lock().unwrap_or_else(PoisonError::into_inner);
    if detector.is_none() {
        *detector = Some(Detector::new(&desk.engine, DetectorConfig::default())?);
    }
    Ok(detector.as_mut().map(look).expect("it was made just now"))
}

fn faces_in(desk: &Desk, picture: &Image) -> Result<Vec<Face>> {
    let found = with_detector(desk, |detector| detector.detect(picture))?;
    let face = |face: &pulse::face::Face| {
        let side = face.outline.side();
        let [x, y] = face.outline.centre.map(|middle| middle - side / 2.0);
        Face { x, y, width: side, height: side, angle: face.outline.angle().to_degrees() }
    };
    Ok(found.iter().map(face).collect())
}

/// The picture of a file, whole.
fn whole(desk: &Desk, given: &Given) -> Result<Image> {
    Reader::default().read(&desk.picture_file(&given.file))
}

/// What is done to the file's picture before it is searched for.
pub(crate) fn preparation(given: &Given, measurement: Option<MeasurementKind>) -> Preparation {
    let crop = given.crop.map(rectangle);
    let pixelation = given.pixelate.map(|side| Size::new(side, side));
    Preparation { crop, pixelation, measurement, ..Preparation::default() }
}

fn rectangle(part: Part) -> Rectangle {
    Rectangle { left: part.x, top: part.y, width: part.width, height: part.height }
}

/// A part of a picture, or a face in it, perhaps shrunk: a new picture.
pub(crate) fn cut(desk: &Desk, id: &str, ask: &Cut) -> Answer<Picture> {
    let from = desk.model().picture(id)?.clone();
    if ask.pixelate == Some(0) {
        return Err(Refusal::bad("pixelate: a picture without pixels cannot be; give 1 or more"));
    }
    let picture = whole(desk, &from)?;
    if let Some(number) = ask.face {
        return cut_face(desk, &from, &picture, number, ask);
    }
    let mut part = match (ask.crop, from.crop) {
        // A part of a part is told in pixels of what is seen.
        (Some(part), Some(outer)) => Some(Part { x: outer.x + part.x, y: outer.y + part.y, ..part }),
        (part, outer) => part.or(outer),
    };
    if ask.square {
        let seen = part.map_or_else(|| Ok(picture.clone()), |part| picture.crop(rectangle(part)))?;
        let (square, outer) = (seen.centre_square(), part.map_or((0, 0), |part| (part.x, part.y)));
        let (x, y) = (outer.0 + square.left, outer.1 + square.top);
        part = Some(Part { x, y, width: square.width, height: square.height });
    }
    let pixelate = ask.pixelate.or(from.pixelate);
    let next = desk.change(|model| Ok(model.next_picture()))?;
    let name = from.body.name.clone();
    let mut given = Given { body: from.body.clone(), file: from.file.clone(), crop: part, pixelate };
    given.body = if let Some(side) = pixelate {
        demonstration(desk, next, name, &given, picture, side)?
    } else {
        let seen = part.map_or_else(|| Ok(picture.clone()), |part| picture.crop(rectangle(part)))?;
        looked_at(desk, next, name, &seen)?
    };
    given.body.of = Some(from.body.id);
    put(desk, given)
}

fn demonstration(desk: &Desk, id: String, name: String, given: &Given, picture: Image, side: usize) -> Answer<Picture> {
    let opened = desk.generator(None)?;
    let prepared = Prepared::new(picture, &preparation(given, None), opened.generator.spec(), &desk.engine)?;
    let original = prepared.original.as_ref().map(|original| shown(desk, original)).transpose()?;
    Ok(Picture {
        id,
        name,
        image: desk.store.keep(&prepared.target, None)?,
        kind: "demonstration".into(),
        original,
        note: format!("a demonstration: shrunk to {side}x{side} pixels, beside what it was made from"),
        blocks: None,
        faces: Vec::new(),
        of: None,
    })
}

/// A face, cut out as the generator frames one.
fn cut_face(desk: &Desk, from: &Given, picture: &Image, number: usize, ask: &Cut) -> Answer<Picture> {
    let seen = from.crop.map_or_else(|| Ok(picture.clone()), |part| picture.crop(rectangle(part)))?;
    let opened = desk.generator(ask.generator.as_deref())?;
    pulse::portrait::check_makes_faces(&opened)?;
    let spec = opened.generator.spec();
    // The picture is looked at as it is; what becomes of the face is decided here.
    let whole = Preparation { pixelation: Some(Size::new(1, 1)), ..Preparation::default() };
    let portrait = with_detector(desk, |detector| cut_faces(Raster::from(&seen), detector, &whole, spec, Some(1.0)))??;
    let cut = portrait.cuts.get(number).ok_or_else(|| Refusal::missing("face", &number.to_string()))?;
    let id = desk.change(|model| Ok(model.next_picture()))?;
    let name = format!("face {} of {}", number + 1, from.body.name);
    let file = format!("{id}-{}.png", stem(&name));
    let side = (cut.square.side() as usize).max(1);
    let mut given = Given { body: from.body.clone(), file: file.clone(), crop: None, pixelate: None };
    if ask.pixelate.is_none() && side < spec.width {
        // All that the photograph has of it.
        let small = aligned(&seen, &cut.square, side)?.quantised();
        write_atomically(&desk.picture_file(&file), &encode_png(&small, None)?)?;
        given.body = looked_at(desk, id, name, &small)?;
    } else {
        // Nothing is missing in it: what it could have been if it were small.
        let side = ask.pixelate.unwrap_or(spec.width / DEMONSTRATION).max(1);
        write_atomically(&desk.picture_file(&file), &encode_png(&cut.seen, None)?)?;
        given.pixelate = Some(side);
        given.body = demonstration(desk, id, name, &given, cut.seen.quantised(), side)?;
    }
    given.body.of = Some(from.body.id.clone());
    put(desk, given)
}

/// What a measurement would make of a picture, or of one of the generator's own where the picture is small already.
pub(crate) fn preview(desk: &Desk, id: &str, ask: &PreviewAsk) -> Answer<Preview> {
    let given = desk.model().picture(id)?.clone();
    let opened = desk.generator(ask.generator.as_deref())?;
    let spec = opened.generator.spec();
    let kind = measurement(ask.measurement.as_deref())?;
    let picture = whole(desk, &given)?;
    let prepared = Prepared::new(picture, &preparation(&given, kind.clone()), spec, &desk.engine)?;
    if prepared.original.is_some() {
        let words = prepared.measurement.describe();
        let sharp = prepared.original.as_ref().map(|original| shown(desk, original)).transpose()?;
        return Ok(Preview { small: desk.store.show(&prepared.target, None)?, sharp, words });
    }
    let sharp = own_picture(desk, &opened, &prepared)?;
    let kind = kind.unwrap_or_else(|| prepared.measured_as.parse().unwrap_or_default());
    let of_own = Prepared::shrunk(sharp.clone(), prepared.target.size(), &kind, spec, &desk.engine)?;
    let provenance = opened.record.provenance(None);
    Ok(Preview {
        small: desk.store.show(&of_own.target, Some(&provenance))?,
        sharp: Some(desk.store.show(&sharp, Some(&provenance))?),
        words: of_own.measurement.describe(),
    })
}

/// A random picture of the generator, the same every time.
fn own_picture(desk: &Desk, opened: &pulse::Opened, prepared: &Prepared) -> Answer<Image> {
    static KEPT: Mutex<Vec<(String, Image)>> = Mutex::new(Vec::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, picture)) = kept.iter().find(|(sha256, _)| *sha256 == opened.record.sha256) {
        return Ok(picture.clone());
    }
    let config = pulse::search::SearchConfig::default().resolved(&*opened.generator);
    let problem = pulse::search::Problem::new(&*opened.generator, &*prepared.measurement, &prepared.target);
    let mut made = pulse::judge::random_pictures(&problem, &config, &desk.engine, 1)?;
    let picture = made.pop().ok_or_else(|| Refusal::bad("this generator has no pictures of its own to try it on"))?;
    kept.truncate(EMBEDDED.len());
    kept.push((opened.record.sha256.clone(), picture.clone()));
    Ok(picture)
}

/// A measurement that was written in a page. It names no file of this machine.
pub(crate) fn measurement(text: Option<&str>) -> Answer<Option<MeasurementKind>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let kind: MeasurementKind = text.parse()?;
    let names_file = |stage: &Stage| matches!(stage, Stage::Blur(Blur::Psf(_)) | Stage::Mask(_));
    if kind.stages().iter().any(names_file) {
        let message =
            "measurement: a page names no files of this machine; search with `pulse upsample`, and open the run";
        return Err(Refusal::bad(message));
    }
    Ok(Some(kind))
}

/// Puts the pictures of one that was given before where pages find them.
pub(crate) fn restore(desk: &Desk, given: &mut Given) {
    let all = std::iter::once(&given.body.image).chain(&given.body.original);
    if all.into_iter().all(|image| desk.store.has(&image.key)) {
        return;
    }
    let Ok(picture) = whole(desk, given) else { return };
    let (id, name) = (given.body.id.clone(), given.body.name.clone());
    let again = if let Some(side) = given.pixelate {
        demonstration(desk, id, name, given, picture, side)
    } else {
        let seen = given.crop.map_or_else(|| Ok(picture.clone()), |part| picture.crop(rectangle(part)));
        seen.map_err(Refusal::from).and_then(|seen| looked_at(desk, id, name, &seen))
    };
    if let Ok(again) = again {
        given.body = Picture { of: given.body.of.clone(), ..again };
    }
}

/// The bytes that are taken of a file at most.
pub(crate) const MOST_BYTES: usize = MAX_FILE_BYTES as usize;

/// A file's name as it is shown: without folders and signs that do nothing good.
fn plain(name: &str) -> String {
    let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let own: String = own.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    if own.trim().is_empty() { "picture".into() } else { own }
}

/// The same as a part of a file's name anywhere.
fn stem(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    stem.chars().take(40).map(plain).collect()
}

/// The ending for bytes of a picture, for people: what they are is told by the bytes themselves.
fn ending(bytes: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 8] = [
        (b"\x89PNG", "png"),
        (b"\xff\xd8", "jpg"),
        (b"GIF8", "gif"),
        (b"BM", "bmp"),
        (b"RIFF", "webp"),
        (b"\x93NUMPY", "npy"),
        (b"II*\0", "tif"),
        (b"MM\0*", "tif"),
    ];
    let known = KNOWN.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, ending)| *ending);
    known.unwrap_or(if bytes.first() == Some(&b'P') { "pnm" } else { "safetensors" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_without_folders() {
        assert_eq!(plain("../../etc/passwd"), "passwd");
        assert_eq!(plain("C:\\a\\b.png"), "b.png");
        assert_eq!(plain("a\n\0b.png"), "ab.png");
        assert_eq!(plain("/"), "picture");
        assert_eq!(stem("größe 1.tar.png"), "gr--e-1-tar");
        assert!(crate::model::is_plain(&format!("p1-{}.{}", stem("../x"), ending(b"?"))));
    }

    #[test]
    fn a_page_names_no_files() {
        for text in ["psf:/etc/passwd,area", "mask:/etc/passwd", "gray,mask:x.png"] {
            assert!(measurement(Some(text)).is_err(), "{text}");
        }
        assert!(measurement(Some("gaussian:3,area")).unwrap().is_some());
        assert!(measurement(Some(" ")).unwrap().is_none() && measurement(Some("nonsense")).is_err());
    }
}
