//! A server and its callers over a real socket.

use tokio::sync::oneshot;

use super::*;

struct Brokers;

impl ControlHandler for Brokers {
    async fn handle(&self, request: ControlRequest) -> Result<Value, CommandError> {
        match request {
            ControlRequest::Kill { broker } if broker == "b-1" => {
                Ok(json!({"broker": broker, "state": "killed"}))
            }
            ControlRequest::Kill { broker } => Err(CommandError::new(
                &codes::BROKER_NOT_FOUND,
                format!("no broker {broker}"),
            )),
            ControlRequest::Status => std::future::pending().await,
            other => Ok(json!({"asked": format!("{other:?}")})),
        }
    }
}

struct Running {
    folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity {
            name: "default".to_owned(),
            pid: 42,
        };
        let server = ControlServer::bind(&folder.path().join("run/x.sock"), identity).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.serve(Arc::new(Brokers), async { drop(stopped.await) }));
        Self {
            folder,
            stop: Some(stop),
            task,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("run/x.sock")
    }

    async fn call(&self, request: &ControlRequest) -> Result<Value, CommandError> {
        call(&self.path(), request, Duration::from_secs(10)).await
    }

    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.path()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let line = read_line(&mut BufReader::new(stream), ANSWER_BYTES_MAX).await;
        line.map(|line| String::from_utf8(line.unwrap_or_default()).unwrap())
            .unwrap_or_default()
    }
}

#[tokio::test]
async fn requests_are_answered_with_results_or_stable_codes() {
    let server = Running::start();
    assert_eq!(
        server.call(&ControlRequest::Ping).await.unwrap(),
        json!({"name": "default", "pid": 42})
    );
    let killed = server
        .call(&ControlRequest::Kill {
            broker: "b-1".to_owned(),
        })
        .await
        .unwrap();
    assert_eq!(killed["state"], "killed");
    let error = server
        .call(&ControlRequest::Kill {
            broker: "b-9".to_owned(),
        })
        .await
        .unwrap_err();
    assert_eq!(
        (error.code().name, error.message()),
        ("broker_not_found", "no broker b-9")
    );
    let restarted = server
        .raw(b"{\"op\":\"restart\",\"broker\":\"b-0\"}\n")
        .await;
    assert!(restarted.contains("after_ms: 0"), "{restarted}");
}

#[tokio::test]
async fn nonsense_is_refused_and_the_server_goes_on() {
    let server = Running::start();
    for wrong in [
        &b"hello\n"[..],
        b"{\"op\":\"explode\"}\n",
        b"\xff\xfe\n",
        b"{}\n",
    ] {
        assert!(server.raw(wrong).await.contains("\"code\":\"usage\""));
    }
    let endless = vec![b'x'; usize::try_from(REQUEST_BYTES_MAX).unwrap() + 10];
    assert_eq!(server.raw(&endless).await, "");
    assert!(server.call(&ControlRequest::Ping).await.is_ok());
}

#[tokio::test]
async fn a_caller_does_not_wait_for_ever() {
    let server = Running::start();
    let error = call(
        &server.path(),
        &ControlRequest::Status,
        Duration::from_millis(30),
    )
    .await
    .unwrap_err();
    assert_eq!(error.code().name, "timeout");
    let nobody = server.folder.path().join("nobody.sock");
    let error = call(&nobody, &ControlRequest::Ping, PING_TIMEOUT)
        .await
        .unwrap_err();
    assert_eq!(error.code().name, "control_unreachable");
}

#[tokio::test]
async fn the_socket_is_private_and_goes_with_the_server() {
    let mut server = Running::start();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&server.path()), 0o600);
    assert_eq!(mode(server.path().parent().unwrap()), 0o700);
    let identity = Identity {
        name: "default".to_owned(),
        pid: 43,
    };
    let second = ControlServer::bind(&server.path(), identity).unwrap_err();
    assert_eq!(second.code().name, "already_running");
    drop(server.stop.take());
    (&mut server.task).await.unwrap();
    assert!(!server.path().exists());
}

#[tokio::test]
async fn a_socket_file_that_nobody_listens_on_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    ControlServer::bind(
        &path,
        Identity {
            name: "x".to_owned(),
            pid: 1,
        },
    )
    .unwrap();
}
