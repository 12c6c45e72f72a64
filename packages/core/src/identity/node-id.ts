import type { IntervalMs, NodeId } from "../brand/index.ts";
import { QmtlError } from "../errors/index.ts";
import { canonicalParams, sortByCodePoint } from "../json/index.ts";
import { shown } from "../time/index.ts";
import { blake3Text } from "./hash.ts";
import { joinedField } from "./joined-field.ts";

/** The seven things a node's id is made of. Absent text is "", absent numbers are 0, absent params are null. */
export interface NodeSpec {
  /** Class name: "StreamInput", "ProcessingNode", ... */
  readonly nodeType: string;
  /** Whole seconds, in milliseconds; hashed in seconds. */
  readonly intervalMs?: IntervalMs | null;
  /** Rows kept per input. */
  readonly period?: number | null;
  /** JSON, hashed as `canonicalParams` writes it. */
  readonly params?: unknown;
  /** Ids of the upstream nodes, in any order. Duplicates count, empty ones do not. */
  readonly inputs?: readonly string[];
  readonly schemaCompatId?: string;
  readonly codeHash?: string;
}

/**
 * The text under a NodeID: `node_type|interval|period|params|inputs|schema_compat_id|code_hash`.
 *
 * `|` and control characters are refused in the text fields and `,` in the inputs. Only `params` may then hold a
 * `|`, and it stands between three fields before and three after it, so two specs never share a text.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function nodeSpecText(node: NodeSpec): string {
  return new NodeSpecTexts().text(node);
}

/** `nodeSpecText` for the nodes of one graph: text that a field had in the node before is not checked again. */
export class NodeSpecTexts {
  readonly #params: ReadonlyMap<unknown, string>;
  #nodeType = "";
  #schemaCompatId = "";
  #codeHash = "";

  /** @param params - canonical text by parameters, of those where it is known: see `readJson` */
  constructor(params: ReadonlyMap<unknown, string> = new Map()) {
    this.#params = params;
  }

  /**
   * @param areInputsHashes - the caller makes sure of it, and they need no check
   * @throws QmtlError `VALUE_NOT_HASHABLE`
   */
  text(node: NodeSpec, areInputsHashes = false): string {
    const { nodeType, schemaCompatId = "", codeHash = "" } = node;
    if (nodeType !== this.#nodeType) this.#nodeType = joinedField(nodeType, "node_type", "|");
    const interval = intervalSeconds(node.intervalMs ?? 0);
    const period = wholeNumber(node.period ?? 0, "period");
    const params = this.#params.get(node.params) ?? canonicalParams(node.params);
    const inputs = (areInputsHashes ? sortedHashes : joinedInputs)(node.inputs ?? []);
    if (schemaCompatId !== this.#schemaCompatId) {
      this.#schemaCompatId = joinedField(schemaCompatId, "schema_compat_id", "|");
    }
    if (codeHash !== this.#codeHash) this.#codeHash = joinedField(codeHash, "code_hash", "|");
    return `${nodeType}|${interval}|${period}|${params}|${inputs}|${schemaCompatId}|${codeHash}`;
  }
}

/**
 * `blake3:` and the BLAKE3-256 of the spec's text. Pure: world, domain, name and tags play no part (D-1).
 * Hash a graph in topological order, each node once: an id covers its inputs' ids, so the work is linear.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function nodeIdOf(node: NodeSpec): NodeId {
  return blake3Text(nodeSpecText(node)) as string as NodeId;
}

/**
 * The id for a spec whose own id already names other content: the first of the spec's text with `|1`, `|2`, ...
 * appended that is free. Submissions are never checked against this form.
 */
export function nodeIdAvoiding(node: NodeSpec, taken: { has(id: string): boolean }): NodeId {
  const text = nodeSpecText(node);
  let id = blake3Text(text);
  for (let suffix = 1; taken.has(id); suffix++) id = blake3Text(`${text}|${suffix}`);
  return id as string as NodeId;
}

function joinedInputs(inputs: readonly string[]): string {
  if (inputs.length === 0) return "";
  const ids = inputs.filter((id) => id !== "");
  for (const id of ids) joinedField(id, "inputs", "|,");
  return sortByCodePoint(ids).join(",");
}

/** The same for hashes, which any order of the platform's puts in the order of code points. */
function sortedHashes(inputs: readonly string[]): string {
  const isSorted = inputs.every((id, index) => index === 0 || inputs[index - 1]! <= id);
  let text = "";
  for (const id of isSorted ? inputs : [...inputs].sort()) text += text === "" ? id : `,${id}`;
  return text;
}

function intervalSeconds(intervalMs: number): number {
  if (wholeNumber(intervalMs, "interval") % 1_000 === 0) return intervalMs / 1_000;
  throw new QmtlError("VALUE_NOT_HASHABLE", `interval must be whole seconds; found ${intervalMs} ms`);
}

function wholeNumber(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value + 0; // -0 is written 0
  throw new QmtlError("VALUE_NOT_HASHABLE", `${name} must be a whole number from 0; found ${shown(value)}`);
}
