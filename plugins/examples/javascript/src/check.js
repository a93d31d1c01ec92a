// `npm run build` runs this first: a mistake in describe() is named before a component is made of it.

import { checked } from "./description.js";
import { describe } from "./mapping.js";

try {
  checked(describe());
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
