import { QmtlError, shown, type IntervalMs, type JsonValue } from "@qmtl/core";
import type { ComputeView } from "@qmtl/engine/view";
import { captureLocation, type SourceLocation } from "../code-identity/index.ts";
import { Node, readInterval, readPeriod, type NodeOptions } from "./node.ts";
import { missingPolicy, optionalWord, refuseUnknownOptions } from "./option-checks.ts";
import { ownParams } from "./own-params.ts";
import type { NotAPromise, OutputFields } from "./processing-node.ts";

/** How the tags of a query select: nodes with one of them, or with all. */
export const MatchMode = { ANY: "any", ALL: "all" } as const;
export type MatchMode = (typeof MatchMode)[keyof typeof MatchMode];

export interface TagQueryNodeOptions<P extends JsonValue, R> extends Omit<NodeOptions, "tags"> {
  readonly queryTags: readonly string[];
  readonly interval?: string | number;
  readonly period?: number;
  readonly matchMode?: MatchMode;
  readonly params?: P;
  /** Sees every matching stream in `view.inputs`, in the order of their names. */
  readonly compute: (view: ComputeView, params: P) => R & NotAPromise<R>;
  readonly onMissing?: "skip" | "hold" | "fail";
  readonly shared?: boolean;
}

const queryOptions = ["queryTags", "interval", "period", "matchMode", "params", "compute", "onMissing", "shared"];

/**
 * Reads every stream whose tags match, of any strategy of the run; in a world also the queues of other strategies, which
 * stand behind the names of their topics. What it reads is settled when the graph is built, and is part of its identity,
 * as are the tags, the mode and the interval. A query that matches nothing yet is waited for in a world, refused elsewhere.
 */
export class TagQueryNode<P extends JsonValue = JsonValue, R = unknown> extends Node<OutputFields<R>> {
  readonly nodeType = "TagQueryNode";
  readonly fields: readonly OutputFields<R>[] | undefined = undefined;
  readonly matchMode: MatchMode;
  readonly compute: (view: ComputeView, params: P) => R;
  readonly params: P | undefined;
  readonly onMissing: "skip" | "hold" | "fail";
  readonly shared: boolean;
  readonly location: SourceLocation | undefined;
  readonly #intervalMs: IntervalMs | undefined;
  readonly #period: number | undefined;
  #upstreams: readonly Node[] = [];

  constructor(options: TagQueryNodeOptions<P, R>) {
    super({ ...(options.name !== undefined && { name: options.name }), tags: options.queryTags });
    refuseUnknownOptions("TagQueryNode", options, queryOptions);
    if (this.tags.length === 0) throw new QmtlError("TAG_INVALID", "queryTags must name at least one tag; found none");
    this.matchMode = optionalWord("matchMode", options.matchMode, Object.values(MatchMode)) ?? MatchMode.ANY;
    if (typeof options.compute !== "function") {
      throw new QmtlError(
        "NODE_INVALID",
        `compute must be a function of (view, params); found ${shown(options.compute)}`,
      );
    }
    this.compute = options.compute;
    this.params = ownParams(options.params);
    this.onMissing = missingPolicy(options.onMissing);
    this.shared = options.shared ?? true;
    this.location = captureLocation();
    this.#intervalMs = readInterval(options.interval);
    this.#period = readPeriod(options.period);
  }

  get inputs(): readonly Node[] {
    return this.#upstreams;
  }

  /** Runner only: the streams this query found, in the order of their names. */
  resolve(upstreams: readonly Node[]): void {
    this.#upstreams = upstreams;
  }

  matches(node: Node): boolean {
    if (node === this || node.tags.length === 0) return false;
    const has = (tag: string) => node.tags.includes(tag);
    return this.matchMode === MatchMode.ALL ? this.tags.every(has) : this.tags.some(has);
  }

  override get declaredIntervalMs(): IntervalMs | undefined {
    return this.#intervalMs;
  }

  override get declaredPeriod(): number | undefined {
    return this.#period;
  }

  defaultName(): string {
    return "tag_query";
  }
}
