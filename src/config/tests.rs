//! The config at its edges.
#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use super::{Config, Inputs, Login, WriteMode, units};
use crate::diagnostics::Findings;
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::{collections::BTreeMap, fmt::Write as _, path::Path, time::Duration};

const EXAMPLE: &str = include_str!("../../deploy/topicscore.example.toml");
const SECRET: &str = "Zq8-kvXw-31Lp-yyTr";

fn secret_file(path: &Path) -> Result<String, String> {
    if path.starts_with("/etc/topicscore/secrets") {
        Ok(format!("{SECRET}\r\n"))
    } else {
        Err("there is no such file".to_owned())
    }
}

fn load(text: &str, env: &[(&str, &str)]) -> Result<(Config, Findings), Findings> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Config::load(&Inputs {
        file: Path::new("/etc/topicscore/topicscore.toml"),
        text,
        env: &env.iter().map(pair).collect(),
        read: &secret_file,
    })
}

fn findings(text: &str, env: &[(&str, &str)]) -> Findings {
    load(text, env).map_or_else(|findings| findings, |(_, findings)| findings)
}

const LOGIN: &str = "[mautic]\nbase_url = 'https://m.example/sub'\nclient_id = 'a'\nclient_secret = 'Zq8-kvXw-31Lp-yyTr'\n";

#[test]
fn the_example_is_a_config_without_findings() {
    let (config, findings) = load(EXAMPLE, &[]).unwrap();
    assert!(findings.is_empty(), "{findings}");
    let Login::ClientCredentials {
        client_id,
        client_secret,
    } = &config.mautic.login
    else {
        panic!("{config:?}");
    };
    assert_eq!(
        (client_id.as_str(), client_secret.expose_secret()),
        ("1_3w9k", SECRET)
    );
    assert!(config.webhook.register);
    assert_eq!(config.plan.file, Path::new("/etc/topicscore/plan.toml"));
}

/// The example shows each default as a comment: with the comment signs away it says the same.
#[test]
fn the_example_tells_the_defaults() {
    let set = |line: &str| {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let setting = bare
            .split(" = ")
            .next()
            .is_some_and(|key| !key.contains([' ', '.', ':']));
        let kept = setting
            && bare.contains(" = ")
            && !bare.contains("_file")
            && !bare.contains("username");
        if kept {
            format!("{bare}\n")
        } else {
            format!("{line}\n")
        }
    };
    let explicit: String = EXAMPLE.lines().map(set).collect();
    assert!(explicit.contains("\nkeep_bodies = ") && explicit.contains("\nmode = "));
    let (explicit, findings) = load(&explicit, &[]).unwrap();
    assert!(findings.is_empty(), "{findings}");
    let (default, _) = load(EXAMPLE, &[]).unwrap();
    assert_eq!(format!("{explicit:?}"), format!("{default:?}"));
}

