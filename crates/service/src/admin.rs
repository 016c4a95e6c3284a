//! The admin address: `/healthz`, `/readyz`, `/metrics`. Loopback or an inner network only, and
//! with limits there as well: whoever stands in that network keeps nobody from looking.

use crate::neighbours::Readiness;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use mtls::listen::{Limits, Proof, Site};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, LabelSetEncoder,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// What the listener puts up with: one source has a quarter of the places.
const LIMITS: Limits = Limits {
    proven: 0,
    proven_per_source: 0,
    unproven: 128,
    per_source: 32,
    handshakes: 128,
    handshakes_per_source: 32,
    reserved: 0,
    reserved_per_source: 0,
    reserved_for_strangers: false,
    handshake: Duration::from_secs(1),
    // Whoever looks keeps a connection for eight seconds.
    header: Duration::from_secs(10),
    body: Duration::from_secs(5),
    reserved_time: Duration::from_secs(5),
    idle: Duration::from_secs(15),
    life: Duration::from_secs(3_600),
    body_bytes: 1024 * 1024,
    requests_of_one: 0,
    requests_of_source: 16,
};

/// What a process counts. Labels come from closed sets in the code; never a person or serial
/// number.
#[derive(Clone, Default)]
pub struct Metrics {
    /// Acts by name and outcome (`done` or a refusal's code).
    acts: Family<Act, Counter>,
    /// Present values by name: queue lengths, log sizes, ages in seconds.
    values: Family<Value, Gauge>,
    conditions: Arc<Mutex<BTreeMap<&'static str, String>>>,
    notices: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Act {
    act: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Value {
    name: &'static str,
}

impl EncodeLabelSet for Act {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("act", self.act), ("outcome", self.outcome)].encode(encoder)
    }
}

impl EncodeLabelSet for Value {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("name", self.name)].encode(encoder)
    }
}

impl Metrics {
    /// Counts an act with its outcome.
    pub fn count(&self, act: &'static str, outcome: &'static str) {
        self.acts.get_or_create(&Act { act, outcome }).inc();
    }

    /// The same for whoever counts one of them again and again.
    pub fn counted(&self, act: &'static str, outcome: &'static str) -> CountedAct {
        let act = Act { act, outcome };
        CountedAct { acts: self.acts.clone(), act, known: OnceLock::new() }
    }

    /// Sets a metric to its present value.
    pub fn set(&self, name: &'static str, value: i64) {
        self.values.get_or_create(&Value { name }).set(value);
    }

    /// Says that the process is not ready, and why; the empty text says that it is again.
    pub fn condition(&self, name: &'static str, problem: &str) {
        if say(&self.conditions, name, problem) {
            tracing::warn!(condition = name, problem, "not ready");
        }
    }

    /// Says what will be a condition if nobody looks after it; the process is ready all the same.
    /// The empty text says that it is well again.
    pub fn notice(&self, name: &'static str, what: &str) {
        if say(&self.notices, name, what) {
            tracing::warn!(notice = name, what, "ready, and to be looked after");
        }
    }

    /// Says whether a listener has no place left; a process that turns people away is not ready.
    pub fn full(&self, listener: &'static str, is_full: bool) {
        self.condition(listener, if is_full { "full" } else { "" });
    }

    /// Says whether a listener has few places left, as a notice.
    pub fn nearly_full(&self, listener: &'static str, is_nearly_full: bool) {
        self.notice(listener, if is_nearly_full { "nearly full" } else { "" });
    }

    /// The same for a listener that tells it itself.
    pub fn near_fullness(&self, listener: &'static str) -> Arc<dyn Fn(bool) + Send + Sync> {
        let metrics = self.clone();
        Arc::new(move |is_nearly_full| metrics.nearly_full(listener, is_nearly_full))
    }

    /// The same for a listener that tells it itself.
    pub fn fullness(&self, listener: &'static str) -> Arc<dyn Fn(bool) + Send + Sync> {
        let metrics = self.clone();
        Arc::new(move |is_full| metrics.full(listener, is_full))
    }

    fn problems(&self) -> String {
        lines(&self.conditions)
    }

    fn notices(&self) -> String {
        lines(&self.notices)
    }

