//! The stable error codes: what scripts may match on and `gantry explain CODE` explains.
//!
//! A code is never renamed and never changes its exit code. Invariant: [`ALL`] holds every code,
//! because the macro that declares them writes the list too.

use super::ErrorKind;

/// One stable error code with its explanation.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) name: &'static str,
    pub(crate) kind: ErrorKind,
    /// Whether the same command may succeed when it is tried again.
    pub(crate) retryable: bool,
    pub(crate) meaning: &'static str,
    pub(crate) cause: &'static str,
    pub(crate) next: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $kind:expr, $retryable:literal:
        $meaning:literal, $cause:literal, $next:literal;)*) => {
        $(pub(crate) static $constant: Code = Code {
            name: $name,
            kind: $kind,
            retryable: $retryable,
            meaning: $meaning,
            cause: $cause,
            next: $next,
        };)*

        /// Every stable code, in the order of this file.
        pub(crate) static ALL: &[&Code] = &[$(&$constant),*];
    };
}

codes! {
    FAILED = "failed", ErrorKind::Failed, false:
        "The command failed for a reason that has no code of its own.",
        "The message says what happened.",
        "Run the command again with -vv to see what it did on the way.";
    USAGE = "usage", ErrorKind::Usage, false:
        "A flag, an argument or their combination makes no sense.",
        "A misspelt flag, a missing value, or two flags that exclude each other.",
        "Look at the command's --help; nothing has been done yet.";
    FORMAT_INVALID = "format_invalid", ErrorKind::Usage, false:
        "A -F format cannot be read.",
        "An unknown % directive, or braces that are not closed.",
        "gantry help format";
    EXPRESSION_INVALID = "expression_invalid", ErrorKind::Usage, false:
        "The expression of --where or --sql cannot be read.",
        "A misspelt operator, a text without quotes, or something that only one of the two knows.",
        "The caret stands below what is wrong. gantry help where shows the language.";
    FIELD_UNKNOWN = "field_unknown", ErrorKind::Usage, false:
        "A field named in --fields or --sort does not exist in this command's objects.",
        "The names are those of -o json, joined with dots.",
        "Run the command with -o json --limit 1 to see the names.";

    NOT_FOUND = "not_found", ErrorKind::NotFound, false:
        "The thing named does not exist where the command looked.",
        "A misspelt name, or another cluster than the one meant.",
        "gantry context current shows which cluster commands speak to.";
    TOPIC_NOT_FOUND = "topic_not_found", ErrorKind::NotFound, false:
        "No broker that the name server knows has this topic.",
        "A misspelt name, another cluster than the one meant, or a topic that was created less than a route refresh ago.",
        "List the topics of the cluster, or create this one.";
    GROUP_NOT_FOUND = "group_not_found", ErrorKind::NotFound, false:
        "No broker knows this consumer group.",
        "Nobody of this group has ever connected, or the name is misspelt.",
        "List the groups of the cluster; a group appears with its first consumer.";
    BROKER_NOT_FOUND = "broker_not_found", ErrorKind::NotFound, false:
        "No broker of this name is registered or belongs to this cluster.",
        "It has stopped and its route has been removed, or the name is misspelt.",
        "List the brokers of the cluster.";
    QUEUE_NOT_FOUND = "queue_not_found", ErrorKind::NotFound, false:
        "The topic has no such queue.",
        "A queue number beyond those of the topic, or a broker that does not hold it.",
        "gantry topic route TOPIC shows the queues of each broker.";
    MESSAGE_NOT_FOUND = "message_not_found", ErrorKind::NotFound, false:
        "No stored message fits.",
        "It was never stored, its file has been deleted by retention, or it lies on a broker that is down.",
        "Check the topic's oldest stored message and the brokers' state.";
    CLUSTER_NOT_FOUND = "cluster_not_found", ErrorKind::NotFound, false:
        "No local cluster of this name is running, or no broker of that cluster is registered.",
        "It has been stopped, runs under another GANTRY_HOME, or has another name.",
        "See which clusters run here, or start one.";
    CONTEXT_NOT_FOUND = "context_not_found", ErrorKind::NotFound, false:
        "No context of this name is configured and no local cluster of this name runs.",
        "A misspelt name, or another configuration file than the one meant.",
        "gantry context list";
    FILE_NOT_FOUND = "file_not_found", ErrorKind::NotFound, false:
        "A file that the command needs does not exist.",
        "A misspelt path, or a path relative to another folder.",
        "Check the path in the message.";
    HELP_NOT_FOUND = "help_not_found", ErrorKind::NotFound, false:
        "There is no command, topic or code of this name.",
        "A misspelt word.",
        "gantry help";

    CONFLICT = "conflict", ErrorKind::Conflict, false:
        "The thing is there already, or was changed by someone else meanwhile.",
        "Somebody, perhaps an earlier run, did it before.",
        "Scripts can pass --if-not-exists, which makes this a success.";
    TOPIC_EXISTS = "topic_exists", ErrorKind::Conflict, false:
        "A topic of this name exists.",
        "It was created before, perhaps by auto-creation at a first send.",
        "Describe it; or pass --if-not-exists.";
    GROUP_EXISTS = "group_exists", ErrorKind::Conflict, false:
        "A consumer group of this name exists.",
        "It was created before, or by its first consumer.",
        "Describe it; or pass --if-not-exists.";
    CONTEXT_EXISTS = "context_exists", ErrorKind::Conflict, false:
        "A context of this name exists.",
        "It was added before.",
        "gantry context show NAME; or remove it first; or pass --if-not-exists.";
    ALREADY_RUNNING = "already_running", ErrorKind::Conflict, false:
        "A local cluster of this name is running.",
        "It was started before and not stopped.",
        "Use it, stop it, or start another under its own --name.";

    NAMESRV_UNREACHABLE = "namesrv_unreachable", ErrorKind::Unreachable, true:
        "None of the name servers could be reached.",
        "No cluster is running there, the address is wrong, or a firewall is in between.",
        "Start a local cluster, or name the right address with -n HOST:PORT.";
    BROKER_UNREACHABLE = "broker_unreachable", ErrorKind::Unreachable, true:
        "A broker is registered but could not be reached at the address it advertises.",
        "It has just died, or it advertises an address that is only valid elsewhere (inside a container, for instance).",
        "Compare the advertised address with what this machine can reach.";
    NO_QUEUE = "no_queue", ErrorKind::Unreachable, true:
        "The topic exists, but none of its queues can be written to (or read from) now.",
        "Its brokers are down, or the topic's permission on them does not allow it.",
        "Look at the topic's route and at the state of its brokers.";
    CONTROL_UNREACHABLE = "control_unreachable", ErrorKind::Unreachable, true:
        "The process of a local cluster does not answer on its control socket.",
        "It hangs, is being debugged, or belongs to another user.",
        "Look at its log file; stop the process by its pid if it does not recover.";

    TIMEOUT = "timeout", ErrorKind::Timeout, true:
        "The deadline passed before the answer or the awaited state came.",
        "A slow or overloaded server, a long distance, or a state that will not come.",
        "Allow more time with --timeout 30s.";

    DENIED = "denied", ErrorKind::Denied, false:
        "The server or the context does not allow this.",
        "Missing or wrong access keys, a topic without this permission, or a context marked read_only.",
        "gantry context show";
    CONTEXT_READ_ONLY = "context_read_only", ErrorKind::Denied, false:
        "The context is marked read_only and the command would change something.",
        "Somebody wrote read_only = true into the context, to protect the cluster.",
        "Choose another context with -c, or edit the one in use.";
    FILE_DENIED = "file_denied", ErrorKind::Denied, false:
        "The operating system does not allow access to a file or folder.",
        "It belongs to another user, or the disk is mounted read-only.",
        "Check the owner and the mode of the path in the message.";

    PARTIAL = "partial", ErrorKind::Partial, true:
        "Some targets succeeded and some failed; both are listed.",
        "One of several brokers is down or refused.",
        "Repair what is listed as failed and run the same command again.";

    NEEDS_CONFIRMATION = "needs_confirmation", ErrorKind::NeedsConfirmation, false:
        "The command would change or destroy something and nobody could be asked.",
        "Stdin or stderr is not a terminal, or --no-input was given.",
        "Pass --yes when you are sure; --dry-run shows what would happen.";
    NOT_CONFIRMED = "not_confirmed", ErrorKind::NeedsConfirmation, false:
        "The question was answered with no; nothing has been changed.",
        "That was the answer given.",
        "Nothing to do.";
    PRECONDITION = "precondition", ErrorKind::NeedsConfirmation, false:
        "The command needs another state first.",
        "For instance a group that must be offline, or a cluster that must run in this machine's own process.",
        "The message names the state.";

    UNHEALTHY = "unhealthy", ErrorKind::Unhealthy, false:
        "The check itself worked and found a problem.",
        "The problems are listed above.",
        "Follow the next step that each problem names.";

    STORE_DAMAGED = "store_damaged", ErrorKind::Unhealthy, false:
        "A store directory is not as it should be.",
        "A disk that lost or changed bytes, a machine that stopped in the middle of a write, or files that were removed.",
        "gantry store repair DIR shows what can be mended; with --execute it is done.";

    LOCAL_RESOURCE = "local_resource", ErrorKind::LocalResource, false:
        "Something on this machine is missing, full or in use.",
        "The message says which.",
        "Free it, or choose another.";
    PORT_IN_USE = "port_in_use", ErrorKind::LocalResource, false:
        "A port that the cluster wants is taken by another program.",
        "Another cluster, or any other server, listens there.",
        "Stop that program, or let free ports be chosen with --ports auto.";
    DATA_LOCKED = "data_locked", ErrorKind::LocalResource, false:
        "The data folder is in use by another process.",
        "Another broker runs on the same folder.",
        "Stop it, or give this one its own folder.";
    DISK_FULL = "disk_full", ErrorKind::LocalResource, true:
        "There is no room on the disk, or the quota is used up.",
        "The disk filled.",
        "Free some room; servers go on by themselves.";
    FILE_FAILED = "file_failed", ErrorKind::LocalResource, false:
        "A file or folder of this machine could not be read or written.",
        "The message has the operating system's words.",
        "Check the path in the message.";
    CONFIG_INVALID = "config_invalid", ErrorKind::Usage, false:
        "A configuration file or environment variable has a value that cannot be used.",
        "The message names the file, the line and the key.",
        "Correct it; gantry help environment lists all settings.";
    PROPERTIES_INVALID = "properties_invalid", ErrorKind::Usage, false:
        "A RocketMQ properties file has a value that cannot be used.",
        "The message names the file, the line, the key and what is expected.",
        "Correct the line.";
    OUTPUT_FAILED = "output_failed", ErrorKind::LocalResource, false:
        "The output could not be written.",
        "A full disk behind a redirection, or a closed terminal.",
        "Write to another place.";

    REMOTE_ERROR = "remote_error", ErrorKind::Failed, false:
        "The server answered with an error that has no code of its own here.",
        "The message has RocketMQ's response code, by name and number, and the server's remark.",
        "gantry explain NAME of the response code.";
    REMOTE_BUSY = "remote_busy", ErrorKind::Failed, true:
        "The server refused because it is overloaded, not ready or out of room.",
        "Flow control, a disk above its watermark, or a broker that is starting or stopping.",
        "Try again a little later.";
    REMOTE_UNSUPPORTED = "remote_unsupported", ErrorKind::Failed, false:
        "The server does not know this request.",
        "It is an older or another kind of server (a name server asked for a broker's work, for instance).",
        "Check the server's version and address.";
    MESSAGE_ILLEGAL = "message_illegal", ErrorKind::Failed, false:
        "The broker refused the message as it is.",
        "The body is above maxMessageSize (4 MiB by default), the topic's name is not legal, or the properties are too long.",
        "Send a smaller body or another name.";
    INTERRUPTED = "interrupted", ErrorKind::Signal(2), false:
        "The command was stopped by a signal and has cleaned up; the exit code is 128 plus the signal's number.",
        "Ctrl-C (130) or a termination request (143).",
        "Nothing to do.";
}

/// The stable code of this name, in any mixture of case, `-` and `_`.
pub(crate) fn by_name(name: &str) -> Option<&'static Code> {
    let wanted = name.to_ascii_lowercase().replace('-', "_");
    ALL.iter().copied().find(|code| code.name == wanted)
}
