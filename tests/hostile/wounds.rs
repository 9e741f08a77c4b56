//! What others were hurt by, tried on real processes: settings over the wire that run programs and write
//! files (CVE-2023-33246, CVE-2023-37582), names that lead out of the folder (CVE-2019-17572), text that a
//! terminal obeys.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::common::ports::Ports;
use crate::common::sandbox::Sandbox;
use crate::raw::{Peer, header, letters, pull_fields, stored, with};
use crate::server::Server;

/// Everything below a folder, hidden or not, links not followed.
fn everything_below(folder: &std::path::Path) -> BTreeSet<PathBuf> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
            found.insert(entry.path());
        }
    }
    found
}

/// A name server and a broker in one home, whose folders nobody may leave.
struct Fortress {
    home: Rc<Sandbox>,
    namesrv: Peer,
    broker: Peer,
    servers: [Server; 2],
    _ports: Ports,
}

impl Fortress {
    fn start() -> Self {
        let (home, ports) = (Rc::new(Sandbox::new()), Ports::take());
        Self::start_in(home, ports)
    }

    fn start_in(home: Rc<Sandbox>, ports: Ports) -> Self {
        let listen = [0, 1].map(|at| format!("listenPort={}", ports.at(at)));
        let kv = format!("kvConfigPath={}", home.home().join("kv.json").display());
        let root = format!("storePathRootDir={}", home.home().join("store").display());
        let addr = format!("namesrvAddr={}", ports.addr(0));
        let arguments = ["namesrv", "run", "--set", &listen[0], "--set", &kv];
        let namesrv = Server::start(&home, &arguments);
        let sets = [&listen[1], &root, &addr];
        let sets = sets.iter().flat_map(|setting| ["--set", setting.as_str()]);
        let arguments: Vec<&str> = ["broker", "run", "-vv"].into_iter().chain(sets).collect();
        let broker = Server::start(&home, &arguments);
        Self {
            namesrv: Peer::connect(&ports.addr(0)),
            broker: Peer::connect(&ports.addr(1)),
            servers: [namesrv, broker],
            home,
            _ports: ports,
        }
    }

    /// Files and folders of the home that are not the broker's store and not there on purpose.
    fn outside_of_the_store(&self) -> BTreeSet<PathBuf> {
        let store = self.home.home().join("store");
        let mut all = everything_below(self.home.home());
        all.retain(|path| !path.starts_with(&store) && !path.ends_with("kv.json"));
        all
    }

    #[track_caller]
    fn goes_on(&mut self) {
        self.namesrv.ask_for(206, &json!({})).with_code(0);
        self.broker
            .ask(header(310, &letters("orders", "")), b"on")
            .with_code(0);
        stored(&mut self.broker, "orders");
    }
}

/// Processes that a server has started.
fn children(server: &Server) -> String {
    let pid = server.number("/item/pid");
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).ok())
        .collect()
}

#[test]
fn settings_over_the_wire_run_nothing_and_write_nothing() {
    const UPDATE_BROKER_CONFIG: i32 = 25;
    const UPDATE_NAMESRV_CONFIG: i32 = 318;
    let mut fortress = Fortress::start();
    let before = fortress.outside_of_the_store();
    let target = fortress.home.home().join("pwned");
    let target = target.to_str().unwrap();
    let attacks = [
        format!("filterServerNums=1\nrocketmqHome=-c $@|sh . echo touch {target};"),
        format!("rocketmqHome={target}"),
        format!("configStorePath={target}\nproductEnvName=x\\n* * * * * touch x"),
        format!("configStorePathName=configStorePath\nconfigStorePath={target}"),
        format!("kvConfigPath={target}"),
        format!("brokerConfigPath={target}"),
        format!("storePathRootDir={target}"),
        format!("storePathCommitLog={target}"),
        format!("authConfigPath={target}"),
        "configBlackList=".to_owned(),
        "listenPort=1".to_owned(),
        "bindAddress=0.0.0.0".to_owned(),
        "brokerName=../x".to_owned(),
        format!("orderMessageEnable=true\nkvConfigPath={target}"),
        format!("brokerPermission=4\nrocketmqHome={target}"),
    ];
    for attack in &attacks {
        for peer in [&mut fortress.broker, &mut fortress.namesrv] {
            for code in [UPDATE_BROKER_CONFIG, UPDATE_NAMESRV_CONFIG] {
                let answer = peer.ask(header(code, &json!({})), attack.as_bytes());
                assert_ne!(answer.code, 0, "{code} {attack}: {answer:?}");
            }
        }
    }
    // None of it, not even what stood beside it, has changed anything.
    let settings = fortress.broker.ask_for(26, &json!({})).with_code(0);
    assert!(settings.text().contains("brokerPermission=6"));
    let settings = fortress.namesrv.ask_for(319, &json!({})).with_code(0);
    assert!(settings.text().contains("orderMessageEnable=false"));
    for shown in ["pwned", "rocketmqHome"] {
        assert!(!settings.text().contains(shown), "{}", settings.text());
    }
    fortress.goes_on();
    assert_eq!(fortress.outside_of_the_store(), before);
    assert_eq!(fortress.servers.each_ref().map(children), ["", ""]);
}

