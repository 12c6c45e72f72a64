import { compareCodePoints, sha256Hex, sortedAsciiJson, type WireObject } from "@qmtl/core";

/** A DAG document in the text form its hash is taken over, in which 1 and 1.0 stay apart. */
export interface DagText {
  /** Equal to `dagHash(document)`. */
  readonly hash: string;
  /** The same document with one more node at the end. */
  withNode(node: WireObject): string;
  readonly text: string;
}

export function dagTextOf(document: WireObject): DagText {
  const keys = Object.keys(document).toSorted(compareCodePoints);
  const parts = new Map(keys.map((key) => [key, sortedAsciiJson(document[key])]));
  const joined = (nodes: string): string =>
    `{${keys.map((key) => `${sortedAsciiJson(key)}: ${key === "nodes" ? nodes : parts.get(key)!}`).join(", ")}}`;
  const nodes = parts.get("nodes")!;
  const text = joined(nodes);
  return {
    hash: sha256Hex(text),
    text,
    withNode: (node) => joined(`${nodes.slice(0, -1)}${nodes === "[]" ? "" : ", "}${sortedAsciiJson(node)}]`),
  };
}
