"""Leads become tickets."""

import functools
import json
import traceback

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.lead_created import Event, Lead
from wit_world.exports.plugin import Description, HeaderHint
from wit_world.imports import log
from wit_world.imports.types import (
    Action,
    Action_Call,
    Action_Done,
    Action_Skip,
    History,
    Method,
    Receipt,
    Reply,
    Request,
)

# JSON Schema (draft 2020-12) of the settings: the form in which a webhook's owner fills them in.
SETTINGS_SCHEMA = {
    "type": "object",
    "description": "How leads become tickets.",
    "properties": {
        "queue": {
            "type": "string",
            "description": "The queue that gets the tickets. Empty: the default queue.",
            "default": "",
        },
    },
    "additionalProperties": False,
}


def logged(function):
    """Puts the traceback of an exception into the log: whoever looks at the delivery sees nothing else of it."""

    @functools.wraps(function)
    def call(*arguments):
        try:
            return function(*arguments)
        except Err:
            raise
        except Exception:
            log.write(log.Level.ERROR, traceback.format_exc())
            raise

    return call


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        """What people read before they attach this mapping to a webhook."""
        return Description(
            title="Tickets",
            summary="A lead becomes a ticket.",
            url="https://tickets.example.com/api",
            headers=[HeaderHint("authorization", "Bearer …", secret=True)],
            settings_schema=json.dumps(SETTINGS_SCHEMA),
        )


class LeadCreated(exports.LeadCreated):
    @logged
    def transform(self, event: Event, settings: str, so_far: History) -> Action:
        """The next thing to do for this event, given what the target has answered so far.

        To fail, raise `Err` with what the contract calls `failure`: `Err(Failure_Permanent("why"))` or
        `Err(Failure_Retry(Delay("why", 60)))`.
        """
        lead = event.lead
        if not any(field and field.strip() for field in (lead.name, lead.phone, lead.email, lead.message)):
            return Action_Skip("nothing was collected")
        if not lead.phone and not lead.email:
            log.write(log.Level.INFO, "this lead can only be answered in the conversation")

        # What was not collected is left out.
        fields = {"phone": lead.phone, "email": lead.email, "text": lead.message}
        ticket = {"subject": title(lead), "queue": json.loads(settings).get("queue", "")}
        ticket |= {name: value for name, value in fields.items() if value is not None}

        created = reply(so_far, "create-ticket")
        if created is None:
            return Action_Call(post("create-ticket", "/tickets", ticket))
        return Action_Done(Receipt(f"ticket/{json.loads(created.body)['id']}", None))


def reply(so_far: History, step: str) -> Reply | None:
    """The reply to a step, if it has been answered."""
    return next((reply for reply in reversed(so_far.replies) if reply.step == step), None)


def post(step: str, path: str, body: object) -> Request:
    """A request to the webhook's URL with `path` appended."""
    return Request(step, Method.POST, path, headers=[], body=json.dumps(body), accept=[], idempotent=False)


def title(lead: Lead) -> str:
    """A title for lists, such as `John Smith (telegram)`."""
    known = lead.name or lead.phone or lead.email
    if known is None:
        return f"{lead.channel or 'New'} lead"
    return f"{known} ({lead.channel})" if lead.channel else known
