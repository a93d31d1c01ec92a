//! `hookwright project`: the tenants.

use anyhow::Result;
use clap::Subcommand;
use hookwright_api_types::page::PageBody;
use hookwright_api_types::path;
use hookwright_api_types::project::{NewProject, ProjectBody};
use hookwright_model::ProjectId;
use http::Method;

use super::output::{self, Table};
use crate::client::{Client, ServerArgs};

/// Create and list projects
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hookwright project create 'Acme'\n  hookwright project list")]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a project
    #[command(after_help = "Example:\n  hookwright project create 'Acme'\n  \
        hookwright project create 'Acme' --id 0198c0de-7e57-7aaa-8000-0123456789ab")]
    Create {
        /// A name for people
        name: String,
        /// The project's id, as the producer's events name it; a new one if it is not given
        #[arg(long, value_name = "UUID")]
        id: Option<ProjectId>,
    },
    /// List all projects
    #[command(after_help = "Example:\n  hookwright project list --json | jq -r '.data[].id'")]
    List,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let client = Client::new(&args.server)?;
    match args.command {
        Command::Create { name, id } => {
            let project = NewProject { name, id: id.map(|id| id.to_string()) };
            let answer = client.call(Method::POST, path::PROJECTS).json(&project)?.send().await?;
            output::show(&args.server, &answer, created)
        }
        Command::List => {
            let page = client.list(path::PROJECTS, &(), usize::MAX).await?;
            output::show(&args.server, &page.try_into()?, listed)
        }
    }
}

fn created(project: &ProjectBody) -> String {
    let ProjectBody { id, name, .. } = project;
    format!("Created {name}: {id}\nNext: hookwright webhook add --project {id} --url URL")
}

fn listed(projects: &PageBody<ProjectBody>) -> String {
    if projects.data.is_empty() {
        return "There is no project yet; create one with `hookwright project create NAME`".to_owned();
    }
    let head = ["ID", "CREATED", "NAME"].map(str::to_owned);
    let rows = projects.data.iter().map(|project| {
        let ProjectBody { id, name, created_at } = project;
        [id.clone(), output::to_second(created_at), name.clone()]
    });
    Table::default().lines(std::iter::once(head).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_listed_with_their_ids() {
        let json = r#"{"data": [{"id": "0198c0de-7e57-7aaa-8000-0123456789ab", "name": "Acme",
            "created_at": "2026-05-31T10:00:00.123Z"}], "next_cursor": null}"#;
        let lines = listed(&serde_json::from_str(json).unwrap());
        let expected = "\
            ID                                    CREATED               NAME\n\
            0198c0de-7e57-7aaa-8000-0123456789ab  2026-05-31T10:00:00Z  Acme\n";
        assert_eq!(lines, expected);
        assert!(listed(&PageBody::whole(Vec::new())).contains("project create"));
    }
}
