//! The config file: kept if it is there, else drafted from flags and questions.

use super::{Arguments, Written, write_new};
use crate::cli::ask;
use crate::cli::{load, output};
use crate::config::{Config, Inputs};
use anyhow::anyhow;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::{collections::BTreeMap, fs};

/// Holds the secret that was asked for, beside the config.
const SECRET_FILE: &str = "mautic.secret";

/// A config, and the files that are still to be written for it.
pub(super) struct Draft {
    pub config: Config,
    file: PathBuf,
    /// Text of the config; `None`: the file is there.
    text: Option<String>,
    secret: Option<(PathBuf, SecretString)>,
}

/// What a config cannot do without.
struct Answers {
    url: String,
    login: Login,
    public_url: Option<String>,
    /// Given in a file, or asked for.
    secret: Result<PathBuf, SecretString>,
}

enum Login {
    ClientId(String),
    Username(String),
}

impl Draft {
    pub(super) fn of(file: &Path, arguments: &Arguments) -> anyhow::Result<Self> {
        if file.exists() {
            let loaded = load::read_config(file)?;
            return Ok(Self {
                config: loaded.config,
                file: file.to_owned(),
                text: None,
                secret: None,
            });
        }
        Self::new(file, &answers(arguments)?)
    }

    fn new(file: &Path, answers: &Answers) -> anyhow::Result<Self> {
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let (named, secret) = match &answers.secret {
            Ok(path) => (std::path::absolute(path)?.display().to_string(), None),
            Err(secret) => (
                SECRET_FILE.to_owned(),
                Some((folder.join(SECRET_FILE), secret.clone())),
            ),
        };
        if let Some((path, _)) = secret.as_ref().filter(|(path, _)| path.exists()) {
            return Err(output::advice(
                format!("{} is there already and is not overwritten", path.display()),
                format!(
                    "use it with --secret-file {}, or move it away",
                    path.display()
                ),
            ));
        }
        let text = text(answers, &named);
        let config = checked(file, &text, secret.as_ref())?;
        Ok(Self {
            config,
            file: file.to_owned(),
            text: Some(text),
            secret,
        })
    }

    /// Writes what is not there; the secret first, so that the config never names a missing file.
    pub(super) fn write(&self) -> anyhow::Result<Written> {
        if let Some((path, secret)) = &self.secret {
            write_new(path, secret.expose_secret(), true)?;
        }
        if let Some(text) = &self.text {
            write_new(&self.file, text, false)?;
        }
        Ok(Written {
            file: self.file.clone(),
            written: self.text.is_some(),
        })
    }
}

/// Reads the draft as it would be read once it is written.
fn checked(
    file: &Path,
    text: &str,
    secret: Option<&(PathBuf, SecretString)>,
) -> anyhow::Result<Config> {
    let env: BTreeMap<String, String> = std::env::vars().collect();
    let read = |path: &Path| match secret {
        Some((drafted, secret)) if path == drafted => Ok(secret.expose_secret().to_owned()),
        _ => fs::read_to_string(path).map_err(|error| error.to_string()),
    };
    let inputs = Inputs {
        file,
        text,
        env: &env,
        read: &read,
    };
    let (config, warnings) = Config::load(&inputs).map_err(|findings| {
        anyhow!("nothing was written, because what was given makes no config:\n{findings}")
    })?;
    if !warnings.is_empty() {
        output::tell(format_args!("{warnings}\n"));
    }
    Ok(config)
}

fn answers(arguments: &Arguments) -> anyhow::Result<Answers> {
    let terminal = ask::is_possible();
    let named = arguments.client_id.is_some() || arguments.username.is_some();
    let missing: Vec<_> = [
        (arguments.url.is_none(), "--url"),
        (!named, "--client-id"),
        (arguments.secret_file.is_none(), "--secret-file"),
    ]
    .into_iter()
    .filter_map(|(is_missing, flag)| is_missing.then_some(flag))
    .collect();
    if !terminal && !missing.is_empty() {
        return Err(output::advice(
            format!(
                "{} missing, and there is no terminal to ask at",
                missing.join(", ")
            ),
            "see `topicscore init --help`",
        ));
    }
    let url = match &arguments.url {
        Some(url) => url.clone(),
        None => ask::text("Address of Mautic (https://…)", None)?,
    };
    let login = match (&arguments.client_id, &arguments.username) {
        (Some(id), _) => Login::ClientId(id.clone()),
        (None, Some(name)) => Login::Username(name.clone()),
        (None, None) => Login::ClientId(ask::text(
            "Client id (public key; Mautic: Settings, API Credentials, OAuth 2)",
            None,
        )?),
    };
    let secret = match &arguments.secret_file {
        Some(file) => Ok(file.clone()),
        None => Err(ask::secret(match login {
            Login::ClientId(_) => "Client secret (secret key)",
            Login::Username(_) => "Password",
        })?),
    };
    let public_url = match &arguments.public_url {
        Some(url) => url.clone(),
        None if terminal => ask::text(
            "Address at which Mautic reaches the receiver's /webhook (empty: poll only)",
            Some(""),
        )?,
        None => String::new(),
    };
    Ok(Answers {
        url,
        login,
        public_url: (!public_url.trim().is_empty()).then_some(public_url),
        secret,
    })
}

fn text(answers: &Answers, secret_file: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let login = match &answers.login {
        Login::ClientId(id) => format!(
            "client_id = {}\nclient_secret_file = {}",
            quoted(id),
            quoted(secret_file)
        ),
        Login::Username(name) => format!(
            "username = {}\npassword_file = {}",
            quoted(name),
            quoted(secret_file)
        ),
    };
    let public_url = match &answers.public_url {
        Some(url) => format!("public_url = {}", quoted(url)),
        None => {
            "# public_url = \"https://scores.example.com/webhook\" # not set: Mautic is only polled"
                .to_owned()
        }
    };
    format!(
        "# Settings of topicscore. All of them are in topicscore.example.toml.\n\n\
         [mautic]\nbase_url = {url}\n{login}\n\n\
         # Mautic posts what happens to http://LISTEN/webhook; a reverse proxy with TLS stands in front.\n\
         [webhook]\n# listen = \"127.0.0.1:8750\"\n{public_url}\n\n\
         # observe: compute and show, write nothing. live: write to Mautic.\n\
         [write]\nmode = \"observe\"\n",
        url = quoted(&answers.url),
    )
}
