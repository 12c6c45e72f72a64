import { plainJson, QmtlError, readJson } from "@qmtl/core";
import { isAlias, isCollection, isNode, parseDocument, visit } from "yaml";

const textLengthMax = 262_144;
const depthMax = 32;

/**
 * A document of settings from its text: YAML of the plain kind (no aliases, no tags of one's own, each key once,
 * 32 levels), or JSON.
 *
 * @param what - names the document in messages: "qmtl.yml"
 * @throws QmtlError `CONFIG_INVALID`
 */
export function readDocument(text: string, what: string, format: "yaml" | "json"): unknown {
  if (text.length > textLengthMax) {
    throw new QmtlError("CONFIG_INVALID", `${what} must be at most ${textLengthMax} characters; found ${text.length}`);
  }
  try {
    return format === "json" ? plainJson(readJson(text, what)) : plainYaml(text);
  } catch (cause) {
    if (cause instanceof QmtlError && cause.code === "CONFIG_INVALID") throw cause;
    const [reason = ""] = (cause as Error).message.split("\n", 1);
    const kind = format === "json" ? "JSON" : "YAML";
    throw new QmtlError("CONFIG_INVALID", `${what} is no ${kind}: ${reason.replace(/:$/, "")}`, { cause });
  }
}

function plainYaml(text: string): unknown {
  refuseDeepFlow(text);
  const document = parseDocument(text, { schema: "core", uniqueKeys: true, merge: false, logLevel: "silent" });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  visit(document, {
    Node: (_key, node, path) => {
      if (isAlias(node) || node.anchor !== undefined) throw new Error("anchors and aliases are not read");
      if (node.tag !== undefined && !node.tag.startsWith("tag:yaml.org,2002:")) throw new Error("tags are not read");
      if (path.filter(isCollection).length >= depthMax) throw new Error(`at most ${depthMax} levels`);
    },
    Pair: (_key, { key }) => {
      if (isNode(key) && String(key) === "__proto__") throw new Error('a key other than "__proto__" was expected');
    },
  });
  return document.toJS({ maxAliasCount: 0 }) as unknown;
}

// The parser calls itself for each bracket: thousands of them are refused before it starts.
function refuseDeepFlow(text: string): void {
  let open = 0;
  for (const character of text) {
    if (character === "[" || character === "{") open++;
    if (character === "]" || character === "}") open--;
    if (open > depthMax * 4) throw new Error(`more than ${depthMax} levels`);
  }
}
