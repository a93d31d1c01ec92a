//! The plugins that travel in the binary, run by the host as in production.
#![expect(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod support;

use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use hookwright_engine::ports::{MapError, Mapped, Mapper, Usage};
use hookwright_model::{Action, Failure, PluginOwner, Reply, Settings};
use hookwright_plugin_host::{HostOptions, HostStats, PluginHost, PluginLimits};
use tokio::time::Instant;

use hookwright_hostile::{Guest, request};
use support::{Rig, bundled, options};

#[tokio::test]
async fn they_describe_themselves() {
    let rig = Rig::new();
    for (name, title) in [("hubspot", "HubSpot"), ("pipedrive", "Pipedrive")] {
        let inspected = rig.inspect(&bundled(name)).await.unwrap();
        assert_eq!((inspected.description.title.as_str(), inspected.contract.as_str()), (title, "1.0.0"));
        assert!(inspected.description.settings_schema.contains("\"properties\""));
    }
    assert_eq!(rig.host.stats(), HostStats { compilations: 2, loaded: 2, ..HostStats::default() });
}

#[tokio::test]
async fn inspecting_tells_what_the_component_costs_and_wants() {
    let rig = Rig::new();
    let component = bundled("hubspot");
    let first = rig.inspect(&component).await.unwrap();
    assert_eq!(first.size_bytes, component.len() as u64);
    assert!(first.imports.iter().any(|import| import.starts_with("hookwright:mapping/log@")), "{first:?}");
    assert!(first.imports.iter().any(|import| import.starts_with("wasi:cli/")), "{first:?}");
    assert!(first.compile_time.is_some());
    let Usage { instructions, memory_bytes, duration } = first.usage;
    assert!((1_000..10_000_000).contains(&instructions), "{instructions}");
    assert!((64 * 1024..8 * 1024 * 1024).contains(&memory_bytes), "{memory_bytes}");
    assert!(!duration.is_zero());

    let second = rig.inspect(&component).await.unwrap();
    assert_eq!(second.compile_time, None);
    assert_eq!((second.usage.instructions, second.usage.memory_bytes), (instructions, memory_bytes));
}

#[tokio::test]
async fn what_a_call_used_is_told_however_it_ends() {
    let rig = Rig::new();
    let limits = PluginLimits::default();
    let looping = rig.transform(&Guest::transforming("(loop $again (br $again)) unreachable")).await;
    assert!(matches!(looping.outcome, Err(MapError::Limit(_))));
    assert_eq!(looping.usage.instructions, limits.fuel);
    assert_eq!(looping.usage.memory_bytes, 4 * 64 * 1024);

    let growing =
        rig.transform(&Guest::transforming("(drop (memory.grow (i32.const 10))) unreachable")).await;
    assert!(matches!(growing.outcome, Err(MapError::Trap(_))));
    assert_eq!(growing.usage.memory_bytes, 14 * 64 * 1024);
    assert!(growing.usage.instructions < 1_000, "{growing:?}");

    let never = rig.host.transform(request(b"never loaded")).await;
    assert_eq!(never, Mapped::not_run(MapError::NotLoaded));
}

#[tokio::test]
async fn the_sample_event_becomes_the_first_request_and_a_reply_the_second() {
    let rig = Rig::new();
    let mut seen = Vec::new();
    for name in ["hubspot", "pipedrive"] {
        let component = bundled(name);
        rig.inspect(&component).await.unwrap();
        let Ok(Action::Call(first)) = rig.host.transform(request(&component)).await.outcome else {
            panic!("{name} begins with a call");
        };
        let mut answered = request(&component);
        answered.history.replies.push(Reply {
            step: first.step.clone(),
            status: 200,
            headers: Vec::new(),
            body: r#"{"id":"151","results":[{"id":"151","new":true}],"success":true,"data":{"items":[]}}"#
                .into(),
            truncated: false,
        });
        let second = match rig.host.transform(answered).await.outcome {
            Ok(Action::Call(request) | Action::Deliver(request)) => request.step,
            other => panic!("{name} goes on with a request: {other:?}"),
        };
        seen.push([name.to_owned(), first.step, first.path.unwrap_or_default(), second]);
    }
    println!("{seen:#?}");
}

