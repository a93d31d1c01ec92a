"""The mapping in plain Python: `python3 build.py test`."""

import json
import unittest
from unittest import mock

from mapping import LeadCreated, Plugin
from wit_world.exports.lead_created import Event, Lead
from wit_world.imports import log
from wit_world.imports.types import Action_Call, Action_Done, Action_Skip, History, Reply

COMPLETE = Lead(
    name="John Smith",
    phone="+12025551234",
    email="john@example.com",
    message="I would like to know about pricing",
    channel="telegram",
    conversation_id="42",
)
BLANK = Lead(name=None, phone=None, email=None, message=None, channel="telegram", conversation_id=None)


def run(lead, settings="{}", replies=()):
    """What the mapping answers for a lead."""
    event = Event("evt_1", "1", "2026-05-31T10:00:00Z", lead, "{}")
    with mock.patch.object(log, "write"):
        return LeadCreated().transform(event, settings, History(list(replies), None))


class Mapping(unittest.TestCase):
    def test_a_lead_becomes_a_ticket(self):
        action = run(COMPLETE, '{"queue": "sales"}')
        self.assertIsInstance(action, Action_Call)
        self.assertEqual(action.value.path, "/tickets")
        self.assertEqual(
            json.loads(action.value.body),
            {
                "subject": "John Smith (telegram)",
                "queue": "sales",
                "phone": "+12025551234",
                "email": "john@example.com",
                "text": "I would like to know about pricing",
            },
        )

    def test_the_created_ticket_is_the_receipt(self):
        created = Reply("create-ticket", 201, [], '{"id": 151}', False)
        action = run(COMPLETE, replies=[created])
        self.assertIsInstance(action, Action_Done)
        self.assertEqual(action.value.reference, "ticket/151")

    def test_a_lead_without_any_way_to_answer_it_is_skipped(self):
        self.assertIsInstance(run(BLANK), Action_Skip)

    def test_the_settings_have_a_schema(self):
        self.assertEqual(json.loads(Plugin().describe().settings_schema)["type"], "object")


if __name__ == "__main__":
    unittest.main()
