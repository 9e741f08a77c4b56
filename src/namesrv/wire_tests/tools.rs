//! What tools ask and change, and how a name server starts and ends.

use super::*;
use crate::StartError;
use protocol::body::{ClusterInfo, KvTable, QueueData, TopicList};
use std::net::SocketAddr;
use tokio::net::TcpListener;

fn kv(code: RequestCode, fields: &[(&str, &str)]) -> RemotingCommand {
    fields.iter().fold(request(code), |request, (name, value)| {
        request.with_field(name, value)
    })
}

async fn with_broker(settings: &[(&str, &str)]) -> (Namesrv, Peer) {
    let namesrv = start_with(settings, SystemClock::shared()).await;
    let peer = Peer::of(&namesrv);
    let registration = registration("broker-a", "10.0.0.1:10911", &["T", "U"]);
    peer.get(registration).await;
    (namesrv, peer)
}

#[tokio::test]
async fn kv_entries_outlive_the_name_server_where_they_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kvConfig.json");
    let settings = [("kvConfigPath", path.to_str().unwrap())];
    let entry = [("namespace", "n"), ("key", "k"), ("value", "v")];
    let namesrv = start_with(&settings, SystemClock::shared()).await;
    let tool = Peer::of(&namesrv);
    assert_eq!(
        tool.refused(kv(RequestCode::GetKvConfig, &entry)).await,
        (
            ResponseCode::QueryNotFound,
            "No config item, Namespace: n Key: k".to_owned()
        )
    );
    assert_eq!(
        tool.refused(kv(RequestCode::GetKvlistByNamespace, &entry))
            .await,
        (
            ResponseCode::QueryNotFound,
            "No config item, Namespace: n".to_owned()
        )
    );
    tool.get(kv(RequestCode::PutKvConfig, &entry)).await;
    namesrv.kill();
    namesrv.closed().await;

    let namesrv = start_with(&settings, SystemClock::shared()).await;
    let tool = Peer::of(&namesrv);
    let response = tool.get(kv(RequestCode::GetKvConfig, &entry)).await;
    assert_eq!(response.ext_fields.get("value"), Some("v"));
    let response = tool
        .get(kv(RequestCode::GetKvlistByNamespace, &entry))
        .await;
    assert_eq!(response.body, r#"{"table":{"k":"v"}}"#);
    tool.get(kv(RequestCode::DeleteKvConfig, &entry)).await;
    namesrv.shutdown().await;

    let namesrv = start_with(&settings, SystemClock::shared()).await;
    let tool = Peer::of(&namesrv);
    let response = tool
        .get(kv(RequestCode::GetKvlistByNamespace, &entry))
        .await;
    assert_eq!(KvTable::from_json(&response.body), Ok(KvTable::default()));
}

#[tokio::test]
async fn an_entry_that_cannot_be_kept_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kvConfig.json");
    std::fs::create_dir(folder.path().join("kvConfig.json.tmp")).unwrap();
    let settings = [("kvConfigPath", path.to_str().unwrap())];
    let namesrv = start_with(&settings, SystemClock::shared()).await;
    let entry = [("namespace", "n"), ("key", "k"), ("value", "v")];
    let put = kv(RequestCode::PutKvConfig, &entry);
    let (code, remark) = Peer::of(&namesrv).refused(put).await;
    assert_eq!(code, ResponseCode::SystemError);
    assert!(
        remark.starts_with("changed in memory, but not on disk: "),
        "{remark}"
    );
}

#[tokio::test]
async fn entries_beyond_the_limits_are_refused_by_the_name_of_the_limit() {
    let namesrv = start().await;
    let long = "k".repeat(1_025);
    let put = kv(
        RequestCode::PutKvConfig,
        &[("namespace", "n"), ("key", &long), ("value", "v")],
    );
    assert_eq!(
        Peer::of(&namesrv).refused(put).await,
        (
            ResponseCode::SystemError,
            "the key of a KV entry has 1025 bytes, the limit is 1024".to_owned()
        )
    );
}

