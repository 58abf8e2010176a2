//! `/api/assets` and the upload of files.

use serde_json::{Value, json};

use super::Call;
use super::crud::Resource;
use super::errors::returned;
use super::form::Form;
use super::list::Cell;
use super::publishing::{self, put};
use crate::server::answer::{Answer, Exception, Failure, Handled};
use crate::state::web::Asset;
use crate::state::{Id, State, Table};

/// Assets in the API.
pub(super) struct Assets;

impl Resource for Assets {
    type Entity = Asset;
    const ONE: &'static str = "asset";
    const MANY: &'static str = "assets";
    const ROUTE: &'static str = "assets";
    const AUDIT: Option<crate::api::crud::Audit> = Some(crate::api::crud::Audit {
        bundle: "asset",
        object: "asset",
        created: "create",
    });
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[("title", false)];

    fn table(state: &State) -> &Table<Asset> {
        &state.web.assets
    }

    fn blank(_: &State) -> Asset {
        Asset {
            language: "en".to_owned(),
            revision: 1,
            storage_location: "local".to_owned(),
            disallow: true,
            ..Asset::default()
        }
    }

    fn id(asset: &Asset) -> Id {
        asset.id
    }

    fn column(_: &State, asset: &Asset, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => asset.id.into(),
            "title" => asset.title.as_str().into(),
            "alias" => asset.alias.as_str().into(),
            "language" | "lang" => asset.language.as_str().into(),
            "downloadCount" | "download_count" => asset.download_count.into(),
            "publishUp" | "publish_up" => asset.publish_up.into(),
            "publishDown" | "publish_down" => asset.publish_down.into(),
            _ => return asset.stamp.column(column),
        })
    }

    fn found_by(_: &State, asset: &Asset, search: &str) -> bool {
        publishing::contains(&asset.title, search) || publishing::contains(&asset.alias, search)
    }

    fn bind(state: &State, asset: &mut Asset, form: &mut Form<'_>) {
        form.required_text("title", &mut asset.title, "A title is required.");
        let mut alias = Some(asset.alias.clone());
        form.text("alias", &mut alias);
        asset.alias = alias.unwrap_or_default();
        form.text("description", &mut asset.description);
        let mut language = Some(asset.language.clone());
        form.text("language", &mut language);
        asset.language = language.unwrap_or_else(|| "en".to_owned());
        publishing::bind(
            form,
            &mut asset.stamp,
            &mut asset.publish_up,
            &mut asset.publish_down,
        );
        let mut location = Some(asset.storage_location.clone());
        form.text("storageLocation", &mut location);
        asset.storage_location = location.unwrap_or_else(|| "local".to_owned());
        if let Some(file) = form.input.get("file").and_then(Value::as_str) {
            take_file(state, asset, file);
        }
    }

    fn store(state: &mut State, mut asset: Asset) -> Result<Asset, Exception> {
        let wanted = if asset.alias.is_empty() {
            asset.title.clone()
        } else {
            asset.alias.clone()
        };
        let alias = publishing::alias(&wanted, '-');
        let taken = |alias: &str| {
            state
                .web
                .assets
                .values()
                .any(|other| other.id != asset.id && other.alias == alias)
        };
        asset.alias = publishing::free_alias(&alias, 1, taken);
        if asset.id == 0 {
            asset.stamp.created(state);
            asset.id = state.web.assets.take_id();
        } else {
            let before = state
                .web
                .assets
                .get(asset.id)
                .map(|before| Self::json(state, before));
            let changed = before.is_none_or(|before| before != Self::json(state, &asset));
            asset.stamp.edited(state, changed);
            asset.revision += 1;
        }
        state.web.assets.put(asset.id, asset.clone());
        Ok(asset)
    }

    fn delete(state: &mut State, asset: &Asset) -> Result<(), Exception> {
        state.web.assets.remove(asset.id);
        state
            .web
            .downloads
            .retain(|download| download.asset != Some(asset.id));
        Ok(())
    }

    fn json(state: &State, asset: &Asset) -> Value {
        let mut json = asset.stamp.json();
        put(&mut json, "id", json!(asset.id));
        put(&mut json, "title", json!(asset.title));
        put(&mut json, "alias", json!(asset.alias));
        put(&mut json, "category", Value::Null);
        put(&mut json, "description", json!(asset.description));
        put(&mut json, "language", json!(asset.language));
        publishing::put_window(&mut json, asset.publish_up, asset.publish_down);
        put(&mut json, "downloadCount", json!(asset.download_count));
        put(
            &mut json,
            "uniqueDownloadCount",
            json!(asset.unique_download_count),
        );
        put(&mut json, "revision", json!(asset.revision));
        put(&mut json, "extension", json!(asset.extension));
        put(&mut json, "mime", json!(asset.mime));
        put(&mut json, "size", json!(asset.size));
        put(
            &mut json,
            "downloadUrl",
            json!(format!(
                "{}/asset/{}:{}",
                state.site_url(),
                asset.id,
                asset.alias
            )),
        );
        put(&mut json, "storageLocation", json!(asset.storage_location));
        put(&mut json, "disallow", json!(asset.disallow));
        Value::Object(json)
    }

    fn json_deleted(state: &State, asset: &Asset) -> Value {
        let mut json = Self::json(state, asset);
        json["id"] = Value::Null;
        json["downloadUrl"] = json!(format!("{}/asset/:{}", state.site_url(), asset.alias));
        json
    }

    fn json_minimal(state: &State, asset: &Asset) -> Value {
        publishing::cut_after(Self::json(state, asset), "category")
    }
}

