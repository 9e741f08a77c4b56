//! What is measured: a running cluster, one broker, or a cluster started for it.

use std::time::Duration;

use client::admin::Target as Brokers;
use protocol::body::TopicConfig;
use protocol::header::{
    CreateTopicRequestHeader, DeleteTopicRequestHeader, GetMaxOffsetRequestHeader,
    GetMaxOffsetResponseHeader, GetMinOffsetRequestHeader, GetMinOffsetResponseHeader,
};
use protocol::{RemotingCommand, RequestCode};

use super::own_cluster::{OwnCluster, Plan};
use super::peer::Peer;
use crate::config::Origin;
use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::local::shape::parse_setting;
use crate::session::{self, Session};

/// Which server is measured.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SiteArgs {
    /// Start a cluster for this (the default if none runs)
    #[arg(long, conflicts_with_all = ["broker", "pids"])]
    local: bool,

    /// Its brokers
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64), hide_short_help = true)]
    pub(super) brokers: u16,

    /// A broker setting of it (can be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting, hide_short_help = true)]
    settings: Vec<(String, String)>,

    /// Keep its data in this folder
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    data: Option<std::path::PathBuf>,

    /// This broker alone, without asking a name server
    #[arg(long, value_name = "HOST:PORT", hide_short_help = true)]
    broker: Option<String>,

    /// The server's process, for its CPU time and memory (can be repeated)
    #[arg(long = "pid", value_name = "PID", hide_short_help = true)]
    pids: Vec<u32>,
}

impl SiteArgs {
    /// The cluster to start, if one is started.
    pub(super) fn plan(&self) -> Plan {
        Plan {
            brokers: self.brokers,
            settings: self.settings.clone(),
            data: self.data.clone(),
            ports: "auto".to_owned(),
        }
    }
}

/// A broker that takes messages.
#[derive(Debug, Clone)]
pub(super) struct Master {
    /// Not known of a broker that was named by its address.
    name: Option<String>,
    pub(super) addr: String,
}

/// A server that can be measured.
#[derive(Debug)]
pub(super) struct Site {
    /// In words, for the report.
    pub(super) what: String,
    pub(super) brokers: Vec<Master>,
    pub(super) pids: Vec<u32>,
    session: Option<Session>,
    own: Option<OwnCluster>,
    timeout: Duration,
}

impl Site {
    /// Finds the server that the flags mean, or starts one.
    pub(super) async fn open(ctx: &Context, args: &SiteArgs) -> Result<Self, CommandError> {
        if let Some(broker) = &args.broker {
            return Ok(Self {
                what: format!("broker {broker}"),
                brokers: vec![Master {
                    name: None,
                    addr: broker.clone(),
                }],
                pids: args.pids.clone(),
                session: None,
                own: None,
                timeout: ctx.timeout(),
            });
        }
        if args.local || ctx.target()?.origin == Origin::Default {
            return Self::start(ctx, &args.plan()).await;
        }
        let session = session::connect_for_writing(ctx).await?;
        let namesrv = session.target().namesrv.clone();
        let mut pids = args.pids.clone();
        if pids.is_empty() {
            let running = ctx.state.running();
            let ours = running
                .iter()
                .filter(|run_file| run_file.namesrv == namesrv);
            pids = ours.map(|run_file| run_file.pid).collect();
        }
        let what = session.target().describe();
        Self::of_session(ctx, session, what, pids, None).await
    }

    /// A cluster of our own.
    pub(super) async fn start(ctx: &Context, plan: &Plan) -> Result<Self, CommandError> {
        let starting = OwnCluster::start(ctx, plan);
        let own = ctx.out.busy("starting a cluster", starting).await?;
        let mut what = match plan.brokers {
            1 => "a cluster of its own: 1 broker".to_owned(),
            brokers => format!("a cluster of its own: {brokers} brokers"),
        };
        for (key, value) in &plan.settings {
            what.push_str(&format!(", {key}={value}"));
        }
        let session = session::connect_to_own(ctx, own.namesrv.clone())?;
        let pids = vec![own.pid()];
        Self::of_session(ctx, session, what, pids, Some(own)).await
    }

