import { formatInstant, QmtlError, type EpochMs, type NodeId } from "@qmtl/core";
import type { PushOutcome, Revision } from "@qmtl/engine/execute";
import type { Frame } from "@qmtl/engine/frame";
import type { RunResult } from "@qmtl/engine/result";
import type { Strategy } from "../strategy/strategy.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import { extendFeeds, openAccount, type Account } from "./account.ts";
import { assembleResult, type NodeOutputs } from "./assemble-result.ts";
import { bindData, type BoundData } from "./bind-data.ts";
import { checkReadFields } from "./check-fields.ts";
import { checkRunOptions } from "./check-options.ts";
import { StreamRun } from "./compute.ts";
import { callHook, reportFailure } from "./hooks.ts";
import { prepareRun, type PreparedRun, type StrategyInput } from "./offline.ts";
import type { OfflineOptions } from "./options.ts";
import { RevisingRun } from "./revising-run.ts";

/**
 * A run that goes on: history first, then whatever rows are appended. At every moment `result()` equals, bit for bit,
 * that of one run over all rows so far.
 *
 * When a stream allows lateness, rows may come late and in any order: nodes end as if the rows had been in time
 * (`revisions` lists what changed), while orders that were sent stay sent.
 */
export class RunSession {
  readonly strategy: Strategy;
  readonly #prepared: PreparedRun;
  readonly #options: OfflineOptions;
  readonly #data: BoundData;
  readonly #account: Account;
  readonly #streams: readonly { readonly id: NodeId; readonly name: string }[];
  readonly #run: StreamRun | RevisingRun;
  readonly #onClose: ((session: RunSession) => void) | undefined;
  #closed = false;

