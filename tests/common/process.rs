//! Processes under test: run to their end with a deadline, or kept in the background.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::wait::{PATIENCE, wait_for};

/// What a process wrote and how it ended; -1 for a signal.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

/// Runs a process to its end; one that takes too long is killed and fails the test.
#[track_caller]
pub(crate) fn run(command: &mut Command, input: &str) -> Ended {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = KillOnDrop(command.spawn().unwrap());
    let mut stdin = process.0.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = thread::spawn(move || {
        // A process that ends without reading all of it is its own matter.
        drop(stdin.write_all(input.as_bytes()));
    });
    let stdout = read_all(process.0.stdout.take().unwrap());
    let stderr = read_all(process.0.stderr.take().unwrap());
    let what = format!("the end of {command:?}");
    let status = wait_for(&what, || process.0.try_wait().unwrap());
    writing.join().unwrap();
    Ended {
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
        code: status.code().unwrap_or(-1),
    }
}

fn read_all(mut stream: impl std::io::Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

#[derive(Debug)]
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A process in the background, killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Background {
    process: KillOnDrop,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Background {
    /// Starts it, with its stdout and stderr read line by line.
    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = KillOnDrop(command.spawn().unwrap());
        let stdout = lines_of(process.0.stdout.take().unwrap());
        let stderr = lines_of(process.0.stderr.take().unwrap());
        Self {
            process,
            stdout,
            stderr,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// The first line of stdout, from here on, that fits; fails the test if none comes in time.
    #[track_caller]
    pub(crate) fn line(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        next_line(&self.stdout, what, fits)
    }

    /// The same of stderr.
    #[track_caller]
    pub(crate) fn error_line(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        next_line(&self.stderr, what, fits)
    }

    /// All lines of stderr from here on, once the process has ended.
    pub(crate) fn error_lines(&self) -> String {
        self.stderr.iter().map(|line| line + "\n").collect()
    }

    /// The next line of stdout, if there is one now.
    pub(crate) fn try_line(&self) -> Option<String> {
        self.stdout.try_recv().ok()
    }

    /// Writes to its stdin.
    pub(crate) fn write(&mut self, text: &str) {
        self.process
            .0
            .stdin
            .as_mut()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    /// Closes its stdin.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.process.0.stdin.take());
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process.0), signal).unwrap();
    }

    /// Waits for its end; gives its exit code, -1 for a signal.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> i32 {
        let status = wait_for("the end of the process", || {
            self.process.0.try_wait().unwrap()
        });
        status.code().unwrap_or(-1)
    }
}

fn lines_of(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[track_caller]
fn next_line(lines: &Receiver<String>, what: &str, fits: impl Fn(&str) -> bool) -> String {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if fits(&line) => return line,
            Ok(line) => seen.push(line),
            Err(RecvTimeoutError::Timeout) => panic!("waited in vain for {what} after {seen:#?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("ended before {what}: {seen:#?}"),
        }
    }
}

#[test]
fn a_background_process_can_be_read_signalled_and_waited_for() {
    let mut cat = Background::start(&mut Command::new("cat"));
    cat.write("one\ntwo\n");
    assert_eq!(cat.line("the second line", |line| line == "two"), "two");
    cat.close_stdin();
    assert_eq!(cat.wait(), 0);
    let mut script = Background::start(Command::new("sh").args(["-c", "echo ready >&2; exec cat"]));
    script.error_line("it to be ready", |line| line == "ready");
    script.signal(Signal::TERM);
    assert_eq!(script.wait(), -1);
    assert!(script.pid() > 0);
}
