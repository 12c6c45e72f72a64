import { QmtlError, shown, type NodeSpec } from "@qmtl/core";

/**
 * The seven fields of a node's id out of its wire form: `params` or else `config`, `inputs` or else `dependencies`,
 * `schema_compat_id` or else `schema_id`. The node must come from `readJson`, which keeps `1` and `1.0` apart.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE` for a field of another type
 */
export function wireNodeSpec(node: Readonly<Record<string, unknown>>): NodeSpec {
  return {
    nodeType: text(node, "node_type"),
    intervalMs: count(node, "interval") * 1_000,
    period: count(node, "period"),
    params: node["params"] ?? node["config"] ?? null,
    inputs: ids(node),
    schemaCompatId: text(node, "schema_compat_id") || text(node, "schema_id"),
    codeHash: text(node, "code_hash"),
  };
}

function text(node: Readonly<Record<string, unknown>>, field: string): string {
  const value = node[field] ?? "";
  return typeof value === "string" ? value : refuse(field, "text", value);
}

function count(node: Readonly<Record<string, unknown>>, field: string): number {
  const value = node[field] ?? 0;
  return typeof value === "number" ? value : refuse(field, "a whole number", value);
}

function ids(node: Readonly<Record<string, unknown>>): string[] {
  const own = node["inputs"] ?? [];
  const list = Array.isArray(own) && own.length === 0 ? (node["dependencies"] ?? []) : own;
  if (!Array.isArray(list)) return refuse("inputs", "an array of node ids", list);
  return list
    .filter((id: unknown) => id !== null)
    .map((id: unknown) => (typeof id === "string" ? id : refuse("inputs", "an array of node ids", id)));
}

function refuse(field: string, expected: string, found: unknown): never {
  throw new QmtlError("VALUE_NOT_HASHABLE", `${field} must be ${expected}; found ${shown(found)}`, {
    details: { field, expected, found: shown(found) },
  });
}
