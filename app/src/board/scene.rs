//! Everything on the board together: what a person does to it and what happens to it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos::task::spawn_local;
use patchbay_api::{ApiError, LiveEvent, Proposal, WayBack};
use patchbay_domain::{ChangeId, Excerpt, FunctionId, Intent, Moved, Outcome};
use std::collections::BTreeSet;

use super::dom;
use super::draft::{Draft, in_short};
use super::drag::{Drag, Grip};
use super::hands::Hands;
use super::offer::{Offer, Offers, Target, announce, carried_name, intent_for, offer};
use super::sheet::{Face, Problem, Sheet};
use super::state::{BoardState, Happened};
use super::toast::Toast;
use crate::actions::{self, ActionError};
use crate::live::LiveState;

/// The board's parts, by which components reach each other.
#[derive(Clone, Copy)]
pub struct Scene {
    /// What is drawn.
    pub state: BoardState,
    /// What the person holds.
    pub hands: Hands,
    /// The plan sheet.
    pub sheet: RwSignal<Sheet>,
    /// The reason on the sheet, as typed.
    pub reason: RwSignal<String>,
    /// The last thing that ended.
    pub toast: RwSignal<Option<Toast>>,
    /// How the live stream is.
    pub live: RwSignal<LiveState>,
    /// Until when what is drawn was known to be true.
    pub last_good: RwSignal<DateTime<Utc>>,
    openings: StoredValue<u32>,
    mine: StoredValue<BTreeSet<ChangeId>>,
}

/// The scene of the board around a component.
///
/// # Panics
/// Outside the board.
pub fn scene() -> Scene {
    expect_context()
}

impl Scene {
    /// A board nobody has touched, drawn from a picture taken `at`.
    pub fn new(state: BoardState, at: DateTime<Utc>) -> Self {
        Self {
            state,
            hands: Hands::new(),
            sheet: RwSignal::new(Sheet::Closed),
            reason: RwSignal::new(String::new()),
            toast: RwSignal::new(None),
            live: RwSignal::new(LiveState::Connecting),
            last_good: RwSignal::new(at),
            openings: StoredValue::new(0),
            mine: StoredValue::new(BTreeSet::new()),
        }
    }

    /// Whether functions may be picked up: not while the picture may be old.
    pub fn can_carry(self) -> bool {
        self.live.get_untracked() != LiveState::Away
    }

    /// Says something to a screen reader.
    pub fn say(self, words: impl Into<String>) {
        self.hands.said.set(words.into());
    }

    /// Says something to everybody.
    pub fn tell(self, toast: Toast) {
        self.say(toast.text.clone());
        self.toast.set(Some(toast));
    }

    /// Picks a function up, with the selection when it is part of that.
    pub fn pick_up(self, function: FunctionId, grip: Grip) {
        if !self.can_carry() {
            self.tell(Toast::words("Patchbay does not answer, so nothing can be moved until it is back."));
            return;
        }
        let drag = self.hands.selection.with_untracked(|selection| Drag::pick_up(function, selection, grip));
        self.carry(drag);
    }

    /// Begins to carry.
    pub fn carry(self, drag: Drag) {
        self.hands.drag.set(drag);
        self.hands.lit.set(None);
        self.hands.menu.set(None);
        self.toast.set(None);
        self.ask_offers();
        let name = self.state.with(|t| carried_name(t, &self.hands.carried()));
        self.say(format!("Picked up {name}. Up and down choose a host, right a function to swap with."));
    }

    /// Asks all cards what they say to what is carried.
    fn ask_offers(self) {
        let carried = self.hands.carried();
        let offers = self.state.switch().filter(|_| !carried.is_empty());
        let offers = offers.map(|switch| self.state.with(|t| Offers::read(t, switch, &carried)));
        self.hands.offers.set(offers);
    }

    /// What is carried comes over a target, or leaves one.
    pub fn come_over(self, over: Option<Target>) {
        let before = self.hands.drag.with_untracked(|drag| drag.carry().and_then(|c| c.over));
        if before == over {
            return;
        }
        self.hands.drag.update(|drag| {
            if let Drag::Carrying(carry) = drag {
                carry.over = over;
            }
        });
        if let Some(target) = over {
            self.say(self.state.with(|t| announce(t, &self.hands.carried(), target)));
        }
    }

    /// Lets go of what is carried.
    pub fn let_go(self) {
        self.hands.offers.set(None);
        self.hands.drag.set(Drag::Idle);
    }

    /// Drops what is carried on what it is over: opens the plan sheet, or says why not.
    pub fn drop_here(self) {
        let over = self.hands.drag.with_untracked(|drag| drag.carry().and_then(|c| c.over));
        let carried = self.hands.carried();
        self.let_go();
        match over {
            Some(target) => self.choose(&carried, target),
            None => self.say("Let go."),
        }
    }

