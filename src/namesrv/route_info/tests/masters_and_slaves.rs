//! Who speaks for a broker that several processes serve.

use super::*;

#[test]
fn a_slave_that_becomes_the_master_is_no_longer_a_slave() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(&broker("a", 1, "a2:1"));
    story.unregister("a", "a:1");
    story.check("T", "a 1=a2:1 4r4w RW-");
    story.register(&broker("a", 0, "a2:1"));
    story.check("T", "a 0=a2:1 4r4w RW-");
}

#[test]
fn who_takes_over_an_id_keeps_it_when_the_former_holder_ends() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "old:1").on(1));
    story.register(&broker("a", 0, "new:1").on(2));
    story.check("T", "a 0=new:1 4r4w RW-");
    story.routes.connection_closed(1);
    story.check("T", "a 0=new:1 4r4w RW-");
}

#[test]
fn who_has_older_data_does_not_take_over_an_id() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "new:1").with_state(2));
    story.register(&broker("a", 1, "old:1").with_state(2));
    let answer = story.register(&broker("a", 0, "old:1").with_state(1));
    assert_eq!(answer, Registered::default());
    story.check("T", "a 0=new:1 4r4w RW-");
    assert_eq!(
        story.routes.data_version(&BrokerKey::new("C", "old:1")),
        None
    );
}

#[test]
fn slaves_speak_for_their_topics_only_while_there_is_no_master() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1"));
    story.register(&broker("a", 1, "a2:1").with_queues("T", 8).with_version(2));
    story.check("T", "a 0=a:1,1=a2:1 4r4w RW-");

    let mut story = Story::default();
    story.register(&broker("a", 2, "a3:1"));
    story.check("T", "a 2=a3:1 4r4w RW-");
    let mut old = broker("b", 1, "b2:1");
    old.enable_acting_master = None;
    story.register(&old);
    story.check("T", "a 2=a3:1 4r4w RW-");
}

#[test]
fn an_acting_master_is_read_from_and_not_written_to() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1").with_acting_master().on(1));
    story.register(&broker("a", 1, "a2:1").with_acting_master().on(2));
    story.register(&broker("a", 2, "a3:1").with_acting_master().on(3));
    story.check_route("T", true, "a 0=a:1,1=a2:1,2=a3:1 4r4w RW-");
    story.routes.connection_closed(1);
    story.check_route("T", true, "a 0=a2:1,2=a3:1 4r4w R--");
    story.check_route("T", false, "a 1=a2:1,2=a3:1 4r4w R--");
    story.register(
        &broker("a", 1, "a2:1")
            .with_acting_master()
            .on(2)
            .with_version(2),
    );
    story.check_route("T", true, "a 0=a2:1,2=a3:1 4r4w R--");
    story.register(&broker("a", 0, "a:1").with_acting_master().on(4));
    story.check_route("T", true, "a 0=a:1,1=a2:1,2=a3:1 4r4w RW-");
}

#[test]
fn a_broker_without_acting_master_keeps_its_permissions_when_its_master_goes() {
    let mut story = Story::default();
    story.register(&broker("a", 0, "a:1").on(1));
    story.register(&broker("a", 1, "a2:1").on(2));
    story.routes.connection_closed(1);
    story.check_route("T", true, "a 1=a2:1 4r4w RW-");
}