#[test]
fn the_environment_goes_before_the_file_and_is_enough() {
    let env = [
        ("TOPICSCORE_MAUTIC__BASE_URL", "http://127.0.0.1:8080"),
        ("TOPICSCORE_MAUTIC__USERNAME", "admin"),
        ("TOPICSCORE_MAUTIC__PASSWORD_FILE", "secrets/password"),
        ("TOPICSCORE_WRITE__MODE", "live"),
        ("TOPICSCORE_BUDGET__REQUESTS_PER_SECOND", "0.5"),
        ("TOPICSCORE_POLL__PAGE_SIZE", ""),
        ("TOPICSCORE_CONFIG", "for the command line"),
        ("PATH", "/bin"),
    ];
    let (config, findings) = load("", &env).unwrap();
    assert!(findings.is_empty(), "{findings}");
    assert!(matches!(config.mautic.login, Login::Basic { .. }));
    assert_eq!(config.mautic.base_url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(config.write.mode, WriteMode::Live);
    assert!((config.budget.requests_per_second - 0.5).abs() < 1e-9);
    assert!(!config.webhook.register);
    let text = format!("{LOGIN}[write]\nmode = 'live'\n");
    let (config, _) = load(&text, &[("TOPICSCORE_WRITE__MODE", "observe")]).unwrap();
    assert_eq!(config.write.mode, WriteMode::Observe);
    assert_eq!(config.write.sweep, Some(Duration::from_hours(24)));
    for (word, sweep) in [("off", None), ("7d", Some(Duration::from_hours(7 * 24)))] {
        let text = format!("{LOGIN}[write]\nsweep = '{word}'\n");
        assert_eq!(load(&text, &[]).unwrap().0.write.sweep, sweep);
        let (config, _) = load(LOGIN, &[("TOPICSCORE_WRITE__SWEEP", word)]).unwrap();
        assert_eq!(config.write.sweep, sweep);
    }
    for wrong in ["'of'", "'0s'", "24", "'91d'"] {
        let text = format!("{LOGIN}[write]\nsweep = {wrong}\n");
        assert_eq!(load(&text, &[]).unwrap_err().len(), 1, "{wrong}");
    }
    assert_eq!(
        config.mautic.base_url.join("api/contacts").unwrap().path(),
        "/sub/api/contacts"
    );
}

#[test]
fn twelve_mistakes_are_twelve_findings() {
    let text = "[mautic]\nbase_url = \"mautic.example.com\"\nclient_id = \"a\"\nclient_secret_file = \"/none\"\n\
        [budget]\nburst = 0\n[webhook]\nlisten = \"localhost\"\nbody_limit = \"32 megs\"\nsekret = \"Zq8-kvXw-31Lp-yyTr\"\n\
        [poll]\ninterval = 60\n[write]\nmode = \"lvie\"\n[admin]\nlisten = \"0.0.0.0:80\"\n";
    let env = [
        ("TOPICSCORE_LOG__LEVL", "debug"),
        ("TOPICSCORE_STORE_PATH", "x"),
        ("TOPICSCORE_BUDGET__IN_FLIGHT", "many"),
    ];
    let findings = findings(text, &env);
    assert_eq!(findings.len(), 12);
    insta::assert_snapshot!(findings.to_string(), @r##"
    error: this is no address
      --> /etc/topicscore/topicscore.toml:2:12
       |
     2 | base_url = …
       |            ^
      help: write the whole address, such as "https://mautic.example.com"

    error: "/none" cannot be read: there is no such file
      --> /etc/topicscore/topicscore.toml:4:22
       |
     4 | client_secret_file = …
       |                      ^
      help: make the file, or let the user that runs topicscore read it

    error: `burst` is 0, but must be from 1 to 1000
      --> /etc/topicscore/topicscore.toml:6:9
       |
     6 | burst = …
       |         ^
      help: write a number in this range

    error: "localhost" is no address to listen on
      --> /etc/topicscore/topicscore.toml:8:10
       |
     8 | listen = …
       |          ^
      help: write an IP address and a port, such as "127.0.0.1:8750"

    error: "32 megs" is no size
      --> /etc/topicscore/topicscore.toml:9:14
       |
     9 | body_limit = …
       |              ^
      help: write a size such as "32MiB"

    error: webhook has no key "sekret"
      --> /etc/topicscore/topicscore.toml:10:1
      help: did you mean "secret"?

    error: `interval` must be a text in quotes, but is a whole number
      --> /etc/topicscore/topicscore.toml:12:12
        |
     12 | interval = …
        |            ^
      help: write a number and a unit: 500ms, 30s, 15m, 12h or 90d

    error: "lvie" is no mode
      --> /etc/topicscore/topicscore.toml:14:8
        |
     14 | mode = …
        |        ^
      help: did you mean "live"?

    error: the admin interface would be open to everybody at 0.0.0.0:80
      --> /etc/topicscore/topicscore.toml:16:10
        |
     16 | listen = …
        |          ^
      help: set admin.password_file, or listen on 127.0.0.1

    error: "many" is no whole number
      --> TOPICSCORE_BUDGET__IN_FLIGHT
      help: write a number from 1 to 64

    error: there is no such setting
      --> TOPICSCORE_LOG__LEVL
      help: did you mean TOPICSCORE_LOG__LEVEL?

    warning: this variable is passed over
      --> TOPICSCORE_STORE_PATH
      help: write two underscores after the section: TOPICSCORE_STORE__PATH

    11 errors, 1 warning
    "##);
}

#[test]
fn each_mistake_alone() {
    let cases = [
        String::new(),
        "[mautic]\nbase_url = 'https://m.example'\n".to_owned(),
        "[mautic]\nbase_url = 'http://m.example'\nclient_id = 'a'\n".to_owned(),
        "[mautic]\nbase_url = 'https://me:Zq8@m.example'\npassword = 'b'\n".to_owned(),
        format!("{LOGIN}username = 'x'\npassword = 'y'\n"),
        format!("{LOGIN}client_secret_file = 'secrets/x'\n"),
        format!("{LOGIN}[webhook]\nregister = true\n"),
        format!("{LOGIN}[webhook]\nsecret = 'short'\n"),
        format!("{LOGIN}[webhook]\nprevious_secret = 'a'\n"),
        format!("{LOGIN}[webhook]\nlisten = '127.0.0.1:8751'\n"),
        format!("{LOGIN}[poll]\npage_size = 50\noverlap = 50\n"),
        format!("{LOGIN}[store]\nurl = 'postgres://me:Zq8-kvXw-31Lp-yyTr@db/x'\n"),
        format!("{LOGIN}[budget]\nrequests_per_second = 0\n"),
        format!("{LOGIN}[budget]\nrequests_per_second = 'five'\n"),
        format!("{LOGIN}[webhook]\nkeep_bodies = '9999999d'\n"),
        "mautic = 3\nlog = { level = 'info', fromat = 'json' }\n".to_owned(),
        "[mautic]\nclient_secret = \"Zq8-kvXw-31Lp-yyTr\nbase_url = 3\n".to_owned(),
    ];
    let mut told = String::new();
    for text in &cases {
        for one in &findings(text, &[]) {
            let line = one.line.unwrap_or(0);
            writeln!(told, "{line}: {}: {}", one.severity, one.message).unwrap();
        }
        told.push_str("--\n");
    }
    insta::assert_snapshot!(told, @r##"
    1: error: mautic.base_url is missing
    1: error: mautic.client_id is missing (and client_secret): topicscore must log in
    --
    1: error: mautic.client_id is missing (and client_secret): topicscore must log in
    --
    1: error: mautic.client_secret is missing (or client_secret_file), it goes with client_id
    2: warning: the address is not encrypted: everybody on the way can read what is sent
    --
    1: error: mautic.username is missing, it goes with password
    2: error: the address holds a user name or password
    --
    5: error: two logins are given: client_id/client_secret and username/password
    --
    5: error: `client_secret` and `client_secret_file` are both given
    --
    6: error: a hook cannot be registered without `public_url`
    --
    6: warning: the secret is short and could be guessed
    --
    5: error: webhook.secret is missing, it goes with previous_secret
    --
    6: error: webhook and admin both listen on 127.0.0.1:8751
    --
    7: error: `overlap` is 50, but a page has only 50 rows: polling would stand still
    --
    6: error: this version keeps its journal in SQLite only
    --
    6: error: `requests_per_second` is 0, but must be from 0.1 to 1000
    --
    6: error: `requests_per_second` must be a number, but is a text
    --
    6: error: `keep_bodies` must be from 0s to 3650d
    --
    1: error: mautic.base_url is missing
    1: error: mautic.client_id is missing (and client_secret): topicscore must log in
    1: error: `mautic` must be a table, but is a whole number
    2: error: log has no key "fromat"
    --
    2: error: invalid basic string, expected `"`
    3: error: `base_url` must be a text in quotes, but is a whole number
    --
    "##);
}

#[test]
fn an_open_admin_interface_needs_a_password() {
    let open = format!("{LOGIN}[admin]\nlisten = '[::]:8751'\n");
    assert!(load(&open, &[]).is_err());
    let (config, _) = load(
        &open,
        &[("TOPICSCORE_ADMIN__PASSWORD", "Zq8-kvXw-31Lp-yyTr")],
    )
    .unwrap();
    assert!(config.admin.password.is_some());
}

#[test]
fn two_secrets_are_accepted_while_one_replaces_the_other() {
    let text = format!(
        "{LOGIN}[webhook]\nsecret_file = 'secrets/a'\nprevious_secret = 'old-old-old-old-old'\n"
    );
    let (config, _) = load(&text, &[]).unwrap();
    let secrets: Vec<&str> = config
        .webhook
        .secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .collect();
    assert_eq!(secrets, [SECRET, "old-old-old-old-old"]);
}

#[test]
fn durations_and_sizes() {
    for (text, milliseconds) in [
        ("250ms", 250),
        ("30s", 30_000),
        ("15m", 900_000),
        (" 2 h ", 7_200_000),
        ("90d", 7_776_000_000),
    ] {
        assert_eq!(
            units::duration(text),
            Some(Duration::from_millis(milliseconds)),
            "{text}"
        );
    }
    for text in [
        "",
        "30",
        "s",
        "-3s",
        "1.5h",
        "3w",
        "99999999999999999999s",
        "999999999999999999d",
        "ß",
    ] {
        assert_eq!(units::duration(text), None, "{text}");
    }
    for (text, bytes) in [
        ("12", 12),
        ("1KiB", 1024),
        ("32 MiB", 32 << 20),
        ("2GiB", 2 << 30),
    ] {
        assert_eq!(units::size(text), Some(bytes), "{text}");
    }
    for (text, shown) in [
        ("0s", "0s"),
        ("90s", "90s"),
        ("120m", "2h"),
        ("48h", "2d"),
        ("1001ms", "1001ms"),
    ] {
        assert_eq!(
            units::duration(text).map(units::show),
            Some(shown.to_owned())
        );
    }
    for text in ["", "1kb", "1 MB", "MiB", "99999999999999999GiB"] {
        assert_eq!(units::size(text), None, "{text}");
    }
}

/// All that a person or a log can see of a config and its findings.
fn visible(loaded: &Result<(Config, Findings), Findings>) -> String {
    match loaded {
        Ok((config, findings)) => format!("{config:?}{findings}{findings:?}"),
        Err(findings) => format!("{findings}{findings:?}"),
    }
}

#[test]
fn no_secret_is_visible() {
    let mut text = LOGIN.to_owned();
    for (section, key) in [
        ("webhook", "secret"),
        ("webhook", "previous_secret"),
        ("admin", "password"),
    ] {
        if !text.contains(&format!("[{section}]")) {
            writeln!(text, "[{section}]").unwrap();
        }
        writeln!(text, "{key} = '{SECRET}'").unwrap();
    }
    let loaded = load(&text, &[]);
    assert!(loaded.is_ok());
    assert!(!visible(&loaded).contains(SECRET));
    let env = BTreeMap::from([("TOPICSCORE_ADMIN__PASSWORD".to_owned(), SECRET.to_owned())]);
    let inputs = Inputs {
        file: Path::new("x"),
        text: &text,
        env: &env,
        read: &secret_file,
    };
    assert!(!format!("{inputs:?}").contains(SECRET));
}

proptest! {
    /// Whatever is done to a config, reading it ends with a config or an error, and the
    /// secret stays hidden as long as it still stands behind its key or in its value.
    #[test]
    fn mutated_configs_never_panic_nor_tell_the_secret(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, ".{0,6}"), 1..6)
    ) {
        let mut text: Vec<char> = EXAMPLE.replace("_file = \"", " = \"Zq8-kvXw-31Lp-yyTr").chars().collect();
        for (at, length, instead) in cuts {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, instead.chars());
        }
        let text: String = text.into_iter().collect();
        let loaded = load(&text, &[]);
        if let Err(findings) = &loaded {
            prop_assert!(findings.has_errors());
        }
        prop_assert!(!visible(&loaded).contains(SECRET), "{}", visible(&loaded));
    }
}

