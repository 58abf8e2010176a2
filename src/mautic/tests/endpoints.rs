//! What each method sends, and how it reads what Mautic sends back.

use super::*;
use crate::domain::{ContactId, GroupId, SegmentId};

const BULK: Priority = Priority::Bulk;

/// Target of a request with the percent encoding taken out.
fn plain(seen: &Seen) -> String {
    let pairs = url::form_urlencoded::parse(seen.target.as_bytes());
    let text: Vec<_> = pairs
        .map(|(name, value)| {
            if value.is_empty() {
                name.into_owned()
            } else {
                format!("{name}={value}")
            }
        })
        .collect();
    format!("{} {}", seen.method, text.join("&"))
}

async fn answering(body: Value) -> (Server, Client) {
    let server = Server::api(move |_, _| ok(&body)).await;
    let client = setup(&server).client;
    (server, client)
}

#[tokio::test]
async fn a_contact_is_found_merged_or_gone() {
    let server = Server::api(|seen, _| match seen.target.as_str() {
        "/api/contacts/27" | "/api/contacts/28" => {
            ok(&json!({"contact": {"id": 27, "points": 41, "fields": {"core": []}, "tags": []}}))
        }
        "/api/contacts/17" => Some(refusal(404, "Item was not found.", None, true)),
        _ => Some(refusal(
            404,
            "Requested URL not found: /api/contacts/1",
            None,
            false,
        )),
    })
    .await;
    let Setup { client, .. } = setup(&server);
    let ask = async |id| client.contact(ContactId(id), BULK).await;
    let Ok(ContactAnswer::Found(found)) = ask(27).await else {
        panic!("27 is there")
    };
    assert_eq!(found.points, 41);
    let Ok(ContactAnswer::Merged(winner)) = ask(28).await else {
        panic!("28 was merged")
    };
    assert_eq!(winner.id, Some(ContactId(27)));
    assert_eq!(ask(17).await, Ok(ContactAnswer::Gone));
    let error = ask(1).await.unwrap_err();
    assert!(
        !error.is_not_found(),
        "a wrong base URL must not look like a deletion: {error}"
    );
}

#[tokio::test]
async fn contacts_are_paged_by_id() {
    let (server, client) = answering(json!({"total": "211", "contacts": {
        "101": {"id": 101, "points": 0, "fields": []}, "102": {"id": "102", "points": "3", "fields": []}}}))
    .await;
    let query = ContactsQuery {
        after: Some(ContactId(100)),
        limit: 100_000,
        modified_since: NOW.parse().ok(),
        ..ContactsQuery::default()
    };
    let page = client.contacts(&query, BULK).await.unwrap();
    let ids: Vec<_> = page.items.iter().filter_map(|contact| contact.id).collect();
    assert_eq!(
        (page.total, ids),
        (211, vec![ContactId(101), ContactId(102)])
    );
    insta::assert_snapshot!(plain(&server.calls()[0]), @"GET /api/contacts?where[0][col]=id&where[0][expr]=gt&where[0][val]=100&where[1][col]=date_modified&where[1][expr]=gte&where[1][val]=2026-11-21 20:00:00&orderBy=id&orderByDir=asc&limit=500&minimal=1");
}

#[tokio::test]
async fn many_ids_are_asked_for_a_hundred_at_a_time() {
    let (server, client) =
        answering(json!({"total": "1", "contacts": {"3": {"id": 3, "fields": []}}})).await;
    let ids: Vec<_> = (1..=101).map(ContactId).collect();
    let found = client.contacts_by_ids(&ids, true, BULK).await.unwrap();
    assert_eq!(found.len(), 2);
    let calls = server.calls();
    assert!(plain(&calls[0]).ends_with(",99,100&limit=100"));
    insta::assert_snapshot!(plain(&calls[1]), @"GET /api/contacts?where[0][col]=id&where[0][expr]=in&where[0][val]=101&limit=1");
    assert_eq!(client.contacts_by_ids(&[], true, BULK).await, Ok(vec![]));
}

#[tokio::test]
async fn a_score_is_set_with_its_marker() {
    let (server, client) =
        answering(json!({"groupScore": {"score": -5, "group": {"id": 1, "name": "Dishwashers"}}}))
            .await;
    let note = Note {
        event: Marker::new("topicscore").unwrap(),
        action: Marker::new("run-1#42").unwrap(),
    };
    let score = client
        .set_group_score(ContactId(7), GroupId(1), -5, &note, Priority::Urgent)
        .await;
    assert_eq!(score, Ok(-5));
    let call = &server.calls()[0];
    assert_eq!(plain(call), "POST /api/contacts/7/points/groups/1/set/-5");
    assert_eq!(
        call.body,
        r#"{"eventName":"topicscore","actionName":"run-1#42"}"#
    );
    assert_eq!(client.version().as_deref(), Some("5.1.1"));
}

