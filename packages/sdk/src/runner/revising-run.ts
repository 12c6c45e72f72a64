import type { EpochMs, NodeId } from "@qmtl/core";
import { RevisingStream, type PushOutcome, type Revision, type SourceRow } from "@qmtl/engine/execute";
import type { Plan } from "@qmtl/engine/plan";
import { deliverOrders, type SimulateHooks, type StreamOrderSource } from "@qmtl/engine/simulate";
import { StreamInput } from "../strategy/stream-input.ts";
import type { Account } from "./account.ts";
import { hooksOf, streamOrders } from "./compute.ts";
import type { OfflineOptions } from "./options.ts";
import { StreamRecorder } from "./stream-recorder.ts";

/**
 * A run whose rows may come late: nodes are computed again as if the row had been in time, and what changed is
 * reported. Orders are not: they left on what was known, and a late row neither repeats nor recalls them.
 */
export class RevisingRun {
  readonly stream: RevisingStream;
  readonly revisions: Revision[] = [];
  readonly recorder: StreamRecorder;
  readonly #account: Account;
  readonly #orders: readonly StreamOrderSource[];
  readonly #hooks: SimulateHooks;
  #traded = false;

  constructor(plan: Plan, account: Account, options: OfflineOptions) {
    this.#account = account;
    this.#hooks = hooksOf(account, options, 0, 1);
    this.recorder = new StreamRecorder(plan, options.keep !== "none");
    const policies = new Map(
      account.graph.nodes.flatMap(({ id, node }) =>
        node instanceof StreamInput ? [[id, node as StreamInput<string>] as const] : [],
      ),
    );
    this.stream = new RevisingStream(plan, policies, {
      beforeClose: (closeMs, rows) => this.#trade(closeMs, rows),
      afterClose: (closeMs) => this.#settle(closeMs),
      onRewind: (closeMs) => this.recorder.rewind(closeMs),
      onRevision: (revision) => this.revisions.push(revision),
    });
    this.#orders = streamOrders(account, this.stream.executor);
    this.recorder.listenTo(this.stream.executor);
  }

  push(source: NodeId, bucketMs: EpochMs, values: ArrayLike<number>): PushOutcome {
    const outcome = this.stream.push(source, bucketMs, values);
    if (outcome === "revised") for (const order of this.#orders) order.seenRows = order.grid.rows;
    return outcome;
  }

  #trade(closeMs: EpochMs, rows: readonly SourceRow[]): void {
    const { simulation, feeds, graph } = this.#account;
    this.#traded = false;
    for (const { source, instrument } of feeds) {
      const row = rows.find((each) => each.sourceId === source);
      if (!row) continue;
      const { fields } = graph.nodes.find((node) => node.id === source)!.node;
      const value = (field: string) => row.values[fields!.indexOf(field)] ?? Number.NaN;
      simulation.bar(
        instrument,
        row.bucketMs,
        closeMs,
        value("open"),
        value("high"),
        value("low"),
        value("close"),
        value("volume"),
      );
      this.#traded = true;
    }
    if (this.#traded) simulation.open(closeMs);
  }

  #settle(closeMs: EpochMs): void {
    const { simulation } = this.#account;
    deliverOrders(simulation, this.#orders, closeMs);
    if (!this.#traded) return;
    this.#hooks.onClose?.(closeMs);
    simulation.close(closeMs);
    this.#hooks.afterClose?.(closeMs);
  }
}
