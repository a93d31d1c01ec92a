//! What has happened to a delivery so far, as a mapping asks for it.

use crate::{Failure, History, Reply, Request, Stop};

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

    /// What a request that is not idempotent creates, made once: after a lost answer, `look` is sent first, and `create`
    /// again only if `found` does not see the record in the look's reply.
    ///
    /// # Errors
    /// [`Stop::Call`] while an answer is missing, and what the readers of the replies say.
    pub fn create_once<'a, T>(
        &'a self,
        create: Request,
        look: impl FnOnce() -> Request,
        found: impl FnOnce(&'a Reply) -> Result<Option<T>, Failure>,
        created: impl FnOnce(&'a Reply) -> Result<T, Failure>,
    ) -> Result<T, Stop> {
        if self.reply(&create.step).is_none()
            && let Some(reply) = self.look_before(&create.step, look())?
            && let Some(record) = found(reply)?
        {
            return Ok(record);
        }
        Ok(created(self.call(create)?)?)
    }
}

/// The calls of a mapping for whose target the same statuses have a meaning of their own at every step.
#[derive(Clone, Copy)]
pub struct Calls<'a> {
    /// What has happened to the delivery so far.
    pub so_far: &'a History,
    accept: &'static [u16],
    check: fn(&Reply) -> Result<(), Failure>,
}

impl<'a> Calls<'a> {
    /// Calls whose replies may have these statuses besides 200–299; `check` makes a failure of a reply that is none of what
    /// was asked for.
    pub fn new(
        so_far: &'a History,
        accept: &'static [u16],
        check: fn(&Reply) -> Result<(), Failure>,
    ) -> Self {
        Self { so_far, accept, check }
    }

    /// The reply to this request, as [`History::call`] gives it.
    ///
    /// # Errors
    /// As [`History::call`], and what the check says.
    pub fn call(&self, request: Request) -> Result<&'a Reply, Stop> {
        Ok(self.checked(self.so_far.call(request.accept(self.accept))?)?)
    }

    /// What a request creates, as [`History::create_once`] makes it.
    ///
    /// # Errors
    /// As [`History::create_once`], and what the check says.
    pub fn create_once<T>(
        &self,
        create: Request,
        look: impl FnOnce() -> Request,
        found: impl FnOnce(&'a Reply) -> Result<Option<T>, Failure>,
        created: impl FnOnce(&'a Reply) -> Result<T, Failure>,
    ) -> Result<T, Stop> {
        self.so_far.create_once(
            create.accept(self.accept),
            || look().accept(self.accept),
            |reply| self.checked(reply).and_then(found),
            |reply| self.checked(reply).and_then(created),
        )
    }

    fn checked<'r>(&self, reply: &'r Reply) -> Result<&'r Reply, Failure> {
        reply.check_not_web_page()?;
        (self.check)(reply).map(|()| reply)
    }
}