#[tokio::test]
async fn a_group_without_a_row_has_no_score() {
    let (_server, client) = answering(json!([])).await;
    let none = client.group_score(ContactId(1), GroupId(1), BULK).await;
    assert_eq!(none, Ok(None));
    let (_server, client) =
        answering(json!({"groupScore": {"score": 0, "group": {"id": 1}}})).await;
    let zero = client.group_score(ContactId(1), GroupId(1), BULK).await;
    assert_eq!(zero, Ok(Some(0)));
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let server = Server::api(|seen, _| {
        let start: usize = plain(seen).split("start=").nth(1)?.split('&').next()?.parse().ok()?;
        let hooks: serde_json::Map<_, _> = (start..(start + 100).min(250))
            .map(|id| (id.to_string(), json!({"id": id + 1, "name": "h", "webhookUrl": "u", "secret": "s", "triggers": []})))
            .collect();
        ok(&json!({"total": 250, "hooks": hooks}))
    })
    .await;
    let client = setup(&server).client;
    let hooks = client.hooks(BULK).await.unwrap();
    assert!(hooks.iter().map(|hook| hook.id).eq(1..=250));
    let calls: Vec<_> = server.calls().iter().map(plain).collect();
    assert_eq!(calls.len(), 3);
    assert_eq!(
        calls[2],
        "GET /api/hooks?start=200&limit=100&orderBy=id&orderByDir=asc"
    );
}

#[tokio::test]
async fn point_actions_learn_their_group_from_a_filter() {
    let server = Server::api(|seen, _| {
        let action = |id| json!({"id": id, "name": "a", "type": "url.hit", "delta": 2, "properties": [], "repeatable": true});
        let ids = match plain(seen) {
            target if target.contains("where[0][col]=group&where[0][expr]=eq&where[0][val]=1&") => vec![7],
            target if target.contains("where") => vec![],
            _ => vec![1, 7],
        };
        ok(&json!({"total": ids.len(), "points": ids.into_iter().map(action).collect::<Vec<_>>()}))
    })
    .await;
    let client = setup(&server).client;
    let actions = client
        .point_actions(&[GroupId(1), GroupId(2)], BULK)
        .await
        .unwrap();
    let groups: Vec<_> = actions
        .iter()
        .map(|action| (action.id.0, action.group))
        .collect();
    assert_eq!(groups, [(1, None), (7, Some(GroupId(1)))]);
}

#[tokio::test]
async fn a_filter_that_is_not_heeded_tells_no_group() {
    // Mautic answers with everything (FACTS 53).
    let action = json!({"id": 1, "name": "a", "type": "url.hit", "delta": 2, "properties": [], "repeatable": true});
    let (_server, client) = answering(json!({"total": 1, "points": [action]})).await;
    let groups = client.point_action_groups(&[GroupId(1)], BULK).await;
    assert!(matches!(groups, Err(Error::Shape { .. })), "{groups:?}");
    let trigger = json!({"id": 1, "name": "t", "points": 2, "events": []});
    let (_server, client) = answering(json!({"total": 1, "triggers": [trigger]})).await;
    let groups = client.trigger_groups(&[GroupId(1)], BULK).await;
    assert!(matches!(groups, Err(Error::Shape { .. })), "{groups:?}");
}

