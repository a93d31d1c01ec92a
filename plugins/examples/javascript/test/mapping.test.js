import assert from "node:assert/strict";
import { test } from "node:test";

import { checked } from "../src/description.js";
import { describe, transform } from "../src/mapping.js";

const lead = {
  name: "John Smith",
  phone: "+12025551234",
  email: "john@example.com",
  message: "I would like to know about pricing",
  channel: "telegram",
  conversationId: "42",
};

/** What the mapping answers for a lead with these fields, and what it logs. */
function run(fields, { settings = {}, replies = [] } = {}) {
  const lines = [];
  const none = { name: null, phone: null, email: null, message: null, channel: null, conversationId: null };
  const lead = { ...none, ...fields };
  const event = { id: "evt_1", projectId: "1", createdAt: "2026-05-31T10:00:00Z", lead, json: "{}" };
  const action = transform(event, settings, { replies }, (line) => lines.push(line));
  return { ...action, lines };
}

test("a lead becomes a ticket", () => {
  const { tag, val } = run(lead, { settings: { queue: "sales" } });
  assert.equal(tag, "call");
  assert.equal(val.path, "/tickets");
  assert.deepEqual(JSON.parse(val.body), {
    subject: "John Smith (telegram)",
    queue: "sales",
    phone: "+12025551234",
    email: "john@example.com",
    text: "I would like to know about pricing",
  });
});

test("the created ticket is the receipt", () => {
  const replies = [{ step: "create-ticket", status: 201, headers: [], body: '{"id": 151}', truncated: false }];
  const { tag, val } = run(lead, { replies });
  assert.deepEqual([tag, val], ["done", { reference: "ticket/151" }]);
});

test("a lead without any way to answer it is skipped", () => {
  assert.equal(run({ channel: "telegram" }).tag, "skip");
  assert.equal(run({ phone: "+12025551234" }).tag, "call");
});

test("what was not collected is left out", () => {
  const { val, lines } = run({ message: "Hello" });
  assert.deepEqual(JSON.parse(val.body), { subject: "New lead", queue: "", text: "Hello" });
  assert.equal(lines.length, 1);
});

test("the description has everything that the contract asks for", () => {
  assert.equal(JSON.parse(checked(describe()).settingsSchema).type, "object");
});

test("what a description lacks is named", () => {
  const { title, ...rest } = describe();
  for (const [description, words] of [
    [rest, /title is missing: expected a text such as "Tickets"/],
    [{ ...describe(), titel: title }, /titel is not a member/],
    [{ ...describe(), headers: undefined }, /headers is missing: expected a list/],
    [{ ...describe(), headers: [{ name: "authorization", placeholder: "" }] }, /headers\[0\]\.secret is missing/],
    [{ ...describe(), settingsSchema: {} }, /settingsSchema is an object/],
    [{ ...describe(), settingsSchema: "{" }, /settingsSchema is not JSON/],
    [undefined, /returns no object/],
  ]) {
    assert.throws(() => checked(description), words);
  }
});
