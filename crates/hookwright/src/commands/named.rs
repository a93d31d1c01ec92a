//! Names in the place of ids, where one thing alone has the name.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use hookwright_api_types::page::PageBody;
use hookwright_api_types::path;
use hookwright_api_types::project::ProjectBody;
use hookwright_api_types::webhook::WebhookBody;
use hookwright_model::{ProjectId, WebhookId};

use crate::client::{Answer, Client};

/// The prefixes of ids: what begins so is never a name.
const PREFIXES: [&str; 3] = ["evt_", "whk_", "dlv_"];

/// Something by its id or its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named<Id> {
    Id(Id),
    Name(String),
}

impl<Id: FromStr<Err: Display>> FromStr for Named<Id> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(id) => Ok(Self::Id(id)),
            Err(error)
                if text.trim().is_empty() || PREFIXES.iter().any(|prefix| text.starts_with(prefix)) =>
            {
                Err(error.to_string())
            }
            Err(_) => Ok(Self::Name(text.trim().to_owned())),
        }
    }
}

/// Which project. It can be left out when there is only one.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ProjectArg {
    /// The project, by its id or name [default: the only one]
    #[arg(long, env = "HOOKWRIGHT_PROJECT", value_name = "PROJECT")]
    project: Option<Named<ProjectId>>,
}

impl ProjectArg {
    /// The project's id.
    ///
    /// # Errors
    /// When no project is meant, or several are.
    pub(crate) async fn find(&self, client: &Client) -> Result<ProjectId> {
        match &self.project {
            Some(Named::Id(id)) => Ok(*id),
            Some(Named::Name(name)) => {
                let all = projects(client).await?;
                one("project", name, all.iter().map(|project| (&project.id, &project.name)))?
                    .parse()
                    .context("an id")
            }
            None => match projects(client).await?.as_slice() {
                [only] => only.id.parse().context("an id"),
                [] => bail!("there is no project yet; create one with `hookwright project create NAME`"),
                many => bail!(
                    "there are {} projects: name one with --project or HOOKWRIGHT_PROJECT; `hookwright project list` \
                     lists them",
                    many.len()
                ),
            },
        }
    }
}

impl Named<WebhookId> {
    /// The webhook's id. A name is looked for in the project, if one is named, and otherwise in all.
    ///
    /// # Errors
    /// When no webhook is meant, or several are.
    pub(crate) async fn find(&self, client: &Client, project: &ProjectArg) -> Result<WebhookId> {
        let name = match self {
            Self::Id(id) => return Ok(*id),
            Self::Name(name) => name,
        };
        let projects = match &project.project {
            Some(_) => vec![project.find(client).await?.to_string()],
            None => projects(client).await?.into_iter().map(|project| project.id).collect(),
        };
        let mut webhooks = Vec::new();
        for project in projects {
            let page = client.list(&path::webhooks(project), &(), usize::MAX).await?;
            webhooks.extend(Answer::try_from(page)?.read::<PageBody<WebhookBody>>()?.data);
        }
        one("webhook", name, webhooks.iter().map(|webhook| (&webhook.id, &webhook.name)))?
            .parse()
            .context("an id")
    }
}

async fn projects(client: &Client) -> Result<Vec<ProjectBody>> {
    let page = client.list(path::PROJECTS, &(), usize::MAX).await?;
    let projects = page.data.iter().map(|json| serde_json::from_str(json.get()));
    projects.collect::<Result<_, _>>().context("the server describes a project in an unknown way")
}

/// The id of the one thing that has this name, in any case of its letters.
fn one<'a>(
    what: &str,
    name: &str,
    all: impl Iterator<Item = (&'a String, &'a String)> + Clone,
) -> Result<&'a str> {
    let same = |given: &str| given.to_lowercase() == name.to_lowercase();
    let ids: Vec<&str> = all.clone().filter(|(_, given)| same(given)).map(|(id, _)| id.as_str()).collect();
    match ids.as_slice() {
        [only] => Ok(only),
        [] => {
            let names: Vec<&str> =
                all.map(|(_, name)| name.as_str()).filter(|name| !name.is_empty()).collect();
            let known = if names.is_empty() {
                "none has a name".to_owned()
            } else {
                format!("there are: {}", names.join(", "))
            };
            bail!("there is no {what} named `{name}`; {known}")
        }
        many => bail!("{} {what}s are named `{name}`; use the id: {}", many.len(), many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_name_and_a_wrong_id_is_refused() {
        let id = "whk_0198c0de7e577aaa80000123456789ab";
        assert_eq!(id.parse::<Named<WebhookId>>(), Ok(Named::Id(id.parse().unwrap())));
        assert_eq!(" Main CRM ".parse::<Named<WebhookId>>(), Ok(Named::Name("Main CRM".to_owned())));
        for wrong in ["", " ", "whk_1", "dlv_0198c0de7e577aaa80000123456789ab"] {
            assert!(wrong.parse::<Named<WebhookId>>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_that_of_one_thing_only() {
        let all = [("1", "HubSpot"), ("2", "Slack"), ("3", "slack"), ("4", "")];
        let all: Vec<_> = all.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
        let find =
            |name| one("webhook", name, all.iter().map(|(id, name)| (id, name))).map_err(|e| e.to_string());
        assert_eq!(find("hubspot"), Ok("1"));
        assert_eq!(find("SLACK").unwrap_err(), "2 webhooks are named `SLACK`; use the id: 2, 3");
        assert_eq!(
            find("CRM").unwrap_err(),
            "there is no webhook named `CRM`; there are: HubSpot, Slack, slack"
        );
    }
}
