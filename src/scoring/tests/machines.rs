//! What machines do, and what that is worth.

use super::{check, check_of, history, plan};

const OPENS: &str = "@open a\n@pays a 10 email.open\nrepeat = 'always'\n@pays a 100 email.click\nrepeat = 'always'\n";

#[test]
fn machines_are_known_by_their_names() {
    let browser = "user_agent=Mozilla/5.0_(X11)_Firefox/130.0";
    for (what, machine, expected) in [
        (format!("email.open 1 {browser}"), "", 10),
        ("email.open 1".to_owned(), "", 10),
        ("email.open 1 user_agent=Mozilla/5.0".to_owned(), "", 0),
        (
            "email.open 1 user_agent=Mozilla/5.0".to_owned(),
            "apple = 20",
            2,
        ),
        // Apple's proxies open and do not click.
        ("email.click 1 user_agent=Mozilla/5.0".to_owned(), "", 100),
        (
            "email.open 1 user_agent=X_(via_ggpht.com_GoogleImageProxy)".to_owned(),
            "",
            0,
        ),
        (
            "email.open 1 user_agent=X_(via_ggpht.com_GoogleImageProxy)".to_owned(),
            "proxy = 50",
            5,
        ),
        (
            "email.click 1 user_agent=Barracuda_Sentinel".to_owned(),
            "",
            0,
        ),
        (
            "email.click 1 user_agent=Barracuda_Sentinel".to_owned(),
            "scanner = 1",
            1,
        ),
        ("email.open 1 user_agent=OurGate/1.0".to_owned(), "", 10),
        (
            "email.open 1 user_agent=ourGATE/1.0".to_owned(),
            "agents = ['OurGate']",
            0,
        ),
        (
            "email.open 1 user_agent=X_GoogleImageProxy".to_owned(),
            "scanner = 100",
            0,
        ),
    ] {
        let plan = format!("[machine]\n{machine}\n{OPENS}");
        let told = format!("2026-01-01 08:00 {what}");
        check(&plan, &told, "2026-01-02", &format!("a {expected}"));
    }
}

#[test]
fn what_comes_too_soon_after_the_sending_is_a_scanners() {
    for (what, machine, expected) in [
        ("08:00:05 email.open 1 key=open:h1:1", "", 0),
        ("08:00:06 email.open 1 key=open:h1:1", "", 10),
        ("08:00:00 email.open 1 key=open:h1:1", "", 0),
        // Another sending.
        ("08:00:05 email.open 1 key=open:h2:1", "", 10),
        ("08:00:05 email.click 1 https://x key=hit:1", "", 0),
        ("08:00:06 email.click 1 https://x key=hit:1", "", 100),
        ("08:00:05 email.click 2 https://x key=hit:1", "", 100),
        (
            "08:00:05 email.open 1 key=open:h1:1",
            "within_seconds = 0",
            10,
        ),
        (
            "08:01:00 email.open 1 key=open:h1:1",
            "within_seconds = 60",
            0,
        ),
        ("08:00:05 email.open 1 key=open:h1:1", "scanner = 50", 5),
    ] {
        let plan = plan(&format!("[machine]\n{machine}\n{OPENS}"));
        let mut told = history(&format!("2026-01-01 {what}"));
        let expected = format!("a {expected}");
        // Learnt late: until the sending is known, a person did it.
        let person = if what.contains("open ") {
            "a 10"
        } else {
            "a 100"
        };
        check_of(&plan, &told, "2026-01-02", person);
        told.activities
            .extend(history("2026-01-01 08:00:00 email.send 1 key=send:h1").activities);
        check_of(&plan, &told, "2026-01-02", &expected);
    }
}

#[test]
fn all_links_at_once_are_a_scanners() {
    let four = "
        2026-01-01 08:00:00 email.click 1 https://x/1
        2026-01-01 08:00:03 email.click 1 https://x/2
        2026-01-01 08:00:06 email.click 1 https://x/3\n";
    for (fourth, machine, expected) in [
        ("08:00:10 email.click 1 https://x/4", "", 0),
        ("08:00:11 email.click 1 https://x/4", "", 400),
        ("08:00:10 email.click 1 https://x/3", "", 400),
        ("08:00:10 email.click 2 https://x/4", "", 400),
        (
            "08:00:10 email.click 1 https://x/4",
            "links_at_once = 0",
            400,
        ),
        ("08:00:11 email.click 1 https://x/4", "links_at_once = 3", 0),
        (
            "08:00:20 email.click 1 https://x/4",
            "links_at_once = 3",
            100,
        ),
    ] {
        let plan = format!("[machine]\n{machine}\n{OPENS}");
        let told = format!("{four}2026-01-01 {fourth}");
        check(&plan, &told, "2026-01-02", &format!("a {expected}"));
    }
}

#[test]
fn a_machine_that_counts_for_nothing_uses_nothing_up() {
    let told = "
        2026-01-01 08:00 url.hit https://x user_agent=curl/8.0
        2026-01-01 08:10 url.hit https://x
        2026-01-01 08:20 url.hit https://x";
    for keys in [
        "",
        "repeat = 'per-item'",
        "repeat = 'always'\ncooldown = '20 minutes'",
        "repeat = 'always'\ndiminishing = [100, 0]",
        "repeat = 'always'\nlimit = { points = 10, per = 'day' }",
        "repeat = 'always'\nfirst_time = true",
        "repeat = 'always'\npage_hits = 2",
        "repeat = 'always'\nreturns_within = '10 minutes'",
    ] {
        check(
            &format!("@open a\n@pays a 10 url.hit\n{keys}"),
            told,
            "2026-01-02",
            "a 10",
        );
    }
}

#[test]
fn mautic_takes_machines_for_people() {
    let text = format!("behaviour = 'mautic'\n{OPENS}");
    check(
        &text,
        "2026-01-01 08:00 email.open 1 user_agent=Mozilla/5.0",
        "2026-01-02",
        "a 10",
    );
}
