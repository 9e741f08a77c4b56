//! Name servers and brokers started from properties files, each in a home of its own.

use std::rc::Rc;

use crate::common::sandbox::Sandbox;
use crate::server::Server;

/// Starts a name server.
pub(super) fn start_namesrv(port: u16) -> Server {
    let home = Rc::new(Sandbox::new());
    let file = home.write("namesrv.properties", &format!("listenPort={port}\n"));
    Server::start(&home, &["namesrv", "run", "-c", file.to_str().unwrap()])
}

/// What the brokers of a cluster have in common.
pub(super) struct Brokers {
    namesrv_addr: String,
}

/// Where one broker lives: its file, and its messages.
pub(super) struct Place {
    home: Rc<Sandbox>,
    file: String,
}

impl Brokers {
    pub(super) fn new(namesrvs: &[String]) -> Self {
        Self {
            namesrv_addr: namesrvs.join(";"),
        }
    }

    /// Writes a broker's file, exactly as the documents have it.
    pub(super) fn place(&self, name: &str, port: u16) -> Place {
        let home = Rc::new(Sandbox::new());
        let text = format!(
            "namesrvAddr={}\nbrokerName={name}\nbrokerIP1=127.0.0.1\nbrokerPort={port}\n",
            self.namesrv_addr
        );
        let file = home.write(&format!("{name}.properties"), &text);
        Place {
            home,
            file: file.to_str().unwrap().to_owned(),
        }
    }
}

impl Place {
    /// Starts the broker with whatever messages it has.
    pub(super) fn start(&self) -> Server {
        Server::start(&self.home, &["broker", "run", "-c", &self.file])
    }
}
