//! `gantry store`: directories that a broker has left, or has.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clock::SystemClock;
use protocol::message::{RecordParts, encode_record};
use serde_json::json;
use store::storage::PlainStorage;
use store::{MessageStore, StoreConfig};

use crate::common::sandbox::Sandbox;

const COUNT: i64 = 20;

/// A body that is no text.
const BINARY: &[u8] = &[0xFF, 0x00, 0xFE];

fn config(root: &Path) -> StoreConfig {
    StoreConfig {
        commit_log_file_size: 64 * 1024,
        consume_queue_units: 100,
        index_slots: 50,
        index_entries: 200,
        disk_max_used_ratio: 1.1,
        ..StoreConfig::new(root)
    }
}

fn open(root: &Path) -> MessageStore {
    let storage = std::sync::Arc::new(PlainStorage);
    MessageStore::open_without_threads(config(root), SystemClock::shared(), storage).unwrap()
}

/// A sandbox with a store in it that holds some messages of topic `orders`; where each begins.
fn filled() -> (Sandbox, PathBuf, Vec<u64>) {
    let sandbox = Sandbox::new();
    let root = sandbox.home().join("store");
    let store = open(&root);
    let queue = store.queue("orders", 0).unwrap();
    let host = SocketAddr::from((Ipv4Addr::LOCALHOST, 10911));
    let mut starts = Vec::new();
    for number in 0..COUNT {
        let body = format!("message {number}");
        let parts = RecordParts {
            topic: "orders",
            body: if number == 3 { BINARY } else { body.as_bytes() },
            properties: &format!("KEYS\u{1}k{number}\u{2}TAGS\u{1}red\u{2}"),
            queue_id: 0,
            flag: 0,
            sys_flag: 0,
            born_timestamp: 1_700_000_000_000,
            born_host: host,
            store_host: host,
            reconsume_times: 0,
            prepared_transaction_offset: 0,
        };
        let mut record = Vec::new();
        encode_record(&parts, &mut record).unwrap();
        let put = store.put(&queue, &mut record).unwrap();
        starts.push(put.physical_offset.unsigned_abs());
    }
    store.shutdown().unwrap();
    std::fs::create_dir_all(root.join("config")).unwrap();
    std::fs::write(root.join("config/topics.json"), "{\"topicConfigTable\":{}}").unwrap();
    std::fs::write(root.join("config/topics.json.bak"), "{\"old\":1}").unwrap();
    (sandbox, root, starts)
}

fn change(path: &Path, change: impl FnOnce(&mut [u8])) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

fn log(root: &Path) -> PathBuf {
    root.join("commitlog/00000000000000000000")
}

