//! The plan on the sheet, before it is sent: kept true while the rack changes under it.

use patchbay_api::ChangeRequest;
use patchbay_domain::words::{list, whereabouts};
use patchbay_domain::{
    Assignment, Generation, Intent, Moved, Origin, Plan, PlannedMove, Reason, ReasonError, Refusal, Topology,
    Toucher, Touches, plan, touches,
};

use super::layout::place;
use std::collections::BTreeSet;

/// How many functions are named that are elsewhere now, before the rest is only counted.
const DIFFERENCES_MAX: usize = 3;

/// An intent with the plan that would carry it out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is asked for.
    pub intent: Intent,
    /// How it would be done, or why it cannot be.
    pub plan: Result<Plan, Refusal>,
    /// The title, which stays when the plan becomes impossible.
    pub title: String,
    /// What is different now from when the sheet was opened, and by whom, in sentences.
    pub news: Vec<String>,
    /// The plan that the person was shown first: what they decided on. None while there was none.
    shown: Option<Plan>,
    /// Whether it could not be done at first.
    refused_first: bool,
    /// The generation that they were shown it on.
    shown_on: Generation,
    /// What the server said that changed since then, which the board may not have heard of.
    told: Vec<Moved>,
    /// What a way back leaves out, in sentences.
    pub left_out: Vec<String>,
    /// What it was planned on.
    planned_on: Generation,
}

impl Draft {
    /// Plans an intent.
    pub fn new(topology: &Topology, intent: Intent) -> Self {
        let plan = plan(topology, &intent);
        let title = plan.as_ref().map_or_else(|_| "This cannot be done".to_owned(), |p| p.title.clone());
        Self {
            intent,
            title,
            news: Vec::new(),
            shown: plan.as_ref().ok().cloned(),
            refused_first: plan.is_err(),
            plan,
            shown_on: topology.generation,
            told: Vec::new(),
            left_out: Vec::new(),
            planned_on: topology.generation,
        }
    }

    /// Whether planning it again may give something else, now that the board is at this generation and may have had one of
    /// its functions touched. A board that is behind knows less than what this was planned on: the server sends along what
    /// it knows when it finds a plan stale.
    pub fn may_differ(&self, now: Generation, touched: bool) -> bool {
        // What refuses a plan may be a link, and links raise no generation.
        self.planned_on <= now && (self.planned_on != now || touched || self.plan.is_err())
    }

    /// Plans it again after the rack changed, and says in [`Draft::news`] what is different. True when the plan is another.
    pub fn renew(&mut self, topology: &Topology, touches: &Touches) -> bool {
        let now = plan(topology, &self.intent);
        let mut moved = self.told.clone();
        for plan in self.shown.iter().chain(now.as_ref().ok()) {
            touches.stale(topology, plan, self.shown_on).into_iter().for_each(|one| heard(&mut moved, one));
        }
        if self.shown.is_none() && now.is_err() {
            let named = touches.stale_intent(topology, &self.intent, self.shown_on);
            named.into_iter().for_each(|one| heard(&mut moved, one));
        }
        let another = self.replan(topology, now, &moved);
        if matches!(self.intent.origin, Some(Origin::Restore(_))) {
            self.news.extend(beside(topology, &self.intent, touches, self.shown_on));
        }
        another
    }

    /// The server looked at a newer rack than this draft, and says what changed in it.
    pub fn stale(&mut self, topology: &Topology, moved: Vec<Moved>) {
        moved.into_iter().for_each(|one| heard(&mut self.told, one));
        let told = self.told.clone();
        self.replan(topology, plan(topology, &self.intent), &told);
        if self.news.is_empty() {
            let again =
                "The rack changed just before this arrived, so it was planned again. Check it and apply.";
            self.news.push(again.to_owned());
        }
    }

    fn replan(&mut self, topology: &Topology, now: Result<Plan, Refusal>, moved: &[Moved]) -> bool {
        let does = |plan: &'_ Result<Plan, Refusal>| plan.clone().map(|p| (p.moves, p.adoptions, p.steps));
        let another = does(&self.plan) != does(&now);
        self.plan = now;
        self.planned_on = topology.generation;
        if let Ok(plan) = &self.plan {
            self.title.clone_from(&plan.title);
        }
        if self.shown.is_none() {
            self.shown = self.plan.as_ref().ok().cloned();
        }
        self.news = self.compare(topology, moved);
        another
    }

    /// What is different from what the person was shown.
    fn compare(&self, topology: &Topology, moved: &[Moved]) -> Vec<String> {
        let mut news = match (&self.shown, &self.plan) {
            (Some(shown), Ok(now)) => differences(topology, shown, now),
            (Some(_), Err(_)) => vec!["The rack changed, and this can no longer be done.".to_owned()],
            (None, _) => Vec::new(),
        };
        if news.is_empty() && self.refused_first && self.plan.is_ok() {
            news.push("The rack changed, and this can be done now.".to_owned());
        }
        if !moved.is_empty() {
            news.push(format!("Since you opened this, {}.", touches::in_a_sentence(moved)));
        }
        news
    }

