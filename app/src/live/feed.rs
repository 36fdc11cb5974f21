//! The browser's end of the stream: opens it, keeps it open, and hands events over once a frame.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use patchbay_api::LiveEvent;
use patchbay_domain::Seq;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent, PageTransitionEvent};

use super::backoff::wait_ms;
use super::{LIVE_ADDRESS, LiveState};
use crate::block;

/// Opens the live stream and keeps it open for as long as the page lives. `after` tells the last entry that was
/// taken, each time the stream is opened; `take` gets what came since the last frame, in order. An entry can come
/// twice after a break, so takers skip those they have. After a break in which more than entries may have been
/// missed, a [`LiveEvent::Reset`] comes first. Browser only: call it from an effect.
pub fn open(
    after: impl Fn() -> Seq + 'static,
    take: impl Fn(Vec<LiveEvent>) + 'static,
) -> ReadSignal<LiveState> {
    let state = RwSignal::new(LiveState::default());
    let feed = Rc::new(Feed {
        after: Box::new(after),
        take: Box::new(take),
        state,
        source: RefCell::default(),
        waiting: RefCell::default(),
        frame_asked: Cell::new(false),
        attempt: Cell::new(0),
        broken: Cell::new(false),
    });
    follow_visibility(&feed);
    if document().hidden() {
        feed.sleep();
    } else {
        feed.connect();
    }
    state.read_only()
}

/// One open stream with the closures that listen to it; both go together.
struct Source {
    events: EventSource,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _open: Closure<dyn FnMut()>,
    _error: Closure<dyn FnMut()>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.events.set_onopen(None);
        self.events.set_onerror(None);
        self.events.close();
    }
}

struct Feed {
    after: Box<dyn Fn() -> Seq>,
    take: Box<dyn Fn(Vec<LiveEvent>)>,
    state: RwSignal<LiveState>,
    source: RefCell<Option<Source>>,
    waiting: RefCell<Vec<LiveEvent>>,
    frame_asked: Cell<bool>,
    attempt: Cell<u32>,
    /// Whether the stream was open before and then was not: what is in no entry may have been missed.
    broken: Cell<bool>,
}

impl Feed {
    fn connect(self: &Rc<Self>) {
        let address = format!("{LIVE_ADDRESS}?after={}", (self.after)());
        let Ok(events) = EventSource::new(&address) else {
            self.lost();
            return;
        };
        let message = self.on_message();
        for name in LiveEvent::NAMES {
            // Fails for a malformed name only.
            let _ = events.add_event_listener_with_callback(name, message.as_ref().unchecked_ref());
        }
        let (open, error) = (self.on(Self::opened), self.on(Self::lost));
        events.set_onopen(Some(open.as_ref().unchecked_ref()));
        events.set_onerror(Some(error.as_ref().unchecked_ref()));
        let source = Source { events, _message: message, _open: open, _error: error };
        self.source.replace(Some(source));
    }

    fn on(self: &Rc<Self>, react: fn(&Rc<Self>)) -> Closure<dyn FnMut()> {
        let feed = Rc::clone(self);
        Closure::new(move || react(&feed))
    }

    fn on_message(self: &Rc<Self>) -> Closure<dyn FnMut(MessageEvent)> {
        let feed = Rc::clone(self);
        Closure::new(move |message: MessageEvent| {
            let text = message.data().as_string().unwrap_or_default();
            // What cannot be read comes from another build: a new picture says whether it matters.
            feed.push(block::unpack(&text).unwrap_or(LiveEvent::Reset));
        })
    }

    fn opened(self: &Rc<Self>) {
        self.attempt.set(0);
        self.state.set(LiveState::On);
        if self.broken.replace(false) {
            self.push(LiveEvent::Reset);
        }
    }

    /// The browser would try again by itself after some errors and give up after others; here it is always this code
    /// that tries, so that the stream resumes after the last entry taken and never gives up.
    fn lost(self: &Rc<Self>) {
        self.state.set(LiveState::Away);
        self.broken.set(true);
        let wait = wait_ms(self.attempt.get());
        self.attempt.set(self.attempt.get().saturating_add(1));
        let feed = Rc::clone(self);
        // Closing now would drop the closure that is running.
        set_timeout(
            move || {
                if feed.state.get_untracked() == LiveState::Away {
                    feed.connect();
                }
            },
            Duration::from_millis(wait.unsigned_abs().into()),
        );
        if let Some(source) = self.source.borrow().as_ref() {
            source.events.close();
        }
    }

    fn sleep(&self) {
        self.source.replace(None);
        self.broken.set(true);
        self.state.set(LiveState::Asleep);
        self.hand_over();
    }

    fn wake(self: &Rc<Self>) {
        self.state.set(LiveState::Connecting);
        self.attempt.set(0);
        self.connect();
    }

    fn push(self: &Rc<Self>, event: LiveEvent) {
        self.waiting.borrow_mut().push(event);
        if !self.frame_asked.replace(true) {
            let feed = Rc::clone(self);
            request_animation_frame(move || feed.hand_over());
        }
    }

    fn hand_over(&self) {
        self.frame_asked.set(false);
        let events = self.waiting.take();
        if !events.is_empty() {
            (self.take)(events);
        }
    }
}

/// Closes the stream while nobody looks and opens it when somebody does. A page in the back/forward cache must not
/// hold a connection either.
fn follow_visibility(feed: &Rc<Feed>) {
    let show_or_hide = {
        let feed = Rc::clone(feed);
        move |hidden: bool| if hidden { feed.sleep() } else { feed.wake() }
    };
    let on_change = show_or_hide.clone();
    let on_hide = show_or_hide.clone();
    // The page's own listeners live as long as the page, so their handles are not kept.
    window_event_listener_untyped("visibilitychange", move |_| on_change(document().hidden()));
    window_event_listener_untyped("pagehide", move |_| on_hide(true));
    window_event_listener_untyped("pageshow", move |event| {
        if event.unchecked_ref::<PageTransitionEvent>().persisted() {
            show_or_hide(false);
        }
    });
}
