// What the contract, wit/1.0.0/mapping.wit, asks of a component. The mapping itself is in mapping.js, where tests reach it
// without WebAssembly.

import { write } from "hookwright:mapping/log@1.0.0";
import { checked } from "./description.js";
import { describe, transform } from "./mapping.js";

export const plugin = { describe: () => logged(() => checked(describe())) };

export const leadCreated = {
  transform: (event, settings, soFar) =>
    logged(() => transform(event, JSON.parse(settings), soFar, (message) => write("info", message))),
};

/** Puts an exception's words into the log: nobody sees anything else of it. What the contract calls a failure passes. */
function logged(call) {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof Error) write("error", `${thrown}\n${thrown.stack ?? ""}`);
    throw thrown;
  }
}
