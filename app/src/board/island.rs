//! The part of the board that also runs in the browser.

use leptos::prelude::*;
use patchbay_api::Picture;

/// The id of the data block beside the island.
pub const PICTURE_BLOCK_ID: &str = "picture";

/// What the server drew, on its way from the page to the island.
#[derive(Clone, Debug)]
pub struct FirstPicture(pub Picture);

/// The board.
#[island]
pub fn Board() -> impl IntoView {
    let picture = first_picture();
    view! {
        <ul>
            {picture.topology.hosts.values().map(|host| view! { <li>{host.name.clone()}</li> }).collect_view()}
        </ul>
    }
}

/// The same picture on both sides: the server has it at hand, the browser reads the block beside the island.
fn first_picture() -> Picture {
    #[cfg(feature = "ssr")]
    {
        expect_context::<FirstPicture>().0
    }
    #[cfg(not(feature = "ssr"))]
    {
        crate::block::read(PICTURE_BLOCK_ID)
    }
}
