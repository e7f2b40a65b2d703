// The description of the HTTP interface as tests use it: what it says can be asked, and whether an answer is as it says.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import { inRoot } from "../../scripts/lib/project.mjs";

export const document = JSON.parse(readFileSync(inRoot("www/openapi.json"), "utf8"));

// What a schema does not name is not there: a member that is written and not described is a mistake.
const closed = structuredClone(document);
for (const schema of Object.values(closed.components.schemas)) {
  if (schema.properties) schema.additionalProperties ??= false;
}
const ajv = new Ajv2020({ strict: false, formats: { int64: true, int32: true } });
ajv.addSchema(closed, "openapi");

/** The fields that say something of ours; every one of them that is sent is described. */
const FIELDS = /^(allow|etag|location|portcullis-.*|ratelimit.*|retry-after|www-authenticate|x-auth-.*|x-ratelimit-.*)$/;

/** Every operation: { path, method, operation, shared }, `shared` being the parameters of its path. */
export const operations = Object.entries(document.paths).flatMap(([path, { parameters: shared = [], ...item }]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation, shared })),
);

/** What a reference leads to; anything else is itself. */
export const resolved = (value) => {
  if (!value?.$ref) return value;
  return value.$ref.split("/").slice(1).reduce((at, part) => at[part], document);
};

/** Whether one of these credentials is asked for: "client" or "token". */
export const asks = ({ operation }, scheme) => operation.security.some((one) => scheme in one);

/** The requests an operation documents: one for each example of its body, or one without. */
export function* requestsOf({ path, method, operation, shared }) {
  const query = new URLSearchParams();
  for (const { in: place, name, example } of [...shared, ...(operation.parameters ?? [])]) {
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(example));
    else if (example !== undefined) query.set(name, example);
  }
  const target = query.size ? `${path}?${query}` : path;
  const [[type, content] = []] = Object.entries(operation.requestBody?.content ?? {});
  if (!type) return yield { target, method, name: "it" };
  for (const [name, { value }] of Object.entries(content.examples)) {
    const body = type === "application/json" ? JSON.stringify(value) : String(new URLSearchParams(value));
    yield { target, method, name, headers: { "content-type": type }, body };
  }
}

/** The answer is documented: its status, its media type, its body, and its fields. */
export function assertDocumented({ path, method, operation }, answer) {
  const documented = operation.responses[answer.status];
  const said = `${method} ${path}: ${answer.status} ${answer.text}`;
  assert.ok(documented, `undocumented: ${said}`);
  assertFields(documented.headers ?? {}, answer.headers, said);
  if (!answer.text) return;
  assert.ok(documented.content?.[answer.type], `undocumented media type ${answer.type}: ${said}`);
  const at = ["paths", path, method.toLowerCase(), "responses", answer.status, "content", answer.type, "schema"];
  assertValid(at, answer.body ?? answer.text, said);
}

function assertFields(documented, sent, said) {
  const described = new Map(Object.entries(documented).map(([name, field]) => [name.toLowerCase(), resolved(field)]));
  for (const [name] of sent) assert.ok(!FIELDS.test(name) || described.has(name), `undocumented field ${name}: ${said}`);
  for (const [name, { required, schema }] of described) {
    const value = sent.get(name);
    assert.ok(value !== null || !required, `no field ${name}: ${said}`);
    if (value === null) continue;
    const typed = schema.type === "integer" ? Number(value) : value;
    assert.ok(ajv.validate(schema, typed), `${name}: ${value}: ${said}`);
  }
}

/** The value is of the schema at that place of the document. */
export function assertValid(at, value, said = at.join(" ")) {
  const pointer = at.map((part) => encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1")));
  const validate = ajv.getSchema(`openapi#/${pointer.join("/")}`);
  assert.ok(validate(value), `${ajv.errorsText(validate.errors)}: ${said}`);
}
