//! Runs the role until the stop: the writer and its signer, the publisher, the operators' socket,
//! the calls.

use crate::answered_brakes::{AnswerJournal, AnsweredBrakes};
use crate::asking::Asking;
use crate::cmp::concluded::Concluded;
use crate::context::IssuanceContext;
use crate::issuer::Issuer;
use crate::marks::Marks;
use crate::numbers::Numbers;
use crate::pace::Pace;
use crate::query::census::LastCensus;
use crate::reads::Reads;
use crate::share::Stuck;
use crate::signer::Signer;
use crate::start::Start;
use crate::turn::Turn;
use crate::uncopied::Uncopied;
use crate::writer::{MANY, Writer};
use crate::{confirmed, publisher, queue, reads, route, shredder, snapshot, socket};
use anyhow::Context;
use arc_swap::ArcSwapOption;
use ca_host::service_keys::KeyPlace;
use ca_host::{CaConfig, listener};
use ca_store::keep::Keep;
use ca_store::replay::Replay;
use service::shown_certificate::ShownCertificate;
use service::{Clock, Gathering, Metrics, Neighbours, Stop};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use store::{CommitNews, Store};
use tokio::sync::{Notify, mpsc, watch};

/// Runs the role until the stop.
pub async fn serve(config: CaConfig, store: Store, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    ca_store::founding::finish(&store).await?;
    let metrics = Metrics::default();
    metrics.condition("start", "the log is being followed");
    let admin = service::Admin::new(metrics.clone())
        .counting("verifications", "Signatures verified, TLS aside", pki::counted::verifications)
        .counting("profiles_parsed", "Profile files parsed", pki::counted::profiles)
        .serve((config.issuer.admin, "ca.toml: issuer.admin"), stop.clone());
    let admin = tokio::spawn(admin);
    let identity = KeyPlace::tls(&config, "issuer").identity()?;
    let shown = ShownCertificate::of(&identity, "ca-server renew issuer");
    tokio::spawn(shown.watch(clock, metrics.clone(), stop.clone()));
    let root = std::fs::read(config.path("public/ca/root.cer"))?;
    let clients = mtls::tls::ClientAuth::Required { root, clock: Arc::new(clock) };
    let tls = mtls::tls::server(identity, &clients, &["http/1.1"])?;
    let listen = service::listen(config.issuer.listen, "ca.toml: issuer.listen").await?;
    let told = metrics.clone();
    let looking = service::disk::watch(config.folder().to_owned(), told.clone(), stop.clone());
    tokio::spawn(looking);
    let Some((issuer, writer, signer)) = open((config, store), (clock, metrics), &stop).await?
    else {
        return admin.await?.map_err(Into::into);
    };
    let issuer = Arc::new(issuer);
    let signing = std::thread::Builder::new().name("signer".into()).spawn(move || signer.run())?;
    let (snapshot, copies_wait) = (writer.keep.snapshot(), writer.uncopied.waits());
    let keeping = snapshot::run(issuer.clone(), snapshot, copies_wait.clone(), stop.clone());
    let writing = tokio::spawn(writer.run());
    let waiting = stop.clone();
    let router = route::router(issuer.clone());
    let judge = route::judge(issuer.clone());
    let site =
        listener::between_services(router, judge, ca_api::is_near_brake, (&told, "listener"));
    let api = mtls::listen::serve(listen, Some(tls), site, async move { waiting.wait().await });
    let operators = socket::serve(issuer.clone(), stop.clone())?;
    // Neither waits for the other, nor anybody for them.
    let listing = tokio::spawn(publisher::run(issuer.clone(), stop.clone()));
    let telling = tokio::spawn(publisher::people::run(issuer.clone(), stop.clone()));
    let publishing = async { tokio::try_join!(listing, telling).map(drop).map_err(Into::into) };
    let confirming = confirmed::run(issuer.clone(), stop.clone());
    let shredding = shredder::run(issuer.clone(), stop.clone());
    let begun = begun(issuer.clone(), stop.clone());
    let reading = reads::sum_up(issuer.clone(), stop.clone());
    let looking = issuer.neighbours.watch(clock, stop.clone());
    tokio::try_join!(async { admin.await? }, api, publishing, async {
        tokio::join!(operators, keeping, shredding, begun, reading, confirming, looking);
        Ok(())
    })?;
    // Whoever may still ask holds the issuer; without it the writer ends, then the signer.
    drop(issuer);
    let Writer { state, mut keep, signer, .. } = writing.await?;
    drop(signer);
    signing.join().map_err(|_| anyhow::anyhow!("the signer panicked"))?;
    if let Some(state) = state
        && !copies_wait.load(Ordering::Acquire)
    {
        keep.save(&state.followed)?;
    }
    Ok(())
}