const MAIL: &str = "[mail]\nhost = 'smtp.example'\nfrom = 'Scores <scores@m.example>'\n";

#[test]
fn mail_servers() {
    let (config, _) = load(LOGIN, &[]).unwrap();
    assert!(config.mail.is_none());
    for (more, port, login) in [
        ("", 587, false),
        ("tls = 'implicit'\n", 465, false),
        ("tls = 'none'\n", 25, false),
        ("port = 2525\n", 2525, false),
        ("user = 'u'\npassword_file = 'secrets/mail'\n", 587, true),
    ] {
        let (config, findings) = load(&format!("{LOGIN}{MAIL}{more}"), &[]).unwrap();
        assert!(findings.is_empty(), "{more}: {findings}");
        let mail = config.mail.unwrap();
        assert_eq!((mail.port, mail.login.is_some()), (port, login), "{more}");
        assert_eq!(mail.from.to_string(), "Scores <scores@m.example>");
        assert!(!format!("{mail:?}").contains(SECRET));
    }
    let env = [
        ("TOPICSCORE_MAIL__HOST", "smtp.example"),
        ("TOPICSCORE_MAIL__FROM", "scores@m.example"),
        ("TOPICSCORE_MAIL__USER", "u"),
        ("TOPICSCORE_MAIL__PASSWORD", SECRET),
    ];
    let (config, findings) = load(LOGIN, &env).unwrap();
    assert!(findings.is_empty(), "{findings}");
    let (user, password) = config.mail.unwrap().login.unwrap();
    assert_eq!((user.as_str(), password.expose_secret()), ("u", SECRET));
}

