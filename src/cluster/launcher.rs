//! Starts a cluster, moves its nodes, ends it.

use crate::data_dir::DataDir;
use crate::error::ClusterError;
use crate::node::Node;
use crate::readiness::Probe;
use crate::spec::ClusterBuilder;
use crate::status::{ClusterStatus, NodeState};
use broker::{Broker, BrokerConfig};
use namesrv::{Namesrv, NamesrvConfig};
use parking_lot::Mutex;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// An index of an ephemeral cluster holds a million keys a file: its files are touched all over, and
/// nobody keeps them.
const EPHEMERAL_SETTINGS: [(&str, &str); 2] =
    [("maxHashSlotNum", "250000"), ("maxIndexNum", "1000000")];

/// A running cluster. Dropped without [`shutdown`](Self::shutdown), its nodes end as if killed.
pub struct Cluster {
    spec: ClusterBuilder,
    data: DataDir,
    namesrvs: Vec<Arc<Node<Namesrv>>>,
    brokers: Mutex<Vec<Arc<Node<Broker>>>>,
    probe: Probe,
    ready_in: Duration,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cluster")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// One name server and one broker, ephemeral, on free ports, until told otherwise.
    #[must_use]
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    pub(crate) async fn start(spec: ClusterBuilder) -> Result<Self, ClusterError> {
        let begun = spec.clock.elapsed();
        let data = DataDir::open(&spec.data)?;
        let namesrvs = (0..spec.namesrvs).map(|index| namesrv_node(&spec, &data, index));
        let mut cluster = Self {
            namesrvs: namesrvs.collect::<Result<_, _>>()?,
            brokers: Mutex::default(),
            probe: Probe::new(spec.clock.clone()),
            ready_in: Duration::ZERO,
            data,
            spec,
        };
        if let Err(error) = cluster.start_all().await {
            cluster.end().await;
            return Err(error);
        }
        cluster.ready_in = cluster.spec.clock.elapsed().saturating_sub(begun);
        Ok(cluster)
    }

    async fn start_all(&self) -> Result<(), ClusterError> {
        let mut starting = JoinSet::new();
        for node in &self.namesrvs {
            let node = Arc::clone(node);
            starting.spawn(async move { node.start().await });
        }
        all_started(starting).await?;
        let brokers = (0..self.spec.brokers).map(|index| self.broker_node(index));
        let brokers: Vec<_> = brokers.collect::<Result<_, _>>()?;
        self.brokers.lock().clone_from(&brokers);
        let mut starting = JoinSet::new();
        for node in brokers {
            starting.spawn(async move { node.start().await });
        }
        all_started(starting).await?;
        for broker in self.broker_nodes() {
            self.prepare(&broker).await?;
        }
        self.wait_ready().await
    }

    /// Waits until every running name server knows every running broker, and the topics.
    ///
    /// # Errors
    /// [`ClusterError::NotReady`].
    pub async fn wait_ready(&self) -> Result<(), ClusterError> {
        let namesrvs: Vec<SocketAddr> = self
            .namesrvs
            .iter()
            .filter(|node| node.state() == NodeState::Running)
            .map(|node| reachable(node.listen_addr()))
            .collect();
        let running: Vec<_> = self.broker_nodes();
        let running = running
            .iter()
            .filter(|node| node.state() == NodeState::Running)
            .collect::<Vec<_>>();
        let names = running.iter().map(|node| node.name().to_owned()).collect();
        self.probe.brokers_known(&namesrvs, &names).await?;
        for topic in &self.spec.topics {
            self.probe
                .topic_known(&namesrvs, &topic.name, running.len())
                .await?;
        }
        Ok(())
    }

    /// Makes the topics of the specification on a broker.
    async fn prepare(&self, broker: &Node<Broker>) -> Result<(), ClusterError> {
        for topic in &self.spec.topics {
            let addr = reachable(broker.listen_addr());
            self.probe
                .create_topic((broker.name(), addr), topic)
                .await?;
        }
        Ok(())
    }

    /// The name servers as clients want them: `a:9876;b:9877`.
    #[must_use]
    pub fn namesrv_addr(&self) -> String {
        self.namesrv_addrs().join(";")
    }

    /// The addresses of the name servers, running or not.
    #[must_use]
    pub fn namesrv_addrs(&self) -> Vec<String> {
        let ip = self.spec.advertise.unwrap_or(self.spec.bind);
        let addr = |node: &Arc<Node<Namesrv>>| {
            reachable(SocketAddr::new(ip, node.listen_addr().port())).to_string()
        };
        self.namesrvs.iter().map(addr).collect()
    }