/// Names that are no names.
fn evil_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "../../../pwned",
        "..",
        ".",
        "/tmp/pwned",
        "a/../../pwned",
        "pwned/../../x",
        "..\\..\\pwned",
        "pwned\0",
        "pwned\n",
        "%RETRY%../../pwned",
        "%DLQ%../../pwned",
        "\u{ff0e}\u{ff0e}/pwned",
        "~/pwned",
        "$(touch pwned)",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("p".repeat(4_096));
    names
}

/// Every request that names a topic or a group, with an evil name in each place.
fn requests_naming(name: &str) -> Vec<(i32, Value, String)> {
    let heartbeat = |group: &str, topic: &str| {
        json!({ "clientID": name, "producerDataSet": [{ "groupName": group }],
            "consumerDataSet": [{ "groupName": group, "consumeType": "CONSUME_PASSIVELY",
                "messageModel": "CLUSTERING", "consumeFromWhere": "CONSUME_FROM_LAST_OFFSET",
                "unitMode": false, "subscriptionDataSet": [{ "topic": topic, "subString": "*",
                    "tagsSet": [], "codeSet": [], "subVersion": 1, "classFilterMode": false }] }] })
        .to_string()
    };
    let none = String::new;
    let queue =
        json!({ "topic": name, "queueId": "0", "consumerGroup": name, "commitOffset": "1" });
    let create = json!({ "topic": name, "defaultTopic": "TBW102", "readQueueNums": "1",
        "writeQueueNums": "1", "perm": "6", "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0",
        "order": "false" });
    let list = json!({ "topicConfigList": [{ "topicName": name, "readQueueNums": 1,
        "writeQueueNums": 1, "perm": 6 }] });
    let long_letters = json!({ "producerGroup": name, "topic": name, "defaultTopic": "TBW102",
        "defaultTopicQueueNums": "1", "queueId": "0", "sysFlag": "0",
        "bornTimestamp": "1700000000000", "flag": "0", "properties": "" });
    let send_back = json!({ "offset": "0", "group": name, "delayLevel": "0", "originMsgId": name,
        "originTopic": name, "unitMode": "false", "maxReconsumeTimes": "0" });
    let group = json!({ "groupName": name, "consumeEnable": true, "retryQueueNums": 1 });
    let lock = json!({ "consumerGroup": name, "clientId": name,
        "mqSet": [{ "topic": name, "brokerName": name, "queueId": 0 }] });
    let pull = pull_fields(name, 0);
    vec![
        (310, letters(name, ""), none()),
        (320, with(letters(name, ""), json!({ "m": "true" })), none()),
        (310, letters(name, "DELAY\u{1}1\u{2}"), "b".to_owned()),
        (10, long_letters, "b".to_owned()),
        (17, create, none()),
        (18, json!({}), list.to_string()),
        (215, json!({ "topic": name }), none()),
        (34, json!({}), heartbeat("readers", name)),
        (34, json!({}), heartbeat(name, "orders")),
        (
            35,
            json!({ "clientID": name, "producerGroup": name, "consumerGroup": name }),
            none(),
        ),
        (36, send_back, none()),
        (11, pull.clone(), none()),
        (
            11,
            with(pull_fields("orders", 0), json!({ "consumerGroup": name })),
            none(),
        ),
        (14, queue.clone(), none()),
        (15, queue, none()),
        (200, json!({}), group.to_string()),
        (
            225,
            json!({}),
            json!({ "groupConfigList": [group] }).to_string(),
        ),
        (
            207,
            json!({ "groupName": name, "cleanOffset": "true" }),
            none(),
        ),
        (
            222,
            json!({ "topic": name, "group": name, "timestamp": "0", "isForce": "true" }),
            none(),
        ),
        (
            314,
            json!({ "srcGroup": "readers", "destGroup": name, "topic": name, "offline": "true" }),
            none(),
        ),
        (
            353,
            json!({ "group": name, "topic": name, "readable": "false" }),
            none(),
        ),
        (41, json!({}), lock.to_string()),
        (42, json!({}), lock.to_string()),
        (30, json!({ "topic": name, "queueId": "0" }), none()),
    ]
}