  private constructor(
    prepared: PreparedRun,
    data: BoundData,
    options: OfflineOptions,
    onClose: ((session: RunSession) => void) | undefined,
  ) {
    this.#onClose = onClose;
    this.#prepared = prepared;
    this.#options = options;
    this.#data = data;
    this.strategy = prepared.strategies[0]!;
    this.#streams = prepared.graphs[0]!.nodes.flatMap(({ id, node }) =>
      data.frames.has(id) ? [{ id, name: node.name }] : [],
    );
    this.#account = openAccount(prepared.graphs[0]!, data.frames, options);
    const allowsLateness = prepared.graphs[0]!.nodes.some(
      ({ node }) => node instanceof StreamInput && node.allowedLatenessMs > 0,
    );
    this.#run = allowsLateness
      ? new RevisingRun(prepared.plan, this.#account, options)
      : new StreamRun(prepared.plan, data.frames, [this.#account], options, undefined, rowsAtOnce);
  }

  /** @param onClose - told once, when the session is closed */
  static async open(
    strategy: StrategyInput,
    options: OfflineOptions,
    onClose?: (session: RunSession) => void,
  ): Promise<RunSession> {
    checkRunOptions(options);
    const prepared = prepareRun([strategy], options.params);
    let session: RunSession | undefined;
    try {
      const [first] = prepared.strategies;
      await callHook(first!, "onStart", () => first!.onStart());
      session = new RunSession(prepared, await bindData(prepared.graphs, options), options, onClose);
      if (session.#run instanceof StreamRun) session.#run.run();
      else session.#pushAll([...session.#data.frames]);
      checkReadFields(prepared.graphs[0]!, session.#outputs());
      return session;
    } catch (error) {
      session?.close();
      await reportFailure(prepared.strategies, error);
      throw error;
    }
  }

  /** Values that late rows have changed, in the order in which that happened. */
  get revisions(): readonly Revision[] {
    return this.#run instanceof RevisingRun ? this.#run.revisions : [];
  }

  /**
   * Gives streams more rows and runs them: one frame for a single stream, or frames by stream name. Without lateness, rows
   * must follow the ones that are there.
   *
   * @returns how the rows were taken; without lateness all are accepted
   * @throws QmtlError `DATA_UNSORTED`, `DATA_LATE`, `DATA_MISSING`, `CANCELLED` after close
   */
  append(rows: Frame | Readonly<Record<string, Frame>>): Readonly<Record<PushOutcome, number>> {
    if (this.#closed) throw new QmtlError("CANCELLED", "the session is closed; open another one to go on");
    const taken = isFrame(rows)
      ? [{ ...this.#streams[0]!, frame: rows }]
      : Object.entries(rows).map(([name, frame]) => ({ ...this.#streamOf(name), frame }));
    if (this.#run instanceof RevisingRun) return this.#pushAll(taken.map(({ id, frame }) => [id, frame]));
    let accepted = 0;
    for (const { id, name, frame } of taken) {
      this.#extend(this.#run, id, name, frame);
      accepted += frame.length;
    }
    this.#run.run();
    return { ...noOutcomes, accepted };
  }

  result(): RunResult {
    return assembleResult(this.#account, this.#outputs(), this.#data.quality, this.#options);
  }

  /** Lets go of the run. Closing twice is no error. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#run instanceof StreamRun) this.#run.executor.close();
    this.#onClose?.(this);
  }

  /** Closes the session after the strategy's `onFinish`, which is called once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.close();
    const { strategy } = this;
    await callHook(strategy, "onFinish", () => strategy.onFinish(this.result()));
  }

  #outputs(): NodeOutputs {
    return this.#run instanceof RevisingRun ? this.#run.recorder : this.#run.outputs();
  }

  #streamOf(name: string): { readonly id: NodeId; readonly name: string } {
    const stream = this.#streams.find((each) => each.name === name);
    if (stream) return stream;
    const names = this.#streams.map((each) => each.name).join(", ");
    throw new QmtlError("DATA_MISSING", `there is no stream "${name}"; the streams are ${names}`);
  }

  #pushAll(frames: readonly (readonly [NodeId, Frame])[]): Readonly<Record<PushOutcome, number>> {
    const run = this.#run as RevisingRun;
    const counts = { ...noOutcomes };
    const rows = frames.flatMap(([id, frame]) =>
      Array.from({ length: frame.length }, (_, row) => ({
        id,
        frame,
        row,
        closeMs: frame.time[row]! + frame.intervalMs,
      })),
    );
    // Several streams in one call come together: in event time, as they would have arrived.
    if (frames.length > 1) rows.sort((a, b) => a.closeMs - b.closeMs);
    for (const { id, frame, row } of rows) {
      const { fields } = this.#prepared.plan.byId.get(id)!.node as { fields: readonly string[] };
      const values = Float64Array.from(fields, (field) => frame.columns[field]?.[row] ?? Number.NaN);
      counts[run.push(id, frame.time[row]!, values)]++;
    }
    return counts;
  }

  #extend(run: StreamRun, id: NodeId, name: string, frame: Frame): void {
    const source = run.sources.find((each) => each.id === id)!;
    const known = source.frame;
    const lastMs: EpochMs = known.length > 0 ? known.time[known.length - 1]! : Number.NEGATIVE_INFINITY;
    if (frame.length > 0 && !(frame.time[0]! > lastMs)) {
      throw new QmtlError(
        "DATA_UNSORTED",
        `appended rows of "${name}" must follow ${formatInstant(lastMs)}; found ${formatInstant(frame.time[0]!)}`,
        { hint: 'give the stream allowedLateness: "5m" when rows may come late' },
      );
    }
    if (frame.intervalMs !== known.intervalMs) {
      throw new QmtlError(
        "DATA_INVALID",
        `appended rows of "${name}" have interval ${frame.intervalMs} ms; expected ${known.intervalMs} ms`,
      );
    }
    // The rows before were consumed: only the new ones have to be at hand.
    source.frame = frame;
    source.next = 0;
    extendFeeds(this.#account, id, frame);
  }
}

// Rows that are appended are past: a day of minutes at a time.
const rowsAtOnce = 2_048;

const noOutcomes: Readonly<Record<PushOutcome, number>> = {
  accepted: 0,
  revised: 0,
  duplicate: 0,
  ignored: 0,
  side_output: 0,
};

function isFrame(rows: Frame | Readonly<Record<string, Frame>>): rows is Frame {
  return "intervalMs" in rows && "time" in rows && rows.time instanceof Float64Array;
}
