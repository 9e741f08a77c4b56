//! One IndexFile: a hash table on disk from message keys to physical offsets.
//!
//! Layout: a header of 40 bytes, the slots (4 bytes: number of the newest entry), the entries (20
//! bytes: key hash, physical offset, seconds since the file's first message, previous entry of the
//! slot). Entry 0 is never used. Invariant: an entry is complete before its slot points to it, and the
//! header counts it last; so a crash of the process leaves a file that is right as far as it goes.

use std::io;
use std::sync::Arc;

use crate::config::StoreConfig;
use crate::convert::{i32_at, i64_at};
use crate::storage::StorageFile;

/// Bytes of the header.
pub(crate) const HEADER_LENGTH: usize = 40;
const BEGIN_TIMESTAMP_AT: usize = 0;
const END_TIMESTAMP_AT: usize = BEGIN_TIMESTAMP_AT + size_of::<i64>();
const BEGIN_PHYSICAL_AT: usize = END_TIMESTAMP_AT + size_of::<i64>();
const END_PHYSICAL_AT: usize = BEGIN_PHYSICAL_AT + size_of::<i64>();
const SLOT_COUNT_AT: usize = END_PHYSICAL_AT + size_of::<i64>();
const INDEX_COUNT_AT: usize = SLOT_COUNT_AT + size_of::<i32>();

const SLOT_LENGTH: u64 = 4;
/// Bytes of an entry.
pub(crate) const ENTRY_LENGTH: usize = 20;
/// The slot value that means: no entry.
const NO_ENTRY: i32 = 0;

/// The numbers at the beginning of an index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexHeader {
    /// Store time of the first message.
    pub(crate) begin_timestamp: i64,
    /// Store time of the last message.
    pub(crate) end_timestamp: i64,
    /// Physical offset of the first message.
    pub(crate) begin_physical: i64,
    /// Physical offset of the last message.
    pub(crate) end_physical: i64,
    /// Slots in use.
    pub(crate) slot_count: i32,
    /// Number of the next entry; the first is 1.
    pub(crate) index_count: i32,
}

impl IndexHeader {
    fn from_bytes(bytes: &[u8; HEADER_LENGTH]) -> Self {
        Self {
            begin_timestamp: i64_at(bytes, BEGIN_TIMESTAMP_AT),
            end_timestamp: i64_at(bytes, END_TIMESTAMP_AT),
            begin_physical: i64_at(bytes, BEGIN_PHYSICAL_AT),
            end_physical: i64_at(bytes, END_PHYSICAL_AT),
            slot_count: i32_at(bytes, SLOT_COUNT_AT),
            index_count: i32_at(bytes, INDEX_COUNT_AT).max(1),
        }
    }

    fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(BEGIN_TIMESTAMP_AT, &self.begin_timestamp.to_be_bytes());
        put(END_TIMESTAMP_AT, &self.end_timestamp.to_be_bytes());
        put(BEGIN_PHYSICAL_AT, &self.begin_physical.to_be_bytes());
        put(END_PHYSICAL_AT, &self.end_physical.to_be_bytes());
        put(SLOT_COUNT_AT, &self.slot_count.to_be_bytes());
        put(INDEX_COUNT_AT, &self.index_count.to_be_bytes());
        bytes
    }
}

/// How large index files are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexShape {
    /// Hash slots.
    pub(crate) slots: u32,
    /// Entries, the unused first one included.
    pub(crate) entries: u32,
}

impl IndexShape {
    /// As configured.
    pub(crate) const fn of(config: &StoreConfig) -> Self {
        Self {
            slots: config.index_slots,
            entries: config.index_entries,
        }
    }

    /// Bytes of a file.
    pub(crate) const fn file_size(self) -> u64 {
        self.entry_at(self.entries)
    }

    const fn slot_at(self, slot: u32) -> u64 {
        HEADER_LENGTH as u64 + slot as u64 * SLOT_LENGTH
    }

    const fn entry_at(self, entry: u32) -> u64 {
        self.slot_at(self.slots) + entry as u64 * ENTRY_LENGTH as u64
    }
}