#[test]
fn names_lead_nowhere_whatever_request_brings_them() {
    let mut fortress = Fortress::start();
    fortress.goes_on();
    // `readers` exists, with an offset that could be cloned.
    let commit = json!({ "topic": "orders", "queueId": "0", "consumerGroup": "readers",
        "commitOffset": "1" });
    fortress.broker.ask_for(15, &commit).with_code(0);
    let before = fortress.outside_of_the_store();
    for name in evil_names() {
        for (code, fields, body) in requests_naming(&name) {
            let answer = fortress.broker.ask(header(code, &fields), body.as_bytes());
            // What makes something is refused; what only asks or forgets may say that nothing is there.
            if matches!(code, 10 | 17 | 18 | 200 | 225 | 310 | 320 | 36) {
                assert_ne!(answer.code, 0, "{code} {name:?}: {answer:?}");
            }
        }
        // To a name server: as a topic, a namespace, a broker.
        let kv = json!({ "namespace": name, "key": name, "value": name });
        for (code, fields) in [
            (100, kv.clone()),
            (101, kv),
            (105, json!({ "topic": name })),
        ] {
            fortress.namesrv.ask_for(code, &fields);
        }
        fortress.goes_on();
    }
    assert_eq!(fortress.outside_of_the_store(), before);
    let inside = everything_below(&fortress.home.home().join("store"));
    let stray = inside.iter().find(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.contains("pwned") || name.starts_with("ppp")
    });
    assert_eq!(stray, None);
    let topics = fortress.broker.ask_for(21, &json!({})).with_code(0);
    let groups = fortress.broker.ask_for(201, &json!({})).with_code(0);
    for table in [topics.text(), groups.text()] {
        assert!(
            !table.contains("pwned") && !table.contains("ppppp"),
            "{table}"
        );
    }
}

#[test]
fn tables_that_java_wrote_bring_no_evil_names_in() {
    let home = Rc::new(Sandbox::new());
    let topic = |name: &str| {
        json!({ "topicName": name, "perm": 6, "readQueueNums": 1, "writeQueueNums": 1,
            "topicFilterType": "SINGLE_TAG", "topicSysFlag": 0, "order": false })
    };
    let version = json!({ "counter": 1, "timestamp": 1, "stateVersion": 0 });
    let mut topics = json!({ "good": topic("good") });
    let mut groups = json!({ "readers": { "groupName": "readers", "consumeEnable": true } });
    let mut offsets = json!({ "good@readers": { "0": 1 } });
    for name in evil_names() {
        topics[&name] = topic(&name);
        // A good key is no promise of a good name.
        topics[format!("good{}", name.len())] = topic(&name);
        groups[&name] = json!({ "groupName": name, "consumeEnable": true });
        offsets[format!("{name}@{name}")] = json!({ "0": 1 });
        offsets[format!("good@{name}")] = json!({ "0": 1 });
    }
    let tables = [
        (
            "topics",
            json!({ "topicConfigTable": topics, "dataVersion": version }),
        ),
        (
            "subscriptionGroup",
            json!({ "subscriptionGroupTable": groups, "dataVersion": version }),
        ),
        ("consumerOffset", json!({ "offsetTable": offsets })),
        (
            "delayOffset",
            json!({ "offsetTable": { "1": 0, "-7": 5, "9999": 3 } }),
        ),
    ];
    for (name, table) in tables {
        home.write(&format!("store/config/{name}.json"), &table.to_string());
    }
    let before = everything_below(home.home());
    let mut fortress = Fortress::start_in(Rc::clone(&home), Ports::take());
    fortress.goes_on();
    let send = header(310, &letters("good", "DELAY\u{1}1\u{2}"));
    fortress.broker.ask(send, b"b").with_code(0);
    let new = everything_below(home.home());
    let stray = new
        .difference(&before)
        .find(|path| path.to_string_lossy().contains("pwned"));
    assert_eq!(stray, None);
    for code in [21, 201, 43] {
        let table = fortress.broker.ask_for(code, &json!({})).with_code(0);
        assert!(
            table
                .text()
                .contains(if code == 201 { "readers" } else { "good" })
        );
        assert!(!table.text().contains("pwned"), "{}", table.text());
    }
}

