//! The board's page, drawn on the server around the board's island.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;

use super::island::{Board, FirstPicture, PICTURE_BLOCK_ID};
use crate::block;
use crate::desk::desk;
use crate::ui::Failed;

/// The board of all switches.
#[component]
pub fn BoardPage() -> impl IntoView {
    let desk = desk();
    Suspend::new(async move {
        let picture = match desk.picture().await {
            Ok(picture) => picture,
            Err(error) => return Either::Right(view! { <Failed error/> }),
        };
        let packed = block::pack(&picture).unwrap_or_default();
        provide_context(FirstPicture(picture));
        Either::Left(view! {
            <Title text="Patchbay"/>
            <main>
                <h1>"Board"</h1>
                <script type="application/octet-stream" id=PICTURE_BLOCK_ID inner_html=packed></script>
                <Board/>
            </main>
        })
    })
}
