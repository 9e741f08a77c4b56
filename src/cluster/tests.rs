//! Clusters come up, lose nodes and get them back, seen through the name servers' own answers.

use super::*;
use crate::readiness::Probe;
use clock::SystemClock;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn addrs(cluster: &Cluster) -> Vec<SocketAddr> {
    cluster
        .namesrv_addrs()
        .iter()
        .map(|addr| addr.parse().unwrap())
        .collect()
}

#[tokio::test]
async fn brokers_register_with_every_name_server() {
    let cluster = Cluster::builder()
        .namesrvs(2)
        .brokers(2)
        .topic("orders", 4)
        .start()
        .await
        .unwrap();
    let probe = Probe::new(SystemClock::shared());
    for namesrv in addrs(&cluster) {
        probe
            .brokers_known(&[namesrv], &names(&["b-0", "b-1"]))
            .await
            .unwrap();
        probe.topic_known(&[namesrv], "orders", 2).await.unwrap();
    }
    let status = cluster.status();
    assert!(status.ephemeral && status.data_dir.is_dir());
    assert!(
        status
            .brokers
            .iter()
            .all(|node| node.state == NodeState::Running)
    );
    cluster.shutdown().await;
    assert!(
        !status.data_dir.exists(),
        "ephemeral data goes with its cluster"
    );
}

#[tokio::test]
async fn a_killed_broker_comes_back_on_its_port() {
    let cluster = Cluster::builder().brokers(2).start().await.unwrap();
    let before = cluster.status().brokers[1].clone();
    cluster.kill_broker("b-1").await.unwrap();
    assert_eq!(cluster.status().brokers[1].state, NodeState::Killed);
    assert!(TcpStream::connect(&before.addr).is_err());
    let error = cluster.kill_broker("b-1").await.unwrap_err();
    assert_eq!(error.to_string(), "b-1 is killed already");
    cluster.start_broker("b-1").await.unwrap();
    assert_eq!(cluster.status().brokers[1].addr, before.addr);
    cluster.restart_broker("b-0").await.unwrap();
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_name_server_is_not_missed_and_a_broker_joins() {
    let cluster = Cluster::builder()
        .namesrvs(2)
        .topic("orders", 4)
        .start()
        .await
        .unwrap();
    cluster.kill_namesrv("ns-0").await.unwrap();
    assert_eq!(cluster.add_broker().await.unwrap(), "b-1");
    let probe = Probe::new(SystemClock::shared());
    let left = addrs(&cluster)[1];
    probe.topic_known(&[left], "orders", 2).await.unwrap();
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_busy_port_is_an_error_that_names_who_has_it() {
    let base = free_port().unwrap();
    let _taken = TcpListener::bind(("127.0.0.1", base)).unwrap();
    let error = Cluster::builder()
        .ports(Ports::From(base))
        .start()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("ns-0 cannot listen on 127.0.0.1:{base}")),
        "{text}"
    );
    #[cfg(target_os = "linux")]
    assert!(
        text.contains(&format!("pid {}", std::process::id())),
        "{text}"
    );
}

#[tokio::test]
async fn a_wrong_setting_is_refused_before_anything_runs() {
    let error = Cluster::builder()
        .set("flushDiskTypo", "SYNC_FLUSH")
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::Setting { .. }), "{error}");
    let error = Cluster::builder()
        .set("flushDiskType", "NOW")
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("flushDiskType=NOW"), "{error}");
}

#[tokio::test]
async fn unknown_nodes_are_answered_with_the_known_ones() {
    let cluster = Cluster::builder().start().await.unwrap();
    let error = cluster.stop_broker("b-7").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no node \"b-7\" (there are b-0)"
    );
    cluster.shutdown().await;
}

#[tokio::test]
async fn data_in_a_directory_outlives_its_cluster() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("mq");
    let with_data = || Cluster::builder().data(Data::Dir(dir.clone()));
    let cluster = with_data().topic("kept", 3).start().await.unwrap();
    cluster.shutdown().await;
    assert!(dir.join("b-0/config/topics.json").is_file());
    let cluster = with_data().start().await.unwrap();
    let probe = Probe::new(SystemClock::shared());
    probe
        .topic_known(&addrs(&cluster), "kept", 1)
        .await
        .unwrap();
    cluster.shutdown().await;
}