    /// What is said on `/readyz`, for a page of the process itself.
    pub fn readiness(&self) -> Readiness {
        Readiness { is_ready: self.problems().is_empty(), told: self.told() }
    }

    /// Names of what is a condition, and of what is a notice.
    pub fn named(&self) -> [Vec<&'static str>; 2] {
        [&self.conditions, &self.notices].map(|told| {
            let told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.keys().copied().collect()
        })
    }

    /// Everything that is told on `/readyz`, a line each; empty if all is well.
    pub fn told(&self) -> Vec<String> {
        let all = format!("{}{}", self.problems(), self.notices());
        all.lines().map(str::to_owned).collect()
    }
}

/// An act with one outcome, looked up once; nothing is told of it before it happens.
pub struct CountedAct {
    acts: Family<Act, Counter>,
    act: Act,
    known: OnceLock<Counter>,
}

impl CountedAct {
    /// Counts one more.
    pub fn count(&self) {
        self.known.get_or_init(|| self.acts.get_or_create_owned(&self.act)).inc();
    }
}

type ToldConditions = Mutex<BTreeMap<&'static str, String>>;

/// Keeps what is told under a name; says whether it is new.
fn say(told: &ToldConditions, name: &'static str, what: &str) -> bool {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    if what.is_empty() {
        told.remove(name);
        return false;
    }
    let is_new = told.get(name).is_none_or(|known| known != what);
    if is_new {
        told.insert(name, what.to_owned());
    }
    is_new
}

fn lines(told: &ToldConditions) -> String {
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    told.iter().map(|(name, what)| format!("{name}: {what}\n")).collect()
}

/// A count that is kept elsewhere and read when somebody asks.
#[derive(Debug)]
struct Elsewhere {
    name: &'static str,
    help: &'static str,
    read: fn() -> u64,
}

impl Collector for Elsewhere {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counter = ConstCounter::new((self.read)());
        let kind = counter.metric_type();
        counter.encode(encoder.encode_descriptor(self.name, self.help, None, kind)?)
    }
}

/// The admin listener of a process.
pub struct Admin {
    metrics: Metrics,
    registry: Registry,
    beside: Router,
}

impl Admin {
    /// Registers the metrics of a process.
    pub fn new(metrics: Metrics) -> Self {
        let mut registry = Registry::with_prefix("yinxin");
        registry.register("acts", "Acts by outcome", metrics.acts.clone());
        let up = Gauge::<i64>::default();
        up.set(1);
        registry.register("up", "The process runs", up);
        registry.register("value", "Present values", metrics.values.clone());
        Self { metrics, registry, beside: Router::new() }
    }

    /// Shows a count that is kept elsewhere.
    pub fn counting(mut self, name: &'static str, help: &'static str, read: fn() -> u64) -> Self {
        self.registry.register_collector(Box::new(Elsewhere { name, help, read }));
        self
    }

    /// Serves more beside it: what may be read by whoever reaches the admin address.
    pub fn with(mut self, beside: Router) -> Self {
        self.beside = beside;
        self
    }

    /// Serves until the stop, at an address that a setting names.
    pub async fn serve(
        self,
        (address, setting): (SocketAddr, &str),
        stop: super::Stop,
    ) -> std::io::Result<()> {
        let listener = super::listen(address, setting).await?;
        // Nothing here is worth waiting for: the stop ends it.
        tokio::select! {
            served = self.serve_on(listener) => served,
            () = stop.wait() => Ok(()),
        }
    }

    async fn serve_on(mut self, listener: TcpListener) -> std::io::Result<()> {
        let beside = std::mem::take(&mut self.beside);
        let router = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(Arc::new(self))
            .merge(beside);
        let site = Site {
            router: super::problem::known_only(router),
            limits: LIMITS,
            proof: Proof::Nothing,
            is_brake: |_| false,
            busy: super::problem::busy,
            refuse: super::problem::refuse,
            // A crowd here says nothing about whether the process is ready.
            full: Arc::new(|_| ()),
            nearly_full: Arc::new(|_| ()),
        };
        mtls::listen::serve(listener, None, site, std::future::pending()).await
    }
}

