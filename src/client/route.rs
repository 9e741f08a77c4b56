//! One topic's route, with what follows from it: the queues to write to, the queues to read from and
//! the address of each broker (RocketMQ `MQClientInstance.topicRouteData2Topic*Info`).
//!
//! Pure: a route is worked out once, when it arrives, and never changes afterwards.

use protocol::body::{BrokerData, MessageQueue, QueueData, TopicRouteData, perm};

/// The id of a master among the brokers of one name.
pub(crate) const MASTER_ID: i64 = 0;

/// Where a topic is.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicRoute {
    topic: String,
    data: TopicRouteData,
    publish_queues: Vec<MessageQueue>,
    subscribe_queues: Vec<MessageQueue>,
}

impl TopicRoute {
    pub(crate) fn new(topic: &str, data: TopicRouteData) -> Self {
        Self {
            publish_queues: publish_queues(topic, &data),
            subscribe_queues: subscribe_queues(topic, &data),
            topic: topic.to_owned(),
            data,
        }
    }

    /// The route that a topic would have which a broker makes when it is first written to: that of
    /// the template topic, with no more than `queue_count` queues a broker.
    pub(crate) fn from_template(
        topic: &str,
        mut template: TopicRouteData,
        queue_count: i32,
    ) -> Self {
        for queues in &mut template.queue_datas {
            let count = queues.read_queue_nums.min(queue_count);
            queues.read_queue_nums = count;
            queues.write_queue_nums = count;
        }
        Self::new(topic, template)
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The route as the name server gave it.
    #[must_use]
    pub fn data(&self) -> &TopicRouteData {
        &self.data
    }

    /// The queues that a producer writes to, in RocketMQ's order.
    #[must_use]
    pub fn publish_queues(&self) -> &[MessageQueue] {
        &self.publish_queues
    }

    /// The queues that a consumer reads from, sorted.
    #[must_use]
    pub fn subscribe_queues(&self) -> &[MessageQueue] {
        &self.subscribe_queues
    }

    /// The address of a broker.
    #[must_use]
    pub fn broker_addr(&self, broker_name: &str, broker_id: i64) -> Option<&str> {
        self.broker(broker_name)?
            .broker_addrs
            .get(&broker_id)
            .map(String::as_str)
    }

    /// Every broker: its name, id and address.
    pub fn brokers(&self) -> impl Iterator<Item = (&str, i64, &str)> {
        self.data.broker_datas.iter().flat_map(|broker| {
            let addrs = broker.broker_addrs.iter();
            addrs.map(|(id, addr)| (broker.broker_name.as_str(), *id, addr.as_str()))
        })
    }

    /// The address that is read from: the wanted id, for a slave the next one, else any.
    pub(crate) fn read_addr(&self, broker_name: &str, wanted_id: i64) -> Option<(&str, i64)> {
        let addrs = &self.broker(broker_name)?.broker_addrs;
        let next_slave = (wanted_id != MASTER_ID).then_some(wanted_id + 1);
        let preferred = [Some(wanted_id), next_slave].into_iter().flatten();
        let found = preferred.filter_map(|id| addrs.get_key_value(&id)).next();
        found
            .or_else(|| addrs.iter().next())
            .map(|(id, addr)| (addr.as_str(), *id))
    }

    fn broker(&self, broker_name: &str) -> Option<&BrokerData> {
        self.data
            .broker_datas
            .iter()
            .find(|broker| broker.broker_name == broker_name)
    }
}

fn publish_queues(topic: &str, data: &TopicRouteData) -> Vec<MessageQueue> {
    if let Some(order) = data
        .order_topic_conf
        .as_deref()
        .filter(|order| !order.is_empty())
    {
        return order_queues(topic, order);
    }
    let has_master = |queues: &QueueData| {
        data.broker_datas.iter().any(|broker| {
            broker.broker_name == queues.broker_name && broker.broker_addrs.contains_key(&MASTER_ID)
        })
    };
    let mut writable: Vec<&QueueData> = data
        .queue_datas
        .iter()
        .filter(|queues| perm::is_writeable(queues.perm) && has_master(queues))
        .collect();
    writable.sort_by(|one, other| one.broker_name.cmp(&other.broker_name));
    let queues = writable.into_iter();
    queues
        .flat_map(|queues| numbered(topic, &queues.broker_name, queues.write_queue_nums))
        .collect()
}

/// The queues of an ordered topic, as `broker-a:4;broker-b:4` gives them. A part that cannot be read
/// is left out.
fn order_queues(topic: &str, order: &str) -> Vec<MessageQueue> {
    let parts = order.split(';').filter_map(|part| part.split_once(':'));
    let counted = parts.filter_map(|(broker, count)| Some((broker, count.trim().parse().ok()?)));
    counted
        .flat_map(|(broker, count)| numbered(topic, broker.trim(), count))
        .collect()
}

fn subscribe_queues(topic: &str, data: &TopicRouteData) -> Vec<MessageQueue> {
    let readable = data
        .queue_datas
        .iter()
        .filter(|queues| perm::is_readable(queues.perm));
    let mut queues: Vec<MessageQueue> = readable
        .flat_map(|queues| numbered(topic, &queues.broker_name, queues.read_queue_nums))
        .collect();
    queues.sort();
    queues.dedup();
    queues
}

fn numbered(topic: &str, broker_name: &str, count: i32) -> impl Iterator<Item = MessageQueue> {
    let (topic, broker_name) = (topic.to_owned(), broker_name.to_owned());
    (0..count)
        .map(move |queue_id| MessageQueue::new(topic.as_str(), broker_name.as_str(), queue_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A route from lines such as `a perm=6 w=2 r=4 ids=0,1`.
    fn route(lines: &[&str]) -> TopicRouteData {
        let mut route = TopicRouteData::default();
        for line in lines {
            let mut words = line.split(' ');
            let broker_name = words.next().unwrap().to_owned();
            let mut value =
                |name: &str| words.next().unwrap().strip_prefix(name).unwrap().to_owned();
            route.queue_datas.push(QueueData {
                broker_name: broker_name.clone(),
                perm: value("perm=").parse().unwrap(),
                write_queue_nums: value("w=").parse().unwrap(),
                read_queue_nums: value("r=").parse().unwrap(),
                ..QueueData::default()
            });
            let addr = |id: &str| (id.parse().unwrap(), format!("{broker_name}:{id}"));
            let broker_addrs = value("ids=").split(',').map(addr).collect();
            route.broker_datas.push(BrokerData {
                broker_name,
                broker_addrs,
                ..BrokerData::default()
            });
        }
        route
    }

    fn names(queues: &[MessageQueue]) -> String {
        let name = |queue: &MessageQueue| format!("{}{}", queue.broker_name, queue.queue_id);
        queues.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn producers_write_where_a_master_allows_it() {
        let check = |lines: &[&str], expected| {
            assert_eq!(
                names(TopicRoute::new("T", route(lines)).publish_queues()),
                expected
            );
        };
        check(
            &["b perm=6 w=2 r=4 ids=0", "a perm=6 w=1 r=1 ids=0,1"],
            "a0 b0 b1",
        );
        check(&["a perm=4 w=2 r=2 ids=0", "b perm=2 w=1 r=0 ids=0"], "b0");
        check(&["a perm=6 w=2 r=2 ids=1,2"], "");
    }

    #[test]
    fn an_ordered_topic_says_which_queues_to_write_to() {
        let mut data = route(&["a perm=6 w=8 r=8 ids=0"]);
        data.order_topic_conf = Some("b:1;a:2;junk;c:x".to_owned());
        let route = TopicRoute::new("T", data);
        assert_eq!(names(route.publish_queues()), "b0 a0 a1");
        assert_eq!(names(route.subscribe_queues()), "a0 a1 a2 a3 a4 a5 a6 a7");
    }

    #[test]
    fn consumers_read_what_is_readable() {
        let lines = [
            "b perm=6 w=2 r=3 ids=1",
            "a perm=2 w=2 r=2 ids=0",
            "0 perm=4 w=0 r=1 ids=0",
        ];
        assert_eq!(
            names(TopicRoute::new("T", route(&lines)).subscribe_queues()),
            "00 b0 b1 b2"
        );
    }

    #[test]
    fn a_template_gives_as_many_queues_as_are_asked_for() {
        let template = route(&["a perm=7 w=8 r=8 ids=0", "b perm=7 w=8 r=2 ids=0"]);
        let route = TopicRoute::from_template("new", template, 4);
        assert_eq!(names(route.publish_queues()), "a0 a1 a2 a3 b0 b1");
        assert!(
            route
                .publish_queues()
                .iter()
                .all(|queue| queue.topic == "new")
        );
    }

    #[test]
    fn readers_fall_back_to_another_replica() {
        let route = TopicRoute::new(
            "T",
            route(&["a perm=6 w=1 r=1 ids=0,2", "b perm=6 w=1 r=1 ids=3"]),
        );
        assert_eq!(route.read_addr("a", 0), Some(("a:0", 0)));
        assert_eq!(route.read_addr("a", 1), Some(("a:2", 2)));
        assert_eq!(route.read_addr("a", 7), Some(("a:0", 0)));
        assert_eq!(route.read_addr("b", 0), Some(("b:3", 3)));
        assert_eq!(route.read_addr("c", 0), None);
        assert_eq!(route.broker_addr("a", 1), None);
        assert_eq!(route.brokers().count(), 3);
    }
}
