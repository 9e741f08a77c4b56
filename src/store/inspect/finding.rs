//! What an offline check finds, and what it means.

use std::ops::Range;
use std::path::PathBuf;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No fault: the next open of the store makes up for it by itself.
    Note,
    /// Something is lost, wrong or in doubt.
    Damage,
}

impl Severity {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Damage => "damage",
        }
    }
}

/// What was found. The names are stable: scripts may match on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// Bytes of the log that hold no sound record, with sound ones behind them.
    DamagedRecords,
    /// A file of the log is not there, and later ones are.
    MissingLogFile,
    /// Bytes that are not zero behind the last sound record.
    TornTail,
    /// The checkpoint says that the log was synced further than it reaches.
    LostTail,
    /// A record of a queue that cannot be.
    IllegalQueue,
    /// Records whose ConsumeQueue units are not there.
    MissingUnits,
    /// ConsumeQueue units that point elsewhere than to their records.
    WrongUnits,
    /// ConsumeQueue units of messages that the log does not hold any more, or not whole.
    LostMessages,
    /// An index file that cannot be used.
    UnusableIndexFile,
    /// Messages that the index does not lead to.
    MissingIndexEntries,
    /// Entries of the index that lead to no message, or the wrong way.
    WrongIndexEntries,
    /// There are messages and no checkpoint.
    MissingCheckpoint,
    /// The checkpoint cannot be read.
    DamagedCheckpoint,
    /// A table of the `config` folder that cannot be read.
    DamagedTable,
    /// The copy that is kept of a table cannot be read.
    DamagedTableBackup,
    /// The store was not shut down, or is in use.
    UncleanStop,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::DamagedRecords,
        Self::MissingLogFile,
        Self::TornTail,
        Self::LostTail,
        Self::IllegalQueue,
        Self::MissingUnits,
        Self::WrongUnits,
        Self::LostMessages,
        Self::UnusableIndexFile,
        Self::MissingIndexEntries,
        Self::WrongIndexEntries,
        Self::MissingCheckpoint,
        Self::DamagedCheckpoint,
        Self::DamagedTable,
        Self::DamagedTableBackup,
        Self::UncleanStop,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DamagedRecords => "damaged_records",
            Self::MissingLogFile => "missing_log_file",
            Self::TornTail => "torn_tail",
            Self::LostTail => "lost_tail",
            Self::IllegalQueue => "illegal_queue",
            Self::MissingUnits => "missing_units",
            Self::WrongUnits => "wrong_units",
            Self::LostMessages => "lost_messages",
            Self::UnusableIndexFile => "unusable_index_file",
            Self::MissingIndexEntries => "missing_index_entries",
            Self::WrongIndexEntries => "wrong_index_entries",
            Self::MissingCheckpoint => "missing_checkpoint",
            Self::DamagedCheckpoint => "damaged_checkpoint",
            Self::DamagedTable => "damaged_table",
            Self::DamagedTableBackup => "damaged_table_backup",
            Self::UncleanStop => "unclean_stop",
        }
    }

    /// What it means for those who use the store.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::DamagedRecords => "the records in these bytes are lost, all others are served",
            Self::MissingLogFile => "the messages in this file are lost, all others are served",
            Self::TornTail => "a record that was never written whole, or old bytes",
            Self::LostTail => "messages that were on the disk once are gone",
            Self::IllegalQueue => "nobody can consume this record",
            Self::MissingUnits => "consumers do not get these messages",
            Self::WrongUnits => "consumers do not get these messages, or get others",
            Self::LostMessages => "consumers skip these messages",
            Self::UnusableIndexFile => "messages in it are not found by key",
            Self::MissingIndexEntries => "these messages are not found by key",
            Self::WrongIndexEntries => "queries by key miss messages or lead nowhere",
            Self::MissingCheckpoint => "the next open reads the whole log",
            Self::DamagedCheckpoint => "the next open takes it for one of Java",
            Self::DamagedTable => "the broker cannot read it",
            Self::DamagedTableBackup => "the table itself is sound",
            Self::UncleanStop => "the broker was killed, or is running",
        }
    }
}

/// What a repair does about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing: what is lost is lost, and what is there is served.
    None,
    /// Nothing: the next open of the store does it.
    NextOpen,
    /// The bytes are cut off.
    Cut,
    /// The queue is built anew from the log.
    RebuildQueue,
    /// The index is built anew from the log, from this file on.
    RebuildIndex,
    /// A checkpoint is written.
    WriteCheckpoint,
    /// A checkpoint is written that promises the records behind the damage: without it, the next open
    /// takes the damage for a torn tail.
    KeepFollowing,
    /// The table is taken from its backup.
    RestoreTable,
}

impl Remedy {
    /// The sentence for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "nothing: it cannot be brought back",
            Self::NextOpen => "nothing: the next start of the broker does it",
            Self::Cut => "cut these bytes off",
            Self::RebuildQueue => "build the queue anew from the log",
            Self::RebuildIndex => "build the index anew from here on",
            Self::WriteCheckpoint => "write a new one",
            Self::KeepFollowing => "keep what follows, which the next start would cut off",
            Self::RestoreTable => "take the table from its .bak",
        }
    }

    /// Whether a repair does anything.
    #[must_use]
    pub const fn is_some(self) -> bool {
        !matches!(self, Self::None | Self::NextOpen)
    }
}

/// Messages of a queue that a finding speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRange {
    /// The topic.
    pub topic: String,
    /// The queue.
    pub queue_id: i32,
    /// Queue offsets.
    pub offsets: Range<i64>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the store directory.
    pub file: PathBuf,
    /// What it is.
    pub kind: FindingKind,
    /// How serious it is.
    pub severity: Severity,
    /// What a repair does about it.
    pub remedy: Remedy,
    /// Where it is in the CommitLog: physical offsets; empty ranges name a place.
    pub physical: Option<Range<i64>>,
    /// The messages concerned, where they are known.
    pub queue: Option<QueueRange>,
    /// How many records, units or entries; 0 where nothing is counted.
    pub count: u64,
    /// More in words, where there is more to say.
    pub detail: String,
}

impl Finding {
    /// A damage without more.
    pub(crate) fn damage(file: impl Into<PathBuf>, kind: FindingKind, remedy: Remedy) -> Self {
        Self {
            file: file.into(),
            kind,
            severity: Severity::Damage,
            remedy,
            physical: None,
            queue: None,
            count: 0,
            detail: String::new(),
        }
    }

    /// The same as no fault: the next open makes up for it.
    pub(crate) fn into_note(mut self) -> Self {
        self.severity = Severity::Note;
        self.remedy = Remedy::NextOpen;
        self
    }

    pub(crate) fn at(mut self, physical: Range<i64>) -> Self {
        self.physical = Some(physical);
        self
    }

    pub(crate) fn counting(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    pub(crate) fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}
