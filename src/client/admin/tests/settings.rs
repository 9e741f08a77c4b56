//! Settings of brokers and name servers.

use super::*;

#[tokio::test]
async fn settings_are_read_and_written_as_text() {
    let cluster = Cluster::start().await;
    cluster.a.on(RequestCode::GetBrokerConfig, |_| {
        Said::body(b"brokerName=a\nx=1\n".to_vec())
    });
    cluster.a.on(RequestCode::UpdateBrokerConfig, |request| {
        assert_eq!(request.body, "x=2\n");
        Said::success()
    });
    let addr = cluster.a.addr();
    assert_eq!(
        cluster.admin.broker_config(addr).await.unwrap()["brokerName"],
        "a"
    );
    cluster
        .admin
        .update_broker_config(addr, &[("x", "2")])
        .await
        .unwrap();
    cluster.a.on(RequestCode::GetBrokerRuntimeInfo, |_| {
        let table = [("putTps".to_owned(), "2.5 1 1".to_owned())].into();
        Said::body(KvTable { table }.to_json())
    });
    assert_eq!(
        cluster.admin.runtime_info(addr).await.unwrap().put_tps(),
        Some(2.5)
    );
}

#[tokio::test]
async fn every_name_server_is_told_and_one_is_asked() {
    let (one, two) = (FakeNamesrv::start().await, FakeNamesrv::start().await);
    for namesrv in [&one, &two] {
        namesrv.on(RequestCode::PutKvConfig, done);
        namesrv.on(RequestCode::GetKvConfig, |request| {
            match request.ext_fields.get("key") {
                Some("k") => {
                    let answer = RemotingCommand::response(ResponseCode::Success);
                    Said::Answer(answer.with_field("value", "v"))
                }
                _ => Said::code(ResponseCode::QueryNotFound, "No config item"),
            }
        });
        namesrv.on(RequestCode::WipeWritePermOfBroker, |_| {
            let answer = RemotingCommand::response(ResponseCode::Success);
            Said::Answer(answer.with_field("wipeTopicCount", "3"))
        });
    }
    let admin = client_of(&[&one, &two]).0.admin();
    assert_eq!(
        admin.kv_put("n", "k", "v").await.items,
        [one.addr(), two.addr()]
    );
    assert_eq!(admin.kv_get("n", "k").await, Ok(Some("v".to_owned())));
    assert_eq!(admin.kv_get("n", "x").await, Ok(None));
    let counts: Vec<_> = admin
        .wipe_write_perm("a")
        .await
        .items
        .into_iter()
        .map(|(_, count)| count)
        .collect();
    assert_eq!(counts, [3, 3]);
    two.kill().await;
    let told = admin.kv_put("n", "k", "v").await;
    assert_eq!((told.items.len(), told.failed.len()), (1, 1));
}
