// What the contract, wit/1.0.0/mapping.wit, asks of a component. The mapping itself is in mapping.js, where tests reach it
// without WebAssembly.

import { write } from "hookwright:mapping/log@1.0.0";
import { describe, transform } from "./mapping.js";

export const plugin = { describe };

export const leadCreated = {
  transform: (event, settings, soFar) =>
    transform(event, JSON.parse(settings), soFar, (message) => write("info", message)),
};