#[tokio::test]
async fn the_same_inputs_give_the_same_answer() {
    let rig = Rig::new();
    let component = bundled("hubspot");
    rig.host.load(component.clone()).await.unwrap();
    let first = rig.host.transform(request(&component)).await;
    assert!(first.outcome.is_ok());
    for _ in 0..100 {
        let again = rig.host.transform(request(&component)).await;
        let duration = first.usage.duration;
        assert_eq!(Mapped { usage: Usage { duration, ..again.usage }, ..again }, first);
    }
}

#[tokio::test]
async fn many_calls_on_two_workers_are_all_answered() {
    let rig = Arc::new(Rig::new());
    let component = bundled("pipedrive");
    rig.host.load(component.clone()).await.unwrap();
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let (rig, request) = (Arc::clone(&rig), request(&component));
            tokio::spawn(async move { rig.host.transform(request).await.outcome })
        })
        .collect();
    for call in calls {
        assert!(matches!(call.await.unwrap(), Ok(Action::Call(_))));
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_are_the_plugins_to_refuse() {
    let rig = Rig::new();
    let component = bundled("hubspot");
    rig.host.load(component.clone()).await.unwrap();
    let mut odd = request(&component);
    odd.settings = Settings::parse(r#"{"no_such_setting":1}"#).unwrap();
    let outcome = rig.host.transform(odd).await.outcome;
    let Err(MapError::Plugin(Failure::Permanent(reason))) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("no_such_setting"), "{reason}");
}

#[tokio::test]
async fn a_template_without_end_is_ended_by_its_own_budget() {
    let rig = Rig::new();
    let component = bundled("json-template");
    rig.host.load(component.clone()).await.unwrap();
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000));
    for endless in [
        "{{ 'x' * 1000000000 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ range(99999) | list | join(range(99999) | list | join) }}",
        &nested,
    ] {
        let mut template = request(&component);
        let settings = serde_json::json!({ "body": { "a": endless } });
        template.settings = Settings::parse(&settings.to_string()).unwrap();
        let mapped = rig.host.transform(template).await;
        let Err(MapError::Plugin(Failure::Permanent(reason))) = mapped.outcome else { panic!("{mapped:?}") };
        assert!(reason.contains("setting /body/a cannot be used"), "{reason}");
    }
}

#[tokio::test]
async fn a_restart_compiles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let component = bundled("hubspot");
    let first = PluginHost::new(options(folder.path())).unwrap();
    first.load(component.clone()).await.unwrap();
    assert_eq!(first.stats(), HostStats { compilations: 1, loaded: 1, ..HostStats::default() });
    drop(first);

    let second = PluginHost::new(options(folder.path())).unwrap();
    assert_eq!(second.transform(request(&component)).await.outcome, Err(MapError::NotLoaded));
    second.load(component.clone()).await.unwrap();
    assert_eq!(second.stats(), HostStats { cache_hits: 1, loaded: 1, ..HostStats::default() });
    assert!(second.transform(request(&component)).await.outcome.is_ok());
}

#[tokio::test]
async fn code_that_was_tampered_with_is_never_run() {
    let folder = tempfile::tempdir().unwrap();
    let component = bundled("hubspot");
    PluginHost::new(options(folder.path())).unwrap().load(component.clone()).await.unwrap();
    let compatible = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let file = fs::read_dir(compatible).unwrap().next().unwrap().unwrap().path();
    let mut code = fs::read(&file).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 1;
    fs::write(&file, code).unwrap();

    let host = PluginHost::new(options(folder.path())).unwrap();
    host.load(component.clone()).await.unwrap();
    let stats = HostStats { compilations: 1, cache_rejections: 1, loaded: 1, ..HostStats::default() };
    assert_eq!(host.stats(), stats);
    assert!(host.transform(request(&component)).await.outcome.is_ok());
}

