//! What happens: a cluster, a topic, messages, a group, a broker that dies and comes back.

use client::{ClientError, SendResult};
use cluster::{Cluster, Ports};
use serde_json::{Value, json};

use super::cast::{Cast, GROUP, TOPIC};
use super::telling::Telling;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::shape::cluster_error;

const QUEUES: i32 = 4;

/// Brings the cluster up.
pub(super) async fn start(
    ctx: &Context,
    telling: &mut Telling<'_>,
) -> Result<Cluster, CommandError> {
    let builder = Cluster::builder().namesrvs(2).brokers(2).ports(Ports::Auto);
    let builder = builder.topic(TOPIC, QUEUES).clock(ctx.clock.clone());
    let cluster = builder
        .start()
        .await
        .map_err(|error| cluster_error(&error))?;
    let status = cluster.status();
    let nodes = status.namesrvs.iter().chain(&status.brokers);
    let lines = nodes.map(|node| format!("{:<6}{:<22}{}", node.name, node.addr, node.state));
    let lines = lines
        .chain([format!("topic {TOPIC}: {QUEUES} queues on each broker")])
        .collect();
    telling.step(
        &format!("Two name servers and two brokers, ready in {} ms", status.ready_ms),
        &format!("gantry up -d -b 2 --namesrvs 2 --topic {TOPIC}:{QUEUES}"),
        lines,
        json!({ "namesrv": cluster.namesrv_addrs(), "brokers": status.brokers, "ready_ms": status.ready_ms }),
    )?;
    Ok(cluster)
}

/// Plays the rest.
pub(super) async fn play(
    ctx: &Context,
    cluster: &Cluster,
    telling: &mut Telling<'_>,
) -> Result<(), CommandError> {
    let cast = Cast::new(cluster.namesrv_addrs(), ctx.clock.clone());
    let mut cast = cast.map_err(|error| failed(&error))?;
    messages_go_in(&mut cast, telling).await?;
    consumers_share(&mut cast, telling).await?;
    a_broker_dies(cluster, &mut cast, telling).await?;
    it_comes_back(cluster, &mut cast, telling).await?;
    cast.leave().await;
    let next = [
        "gantry up -d -b 2",
        "gantry send orders 'hello'",
        "gantry tail orders",
    ];
    telling.step(
        "Now you",
        "gantry up",
        next.map(str::to_owned).to_vec(),
        Value::Null,
    )
}

async fn messages_go_in(cast: &mut Cast, telling: &mut Telling<'_>) -> Result<(), CommandError> {
    let results = cast.send(10).await.map_err(|error| failed(&error))?;
    telling.step(
        "A producer sends ten messages",
        &format!("gantry send {TOPIC} 'Hello RocketMQ {{{{ n }}}}' --count 10 --tag TagA"),
        results.iter().map(receipt).collect(),
        receipts(&results),
    )
}

async fn consumers_share(cast: &mut Cast, telling: &mut Telling<'_>) -> Result<(), CommandError> {
    cast.consumers_join()
        .await
        .map_err(|error| failed(&error))?;
    consumed(cast, &["b-0", "b-1"], "both brokers").await?;
    let (mut lines, queues) = cast.queue_table().await.map_err(|error| failed(&error))?;
    lines.push(format!(
        "{} of {} messages consumed",
        cast.received(),
        cast.sent
    ));
    telling.step(
        "Two consumers share the queues, in a circle",
        &format!("gantry consume {TOPIC} -g {GROUP} --instances 2 --strategy circle --from first"),
        lines,
        json!({ "queues": queues, "received": cast.received(), "sent": cast.sent }),
    )
}

async fn a_broker_dies(
    cluster: &Cluster,
    cast: &mut Cast,
    telling: &mut Telling<'_>,
) -> Result<(), CommandError> {
    cluster
        .kill_broker("b-1")
        .await
        .map_err(|error| cluster_error(&error))?;
    let results = cast.send(5).await.map_err(|error| failed(&error))?;
    consumed(cast, &["b-0"], "the broker that is left").await?;
    let mut lines: Vec<String> = results.iter().map(receipt).collect();
    lines.push(format!(
        "{} of {} messages consumed",
        cast.received(),
        cast.sent
    ));
    telling.step(
        "b-1 is killed, and everything goes on with b-0",
        "gantry broker kill b-1",
        lines,
        json!({ "sent": receipts(&results), "received": cast.received() }),
    )
}

async fn it_comes_back(
    cluster: &Cluster,
    cast: &mut Cast,
    telling: &mut Telling<'_>,
) -> Result<(), CommandError> {
    cluster
        .start_broker("b-1")
        .await
        .map_err(|error| cluster_error(&error))?;
    if !cast.broker_in_use("b-1").await {
        return Err(stuck("the producer does not use b-1 again"));
    }
    let results = cast.send(10).await.map_err(|error| failed(&error))?;
    consumed(cast, &["b-0", "b-1"], "both brokers again").await?;
    let back = results
        .iter()
        .filter(|result| result.queue.broker_name == "b-1")
        .count();
    let (mut lines, queues) = cast.queue_table().await.map_err(|error| failed(&error))?;
    lines.push(format!(
        "{} of {} messages consumed, none lost",
        cast.received(),
        cast.sent
    ));
    telling.step(
        &format!("b-1 is back with all it had acknowledged, and takes {back} of ten messages"),
        "gantry broker start b-1",
        lines,
        json!({ "queues": queues, "received": cast.received(), "sent": cast.sent }),
    )
}

async fn consumed(cast: &Cast, brokers: &[&str], whose: &str) -> Result<(), CommandError> {
    if cast.settled(brokers).await {
        return Ok(());
    }
    let text = format!(
        "{} of {} messages consumed from {whose}",
        cast.received(),
        cast.sent
    );
    Err(stuck(&text))
}

fn stuck(what: &str) -> CommandError {
    CommandError::new(&codes::TIMEOUT, format!("the story does not go on: {what}"))
}

fn failed(error: &ClientError) -> CommandError {
    CommandError::new(&codes::FAILED, format!("the story does not go on: {error}"))
}

fn receipt(result: &SendResult) -> String {
    format!(
        "{}  {}/q{} @{}  {}",
        result.status.name(),
        result.queue.broker_name,
        result.queue.queue_id,
        result.queue_offset,
        result.msg_id
    )
}

fn receipts(results: &[SendResult]) -> Value {
    let receipt = |result: &SendResult| {
        json!({
            "status": result.status.name(), "broker": result.queue.broker_name,
            "queue": result.queue.queue_id, "offset": result.queue_offset, "msg_id": result.msg_id,
        })
    };
    results.iter().map(receipt).collect()
}
