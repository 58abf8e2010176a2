//! Whether an activity is one that a rule on activities asks for.

use super::fnmatch::{Letters, fnmatch};
use super::values;
use crate::domain::{Activity, ActivityKind, attribute};
use crate::plan::{ActivityTest, Behaviour, BoundActivityTest, Compiled, CompiledAction, UtmPart};
use std::borrow::Cow;

/// Whether kind, dates, objects, URL and conditions fit.
pub(super) fn fits(plan: &Compiled, action: &CompiledAction, activity: &Activity) -> bool {
    kind_fits(action.kind, activity.kind)
        && action.since.is_none_or(|since| activity.at >= since)
        && action.until.is_none_or(|until| activity.at < until)
        && (action.objects.is_empty() || object_fits(plan, action, activity))
        && (action.urls.is_empty() || url_fits(plan, &action.urls, activity))
        && (plan.behaviour == Behaviour::Mautic || answered(activity))
        && action
            .when
            .as_ref()
            .is_none_or(|when| when.holds(&mut |test| condition(plan, action, test, activity)))
}

/// Mautic's `url.hit` is every hit without a landing page, redirects included (SEMANTICS 3).
fn kind_fits(rule: ActivityKind, activity: ActivityKind) -> bool {
    rule == activity || (rule == ActivityKind::UrlHit && activity == ActivityKind::EmailClick)
}

/// A limit to a landing page covers its variants (SEMANTICS 3, page.hit).
fn object_fits(plan: &Compiled, action: &CompiledAction, activity: &Activity) -> bool {
    activity.object.is_some_and(|object| {
        let fits = |id| action.objects.contains(&id);
        let variant_of = || plan.names.page_variants.get(&object).copied();
        fits(object) || (action.kind == ActivityKind::PageHit && variant_of().is_some_and(fits))
    })
}

fn url_fits(plan: &Compiled, patterns: &[String], activity: &Activity) -> bool {
    let letters = match plan.behaviour {
        Behaviour::Mautic => Letters::Bytes,
        Behaviour::Corrected => Letters::Characters,
    };
    let url = activity.url.as_deref();
    url.is_some_and(|url| {
        patterns
            .iter()
            .any(|pattern| fnmatch(pattern, url, letters))
    })
}

/// Mautic pays for pages and assets that it did not show, too: unpublished (401), unknown (404),
/// and for the redirect to an asset besides the asset (SEMANTICS 3, asset.download).
fn answered(activity: &Activity) -> bool {
    let shown = |code: &str| match activity.kind {
        ActivityKind::PageHit => !code.starts_with('4') && !code.starts_with('5'),
        ActivityKind::AssetDownload => code.starts_with('2') || code == "0" || code.is_empty(),
        _ => true,
    };
    activity.attribute(attribute::CODE).is_none_or(shown)
}

fn condition(
    plan: &Compiled,
    action: &CompiledAction,
    test: &BoundActivityTest,
    activity: &Activity,
) -> bool {
    match test {
        ActivityTest::Url(patterns) => url_fits(plan, patterns, activity),
        ActivityTest::Object(objects) => activity.object.is_some_and(|object| {
            let parent = plan.names.page_variants.get(&object);
            objects.contains(&object)
                || (action.kind == ActivityKind::PageHit
                    && parent.is_some_and(|parent| objects.contains(parent)))
        }),
        ActivityTest::Attribute { name, test } => {
            values::meets(test, activity.attribute(name), activity.at, &plan.ticks)
        }
        ActivityTest::Utm { part, test } => {
            let value = activity.url.as_deref().and_then(|url| utm(url, *part));
            values::meets(test, value.as_deref(), activity.at, &plan.ticks)
        }
    }
}

/// A UTM parameter of a URL's query.
fn utm(url: &str, part: UtmPart) -> Option<Cow<'_, str>> {
    let name = match part {
        UtmPart::Source => "utm_source",
        UtmPart::Medium => "utm_medium",
        UtmPart::Campaign => "utm_campaign",
        UtmPart::Term => "utm_term",
        UtmPart::Content => "utm_content",
    };
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value)
}
