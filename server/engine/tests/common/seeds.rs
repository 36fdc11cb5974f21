//! Going through many seeds on all cores, or through one of them: `--seeds N`, `--seed S`.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// After so many bad seeds more would say nothing new.
const BAD_MAX: usize = 20;

/// What a run goes through.
pub struct Run {
    /// What a seed makes, as in "stories".
    pub what: &'static str,
    /// How many are gone through when nothing else is asked for.
    pub usual: u64,
    /// How often a long run says how far it is, in seeds.
    pub tell_every: u64,
}

/// How a run ended.
pub struct Done {
    /// How long it took, and on how many threads.
    pub took: String,
    /// How many seeds went wrong.
    pub bad: usize,
}

impl Done {
    pub fn exit(&self) -> ExitCode {
        if self.bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Run {
    /// Does what the command line says: `many` for so many seeds, `one` for one of them.
    pub fn by_words(
        &self,
        many: impl FnOnce(u64) -> ExitCode,
        one: impl FnOnce(u64) -> ExitCode,
    ) -> ExitCode {
        // Cargo passes `--bench`.
        let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => many(self.usual),
            ["--seeds", number] => number.parse().map_or_else(|_| self.usage(), many),
            ["--seed", seed] => seed.parse().map_or_else(|_| self.usage(), one),
            _ => self.usage(),
        }
    }

    fn usage(&self) -> ExitCode {
        eprintln!("Give --seeds and how many {}, or --seed and the number of one.", self.what);
        ExitCode::FAILURE
    }

    /// Tries every seed below `seeds`, and prints what is wrong with those that fail.
    pub fn each(&self, seeds: u64, tried: impl Fn(u64) -> Result<(), String> + Sync) -> Done {
        let (began, next, bad) = (Instant::now(), AtomicU64::new(0), Mutex::new(0_usize));
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds || *bad.lock().expect("not poisoned") >= BAD_MAX {
                    break;
                }
                if let Err(wrong) = tried(seed) {
                    println!("seed {seed}: {wrong}");
                    *bad.lock().expect("not poisoned") += 1;
                }
                if (seed + 1).is_multiple_of(self.tell_every) {
                    println!("{} {}, {} s", seed + 1, self.what, began.elapsed().as_secs());
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let took = format!("{:.1} s on {threads} threads", began.elapsed().as_secs_f64());
        Done { took, bad: bad.into_inner().expect("not poisoned") }
    }
}
