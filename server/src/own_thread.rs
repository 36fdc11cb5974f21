//! A thread with a runtime of its own.

use std::io;
use std::thread::{self, JoinHandle};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A thread for tasks that hand over to each other all the time: there it costs nothing, where between threads each time a
/// processor must be woken. Nor do they wait for what others do elsewhere, as for a page that is being drawn.
pub struct OwnThread {
    handle: Handle,
    until: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl OwnThread {
    /// Starts it under this name.
    ///
    /// # Errors
    /// When the system does not give one.
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, (until, ended)) = (runtime.handle().clone(), oneshot::channel());
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || drop(runtime.block_on(ended)))?;
        Ok(Self { handle, until, thread })
    }

    /// Where to spawn tasks on it.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends it, with whatever still runs there. Dropping it does so too, and does not wait for that.
    pub fn end(self) {
        drop(self.until);
        if self.thread.join().is_err() {
            tracing::error!("a thread has ended in a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OwnThread;
    use std::thread;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn all_tasks_run_on_the_thread_until_it_ends() {
        let own = OwnThread::start("a thread").expect("the system gives one");
        let name = || async { thread::current().name().map(str::to_owned) };
        for _ in 0..3 {
            let ran = own.handle().spawn(name()).await.expect("it ran");
            assert_eq!(ran.as_deref(), Some("a thread"));
        }
        let (held, mut told) = mpsc::channel::<()>(1);
        own.handle().spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        own.end();
        assert_eq!(told.recv().await, None, "what still ran there is gone");
    }
}
