//! The head of the board: which switch, and whether it answers.

use leptos::either::Either;
use leptos::prelude::*;
use patchbay_domain::{Subject, Switch, SwitchId, SwitchState, Vitals};

use super::troubles::Troubles;
use crate::board::scene::scene;
use crate::live::LiveState;
use crate::ports::ports_path;
use crate::ui::{Precision, StateBadge, Tone, When, board_path};

/// How many concerns stand over the board before the rest is left to the page of ports.
const CONCERNS_SHOWN_MAX: usize = 3;

/// Name, model, firmware and state of the switch that is shown.
#[component]
pub fn Head() -> impl IntoView {
    let scene = scene();
    let head = move || {
        scene.state.structure.track();
        match scene.state.switch() {
            Some(id) => Either::Left(view! { <SwitchHead id/> }),
            None => Either::Right(view! { <div class="head"><h1>"Board"</h1></div> }),
        }
    };
    view! { {head} <AwayBanner/> }
}

#[component]
fn SwitchHead(id: SwitchId) -> impl IntoView {
    let scene = scene();
    let Switch { name, model, firmware, address, .. } = scene.state.with(|t| t.switches.get(&id).cloned())?;
    let state = scene.state.switch_state(id)?;
    let facts =
        if model.is_empty() { address } else { format!("{model}, firmware {firmware}, at {address}") };
    let others = move || {
        let others = scene.state.with(|t| {
            let others = t.switches.values().filter(|s| s.id != id);
            others.map(|s| (board_path(s.id), s.name.clone())).collect::<Vec<_>>()
        });
        others
            .into_iter()
            .map(
                |(path, name)| view! { <a class="other-switch" href=path.clone() data-board=path>{name}</a> },
            )
            .collect_view()
    };
    // A switch that was never read has no picture to warn about; the empty board says what to do.
    let drawn = scene.state.with(|t| t.hosts.values().any(|host| host.switch == id));
    let lost = {
        let (name, state) = (name.clone(), state.clone());
        let sentence = format!(
            "{name} does not answer. What you see is the last good picture, and nothing can be moved. Check its \
             power and management network; Patchbay keeps trying."
        );
        move || {
            let words = sentence.clone();
            (drawn && state.get() == SwitchState::Unreachable)
                .then(|| view! { <p class="note" data-tone="bad" role="alert">{words}</p> })
        }
    };
    Some(view! {
        <div class="head">
            <h1>{name}</h1>
            <p class="muted">{facts}</p>
            {move || view! { <StateBadge state=state.get()/> }}
            <Heat/>
            <a class="quiet" href=ports_path(id)>"Ports and health"</a>
            {others()}
        </div>
        <Troubles of=vec![Subject::SwitchAway(id)]/>
        {lost}
        <Concerns id/>
    })
}

/// How hot the switch is, where it tells.
#[component]
fn Heat() -> impl IntoView {
    let vitals = scene().state.vitals;
    let now = Memo::new(move |_| vitals.with(|vitals| vitals.as_ref().and_then(|vitals| vitals.temperature)));
    move || {
        now.get().map(|now| {
            let tone = if now.is_hot() { Tone::Bad } else { Tone::Ok };
            view! { <span class="heat" data-tone=tone.word() data-testid="heat">{now.to_string()}</span> }
        })
    }
}

/// What a person should know about how the switch is.
#[component]
fn Concerns(id: SwitchId) -> impl IntoView {
    let vitals = scene().state.vitals;
    let said = Memo::new(move |_| vitals.with(|vitals| concerns_said(vitals.as_ref())));
    move || {
        let (lines, more) = said.get();
        let lines: Vec<_> = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect();
        let more = (more > 0).then(|| view! { <li><a href=ports_path(id)>{format!("{more} more")}</a></li> });
        (!lines.is_empty()).then(|| {
            view! { <ul class="note concerns" data-tone="warn" aria-label="Concerns">{lines}{more}</ul> }
        })
    }
}

/// The first concerns in words, and how many more there are.
fn concerns_said(vitals: Option<&Vitals>) -> (Vec<String>, usize) {
    let mut all = vitals.into_iter().flat_map(Vitals::concerns);
    let first = all.by_ref().take(CONCERNS_SHOWN_MAX).map(|concern| concern.to_string()).collect();
    (first, all.count())
}

/// Says that what is drawn may be old.
#[component]
fn AwayBanner() -> impl IntoView {
    let scene = scene();
    move || {
        let at = scene.last_good.get();
        (scene.live.get() == LiveState::Away).then(|| {
            view! {
                <div class="away" role="alert">
                    <b>"Patchbay does not answer. "</b>
                    "This is the picture from "
                    <When at precision=Precision::Exact/>
                    "; nothing can be moved until it is back. Trying again all the time."
                </div>
            }
        })
    }
}
