import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

export interface BusyRunnerTask {
  readonly worldId: string;
  readonly gatewayUrl: string;
  readonly bars: string;
  readonly folder: string;
  /** Share of the account it moves to and fro: another one is another strategy, which shares all nodes but the last. */
  readonly size: number;
  readonly speed: number;
  readonly recordPath: string;
}

/** An order as the recorder saw it leave. */
export interface RecordedOrder {
  readonly clientOrderId: string;
  readonly epoch: number;
  /** Monotonic nanoseconds, one clock for all processes of the machine. */
  readonly ns: bigint;
}

const bars = fileURLToPath(new URL("../../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));

/** A runner in a process of its own, and the recorder of its orders. */
export class RunnerProcess {
  readonly process: ChildProcess;
  readonly #recordPath: string;
  readonly #lines: Record<string, unknown>[] = [];
  #errors = "";

  constructor(task: Pick<BusyRunnerTask, "worldId" | "gatewayUrl" | "speed"> & { readonly size?: number }) {
    const folder = mkdtempSync(join(tmpdir(), "qmtl-runner-"));
    this.#recordPath = join(folder, "orders.jsonl");
    const whole: BusyRunnerTask = { size: 0.5, ...task, bars, folder, recordPath: this.#recordPath };
    const entry = fileURLToPath(new URL("busy-runner.ts", import.meta.url));
    const jumps = new URL("clock-jumps.ts", import.meta.url).href;
    const args = ["--import", jumps, entry, JSON.stringify(whole)];
    this.process = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let rest = "";
    this.process.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    this.process.stderr!.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
  }

  get strategyId(): string | undefined {
    return this.#last("strategyId") as string | undefined;
  }

  /** Why no order leaves, as it last said; null when some may, undefined before it has said anything. */
  get off(): string | null | undefined {
    return this.#last("off") as string | null | undefined;
  }

  get closedMs(): number {
    return (this.#last("closedMs") as number | undefined) ?? Number.NEGATIVE_INFINITY;
  }

  /** How far its wall clock is ahead of the machine's, as it last said. */
  get clockAheadMs(): number {
    return (this.#last("clockAheadMs") as number | undefined) ?? 0;
  }

  get errors(): string {
    return this.#errors;
  }

  /** The first order that leaves after that moment. */
  orderAfter(ns: bigint): Promise<RecordedOrder> {
    return vi.waitFor(() => {
      const order = this.orders().find((each) => each.ns > ns);
      if (order === undefined) throw new Error(`no order has left: ${this.off} ${this.#errors}`);
      return order;
    }, 30_000);
  }

  orders(): RecordedOrder[] {
    if (!existsSync(this.#recordPath)) return [];
    const lines = readFileSync(this.#recordPath, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => {
      const { ns, ...order } = JSON.parse(line) as { clientOrderId: string; epoch: number; ns: string };
      return { ...order, ns: BigInt(ns) };
    });
  }

  /** The wall clock of the process goes an hour ahead; the next time an hour behind, then back. */
  jumpClock(): void {
    this.process.kill("SIGUSR2");
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGCONT");
    this.process.kill("SIGKILL");
    await ended;
  }

  #last(name: string): unknown {
    return this.#lines.findLast((line) => name in line)?.[name];
  }
}
