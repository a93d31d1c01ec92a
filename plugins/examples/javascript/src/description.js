// What the contract, wit/1.0.0/mapping.wit, asks of a description. Without this check the component would end at the first
// member that is missing, without naming it.

/** The texts that a description has, each with an example. */
const TEXTS = {
  title: '"Tickets"',
  summary: '"A lead becomes a ticket."',
  url: '"https://tickets.example.com/api"',
  settingsSchema: 'JSON.stringify({ type: "object" })',
};
const MEMBERS = [...Object.keys(TEXTS), "headers"];

/** The description, if it has everything; otherwise an error that names what is missing or wrong. */
export function checked(description) {
  const problems = found(description);
  if (problems.length === 0) return description;
  throw new TypeError(`describe() in src/mapping.js cannot be used: ${problems.join("; ")}.`);
}

function found(description) {
  if (typeof description !== "object" || description === null) return ["it returns no object"];
  const problems = [];
  for (const [name, example] of Object.entries(TEXTS)) {
    if (typeof description[name] !== "string") {
      problems.push(`${name} is ${missing(description[name])}: expected a text such as ${example}`);
    }
  }
  for (const name of Object.keys(description)) {
    if (!MEMBERS.includes(name)) problems.push(`${name} is not a member: there are ${MEMBERS.join(", ")}`);
  }
  return [...problems, ...inHeaders(description.headers), ...inSchema(description.settingsSchema)];
}

function inHeaders(headers) {
  if (!Array.isArray(headers)) return [`headers is ${missing(headers)}: expected a list, which may be empty`];
  return headers.flatMap((header, index) => {
    const wrong = [];
    for (const name of ["name", "placeholder"]) {
      if (typeof header?.[name] !== "string") wrong.push(`headers[${index}].${name} is ${missing(header?.[name])}: expected a text`);
    }
    if (typeof header?.secret !== "boolean") wrong.push(`headers[${index}].secret is ${missing(header?.secret)}: expected true or false`);
    return wrong;
  });
}

function inSchema(schema) {
  if (typeof schema !== "string") return [];
  try {
    JSON.parse(schema);
    return [];
  } catch (error) {
    return [`settingsSchema is not JSON: ${error.message}`];
  }
}

function missing(value) {
  return value === undefined || value === null ? "missing" : Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
