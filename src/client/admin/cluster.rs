//! Which brokers there are.

use protocol::body::{BrokerData, ClusterInfo, TopicRouteData};
use protocol::{RemotingCommand, RequestCode, name};

use super::Admin;
use crate::ClientError;
use crate::route::MASTER_ID;

/// One running broker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerNode {
    /// Its cluster.
    pub cluster: String,
    /// Its name, which master and slaves share.
    pub name: String,
    /// Its id: 0 is the master.
    pub id: i64,
    /// Where it listens.
    pub addr: String,
}

impl BrokerNode {
    /// Whether it takes writes.
    #[must_use]
    pub const fn is_master(&self) -> bool {
        self.id == MASTER_ID
    }
}

/// Which brokers are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// All brokers of all clusters.
    All,
    /// The brokers of one cluster.
    Cluster(String),
    /// The brokers of one name.
    Broker(String),
    /// The broker at one address.
    Addr(String),
}

/// What one broker said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnBroker<T> {
    /// Who.
    pub broker: BrokerNode,
    /// What.
    pub value: T,
}

impl Admin {
    /// The clusters and brokers that a name server knows.
    ///
    /// # Errors
    /// No name server.
    pub async fn cluster_info(&self) -> Result<ClusterInfo, ClientError> {
        let code = RequestCode::GetBrokerClusterInfo;
        let answer = self
            .shared
            .ask_namesrv(code, RemotingCommand::request(code))
            .await?;
        answer.body(ClusterInfo::from_json)
    }

    /// Every broker, by cluster, name and id.
    ///
    /// # Errors
    /// No name server.
    pub async fn brokers(&self) -> Result<Vec<BrokerNode>, ClientError> {
        let info = self.cluster_info().await?;
        let mut nodes: Vec<_> = info.broker_addr_table.values().flat_map(nodes_of).collect();
        nodes.sort();
        Ok(nodes)
    }

    /// The brokers that are meant, sorted.
    ///
    /// # Errors
    /// No name server, or nothing of that name.
    pub async fn nodes(&self, target: &Target) -> Result<Vec<BrokerNode>, ClientError> {
        let all = match (self.brokers().await, target) {
            (Ok(all), _) => all,
            // Whoever names an address can do without a name server.
            (
                Err(ClientError::Unreachable { .. } | ClientError::Timeout { .. }),
                Target::Addr(_),
            ) => Vec::new(),
            (Err(error), _) => return Err(error),
        };
        select(all, target)
    }

    /// The masters among the brokers that are meant, sorted.
    ///
    /// # Errors
    /// No name server, nothing of that name, or no master.
    pub async fn masters(&self, target: &Target) -> Result<Vec<BrokerNode>, ClientError> {
        let nodes = self.nodes(target).await?;
        if matches!(target, Target::Addr(_)) {
            return Ok(nodes);
        }
        let slaves: Vec<String> = nodes
            .iter()
            .map(|node| format!("{} (id {})", node.name, node.id))
            .collect();
        let masters: Vec<_> = nodes.into_iter().filter(BrokerNode::is_master).collect();
        if masters.is_empty() && !slaves.is_empty() {
            let name = "with id 0, the master,".to_owned();
            return Err(ClientError::BrokerNotFound {
                name,
                known: slaves,
            });
        }
        Ok(masters)
    }

    /// One broker of each name that has a topic: the master, or else a slave.
    pub(super) async fn nodes_of_topic(&self, topic: &str) -> Result<Vec<BrokerNode>, ClientError> {
        Ok(one_of_each(&self.shared.routes.fetch(topic).await?))
    }

    /// The brokers that know something of a group: those that have its retry topic. Where there is
    /// none, all masters may know of it.
    pub(super) async fn nodes_of_group(&self, group: &str) -> Result<Vec<BrokerNode>, ClientError> {
        match self.nodes_of_topic(&name::retry_topic(group)).await {
            Err(ClientError::TopicNotFound { .. }) => self.masters(&Target::All).await,
            nodes => nodes,
        }
    }
}

/// Every broker of a name.
pub(crate) fn nodes_of(broker: &BrokerData) -> impl Iterator<Item = BrokerNode> {
    broker.broker_addrs.iter().map(|(id, addr)| BrokerNode {
        cluster: broker.cluster.clone(),
        name: broker.broker_name.clone(),
        id: *id,
        addr: addr.clone(),
    })
}

/// The broker with the smallest id of each name, which is the master if there is one.
pub(super) fn one_of_each(route: &TopicRouteData) -> Vec<BrokerNode> {
    let mut nodes: Vec<_> = route
        .broker_datas
        .iter()
        .filter_map(|broker| nodes_of(broker).next())
        .collect();
    nodes.sort();
    nodes
}

fn select(all: Vec<BrokerNode>, target: &Target) -> Result<Vec<BrokerNode>, ClientError> {
    let known = |name: fn(&BrokerNode) -> &String| {
        let mut names: Vec<String> = all.iter().map(name).cloned().collect();
        names.sort();
        names.dedup();
        names
    };
    let (clusters, names) = (known(|node| &node.cluster), known(|node| &node.name));
    let mut nodes = all;
    match target {
        Target::All => {}
        Target::Cluster(cluster) => {
            nodes.retain(|node| node.cluster == *cluster);
            if nodes.is_empty() {
                let name = cluster.clone();
                return Err(ClientError::ClusterNotFound {
                    name,
                    known: clusters,
                });
            }
        }
        Target::Broker(name) => {
            nodes.retain(|node| node.name == *name);
            if nodes.is_empty() {
                return Err(ClientError::BrokerNotFound {
                    name: name.clone(),
                    known: names,
                });
            }
        }
        Target::Addr(addr) => {
            nodes.retain(|node| node.addr == *addr);
            if nodes.is_empty() {
                let (cluster, name) = (String::new(), String::new());
                nodes.push(BrokerNode {
                    cluster,
                    name,
                    id: MASTER_ID,
                    addr: addr.clone(),
                });
            }
        }
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<BrokerNode> {
        let node = |cluster: &str, name: &str, id| BrokerNode {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            id,
            addr: format!("{name}:{id}"),
        };
        vec![node("C", "a", 0), node("C", "a", 1), node("D", "b", 0)]
    }

    #[test]
    fn targets_pick_brokers_or_name_what_there_is() {
        let check = |target, expected: &[&str]| {
            let nodes = select(all(), &target).unwrap();
            let addrs: Vec<_> = nodes.iter().map(|node| node.addr.as_str()).collect();
            assert_eq!(addrs, expected);
        };
        check(Target::All, &["a:0", "a:1", "b:0"]);
        check(Target::Cluster("C".into()), &["a:0", "a:1"]);
        check(Target::Broker("b".into()), &["b:0"]);
        check(Target::Addr("a:1".into()), &["a:1"]);
        check(Target::Addr("else:9".into()), &["else:9"]);
        let error = |target| select(all(), &target).unwrap_err().to_string();
        assert_eq!(
            error(Target::Cluster("X".into())),
            "cluster X not found; there are C, D"
        );
        assert_eq!(
            error(Target::Broker("X".into())),
            "broker X not found; there are a, b"
        );
    }
}
