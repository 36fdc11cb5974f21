//! The board's page, drawn on the server around the board's island.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use patchbay_api::{ApiError, Picture};
use patchbay_domain::SwitchId;

use super::island::{Board, FirstPicture, PICTURE_BLOCK_ID};
use crate::block;
use crate::desk::desk;
use crate::ui::{Failed, Layout, Section, Surroundings};

/// The board of the switch in the address, or of the first one.
#[component]
pub fn BoardPage() -> impl IntoView {
    let desk = desk();
    let id = use_params_map().read_untracked().get("id");
    Suspend::new(async move {
        match desk.picture().await.and_then(|picture| of_switch(picture, id.as_deref())) {
            Ok(first) => Either::Left(view! { <Drawn first/> }),
            Err(error) => Either::Right(view! { <Failed error section=Section::Board/> }),
        }
    })
}

/// The picture with the switch that the address names.
fn of_switch(picture: Picture, id: Option<&str>) -> Result<FirstPicture, ApiError> {
    let Some(id) = id else { return Ok(FirstPicture { picture, switch: None }) };
    let switch: Option<SwitchId> = id.parse().ok().filter(|id| picture.topology.switches.contains_key(id));
    match switch {
        Some(_) => Ok(FirstPicture { picture, switch }),
        None => Err(ApiError::NotFound { what: format!("switch {id}") }),
    }
}

#[component]
fn Drawn(first: FirstPicture) -> impl IntoView {
    let around = Surroundings::from(&first.picture);
    // Packing fails for values of unknown length only, and a picture has none.
    let packed = block::pack(&first).unwrap_or_default();
    provide_context(first);
    view! {
        <Layout title="Board" section=Section::Board around>
            <script type="application/octet-stream" id=PICTURE_BLOCK_ID inner_html=packed.clone()></script>
            <Board/>
        </Layout>
    }
}