#[tokio::test]
async fn the_cluster_is_told_with_unquoted_ids() {
    let (_namesrv, tool) = with_broker(&[]).await;
    let response = tool.get(request(RequestCode::GetBrokerClusterInfo)).await;
    assert_eq!(
        response.body,
        r#"{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"DefaultCluster","enableActingMaster":false}},"clusterAddrTable":{"DefaultCluster":["broker-a"]}}"#
    );
    let group = request(RequestCode::GetBrokerMemberGroup)
        .with_field("clusterName", "DefaultCluster")
        .with_field("brokerName", "broker-a");
    assert_eq!(
        tool.get(group).await.body,
        r#"{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"DefaultCluster"}}"#
    );
}

#[tokio::test]
async fn lists_of_topics_are_given_unless_they_are_switched_off() {
    let (_namesrv, tool) = with_broker(&[]).await;
    for (code, cluster, expected) in [
        (RequestCode::GetAllTopicListFromNameserver, "", "T U"),
        (RequestCode::GetTopicsByCluster, "DefaultCluster", "T U"),
        (RequestCode::GetTopicsByCluster, "elsewhere", ""),
        (
            RequestCode::GetSystemTopicListFromNs,
            "",
            "DefaultCluster broker-a",
        ),
        (RequestCode::GetUnitTopicList, "", ""),
        (RequestCode::GetHasUnitSubTopicList, "", ""),
        (RequestCode::GetHasUnitSubUnunitTopicList, "", ""),
    ] {
        let response = tool.get(request(code).with_field("cluster", cluster)).await;
        let topics = TopicList::from_json(&response.body).unwrap().topic_list;
        let topics: Vec<_> = topics.iter().map(String::as_str).collect();
        assert_eq!(topics.join(" "), expected, "{code}");
    }
    let off = "enableAllTopicList=false\nenableTopicList=false\n";
    tool.get(request(RequestCode::UpdateNamesrvConfig).with_body(off))
        .await;
    for code in [
        RequestCode::GetAllTopicListFromNameserver,
        RequestCode::GetTopicsByCluster,
        RequestCode::GetUnitTopicList,
    ] {
        let refused = tool.refused(request(code)).await;
        assert_eq!(
            refused,
            (ResponseCode::SystemError, "disable".to_owned()),
            "{code}"
        );
    }
}

#[tokio::test]
async fn write_permission_is_taken_and_given_back() {
    let (_namesrv, tool) = with_broker(&[]).await;
    for (code, field, perm) in [
        (RequestCode::WipeWritePermOfBroker, "wipeTopicCount", 4),
        (RequestCode::AddWritePermOfBroker, "addTopicCount", 6),
    ] {
        let response = tool
            .get(request(code).with_field("brokerName", "broker-a"))
            .await;
        assert_eq!(response.ext_fields.get(field), Some("2"));
        assert_eq!(tool.route("T").await.unwrap().queue_datas[0].perm, perm);
    }
}

