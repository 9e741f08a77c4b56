//! RocketMQ's response codes: names, what they mean to a user, and the stable code each becomes.
//!
//! Invariant: every code of RocketMQ's `ResponseCode` and `RemotingSysResponseCode` has a line here.

use super::Code;
use super::codes::{
    BROKER_NOT_FOUND, DENIED, GROUP_NOT_FOUND, MESSAGE_ILLEGAL, MESSAGE_NOT_FOUND, PRECONDITION,
    REMOTE_BUSY, REMOTE_ERROR, REMOTE_UNSUPPORTED, TIMEOUT, TOPIC_EXISTS, TOPIC_NOT_FOUND,
};

/// One response code of RocketMQ with its explanation.
#[derive(Debug)]
pub(crate) struct RemoteCode {
    pub(crate) code: i32,
    pub(crate) name: &'static str,
    pub(crate) maps_to: &'static Code,
    pub(crate) meaning: &'static str,
    pub(crate) next: &'static str,
}

macro_rules! table {
    ($($code:literal $name:ident -> $maps_to:ident: $meaning:literal, $next:expr;)*) => {
        /// Every response code, by number.
        pub(crate) static ALL: &[RemoteCode] = &[$(RemoteCode {
            code: $code,
            name: stringify!($name),
            maps_to: &$maps_to,
            meaning: $meaning,
            next: $next,
        }),*];
    };
}

/// The entry of a response code.
pub(crate) fn by_code(code: i32) -> Option<&'static RemoteCode> {
    ALL.iter().find(|entry| entry.code == code)
}

/// The entry of a name, in any mixture of case, `-` and `_`.
pub(crate) fn by_name(name: &str) -> Option<&'static RemoteCode> {
    let wanted = name.to_ascii_uppercase().replace('-', "_");
    ALL.iter().find(|entry| entry.name == wanted)
}

const CHECK_LOG: &str = "Read the remark in the message and the broker's log at that time.";
const CHECK_HA: &str = "Look at the slave's state and at the network between master and slave.";
const RETRY: &str = "Try again a little later; clients do so by themselves.";
const NORMAL: &str = "Nothing to do: clients handle it by themselves.";
const CONTROLLER: &str =
    "Look at the controllers' state and logs; a leader election may be under way.";
const REJOIN: &str =
    "Let the consumer send its heartbeat again; restarting the consumer does that.";