/// An index file, open.
#[derive(Debug)]
pub(crate) struct IndexFile {
    name: String,
    file: Arc<dyn StorageFile>,
    shape: IndexShape,
    header: IndexHeader,
}

impl IndexFile {
    /// Reads the header of a file that was opened with the size of `shape`.
    pub(crate) fn load(
        name: String,
        file: Arc<dyn StorageFile>,
        shape: IndexShape,
    ) -> io::Result<Self> {
        let mut header = [0; HEADER_LENGTH];
        file.read_at(0, &mut header)?;
        Ok(Self {
            name,
            file,
            shape,
            header: IndexHeader::from_bytes(&header),
        })
    }

    /// Begins a new file that follows one which ended at these places.
    pub(crate) fn begin_after(&mut self, end_physical: i64, end_timestamp: i64) -> io::Result<()> {
        if end_physical > 0 {
            self.header.begin_physical = end_physical;
            self.header.end_physical = end_physical;
        }
        if end_timestamp > 0 {
            self.header.begin_timestamp = end_timestamp;
            self.header.end_timestamp = end_timestamp;
        }
        self.file.write_at(0, &self.header.to_bytes())
    }

    /// Name of the file in its directory.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The numbers at its beginning.
    pub(crate) fn header(&self) -> &IndexHeader {
        &self.header
    }

    /// Whether the header is one that this store can have written.
    pub(crate) fn is_plausible(&self) -> bool {
        let header = &self.header;
        u32::try_from(header.index_count).is_ok_and(|count| count <= self.shape.entries)
            && header.begin_physical >= 0
            && header.begin_physical <= header.end_physical
            && header.slot_count >= 0
    }

    /// Whether no further entry fits.
    pub(crate) fn is_full(&self) -> bool {
        u32::try_from(self.header.index_count).is_ok_and(|count| count >= self.shape.entries)
    }

