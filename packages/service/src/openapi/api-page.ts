import type { ApiDocument, ApiOperation, JsonSchema } from "./api-document.ts";

/** The document as a page for people: whole, without scripts, and without anything from elsewhere. */
export function apiPage({ info, paths }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const chapters = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? "other");
  const sections = [...chapters].map(
    ([name, members]) =>
      `<section><h2>${escaped(name)}</h2>${members.map((member) => operationBlock(member)).join("")}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)}</title>
<link rel="stylesheet" href="docs/style.css">
<h1>${escaped(info.title)} <small>${escaped(info.version)}</small></h1>
<p>The same as a document for programs: <a href="openapi.json">openapi.json</a>.
Every refusal has the shape <code>{"detail": {"code", "message", "hint"}}</code>.</p>
${sections.join("\n")}
</html>
`;
}

export const apiPageStyle = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark; }
small { font-weight: normal; opacity: 0.7; }
details { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 6px; margin: 0.5rem 0; padding: 0.5rem 1rem; }
summary { cursor: pointer; }
summary code { font-weight: bold; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
td, th { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; }
tr { border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
h3 { font-size: 1rem; margin: 1rem 0 0; }
`;

interface Member {
  readonly method: string;
  readonly path: string;
  readonly operation: ApiOperation;
}

function operationBlock({ method, path, operation }: Member): string {
  const { parameters, requestBody, responses } = operation;
  const parameterRows = parameters.map(({ name, in: place, required, schema }) =>
    row(name, `${typeWords(schema)} in ${place}${required ? "" : ", optional"}`, schema),
  );
  return [
    `<details id="${escaped(operation.operationId)}"><summary><code>${method} ${escaped(path)}</code> `,
    `${escaped(operation.summary)}</summary><p>${escaped(operation.description)}</p>`,
    parameterRows.length === 0 ? "" : `<h3>Parameters</h3><table>${parameterRows.join("")}</table>`,
    requestBody === undefined ? "" : `<h3>Body</h3>${schemaTable(requestBody.content["application/json"]!.schema)}`,
    ...Object.entries(responses).map(
      ([status, { description, content }]) =>
        `<h3>${escaped(status)}: ${escaped(description)}</h3>${
          content === undefined ? "" : schemaTable(content["application/json"]!.schema)
        }`,
    ),
    "</details>",
  ].join("");
}

const depthMax = 5;

function schemaTable(schema: JsonSchema): string {
  if (schema["$ref"] !== undefined) return "";
  const rows = propertyRows(schema, "", 0);
  return rows.length === 0 ? `<p>${escaped(typeWords(schema))}</p>` : `<table>${rows.join("")}</table>`;
}

function propertyRows(schema: JsonSchema, prefix: string, depth: number): string[] {
  if (depth >= depthMax) return [];
  const items = schema["items"] as JsonSchema | undefined;
  if (items !== undefined) return propertyRows(items, `${prefix}[]`, depth + 1);
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema["required"] ?? []) as readonly string[];
  return Object.entries(properties).flatMap(([name, part]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const words = `${typeWords(part)}${required.includes(name) ? "" : ", optional"}`;
    return [row(path, words, part), ...propertyRows(part, path, depth + 1)];
  });
}

function row(name: string, words: string, schema: JsonSchema): string {
  const description = typeof schema["description"] === "string" ? schema["description"] : "";
  return `<tr><td><code>${escaped(name)}</code></td><td>${escaped(words)}</td><td>${escaped(description)}</td></tr>`;
}

function typeWords(schema: JsonSchema): string {
  const branches = schema["anyOf"] as readonly JsonSchema[] | undefined;
  if (branches !== undefined) return branches.map(typeWords).join(" or ");
  if ("const" in schema) return JSON.stringify(schema["const"]);
  const words = schema["enum"] as readonly unknown[] | undefined;
  if (words !== undefined) return words.map((word) => JSON.stringify(word)).join(" or ");
  const { type, items } = schema as { type?: string; items?: JsonSchema };
  if (type === "array" && items !== undefined) return `list of ${typeWords(items)}`;
  return type ?? "anything";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
