//! How figures are shown.

use std::time::Duration;

/// Begins a measurement.
pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// One figure.
pub(crate) fn line(name: &str, figures: &str) {
    println!("  {name:<44} {figures}");
}

/// A time in microseconds.
pub(crate) fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// The time that so many percent of these, which are sorted, do not exceed.
pub(crate) fn quantile(times: &[Duration], percent: usize) -> Duration {
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).copied().unwrap_or_default()
}

/// The median and other quantiles of some times.
pub(crate) fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let shown = |percent| format!("{:.2} ms", quantile(&times, percent).as_secs_f64() * 1e3);
    format!("p50 {}   p95 {}   p99 {}   ({} samples)", shown(50), shown(95), shown(99), times.len())
}
