//! The block of data that lies beside an island in the page, so that the browser starts from what the server drew.
//!
//! Islands get no data through their props: props are JSON in an attribute, several times the size. The server
//! writes the value as postcard in base64 into a script element that no browser runs; the island reads it while
//! it adopts the server's HTML. Both sides come from one build, so the format needs no version.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a data block could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The text is not base64.
    #[error("the page's data block is not base64; reload the page")]
    Base64(#[source] base64::DecodeError),
    /// The bytes are not the expected value.
    #[error("the page's data block holds something else than this build expects; reload the page")]
    Postcard(#[source] postcard::Error),
}

/// Packs a value for a data block.
///
/// # Errors
/// When the value cannot be written as postcard: a map or sequence of unknown length.
pub fn pack<T: Serialize>(value: &T) -> Result<String, postcard::Error> {
    postcard::to_stdvec(value).map(|bytes| STANDARD.encode(bytes))
}

/// Unpacks the text of a data block.
///
/// # Errors
/// When the text was not written by [`pack`] of the same build.
pub fn unpack<T: DeserializeOwned>(text: &str) -> Result<T, BlockError> {
    let bytes = STANDARD.decode(text.trim()).map_err(BlockError::Base64)?;
    postcard::from_bytes(&bytes).map_err(BlockError::Postcard)
}

/// Reads the data block with this id from the page.
///
/// # Panics
/// When the page has no such block, or one of another build. An island cannot adopt what the server drew without
/// it, and reloading the page mends it.
#[cfg(not(feature = "ssr"))]
pub fn read<T: DeserializeOwned>(id: &str) -> T {
    let block = leptos::prelude::document().get_element_by_id(id);
    let text = block.and_then(|block| block.text_content()).unwrap_or_default();
    unpack(&text).unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::{BlockError, pack, unpack};

    #[test]
    fn what_is_packed_comes_back() {
        let value = (7_u32, vec![Some("gpu-01".to_owned()), None]);
        let text = pack(&value).expect("a plain value packs");
        assert_eq!(unpack::<(u32, Vec<Option<String>>)>(&text).expect("its own text unpacks"), value);
    }

    #[test]
    fn refuses_text_that_is_no_block() {
        assert!(matches!(unpack::<u32>("<p>"), Err(BlockError::Base64(_))));
        assert!(matches!(unpack::<String>("/w=="), Err(BlockError::Postcard(_))));
    }
}