    /// A cluster that somebody else ends.
    pub(super) async fn of_cluster(
        ctx: &Context,
        cluster: &OwnCluster,
    ) -> Result<Self, CommandError> {
        let session = session::connect_to_own(ctx, cluster.namesrv.clone())?;
        let pids = vec![cluster.pid()];
        Self::of_session(ctx, session, String::new(), pids, None).await
    }

    async fn of_session(
        ctx: &Context,
        session: Session,
        what: String,
        pids: Vec<u32>,
        own: Option<OwnCluster>,
    ) -> Result<Self, CommandError> {
        let admin = session.admin();
        let masters = session.ask(|| admin.masters(&Brokers::All)).await?;
        if masters.is_empty() {
            let text = "no broker is registered";
            return Err(CommandError::new(&codes::BROKER_NOT_FOUND, text)
                .looked_at(session.target().describe()));
        }
        let master = |node: client::admin::BrokerNode| Master {
            name: Some(node.name),
            addr: node.addr,
        };
        Ok(Self {
            what,
            brokers: masters.into_iter().map(master).collect(),
            pids,
            session: Some(session),
            own,
            timeout: ctx.timeout(),
        })
    }

    /// Makes a topic with this many queues on every broker.
    pub(super) async fn create_topic(&self, topic: &str, queues: i32) -> Result<(), CommandError> {
        if let Some(session) = &self.session {
            let config = TopicConfig::new(topic, queues);
            let admin = session.admin();
            let (_, failures) = session
                .ask_many(|| admin.create_topic(&Brokers::All, &config))
                .await?;
            return match failures.into_iter().next() {
                None => Ok(()),
                Some(failure) => Err(CommandError::new(&codes::PARTIAL, failure.message)),
            };
        }
        let request = create_request(topic, queues);
        self.call_each(&request)
    }

    /// How many queues a topic that exists has on each of the brokers. A broker that is named by its
    /// address is taken to have `assumed`.
    pub(super) async fn queues_of(
        &self,
        topic: &str,
        assumed: i32,
    ) -> Result<Vec<i32>, CommandError> {
        let Some(session) = &self.session else {
            return Ok(vec![assumed; self.brokers.len()]);
        };
        let admin = session.admin();
        let route = session.ask(|| admin.topic_route(topic)).await?;
        let of = |master: &Master| {
            let queues = route
                .queue_datas
                .iter()
                .find(|queues| Some(&queues.broker_name) == master.name.as_ref());
            queues.map_or(0, |queues| {
                queues.write_queue_nums.min(queues.read_queue_nums)
            })
        };
        Ok(self.brokers.iter().map(of).collect())
    }

    /// Removes a topic and all its messages. A cluster that ends anyway is spared the work.
    pub(super) async fn delete_topic(&self, topic: &str) -> Result<(), CommandError> {
        if self.own.is_some() {
            return Ok(());
        }
        if let Some(session) = &self.session {
            let admin = session.admin();
            let deleted = session.ask_many(|| admin.delete_topic(&Brokers::All, topic));
            return deleted.await.map(drop);
        }
        let header = DeleteTopicRequestHeader {
            topic: topic.to_owned(),
        };
        let request =
            RemotingCommand::request(RequestCode::DeleteTopicInBroker).with_header(&header);
        self.call_each(&request)
    }

    /// Where each queue of a topic ends: by broker, then by queue.
    pub(super) fn ends(&self, topic: &str, queues: &[i32]) -> Result<Vec<Vec<i64>>, CommandError> {
        self.of_queues(queues, |addr, queue_id| {
            let header = GetMaxOffsetRequestHeader {
                topic: topic.to_owned(),
                queue_id,
                committed: None,
            };
            let request = RemotingCommand::request(RequestCode::GetMaxOffset).with_header(&header);
            let answer = self.call(addr, &request)?;
            let header = answer.header::<GetMaxOffsetResponseHeader>();
            Ok(header.map_err(|error| unreadable(addr, &error))?.offset)
        })
    }

