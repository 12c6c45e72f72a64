import { assert, QmtlError, shown, type EpochMs, type JsonValue, type NodeId } from "@qmtl/core";
import type { Instrument } from "@qmtl/engine/instrument";
import type { Simulation } from "@qmtl/engine/simulate";
import type { IdentifiedNode, StrategyGraph } from "../graph/build-graph.ts";
import { AccountContext } from "./account-context.ts";
import { OrderStageNode, type OrderPayload, type OrderStage } from "./order-stage.ts";

/** What one stage put out, for `explain` and for the stage's own column. */
export interface StageRecord {
  readonly bucketMs: EpochMs;
  readonly nowMs: EpochMs;
  readonly payload: OrderPayload;
}

interface StageRun {
  readonly node: IdentifiedNode;
  readonly stage: OrderStage;
  readonly next: StageRun[];
  readonly records: StageRecord[];
}

/** The stages of one strategy on one account: payloads go in at the pure nodes that stages read. */
export class OrderPath {
  /** Pure nodes whose rows feed stages, in topological order. */
  readonly entries: readonly IdentifiedNode[];
  readonly #byEntry = new Map<IdentifiedNode, StageRun[]>();
  readonly #runs: StageRun[] = [];
  readonly #context: AccountContext;
  /** True when a stage has something to do at closes: it holds payloads back, or watches the account. */
  readonly waits: boolean;

  constructor(graph: StrategyGraph, simulation: Simulation, instruments: readonly Instrument[]) {
    // By id: equal stages are one, as equal nodes are, and send their orders once.
    const runOf = new Map<NodeId, StageRun>();
    for (const identified of graph.nodes) {
      if (!(identified.node instanceof OrderStageNode) || runOf.has(identified.id)) continue;
      const run: StageRun = { node: identified, stage: identified.node.createStage(), next: [], records: [] };
      runOf.set(identified.id, run);
      this.#runs.push(run);
      const input = identified.inputs[0];
      assert(input, "a stage has an input");
      const upstream = runOf.get(input.id);
      if (upstream) upstream.next.push(run);
      else this.#byEntry.set(input, [...(this.#byEntry.get(input) ?? []), run]);
    }
    this.entries = [...this.#byEntry.keys()];
    this.waits = this.#runs.some((run) => run.stage.onClose !== undefined);
    this.#context = new AccountContext(simulation, instruments);
  }

  /** Runs one row of a pure node through the stages that read it. */
  deliver(entry: IdentifiedNode, value: JsonValue, bucketMs: EpochMs, nowMs: EpochMs): void {
    this.#context.at(bucketMs, nowMs);
    const payloads = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
    for (const payload of payloads) {
      if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
        throw new QmtlError(
          "ORDER_INVALID",
          `node "${entry.node.name}" must give the order path a record; found ${shown(payload)}`,
          {
            hint: 'return for example { side: "BUY", quantity: 1 }',
          },
        );
      }
      for (const run of this.#byEntry.get(entry)!) this.#pass(run, payload as OrderPayload);
    }
  }

  /** After all payloads of a close. */
  close(nowMs: EpochMs): void {
    this.#context.at(nowMs, nowMs);
    for (const run of this.#runs) {
      for (const payload of run.stage.onClose?.(this.#context) ?? []) this.#emit(run, payload);
    }
  }

  recordsOf(id: NodeId): readonly StageRecord[] {
    return this.#runs.find((run) => run.node.id === id)?.records ?? [];
  }

  /** Goes on with the records of a run that was cut here. */
  continueRecords(before: OrderPath): void {
    this.#runs.forEach((run, index) => run.records.push(...before.#runs[index]!.records));
  }

  save(): JsonValue {
    return { account: this.#context.save(), stages: this.#runs.map((run) => run.stage.save?.() ?? null) };
  }

  load(state: JsonValue): void {
    const { account, stages } = state as { account: JsonValue; stages: readonly JsonValue[] };
    this.#context.load(account);
    stages.forEach((each, index) => {
      if (each !== null) this.#runs[index]!.stage.load?.(each);
    });
  }

  #pass(run: StageRun, payload: OrderPayload): void {
    const result = run.stage.handle(payload, this.#context);
    if (result === undefined) return;
    if (Array.isArray(result)) for (const each of result as readonly OrderPayload[]) this.#emit(run, each);
    else this.#emit(run, result as OrderPayload);
  }

  #emit(run: StageRun, payload: OrderPayload): void {
    run.records.push({ bucketMs: this.#context.bucketMs, nowMs: this.#context.nowMs, payload });
    if (payload["rejected"] === true) return;
    for (const next of run.next) this.#pass(next, payload);
  }
}
