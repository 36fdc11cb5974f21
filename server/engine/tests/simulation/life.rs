//! The lives of an engine on one world: started, killed or stopped, started again, and at last left in peace.

use crate::driver::SimulatedDriver;
use crate::outside::outside;
use crate::people::person;
use crate::records::SimulatedRecords;
use crate::stream::Listener;
use crate::verdict::quiet;
use crate::world::{World, now, reset_time, time_of_day};
use patchbay_domain::{Patience, SwitchState};
use patchbay_engine::{Clock, Engine, EngineOptions, EngineTasks, SwitchConfig};
use patchbay_store::Names;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The longest that anything may take when everything works: far more than it does.
const PATIENCE: Duration = Duration::from_secs(600);

fn options(world: &World) -> EngineOptions {
    let company_max = world.with(|state| state.habits.company_max as usize);
    EngineOptions {
        queue_max: 12,
        company_max,
        observe_every: Duration::from_secs(2),
        observe_pause: Duration::from_millis(50),
        call_limit: Duration::from_secs(1),
        vitals_every: Duration::from_secs(3600),
        vitals_pause: Duration::from_secs(3600),
        undo_patience: Duration::from_secs(3),
        retry_every: Duration::from_millis(100),
        patience: Patience { raise_after: Duration::from_millis(300), clear_after: Duration::from_secs(1) },
    }
}

/// What came of a seed.
pub struct Told {
    /// What happened, line by line.
    pub trace: Vec<String>,
    /// What must not be; nothing when all is well.
    pub violations: Vec<String>,
}

/// Lives a seed through.
pub fn live(seed: u64) -> Told {
    reset_time();
    let world = World::new(seed);
    let lives = world.with(|state| state.dice.below(4));
    for life in 0..=lives {
        let last = life == lives;
        let crash = world.with(|state| state.dice.chance(800).then(|| state.dice.between(1, 400)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        runtime.block_on(async {
            world.begin(crash.filter(|_| !last));
            world.note(format!("life {life}, crash in {crash:?}"));
            let mut listener = None;
            tokio::select! {
                biased;
                () = world.died() => {}
                () = one_life(&world, last, &mut listener) => {}
            }
            let wrong = listener.iter_mut().flat_map(Listener::catch_up).collect();
            world.with(|state| state.judge.violated_all(wrong));
            world.note("the end of this life");
            world.end();
        });
        if world.with(|state| !state.judge.violations.is_empty()) {
            break;
        }
    }
    let (trace, violations) = world.report();
    Told { trace, violations }
}

async fn start(world: &World) -> (Engine, EngineTasks) {
    loop {
        let config = |switch: usize| SwitchConfig {
            key: format!("switch {switch}"),
            name: format!("pax-{}", switch + 1),
            address: "memory".to_owned(),
            names: Names::default(),
            driver: Arc::new(SimulatedDriver { world: world.clone(), switch }),
        };
        let switches = (0..world.with(|state| state.switches.len())).map(config).collect();
        let records = Arc::new(SimulatedRecords(world.clone()));
        match Engine::start(records, switches, options(world), Clock::new(time_of_day)).await {
            Ok(started) => return started,
            // As whoever watches over a server does: it is started again.
            Err(error) => world.note(format!("no start: {error}")),
        }
    }
}

async fn one_life(world: &World, last: bool, listener: &mut Option<Listener>) {
    let (engine, tasks) = start(world).await;
    let listener = listener.insert(Listener::new(&engine, world));
    let mut others = JoinSet::new();
    others.spawn(outside(world.clone()));
    let mut people = JoinSet::new();
    for who in 0..world.with(|state| state.people.len()) {
        let times = world.with(|state| state.dice.between(2, 10));
        people.spawn(person(world.clone(), engine.clone(), who, times));
    }
    while people.join_next().await.is_some() {}
    others.shutdown().await;
    if last {
        let mut late = Listener::new(&engine, world);
        heal(world);
        peace(world, &engine).await;
        let shown = engine.snapshot();
        let wrong = [listener, &mut late].into_iter().flat_map(|one| one.compare(&shown)).collect();
        world.with(|state| state.judge.violated_all(wrong));
    }
    // Changes that wait are turned away.
    world.with(|state| state.judge.interrupted());
    engine.stop();
    let ended = timeout(PATIENCE, tasks.finished()).await;
    world.with(|state| state.judge.check(ended.is_ok(), || "the engine does not stop".to_owned()));
}

fn heal(world: &World) {
    world.with(|state| {
        state.calm = true;
        state.note("healed".to_owned());
        for switch in &mut state.switches {
            switch.away_until = now();
        }
    });
}

/// Waits until every change has ended and every switch was read, and looks at everything.
async fn peace(world: &World, engine: &Engine) {
    let since = now();
    loop {
        sleep(options(world).observe_every).await;
        let shown = engine.snapshot();
        let ready = shown.topology.switches.values().all(|s| s.state == SwitchState::Ready);
        if ready && shown.topology.open.is_empty() {
            break;
        }
        if now() > since + PATIENCE {
            let open = format!("{:?}", shown.topology.open.keys());
            return world.with(|state| state.judge.violated(format!("these changes never end: {open}")));
        }
    }
    // Twice, so that every switch was read since.
    sleep(options(world).observe_every * 2).await;
    let shown = engine.snapshot();
    world.with(|state| quiet(&mut state.judge, &state.switches, &shown));
}