/// What a terminal would obey, or be deceived by.
fn commands_to_a_terminal(text: &str) -> Vec<char> {
    let is_command = |character: &char| {
        let is_bidi = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        is_bidi || (character.is_control() && *character != '\n' && *character != '\t')
    };
    text.chars().filter(is_command).collect()
}

#[test]
fn no_text_of_others_reaches_a_terminal_or_a_log_as_a_command() {
    const EVIL: &str = "\u{1b}]0;pwned\u{7}\u{1b}[2J\r\nFORGED line\u{202e}\u{9b}31m";
    let mut fortress = Fortress::start();
    fortress.goes_on();
    let properties = format!("KEYS\u{1}{EVIL}\u{2}TAGS\u{1}{EVIL}\u{2}{EVIL}\u{1}{EVIL}\u{2}");
    let send = header(310, &letters("orders", &properties));
    fortress.broker.ask(send, EVIL.as_bytes()).with_code(0);
    let heartbeat = json!({ "clientID": EVIL, "producerDataSet": [{ "groupName": "writers" }],
        "consumerDataSet": [{ "groupName": "readers", "consumeType": "CONSUME_PASSIVELY",
            "messageModel": "CLUSTERING", "consumeFromWhere": "CONSUME_FROM_LAST_OFFSET",
            "unitMode": false, "subscriptionDataSet": [{ "topic": "orders", "subString": EVIL,
                "tagsSet": [EVIL], "codeSet": [], "subVersion": 1 }] }] });
    fortress
        .broker
        .ask(header(34, &json!({})), heartbeat.to_string().as_bytes());
    // Everything that is logged about those who do what they should not.
    for (code, fields, body) in requests_naming(EVIL) {
        fortress.broker.ask(header(code, &fields), body.as_bytes());
    }
    fortress.broker.ask(header(25, &json!({})), EVIL.as_bytes());
    fortress.namesrv.ask_for(
        100,
        &json!({ "namespace": EVIL, "key": EVIL, "value": EVIL }),
    );

    let namesrv = fortress.servers[0].said("/item/addr").to_owned();
    let commands: [&[&str]; 8] = [
        &["peek", "orders"],
        &["peek", "orders", "-o", "wide"],
        &["topic", "list"],
        &["topic", "describe", "orders"],
        &["group", "list"],
        &["group", "members", "readers"],
        &["group", "describe", "readers"],
        &["topic", "describe", EVIL],
    ];
    for command in commands {
        let arguments = command.iter().copied().chain(["-n", namesrv.as_str()]);
        let mut command = fortress.home.command(arguments);
        let run = crate::common::process::run(&mut command, "");
        for text in [&run.stdout, &run.stderr] {
            let found = commands_to_a_terminal(text);
            assert!(found.is_empty(), "{command:?} wrote {found:?}: {text:?}");
            assert!(
                !text.lines().any(|line| line.starts_with("FORGED")),
                "{text}"
            );
        }
    }
    let [_, broker] = fortress.servers;
    let log = broker.stop_and_read_errors();
    assert!(log.contains("orders"), "the log is on: {log}");
    for line in log.lines() {
        let found = commands_to_a_terminal(line);
        assert!(found.is_empty(), "logged {found:?}: {line:?}");
        assert!(!line.starts_with("FORGED"), "{log}");
    }
}
