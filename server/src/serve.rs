//! `patchbay serve`: start, run, stop.

use crate::assets::Assets;
use crate::breaking::LabBench;
use crate::config::{SWITCH_PORT, ServeOptions, SwitchAddress};
use crate::desk::ServerDesk;
use crate::hosts::{HostNames, HostsError, switch_key};
use crate::own_thread::OwnThread;
use crate::say::say;
use crate::{api, guard, lab, pages};
use axum::Router;
use patchbay_api::{Desk, Notice};
use patchbay_driver_switchtec::{Reasons, SwitchtecConfig, SwitchtecDriver};
use patchbay_engine::{Clock, Engine, EngineError, EngineOptions, EngineTasks, SwitchConfig};
use patchbay_softswitch::Running;
use patchbay_store::{Names, Store, StoreError};
use patchbay_switchtec::ClientOptions;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;
use tower_http::trace::TraceLayer;
use tracing::{info, warn};

/// The database's name in the data folder.
pub const DATABASE: &str = "patchbay.db";

/// How long requests and running changes may take to end once the program was told to stop. What is not finished by
/// then is recovered at the next start.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Why the server does not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address can be reached by others, and nobody has to sign in.
    #[error(
        "{listen} can be reached from other machines, and nobody has to sign in to Patchbay yet. Listen on 127.0.0.1, or add --insecure-open if the network keeps strangers out."
    )]
    Open {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// The address is taken or not ours.
    #[error("Patchbay cannot listen on {listen}. Choose another address with --listen.")]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The data folder cannot be made.
    #[error("The data folder {} cannot be made. Choose another with --data.", path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The hosts file.
    #[error(transparent)]
    Hosts(#[from] HostsError),
    /// The lab.
    #[error(transparent)]
    Lab(#[from] lab::LabError),
    /// Serving or waiting for a signal failed.
    #[error("The server failed.")]
    Io(#[from] io::Error),
}

/// Everything that runs, ready to serve and to stop.
struct House {
    engine: Engine,
    tasks: EngineTasks,
    thread: OwnThread,
    store: Store,
    lab: Vec<Running>,
    app: Router,
    stop: watch::Sender<bool>,
}

/// Serves until the program is told to stop.
///
/// # Errors
/// [`ServeError`] when something cannot be started.
pub async fn run(options: ServeOptions) -> Result<(), Box<dyn Error>> {
    if !options.listen.ip().is_loopback() && !options.insecure_open {
        return Err(ServeError::Open { listen: options.listen }.into());
    }
    let house = open(&options).await?;
    let listen = options.listen;
    let listener = TcpListener::bind(listen).await.map_err(|source| ServeError::Listen { listen, source })?;
    let address = listener.local_addr().map_err(ServeError::Io)?;
    say(format_args!("Patchbay is at http://{address}")).map_err(ServeError::Io)?;
    Ok(house.serve(listener).await?)
}

async fn open(options: &ServeOptions) -> Result<House, ServeError> {
    let names = options.hosts.as_deref().map(HostNames::read).transpose()?.unwrap_or_default();
    let data = options.data.clone();
    std::fs::create_dir_all(&data).map_err(|source| ServeError::Data { path: data.clone(), source })?;
    let store = Store::open(&data.join(DATABASE)).await?;
    let patience = ClientOptions {
        request_limit: Duration::from_secs(options.answer_within),
        ..ClientOptions::default()
    };
    let mut switches: Vec<_> = options.switches.iter().map(|at| configure(at, patience)).collect();
    let wanted = options.lab.clone().or_else(|| switches.is_empty().then_some(None));
    let mut lab = Vec::new();
    if let Some(rack) = wanted {
        for (running, config) in lab::built_in(rack.as_deref(), &data, patience).await? {
            info!(switch = config.name, address = %running.addr(), "the built-in lab runs");
            switches.push(config);
            lab.push(running);
        }
    }
    names.give(&mut switches)?;
    let thread = OwnThread::start("engine")?;
    let starting = Engine::start(Arc::new(store.clone()), switches, EngineOptions::default(), Clock::SYSTEM);
    let (engine, tasks) = thread.handle().spawn(starting).await.map_err(io::Error::other)??;
    let (stop, stopping) = watch::channel(false);
    let notices = if lab.is_empty() { Vec::new() } else { vec![lab_notice()] };
    let desk = ServerDesk::new(engine.clone(), store.clone(), notices, stopping);
    let assets = Arc::new(Assets::built_in());
    if assets.is_empty() {
        warn!("the front end was never built, so pages have no scripts and no style: build with cargo xtask");
    }
    let bench = LabBench::new(lab.iter().map(|switch| (switch.addr(), switch.controls())).collect());
    let bench = Some(bench).filter(|_| !lab.is_empty());
    let mut app = router(&(Arc::new(desk) as Arc<dyn Desk>), &assets, bench.as_ref());
    if options.listen.ip().is_loopback() {
        app = app.layer(axum::middleware::from_fn(guard::own_names_only));
    }
    Ok(House { engine, tasks, thread, store, lab, app, stop })
}

/// How the engine reaches a switch. Its name stands in those of its hosts that nobody named, so no two have the same.
pub(crate) fn configure(address: &SwitchAddress, options: ClientOptions) -> SwitchConfig {
    let (ip, port) = (address.0.ip(), address.0.port());
    let driver = SwitchtecConfig { address: address.0, instance: 0, options, reasons: Reasons::NumberOnly };
    SwitchConfig {
        key: switch_key(address),
        name: if port == SWITCH_PORT { format!("pax-{ip}") } else { format!("pax-{ip}:{port}") },
        address: address.to_string(),
        names: Names::default(),
        driver: Arc::new(SwitchtecDriver::new(driver)),
    }
}

fn lab_notice() -> Notice {
    Notice::Lab { how_to_add: "patchbay serve --switch 10.0.0.5".to_owned() }
}

/// All doors of the server over one desk, and the page for breaking the lab where there is one.
pub fn router(desk: &Arc<dyn Desk>, assets: &Arc<Assets>, lab: Option<&LabBench>) -> Router {
    Router::new()
        .merge(api::routes(desk))
        .merge(pages::pages(desk, assets, lab))
        .layer(axum::middleware::from_fn(guard::own_pages_only))
        .layer(TraceLayer::new_for_http())
}

impl House {
    async fn serve(self, listener: TcpListener) -> Result<(), ServeError> {
        let Self { engine, tasks, thread, store, lab, app, stop } = self;
        let mut stopping = stop.subscribe();
        let until_stopped = async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let server =
            tokio::spawn(axum::serve(listener, app).with_graceful_shutdown(until_stopped).into_future());
        told_to_stop().await?;
        info!("stopping: finishing what runs");
        engine.stop();
        if timeout(STOP_WITHIN, tasks.finished()).await.is_err() {
            warn!("a change did not end in time; it is recovered at the next start");
        }
        stop.send_replace(true);
        if timeout(STOP_WITHIN, server).await.is_err() {
            warn!("a request did not end in time");
        }
        thread.end();
        for switch in lab {
            switch.stop().await;
        }
        store.close().await;
        info!("stopped");
        Ok(())
    }
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// When the system does not let the program listen for signals.
pub async fn told_to_stop() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