    /// Who is there, where, in which state.
    #[must_use]
    pub fn status(&self) -> ClusterStatus {
        ClusterStatus {
            cluster_name: self.spec.cluster_name.clone(),
            ephemeral: self.data.is_ephemeral(),
            data_dir: self.data.path().to_owned(),
            namesrvs: self.namesrvs.iter().map(|node| node.status()).collect(),
            brokers: self
                .broker_nodes()
                .iter()
                .map(|node| node.status())
                .collect(),
            ready_ms: u64::try_from(self.ready_in.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Ends a broker as by `kill -9`: sockets drop, nothing is flushed.
    ///
    /// # Errors
    /// No such broker, or it is not running.
    pub async fn kill_broker(&self, name: &str) -> Result<(), ClusterError> {
        self.broker(name)?.kill().await
    }

    /// Ends a broker in good order.
    ///
    /// # Errors
    /// No such broker, or it is not running.
    pub async fn stop_broker(&self, name: &str) -> Result<(), ClusterError> {
        self.broker(name)?.stop().await
    }

    /// Starts a broker again, on its port and with its data; returns when every name server knows it.
    ///
    /// # Errors
    /// No such broker, it runs already, or it does not start.
    pub async fn start_broker(&self, name: &str) -> Result<(), ClusterError> {
        self.broker(name)?.start().await?;
        self.wait_ready().await
    }

    /// Stops a broker in good order and starts it again.
    ///
    /// # Errors
    /// No such broker, or it does not start.
    pub async fn restart_broker(&self, name: &str) -> Result<(), ClusterError> {
        let broker = self.broker(name)?;
        if broker.state() == NodeState::Running {
            broker.stop().await?;
        }
        self.start_broker(name).await
    }

    /// Adds a broker to the running cluster and returns its name.
    ///
    /// # Errors
    /// There is no port for it, or it does not start.
    pub async fn add_broker(&self) -> Result<String, ClusterError> {
        let index = u16::try_from(self.brokers.lock().len()).unwrap_or(u16::MAX);
        let node = self.broker_node(index)?;
        node.start().await?;
        self.prepare(&node).await?;
        let name = node.name().to_owned();
        self.brokers.lock().push(node);
        self.wait_ready().await?;
        Ok(name)
    }

    /// Ends a name server as by `kill -9`.
    ///
    /// # Errors
    /// No such name server, or it is not running.
    pub async fn kill_namesrv(&self, name: &str) -> Result<(), ClusterError> {
        self.namesrv(name)?.kill().await
    }

    /// Ends a name server in good order.
    ///
    /// # Errors
    /// No such name server, or it is not running.
    pub async fn stop_namesrv(&self, name: &str) -> Result<(), ClusterError> {
        self.namesrv(name)?.stop().await
    }

    /// Starts a name server again; it knows a broker once that registers the next time.
    ///
    /// # Errors
    /// No such name server, it runs already, or it does not start.
    pub async fn start_namesrv(&self, name: &str) -> Result<(), ClusterError> {
        self.namesrv(name)?.start().await
    }

    /// Ends every node in good order. An ephemeral cluster's data is gone afterwards.
    pub async fn shutdown(self) {
        self.end().await;
    }

    /// Brokers first, all at once, so that they can say goodbye to the name servers.
    async fn end(&self) {
        self.probe.shutdown().await;
        let mut ending = JoinSet::new();
        for node in self.broker_nodes() {
            ending.spawn(async move { drop(node.stop().await) });
        }
        ending.join_all().await;
        let mut ending = JoinSet::new();
        for node in &self.namesrvs {
            let node = Arc::clone(node);
            ending.spawn(async move { drop(node.stop().await) });
        }
        ending.join_all().await;
    }

    fn broker_nodes(&self) -> Vec<Arc<Node<Broker>>> {
        self.brokers.lock().clone()
    }

    fn broker(&self, name: &str) -> Result<Arc<Node<Broker>>, ClusterError> {
        let brokers = self.broker_nodes();
        brokers
            .iter()
            .find(|node| node.name() == name)
            .cloned()
            .ok_or_else(|| {
                let known = brokers.iter().map(|node| node.name().to_owned()).collect();
                ClusterError::UnknownNode {
                    name: name.to_owned(),
                    known,
                }
            })
    }

    fn namesrv(&self, name: &str) -> Result<&Arc<Node<Namesrv>>, ClusterError> {
        self.namesrvs
            .iter()
            .find(|node| node.name() == name)
            .ok_or_else(|| {
                let known = self
                    .namesrvs
                    .iter()
                    .map(|node| node.name().to_owned())
                    .collect();
                ClusterError::UnknownNode {
                    name: name.to_owned(),
                    known,
                }
            })
    }

    fn broker_node(&self, index: u16) -> Result<Arc<Node<Broker>>, ClusterError> {
        let spec = &self.spec;
        let name = format!("b-{index}");
        let addr = spec.ports.of_broker(spec.bind, index)?;
        let namesrvs = self
            .namesrvs
            .iter()
            .map(|node| reachable(node.listen_addr()).to_string());
        let mut config = BrokerConfig::default();
        config.cluster_name.clone_from(&spec.cluster_name);
        config.broker_name.clone_from(&name);
        config.bind_address = spec.bind;
        config.listen_port = addr.port();
        config.ha_listen_port = addr.port().saturating_add(1);
        config.broker_ip1 = spec.advertise;
        config.namesrv_addrs = namesrvs.collect();
        config.store_path_root_dir = self.data.of_node(&name);
        let ephemeral = EPHEMERAL_SETTINGS
            .into_iter()
            .filter(|_| self.data.is_ephemeral());
        let asked_for = spec
            .settings
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in ephemeral.chain(asked_for) {
            config
                .set(key, value)
                .map_err(|error| ClusterError::Setting {
                    key: key.to_owned(),
                    value: value.to_owned(),
                    reason: error.to_string(),
                })?;
        }
        Ok(Arc::new(Node::new(
            name,
            Some(config.broker_id),
            config,
            spec.clock.clone(),
        )))
    }
}

fn namesrv_node(
    spec: &ClusterBuilder,
    data: &DataDir,
    index: u16,
) -> Result<Arc<Node<Namesrv>>, ClusterError> {
    let name = format!("ns-{index}");
    let config = NamesrvConfig {
        listen: spec.ports.of_namesrv(spec.bind, index)?,
        kv_config_path: (!data.is_ephemeral()).then(|| data.of_node(&name).join("kvConfig.json")),
        ..NamesrvConfig::default()
    };
    Ok(Arc::new(Node::new(name, None, config, spec.clock.clone())))
}

/// An address to connect to, for one to listen on: nobody connects to "any address".
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port());
    }
    listen
}

/// The first failure of all starts, after the last of them has ended.
async fn all_started(starting: JoinSet<Result<(), ClusterError>>) -> Result<(), ClusterError> {
    starting.join_all().await.into_iter().collect()
}
