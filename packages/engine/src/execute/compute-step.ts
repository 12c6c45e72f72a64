import { formatInstant, QmtlError, shown, type EpochMs, type JsonValue } from "@qmtl/core";
import type { ComputeNode } from "../plan/index.ts";
import { InputWindow, NodeView, type OutputColumns } from "../view/index.ts";

/** One input of a compute node as the executors hold it. */
export interface ComputeInput {
  readonly key: string;
  readonly name: string;
  readonly intervalMs: number;
  readonly columns: OutputColumns;
  readonly time: Float64Array;
}

type OutputKind = "number" | "record" | "payload";

/**
 * Calls an author's function row by row, with the same rules in batch and stream: a row is computed when every
 * input delivered it and has `period` rows behind it.
 */
export class ComputeStep {
  readonly node: ComputeNode;
  readonly output: OutputColumns;
  readonly windows: readonly InputWindow[];
  readonly #view: NodeView;
  readonly #inputs: readonly ComputeInput[];
  #kind: OutputKind | undefined;
  #fields: readonly string[] = [];

  constructor(node: ComputeNode, inputs: readonly ComputeInput[], output: OutputColumns) {
    this.node = node;
    this.output = output;
    this.#inputs = inputs;
    this.windows = inputs.map((input) => new InputWindow(input.name, input.intervalMs, input.columns, input.time));
    this.#view = new NodeView(inputs.map((input, index) => ({ key: input.key, window: this.windows[index]! })));
  }

  /** Computes the bucket into `row` of the output. The windows have been moved to it. */
  run(row: number, bucketMs: EpochMs): void {
    NodeView.move(this.#view, bucketMs, bucketMs + this.node.intervalMs);
    let result: unknown;
    try {
      result = this.node.compute(this.#view, this.node.params);
    } catch (cause) {
      throw this.#failure(cause, bucketMs);
    }
    if (result !== undefined && result !== null) this.#store(result, row, bucketMs);
  }

  /** What has to survive a cut: the shape of the output, which the first value decides. */
  shape(): JsonValue {
    return { kind: this.#kind ?? null, fields: this.#fields };
  }

  restoreShape(shape: JsonValue): void {
    const { kind, fields } = shape as { kind: OutputKind | null; fields: readonly string[] };
    this.#kind = kind ?? undefined;
    this.#fields = fields;
    for (const field of fields) if (!this.output.numeric.has(field)) this.output.addField(field);
    if (kind === "payload") this.output.addPayload();
  }

  #store(result: unknown, row: number, bucketMs: EpochMs): void {
    if (typeof result === "number") {
      if (this.#kind !== "number") this.#become("number", ["value"], result, bucketMs);
      this.output.numeric.get("value")![row] = this.#finite(result, "", bucketMs);
      return;
    }
    if (isNumberRecord(result)) {
      const fields = Object.keys(result);
      if (this.#kind !== "record") this.#become("record", fields, result, bucketMs);
      if (fields.length !== this.#fields.length) throw this.#otherShape(result, bucketMs);
      for (const field of fields) {
        const column = this.output.numeric.get(field);
        if (!column) throw this.#otherShape(result, bucketMs);
        column[row] = this.#finite(result[field]!, field, bucketMs);
      }
      return;
    }
    if (!isJson(result, 0)) throw this.#invalid(result, bucketMs);
    if (this.#kind !== "payload") this.#become("payload", [], result, bucketMs);
    this.output.addPayload()[row] = frozen(result);
  }

  #become(kind: OutputKind, fields: readonly string[], result: unknown, bucketMs: EpochMs): void {
    if (this.#kind !== undefined) throw this.#otherShape(result, bucketMs);
    this.#kind = kind;
    this.#fields = fields;
    for (const field of fields) this.output.addField(field);
    if (kind === "payload") this.output.addPayload();
  }

  #finite(value: number, field: string, bucketMs: EpochMs): number {
    if (Number.isFinite(value)) return value;
    throw new QmtlError(
      "COMPUTE_RESULT_INVALID",
      `node "${this.node.name}" returned ${value}${field && ` in field "${field}"`} at ${formatInstant(bucketMs)}; expected a finite number`,
      {
        details: { node: this.node.name, bucketMs, found: String(value) },
        hint: "return undefined where there is no output",
      },
    );
  }

  #invalid(result: unknown, bucketMs: EpochMs): QmtlError {
    const promise = result instanceof Promise || typeof (result as { then?: unknown }).then === "function";
    return new QmtlError(
      "COMPUTE_RESULT_INVALID",
      `node "${this.node.name}" returned ${promise ? "a promise" : shown(result)} at ${formatInstant(bucketMs)}; expected a number, a record of numbers, a JSON value or undefined`,
      {
        details: { node: this.node.name, bucketMs },
        hint: promise
          ? "compute functions are synchronous: fetch data before the run, as a stream"
          : "return plain data",
      },
    );
  }

  #otherShape(result: unknown, bucketMs: EpochMs): QmtlError {
    const before = this.#kind === "record" ? `a record of ${this.#fields.join(", ")}` : `a ${this.#kind}`;
    const isRecord = isNumberRecord(result);
    const now = isRecord ? `a record of ${Object.keys(result).join(", ")}` : shown(result);
    const mixed = isRecord ? this.#kind === "payload" : this.#kind === "record";
    const hint = mixed
      ? 'return one shape from every call; numbers alone are fields: an order among them needs a text, as type: "market"'
      : "return one shape from every call";
    return new QmtlError(
      "COMPUTE_RESULT_INVALID",
      `node "${this.node.name}" returned ${now} at ${formatInstant(bucketMs)}, but ${before} before`,
      { details: { node: this.node.name, bucketMs }, hint },
    );
  }

  #failure(cause: unknown, bucketMs: EpochMs): QmtlError {
    const seen = this.#inputs.map((input, index) => {
      const window = this.windows[index]!;
      return `${input.key}=${JSON.stringify(window.payload ?? window.latest.fields)}`;
    });
    const text = cause instanceof Error ? cause.message : String(cause);
    const code =
      cause instanceof TypeError && /read only|only a getter|not extensible|Cannot delete property/.test(text)
        ? "VIEW_READ_ONLY"
        : "COMPUTE_FAILED";
    const hint = cause instanceof QmtlError ? cause.hint : `its inputs were ${seen.join("; ")}`;
    return new QmtlError(code, `node "${this.node.name}" failed at ${formatInstant(bucketMs)}: ${text}`, {
      details: { node: this.node.name, bucketMs },
      cause,
      ...(hint !== undefined && { hint }),
    });
  }
}

function isNumberRecord(value: unknown): value is Record<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  let count = 0;
  for (const key in value) {
    if (typeof (value as Record<string, unknown>)[key] !== "number") return false;
    count++;
  }
  return count > 0;
}

// Every reader is handed the same object: what one of them wrote, the others would read.
function frozen(value: JsonValue): JsonValue {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) frozen(item as JsonValue);
  }
  return value;
}

function isJson(value: unknown, depth: number): value is JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > 64) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => item === undefined || isJson(item, depth + 1));
}