/// Every file below a folder with its bytes.
fn image(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = crate::common::files_below(root);
    files.sort();
    let read = |path: PathBuf| (path.clone(), std::fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

#[test]
fn a_sound_store_is_found_sound_and_is_not_touched() {
    let (sandbox, root, _) = filled();
    let before = image(&root);
    let dir = root.to_str().unwrap();
    let checked = sandbox.run(["store", "check", dir, "-o", "json"]).json();
    assert_eq!(checked["schema"], "gantry.store.check/1");
    let item = &checked["item"];
    assert_eq!(
        (&item["sound"], &item["in_use"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&item["records"], &item["findings"]),
        (&json!(COUNT), &json!([]))
    );
    let said = sandbox.run(["store", "check", dir]).ok();
    assert!(
        said.starts_with("sound: 20 records in 1 log file, 1 queue"),
        "{said}"
    );
    let planned = sandbox.run(["store", "repair", dir]).ok();
    assert_eq!(planned, "nothing to repair\n");
    assert!(image(&root) == before, "nothing is written");
}

#[test]
fn damage_is_told_planned_and_mended() {
    let (sandbox, root, starts) = filled();
    let dir = root.to_str().unwrap();
    change(&log(&root), |bytes| {
        bytes[usize::try_from(starts[5]).unwrap() + 95] ^= 1;
    });
    change(
        &root.join("consumequeue/orders/0/00000000000000000000"),
        |bytes| {
            bytes[40..60].fill(0);
        },
    );
    std::fs::write(root.join("config/topics.json"), "{\"topicConfig").unwrap();

    let said = sandbox
        .run(["store", "check", dir, "-o", "jsonl"])
        .to_string();
    for word in [
        "store_damaged",
        "store repair",
        "exit 10",
        "\"sound\":false",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let table = sandbox.run(["store", "check", dir]);
    let table = format!("{table}");
    for word in [
        "damaged_records",
        "missing_units",
        "damaged_table",
        "build the queue anew",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }

    let before = image(&root);
    let plan = sandbox.run(["store", "repair", dir, "-o", "json"]).json();
    let steps: Vec<&str> = plan["item"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["rebuild_queue", "restore_table"]);
    assert_eq!(plan["item"]["executed"], false);
    assert!(image(&root) == before, "a plan changes nothing");

    let done = sandbox
        .run(["store", "repair", dir, "--execute", "-o", "json"])
        .json();
    assert_eq!(done["item"]["executed"], true);
    // The sandbox hides where its home is.
    let folder = done["item"]["folder"].as_str().unwrap();
    let folder = root.join(folder.rsplit('/').next().unwrap());
    let kept = std::fs::read(folder.join("config/topics.json")).unwrap();
    assert_eq!(kept, b"{\"topicConfig");
    assert!(
        folder
            .join("consumequeue/orders/0/00000000000000000000")
            .is_file()
    );
    let table = std::fs::read_to_string(root.join("config/topics.json")).unwrap();
    assert_eq!(table, "{\"old\":1}");

    // What is lost stays lost, and nothing else is.
    let left = sandbox.run(["store", "repair", dir, "-o", "json"]).json();
    assert_eq!(left["item"]["steps"], json!([]));
    assert_eq!(left["item"]["lost"][0]["kind"], "damaged_records");
    let store = open(&root);
    let queue = store.find_queue("orders", 0).unwrap();
    assert_eq!(queue.max_offset(), COUNT);
    let mut offsets = Vec::new();
    store.get_messages(
        &queue,
        0,
        store::GetLimits::count(64),
        &mut store::AcceptAll,
        &mut |record| offsets.push(record.queue_offset()),
    );
    assert_eq!(
        offsets,
        (0..COUNT).filter(|offset| *offset != 5).collect::<Vec<_>>()
    );
}

#[test]
fn a_directory_in_use_is_read_only_by_force_and_never_mended() {
    let (sandbox, root, _) = filled();
    let dir = root.to_str().unwrap();
    let store = open(&root);
    for command in ["check", "dump"] {
        let said = sandbox.run(["store", command, dir]).fails(11);
        assert!(said.contains("in use by a broker (pid "), "{said}");
        sandbox.run(["store", command, dir, "--force"]).ok();
    }
    let said = sandbox.run(["store", "repair", dir, "--execute"]).fails(11);
    assert!(said.contains("stop the broker first"), "{said}");
    drop(store);
    // Killed: not in use, and no damage.
    let said = sandbox.run(["store", "check", dir]).ok();
    assert!(said.contains("unclean_stop"), "{said}");
}

#[test]
fn what_is_no_store_is_said() {
    let sandbox = Sandbox::new();
    let home = sandbox.home().to_str().unwrap();
    let said = sandbox.run(["store", "check", home]).fails(3);
    assert!(said.contains("is no store"), "{said}");
    sandbox.run(["store", "dump", "/no/such/folder"]).fails(3);
}

#[test]
fn a_dump_shows_what_lies_there() {
    let (sandbox, root, starts) = filled();
    let dir = root.to_str().unwrap();
    let dumped = sandbox.run(["store", "dump", dir, "-o", "jsonl"]).ok();
    let lines: Vec<serde_json::Value> = dumped
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 20);
    assert_eq!(lines[2]["body"], "message 2");
    assert_eq!(lines[3]["body_b64"], "/wD+");
    assert_eq!(lines[2]["physical_offset"], starts[2]);
    assert_eq!(
        (&lines[2]["queue"], &lines[2]["offset"]),
        (&json!(0), &json!(2))
    );

    let from = starts[15].to_string();
    let args = [
        "store", "dump", dir, "--from", &from, "--limit", "2", "-o", "json",
    ];
    let some = sandbox.run(args).json();
    assert_eq!(some["schema"], "gantry.store.record/1");
    let offsets: Vec<_> = some["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["offset"])
        .collect();
    assert_eq!(offsets, [&json!(15), &json!(16)]);
    let none = sandbox
        .run(["store", "dump", dir, "--topic", "other", "-o", "jsonl"])
        .ok();
    assert_eq!(none, "");

    let args = [
        "store",
        "dump",
        dir,
        "--queue-units",
        "--from",
        "18",
        "-o",
        "csv",
    ];
    let units = sandbox.run(args).ok();
    assert_eq!(units.lines().count(), 3, "{units}");
    assert!(
        units.lines().nth(1).unwrap().starts_with("orders,0,18,"),
        "{units}"
    );
    let index = sandbox
        .run(["store", "dump", dir, "--index", "-o", "jsonl"])
        .ok();
    assert_eq!(index.lines().count(), 20);
    let checkpoint = sandbox.run(["store", "dump", dir, "--checkpoint"]).ok();
    assert!(checkpoint.contains("is_clean  true"), "{checkpoint}");
    // Damage on the way is named.
    change(&log(&root), |bytes| {
        bytes[usize::try_from(starts[1]).unwrap() + 95] ^= 1;
    });
    let run = sandbox.run(["store", "dump", dir]);
    assert!(format!("{run}").contains("no sound record in"), "{run}");
}