#[test]
fn webhook_targets() {
    let key = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
    let target = |name: &str, more: &str| {
        format!(
            "[[webhook_target]]\nname = '{name}'\nurl = 'https://{name}.example/hook?token=x'\n{more}\n"
        )
    };
    let two = format!(
        "{LOGIN}{}{}",
        target("crm", &format!("secret = '{}'", key(32))),
        target("sales", &format!("secret = '{}'", key(24)))
    );
    let (config, findings) = load(&two, &[]).unwrap();
    assert!(findings.is_empty(), "{findings}");
    let names: Vec<_> = config.webhook_targets.iter().map(|t| &t.name).collect();
    assert_eq!(names, ["crm", "sales"]);
    assert_eq!(config.webhook_targets[0].url.query(), Some("token=x"));
    assert!(!format!("{config:?}").contains(&key(32)));
}

#[test]
fn mistakes_in_what_triggers_use() {
    let text = format!(
        "{LOGIN}[mail]\nfrom = 'nobody'\ntls = 'ssl'\nport = 70000\nuser = 'u'\n\
        [[webhook_target]]\nname = 'crm'\nurl = 'crm.example'\nsecret = '{SECRET}'\n\
        [[webhook_target]]\nname = 'crm'\nurl = 'https://crm.example'\nsecret_file = 'secrets/x'\n\
        [[webhook_target]]\nurl = 'https://crm.example'\nkey = 1\n"
    );
    let findings = findings(&text, &[]);
    let told: Vec<_> = findings
        .iter()
        .map(|one| format!("{}: {}", one.line.unwrap_or(0), one.message))
        .collect();
    assert!(!findings.to_string().contains(SECRET));
    insta::assert_snapshot!(told.join("\n"), @r#"
    5: mail.host is missing: mails need a server
    5: mail.password is missing (or password_file), it goes with user
    6: "nobody" is no address for mails
    7: "ssl" is no tls
    8: `port` is 70000, but must be from 1 to 65535
    12: this is no address
    13: the secret is not `whsec_` and 24 to 64 bytes in base64
    15: there are two webhooks called "crm"
    17: the secret is not `whsec_` and 24 to 64 bytes in base64
    18: webhook_target has no `name`
    18: webhook_target has no `secret`
    20: webhook_target has no key "key"
    "#);
}
