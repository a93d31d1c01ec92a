// Leads become tickets.

/** JSON Schema (draft 2020-12) of the settings: the form in which a webhook's owner fills them in. */
const settingsSchema = {
  type: "object",
  description: "How leads become tickets.",
  properties: {
    queue: {
      type: "string",
      description: "The queue that gets the tickets. Empty: the default queue.",
      default: "",
    },
  },
  additionalProperties: false,
};

/** What people read before they attach this mapping to a webhook. */
export function describe() {
  return {
    title: "Tickets",
    summary: "A lead becomes a ticket.",
    url: "https://tickets.example.com/api",
    headers: [{ name: "authorization", placeholder: "Bearer …", secret: true }],
    settingsSchema: JSON.stringify(settingsSchema),
  };
}

/**
 * The next thing to do for this event, given what the target has answered so far. To fail, throw what the contract calls
 * `failure`: `{ tag: "permanent", val: "why" }` or `{ tag: "retry", val: { reason: "why", after: 60 } }`.
 */
export function transform(event, { queue = "" }, soFar, log) {
  const { name, phone, email, message, channel } = event.lead;
  if (![name, phone, email, message].some((field) => field?.trim())) {
    return { tag: "skip", val: "nothing was collected" };
  }
  if (!phone && !email) log("this lead can only be answered in the conversation");

  const ticket = { subject: title(name ?? phone ?? email, channel), queue, phone, email, text: message };
  const created = reply(soFar, "create-ticket");
  if (!created) return { tag: "call", val: post("create-ticket", "/tickets", ticket) };
  return { tag: "done", val: { reference: `ticket/${JSON.parse(created.body).id}` } };
}

/** The reply to a step, if it has been answered. */
function reply(soFar, step) {
  return soFar.replies.findLast((reply) => reply.step === step);
}

/** A request to the webhook's URL with `path` appended. What was not collected is null, and is left out of its body. */
function post(step, path, fields) {
  const body = JSON.stringify(fields, (_, value) => value ?? undefined);
  return { step, method: "post", path, headers: [], body, accept: [], idempotent: false };
}

/** A title for lists, such as `John Smith (telegram)`. */
function title(known, channel) {
  if (!known) return `${channel ?? "New"} lead`;
  return channel ? `${known} (${channel})` : known;
}
