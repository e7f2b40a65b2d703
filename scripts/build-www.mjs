// What is served beside the Worker, into build/www/: the description of the HTTP interface, and Swagger UI over it from
// its npm package. Nothing of it comes from elsewhere when it is looked at.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { inRoot, WWW_DIR } from "./lib/project.mjs";

const FROM_PACKAGE = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

export function buildWww() {
  rmSync(inRoot(WWW_DIR), { recursive: true, force: true });
  mkdirSync(inRoot(WWW_DIR, "docs"), { recursive: true });
  cpSync(inRoot("www"), inRoot(WWW_DIR), { recursive: true });
  for (const name of FROM_PACKAGE) cpSync(inRoot("node_modules/swagger-ui-dist", name), inRoot(WWW_DIR, "docs", name));
}
