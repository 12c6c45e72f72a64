import { QmtlError, type NodeId } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { RunResult } from "@qmtl/engine/result";
import type { Strategy } from "../strategy/strategy.ts";
import { extendFeeds, openAccount, type Account } from "./account.ts";
import { assembleResult } from "./assemble-result.ts";
import { bindData, type BoundData } from "./bind-data.ts";
import { StreamRun } from "./compute.ts";
import { prepareRun, type PreparedRun, type StrategyInput } from "./offline.ts";
import type { OfflineOptions } from "./options.ts";

/**
 * A run that goes on: history first, then whatever rows are appended. At every moment `result()` equals, bit for bit,
 * that of one run over all rows so far.
 */
export class RunSession {
  readonly strategy: Strategy;
  readonly #prepared: PreparedRun;
  readonly #options: OfflineOptions;
  readonly #data: BoundData;
  readonly #account: Account;
  readonly #run: StreamRun;
  #closed = false;

  private constructor(prepared: PreparedRun, data: BoundData, options: OfflineOptions) {
    this.#prepared = prepared;
    this.#options = options;
    this.#data = data;
    this.strategy = prepared.strategies[0]!;
    this.#account = openAccount(prepared.graphs[0]!, data.frames, options);
    this.#run = new StreamRun(prepared.plan, data.frames, [this.#account], options);
  }

  static async open(strategy: StrategyInput, options: OfflineOptions): Promise<RunSession> {
    const prepared = prepareRun([strategy], options.params);
    await prepared.strategies[0]!.onStart();
    const session = new RunSession(prepared, await bindData(prepared.graphs, options), options);
    session.#run.run();
    return session;
  }

  /**
   * Gives a stream more rows and runs them. Rows must follow the ones that are there.
   *
   * @throws QmtlError `DATA_UNSORTED`, `DATA_MISSING`, `CANCELLED` after close
   */
  append(rows: Frame | Readonly<Record<string, Frame>>): void {
    if (this.#closed) throw new QmtlError("CANCELLED", "the session is closed; open another one to go on");
    const streams = this.#prepared.graphs[0]!.nodes.filter((node) => this.#data.frames.has(node.id));
    const named =
      "intervalMs" in rows && "time" in rows
        ? { [streams[0]!.node.name]: rows as Frame }
        : (rows as Readonly<Record<string, Frame>>);
    for (const [name, frame] of Object.entries(named)) {
      const stream = streams.find(({ node }) => node.name === name);
      if (!stream) {
        throw new QmtlError(
          "DATA_MISSING",
          `there is no stream "${name}"; the streams are ${streams.map(({ node }) => node.name).join(", ")}`,
        );
      }
      this.#extend(stream.id, stream.node.name, frame);
    }
    this.#run.run();
  }

  result(): RunResult {
    return assembleResult(this.#account, this.#run.outputs(), this.#data.quality, this.#options);
  }

  close(): void {
    this.#closed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    this.close();
  }

  #extend(id: NodeId, name: string, frame: Frame): void {
    const source = this.#run.sources.find((each) => each.id === id)!;
    const known = source.frame;
    const lastMs = known.time[known.length - 1]!;
    if (frame.intervalMs !== known.intervalMs || !(frame.time[0]! > lastMs)) {
      throw new QmtlError(
        "DATA_UNSORTED",
        `appended rows of "${name}" must follow ${new Date(lastMs).toISOString()}; found ${new Date(frame.time[0]!).toISOString()}`,
      );
    }
    // The rows before were consumed: only the new ones have to be at hand.
    source.frame = frame;
    source.next = 0;
    extendFeeds(this.#account, id, frame);
  }
}
