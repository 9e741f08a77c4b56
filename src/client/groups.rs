//! The groups that this client belongs to, as its heartbeats tell the brokers.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::ClientError;
use crate::consumer::push::Member;

/// Producer groups with the number of producers of each, and one consumer for each consumer group.
#[derive(Default)]
pub(crate) struct Groups {
    producers: Mutex<BTreeMap<String, usize>>,
    consumers: Mutex<BTreeMap<String, Arc<Member>>>,
}

impl Groups {
    pub(crate) fn add_producer(&self, group: &str) {
        *self.producers.lock().entry(group.to_owned()).or_default() += 1;
    }

    /// Whether this was the last producer of its group.
    pub(crate) fn remove_producer(&self, group: &str) -> bool {
        let mut producers = self.producers.lock();
        match producers.get_mut(group) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            Some(_) => producers.remove(group).is_some(),
            None => false,
        }
    }

    /// Adds the one consumer of a group: a broker tells members apart by their client id alone.
    pub(crate) fn add_consumer(&self, member: &Arc<Member>) -> Result<(), ClientError> {
        let mut consumers = self.consumers.lock();
        let group = member.group();
        if consumers.contains_key(group) {
            let reason = format!("this client has a consumer of group {group} already");
            return Err(ClientError::InvalidArgument { reason });
        }
        consumers.insert(group.to_owned(), Arc::clone(member));
        Ok(())
    }

    pub(crate) fn remove_consumer(&self, group: &str) {
        self.consumers.lock().remove(group);
    }

    pub(crate) fn producer_groups(&self) -> Vec<String> {
        self.producers.lock().keys().cloned().collect()
    }

    /// Removes all producers, and says which groups they were of.
    pub(crate) fn take_producers(&self) -> Vec<String> {
        std::mem::take(&mut *self.producers.lock())
            .into_keys()
            .collect()
    }

    pub(crate) fn consumers(&self) -> Vec<Arc<Member>> {
        self.consumers.lock().values().cloned().collect()
    }

    pub(crate) fn consumer(&self, group: &str) -> Option<Arc<Member>> {
        self.consumers.lock().get(group).cloned()
    }
}