/// Says that the role began once its first round left a state to answer from.
async fn begun(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    tokio::select! {
        _ = moved.wait_for(|_| issuer.view_now().is_some()) => {
            issuer.metrics.condition("start", "");
        }
        () = stop.wait() => {}
    }
}

/// Opens the role: its keys, what it kept, what a former process left; nothing if it is stopped
/// before.
async fn open(
    (config, store): (CaConfig, Store),
    (clock, metrics): (Clock, Metrics),
    stop: &Stop,
) -> anyhow::Result<Option<(Issuer, Writer, Signer)>> {
    let secret = ca_host::durable::read_private(&config.path("issuer/seal.key"))?;
    let context = Arc::new(IssuanceContext::open(config, (clock, &secret))?);
    let replay = Replay::new(&context.trust).context("trust file")?.published_in(&context.config);
    let ((keep, marks), (mut journal, told)) = kept(&context.config, &secret)?;
    let doorbell = ca_store::doorbell(&store, &context.config, heard()).await?;
    let start =
        Start::once_followed((&store, &context), (&replay, &keep), (&marks, &told), &metrics);
    let Some(start) = before(stop, start).await else { return Ok(None) };
    journal.keep(&start.adopted, &start.state.told)?;
    let ((commands, waiting), (to_signer, intents)) = (queue::queue(), mpsc::unbounded_channel());
    let ((to_writer, signed), (mover, moved)) = (mpsc::unbounded_channel(), watch::channel(0));
    let (view, news) = (Arc::new(ArcSwapOption::empty()), Arc::new(Notify::new()));
    let issuer = Issuer {
        context: context.clone(),
        store: store.clone(),
        clock,
        metrics: metrics.clone(),
        signatures: replay.signatures().clone(),
        view: view.clone(),
        commands,
        moved,
        news: news.clone(),
        asking: Asking::begin(),
        census: LastCensus::default(),
        reads: Reads::begin(),
        neighbours: Neighbours::of(&context.config.admins_beside("issuer")),
        numbers: Mutex::new(Numbers::open(&context.config, &secret)?),
        concluded: Concluded::default(),
    };
    let signer = Signer {
        context: context.clone(),
        metrics: metrics.clone(),
        marks,
        signatures: replay.signatures().clone(),
        view: view.clone(),
        intents,
        signed: to_writer,
    };
    let writer = Writer {
        context,
        turn: Turn::new(store.clone(), metrics.clone()),
        store,
        clock,
        metrics,
        replay,
        keep,
        doorbell,
        state: Some(start.state),
        commands: waiting,
        paces: (Pace::full(), Pace::full()),
        signed,
        signer: to_signer,
        view,
        moved: mover,
        news,
        unkept: Vec::new(),
        confirmed: start.confirmed,
        left_behind: start.left_behind,
        unsigned: start.unsigned,
        stuck: Stuck::none(),
        uncopied: Uncopied::of(start.uncopied, start.is_uncopied),
        began: Instant::now(),
        unwritten: start.unwritten,
        journal,
        gathering: Gathering::of(MANY),
        rung: false,
    };
    Ok(Some((issuer, writer, signer)))
}

/// What wakes the role.
fn heard() -> (&'static str, CommitNews) {
    ("issuer", CommitNews::CONTROL_GREW.and(CommitNews::CONTROL_WAITS))
}

/// The journal of what was told, and what a former process told.
type KeptAnswers = (AnswerJournal, AnsweredBrakes);

/// What the role keeps in its own directory under its seal key.
fn kept(config: &CaConfig, secret: &[u8]) -> anyhow::Result<((Keep, Marks), KeptAnswers)> {
    let keep = Keep::open(&config.path("issuer"), secret)?;
    let answers = AnswerJournal::open(&config.path("issuer/told"), secret)?;
    Ok(((keep, Marks::open(config, secret)?), answers))
}

/// What work gives, if it ends before the stop.
async fn before<T>(stop: &Stop, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = stop.wait() => None,
    }
}
