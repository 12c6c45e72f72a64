import * as prometheus from "@prometheus-io/client";

export type Labels = Readonly<Record<string, string | number>>;

export interface Counter {
  increment(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  add(by: number, labels?: Labels): void;
  remove(labels: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/**
 * The instruments of one service, each with its own registry: several services of one process keep apart. Asking twice
 * for a name gives the same instrument. A label that takes many values (a world, a strategy) cannot grow the registry
 * without end: past `labelSetsMax` combinations the rest is counted under `__other__`.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  histogram(name: string, help: string, labels?: readonly string[], buckets?: readonly number[]): Histogram;
  /** A gauge of a quantile over the last `samples` observations, for names that are published as such. */
  quantile(name: string, help: string, quantile: number, samples?: number): Histogram;
  /** Runs before each reading, for gauges that are cheap to compute and not worth keeping up to date. */
  beforeReading(refresh: () => void | Promise<void>): void;
  /** The text exposition format. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(service: string, { labelSetsMax = 1_000 } = {}): Metrics {
  return new ServiceMetrics(service, labelSetsMax);
}

const otherLabel = "__other__";
const latencySeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10];

class ServiceMetrics implements Metrics {
  readonly #registry = new prometheus.Registry<prometheus.PrometheusContentType>();
  readonly #instruments = new Map<string, Counter | Gauge | Histogram>();
  readonly #refreshes: (() => void | Promise<void>)[] = [];
  readonly #labelSetsMax: number;

  constructor(service: string, labelSetsMax: number) {
    this.#labelSetsMax = labelSetsMax;
    this.#processGauges(service);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    return this.#once(name, () => {
      const metric = new prometheus.Counter<string>({ name, help, labelNames: labels, registers: [this.#registry] });
      const bounded = this.#bound(labels);
      return { increment: (values, by = 1) => metric.inc(bounded(values), by) };
    });
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Gauge {
    return this.#once(name, () => {
      const metric = new prometheus.Gauge<string>({ name, help, labelNames: labels, registers: [this.#registry] });
      const bounded = this.#bound(labels);
      return {
        set: (value, values) => metric.set(bounded(values), value),
        add: (by, values) => metric.inc(bounded(values), by),
        remove: (values) => metric.remove(values),
      };
    });
  }

  histogram(
    name: string,
    help: string,
    labels: readonly string[] = [],
    buckets: readonly number[] = latencySeconds,
  ): Histogram {
    return this.#once(name, () => {
      const registers = [this.#registry];
      const metric = new prometheus.Histogram<string>({
        name,
        help,
        labelNames: labels,
        buckets: [...buckets],
        registers,
      });
      const bounded = this.#bound(labels);
      return { observe: (value, values) => metric.observe(bounded(values), value) };
    });
  }

  quantile(name: string, help: string, quantile: number, samples = 100): Histogram {
    return this.#once(name, () => {
      const metric = new prometheus.Gauge({ name, help, registers: [this.#registry] });
      const last: number[] = [];
      let next = 0;
      this.beforeReading(() => {
        const sorted = last.toSorted((a, b) => a - b);
        metric.set(sorted[Math.min(sorted.length - 1, Math.ceil(quantile * sorted.length) - 1)] ?? 0);
      });
      return {
        observe: (value) => {
          last[next] = value;
          next = (next + 1) % samples;
        },
      };
    });
  }

  beforeReading(refresh: () => void | Promise<void>): void {
    this.#refreshes.push(refresh);
  }

  async text(): Promise<string> {
    for (const refresh of this.#refreshes) await refresh();
    return this.#registry.metrics();
  }

  #once<Instrument extends Counter | Gauge | Histogram>(name: string, make: () => Instrument): Instrument {
    const known = this.#instruments.get(name);
    if (known !== undefined) return known as Instrument;
    const made = make();
    this.#instruments.set(name, made);
    return made;
  }

  /** Lets label values through until the instrument has seen `labelSetsMax` combinations of them. */
  #bound(labels: readonly string[]): (values: Labels | undefined) => Record<string, string | number> {
    const seen = new Set<string>();
    const others = Object.fromEntries(labels.map((label) => [label, otherLabel]));
    return (values = {}) => {
      const key = labels.map((label) => values[label] ?? "").join("\u0000");
      if (!seen.has(key)) {
        if (seen.size >= this.#labelSetsMax) return others;
        seen.add(key);
      }
      return values;
    };
  }

  #processGauges(service: string): void {
    const up = this.gauge("service_up", "1 while the service runs", ["service"]);
    const resident = this.gauge("process_resident_memory_bytes", "resident memory of the process");
    const heap = this.gauge("nodejs_heap_size_used_bytes", "used JavaScript heap of the process");
    this.beforeReading(() => {
      const { rss, heapUsed } = process.memoryUsage();
      up.set(1, { service });
      resident.set(rss);
      heap.set(heapUsed);
    });
  }
}