    /// The plan, or why it cannot be done, in words: a function that is gone has the name that it had on the sheet.
    pub fn plan_or_words(&self) -> Result<Plan, String> {
        self.plan.clone().map_err(|refusal| {
            let gone = match refusal {
                Refusal::UnknownFunction { function } => Some(function),
                _ => None,
            };
            let moves = self.shown.iter().flat_map(|plan| plan.moves.iter().chain(&plan.adoptions));
            let was = moves.into_iter().find(|one| Some(one.function) == gone);
            match was {
                Some(one) => {
                    format!("{} is no longer there: its card is not in its slot any more.", one.name)
                }
                None => refusal.to_string(),
            }
        })
    }

    /// The request to send, when there is a plan and the reason is one.
    ///
    /// # Errors
    /// What is wrong with the reason.
    pub fn request(&self, reason: &str) -> Result<Option<ChangeRequest>, ReasonError> {
        let reason = Reason::new(reason)?;
        let Ok(plan) = &self.plan else { return Ok(None) };
        // With every place spelt out: what is applied is what was on the sheet, or nothing.
        Ok(Some(ChangeRequest { intent: plan.exact(&self.intent), reason, seen: plan.generation }))
    }
}

/// Keeps the last thing that happened to each.
fn heard(all: &mut Vec<Moved>, moved: Moved) {
    // The board knows what happened while it was open; before that it cannot say who it was.
    if moved.by == Toucher::Unknown {
        return;
    }
    match all.iter_mut().find(|known| known.what == moved.what) {
        Some(known) if known.generation > moved.generation => {}
        Some(known) => *known = moved,
        None => all.push(moved),
    }
}

/// What changed beside a plan that restores a moment: it would not be as it was then.
fn beside(topology: &Topology, intent: &Intent, touches: &Touches, since: Generation) -> Option<String> {
    let mine: BTreeSet<_> = intent.functions().collect();
    let others = touches.functions_since(since).filter(|id| !mine.contains(id));
    let names: Vec<_> = others.map(|id| topology.label(id)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} changed too since this was worked out, and is not in it. Close it and restore again to take that in.",
            list(&names)
        )
    })
}

/// The first of some sentences, and how many more there are.
pub fn in_short(sentences: &[String]) -> String {
    const SHOWN_MAX: usize = 3;
    let mut shown = sentences.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>();
    if let Some(more @ 1..) = sentences.len().checked_sub(SHOWN_MAX) {
        shown.push(format!("The same goes for {more} more."));
    }
    shown.join(" ")
}

/// What another plan for the same intent does otherwise. Function numbers are no place to a person.
fn differences(topology: &Topology, shown: &Plan, now: &Plan) -> Vec<String> {
    let was = |new: &PlannedMove| shown.moves.iter().find(|old| old.function == new.function);
    let stays = |old: &PlannedMove| now.moves.iter().any(|new| new.function == old.function);
    let place = |at: Option<Assignment>| at.map(Assignment::place);
    let places = |one: &PlannedMove| (place(one.from), place(one.to));
    let moved = now.moves.iter().filter_map(|new| Some((was(new)?, new)));
    let moved = moved.filter(|(old, new)| places(old) != places(new));
    let joined = now.moves.iter().filter(|new| was(new).is_none());
    let left = shown.moves.iter().filter(|old| !stays(old));
    let adopted = |new: &PlannedMove| shown.adoptions.iter().find(|old| old.function == new.function);
    let adopted = now.adoptions.iter().filter_map(|new| Some((adopted(new)?.to, new)));
    let adopted = adopted.filter(|(was, new)| place(*was) != place(new.to));
    let mut news: Vec<_> = moved.map(|(old, new)| difference(topology, old, new)).collect();
    news.extend(joined.map(|new| format!("{} is interrupted too now.", new.name)));
    news.extend(left.map(|old| format!("{} is not interrupted any more.", old.name)));
    news.extend(adopted.map(|(was, new)| elsewhere(topology, &new.name, was, new.to)));
    if news.is_empty() && shown.steps != now.steps {
        news.push("The steps changed. Read them again before you apply.".to_owned());
    }
    if let Some(more @ 1..) = news.len().checked_sub(DIFFERENCES_MAX) {
        news.truncate(DIFFERENCES_MAX);
        news.push(format!("The same goes for {more} more."));
    }
    news
}

fn difference(topology: &Topology, old: &PlannedMove, new: &PlannedMove) -> String {
    let other = |old: Option<Assignment>, new: Option<Assignment>| {
        old.map(Assignment::place) != new.map(Assignment::place)
    };
    let from = other(old.from, new.from).then(|| elsewhere(topology, &new.name, old.from, new.from));
    let to = other(old.to, new.to).then(|| {
        format!(
            "{} will come to {} instead of {}.",
            new.name,
            place(topology, new.to),
            place(topology, old.to)
        )
    });
    from.into_iter().chain(to).collect::<Vec<_>>().join(" ")
}

fn elsewhere(topology: &Topology, name: &str, was: Option<Assignment>, now: Option<Assignment>) -> String {
    format!("{name} is {} now, no longer {}.", whereabouts(topology, now), whereabouts(topology, was))
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
