import { DataPlane } from "../../../apps/gateway/src/data-plane/data-plane.ts";
import {
  openEmbeddedQueues,
  type DataLog,
  type EmbeddedQueues,
  type Leases,
  type OutgoingRecord,
} from "../../../packages/bus/src/index.ts";
import { QmtlError } from "../../../packages/core/src/index.ts";
import { WriteFailed, type FaultyProcess, type FaultySystem } from "../../../packages/testkit/src/simulation/index.ts";
import type { GatewayClient } from "../../../packages/sdk/src/gateway-client/index.ts";
import { call } from "../services/simulated-network.ts";
import type { SharingMutant } from "./mutants.ts";
import type { SharingOracle } from "./oracle.ts";

/** The Gateway's data plane over queues that outlive it, as it is shipped, on a simulated clock and network. */
export class SimulatedPlane {
  readonly process: FaultyProcess;
  readonly #system: FaultySystem;
  readonly #oracle: SharingOracle;
  readonly #mutant: SharingMutant;
  readonly #queues: EmbeddedQueues;
  /** The mutants' own fence. */
  readonly #fence = new Map<string, number>();
  #plane: DataPlane | undefined;

  private constructor(system: FaultySystem, oracle: SharingOracle, mutant: SharingMutant, queues: EmbeddedQueues) {
    this.#system = system;
    this.#oracle = oracle;
    this.#mutant = mutant;
    this.#queues = queues;
    this.process = system.process("gateway", () => {
      this.#fence.clear();
      this.#plane = new DataPlane({ log: this.#log(), leases: this.#leases(), clock: this.process });
    });
  }

  static async open(
    system: FaultySystem,
    oracle: SharingOracle,
    mutant: SharingMutant,
    topics: readonly string[],
  ): Promise<SimulatedPlane> {
    let ids = 0;
    let plane: SimulatedPlane | undefined;
    const queues = await openEmbeddedQueues({
      path: ":memory:",
      clock: {
        nowMs: () => plane?.process.nowMs() ?? 0,
        monotonicMs: () => system.nowMs,
        after: (delayMs, run) => plane!.process.after(delayMs, run),
      },
      ids: { next: () => `f${ids++}` },
      onDivergence: (alarm) => {
        if (mutant.hidesDivergence !== true) oracle.alarmed(alarm);
      },
    });
    const config = { partitions: 1, retentionMs: 86_400_000 };
    await queues.dataLog.ensureTopics(topics.map((name) => ({ name, config })));
    plane = new SimulatedPlane(system, oracle, mutant, queues);
    return plane;
  }

  close(): Promise<void> {
    return this.#queues.close();
  }

  /** What a runner speaks to in this life of it; a dead one says and hears nothing. */
  clientOf(from: FaultyProcess): GatewayClient {
    const { life } = from;
    const ask = <Answer>(timeoutMs: number, work: (plane: DataPlane) => Promise<Answer>): Promise<Answer> =>
      from.isUp && from.life === life
        ? call(this.#system, from, this.process, timeoutMs, () => work(this.#plane!))
        : new Promise(() => {});
    const client: Pick<GatewayClient, "nodeLease" | "appendRecords" | "readRecords"> = {
      nodeLease: (request) => ask(2_000, (plane) => plane.lease(request, "runner")),
      appendRecords: (topic, records) => ask(2_000, (plane) => plane.append(topic, records)),
      readRecords: (topic, fromOffset, options) => {
        const { limit = 500, waitMs = 0 } = options ?? {};
        return ask(2_000 + waitMs, (plane) => plane.read(topic, fromOffset, limit, waitMs));
      },
    };
    return client as GatewayClient;
  }

  #leases(): Leases {
    const { leases } = this.#queues;
    return {
      acquire: async (resource, holder, ttlMs) => {
        let answer = await leases.acquire(resource, holder, ttlMs);
        if (answer.kind === "granted") {
          if (this.#mutant.reusesTokens === true) answer = { ...answer, token: 1 };
          this.#oracle.granted(resource, answer.token);
        }
        this.process.reach("lease:done");
        return answer;
      },
      renew: (resource, token, ttlMs) => leases.renew(resource, token, ttlMs),
      release: (resource, token) => leases.release(resource, token),
      close: () => leases.close(),
    };
  }

  #log(): DataLog {
    const { dataLog } = this.#queues;
    return Object.create(dataLog, {
      append: { value: (topic: string, records: readonly OutgoingRecord[]) => this.#append(topic, records) },
      read: { value: dataLog.read.bind(dataLog) },
      subscribe: { value: dataLog.subscribe.bind(dataLog) },
    }) as DataLog;
  }

  async #append(topic: string, records: readonly OutgoingRecord[]) {
    const { dataLog } = this.#queues;
    this.process.reach("append:begin");
    const failure = this.#failure();
    if (failure === "not done") throw new QmtlError("STORE_FAILED", "the disk is full");
    const answers = await dataLog.append(
      topic,
      records.map((record) => this.#asMutant(record)),
    );
    // Seen before anybody is told: what happened is durable, whoever hears of it.
    records.forEach((record, place) => this.#oracle.appended(record, answers[place]!));
    if (failure !== undefined) throw new QmtlError("STORE_FAILED", "the disk does not answer");
    this.process.reach("append:done");
    return answers;
  }

  #failure(): "not done" | "done but told it failed" | undefined {
    try {
      this.process.write(() => undefined);
      return undefined;
    } catch (error) {
      if (error instanceof WriteFailed) return error.message as "not done" | "done but told it failed";
      throw error;
    }
  }

  #asMutant(record: OutgoingRecord): OutgoingRecord {
    const { noFence, forgetsFence, doublesRows } = this.#mutant;
    const { key, token, inputHash } = record;
    if (doublesRows === true) return { ...record, inputHash: `${inputHash}/${this.#system.nowMs}` };
    if (noFence !== true && forgetsFence !== true) return record;
    const highest = this.#fence.get(key) ?? 0;
    if (forgetsFence === true && token < highest) throw new QmtlError("FENCED", "somebody newer writes");
    this.#fence.set(key, Math.max(highest, token));
    return { ...record, token: 1 };
  }
}
