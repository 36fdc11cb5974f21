//! Made-up ledgers for the checkers' own tests: right ones, and ones that are wrong in one place.

use chrono::DateTime;
use patchbay_domain::{
    Actor, AdapterId, Assignment, ChangeId, Difference, Entry, Event, Function, FunctionId, Generation, Hash,
    HostId, Intent, LogicalPort, Move, Outcome, Pdfid, Plan, PlannedMove, Reason, Role, Seq, SwitchId,
    SwitchPicture,
};

/// A move in short: function, host before, host after. Every host has one logical port.
pub type Short = (u32, Option<u32>, Option<u32>);

const SWITCH: SwitchId = SwitchId::new(1);

/// A ledger being made up. Its first entry discovers the functions, none of them assigned.
pub struct Ledger {
    pub entries: Vec<Entry>,
}

fn place(host: u32) -> Assignment {
    Assignment { host: HostId::new(host), logical_port: LogicalPort(0), number: 0 }
}

fn planned(moves: &[Short]) -> Vec<PlannedMove> {
    let one = |&(function, from, to): &Short| PlannedMove {
        function: FunctionId::new(function),
        name: format!("f{function}"),
        from: from.map(place),
        from_name: None,
        to: to.map(place),
        to_name: None,
        asked: true,
    };
    moves.iter().map(one).collect()
}

/// What a client wants who asks for these moves.
pub fn wanted(moves: &[Short]) -> Vec<(FunctionId, Option<HostId>)> {
    moves.iter().map(|&(function, _, to)| (FunctionId::new(function), to.map(HostId::new))).collect()
}

fn intent(moves: &[Short]) -> Intent {
    let one = |&(function, _, to): &Short| Move {
        function: FunctionId::new(function),
        to: to.map(HostId::new),
        at: None,
    };
    Intent { moves: moves.iter().map(one).collect(), ..Intent::default() }
}

impl Ledger {
    pub fn with_functions(count: u32) -> Self {
        let function = |id: u32| Function {
            id: FunctionId::new(id),
            adapter: AdapterId::new(1),
            pdfid: Pdfid::new(0x1000).expect("in range"),
            role: Role::Vf,
            index: 1,
            assigned: None,
        };
        let functions = (1..=count).map(function).collect();
        let picture = SwitchPicture { functions, ..SwitchPicture::default() };
        let mut ledger = Self { entries: Vec::new() };
        ledger.write(Event::Discovered { switch: SWITCH, picture });
        ledger
    }

    fn write(&mut self, event: Event) {
        let seq = Seq::new(self.entries.len() as u64 + 1);
        let prev = self.entries.last().map_or(Hash::ZERO, |entry| entry.hash);
        let hash = Hash::new([u8::try_from(seq.get()).expect("a short ledger"); 32]);
        self.entries.push(Entry { seq, at: DateTime::UNIX_EPOCH, actor: Actor::Engine, event, prev, hash });
    }

    pub fn open(&mut self, change: u64, reason: &str, moves: &[Short]) {
        let plan = Plan {
            title: String::new(),
            generation: Generation::new(0),
            switches: vec![SWITCH],
            moves: planned(moves),
            adoptions: Vec::new(),
            warnings: Vec::new(),
            steps: Vec::new(),
        };
        self.write(Event::ChangeOpened {
            change: ChangeId::new(change),
            intent: intent(moves),
            plan: plan.into(),
            reason: Reason::new(reason).expect("a reason"),
            seen: Generation::new(0),
        });
    }

    pub fn close(&mut self, change: u64, outcome: Outcome, moves: &[Short]) {
        let (change, why, reports, moves) = (ChangeId::new(change), None, Vec::new(), planned(moves));
        self.write(Event::ChangeClosed {
            change,
            outcome,
            why,
            reports: reports.into(),
            moves: moves.into(),
        });
    }

    /// A change that is applied, asked for as "change" and its number.
    pub fn apply(&mut self, change: u64, moves: &[Short]) {
        self.open(change, &format!("change {change}"), moves);
        self.close(change, Outcome::Applied, moves);
    }

    /// A reading that shows a function at a host.
    pub fn find(&mut self, function: u32, at: Option<u32>) {
        let difference = Difference {
            function: FunctionId::new(function),
            name: String::new(),
            recorded: None,
            recorded_name: None,
            left_by: None,
            found: at.map(place),
            found_name: None,
        };
        self.write(Event::BindingsFound { switch: SWITCH, differences: vec![difference] });
    }
}
