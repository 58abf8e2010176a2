//! Filling a Mautic with things to visit, over its REST API.

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::api::{Access, Api, ApiError, id};
use super::catalog::{Catalog, CatalogPlan, Topic};

/// Points of a topic's actions: hit of its pages, landing page, form, asset, open, send.
const TOPIC_POINTS: [i64; 6] = [2, 5, 20, 10, 3, 1];
/// Main points of one action of each kind.
const MAIN_POINTS: [(&str, i64); 6] = [
    ("url.hit", 1),
    ("page.hit", 2),
    ("form.submit", 10),
    ("asset.download", 5),
    ("email.open", 1),
    ("email.send", 1),
];

/// Makes everything of the plan. A Mautic that has some of it already gets it again.
///
/// # Errors
/// When the API cannot be reached or refuses something.
pub async fn set_up(
    base_url: &str,
    access: &Access,
    plan: &CatalogPlan,
) -> Result<Catalog, ApiError> {
    let base_url = base_url.trim_end_matches('/');
    let api = Api {
        client: Client::new(),
        base_url,
        access,
    };
    let mut topics = Vec::new();
    for name in &plan.topics {
        topics.push(make_topic(&api, &plan.shop_url, name).await?);
    }
    let mut main_actions = Vec::new();
    for (kind, points) in MAIN_POINTS {
        let properties = if kind == "url.hit" {
            json!({"page_url": format!("{}/*", plan.shop_url)})
        } else {
            json!({})
        };
        main_actions.push(
            make_action(
                &api,
                &format!("any {kind}"),
                kind,
                points,
                None,
                &properties,
            )
            .await?,
        );
    }
    let segment = topics.first().map_or(0, |topic| topic.segment);
    let campaign = make_campaign(&api, segment).await?;
    Ok(Catalog {
        access: access.clone(),
        shop_url: plan.shop_url.clone(),
        topics,
        main_actions,
        campaign,
    })
}

