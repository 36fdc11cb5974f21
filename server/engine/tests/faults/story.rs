//! One seed: a state of the switches, a change on it, and that change spoilt at every command in every way.

use crate::dice::Dice;
use crate::fault::{Fault, Spot};
use crate::intents::{Kind, intent, kinds};
use crate::proof::{Ledger, after_steps, at_rest};
use crate::rig::{Ended, Held, Rig};
use patchbay_domain::*;
use std::collections::BTreeSet;

/// The most changes made before the one that is spoilt.
const CHANGES_BEFORE: u32 = 5;

/// How many of a thousand spoilt changes are spoilt a second time, while they are taken back.
const SPOILT_TWICE: u32 = 200;

/// The last command, after the first spoilt one, that may be the second: taking eight moves back sends some more.
const SECOND_MAX: u32 = 40;

/// What came of a seed.
pub struct Told {
    /// What the change was made of.
    pub kinds: BTreeSet<Kind>,
    pub moves: usize,
    pub steps: usize,
    /// How many commands the change sends to its switches.
    pub commands: usize,
    /// How many times it was spoilt.
    pub spoilt: usize,
    /// How many times it was spoilt again while it was taken back.
    pub spoilt_again: usize,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

/// Tells a seed's story, in a runtime of its own. Each command is spoilt in so many ways, one command after the other in
/// others; [`Fault::ALL`] has as many as there are.
///
/// # Errors
/// What must not be, with the command and the fault.
pub fn tell(seed: u64, ways: usize) -> Result<Told, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(live(seed, ways))
}

struct Story {
    rig: Rig,
    dice: Dice,
    intent: Intent,
    ledger: Ledger,
    /// What the switches hold without the change, and with it.
    before: Held,
    after: Held,
    told: Told,
}

async fn live(seed: u64, ways: usize) -> Result<Told, String> {
    let mut story = Story::begin(seed).await?;
    let mut faults = Fault::ALL.into_iter().cycle();
    for spot in story.learn().await? {
        for fault in faults.by_ref().take(ways) {
            let spoilt = story.spoil(spot, fault).await;
            spoilt.map_err(|wrong| format!("{spot}, {fault:?}: {wrong}"))?;
        }
    }
    story.end().await
}

impl Story {
    /// Brings the switches into a state of their own.
    async fn begin(seed: u64) -> Result<Self, String> {
        let (rig, mut dice) = (Rig::start(seed).await, Dice::new(seed));
        for _ in 0..dice.below(CHANGES_BEFORE + 1) {
            let intent = intent(&mut dice, &rig.topology());
            applied(&rig.carry_out(intent).await?)?;
        }
        let topology = rig.topology();
        let intent = intent(&mut dice, &topology);
        let plan = plan(&topology, &intent).map_err(|refusal| refusal.to_string())?;
        let before = rig.held();
        let after = after_steps(&before, &plan)?;
        let told = Told {
            kinds: kinds(&intent, &plan),
            moves: intent.moves.len(),
            steps: plan.steps.len(),
            commands: 0,
            spoilt: 0,
            spoilt_again: 0,
            trace: vec![format!(
                "{}: {:?}",
                plan.title,
                plan.steps.iter().map(ToString::to_string).collect::<Vec<_>>()
            )],
        };
        Ok(Self { rig, dice, intent, ledger: Ledger::default(), before, after, told })
    }

    /// The commands of the change, when nothing goes wrong.
    async fn learn(&mut self) -> Result<Vec<Spot>, String> {
        self.rig.watch.clear();
        let ended = self.rig.carry_out(self.intent.clone()).await?;
        let spots = self.rig.watch.came();
        self.told.commands = spots.len();
        self.told.trace.extend(spots.iter().map(ToString::to_string));
        self.is_applied(&ended).await?;
        self.undo(&ended).await?;
        Ok(spots)
    }