#[tokio::test]
async fn topics_come_and_go_without_their_brokers() {
    let (_namesrv, tool) = with_broker(&[]).await;
    let register = |broker: &str| {
        let route = TopicRouteData {
            queue_datas: vec![QueueData {
                broker_name: broker.into(),
                perm: 6,
                ..QueueData::default()
            }],
            ..TopicRouteData::default()
        };
        request(RequestCode::RegisterTopicInNamesrv)
            .with_field("topic", "V")
            .with_body(route.to_json(false))
    };
    let response = tool.get(register("nobody")).await;
    assert_eq!(
        response.remark.as_deref(),
        Some(r#"topic V was not entered: broker "nobody" is not registered"#)
    );
    assert_eq!(tool.brokers_of("V").await, [""; 0]);
    tool.get(register("broker-a")).await;
    assert_eq!(tool.brokers_of("V").await, ["broker-a"]);
    let delete = request(RequestCode::DeleteTopicInNamesrv).with_field("topic", "V");
    tool.get(delete.clone().with_field("clusterName", "elsewhere"))
        .await;
    assert_eq!(tool.brokers_of("V").await, ["broker-a"]);
    tool.get(delete).await;
    assert_eq!(tool.route("V").await, None);
}

#[tokio::test]
async fn settings_are_shown_and_harmless_ones_are_changed() {
    let (_namesrv, tool) = with_broker(&[("kvConfigPath", "/tmp/gantry/none.json")]).await;
    let config = || async {
        let response = tool.get(request(RequestCode::GetNamesrvConfig)).await;
        String::from_utf8(response.body.to_vec()).unwrap()
    };
    assert!(config().await.contains("\norderMessageEnable=false\n"));
    let change = |text: &str| request(RequestCode::UpdateNamesrvConfig).with_body(text.to_owned());
    tool.get(change(
        "orderMessageEnable=true\nwaitSecondsForService=45\n",
    ))
    .await;
    assert!(config().await.contains("\norderMessageEnable=true\n"));

    let before = config().await;
    for (text, code, remark) in [
        (
            "kvConfigPath=/tmp/x",
            ResponseCode::NoPermission,
            "Can not update config in black list.",
        ),
        (
            "rocketmqHome=/tmp/x",
            ResponseCode::NoPermission,
            "Can not update config in black list.",
        ),
        (
            "configStorePath=x",
            ResponseCode::NoPermission,
            "Can not update config in black list.",
        ),
        (
            "configBlackList=",
            ResponseCode::NoPermission,
            "Can not update config in black list.",
        ),
        (
            "orderMessageEnable=false\nlistenPort=1",
            ResponseCode::NoPermission,
            "`listenPort` cannot be changed while the name server runs",
        ),
        (
            "orderMessageEnable=false\nenableTopicList=maybe",
            ResponseCode::InvalidParameter,
            "`maybe` is not a value for `enableTopicList`: it takes true or false",
        ),
        (
            "nothing=1",
            ResponseCode::InvalidParameter,
            "`nothing` is not a setting of the name server",
        ),
    ] {
        let refused = tool.refused(change(text)).await;
        assert_eq!(refused, (code, remark.to_owned()), "{text}");
        assert_eq!(config().await, before, "{text}");
    }
    let long = format!("#{}", "x".repeat(64 * 1024));
    let (code, remark) = tool.refused(change(&long)).await;
    assert_eq!(code, ResponseCode::InvalidParameter);
    assert_eq!(remark, "the settings have 65537 bytes, the limit is 65536");
}

#[tokio::test]
async fn a_request_that_is_not_for_a_name_server_is_named() {
    let namesrv = start().await;
    let tool = Peer::of(&namesrv);
    assert_eq!(
        tool.refused(request(RequestCode::SendMessage)).await,
        (
            ResponseCode::RequestCodeNotSupported,
            " request type 10 not supported (SEND_MESSAGE)".to_owned()
        )
    );
    let mut unknown = request(RequestCode::SendMessage);
    unknown.code = 9_999;
    let (_, remark) = tool.refused(unknown).await;
    assert_eq!(remark, " request type 9999 not supported");
}

#[tokio::test]
async fn two_name_servers_know_nothing_of_each_other() {
    let ((_one, a), other) = (with_broker(&[]).await, start().await);
    let b = Peer::of(&other);
    assert_eq!(a.brokers_of("T").await, ["broker-a"]);
    assert_eq!(b.route("T").await, None);
    let info = b.get(request(RequestCode::GetBrokerClusterInfo)).await;
    assert_eq!(
        ClusterInfo::from_json(&info.body),
        Ok(ClusterInfo::default())
    );
}

#[tokio::test]
async fn a_busy_address_and_a_damaged_file_are_named() {
    let busy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen: SocketAddr = busy.local_addr().unwrap();
    let config = NamesrvConfig {
        listen,
        ..NamesrvConfig::default()
    };
    let error = Namesrv::start(config, SystemClock::shared())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Bind { addr, .. } if addr == listen));
    assert!(error.to_string().contains(&listen.to_string()), "{error}");
}

#[tokio::test]
async fn the_port_is_free_once_a_name_server_has_ended() {
    let (namesrv, peer) = with_broker(&[]).await;
    let addr = namesrv.local_addr();
    let config = NamesrvConfig {
        listen: addr,
        ..NamesrvConfig::default()
    };
    namesrv.shutdown().await;
    let again = Namesrv::start(config.clone(), SystemClock::shared())
        .await
        .unwrap();
    assert_eq!(peer.until_answered().await, None, "nothing is remembered");
    again.kill();
    again.closed().await;
    let again = Namesrv::start(config, SystemClock::shared()).await.unwrap();
    assert_eq!(again.local_addr(), addr);
}

impl Peer {
    /// Asks until the name server is there again.
    async fn until_answered(&self) -> Option<TopicRouteData> {
        let asking = async {
            loop {
                if let Ok(response) = self.client.invoke(&self.addr, ask_route("T"), SOON).await {
                    break TopicRouteData::from_json(&response.body).ok();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, asking).await.unwrap()
    }
}
