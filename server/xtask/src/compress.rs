//! Writing a file of the front end together with its compressed forms.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Brotli's best, and slowest: this is done once a build and read by every browser.
const BROTLI_QUALITY: i32 = 11;
/// The largest window of standard brotli, 2 to this power bytes, so that the whole WASM is in sight.
const BROTLI_WINDOW_BITS: i32 = 24;

/// Writes `bytes` at `path` with `.br` and `.gz` beside it. Untouched when the same bytes are there already, so
/// that a release build does not embed them anew.
///
/// # Errors
/// When the files cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let (br, gz) = (brotli_path(path), gzip_path(path));
    if br.exists() && gz.exists() && fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let put = |path: &Path, bytes: &[u8]| {
        fs::write(path, bytes).with_context(|| format!("could not write {}", path.display()))
    };
    put(&br, &brotli(bytes)?)?;
    put(&gz, &gzip(bytes)?)?;
    put(path, bytes)
}

/// Where the brotli form of a file lies.
pub fn brotli_path(path: &Path) -> PathBuf {
    with_suffix(path, ".br")
}

/// Where the gzip form of a file lies.
pub fn gzip_path(path: &Path) -> PathBuf {
    with_suffix(path, ".gz")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: bytes.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &params).context("brotli failed")?;
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).context("gzip failed")?;
    encoder.finish().context("gzip failed")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{brotli, gzip};

    #[test]
    fn both_forms_unpack_to_the_same_bytes() {
        let text = b"a board, a switch, a board, a switch".repeat(20);
        let (br, gz) = (brotli(&text).expect("brotli works"), gzip(&text).expect("gzip works"));
        assert!(br.len() < text.len() && gz.len() < text.len());
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut br.as_slice(), &mut unpacked).expect("its own output unpacks");
        assert_eq!(unpacked, text);
        unpacked.clear();
        flate2::read::GzDecoder::new(gz.as_slice())
            .read_to_end(&mut unpacked)
            .expect("its own output unpacks");
        assert_eq!(unpacked, text);
    }
}
