//! The flags that say what a local cluster shall be, shared by every command that starts one.

use std::net::IpAddr;
use std::path::PathBuf;

use cluster::{ClusterBuilder, Data, Ports};

use crate::context::Context;
use crate::error::{CommandError, codes};

/// More nodes than this in one process are a typing error.
const NODES_MAX: u16 = 64;

/// What a local cluster shall be.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Shape {
    /// How many brokers
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(NODES_MAX)))]
    pub(crate) brokers: u16,

    /// How many name servers
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(NODES_MAX)))]
    pub(crate) namesrvs: u16,

    /// Keep the data in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    pub(crate) data: Option<PathBuf>,

    /// Drop the data at the end (the default)
    #[arg(long)]
    pub(crate) ephemeral: bool,

    /// Make this topic (can be repeated)
    #[arg(long = "topic", value_name = "NAME:QUEUES", value_parser = parse_topic)]
    pub(crate) topics: Vec<(String, i32)>,

    /// Set a broker setting (can be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub(crate) settings: Vec<(String, String)>,

    /// Listen on this address
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,

    /// Tell clients to use this address
    #[arg(long, value_name = "IP")]
    pub(crate) advertise: Option<IpAddr>,
}

impl Shape {
    /// The cluster that the flags describe.
    pub(crate) fn builder(&self, ctx: &Context, ports: Ports) -> ClusterBuilder {
        let mut builder = cluster::Cluster::builder()
            .brokers(self.brokers)
            .namesrvs(self.namesrvs)
            .ports(ports)
            .bind(self.bind)
            .clock(ctx.clock.clone());
        if let Some(ip) = self.advertise {
            builder = builder.advertise(ip);
        }
        if let Some(dir) = &self.data {
            builder = builder.data(Data::Dir(ctx.folder.join(dir)));
        }
        for (name, queues) in &self.topics {
            builder = builder.topic(name, *queues);
        }
        for (key, value) in &self.settings {
            builder = builder.set(key, value);
        }
        builder
    }
}

/// Reads `orders:8`, or `orders` for four queues.
fn parse_topic(text: &str) -> Result<(String, i32), String> {
    const QUEUES_DEFAULT: i32 = 4;
    let (name, queues) = match text.split_once(':') {
        None => (text, QUEUES_DEFAULT),
        Some((name, queues)) => {
            let queues = queues
                .parse()
                .ok()
                .filter(|count| (1..=4096).contains(count));
            (
                name,
                queues.ok_or("the number of queues is 1 to 4096, as in orders:8")?,
            )
        }
    };
    protocol::name::validate_topic(name).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), queues))
}

/// Reads `flushDiskType=SYNC_FLUSH`.
pub(crate) fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("a setting is KEY=VALUE, as in flushDiskType=SYNC_FLUSH".to_owned()),
    }
}

/// What a user is told when a cluster does not start, or a node does not obey.
pub(crate) fn cluster_error(error: &cluster::ClusterError) -> CommandError {
    use cluster::ClusterError as E;
    let message = error.to_string();
    match error {
        E::PortBusy { .. } => CommandError::new(&codes::PORT_IN_USE, message)
            .next("use other ports: --ports auto, or --ports 19876"),
        E::NoFreePort { .. } => CommandError::new(&codes::PORT_IN_USE, message),
        E::PortOutOfRange { .. } => CommandError::new(&codes::USAGE, message)
            .next("start at a lower port, or with fewer nodes"),
        E::Setting { key, .. } => CommandError::new(&codes::USAGE, message)
            .did_you_mean(key, broker::BrokerConfig::known_keys()),
        E::DataDirLocked { .. } => CommandError::new(&codes::DATA_LOCKED, message)
            .next("gantry status")
            .next("use another --data folder"),
        E::DataDir { path, .. } => CommandError::new(&codes::FILE_FAILED, message)
            .detail("path", path.display().to_string()),
        E::UnknownNode { name, known } => CommandError::new(&codes::BROKER_NOT_FOUND, message)
            .did_you_mean(name, known.iter().map(String::as_str)),
        E::AlreadyInState { .. } => CommandError::new(&codes::CONFLICT, message),
        E::NotReady { .. } => CommandError::new(&codes::TIMEOUT, message),
        E::Namesrv { .. } | E::Broker { .. } => CommandError::new(&codes::LOCAL_RESOURCE, message),
        _ => CommandError::new(&codes::FAILED, message),
    }
}
