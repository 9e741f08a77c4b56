//! The routes that this client has asked for, each asked for once at a time and kept while it is
//! fresh. When no name server answers, an old route is better than none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use parking_lot::Mutex;
use protocol::body::TopicRouteData;
use protocol::header::GetRouteInfoRequestHeader;
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use tokio::sync::Notify;

use crate::ClientError;
use crate::namesrvs::Namesrvs;
use crate::peer::Wire;
use crate::route::TopicRoute;

/// A route of which a broker did not answer is asked for again, but not more often than this.
const REFRESH_GAP: Duration = Duration::from_secs(1);

/// What a topic that does not exist yet will look like when it is written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template<'a> {
    /// The template topic, `TBW102`.
    pub(crate) topic: &'a str,
    /// The most queues a broker.
    pub(crate) queue_count: i32,
}

pub(crate) struct RouteCache {
    wire: Wire,
    namesrvs: Arc<Namesrvs>,
    clock: SharedClock,
    timeout: Duration,
    max_age: Duration,
    topics: Mutex<BTreeMap<String, Arc<Entry>>>,
    /// Notified when a route that was known has become another one.
    pub(crate) changed: Arc<Notify>,
}

#[derive(Default)]
struct Entry {
    /// Held by whoever is asking the name server; the others wait for its result.
    asking: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default, Clone)]
struct Known {
    route: Option<Arc<TopicRoute>>,
    /// When it was asked for last, by [`clock::Clock::elapsed`].
    asked_at: Option<Duration>,
    /// Whether it is worked out from a template: the topic itself was not there.
    guessed: bool,
    suspect: bool,
}

impl RouteCache {
    pub(crate) fn new(
        wire: Wire,
        namesrvs: Arc<Namesrvs>,
        clock: SharedClock,
        timeout: Duration,
        max_age: Duration,
    ) -> Self {
        let (topics, changed) = (Mutex::default(), Arc::default());
        Self {
            wire,
            namesrvs,
            clock,
            timeout,
            max_age,
            topics,
            changed,
        }
    }

    /// The route of a topic that exists.
    pub(crate) async fn get(&self, topic: &str) -> Result<Arc<TopicRoute>, ClientError> {
        self.get_or(topic, None).await
    }

    /// The route of a topic, or the one that it will have once a broker has made it.
    pub(crate) async fn get_or(
        &self,
        topic: &str,
        template: Option<Template<'_>>,
    ) -> Result<Arc<TopicRoute>, ClientError> {
        let entry = self.entry(topic);
        if let Some(route) = self.fresh(&entry, template.is_some()) {
            return Ok(route);
        }
        let _asking = entry.asking.lock().await;
        // Somebody else may have asked while this call waited.
        match self.fresh(&entry, template.is_some()) {
            Some(route) => Ok(route),
            None => self.refresh_locked(&entry, topic, template).await,
        }
    }

    /// Every route that is known.
    pub(crate) fn known(&self) -> Vec<Arc<TopicRoute>> {
        let entries: Vec<_> = self.topics.lock().values().cloned().collect();
        entries
            .iter()
            .filter_map(|entry| entry.known.lock().route.clone())
            .collect()
    }

    /// Asks for every known topic again, whatever its age. Failures leave what is known as it is.
    pub(crate) async fn refresh_all(&self) {
        let entries: Vec<(String, Arc<Entry>)> = self
            .topics
            .lock()
            .iter()
            .map(|(topic, entry)| (topic.clone(), Arc::clone(entry)))
            .collect();
        for (topic, entry) in entries {
            if entry.known.lock().route.is_none() {
                continue;
            }
            let _asking = entry.asking.lock().await;
            if let Err(error) = self.refresh_locked(&entry, &topic, None).await {
                tracing::debug!(%topic, %error, "the route is not refreshed");
            }
        }
    }

    /// Asks for a route at its next use, because a broker of it did not answer.
    pub(crate) fn suspect(&self, topic: &str) {
        let Some(entry) = self.topics.lock().get(topic).cloned() else {
            return;
        };
        entry.known.lock().suspect = true;
    }

    /// Forgets a topic, for example because it has been deleted.
    pub(crate) fn forget(&self, topic: &str) {
        self.topics.lock().remove(topic);
    }

    /// Asks a name server now, and keeps nothing.
    pub(crate) async fn fetch(&self, topic: &str) -> Result<TopicRouteData, ClientError> {
        let header = GetRouteInfoRequestHeader {
            topic: topic.to_owned(),
            accept_standard_json_only: Some(true),
        };
        let code = RequestCode::GetRouteinfoByTopic;
        let request = RemotingCommand::request(code).with_header(&header);
        let answer = self
            .namesrvs
            .ask(&self.wire, code, request, self.timeout)
            .await?;
        if answer.is(ResponseCode::TopicNotExist) {
            let (topic, namesrv) = (topic.to_owned(), answer.addr.to_owned());
            return Err(ClientError::TopicNotFound { topic, namesrv });
        }
        answer.success()?.body(TopicRouteData::from_json)
    }

    fn entry(&self, topic: &str) -> Arc<Entry> {
        let mut topics = self.topics.lock();
        match topics.get(topic) {
            Some(entry) => Arc::clone(entry),
            None => Arc::clone(topics.entry(topic.to_owned()).or_default()),
        }
    }

    /// What is known, if it may still be used. A guessed route is of no use to a consumer.
    fn fresh(&self, entry: &Entry, may_be_guessed: bool) -> Option<Arc<TopicRoute>> {
        let known = entry.known.lock();
        let age = self.clock.elapsed().saturating_sub(known.asked_at?);
        let max_age = if known.suspect {
            REFRESH_GAP
        } else {
            self.max_age
        };
        let usable = age < max_age && (may_be_guessed || !known.guessed);
        if usable { known.route.clone() } else { None }
    }

    /// Asks, with the entry's `asking` held by the caller.
    async fn refresh_locked(
        &self,
        entry: &Entry,
        topic: &str,
        template: Option<Template<'_>>,
    ) -> Result<Arc<TopicRoute>, ClientError> {
        let mut guessed = false;
        let fetched = match (self.fetch(topic).await, template) {
            (Ok(data), _) => Ok(TopicRoute::new(topic, data)),
            (Err(absent @ ClientError::TopicNotFound { .. }), Some(template)) => {
                guessed = true;
                let count = template.queue_count;
                // Without a template the honest answer is that the topic itself is missing.
                let data = self
                    .fetch(template.topic)
                    .await
                    .map_err(|error| match error {
                        ClientError::TopicNotFound { .. } => absent,
                        other => other,
                    });
                data.map(|data| TopicRoute::from_template(topic, data, count))
            }
            (Err(error), _) => Err(error),
        };
        let mut known = entry.known.lock();
        known.asked_at = Some(self.clock.elapsed());
        let old = known.route.clone();
        match fetched {
            Ok(route) => {
                known.suspect = false;
                known.guessed = guessed;
                let is_first = old.is_none();
                if let Some(same) = old.filter(|old| **old == route) {
                    return Ok(same);
                }
                let route = Arc::new(route);
                known.route = Some(Arc::clone(&route));
                drop(known);
                if !is_first {
                    self.changed.notify_one();
                }
                Ok(route)
            }
            // A name server that does not answer, or that has just started and knows nothing yet,
            // does not make the brokers go away.
            Err(error) => match old.filter(|_| !known.guessed || template.is_some()) {
                Some(old) => {
                    tracing::debug!(%topic, %error, "an old route is kept");
                    Ok(old)
                }
                None => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests;
