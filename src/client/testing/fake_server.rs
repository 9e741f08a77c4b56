//! A server that writes down every request and answers as its script says.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clock::SystemClock;
use parking_lot::Mutex;
use protocol::header::NoHeader;
use protocol::{CommandView, RemotingCommand, RequestCode, ResponseCode};
use remoting::{Connection, Deferred, Processor, Reply, Server, ServerConfig};

use super::eventually;

/// Below the range of outgoing connections, in which a client can meet itself.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// What a script says to a request.
pub(crate) enum Said {
    Answer(RemotingCommand),
    /// Nothing, for ever.
    Nothing,
    /// Nothing for now: somebody keeps the answer.
    Later(Box<dyn FnOnce(Deferred) + Send>),
}

impl Said {
    pub(crate) fn success() -> Self {
        Self::code(ResponseCode::Success, "")
    }

    pub(crate) fn code(code: ResponseCode, remark: &str) -> Self {
        Self::Answer(RemotingCommand::response(code).with_remark(remark))
    }

    pub(crate) fn body(body: Vec<u8>) -> Self {
        Self::Answer(RemotingCommand::response(ResponseCode::Success).with_body(body))
    }
}

type Script = Box<dyn Fn(&RemotingCommand, &Arc<Connection>) -> Option<Said> + Send + Sync>;

pub(crate) struct FakeServer {
    server: Server,
    scripted: Arc<Scripted>,
    addr: String,
}

struct Scripted {
    /// The last one that knows what to say decides.
    scripts: Mutex<Vec<Script>>,
    requests: Mutex<Vec<RemotingCommand>>,
    connections: Mutex<Vec<Arc<Connection>>>,
    /// Answers that never come; kept, because dropping one answers.
    never: Mutex<Vec<Deferred>>,
}

impl FakeServer {
    pub(crate) async fn start() -> Self {
        let scripted = Arc::new(Scripted {
            scripts: Mutex::default(),
            requests: Mutex::default(),
            connections: Mutex::default(),
            never: Mutex::default(),
        });
        let server = loop {
            let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, fastrand::u16(PORTS)));
            let (config, processor) = (ServerConfig::new(listen), Arc::clone(&scripted));
            if let Ok(server) = Server::bind(config, processor, SystemClock::shared()).await {
                break server;
            }
        };
        let addr = server.local_addr().to_string();
        Self {
            server,
            scripted,
            addr,
        }
    }

    pub(crate) fn addr(&self) -> &str {
        &self.addr
    }

    /// From now on, `say` is asked first; where it says `None`, the scripts before are.
    pub(crate) fn script(
        &self,
        say: impl Fn(&RemotingCommand, &Arc<Connection>) -> Option<Said> + Send + Sync + 'static,
    ) {
        self.scripted.scripts.lock().push(Box::new(say));
    }

    /// From now on, requests of this code are answered so.
    pub(crate) fn on(
        &self,
        code: RequestCode,
        say: impl Fn(&RemotingCommand) -> Said + Send + Sync + 'static,
    ) {
        self.script(move |request, _| (request.code == code.code()).then(|| say(request)));
    }

    /// What has been asked with this code so far.
    pub(crate) fn asked(&self, code: RequestCode) -> Vec<RemotingCommand> {
        let requests = self.scripted.requests.lock();
        requests
            .iter()
            .filter(|request| request.code == code.code())
            .cloned()
            .collect()
    }

    /// Waits for the first request of this code.
    pub(crate) async fn wait_for(&self, code: RequestCode) -> RemotingCommand {
        eventually(code.name(), async || self.asked(code).into_iter().next()).await
    }

    /// The connections that clients have made and not closed.
    pub(crate) fn connections(&self) -> Vec<Arc<Connection>> {
        let connections = self.scripted.connections.lock();
        connections
            .iter()
            .filter(|connection| !connection.is_closed())
            .cloned()
            .collect()
    }

    /// Ends without a word, as a killed process does.
    pub(crate) async fn kill(&self) {
        self.server.kill();
        self.server.closed().await;
    }
}

impl Processor for Scripted {
    fn process(&self, request: &CommandView<'_>, connection: &Arc<Connection>, reply: Reply<'_>) {
        let request = request.to_command();
        self.requests.lock().push(request.clone());
        let scripts = self.scripts.lock();
        let said = scripts
            .iter()
            .rev()
            .find_map(|say| say(&request, connection));
        drop(scripts);
        match said {
            Some(Said::Answer(answer)) => reply.command(answer),
            Some(Said::Nothing) => self.never.lock().push(reply.defer()),
            Some(Said::Later(keep)) => keep(reply.defer()),
            None => {
                let remark = format!(" request type {} not supported", request.code);
                reply.answer(
                    ResponseCode::RequestCodeNotSupported,
                    Some(&remark),
                    &NoHeader,
                    &[],
                );
            }
        }
    }

    fn opened(&self, connection: &Arc<Connection>) {
        self.connections.lock().push(Arc::clone(connection));
    }
}