/// Notes name, type and size of an uploaded file, or the URL of a remote one.
fn take_file(state: &State, asset: &mut Asset, file: &str) {
    if asset.storage_location == "remote" {
        asset.remote_path = Some(file.to_owned());
        return;
    }
    let Some(content) = state.web.files.get(file) else {
        return;
    };
    let extension = file
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension)
        .to_owned();
    asset.path = Some(file.to_owned());
    asset.mime = Some(mime(&extension).to_owned());
    asset.extension = Some(extension);
    asset.size = i64::try_from(content.len()).ok();
}

/// The media type of a file by its extension.
pub(crate) fn mime(extension: &str) -> &'static str {
    match extension {
        "txt" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

/// A new asset needs a file that was uploaded before (or a remote URL).
///
/// # Errors
/// 400 with Mautic's text.
pub(super) fn check_file(state: &State, call: Call<'_>) -> Result<(), Failure> {
    let file = call.input.get("file").and_then(Value::as_str);
    let remote = call.input.get("storageLocation").and_then(Value::as_str) == Some("remote");
    match file {
        None => Err(returned(400, "File of the asset is required.", &json!([])).into()),
        Some(file) if !remote && !state.web.files.contains_key(file) => {
            let message = format!("File {file} was not found in the asset directory.");
            Err(returned(400, &message, &json!([])).into())
        }
        Some(_) => Ok(()),
    }
}

/// `POST /api/files/<dir>/new`: keeps the uploaded file under a random name.
///
/// # Errors
/// When the body has no file.
pub(super) fn upload(state: &mut State, call: Call<'_>) -> Handled {
    let Some((name, content)) = multipart_file(call) else {
        return Err(returned(400, "File was not found in the request.", &json!([])).into());
    };
    let extension = name
        .rsplit_once('.')
        .map_or("bin", |(_, extension)| extension)
        .to_ascii_lowercase();
    let stored = format!("{}.{extension}", state.random.hex(32));
    state.web.files.insert(stored.clone(), content);
    Ok(Answer::api(200, &json!({"file": {"name": stored}})))
}

/// Name and content of the first file of a multipart body.
fn multipart_file(call: Call<'_>) -> Option<(String, Vec<u8>)> {
    let kind = call.request.header("content-type")?;
    let boundary = kind
        .split("boundary=")
        .nth(1)?
        .split(';')
        .next()?
        .trim()
        .trim_matches('"');
    let body = &call.request.body;
    let name_at = find(body, b"filename=\"")? + b"filename=\"".len();
    let name_end = name_at + find(&body[name_at..], b"\"")?;
    let name = String::from_utf8_lossy(&body[name_at..name_end]).into_owned();
    let (content_at, line_end): (usize, &[u8]) = match find(&body[name_end..], b"\r\n\r\n") {
        Some(at) => (name_end + at + 4, b"\r\n"),
        None => (name_end + find(&body[name_end..], b"\n\n")? + 2, b"\n"),
    };
    let mark = [line_end, b"--", boundary.as_bytes()].concat();
    let content_end = content_at + find(&body[content_at..], &mark)?;
    Some((name, body[content_at..content_end].to_vec()))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
