//! What has happened to a delivery so far, as a mapping asks for it.

use crate::{History, Reply, Request, Stop};

impl History {
    /// The reply to this step, if it has been answered; the last one, if it was asked more than once.
    pub fn reply(&self, step: &str) -> Option<&Reply> {
        self.replies.iter().rev().find(|reply| reply.step == step)
    }

    /// The reply to this request.
    ///
    /// # Errors
    /// [`Stop::Call`] while it has not been answered: pass it on with `?`.
    pub fn call(&self, request: Request) -> Result<&Reply, Stop> {
        self.reply(&request.step).ok_or_else(|| Stop::Call(Box::new(request)))
    }

    /// What `look` found, if `step` may have reached the target although its answer was never seen; none if there was
    /// no such doubt. Use it before a request that is not idempotent, so that a lost answer makes no second record.
    ///
    /// # Errors
    /// [`Stop::Call`] while the look has not been answered: pass it on with `?`.
    pub fn look_before(&self, step: &str, look: Request) -> Result<Option<&Reply>, Stop> {
        // A reply that the host keeps ends the doubt. So doubt beside an older look means that the step was sent
        // again since, and was lost again.
        if self.uncertain.as_deref() == Some(step) {
            Err(Stop::Call(Box::new(look)))
        } else {
            Ok(self.reply(&look.step))
        }
    }
}
