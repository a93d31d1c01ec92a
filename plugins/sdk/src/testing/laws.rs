//! The laws of a mapping. They hold whatever the target is, and every mapping is checked against them with one line.

use serde_json::Value;

use super::{Fault, Faulty, Outcome, Rehearsal, Target, samples};
use crate::log::Level;
use crate::{Event, Lead, Mapping};

/// A message beyond this is not tried with every fault.
const LONG_MESSAGE_BYTES: usize = 20_000;

/// The samples whose address or number a target may refuse.
const KEPT: [&str; 4] = ["unusable-email", "no-number", "refused-email", "refused-local-part"];

/// A target whose records can be counted.
pub trait Holds: Target {
    /// How many records there are, of all kinds.
    fn records(&self) -> usize;

    /// Whether a record has this text somewhere, as far as the target can tell.
    fn shows(&self, text: &str) -> bool;
}

/// The transcript of a rehearsal, for a snapshot.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// The sample, and the settings unless they are the first: `only-phone`, `complete-as-deal`.
    pub name: String,
    /// [`Rehearsal::transcript`].
    pub text: String,
}

/// Checks the laws of a mapping with each of these settings, which have a suffix for their transcripts:
///
/// - a lead of which nothing was collected, or nothing that anybody sees, is skipped with a reason and without a request;
/// - every other sample is delivered: one field is enough, and no length or character holds a lead;
/// - an address or a number that the target does not take for one is kept as text;
/// - members that the contract does not name change nothing;
/// - the same input gives the same requests, byte for byte;
/// - a fault at any call ends in a delivery, and makes nothing twice unless the mapping warns of it;
/// - no request has a header of the host's, or breaks another of its rules.
///
/// `target` gives a new and empty target. The answer has the transcript of every sample with the first settings, and of the
/// complete one with the others.
///
/// # Panics
/// If the mapping breaks a law.
pub fn check<M: Mapping, T: Holds>(target: impl Fn() -> T, settings: &[(&str, Value)]) -> Vec<Transcript> {
    let mut transcripts = Vec::new();
    for (index, (suffix, settings)) in settings.iter().enumerate() {
        let laws = Laws::<M, T, _> { target: &target, settings, mapping: std::marker::PhantomData };
        for (sample, lead) in samples::all() {
            let name = format!("{sample}{suffix}");
            let text = laws.check(sample, &name, &lead);
            if index == 0 || lead == samples::complete() {
                transcripts.push(Transcript { name, text });
            }
        }
        laws.check_unknown_members();
    }
    transcripts
}

/// One way to set a mapping.
struct Laws<'a, M, T, F> {
    target: &'a F,
    settings: &'a Value,
    mapping: std::marker::PhantomData<(M, T)>,
}

impl<M: Mapping, T: Holds, F: Fn() -> T> Laws<'_, M, T, F> {
    fn rehearsal(&self, event: Event) -> Rehearsal<M> {
        Rehearsal::of_event(event).settings(self.settings.clone())
    }

    /// The transcript of the sample's rehearsal.
    fn check(&self, sample: &str, name: &str, lead: &Lead) -> String {
        let mut target = (self.target)();
        let mut rehearsal = self.rehearsal(samples::event(lead.clone()));
        let outcome = rehearsal.attempt(&mut target);
        if lead.cleaned().is_blank() {
            let is_skipped = matches!(&outcome, Outcome::Skipped(reason) if !reason.is_empty());
            assert!(is_skipped && rehearsal.steps().is_empty(), "{name} is blank, but {outcome:?}");
        } else {
            assert!(
                matches!(outcome, Outcome::Delivered(_)),
                "{name}: {outcome:?}\n{}",
                rehearsal.transcript()
            );
            for kept in [&lead.phone, &lead.email].into_iter().flatten().filter(|_| KEPT.contains(&sample)) {
                assert!(target.shows(kept), "{name}: {kept} is lost\n{}", rehearsal.transcript());
            }
            // A fault does not mind how long a text is, but many requests of hundreds of kilobytes take long.
            if lead.message.as_ref().is_none_or(|message| message.len() <= LONG_MESSAGE_BYTES) {
                self.check_faults(name, lead, &rehearsal, target.records());
            }
        }
        let mut again = self.rehearsal(samples::event(lead.clone()));
        again.attempt(&mut (self.target)());
        assert_eq!(again.transcript(), rehearsal.transcript(), "{name} differs from one time to the next");
        rehearsal.transcript()
    }

    fn check_faults(&self, name: &str, lead: &Lead, without: &Rehearsal<M>, records: usize) {
        let warnings = |rehearsal: &Rehearsal<M>| {
            rehearsal
                .log()
                .iter()
                .filter(|(level, _)| *level == Level::Warn)
                .map(|(_, line)| line.clone())
                .collect::<Vec<_>>()
        };
        let known = warnings(without);
        let steps = without.steps();
        for (index, fault) in (0..steps.len()).flat_map(|index| Fault::ALL.map(|fault| (index, fault))) {
            let mut target = (self.target)();
            let mut rehearsal = self.rehearsal(samples::event(lead.clone()));
            let outcome = rehearsal.finish(&mut Faulty::new(&mut target, fault, index));
            let case = format!("{name}, {fault:?} at {}", steps[index]);
            assert!(
                matches!(outcome, Outcome::Delivered(_)),
                "{case}: {outcome:?}\n{}",
                rehearsal.transcript()
            );
            let is_warned = warnings(&rehearsal).iter().any(|line| !known.contains(line));
            let is_twice = fault.has_effect() && is_warned && target.records() == records + 1;
            assert!(
                target.records() == records || is_twice,
                "{case}: {} records instead of {records}\n{}",
                target.records(),
                rehearsal.transcript()
            );
        }
    }

    fn check_unknown_members(&self) {
        let mut known = self.rehearsal(samples::event(samples::complete()));
        known.attempt(&mut (self.target)());
        for (name, event) in samples::unknown_members_of_every_kind() {
            let mut unknown = self.rehearsal(event);
            let outcome = unknown.attempt(&mut (self.target)());
            assert_eq!(unknown.transcript(), known.transcript(), "{name}: {outcome:?}");
        }
    }
}
