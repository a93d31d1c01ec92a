//! Content codings (RFC 9110, section 8.4.1). Requests ask for none; targets that pack their replies all the same are
//! read, up to the limit: a packed reply of any size gives no more than a plain one.

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use hookwright_model::limits::MAX_REPLY_BODY_BYTES;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use ruzstd::decoding::StreamingDecoder;

/// The most codings that are unpacked, one after the other.
const MAX_CODINGS: usize = 3;
/// The most memory that a zstd frame may ask for.
const MAX_ZSTD_WINDOW_BYTES: u64 = 8 * 1024 * 1024;
const BROTLI_BUFFER_BYTES: usize = 4 * 1024;
const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// The body without its content codings, and whether there was more than fits. A body that cannot be unpacked is replaced
/// by words that name its coding.
pub(crate) fn decode(headers: &HeaderMap, body: Bytes, truncated: bool) -> (Bytes, bool) {
    let mut codings: Vec<String> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .to_ascii_lowercase()
                .split(',')
                .map(|coding| coding.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    if codings.is_empty() && body.starts_with(&GZIP_MAGIC) {
        // A packed file that a server hands out without a word.
        codings.push("gzip".to_owned());
    }
    if codings.is_empty() || body.is_empty() {
        return (body, false);
    }
    let unreadable = |body: &Bytes| {
        let words = format!("({} bytes in the content coding `{}`)", body.len(), shown(&codings));
        (Bytes::from(words), false)
    };
    if codings.len() > MAX_CODINGS {
        return unreadable(&body);
    }
    let (mut plain, mut cut) = (body.clone(), false);
    // The last one was applied last.
    for coding in codings.iter().rev() {
        match unpack(coding, &plain, truncated || cut) {
            Some((unpacked, more)) => (plain, cut) = (unpacked, cut || more),
            None => return unreadable(&body),
        }
    }
    (plain, cut)
}

fn shown(codings: &[String]) -> String {
    let names = codings.iter().take(MAX_CODINGS).map(|coding| coding.chars().filter(char::is_ascii_graphic));
    names.map(|name| name.take(20).collect::<String>()).collect::<Vec<_>>().join(", ")
}

fn unpack(coding: &str, packed: &[u8], truncated: bool) -> Option<(Bytes, bool)> {
    match coding {
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(packed), truncated),
        // Meant is zlib; some servers send the bare stream.
        "deflate" => {
            read(ZlibDecoder::new(packed), truncated).or_else(|| read(DeflateDecoder::new(packed), truncated))
        }
        "br" => read(Decompressor::new(packed, BROTLI_BUFFER_BYTES), truncated),
        "zstd" => {
            let decoder = StreamingDecoder::new_with_max_window_size(packed, MAX_ZSTD_WINDOW_BYTES).ok()?;
            read(decoder, truncated)
        }
        _ => None,
    }
}

/// Reads up to the limit. An error after some output is the end of a body that was cut off; from a whole body it says
/// that the coding is another.
fn read(mut decoder: impl Read, truncated: bool) -> Option<(Bytes, bool)> {
    let mut plain = Vec::new();
    let outcome = io::copy(&mut decoder.by_ref().take(MAX_REPLY_BODY_BYTES as u64 + 1), &mut plain);
    let more = plain.len() > MAX_REPLY_BODY_BYTES;
    plain.truncate(MAX_REPLY_BODY_BYTES);
    match outcome {
        Ok(_) => Some((plain.into(), more)),
        Err(_) if truncated && !plain.is_empty() => Some((plain.into(), true)),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    /// "hello hello hello hello" by the reference encoder of brotli (RFC 7932).
    const BROTLI: &[u8] = &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];

    fn coded(coding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(coding))])
    }

    fn gzip(plain: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    fn zlib(plain: &[u8]) -> Bytes {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    fn deflate(plain: &[u8]) -> Bytes {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    fn zstd(plain: &[u8]) -> Bytes {
        compress_to_vec(plain, CompressionLevel::Fastest).into()
    }

    #[test]
    fn every_known_coding_is_unpacked() {
        let plain = b"{\"ok\":true}";
        for (coding, packed) in [
            ("gzip", gzip(plain)),
            ("X-GZIP", gzip(plain)),
            ("deflate", zlib(plain)),
            ("deflate", deflate(plain)),
            ("zstd", zstd(plain)),
            ("identity", Bytes::from_static(plain)),
            ("deflate, gzip", gzip(&zlib(plain))),
        ] {
            assert_eq!(decode(&coded(coding), packed, false), (Bytes::from_static(plain), false), "{coding}");
        }
        assert_eq!(decode(&HeaderMap::new(), gzip(plain), false).0, plain.as_slice());
        let (body, _) = decode(&coded("br"), Bytes::from_static(BROTLI), false);
        assert_eq!(body, b"hello".as_slice());
    }

    #[test]
    fn a_bomb_gives_no_more_than_the_limit() {
        let zeros = vec![0; 64 << 20];
        for (coding, packed) in [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("zstd", zstd(&zeros))] {
            let (body, more) = decode(&coded(coding), packed, false);
            assert_eq!((body.len(), more), (MAX_REPLY_BODY_BYTES, true), "{coding}");
        }
    }

    #[test]
    fn a_packed_body_that_was_cut_off_shows_its_beginning() {
        let plain: Vec<u8> = (0..40_000u32).flat_map(|number| number.to_string().into_bytes()).collect();
        let packed = gzip(&plain);
        let (body, _) = decode(&coded("gzip"), packed.slice(..packed.len() / 2), true);
        assert!(!body.is_empty() && plain.starts_with(&body), "{} bytes", body.len());
    }

    #[test]
    fn what_cannot_be_unpacked_is_named() {
        for (coding, packed) in [
            ("compress", Bytes::from_static(b"\x1f\x9d\x90")),
            ("gzip", Bytes::from_static(b"not packed")),
            ("br", Bytes::from_static(b"\xff\xff\xff\xff")),
            ("gzip, gzip, gzip, gzip", gzip(b"x")),
        ] {
            let (body, _) = decode(&coded(coding), packed.clone(), false);
            let words = String::from_utf8(body.to_vec()).unwrap();
            assert!(words.contains(&format!("({} bytes in the content coding", packed.len())), "{words}");
            assert!(words.contains(coding.split(',').next().unwrap()), "{words}");
        }
    }
}
