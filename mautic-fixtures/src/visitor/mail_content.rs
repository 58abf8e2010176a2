//! The texts of an email: the HTML as it is sent, its links, and the text part made of it.

use std::fmt::Write as _;

use crate::state::web::Email;

/// The image every email ends with.
const PIXEL: &str = "<img height=\"1\" width=\"1\" src=\"{tracking_pixel}\" alt=\"\" />";
/// Columns of the text part.
const TEXT_WIDTH: usize = 70;

/// The HTML with pixel, head, title and language, its tokens not yet replaced.
pub(super) fn content(email: &Email) -> String {
    let html = email.custom_html.as_deref().unwrap_or("");
    let mut html = if html.contains("</body>") {
        html.replace("</body>", &format!("{PIXEL}</body>"))
    } else {
        format!("{html}{PIXEL}")
    };
    if !(html.contains("<head") && html.contains("</head")) {
        html = html.replace("<body", "<head></head><body");
    }
    html = match (html.find("<title>"), html.find("</title>")) {
        (Some(from), Some(to)) if html[from + 7..to].trim().is_empty() => {
            format!("{}{}{}", &html[..from + 7], email.subject, &html[to..])
        }
        (Some(_), Some(_)) => html,
        _ => html.replace(
            "</head>",
            &format!("<title>{}</title></head>", email.subject),
        ),
    };
    let tag = html
        .find("<html")
        .map(|from| html[from..].split('>').next().unwrap_or("").to_owned());
    if tag.is_some_and(|tag| !tag.contains("lang")) {
        html = html.replace("<html", &format!("<html lang=\"{}\"", email.language));
    }
    html
}

/// The links of an HTML text in their order, each once, with plain ampersands.
pub(super) fn links(html: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find("<a ") {
        rest = &rest[at + 3..];
        let tag = rest.split('>').next().unwrap_or("");
        if let Some(target) = attribute(tag, "href") {
            let target = target.replace("&amp;", "&").trim().to_owned();
            let is_trackable = ["http://", "https://", "ftp://"]
                .iter()
                .any(|scheme| target.starts_with(scheme));
            if is_trackable && !found.contains(&target) {
                found.push(target);
            }
        }
    }
    found
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let value = &tag[tag.find(&format!("{name}="))? + name.len() + 1..];
    let quote = value
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// The text part made of the HTML: links as `text [target]`, lines of at most 70 columns.
pub(super) fn plain_text(content: &str) -> String {
    let body = content.split("</head>").last().unwrap_or(content);
    let mut text = String::new();
    let mut rest = body;
    let mut target = String::new();
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let (tag, after) = rest[at + 1..]
            .split_once('>')
            .unwrap_or((&rest[at + 1..], ""));
        match tag.split_whitespace().next().unwrap_or("") {
            "a" => attribute(tag, "href").unwrap_or("").clone_into(&mut target),
            "/a" if !target.is_empty() => {
                let _ = write!(text, " [{}]", std::mem::take(&mut target));
            }
            "br" | "br/" | "/tr" | "/div" | "/li" => text.push('\n'),
            "p" | "/p" | "/h1" | "/h2" | "/h3" => text.push_str("\n\n"),
            _ => {}
        }
        rest = after;
    }
    text.push_str(rest);
    let lines = text
        .lines()
        .map(|line| wrapped(&line.split_whitespace().collect::<Vec<_>>().join(" ")));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// `wordwrap` without cutting words.
fn wrapped(line: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in line.split(' ') {
        if width > 0 && width + 1 + word.len() > TEXT_WIDTH {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += word.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{links, plain_text};

    #[test]
    fn links_become_text() {
        let html = "<html><head><title>x</title></head><body>Mail A <a href=\"http://shop.example.test/offer\">l</a> <a href=\"http://shop.example.test/pricing?x=1\">l</a></body></html>";
        assert_eq!(
            plain_text(html),
            "Mail A l [http://shop.example.test/offer] l\n[http://shop.example.test/pricing?x=1]"
        );
        assert_eq!(links(html).len(), 2);
    }
}
