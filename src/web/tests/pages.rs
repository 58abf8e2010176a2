//! The pages that people get.

use super::*;
use std::sync::atomic::Ordering;

async fn page(site: &Site, path: &str) -> String {
    let answer = site.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    answer.body
}

#[tokio::test]
async fn the_mode_is_plain_to_see() {
    let observe = page(&Site::new(), "/").await;
    assert!(observe.contains("Observe: nothing is written to Mautic."));
    let live = Site::with(world::store(), None, Mode::Live);
    let live = page(&live, "/").await;
    assert!(!live.contains("nothing is written"));
    assert!(live.contains("<strong>Live:</strong>"));
}

#[tokio::test]
async fn the_overview_shows_counts_delays_health_and_writes() {
    let text = page(&Site::new(), "/").await;
    for part in [
        "1\u{202f}234",
        "1.0 s",
        "2.0 s",
        "unpublished by Mautic, published again",
        "POST /api/contacts/7/points/groups/3/set/60",
        "no answer",
        "0123456789ab",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("Not ready"));
}

#[tokio::test]
async fn the_overview_says_why_it_is_not_ready() {
    let site = Site::new();
    site.scorer
        .down("the plan names no topic", site.clock.now());
    let text = page(&site, "/").await;
    assert!(text.contains("Not ready"));
    assert!(text.contains("<li>scorer: the plan names no topic</li>"));
}

#[tokio::test]
async fn the_list_leads_to_contacts_and_on() {
    let site = Site::new();
    let text = page(&site, "/contacts?limit=2").await;
    assert!(text.contains(r#"href="/contacts/7""#));
    assert!(text.contains(r#"href="/contacts?after=8""#));
    assert!(!page(&site, "/contacts?after=8").await.contains("Next page"));
}

#[tokio::test]
async fn search_by_id() {
    let site = Site::new();
    let found = site.get("/contacts?id=+8+").await;
    assert_eq!(found.status, StatusCode::SEE_OTHER);
    assert_eq!(found.header(header::LOCATION), "/contacts/8");
    let text = page(&site, "/contacts?id=%22%3Eann").await;
    assert!(text.contains("is no contact id"));
    assert!(text.contains(r#"value="&#34;&#62;ann""#));
}

#[tokio::test]
async fn a_contact_shows_scores_reasons_and_what_mautic_should_hold() {
    let text = page(&Site::new(), "/contacts/7").await;
    for part in [
        "Asks for an offer",
        "+60",
        "Ceiling",
        "the rules add up to 105",
        "Score Dishwashers",
        "To be written",
        "Holds",
        "Merged into it: 12.",
        "Ovens &#38; hobs",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[tokio::test]
async fn a_contact_shows_decay_what_was_passed_over_and_what_comes_next() {
    let (store, plan) = world::fading();
    let site = Site::with(store, None, Mode::Observe);
    site.plan.send_replace(Some(Arc::new(plan)));
    let text = page(&site, "/contacts/7").await;
    for part in [
        "60, half after every 30 days, 58.63 now",
        "Rounding",
        "Passed over: 1",
        "it pays once per contact",
        "What comes next",
        "fades from",
        "Time alone changes nothing.",
        "60, 40 fewer than here",
        "Mautic holds 60 points that it never logged",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[tokio::test]
async fn a_merged_away_contact_says_so() {
    let text = page(&Site::new(), "/contacts/12").await;
    assert!(text.contains("Contact 12 was merged into contact 7"));
}

#[tokio::test]
async fn without_a_plan_a_contact_is_shown_all_the_same() {
    let site = Site::new();
    site.plan.send_replace(None);
    let text = page(&site, "/contacts/7").await;
    assert!(text.contains("No plan is loaded"));
    assert!(text.contains("<b>100</b>"));
}

#[tokio::test]
async fn what_comes_from_outside_is_text_not_html() {
    let site = Site::new();
    assert!(!page(&site, "/contacts/7").await.contains("Ann <b>"));
    assert!(!page(&site, "/parked").await.contains("mautic.<script>"));
}

#[tokio::test]
async fn problems_are_pages_too() {
    let site = Site::new();
    for (path, status) in [
        ("/contacts/999", 404),
        ("/contacts/x", 400),
        ("/nothing", 404),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.body.starts_with("<!doctype html>"), "{path}");
    }
    site.store.broken.store(true, Ordering::SeqCst);
    let answer = site.get("/").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("disk full (score.db)"));
}

#[tokio::test]
async fn nothing_is_loaded_from_elsewhere_and_nothing_is_inline() {
    let site = Site::new();
    for path in ["/", "/contacts", "/contacts/7", "/parked", "/nothing"] {
        let text = site.get(path).await.body;
        for bad in [
            "http://",
            "https://",
            " style=",
            " onclick=",
            "<style",
            "javascript:",
        ] {
            assert!(!text.contains(bad), "{bad} in {path}");
        }
        for script in text.split("<script").skip(1) {
            assert!(
                script.starts_with(r#" src="/assets/script.js" defer></script>"#),
                "{path}"
            );
        }
    }
}