    /// Spoils the change at one command, looks at everything, and does it twice more: as it is and back.
    async fn spoil(&mut self, spot: Spot, fault: Fault) -> Result<(), String> {
        let again = self.dice.chance(SPOILT_TWICE).then(|| {
            let second = self.dice.pick(&Fault::AWAY).expect("four");
            (self.dice.between(1, SECOND_MAX), second)
        });
        self.rig.spoil(spot, fault).await;
        if let Some((nth, second)) = again {
            self.rig.watch.aim_then(nth.into(), second);
        }
        let ended = self.rig.carry_out(self.intent.clone()).await?;
        let left = self.rig.heal().await;
        let wanted = usize::from(again.is_some());
        ensure(left <= wanted, || format!("{left} faults wait still"))?;
        self.told.spoilt += 1;
        self.told.spoilt_again += wanted - left;
        self.told.trace.push(format!("{spot}, {fault:?}, {again:?}: {}", in_short(&ended)));
        self.is_rolled_back(&ended).await.map_err(|wrong| format!("spoilt again: {again:?}: {wrong}"))?;

        let ended = self.rig.carry_out(self.intent.clone()).await?;
        self.is_applied(&ended).await.map_err(|wrong| format!("when healed: {wrong}"))?;
        self.undo(&ended).await
    }

    async fn is_rolled_back(&mut self, ended: &Ended) -> Result<(), String> {
        ensure(ended.closing.outcome == Outcome::RolledBack, || format!("it ended as {}", in_short(ended)))?;
        ensure(ended.closing.why.is_some(), || "nobody says why".to_owned())?;
        let before = self.before.clone();
        self.holds(&before).await
    }

    async fn is_applied(&mut self, ended: &Ended) -> Result<(), String> {
        applied(ended)?;
        let after = self.after.clone();
        self.holds(&after).await
    }

    /// Takes a change back that was applied: every function comes to the very place that it came from.
    async fn undo(&mut self, ended: &Ended) -> Result<(), String> {
        let undone = self.rig.carry_out(ended.plan.undo(ended.id, &self.rig.topology()).0).await?;
        applied(&undone).map_err(|wrong| format!("undoing: {wrong}"))?;
        let before = self.before.clone();
        self.holds(&before).await.map_err(|wrong| format!("undone: {wrong}"))
    }

    /// The switches hold this, the board shows it, the ledger goes on in order, and nothing is open.
    async fn holds(&mut self, wanted: &Held) -> Result<(), String> {
        let held = self.rig.held();
        ensure(held == *wanted, || format!("the switches hold {held:?} and not {wanted:?}"))?;
        self.ledger.goes_on(&self.rig.store).await?;
        at_rest(&self.rig, &self.ledger, &held).await
    }

    /// All of it once more from the database's side: the whole ledger, and an engine that is new to it.
    async fn end(mut self) -> Result<Told, String> {
        let (begun, before) = (self.ledger.seq(), self.before.clone());
        self.rig.store.verify().await.map_err(|error| error.to_string())?;
        self.rig = self.rig.restart().await;
        self.holds(&before).await.map_err(|wrong| format!("after a restart: {wrong}"))?;
        let found = self.ledger.entries_after(begun).find(|entry| entry.event.kind() == "bindings_found");
        ensure(found.is_none(), || format!("the next engine found something: {found:?}"))?;
        self.told.trace.extend(self.ledger.in_short());
        self.rig.stop().await;
        Ok(self.told)
    }
}

fn ensure(holds: bool, else_say: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(else_say()) }
}

fn applied(ended: &Ended) -> Result<(), String> {
    ensure(ended.closing.outcome == Outcome::Applied, || format!("it ended as {}", in_short(ended)))
}

/// How a change ended, without what differs from run to run: times, and the ports of the machine.
fn in_short(ended: &Ended) -> String {
    let ChangeClosing { outcome, why, reports, .. } = &ended.closing;
    let report =
        |r: &StepReport| format!("{:?} {}{}", r.phase, r.step, if r.error.is_some() { "!" } else { "" });
    let reports: Vec<_> = reports.iter().map(report).collect();
    format!(
        "{outcome:?}, {}, {}",
        without_addresses(why.as_deref().unwrap_or("no reason")),
        reports.join(" ")
    )
}

/// A sentence with "the switch" for every address.
fn without_addresses(sentence: &str) -> String {
    let word = |word: &str| {
        if word.starts_with("127.0.0.1:") { "the switch".to_owned() } else { word.to_owned() }
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