#[tokio::test]
async fn segment_members() {
    let (server, client) =
        answering(json!({"success": 1, "details": {"5": {"success": true}}})).await;
    let added = client
        .add_to_segment(SegmentId(3), &[ContactId(5)], BULK)
        .await;
    assert_eq!(added.unwrap().added, [ContactId(5)].into());
    client
        .remove_from_segment(SegmentId(3), ContactId(5), BULK)
        .await
        .unwrap();
    let many = vec![ContactId(1); MAX_SEGMENT_BATCH + 1];
    let too_many = client.add_to_segment(SegmentId(3), &many, BULK).await;
    assert!(matches!(too_many, Err(Error::Unsendable(_))));
    let nobody = client.add_to_segment(SegmentId(3), &[], BULK).await;
    assert_eq!(nobody, Ok(SegmentAdd::default()));
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(plain(&calls[0]), "POST /api/segments/3/contacts/add");
    assert_eq!(calls[0].body, r#"{"ids":[5]}"#);
    assert_eq!(plain(&calls[1]), "POST /api/segments/3/contact/5/remove");
}

#[tokio::test]
async fn memberships_are_read_from_the_table_in_which_some_rows_say_out() {
    let row = |contact: &str, out: &str| json!({"lead_id": contact, "leadlist_id": "3", "manually_removed": out});
    let rows = [row("5", "0"), row("6", "1")];
    let (server, client) = answering(json!({"total": "2", "stats": rows})).await;
    let ask = async |client: &Client, ids: &[u32]| {
        let ids: Vec<_> = ids.iter().copied().map(ContactId).collect();
        let segments = [3, 4].map(SegmentId).into();
        client.memberships(&ids, &segments, BULK).await
    };
    let members = ask(&client, &[5, 6, 7]).await;
    assert_eq!(members, Ok([(ContactId(5), SegmentId(3))].into()));
    insta::assert_snapshot!(plain(&server.calls()[0]), @"GET /api/stats/lead_lists_leads?where[0][col]=lead_id&where[0][expr]=in&where[0][val]=5,6,7&where[1][col]=leadlist_id&where[1][expr]=in&where[1][val]=3,4&order[0][col]=lead_id&order[0][dir]=asc&order[1][col]=leadlist_id&order[1][dir]=asc&limit=6");
    assert_eq!(ask(&client, &[]).await, Ok([].into()));
    assert_eq!(server.calls().len(), 1);

    for (total, asked) in [("3", [5, 6]), ("2", [5, 7])] {
        let (_server, client) = answering(json!({"total": total, "stats": rows})).await;
        let unfit = ask(&client, &asked).await;
        assert!(matches!(unfit, Err(Error::Shape { .. })), "{unfit:?}");
    }
    let (server, client) = answering(json!({"total": "0", "stats": []})).await;
    let many: Vec<_> = (1..=101).collect();
    assert_eq!(ask(&client, &many).await, Ok([].into()));
    assert_eq!(server.calls().len(), 2, "a hundred at a time");
}

#[tokio::test]
async fn stats_are_asked_for_in_a_fixed_order() {
    let (server, client) =
        answering(json!({"total": "1", "stats": [{"id": "6", "lead_id": "2"}]})).await;
    let after = StatsQuery::after("page_hits", 5, 2).and(Filter::new("lead_id", Test::Eq, 2));
    let page = client.stats(&after, BULK).await.unwrap();
    assert_eq!(
        (page.last_id(), page.rows[0]["lead_id"].as_str()),
        (Some(6), "2")
    );
    let since = StatsQuery::since("email_stats", "last_opened", NOW.parse().unwrap(), 100)
        .then_by("id")
        .start(100);
    client.stats(&since, BULK).await.unwrap();
    let newest = StatsQuery::by("page_hits", "id", 1).descending();
    client.stats(&newest, BULK).await.unwrap();
    let calls: Vec<_> = server.calls().iter().map(plain).collect();
    insta::assert_snapshot!(calls.join("\n"), @"
    GET /api/stats/page_hits?where[0][col]=id&where[0][expr]=gt&where[0][val]=5&where[1][col]=lead_id&where[1][expr]=eq&where[1][val]=2&order[0][col]=id&order[0][dir]=asc&limit=2
    GET /api/stats/email_stats?where[0][col]=last_opened&where[0][expr]=gte&where[0][val]=2026-11-21 20:00:00&order[0][col]=last_opened&order[0][dir]=asc&order[1][col]=id&order[1][dir]=asc&start=100&limit=100
    GET /api/stats/page_hits?order[0][col]=id&order[0][dir]=desc&limit=1
    ");
}

#[tokio::test]
async fn an_error_inside_a_200_is_an_error() {
    let (_server, client) =
        answering(json!({"errors": [{"message": "Unknown column 'e.nonsense'", "code": 1054}]}))
            .await;
    let error = client
        .stats(&StatsQuery::after("page_hits", 0, 1), BULK)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("Unknown column 'e.nonsense'"),
        "{error}"
    );
    let (_server, client) =
        answering(json!({"availableTables": ["page_hits"], "tableColumns": {}})).await;
    let error = client
        .stats(&StatsQuery::after("nonsense", 0, 1), BULK)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not know the table; it knows page_hits"),
        "{error}"
    );
}