async fn make_topic(api: &Api<'_>, shop_url: &str, name: &str) -> Result<Topic, ApiError> {
    let slug = name.to_lowercase().replace(' ', "-");
    let group = id(&api
        .create("points/groups/new", "pointGroup", &json!({"name": name}))
        .await?);
    let page = make_page(api, name, &slug).await?;
    let form = make_form(api, name).await?;
    let asset = make_asset(api, name).await?;
    let links = vec![
        format!("{shop_url}/{slug}/offer"),
        format!("{shop_url}/{slug}/newsletter?from=mail"),
    ];
    let email = make_email(api, name, &links).await?;
    let body =
        json!({"name": format!("Interested in {name}"), "isPublished": true, "isGlobal": true});
    let segment = id(&api.create("segments/new", "list", &body).await?);
    let kinds = [
        (
            "url.hit",
            json!({"page_url": format!("{shop_url}/{slug}/*")}),
        ),
        ("page.hit", json!({"pages": [id(&page)]})),
        ("form.submit", json!({"forms": [id(&form)]})),
        ("asset.download", json!({"assets": [id(&asset)]})),
        ("email.open", json!({"emails": [email]})),
        ("email.send", json!({"emails": [email]})),
    ];
    let mut actions = Vec::new();
    for ((kind, properties), points) in kinds.iter().zip(TOPIC_POINTS) {
        actions.push(
            make_action(
                api,
                &format!("{name} {kind}"),
                kind,
                points,
                Some(group),
                properties,
            )
            .await?,
        );
    }
    let text = |thing: &Value, key: &str| {
        thing
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let asset_path = format!("/asset/{}:{}", id(&asset), text(&asset, "alias"));
    Ok(Topic {
        name: name.to_owned(),
        group,
        page: id(&page),
        page_alias: text(&page, "alias"),
        form: id(&form),
        form_alias: text(&form, "alias"),
        asset: id(&asset),
        asset_path,
        email,
        links,
        segment,
        actions,
        slug,
    })
}

async fn make_page(api: &Api<'_>, name: &str, slug: &str) -> Result<Value, ApiError> {
    let html = format!(
        "<html><head><title>All about {name}</title></head><body>All about {name}</body></html>"
    );
    let body = json!({
        "title": format!("All about {name}"), "alias": format!("about-{slug}"), "isPublished": true, "template": "blank",
        "customHtml": html,
    });
    api.create("pages/new", "page", &body).await
}

async fn make_form(api: &Api<'_>, name: &str) -> Result<Value, ApiError> {
    let field = |label: &str, alias: &str, kind: &str, mapped: &str| json!({"label": label, "alias": alias, "type": kind, "mappedObject": "contact", "mappedField": mapped});
    let body = json!({
        "name": name, "formType": "standalone", "isPublished": true, "postAction": "return",
        "fields": [field("Email", "email", "email", "email"), field("First name", "first", "text", "firstname")],
    });
    api.create("forms/new", "form", &body).await
}

async fn make_asset(api: &Api<'_>, name: &str) -> Result<Value, ApiError> {
    let path = "files/media/new";
    let part = Part::bytes(format!("All about {name}\n").into_bytes()).file_name("guide.txt");
    let transport = |source| ApiError::Transport {
        path: path.to_owned(),
        source,
    };
    let request = api.client.post(format!("{}/api/{path}", api.base_url));
    let request = request.basic_auth(&api.access.user, Some(&api.access.password));
    let answer = request
        .multipart(Form::new().part("file", part))
        .send()
        .await
        .map_err(transport)?;
    let uploaded: Value = answer.json().await.map_err(transport)?;
    let body = json!({
        "title": format!("{name} guide"), "storageLocation": "local", "file": uploaded["file"]["name"], "isPublished": true,
    });
    api.create("assets/new", "asset", &body).await
}

async fn make_email(api: &Api<'_>, name: &str, links: &[String]) -> Result<u64, ApiError> {
    let anchors: Vec<String> = links
        .iter()
        .map(|link| format!(" <a href=\"{link}\">more</a>"))
        .collect();
    let anchors = anchors.concat();
    let body = json!({
        "name": format!("{name} news"), "subject": format!("News about {name}"), "emailType": "template", "isPublished": true,
        "customHtml": format!("<html><body>News about {name}{anchors}</body></html>"),
    });
    Ok(id(&api.create("emails/new", "email", &body).await?))
}

/// Makes a point action; creation drops the properties, so they are patched in afterwards (FACTS 50).
async fn make_action(
    api: &Api<'_>,
    name: &str,
    kind: &str,
    points: i64,
    group: Option<u64>,
    properties: &Value,
) -> Result<u64, ApiError> {
    let mut body = json!({"name": name, "type": kind, "delta": points, "repeatable": true, "isPublished": true});
    if let Some(group) = group {
        body["group"] = json!(group);
    }
    let action = id(&api.create("points/new", "point", &body).await?);
    if properties
        .as_object()
        .is_some_and(|properties| !properties.is_empty())
    {
        let body = json!({"type": kind, "properties": properties});
        api.call(Method::PATCH, &format!("points/{action}/edit"), Some(&body))
            .await?;
    }
    Ok(action)
}

/// A campaign that tags everybody who comes into the segment.
async fn make_campaign(api: &Api<'_>, segment: u64) -> Result<u64, ApiError> {
    let event = json!({
        "id": "new1", "name": "tag", "description": "", "type": "lead.changetags", "eventType": "action", "order": 1,
        "properties": {"add_tags": ["in-campaign"], "remove_tags": []}, "triggerInterval": 0, "triggerIntervalUnit": "d",
        "triggerMode": "immediate", "parent": null, "decisionPath": null,
    });
    let canvas = json!({
        "nodes": [{"id": "new1", "positionX": "500", "positionY": "100"}, {"id": "lists", "positionX": "500", "positionY": "50"}],
        "connections": [
            {"sourceId": "lists", "targetId": "new1", "anchors": {"source": "leadsource", "target": "top"}},
        ],
    });
    let body = json!({
        "name": "Follow-up", "isPublished": true, "lists": [{"id": segment}], "events": [event], "canvasSettings": canvas,
    });
    Ok(id(&api.create("campaigns/new", "campaign", &body).await?))
}