table! {
    -1006 RPC_TIME_OUT -> TIMEOUT:
        "A server that forwarded the request got no answer in time.",
        RETRY;
    -1004 RPC_SEND_TO_CHANNEL_FAILED -> REMOTE_ERROR:
        "A server could not forward the request to another one.",
        CHECK_LOG;
    -1002 RPC_ADDR_IS_NULL -> REMOTE_ERROR:
        "A server wanted to forward the request but knows no address of the other one.",
        CHECK_LOG;
    -1000 RPC_UNKNOWN -> REMOTE_ERROR:
        "Forwarding the request between servers failed for an unknown reason.",
        CHECK_LOG;
    0 SUCCESS -> REMOTE_ERROR:
        "The request was carried out.",
        "Nothing to do.";
    1 SYSTEM_ERROR -> REMOTE_ERROR:
        "The server failed at the request; also many refusals for which RocketMQ has no code of its own.",
        CHECK_LOG;
    2 SYSTEM_BUSY -> REMOTE_BUSY:
        "The server has too many requests waiting, or refuses to protect itself.",
        RETRY;
    3 REQUEST_CODE_NOT_SUPPORTED -> REMOTE_UNSUPPORTED:
        "The server does not know this kind of request.",
        "Check that the address is that of a broker (or of a name server), and its version.";
    4 TRANSACTION_FAILED -> REMOTE_ERROR:
        "The transaction could not be carried out.",
        CHECK_LOG;
    10 FLUSH_DISK_TIMEOUT -> REMOTE_BUSY:
        "The message is stored but was not on the disk in time (SYNC_FLUSH). It may be delivered.",
        "Look at the disk's load; a producer that sends again may store it twice.";
    11 SLAVE_NOT_AVAILABLE -> REMOTE_BUSY:
        "The message is stored on the master; no slave is there to copy it (SYNC_MASTER).",
        CHECK_HA;
    12 FLUSH_SLAVE_TIMEOUT -> REMOTE_BUSY:
        "The message is stored on the master; the slave did not have it in time (SYNC_MASTER).",
        CHECK_HA;
    13 MESSAGE_ILLEGAL -> MESSAGE_ILLEGAL:
        "The broker refuses the message: body or properties are too large, or the topic's name is not legal.",
        "Send a smaller body (maxMessageSize, 4 MiB by default) or use another name.";
    14 SERVICE_NOT_AVAILABLE -> REMOTE_BUSY:
        "The broker does not take writes now: starting, stopping, a full disk, or a slave.",
        "Look at the broker's disk and state; a full disk recovers by itself when there is room.";
    15 VERSION_NOT_SUPPORTED -> REMOTE_UNSUPPORTED:
        "The server is too old or too new for this request.",
        "Check both versions.";
    16 NO_PERMISSION -> DENIED:
        "The topic, the group or the broker does not permit this, or the access keys do not.",
        "Look at the permission (perm) of the topic and the broker, and at the keys of the context.";
    17 TOPIC_NOT_EXIST -> TOPIC_NOT_FOUND:
        "The server does not know the topic.",
        "Create the topic, or check its name and the cluster.";
    18 TOPIC_EXIST_ALREADY -> TOPIC_EXISTS:
        "A topic of this name exists.",
        "Use it, or choose another name.";
    19 PULL_NOT_FOUND -> MESSAGE_NOT_FOUND:
        "No new message at this offset yet.",
        NORMAL;
    20 PULL_RETRY_IMMEDIATELY -> REMOTE_BUSY:
        "No message in this stretch passes the filter; the client pulls on from a later offset.",
        NORMAL;
    21 PULL_OFFSET_MOVED -> REMOTE_ERROR:
        "The offset asked for is outside what is stored; the answer names the one to go on from.",
        "Messages may have been deleted by retention before the group read them: compare its lag with the topic's oldest message.";
    22 QUERY_NOT_FOUND -> MESSAGE_NOT_FOUND:
        "No message, offset or setting fits the query.",
        "Check the key, the id or the time range.";
    23 SUBSCRIPTION_PARSE_FAILED -> REMOTE_ERROR:
        "The consumer's subscription expression cannot be read.",
        "Correct the tag or SQL92 expression of the consumer.";
    24 SUBSCRIPTION_NOT_EXIST -> REMOTE_ERROR:
        "The broker has no subscription of this group to this topic.",
        REJOIN;
    25 SUBSCRIPTION_NOT_LATEST -> REMOTE_BUSY:
        "The broker has an older subscription than the one this pull was made with.",
        REJOIN;
    26 SUBSCRIPTION_GROUP_NOT_EXIST -> GROUP_NOT_FOUND:
        "The broker does not know the group and may not create it by itself.",
        "Create the group, or allow autoCreateSubscriptionGroup.";
    27 FILTER_DATA_NOT_EXIST -> REMOTE_ERROR:
        "The broker has no compiled filter of this consumer.",
        REJOIN;
    28 FILTER_DATA_NOT_LATEST -> REMOTE_BUSY:
        "The broker's compiled filter is older than the consumer's expression.",
        REJOIN;
    29 INVALID_PARAMETER -> REMOTE_ERROR:
        "A field of the request has a value that is not allowed.",
        "Read the remark in the message.";
    200 TRANSACTION_SHOULD_COMMIT -> REMOTE_ERROR:
        "A transaction check says: commit.",
        NORMAL;
    201 TRANSACTION_SHOULD_ROLLBACK -> REMOTE_ERROR:
        "A transaction check says: roll back.",
        NORMAL;
    202 TRANSACTION_STATE_UNKNOW -> REMOTE_ERROR:
        "The state of the transaction is not known yet; the broker will ask the producer again.",
        NORMAL;
    203 TRANSACTION_STATE_GROUP_WRONG -> REMOTE_ERROR:
        "The transaction belongs to another producer group.",
        "Use one producer group from the half message to its end.";
    204 NO_BUYER_ID -> REMOTE_ERROR:
        "The message lacks the buyer id that this deployment asks for.",
        CHECK_LOG;
    205 NOT_IN_CURRENT_UNIT -> REMOTE_ERROR:
        "The message belongs to another unit of a deployment in units.",
        "Send to the unit that owns it.";
    206 CONSUMER_NOT_ONLINE -> PRECONDITION:
        "No consumer of this group is connected.",
        "Start a consumer of the group, or use a request that works on stopped groups.";
    207 CONSUME_MSG_TIMEOUT -> TIMEOUT:
        "The consumer did not finish the message in time.",
        "Look at what the consumer waits for.";
    208 NO_MESSAGE -> MESSAGE_NOT_FOUND:
        "No message is there for this request.",
        NORMAL;
    209 POLLING_FULL -> REMOTE_BUSY:
        "Too many requests wait for messages on the broker.",
        RETRY;
    210 POLLING_TIMEOUT -> TIMEOUT:
        "The wait for a message ended without one.",
        NORMAL;
    211 BROKER_NOT_EXIST -> BROKER_NOT_FOUND:
        "No such broker is registered.",
        "List the brokers of the cluster.";
    212 BROKER_DISPATCH_NOT_COMPLETE -> REMOTE_BUSY:
        "The broker has not indexed all stored messages yet.",
        RETRY;
    213 BROADCAST_CONSUMPTION -> PRECONDITION:
        "The group consumes by broadcasting: its offsets lie with its clients, not on brokers.",
        "Look at the offset files of the clients.";
    215 FLOW_CONTROL -> REMOTE_BUSY:
        "The server limits this client's rate.",
        RETRY;
    501 NOT_LEADER_FOR_QUEUE -> REMOTE_BUSY:
        "The queue of a static topic has moved to another broker.",
        RETRY;
    604 ILLEGAL_OPERATION -> DENIED:
        "The server does not allow this operation.",
        "Read the remark in the message.";
    1500 GO_AWAY -> REMOTE_BUSY:
        "The server is about to stop and asks its clients to connect anew.",
        NORMAL;
    2000 CONTROLLER_FENCED_MASTER_EPOCH -> REMOTE_ERROR:
        "The broker speaks for a master's term that is over.",
        CONTROLLER;
    2001 CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH -> REMOTE_ERROR:
        "The set of synchronised replicas has changed meanwhile.",
        CONTROLLER;
    2002 CONTROLLER_INVALID_MASTER -> REMOTE_ERROR:
        "The broker that calls itself master is not the one elected.",
        CONTROLLER;
    2003 CONTROLLER_INVALID_REPLICAS -> REMOTE_ERROR:
        "A replica that is named does not belong to the broker set.",
        CONTROLLER;
    2004 CONTROLLER_MASTER_NOT_AVAILABLE -> REMOTE_BUSY:
        "No broker of the set can be master.",
        CONTROLLER;
    2005 CONTROLLER_INVALID_REQUEST -> REMOTE_ERROR:
        "The controller cannot read the request.",
        CONTROLLER;
    2006 CONTROLLER_BROKER_NOT_ALIVE -> REMOTE_ERROR:
        "The broker does not send heartbeats to the controller.",
        CONTROLLER;
    2007 CONTROLLER_NOT_LEADER -> REMOTE_BUSY:
        "This controller is not the leader.",
        CONTROLLER;
    2008 CONTROLLER_BROKER_METADATA_NOT_EXIST -> BROKER_NOT_FOUND:
        "The controller knows nothing of this broker.",
        CONTROLLER;
    2009 CONTROLLER_INVALID_CLEAN_BROKER_METADATA -> REMOTE_ERROR:
        "The broker's data may not be removed as asked: it is alive or the set has a master.",
        CONTROLLER;
    2010 CONTROLLER_BROKER_NEED_TO_BE_REGISTERED -> REMOTE_ERROR:
        "The broker must register with the controller first.",
        CONTROLLER;
    2011 CONTROLLER_MASTER_STILL_EXIST -> REMOTE_ERROR:
        "The broker set still has a master.",
        CONTROLLER;
    2012 CONTROLLER_ELECT_MASTER_FAILED -> REMOTE_ERROR:
        "No new master could be elected.",
        CONTROLLER;
    2013 CONTROLLER_ALTER_SYNC_STATE_SET_FAILED -> REMOTE_ERROR:
        "The set of synchronised replicas could not be changed.",
        CONTROLLER;
    2014 CONTROLLER_BROKER_ID_INVALID -> REMOTE_ERROR:
        "The broker id is taken or does not fit the broker.",
        CONTROLLER;
    2015 CONTROLLER_JRAFT_INTERNAL_ERROR -> REMOTE_ERROR:
        "The controllers' own replication failed.",
        CONTROLLER;
    2016 CONTROLLER_BROKER_LIVE_INFO_NOT_EXISTS -> REMOTE_ERROR:
        "The controller has no heartbeat of this broker.",
        CONTROLLER;
    3001 USER_NOT_EXIST -> DENIED:
        "The server has no such user.",
        "Check the access key, or create the user.";
    3002 POLICY_NOT_EXIST -> DENIED:
        "The server has no such access policy.",
        "List the policies, or create this one.";
}
