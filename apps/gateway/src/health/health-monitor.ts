import type { DegradeLevel, DependencyHealth, GatewayHealth } from "@qmtl/contracts/gateway";
import { sleep, type Clock } from "@qmtl/core";
import type { Logger } from "@qmtl/service/logging";

type Dependency = Exclude<keyof GatewayHealth, "status">;

/** How each dependency is; none is given where it is not configured. */
export type Probes = Readonly<Partial<Record<Dependency, () => Promise<DependencyHealth> | DependencyHealth>>>;

export interface HealthMonitorOptions {
  readonly probes: Probes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly everyMs: number;
  /** How long one probe may take. */
  readonly probeMs: number;
  /** Load of the machine in percent; absent: not looked at. */
  readonly cpuPercent?: () => number;
  readonly onLevel: (level: DegradeLevel) => void;
}

/** The order of levels is their severity. */
export const degradeLevels = ["NORMAL", "PARTIAL", "MINIMAL", "STATIC"] as const satisfies readonly DegradeLevel[];

/** Fewer working dependencies and a busier machine leave less that can be done. */
export function degradeLevelOf(downCount: number, cpuPercent: number): DegradeLevel {
  const byCpu = cpuPercent > 95 ? 3 : cpuPercent > 85 ? 2 : 0;
  return degradeLevels[Math.max(Math.min(3, downCount), byCpu)]!;
}

/** Looks after the Gateway's dependencies, all at once and each with a deadline. */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  #level: DegradeLevel = "NORMAL";
  #health: { readonly value: Promise<GatewayHealth>; readonly atMs: number } | undefined;
  #cancel: () => void = () => {};
  #stopped = true;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
  }

  get level(): DegradeLevel {
    return this.#level;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await this.#round();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** How things are, at most two seconds old. */
  health(): Promise<GatewayHealth> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#health === undefined || nowMs - this.#health.atMs >= 2_000) {
      this.#health = { value: this.#probe(), atMs: nowMs };
    }
    return this.#health.value;
  }

  async #round(): Promise<void> {
    const { clock, everyMs, cpuPercent, logger, onLevel } = this.#options;
    const { status: _, ...parts } = await this.health();
    const down = Object.values(parts).filter((health) => health === "error" || health === "open").length;
    const level = degradeLevelOf(down, cpuPercent?.() ?? 0);
    if (level !== this.#level) logger.warn("degrade level", { from: this.#level, to: level, ...parts });
    this.#level = level;
    onLevel(level);
    if (!this.#stopped) this.#cancel = clock.after(everyMs, () => void this.#round());
  }

  async #probe(): Promise<GatewayHealth> {
    const one = (name: Dependency): Promise<DependencyHealth> => this.#probeOne(name);
    const [postgres, redis, bus, dagmanager, worldservice] = await Promise.all([
      one("postgres"),
      one("redis"),
      one("bus"),
      one("dagmanager"),
      one("worldservice"),
    ]);
    const parts = { postgres, redis, bus, dagmanager, worldservice };
    const fine = Object.values(parts).every((health) => health === "ok" || health === "none");
    return { status: fine ? "ok" : "degraded", ...parts };
  }

  async #probeOne(name: Dependency): Promise<DependencyHealth> {
    const probe = this.#options.probes[name];
    if (probe === undefined) return "none";
    const deadline = new AbortController();
    try {
      const late = sleep(this.#options.clock, this.#options.probeMs, deadline.signal).then(() => "error" as const);
      late.catch(() => {});
      return await Promise.race([probe(), late]);
    } catch {
      return "error";
    } finally {
      deadline.abort();
    }
  }
}