async fn ready(State(admin): State<Arc<Admin>>) -> (StatusCode, String) {
    let (problems, notices) = (admin.metrics.problems(), admin.metrics.notices());
    if problems.is_empty() {
        (StatusCode::OK, format!("ready\n{notices}"))
    } else {
        // A spool fills while the log is away, which is a problem already.
        (StatusCode::SERVICE_UNAVAILABLE, format!("{problems}{notices}"))
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Result<String, StatusCode> {
    let mut text = String::new();
    encode(&mut text, &admin.registry).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::neighbours::{Neighbours, ask};
    use crate::stop::Stop;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpSocket, TcpStream};

    #[tokio::test]
    async fn what_will_be_wrong_is_told_beside_what_is() {
        let metrics = Metrics::default();
        metrics.notice("spool", "nearly full");
        let admin = Arc::new(Admin::new(metrics.clone()));
        let (status, said) = ready(State(admin.clone())).await;
        assert_eq!((status, said.as_str()), (StatusCode::OK, "ready\nspool: nearly full\n"));
        metrics.condition("log", "records wait");
        let (status, said) = ready(State(admin)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(said, "log: records wait\nspool: nearly full\n");
    }

    #[tokio::test]
    async fn an_act_is_counted_alike_in_both_ways() {
        let (all, wanted) = (Metrics::default(), r#"{act="decision",outcome="permitted"} 2"#);
        let counted = all.counted("decision", "permitted");
        let admin = Arc::new(Admin::new(all.clone()));
        let told = metrics(State(admin.clone())).await.unwrap();
        assert!(!told.contains("permitted"), "nothing happened");
        counted.count();
        all.count("decision", "permitted");
        assert!(metrics(State(admin)).await.unwrap().contains(wanted));
    }

    /// What a process says is told as long as it answers; then since when it does not, beside what
    /// it said last.
    #[tokio::test]
    async fn a_process_that_does_not_answer_is_told_with_since_when() {
        let at = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let neighbours = Neighbours::of(&[("log", at)]);
        assert_eq!(neighbours.known()[0].last, None, "nobody was asked");
        neighbours.look(Clock::system()).await;
        let never = neighbours.known().remove(0);
        assert!(never.last.is_none() && never.silent_since.is_some());

        let metrics = Metrics::default();
        metrics.notice("spool", "nearly full");
        let stop = Stop::on_signal().unwrap();
        let serving = Admin::new(metrics.clone()).serve((at, "admin"), stop);
        let serving = tokio::spawn(serving);
        while ask(at).await.is_none() {
            tokio::task::yield_now().await;
        }
        neighbours.look(Clock::system()).await;
        let known = neighbours.known().remove(0);
        let (answered, said) = known.last.unwrap();
        assert_eq!((said.is_ready, said.told), (true, vec!["spool: nearly full".to_owned()]));
        assert_eq!(known.silent_since, None);
        metrics.condition("spool", "full");
        assert!(!ask(at).await.unwrap().is_ready);

        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
        neighbours.look(Clock::system()).await;
        let gone = neighbours.known().remove(0);
        assert!(gone.silent_since.is_some_and(|since| since >= answered));
        assert!(gone.last.is_some_and(|(at, said)| at == answered && !said.told.is_empty()));
    }

    async fn connect(to: SocketAddr, from: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(from.parse().unwrap()).unwrap();
        socket.connect(to).await.unwrap()
    }

    /// Whoever holds connections without asking has so many; another one is answered.
    #[tokio::test]
    async fn a_crowd_at_the_admin_address_keeps_nobody_from_looking() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Admin::new(Metrics::default()).serve_on(listener));
        let mut crowd = Vec::new();
        // A quarter of the places is one source's, and no more.
        for _ in 0..LIMITS.unproven / 4 + 8 {
            crowd.push(connect(address, "127.0.0.1:0").await);
        }
        let mut last = crowd.pop().unwrap();
        let end = tokio::time::timeout(Duration::from_secs(10), last.read(&mut [0])).await;
        assert!(matches!(end, Ok(Ok(0) | Err(_))), "one source takes what it wants");
        let mut other = connect(address, "127.0.0.2:0").await;
        let ask = b"GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
        other.write_all(ask).await.unwrap();
        let mut told = String::new();
        other.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("ok\n"), "{told}");
    }
}
