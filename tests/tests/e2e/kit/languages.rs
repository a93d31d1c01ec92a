//! A project of an author's own, in each language, from its start to a delivered lead: by the commands of its README.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use hookwright_standin::{Answer, Receiver, Running, Standin};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::{ADMIN_KEY, Home, Server, lead, path, run_in, skipped};

/// How long the commands of one block may take: package managers load their packages, and an interpreter for Python takes
/// its time to compile.
const PATIENCE: Duration = Duration::from_secs(600);
/// What is loaded and built once, and used again by the next run.
const KEPT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/languages");

struct Language {
    /// As `plugin new` knows it.
    name: &'static str,
    component: &'static str,
    /// The programs that the README takes for granted.
    programs: &'static [&'static str],
    /// What its package manager says where its registry cannot be reached.
    unreachable: &'static [&'static str],
    /// A file, a line in it, and what an author makes of that line.
    edit: [&'static str; 3],
}

#[tokio::test]
async fn a_project_in_rust_goes_the_whole_way() {
    let rust = Language {
        name: "rust",
        component: "target/wasm32-wasip2/release/my_crm.wasm",
        programs: &["cargo", "rustup"],
        // Cargo has what these tests were built with.
        unreachable: &[],
        edit: ["src/lib.rs", r#""subject": lead.title()"#, r#""topic": lead.title()"#],
    };
    goes_the_whole_way(&rust).await;
}

#[tokio::test]
async fn a_project_in_javascript_goes_the_whole_way() {
    let javascript = Language {
        name: "js",
        component: "my-crm.wasm",
        programs: &["node", "npm"],
        unreachable: &["failed, reason:", "npm error network", "npm ERR! network"],
        edit: ["src/mapping.js", "{ subject: title(", "{ topic: title("],
    };
    goes_the_whole_way(&javascript).await;
}

#[tokio::test]
async fn a_project_in_python_goes_the_whole_way() {
    let python = Language {
        name: "python",
        component: "my-crm.wasm",
        programs: &["python3"],
        unreachable: &["after connection broken by", "apt install python3-venv"],
        edit: ["mapping.py", r#"{"subject": title(lead)"#, r#"{"topic": title(lead)"#],
    };
    goes_the_whole_way(&python).await;
}

async fn goes_the_whole_way(language: &Language) {
    let project = Project::new(language).await;
    let [build, try_it, upload] = &project.commands()[..] else { panic!("three blocks of commands") };
    if let Err(reason) = project.builds(language, build).await {
        skipped(&format!("a plugin in {}", language.name), &reason);
        return;
    }
    let printed = project.run(try_it, &[]).await;
    for words in ["can be uploaded", "As samples/expect.json expects"] {
        assert!(printed.contains(words), "`{words}` is missing: {printed}");
    }

    let [file, line, edited] = language.edit;
    project.edit(file, line, edited);
    project.run(build.lines().last().unwrap(), &[]).await;

    let target = Standin::start(Receiver::answering(Answer::json(201, &json!({ "id": 151 })))).await.unwrap();
    let server = Home::new().start().await;
    pushed_and_attached(&project, language, &server, &target).await;
    uploaded_as_the_readme_says(&project, upload, &server, &target).await;
}

/// A webhook gets the plugin, and a lead arrives in its new shape.
async fn pushed_and_attached(
    project: &Project,
    language: &Language,
    server: &Server,
    target: &Running<Receiver>,
) {
    let api = &server.api;
    let owner = api.project().await;
    let webhook = api.webhook(&owner, &json!({ "url": target.url() })).await;
    let id = webhook["id"].as_str().unwrap();
    let push = format!("hookwright plugin push {} --project {owner} --attach {id}", language.component);
    project.run(&push, &[("HOOKWRIGHT_SERVER", api.url())]).await;
    let delivery = api.one_delivery(&owner, &lead::sample()).await;
    let delivery = api.settled(&delivery).await;
    assert_eq!(
        (&delivery["state"], &delivery["receipt"]["reference"]),
        (&json!("delivered"), &json!("ticket/151"))
    );
    let ticket: Value = target.received()[0].request.json().unwrap();
    assert_eq!((&ticket["topic"], &ticket["subject"]), (&json!("John Smith (telegram)"), &Value::Null));
}

/// The commands of the README, with a target that is there.
async fn uploaded_as_the_readme_says(
    project: &Project,
    upload: &str,
    server: &Server,
    target: &Running<Receiver>,
) {
    let owner = server.api.project().await;
    let upload = upload.replace("PROJECT", &owner).replace("https://tickets.example.com/api", &target.url());
    let (add, test) = upload.split_once("hookwright webhook test").unwrap();
    let environment = [("HOOKWRIGHT_SERVER", server.api.url())];
    let added = project.run(add, &environment).await;
    let webhook = added.split_whitespace().find(|word| word.starts_with("whk_")).unwrap();
    let test = format!("hookwright webhook test{}", test.replace("WEBHOOK", webhook));
    let tested = project.run(&test, &environment).await;
    assert!(tested.contains("delivered") && tested.contains("ticket/151"), "{tested}");
    let request = target.received().pop().unwrap().request;
    assert_eq!(request.json().unwrap()["queue"], "sales");
}

/// What `plugin new` makes, on a desk with the programs that an author has.
struct Project {
    desk: TempDir,
    folder: PathBuf,
}

impl Project {
    async fn new(language: &Language) -> Self {
        let desk = tempfile::tempdir().unwrap();
        let args = ["plugin", "new", "my-crm", "--lang", language.name];
        let made = run_in(desk.path(), &args, &[]).await;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let again = run_in(desk.path(), &args, &[]).await;
        assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("exists already"));

        let link = |from: &Path, to: PathBuf| std::os::unix::fs::symlink(from, to).unwrap();
        let (folder, programs) = (desk.path().join("my-crm"), desk.path().join("bin"));
        std::fs::create_dir(&programs).unwrap();
        link(&path(), programs.join("hookwright"));
        let built = Path::new(KEPT).join(language.name);
        std::fs::create_dir_all(&built).unwrap();
        link(&built, folder.join("target"));
        Self { desk, folder }
    }

    /// The blocks of commands of its README.
    fn commands(&self) -> Vec<String> {
        let readme = std::fs::read_to_string(self.folder.join("README.md")).unwrap();
        let blocks = readme.split("```sh\n").skip(1);
        blocks.map(|rest| rest.split("```").next().unwrap().trim_end().to_owned()).collect()
    }

    /// Runs the commands that build it, or says what this machine has not got.
    async fn builds(&self, language: &Language, commands: &str) -> Result<(), String> {
        let search = std::env::var_os("PATH").unwrap_or_default();
        let is_there = |name: &str| std::env::split_paths(&search).any(|folder| folder.join(name).exists());
        if let Some(missing) = language.programs.iter().find(|name| !is_there(name)) {
            return Err(format!("{missing} is not installed"));
        }
        let output = self.output(commands, &[]).await;
        let complaints = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Ok(());
        }
        match language.unreachable.iter().find(|words| complaints.contains(**words)) {
            Some(words) => Err(format!("the tools for {} cannot be installed here ({words})", language.name)),
            None => panic!("{commands}\n{}{complaints}", String::from_utf8_lossy(&output.stdout)),
        }
    }

    /// Runs commands that succeed; what they printed.
    async fn run(&self, commands: &str, environment: &[(&str, &str)]) -> String {
        let output = self.output(commands, environment).await;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{commands}\n{printed}{complaints}");
        printed
    }

    async fn output(&self, commands: &str, environment: &[(&str, &str)]) -> Output {
        let programs = self.desk.path().join("bin");
        let search = std::env::var_os("PATH").unwrap_or_default();
        let search = std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&search)));
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", commands]).current_dir(&self.folder).kill_on_drop(true);
        shell.env("PATH", search.unwrap()).env("HOOKWRIGHT_ADMIN_KEY", ADMIN_KEY);
        shell.env("npm_config_cache", format!("{KEPT}/npm")).env("npm_config_prefer_offline", "true");
        // One try and another: a machine without a network shall not wait for minutes.
        shell.env("npm_config_fetch_retries", "1");
        shell.env("PIP_CACHE_DIR", format!("{KEPT}/pip")).envs(environment.iter().copied());
        let output = tokio::time::timeout(PATIENCE, shell.output()).await;
        output.unwrap_or_else(|_| panic!("this does not end: {commands}")).unwrap()
    }

    fn edit(&self, file: &str, line: &str, edited: &str) {
        let file = self.folder.join(file);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(line), "{} has no {line}", file.display());
        std::fs::write(&file, text.replace(line, edited)).unwrap();
    }
}