    /// Where each queue of a topic begins: by broker, then by queue.
    pub(super) fn begins(
        &self,
        topic: &str,
        queues: &[i32],
    ) -> Result<Vec<Vec<i64>>, CommandError> {
        self.of_queues(queues, |addr, queue_id| {
            let header = GetMinOffsetRequestHeader {
                topic: topic.to_owned(),
                queue_id,
            };
            let request = RemotingCommand::request(RequestCode::GetMinOffset).with_header(&header);
            let answer = self.call(addr, &request)?;
            let header = answer.header::<GetMinOffsetResponseHeader>();
            Ok(header.map_err(|error| unreadable(addr, &error))?.offset)
        })
    }

    fn of_queues(
        &self,
        queues: &[i32],
        offset: impl Fn(&str, i32) -> Result<i64, CommandError>,
    ) -> Result<Vec<Vec<i64>>, CommandError> {
        let of_broker = |(master, queues): (&Master, &i32)| {
            (0..*queues)
                .map(|queue_id| offset(&master.addr, queue_id))
                .collect()
        };
        self.brokers.iter().zip(queues).map(of_broker).collect()
    }

    /// Asks every broker the same, one after the other.
    fn call_each(&self, request: &RemotingCommand) -> Result<(), CommandError> {
        let ask = |master: &Master| self.call(&master.addr, request).map(drop);
        self.brokers.iter().try_for_each(ask)
    }

    fn call(&self, addr: &str, request: &RemotingCommand) -> Result<RemotingCommand, CommandError> {
        let answer = Peer::connect(addr).and_then(|mut peer| peer.call(request, self.timeout));
        let answer = answer.map_err(|error| unreachable(addr, &error))?;
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(CommandError::remote(answer.code, answer.remark.as_deref()).looked_at(addr))
        }
    }

    /// Whether it ends with the measurement.
    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Ends what was started for the measurement as `kill -9` does.
    pub(super) async fn kill(self) {
        if let Some(mut own) = self.own {
            own.kill();
        }
        if let Some(session) = &self.session {
            session.close().await;
        }
    }

    /// Ends what was started for the measurement.
    pub(super) async fn close(self, ctx: &Context) {
        if let Some(session) = &self.session {
            session.close().await;
        }
        if let Some(own) = self.own {
            ctx.out.busy("stopping the cluster", own.end(ctx)).await;
        }
    }
}

/// The request that makes a topic.
pub(super) fn create_request(topic: &str, queues: i32) -> RemotingCommand {
    let header = CreateTopicRequestHeader {
        topic: topic.to_owned(),
        default_topic: protocol::name::AUTO_CREATE_TOPIC.to_owned(),
        read_queue_nums: queues,
        write_queue_nums: queues,
        perm: TopicConfig::default().perm,
        topic_filter_type: "SINGLE_TAG".to_owned(),
        topic_sys_flag: Some(0),
        order: false,
        attributes: None,
        force: None,
    };
    RemotingCommand::request(RequestCode::UpdateAndCreateTopic).with_header(&header)
}

/// An answer without what it should hold.
fn unreadable(addr: &str, error: &protocol::codec::HeaderError) -> CommandError {
    CommandError::new(&codes::REMOTE_ERROR, error.to_string()).looked_at(addr)
}

/// A broker that does not take or keep connections.
pub(super) fn unreachable(addr: &str, error: &std::io::Error) -> CommandError {
    let text = format!("broker {addr}: {error}");
    if error.kind() == std::io::ErrorKind::TimedOut {
        CommandError::new(&codes::TIMEOUT, text)
    } else {
        CommandError::new(&codes::BROKER_UNREACHABLE, text)
    }
}