    /// Proposes what dropping `functions` on a target means, or says why that cannot be.
    pub fn choose(self, functions: &[FunctionId], target: Target) {
        match self.state.with(|t| offer(t, functions, target)) {
            Offer::Refuses(refusal) => self.tell(Toast::words(refusal.to_string())),
            Offer::Accepts(_) => {
                self.propose(self.state.with(|t| intent_for(t, functions, target)), String::new());
            }
        }
    }

    /// Opens the plan sheet.
    pub fn propose(self, intent: Intent, reason: String) {
        self.propose_without(intent, reason, Vec::new());
    }

    /// The same with what is left out, in sentences.
    fn propose_without(self, intent: Intent, reason: String, left_out: Vec<String>) {
        let opening = self.openings.with_value(|n| n.wrapping_add(1));
        self.openings.set_value(opening);
        let mut draft = self.state.with(|t| Draft::new(t, intent));
        draft.left_out = left_out;
        self.hands.selection.set(BTreeSet::new());
        self.hands.menu.set(None);
        self.hands.has_focus.set_value(false);
        self.toast.set(None);
        self.reason.set(reason);
        self.say(format!("Plan: {}. Write a reason, then Enter applies.", draft.title));
        self.sheet.update(|sheet| sheet.propose(opening, draft));
    }

    /// Closes the sheet; the focus goes back to the functions it was about.
    pub fn close_sheet(self) {
        let functions = match self.sheet.get_untracked() {
            Sheet::Following(change) => self.state.runs.with_untracked(|runs| {
                runs.get(change).map(|run| run.plan.functions().collect()).unwrap_or_default()
            }),
            sheet @ (Sheet::Open { .. } | Sheet::Closed) => sheet.functions(),
        };
        self.sheet.set(Sheet::Closed);
        dom::forget_way();
        request_animation_frame(move || dom::come_back_to(&functions));
    }

    /// Sends the plan on the sheet.
    pub fn apply(self) {
        let reason = self.reason.get_untracked();
        let Some(request) = self.sheet.try_update(|sheet| sheet.send(&reason)).flatten() else { return };
        let sent = self.openings.get_value();
        spawn_local(async move {
            match actions::submit(request).await {
                Ok(change) => self.accepted(sent, change),
                Err(ActionError::Desk(ApiError::Stale { now, moved, .. })) => self.stale(sent, *now, moved),
                Err(error) => {
                    let of_plan = matches!(error, ActionError::Desk(ApiError::Refused(_)));
                    let why = error.to_string();
                    let problem = if of_plan { Problem::Rule(why) } else { Problem::Server(why) };
                    self.sheet.update(|sheet| sheet.refused(sent, problem));
                    self.renew_sheet(true);
                }
            }
        });
    }

    /// The stream may have told of the change, and even of its end, before the answer came.
    fn accepted(self, sent: u32, change: ChangeId) {
        self.mine.update_value(|mine| {
            mine.insert(change);
        });
        // The sheet may be about something else by now.
        let sent_plan = |sheet: &Sheet| sheet.draft().filter(|_| sheet.face() == Face::Plan(sent)).cloned();
        let plan = self.sheet.with_untracked(sent_plan).and_then(|draft| draft.plan.ok());
        if let Some(plan) = plan {
            self.state.runs.update(|runs| runs.begin(change, &plan));
        }
        self.sheet.update(|sheet| {
            sheet.accepted(sent, change);
        });
        self.tell_end(change);
    }

    /// Plans again what the server found stale: on what it sent along, unless the live stream has told more by now.
    fn stale(self, sent: u32, mut now: Excerpt, moved: Vec<Moved>) {
        let told = self.state.seq() >= now.seq;
        self.state.with(|t| now.name_hosts_from(t));
        self.sheet.update(|sheet| {
            self.state.with(|t| sheet.stale(sent, if told { t } else { &now.topology }, moved));
        });
    }

    /// Reads the rack anew.
    pub async fn look_again(self) {
        if !self.state.look_begins() {
            return;
        }
        let picture = match actions::look().await {
            Ok(picture) => {
                self.last_good.set(picture.at);
                Some(picture)
            }
            Err(error) => {
                self.tell(Toast::words(error.to_string()));
                None
            }
        };
        let looked = picture.is_some();
        let happened = self.state.look_ends(picture);
        if looked {
            self.settle(&Happened { stirred: true, ..happened });
        }
    }

    /// Takes what the live stream brought.
    pub fn take(self, events: &[LiveEvent]) {
        #[cfg(not(feature = "ssr"))]
        events.iter().for_each(crate::ui::nav::follow);
        let happened = self.state.apply(events);
        self.settle(&happened);
    }

    /// Follows what happened: what is held and read, what ended, and what was missed.
    fn settle(self, happened: &Happened) {
        self.after_change(happened);
        happened.closed.iter().for_each(|change| self.tell_end(*change));
        if happened.missed {
            spawn_local(async move { self.look_again().await });
        }
    }