#[tokio::test]
async fn the_component_used_longest_ago_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let one = std::num::NonZero::<usize>::MIN;
    let host = PluginHost::new(hookwright_plugin_host::HostOptions { loaded: one, ..options(folder.path()) });
    let (host, hubspot, pipedrive) = (host.unwrap(), bundled("hubspot"), bundled("pipedrive"));
    host.load(hubspot.clone()).await.unwrap();
    host.load(pipedrive.clone()).await.unwrap();
    assert_eq!(host.transform(request(&hubspot)).await.outcome, Err(MapError::NotLoaded));
    host.load(hubspot.clone()).await.unwrap();
    assert!(host.transform(request(&hubspot)).await.outcome.is_ok());
    assert_eq!(host.stats(), HostStats { compilations: 2, cache_hits: 1, loaded: 1, ..HostStats::default() });
}

#[tokio::test]
async fn code_that_is_loaded_stays_on_disk_however_small_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let options = hookwright_plugin_host::HostOptions { cache_bytes: 1, ..options(folder.path()) };
    let host = PluginHost::new(options.clone()).unwrap();
    host.load(bundled("hubspot")).await.unwrap();
    host.load(bundled("pipedrive")).await.unwrap();
    let again = PluginHost::new(options).unwrap();
    again.load(bundled("hubspot")).await.unwrap();
    again.load(bundled("pipedrive")).await.unwrap();
    assert_eq!(again.stats(), HostStats { cache_hits: 2, loaded: 2, ..HostStats::default() });
}

#[tokio::test]
async fn a_component_that_is_asked_for_twice_at_once_is_compiled_once_or_found() {
    let rig = Rig::new();
    let component: Bytes = bundled("hubspot");
    let (first, second) = tokio::join!(rig.host.load(component.clone()), rig.host.load(component.clone()));
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(rig.host.stats().loaded, 1);
}

/// A host that has this code from the build of the program.
fn host_with(precompiled: Vec<&'static [u8]>, folder: &tempfile::TempDir) -> PluginHost {
    PluginHost::new(HostOptions { precompiled, ..options(folder.path()) }).unwrap()
}

#[tokio::test]
async fn bundled_plugins_are_never_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = hookwright_bundled::all();
    let host = host_with(plugins.iter().map(|plugin| plugin.code).collect(), &folder);
    let begun = Instant::now();
    for plugin in plugins {
        let component = Bytes::from_static(plugin.component);
        let inspected = host.inspect(component.clone(), PluginOwner::Bundled).await.unwrap();
        assert_eq!(inspected.compile_time, None, "{}", plugin.name);
        // As a host says it that compiles in the usual way.
        if plugin.name == "hubspot" {
            let usual = Rig::new().inspect(&component).await.unwrap();
            assert_eq!(inspected.description, usual.description);
            assert_eq!(inspected.usage.instructions, usual.usage.instructions);
        }
    }
    println!("{:?} for {} plugins", begun.elapsed(), plugins.len());
    let (precompiled, loaded) = (plugins.len() as u64, plugins.len().min(8));
    assert_eq!(host.stats(), HostStats { precompiled, loaded, ..HostStats::default() });
    let outcome = host.transform(request(plugins.last().unwrap().component)).await.outcome;
    assert!(!matches!(outcome, Err(MapError::NotLoaded | MapError::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn code_from_the_build_that_does_not_fit_is_compiled_again() {
    let hubspot = hookwright_bundled::all().iter().find(|plugin| plugin.name == "hubspot").unwrap();
    let (digest, code) = hubspot.code.split_at(32);
    let other = [&code[..code.len() / 2], b"no code"].concat();
    for code in [other, code[..100].to_vec(), Vec::new()] {
        let folder = tempfile::tempdir().unwrap();
        let code: &'static [u8] = Vec::leak([digest, code.as_slice()].concat());
        let host = host_with(vec![code], &folder);
        host.inspect(Bytes::from_static(hubspot.component), PluginOwner::Bundled).await.unwrap();
        assert_eq!((host.stats().precompiled, host.stats().compilations), (0, 1), "{} bytes", code.len());
    }
}