#[tokio::test]
async fn hooks_are_made_edited_and_deleted() {
    let (server, client) = answering(
        json!({"hook": {"id": 9, "name": "n", "webhookUrl": "http://r.example.test/webhook",
        "secret": "s3", "triggers": ["mautic.page_on_hit"], "isPublished": true}}),
    )
    .await;
    let mut draft = HookDraft {
        name: "n".to_owned(),
        description: "d".to_owned(),
        url: "http://r.example.test/webhook".to_owned(),
        secret: "s3".into(),
        triggers: vec!["mautic.page_on_hit".to_owned()],
    };
    assert_eq!(client.new_hook(&draft, BULK).await.unwrap().id, 9);
    let patch = HookPatch {
        description: Some("seen 2026-11-21".to_owned()),
        ..HookPatch::default()
    };
    client.patch_hook(9, &patch, BULK).await.unwrap();
    assert_eq!(client.delete_hook(9, BULK).await, Ok(true));
    draft.secret = "".into();
    assert!(matches!(
        client.new_hook(&draft, BULK).await,
        Err(Error::Unsendable(_))
    ));
    let calls: Vec<_> = server
        .calls()
        .iter()
        .map(|seen| {
            format!("{} {}", plain(seen), seen.body)
                .trim_end()
                .to_owned()
        })
        .collect();
    insta::assert_snapshot!(calls.join("\n"), @r#"
    POST /api/hooks/new {"name":"n","description":"d","webhookUrl":"http://r.example.test/webhook","secret":"s3","eventsOrderbyDir":"ASC","triggers":["mautic.page_on_hit"],"isPublished":true}
    PATCH /api/hooks/9/edit {"description":"seen 2026-11-21"}
    DELETE /api/hooks/9/delete 
    "#);
}

#[tokio::test]
async fn a_mautic_in_a_folder() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/mautic/oauth/v2/token" => Some(token("t")),
        "/mautic/api/users/self" => ok(
            &json!({"username": "sidecar [1]", "role": {"name": "Administrator", "isAdmin": true}}),
        ),
        "/mautic/api/stats" => ok(&json!({"availableTables": []})),
        _ => Some(refusal(404, "wrong path", None, false)),
    })
    .await;
    for base in ["mautic", "mautic/"] {
        let Setup { client, .. } = setup_with(
            &server.url.join(base).unwrap(),
            client_credentials(),
            |_| {},
        );
        assert_eq!(client.me(BULK).await.unwrap().username, "sidecar [1]");
        assert_eq!(client.read_version(BULK).await.as_deref(), Ok("5.1.1"));
    }
}

#[tokio::test]
async fn what_triggers_ask_for() {
    use crate::domain::{CampaignId, EmailId, StageId, UserId};
    let server = Server::api(|seen, _| {
        let target = seen.target.split('?').next().unwrap_or_default();
        ok(&match target {
            "/api/contacts/7/edit" => {
                json!({"contact": {"id": 7, "fields": {"all": {"city": "Bern"}}}})
            }
            "/api/stats/email_stats" => {
                json!({"total": "3", "stats": [{"id": "41", "lead_id": "7"}]})
            }
            "/api/emails/5/contact/8/send" => json!({"success": false, "failed": "no mail server"}),
            _ => json!({"success": 1}),
        })
    })
    .await;
    let Setup { client, .. } = setup(&server);
    let (contact, email) = (ContactId(7), EmailId(5));
    let patch = ContactPatch {
        add_tags: vec!["hot".to_owned()],
        remove_tags: vec!["cold".to_owned()],
        owner: Some(UserId(2)),
        fields: vec![("city".to_owned(), "Bern".to_owned())],
        empty: Vec::new(),
    };
    let edited = client.edit_contact(contact, &patch, BULK).await.unwrap();
    assert_eq!(edited.field("city"), Some("Bern"));
    client
        .add_to_campaign(CampaignId(3), contact, BULK)
        .await
        .unwrap();
    client
        .remove_from_campaign(CampaignId(3), contact, BULK)
        .await
        .unwrap();
    client.set_stage(StageId(4), contact, BULK).await.unwrap();
    let sent = client.send_email(email, contact, BULK).await.unwrap();
    assert_eq!(sent, EmailAnswer::Success);
    let failed = client.send_email(email, ContactId(8), BULK).await.unwrap();
    assert_eq!(failed, EmailAnswer::Failed("no mail server".to_owned()));
    let newest = client.newest_sending(email, contact, BULK).await.unwrap();
    assert_eq!(newest, Some(41));
    let seen = server.seen.lock().unwrap();
    let calls: Vec<_> = seen.iter().filter(|seen| !seen.is_login()).collect();
    let told: Vec<_> = calls
        .iter()
        .map(|seen| {
            format!("{} {}", plain(seen), seen.body)
                .trim_end()
                .to_owned()
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    PATCH /api/contacts/7/edit {"city":"Bern","owner":2,"tags":["hot","-cold"]}
    POST /api/campaigns/3/contact/7/add
    POST /api/campaigns/3/contact/7/remove
    POST /api/stages/4/contact/7/add
    POST /api/emails/5/contact/7/send
    POST /api/emails/5/contact/8/send
    GET /api/stats/email_stats?where[0][col]=email_id&where[0][expr]=eq&where[0][val]=5&where[1][col]=lead_id&where[1][expr]=eq&where[1][val]=7&order[0][col]=id&order[0][dir]=desc&limit=1
    "#);
}