    /// Whether nothing was entered yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.header.index_count <= 1
    }

    /// Enters a key; the file must not be full.
    pub(crate) fn put(&mut self, key_hash: i32, physical: i64, timestamp: i64) -> io::Result<()> {
        let slot_at = self.slot_at(key_hash);
        let previous = self.entry_of_slot(slot_at)?;
        let number = self.header.index_count;
        let mut entry = [0; ENTRY_LENGTH];
        entry[..4].copy_from_slice(&key_hash.to_be_bytes());
        entry[4..12].copy_from_slice(&physical.to_be_bytes());
        entry[12..16].copy_from_slice(&self.seconds_since_begin(timestamp).to_be_bytes());
        entry[16..].copy_from_slice(&previous.unwrap_or(NO_ENTRY).to_be_bytes());
        self.file
            .write_at(self.shape.entry_at(number.unsigned_abs()), &entry)?;
        self.file.write_at(slot_at, &number.to_be_bytes())?;

        if number <= 1 {
            self.header.begin_physical = physical;
            self.header.begin_timestamp = timestamp;
        }
        if previous.is_none() {
            self.header.slot_count += 1;
        }
        self.header.index_count = number + 1;
        self.header.end_physical = physical;
        self.header.end_timestamp = timestamp;
        self.file.write_at(0, &self.header.to_bytes())
    }

    fn slot_at(&self, key_hash: i32) -> u64 {
        self.shape
            .slot_at(key_hash.unsigned_abs() % self.shape.slots)
    }

    /// Newest entry of a slot, if it has one.
    fn entry_of_slot(&self, slot_at: u64) -> io::Result<Option<i32>> {
        let mut slot = [0; 4];
        self.file.read_at(slot_at, &mut slot)?;
        let entry = i32::from_be_bytes(slot);
        Ok((entry > NO_ENTRY && entry < self.header.index_count).then_some(entry))
    }

    /// Takes back an entry that its slot points to and the header does not count: the process ended
    /// in between. Another entry will get its number, and would hide those before it in the slot.
    pub(crate) fn forget_unfinished(&self) -> io::Result<()> {
        if self.is_full() {
            return Ok(());
        }
        let number = self.header.index_count;
        let mut entry = [[0; ENTRY_LENGTH]];
        self.read_entries(number.unsigned_abs(), &mut entry)?;
        let slot_at = self.slot_at(i32_at(&entry[0], 0));
        let mut slot = [0; 4];
        self.file.read_at(slot_at, &mut slot)?;
        if i32::from_be_bytes(slot) == number {
            self.file.write_at(slot_at, &entry[0][16..])?;
        }
        Ok(())
    }

    /// Fills `entries` with those from a number on.
    pub(crate) fn read_entries(
        &self,
        number: u32,
        entries: &mut [[u8; ENTRY_LENGTH]],
    ) -> io::Result<()> {
        let at = self.shape.entry_at(number);
        self.file.read_at(at, entries.as_flattened_mut())
    }

    /// Fills `slots` with those from a number on.
    pub(crate) fn read_slots(&self, first: u32, slots: &mut [[u8; 4]]) -> io::Result<()> {
        let at = self.shape.slot_at(first);
        self.file.read_at(at, slots.as_flattened_mut())
    }

    /// The first entry has no begin to count from, so it stands at second 0.
    fn seconds_since_begin(&self, timestamp: i64) -> i32 {
        if self.header.begin_timestamp <= 0 {
            return 0;
        }
        let seconds = (timestamp - self.header.begin_timestamp) / 1000;
        i32::try_from(seconds.max(0)).unwrap_or(i32::MAX)
    }

    /// Whether messages of this file may lie between the two times.
    pub(crate) fn overlaps(&self, begin_ms: i64, end_ms: i64) -> bool {
        begin_ms <= self.header.end_timestamp && end_ms >= self.header.begin_timestamp
    }

    /// Adds the physical offsets entered for a key hash between the two times, newest first, until
    /// there are `count_max`.
    pub(crate) fn find(
        &self,
        key_hash: i32,
        begin_ms: i64,
        end_ms: i64,
        count_max: usize,
        found: &mut Vec<i64>,
    ) -> io::Result<()> {
        let mut next = self.entry_of_slot(self.slot_at(key_hash))?;
        while let Some(number) = next
            && found.len() < count_max
        {
            let mut entry = [0; ENTRY_LENGTH];
            self.file
                .read_at(self.shape.entry_at(number.unsigned_abs()), &mut entry)?;
            let physical = i64_at(&entry, 4);
            let seconds = i64::from(i32_at(&entry, 12));
            let time = self.header.begin_timestamp + seconds * 1000;
            if seconds < 0 {
                break;
            }
            // The file knows whole seconds only: a message counts as long as its second may match.
            let in_time = time + 999 >= begin_ms && time <= end_ms;
            if i32_at(&entry, 0) == key_hash && in_time && !found.contains(&physical) {
                found.push(physical);
            }
            // Chains only ever lead to older entries; anything else is damage and ends the search.
            next = Some(i32_at(&entry, 16)).filter(|previous| (1..number).contains(previous));
            if time + 999 < begin_ms {
                break;
            }
        }
        Ok(())
    }

    /// Makes the file survive a power cut.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Reserves the disk space of the slots, which are written all over.
    pub(crate) fn reserve(&self) -> io::Result<()> {
        self.file.prepare(self.shape.entry_at(0))
    }

    /// Reserves the disk space of entries to come.
    pub(crate) fn reserve_entries(&self, entries: u32) -> io::Result<()> {
        let count = self
            .header
            .index_count
            .unsigned_abs()
            .saturating_add(entries);
        self.file
            .prepare(self.shape.entry_at(count.min(self.shape.entries)))
    }

    /// Gives back the memory that shows the file.
    pub(crate) fn release(&self) {
        self.file.release(0..self.shape.file_size());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{FileKind, MmapStorage, PlainStorage, SharedStorage, Storage as _};
    use protocol::message::index_key_hash;

    fn check_golden_bytes(storage: &SharedStorage) {
        let dir = tempfile::tempdir().expect("temp dir");
        let shape = IndexShape {
            slots: 5_000_000,
            entries: 20_000_000,
        };
        let path = dir.path().join("20231114221320000");
        let file = storage
            .open(&path, FileKind::Index, shape.file_size())
            .expect("open");
        assert_eq!(file.size(), 420_000_040);
        let mut index = IndexFile::load("20231114221320000".to_owned(), Arc::clone(&file), shape)
            .expect("load");
        index
            .put(index_key_hash("TopicTest", "k1"), 1024, 1_700_000_000_005)
            .expect("put");

        let mut header = [0; HEADER_LENGTH];
        file.read_at(0, &mut header).expect("header");
        let time = [0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x05];
        let place = [0, 0, 0, 0, 0, 0, 4, 0];
        let counts = [0, 0, 0, 1, 0, 0, 0, 2];
        assert_eq!(header[..], [time, time, place, place, counts].concat());
        let mut slot = [0; 4];
        file.read_at(10_984_136, &mut slot).expect("slot");
        assert_eq!(slot, [0, 0, 0, 1]);
        let mut entry = [0; ENTRY_LENGTH];
        file.read_at(20_000_060, &mut entry).expect("entry");
        let expected = [
            0, 0x29, 0xe6, 0xa8, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(entry, expected);
    }

    #[test]
    fn golden_bytes_mapped() {
        check_golden_bytes(&(Arc::new(MmapStorage::default()) as SharedStorage));
    }

    #[test]
    fn golden_bytes_plain() {
        check_golden_bytes(&(Arc::new(PlainStorage) as SharedStorage));
    }

    fn small() -> (tempfile::TempDir, IndexFile) {
        let dir = tempfile::tempdir().expect("temp dir");
        let shape = IndexShape {
            slots: 2,
            entries: 6,
        };
        let path = dir.path().join("1");
        let file = PlainStorage
            .open(&path, FileKind::Index, shape.file_size())
            .expect("open");
        (
            dir,
            IndexFile::load("1".to_owned(), file, shape).expect("load"),
        )
    }

    #[test]
    fn chains_are_followed_newest_first() {
        let (_dir, mut index) = small();
        for (hash, physical) in [(4, 100), (6, 200), (4, 300), (5, 400), (4, 500)] {
            assert!(!index.is_full());
            index
                .put(hash, physical, 1_000_000 + physical)
                .expect("put");
        }
        assert!(index.is_full());
        let mut found = Vec::new();
        index.find(4, 0, i64::MAX, 64, &mut found).expect("find");
        assert_eq!(found, [500, 300, 100]);
        found.clear();
        index.find(4, 0, i64::MAX, 2, &mut found).expect("find");
        assert_eq!(found, [500, 300]);
    }

    #[test]
    fn an_entry_that_was_not_finished_hides_none_before_it() {
        let (_dir, mut index) = small();
        index.put(4, 100, 1_000_000).expect("put");
        let counted = index.header;
        index.put(6, 200, 1_000_000).expect("put");
        // The process ended before the header was written; the number goes to another entry.
        index.header = counted;
        index.forget_unfinished().expect("read");
        index.put(5, 150, 1_000_000).expect("put");
        let find = |index: &IndexFile| {
            let mut found = Vec::new();
            index.find(4, 0, i64::MAX, 64, &mut found).expect("find");
            found
        };
        assert_eq!(find(&index), [100]);
        index.put(4, 300, 1_000_000).expect("put");
        assert_eq!(find(&index), [300, 100]);
    }

    #[test]
    fn a_damaged_chain_ends() {
        let (_dir, mut index) = small();
        for physical in [100, 200] {
            index.put(4, physical, 1_000_000).expect("put");
        }
        // Entry 2 now leads to itself.
        let at = index.shape.entry_at(2) + 16;
        index
            .file
            .write_at(at, &2_i32.to_be_bytes())
            .expect("write");
        let mut found = Vec::new();
        index.find(4, 0, i64::MAX, 64, &mut found).expect("find");
        assert_eq!(found, [200]);
    }
}