    /// Keeps what the person holds and reads true to the rack.
    fn after_change(self, happened: &Happened) {
        let carried = self.hands.carried();
        if let Some(taken) = carried.iter().find(|f| happened.touched.contains(f)) {
            let name = self.state.with(|t| t.label(*taken));
            self.let_go();
            self.tell(Toast::words(format!("{name} was just changed by somebody else, so it was let go.")));
        } else if !carried.is_empty() {
            self.ask_offers();
        }
        let gone = |f: &FunctionId| self.state.with(|t| !t.functions.contains_key(f));
        if self.hands.selection.with_untracked(|s| s.iter().any(gone)) {
            self.hands.selection.update(|s| s.retain(|f| !gone(f)));
        }
        self.renew_sheet(happened.stirred || !happened.touched.is_empty());
    }

    /// Plans what is on the sheet again, if that may give something else.
    fn renew_sheet(self, touched: bool) {
        let now = self.state.with(|t| t.generation);
        if self.sheet.with_untracked(|s| s.draft().is_some_and(|d| d.may_differ(now, touched))) {
            self.sheet.update(|sheet| self.state.with_touches(|t, touches| sheet.renew(t, touches)));
        }
    }

    /// Tells how a change of this page's person ended; of others, to a screen reader only.
    fn tell_end(self, change: ChangeId) {
        let told = self.state.runs.with_untracked(|runs| {
            let run = runs.get(change)?;
            Some((run.plan.title.clone(), run.ending.as_ref()?.outcome))
        });
        let Some((title, outcome)) = told else { return };
        let words = format!("{title}: {}.", outcome.words());
        if self.mine.with_value(|mine| mine.contains(&change)) {
            let undo = (outcome == Outcome::Applied).then_some(change);
            self.tell(Toast { text: words, undo });
        } else {
            self.say(words);
        }
    }

    /// Cancels a change that waits for its turn.
    pub fn cancel(self, change: ChangeId) {
        spawn_local(async move {
            let words = match actions::cancel(change).await {
                Ok(_) => format!("Change {change} was cancelled. Nothing was touched."),
                Err(error) => error.to_string(),
            };
            self.tell(Toast::words(words));
        });
    }

    /// Opens the sheet with the plan that takes a change back.
    pub fn undo(self, change: ChangeId) {
        let way = WayBack::Undo(change);
        let plan = self.state.runs.with_untracked(|runs| runs.get(change).map(|run| run.plan.clone()));
        match plan {
            Some(plan) => {
                let (intent, left_out) = self.state.with(|t| plan.undo(change, t));
                self.open_way_back(way, intent, &left_out);
            }
            None => self.go_back(way),
        }
    }

    /// Asks the server for a way back, and opens the sheet with its plan.
    pub fn go_back(self, way: WayBack) {
        spawn_local(async move {
            match actions::work_out(way).await {
                Ok(Proposal { intent, left_out, .. }) => self.open_way_back(way, intent, &left_out),
                Err(error) => self.tell(Toast::words(error.to_string())),
            }
        });
    }

    /// Opens the sheet with a way back, and says what it leaves out. When that is everything, there is nothing to open.
    fn open_way_back(self, way: WayBack, intent: Intent, left_out: &[String]) {
        if left_out.is_empty() || intent.functions().next().is_some() {
            self.propose_without(intent, reason_for(way), left_out.to_vec());
        } else {
            self.tell(Toast::words(in_short(left_out)));
        }
    }

    /// Esc: leaves the innermost thing that is open.
    pub fn escape(self) {
        if self.hands.menu.with_untracked(Option::is_some) {
            self.close_menu();
        } else if self.hands.drag.with_untracked(|drag| drag.carry().is_some()) {
            self.let_go();
            self.say("Let go. Nothing was changed.");
        } else if self.sheet.with_untracked(|sheet| *sheet != Sheet::Closed) {
            self.close_sheet();
        } else if self.toast.with_untracked(Option::is_some) {
            self.toast.set(None);
        } else {
            self.hands.selection.set(BTreeSet::new());
        }
    }

    /// Closes the menu; the focus goes back to where it was opened.
    pub fn close_menu(self) {
        let function = self.hands.menu.with_untracked(|menu| menu.as_ref()?.functions.first().copied());
        self.hands.menu.set(None);
        let stop = self.hands.stop.get_untracked();
        match stop.filter(|s| dom::element_of(*s).is_some()) {
            Some(stop) => dom::focus(stop),
            None => function.into_iter().for_each(dom::focus_function),
        }
    }
}

/// The reason that is suggested for a way back.
fn reason_for(way: WayBack) -> String {
    match way {
        WayBack::Undo(change) => format!("Undo change {change}"),
        WayBack::Retry(change) => format!("Try change {change} again"),
        WayBack::Accept(change) => format!("Accept what the switch says after change {change}"),
        WayBack::Restore(seq) => format!("Restore the rack as of entry {seq}"),
        WayBack::RestoreGeneration(generation) => format!("Restore the rack as of generation {generation}"),
    }
}
