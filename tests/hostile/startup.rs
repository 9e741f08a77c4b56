//! Servers that cannot start say why, where and what next, and end.

use std::net::TcpListener;

use crate::common::ports::Ports;
use crate::common::sandbox::Sandbox;

/// Exit codes that scripts go by.
const USAGE: i32 = 2;
const LOCAL_RESOURCE: i32 = 11;

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn a_bad_value_in_a_properties_file_is_named_with_its_line() {
    let home = Sandbox::new();
    let text = "# broker-a\nbrokerName=broker-a\nbrokerPort=high\n";
    home.write("work/broker.properties", text);
    let stderr = home
        .run(["broker", "run", "-c", "broker.properties"])
        .fails(USAGE);
    says(
        &stderr,
        &[
            "broker.properties:3",
            "=high",
            "a port",
            "[properties_invalid]",
            "next:",
        ],
    );

    home.write("work/broker.properties", "flushDiskType = SOMETIMES\n");
    let stderr = home
        .run(["broker", "run", "-c", "broker.properties"])
        .fails(USAGE);
    says(
        &stderr,
        &[
            "broker.properties:1",
            "flushDiskType=SOMETIMES",
            "ASYNC_FLUSH",
            "SYNC_FLUSH",
        ],
    );

    home.write("work/namesrv.properties", "\n\nlistenPort=0\n");
    let stderr = home
        .run(["namesrv", "run", "-c", "namesrv.properties"])
        .fails(USAGE);
    says(&stderr, &["namesrv.properties:3", "listenPort=0", "a port"]);
}

#[test]
fn an_unknown_key_is_named_and_the_server_starts() {
    let (home, ports) = (Sandbox::new(), Ports::take());
    let text = format!(
        "listenPort={}\nscanNotActiveBrokerIntervall=10\n",
        ports.at(0)
    );
    home.write("work/namesrv.properties", &text);
    let server = home.start(["namesrv", "run", "-c", "namesrv.properties"]);
    server.error_line("a warning that names the key", |line| {
        let parts = [
            "namesrv.properties:2",
            "scanNotActiveBrokerIntervall",
            "did you mean",
        ];
        parts.iter().all(|part| line.contains(part))
    });
    server.line("the server to serve", |line| line.contains(&ports.addr(0)));
}

#[test]
fn programs_read_the_same_of_a_bad_value() {
    let home = Sandbox::new();
    home.write(
        "work/broker.properties",
        "brokerName=broker-a\nfileReservedTime=never\n",
    );
    let stderr = home
        .run(["broker", "run", "-c", "broker.properties", "-o", "json"])
        .fails(USAGE);
    let error: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(error["error"]["code"], "properties_invalid");
    let details = &error["error"]["details"];
    assert_eq!(
        (&details["line"], &details["key"]),
        (&2.into(), &"fileReservedTime".into())
    );
    assert_eq!(details["value"], "never");
}

#[test]
fn a_busy_port_is_named_with_the_program_that_has_it() {
    let (home, ports) = (Sandbox::new(), Ports::take());
    let _holder = TcpListener::bind(ports.addr(0)).unwrap();
    let (port, addr) = (ports.at(0).to_string(), ports.addr(0));
    let pid = format!("pid {}", std::process::id());
    let listen = format!("listenPort={port}");
    let runs = [
        home.run(["up", "--ports", &port]),
        home.run(["broker", "run", "--set", &listen]),
        home.run(["namesrv", "run", "--set", &listen]),
    ];
    for run in runs {
        let stderr = run.fails(LOCAL_RESOURCE);
        says(&stderr, &[&addr, &pid, "[port_in_use]", "next:"]);
    }
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let home = Sandbox::new();
    // Root may write into every folder, but nobody below a file.
    let file = home.write("occupied", "a file");
    let data = file.join("data");
    let data = data.to_str().unwrap();
    let run = home.run(["up", "--ports", "auto", "--data", data]);
    says(&run.fails(LOCAL_RESOURCE), &["$HOME/occupied", "next:"]);

    let ports = Ports::take();
    let (listen, root) = (
        format!("listenPort={}", ports.at(0)),
        format!("storePathRootDir={data}"),
    );
    let run = home.run(["broker", "run", "--set", &listen, "--set", &root]);
    says(&run.fails(LOCAL_RESOURCE), &["$HOME/occupied", "next:"]);
}
