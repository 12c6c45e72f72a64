import type { EpochMs, JsonValue } from "@qmtl/core";
import { createBroker, resolveBrokerOptions, type Broker, type BrokerOptions } from "@qmtl/engine/broker";
import { defineInstrument, type Instrument } from "@qmtl/engine/instrument";
import { createEquityTracker } from "@qmtl/engine/metrics";
import { Simulation } from "@qmtl/engine/simulate";
import { buildGraphs, type StrategyGraph } from "../../graph/build-graph.ts";
import type { Node } from "../../strategy/node.ts";
import { Strategy, type NodeTree } from "../../strategy/strategy.ts";
import { StreamInput } from "../../strategy/stream-input.ts";
import { OrderPath } from "../order-path.ts";
import type { OrderPayload } from "../order-stage.ts";

export interface BenchOptions {
  readonly instruments?: readonly (Partial<Instrument> & { readonly symbol: string })[];
  readonly broker?: Partial<BrokerOptions>;
  readonly startMs?: EpochMs;
  readonly intervalMs?: number;
}

/** Open, high, low, close; one number stands for all four. Volume is 1,000. */
export type BenchBar = number | readonly [number, number, number, number];

/**
 * An order path on the real broker, driven close by close: bars trade, then the payloads given are run through the
 * stages, as the executors do it.
 */
export class OrderBench {
  readonly graph: StrategyGraph;
  readonly broker: Broker;
  readonly simulation: Simulation;
  readonly intervalMs: number;
  nowMs: EpochMs;
  readonly #signal: Node;
  readonly #instruments: readonly Instrument[];
  readonly #paths: OrderPath[] = [];

  constructor(build: (signal: Node) => NodeTree, options: BenchOptions = {}) {
    const { instruments: given = [{ symbol: "A" }], intervalMs = 60_000 } = options;
    this.intervalMs = intervalMs;
    this.nowMs = options.startMs ?? Date.UTC(2024, 0, 2);
    const instruments = given.map(defineInstrument);
    const streams = instruments.map((instrument) => new StreamInput({ instrument, interval: intervalMs / 1_000 }));
    this.#signal = streams[0]!;
    this.graph = buildGraphs([new BenchStrategy(streams, build(this.#signal))])[0]!;
    this.broker = createBroker(resolveBrokerOptions(options.broker ?? {}), instruments);
    const tracker = createEquityTracker({
      calendar: instruments[0]!.calendar,
      startEquity: this.broker.options.cash,
      intervalMs,
    });
    this.simulation = new Simulation(this.broker, tracker, instruments.length, 16);
    this.#instruments = instruments;
    this.#paths.push(this.#openPath());
  }

  /** One close. A bar that is undefined is absent. */
  close(bars: readonly (BenchBar | undefined)[], payloads: readonly JsonValue[] = []): this {
    this.open(bars);
    for (const payload of payloads) this.deliver(payload);
    return this.end();
  }

  open(bars: readonly (BenchBar | undefined)[]): this {
    const bucketMs = this.nowMs;
    this.nowMs += this.intervalMs;
    bars.forEach((bar, instrument) => {
      if (bar === undefined) return;
      const [open, high, low, close] = typeof bar === "number" ? [bar, bar, bar, bar] : bar;
      this.simulation.bar(instrument, bucketMs, this.nowMs, open, high, low, close, 1_000);
    });
    this.simulation.open(this.nowMs);
    return this;
  }

  deliver(payload: JsonValue): this {
    this.path.deliver(this.graph.byNode.get(this.#signal)!, payload, this.nowMs - this.intervalMs, this.nowMs);
    return this;
  }

  end(): this {
    this.path.close(this.nowMs);
    this.simulation.close(this.nowMs);
    return this;
  }

  /** Goes on with fresh stages that were given the saved state, through text. */
  cut(): this {
    const saved = JSON.stringify(this.path.save());
    this.#paths.push(this.#openPath());
    this.path.load(JSON.parse(saved) as JsonValue);
    return this;
  }

  /** What a stage put out, in order. */
  recordsOf(node: Node): readonly OrderPayload[] {
    const { id } = this.graph.byNode.get(node)!;
    return this.#paths.flatMap((path) => path.recordsOf(id).map((record) => record.payload));
  }

  get path(): OrderPath {
    return this.#paths.at(-1)!;
  }

  #openPath(): OrderPath {
    return new OrderPath(this.graph, this.simulation, this.#instruments);
  }
}

/** A bench with one stage, its last record after one close at a price, and nothing sent. */
export function throughStage<N extends Node>(
  make: (signal: Node) => N,
  payload: JsonValue,
  options: BenchOptions & { readonly price?: number } = {},
): OrderPayload | undefined {
  let stage!: N;
  const bench = new OrderBench((signal) => (stage = make(signal)), options);
  const prices = (options.instruments ?? [{}]).map(() => options.price ?? 100);
  bench.close(prices, [payload]);
  return bench.recordsOf(stage).at(-1);
}

class BenchStrategy extends Strategy {
  constructor(...nodes: readonly NodeTree[]) {
    super();
    this.addNodes(...nodes);
  }

  setup(): void {}
}
