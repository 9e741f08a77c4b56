//! What the dashboard is told of the cluster and of the settings.

use super::*;
use crate::config::Origin;
use crate::context::tests::TestContext;

fn target(context: Option<&str>) -> Target {
    Target {
        context: context.map(str::to_owned),
        namesrv: vec!["mq1:9876".to_owned(), "mq2:9876".to_owned()],
        origin: Origin::Default,
        risk: Risk::Prod,
        read_only: true,
    }
}

#[test]
fn the_dashboard_knows_what_the_shell_has_to_say_to_mean_this_cluster() {
    let named = dashboard_target(&target(Some("prod")), None);
    assert_eq!(named.flags, "--context prod");
    assert_eq!((named.risk, named.is_read_only), (tui::Risk::Prod, true));
    let bare = dashboard_target(&target(None), None);
    assert_eq!(bare.flags, "--namesrv 'mq1:9876;mq2:9876'");
    assert_eq!(bare.name, "mq1:9876;mq2:9876");
    assert!(!bare.is_local);
}

#[test]
fn without_a_terminal_it_says_so() {
    let test = TestContext::new(&[], &[]);
    let error = check_terminal(&test.ctx).unwrap_err();
    assert_eq!(error.code().name, "precondition");
    assert!(error.message().contains("needs a terminal"));
}

#[test]
fn no_colour_means_mono_unless_a_theme_is_named() {
    let test = TestContext::new(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], &[]);
    let plain = theme(&test.ctx, &Look::default());
    assert_eq!((plain.name, plain.depth), (ThemeName::Mono, Depth::True));
    let named = Look {
        theme: Some(ThemeChoice::Light),
        ascii: true,
        ..Look::default()
    };
    let named = theme(&test.ctx, &named);
    assert_eq!((named.name, named.is_ascii), (ThemeName::Light, true));
}
