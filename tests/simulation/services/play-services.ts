import { seededRandom, type Clock, type Ids } from "../../../packages/core/src/index.ts";
import { createGateway, openGatewayDatabase, type Gateway } from "../../../apps/gateway/src/index.ts";
import type { GatewayTables } from "../../../apps/gateway/src/store/tables.ts";
import { isFinal, type Status } from "../../../apps/gateway/src/submission/life-cycle.ts";
import { workerLimits } from "../../../apps/gateway/src/submission/worker.ts";
import { FakeDagManager } from "../../../apps/gateway/src/testing/fake-dag-manager.ts";
import { chainOf, submissionOf } from "../../../apps/gateway/src/testing/submissions.ts";
import { createWorld, worldMigrations, type World, type WorldTables } from "../../../apps/world/src/index.ts";
import { emptyBook, type LeavingOrder } from "../../../packages/policy/src/order-gate/index.ts";
import type { WorldPhase } from "../../../packages/policy/src/world-protocol/index.ts";
import { GatewayClient } from "../../../packages/sdk/src/gateway-client/index.ts";
import { OrderGateSession } from "../../../packages/sdk/src/world-run/order-gate-session.ts";
import { Authenticator, LocalKeySet } from "../../../packages/service/src/auth/index.ts";
import { silentLogger } from "../../../packages/service/src/logging/index.ts";
import { createMetrics } from "../../../packages/service/src/metrics/index.ts";
import { openEmbeddedDatabase, verifyAudit } from "../../../packages/store/src/index.ts";
import {
  FaultySystem,
  InvariantBroken,
  planFaults,
  WriteFailed,
  type FaultPlan,
  type FaultyProcess,
  type Topology,
} from "../../../packages/testkit/src/simulation/index.ts";
import { inRealTime, settled } from "./settle.ts";
import { SimulatedBus } from "./simulated-bus.ts";
import { call } from "./simulated-network.ts";
import { SimulatedSocket } from "./simulated-socket.ts";

const holderNames = ["h0", "h1"] as const;
const startMs = 1_500;
const healAtMs = 7_500;
const endMs = healAtMs + 16_000;
/** How long a crashed Gateway's work waits for the next one. */
const claimMs = 1_000;

const points = ["begin", "inside", "committed"].flatMap((part) => [`apply_stage:${part}`, `world_killed:${part}`]);

const topology: Topology = {
  links: [
    ...holderNames.flatMap((name): [string, string][] => [
      [name, "gateway"],
      ["gateway", name],
    ]),
    ["gateway", "world"],
    ["world", "gateway"],
    ["world", "bus"],
    ["bus", "world"],
    ["gateway", "bus"],
    ["bus", "gateway"],
  ],
  processes: [
    { name: "world", points, writes: true },
    { name: "gateway" },
    ...holderNames.map((name) => ({ name, rates: [1 / 1.02, 1.02] as const })),
  ],
  requests: { apply: 1.8, kill: 0.3, revive: 0.3, submit: 1.5 },
};

export function planServices(seed: number): FaultPlan {
  return planFaults(seed, topology, { healAtMs, faultsMax: 8, startMs });
}

const keys = await LocalKeySet.inMemory();

/** What a wrong service does, to see that it is noticed. */
export interface ServiceMutant {
  /** The gate is asked, and the order leaves later. */
  readonly awaitsBeforeSend?: boolean;
  /** The holder's clock for leases is a wall clock that jumps. */
  readonly leasesOnWallClock?: boolean;
  /** The Gateway answers for leases what the world has said before. */
  readonly remembersLeases?: boolean;
  /** What is being worked on may be claimed again. */
  readonly sharesClaims?: boolean;
  /** Work is taken out of the queue, not claimed. */
  readonly popsWork?: boolean;
}

export interface ServicesRun {
  readonly broken: InvariantBroken | undefined;
  readonly ordersLeft: number;
  readonly freezes: number;
  readonly trace: number;
}

/**
 * The services as they are shipped, WorldService and Gateway on their databases and the runners' own order gate, on
 * simulated clocks, network and crashes: orders against what the world has committed (OG-2, OG-3, OG-7), events (W-1),
 * the audit (W-6), submissions (S-1, S-2, S-3: each strategy's steps in their order, by one worker at a time), and that everything comes right again after the heal (W-3, OG-4).
 */
export async function playServices(plan: FaultPlan, mutant: ServiceMutant = {}): Promise<ServicesRun> {
  const system = new FaultySystem(plan);
  let broken: InvariantBroken | undefined;
  const report = (found: InvariantBroken): void => void (broken ??= found);
  const violated = (id: string, message: string): void =>
    report(new InvariantBroken(id, `${message}, at ${system.nowMs.toFixed(1)} ms`));
  const ids = seededIds(plan.seed);
  const bus = new SimulatedBus(system, report);

  // What is durable outlives the processes that write it.
  const trueClock = clockOf(system);
  const [worldDatabase, gatewayDatabase] = await Promise.all([
    openEmbeddedDatabase<WorldTables>({ path: ":memory:", migrations: worldMigrations, clock: trueClock }),
    openGatewayDatabase({ path: ":memory:", clock: trueClock }),
  ]);
  const authOf = (clock: Clock, loopback: boolean): Authenticator => new Authenticator({ clock, ids, keys, loopback });

  // ---- the world

  let world: World | undefined;
  let worldChanged = true;
  const worldProcess = system.process("world", () => void startWorld());
  async function startWorld(): Promise<void> {
    world = undefined;
    const { life } = worldProcess;
    const app = await made(
      createWorld({
        config: { worldservice: { bind: { host: "127.0.0.1", port: 0 } } as never },
        database: worldDatabase,
        bus: bus.of(worldProcess),
        clock: worldProcess,
        ids,
        logger: silentLogger,
        metrics: createMetrics("worldservice"),
        auth: authOf(worldProcess, false),
        at: (moment) => {
          // What a process that is gone was in the middle of has not happened.
          if (worldProcess.life !== life || !worldProcess.isUp) throw new Error("the process is gone");
          worldChanged = true;
          worldProcess.reach(moment);
          if (moment.endsWith(":inside")) failedWrite = failureOf(worldProcess);
          if (failedWrite !== undefined && moment.endsWith(`:${failedWrite}`)) throw new WriteFailed(failedWrite);
        },
      }),
      ({ http }) => http,
    );
    await app.start({ listen: false });
    if (worldProcess.life === life) world = app;
  }
  let failedWrite: "inside" | "committed" | undefined;

  // ---- the gateway

  let gateway: Gateway | undefined;
  const dagManager = new FakeDagManager();
  // A diff takes its time: whatever ends the Gateway can come in the middle of one.
  const diffsUnderWay = new Map<string, { readonly life: number; readonly begunMs: number }>();
  let diffs = 0;
  const diff = dagManager.diff.bind(dagManager);
  dagManager.diff = async (asked) => {
    const { strategyId } = asked;
    const { life } = gatewayProcess;
    const before = diffsUnderWay.get(strategyId);
    const begunMs = gatewayProcess.nowMs();
    // A claim that ran out, for a clock that jumped or a process that stood still, is somebody else's by right.
    if (before?.life === life && begunMs - before.begunMs < claimMs) {
      violated("S-3", `two diffs of ${strategyId} are under way at once`);
    }
    diffsUnderWay.set(strategyId, { life, begunMs });
    submissionsChanged = true;
    if (mutant.sharesClaims === true) {
      await changeSubmission(strategyId, { claim_token: null, claim_holder: null, claim_until_ms: null, ready_ms: 0 });
    }
    if (mutant.popsWork === true) await changeSubmission(strategyId, { ready_ms: null });
    const takesMs = 10 + 600 * system.draw(40, diffs++);
    await new Promise<void>((resolve) => gatewayProcess.after(takesMs, resolve));
    diffsUnderWay.delete(strategyId);
    submissionsChanged = true;
    return diff(asked);
  };
  const changeSubmission = (id: string, changes: Partial<GatewayTables["submissions"]>): Promise<unknown> =>
    gatewayDatabase
      .updateTable("submissions")
      .set(changes as object)
      .where("strategy_id", "=", id)
      .execute();
  const remembered = new Map<string, { status: number; headers: Record<string, string>; body: string }>();
  const gatewayProcess = system.process("gateway", () => void startGateway());
  async function startGateway(): Promise<void> {
    gateway = undefined;
    const { life } = gatewayProcess;
    const app = await made(
      createGateway({
        database: gatewayDatabase,
        bus: bus.of(gatewayProcess),
        dagManager,
        world: async ({ method, path, headers, body }) => {
          const isRead = method === "GET" || path.endsWith("/lease");
          const memory = `${path} ${JSON.parse(body ?? "null")?.holder}`;
          const known = mutant.remembersLeases === true && path.endsWith("/lease") ? remembered.get(memory) : undefined;
          if (known !== undefined) return known;
          const answer = await call(system, gatewayProcess, worldProcess, isRead ? 1_000 : 30_000, async () => {
            if (world === undefined) throw new Error("nobody listens");
            const reply = await world.http.inject({
              method: method as "GET",
              url: path,
              headers,
              ...(body !== undefined && { payload: body }),
            });
            return { status: reply.statusCode, headers: reply.headers as Record<string, string>, body: reply.body };
          });
          if (answer.body.includes('"granted":true')) remembered.set(memory, answer);
          return answer;
        },
        auth: authOf(gatewayProcess, true),
        clock: gatewayProcess,
        ids,
        random: seededRandom(plan.seed),
        logger: silentLogger,
        metrics: createMetrics("gateway"),
        settings: { streamUrl: "ws://gateway/ws/evt", worker: { ...workerLimits, claimMs } },
      }),
      ({ server }) => server,
    );
    await app.start();
    if (gatewayProcess.life === life) gateway = app;
  }

  function clientOf(from: FaultyProcess): GatewayClient {
    return new GatewayClient({
      url: "http://gateway",
      timeoutMs: 3_600_000, // in real time; the simulated one is below
      fetch: (async (input: string, init: { method: string; headers: Record<string, string>; body?: string }) => {
        const timeoutMs = init.headers["x-wait"] === undefined ? 2_000 : 20_000;
        const reply = await call(system, from, gatewayProcess, timeoutMs, async () => {
          if (gateway === undefined) throw new Error("nobody listens");
          const { method, headers, body } = init;
          const url = new URL(input);
          return gateway.server.inject({
            method: method as "GET",
            url: url.pathname + url.search,
            headers,
            ...(body !== undefined && { payload: body }),
          });
        });
        return {
          ok: reply.statusCode < 300,
          status: reply.statusCode,
          headers: { get: (name: string) => reply.headers[name] ?? null },
          text: async () => reply.body,
        };
      }) as unknown as typeof fetch,
    });
  }

  // ---- the runners

  let ordersLeft = 0;
  const order = (strategyId: string, epoch: number): LeavingOrder => ({
    strategyId,
    side: "long",
    venue: "simulated",
    executionDomain: "dryrun",
    epoch,
    reduceOnly: false,
    exposure: { accountId: "a", worldId: "w", strategyId, symbol: "X", quantity: 1, price: 1 },
  });
  const book = emptyBook({ account: 1_000 });
  const holders = holderNames.map((name, index) => {
    let session: OrderGateSession | undefined;
    const strategyId = `s${index}`;
    const process: FaultyProcess = system.process(name, () => {
      session?.close();
      const client = clientOf(process);
      session = new OrderGateSession({
        client,
        worldId: "w",
        strategyId,
        holder: name,
        incarnation: String(process.life),
        clock: mutant.leasesOnWallClock === true ? onWallClock(process) : process,
        silenceMsMax: 2_000,
        openSocket: (_url, protocols) =>
          new SimulatedSocket(system, process, gatewayProcess, () => gateway, protocols[1]!.slice("bearer.".length)),
        onOrders: () => {},
        onContact: () => {},
      });
    });
    const mayLeave = (): boolean =>
      process.isRunning &&
      session !== undefined &&
      session.mayLeave(order(strategyId, session.epoch), book).kind === "approved";
    return { name, process, mayLeave, closedBecause: () => session?.closedBecause(), epoch: () => session?.epoch };
  });

  // ---- what is asked of it

  const operator = system.process("operator", () => {});
  const operatorClient = clientOf(operator);
  let runs = 0;
  const ask = (path: string, body: object): Promise<unknown> =>
    operatorClient.world("POST", "w", path, { body, headers: { "x-allow-live": "true", "x-wait": "1" } });
  async function apply(): Promise<{ readonly phase?: string } | undefined> {
    const runId = `r${++runs}`;
    try {
      const { epoch } = await operatorClient.world<{ epoch: number }>("GET", "w", "/order-state");
      const plan = { activate: ["s0", "s1"] };
      return (await ask("/apply", { run_id: runId, plan, effective_mode: "paper", expected_epoch: epoch })) as object;
    } catch {
      return undefined; // refused, or nobody answered
    }
  }
  system.onRequest("apply", () => void apply());
  system.onRequest("kill", () => void ask("/kill", { reason: "enough" }).catch(() => {}));
  system.onRequest("revive", () => void ask("/revive", { reason: "seen" }).catch(() => {}));
  const accepted = new Set<string>();
  let submitted = 0;
  system.onRequest("submit", () => {
    const key = `k${submitted++}`;
    const submit = (): void =>
      void operatorClient
        .submit(submissionOf(chainOf(2, key), { world_id: "w" }), key)
        .then(({ strategy_id }) => accepted.add(strategy_id))
        .catch(() => operator.after(500, submit));
    submit();
  });

  // ---- the oracle

  let phase: WorldPhase = "ACTIVE";
  let epoch = 1;
  let killedAtMs: number | undefined;
  let freezes = 0;
  let frozenEpoch = 0;
  let lastRun: string | null = null;
  let submissionsChanged = false;
  const histories = new Map<string, readonly string[]>();
  async function look(): Promise<void> {
    if (submissionsChanged) {
      submissionsChanged = false;
      await readHistories();
    }
    if (worldChanged) {
      worldChanged = false;
      await readWorldRow();
    }
    for (const holder of holders) {
      if (!holder.mayLeave()) continue;
      const orderEpoch = holder.epoch() ?? 0;
      if (mutant.awaitsBeforeSend === true) holder.process.after(150, () => left(holder.name, orderEpoch));
      else left(holder.name, orderEpoch);
    }
  }
  async function readWorldRow(): Promise<void> {
    const row = await worldDatabase
      .selectFrom("worlds")
      .leftJoin("world_runs", (join) =>
        join.onRef("world_runs.world_id", "=", "worlds.id").onRef("world_runs.run_id", "=", "worlds.run_id"),
      )
      .select(["worlds.phase", "worlds.epoch", "worlds.killed", "worlds.run_id", "world_runs.stage"])
      .where("worlds.id", "=", "w")
      .executeTakeFirst();
    if (row === undefined) return;
    if (row.epoch < epoch) violated("W-1", `epoch ${row.epoch} follows ${epoch}`);
    // Freeze, switch and unfreeze may all be done within one moment: then the epoch of the freeze is the next one.
    const isFrozen = row.phase === "FROZEN" || row.phase === "SWITCHED" || row.phase === "ROLLED_BACK";
    if (isFrozen) frozenEpoch = Math.max(frozenEpoch, row.epoch);
    else if (row.stage === "completed" && row.run_id !== lastRun) {
      frozenEpoch = Math.max(frozenEpoch, phase === "ACTIVE" ? epoch + 1 : epoch);
      lastRun = row.run_id;
      freezes++;
    }
    phase = row.phase as WorldPhase;
    epoch = row.epoch;
    if (row.killed === null) killedAtMs = undefined;
    else killedAtMs ??= system.nowMs;
  }
  /** Steps of a strategy are there in the order in which they were taken: each behind the last, none after the end. */
  async function readHistories(): Promise<void> {
    const rows = await gatewayDatabase.selectFrom("submission_events").selectAll().orderBy("id").execute();
    for (const [id, events] of Map.groupBy(rows, ({ strategy_id }) => strategy_id)) {
      const steps = events.map(({ revision, event }) => `${revision} ${event}`);
      const before = histories.get(id) ?? [];
      if (before.some((step, at) => steps[at] !== step))
        violated("S-3", `${id}: ${before.join()} became ${steps.join()}`);
      histories.set(id, steps);
      const isOrdered = events.every(({ revision }, at) => at === 0 || revision > events[at - 1]!.revision);
      const end = events.findIndex(({ status }) => isFinal(status as Status));
      if (!isOrdered || events[0]!.event !== "INIT" || (end >= 0 && end < events.length - 1)) {
        violated("S-3", `${id} went through ${steps.join()}`);
      }
    }
  }
  function left(name: string, orderEpoch: number): void {
    ordersLeft++;
    if (orderEpoch < frozenEpoch) {
      violated("OG-2", `an order of ${name} in epoch ${orderEpoch} left after frozen(${frozenEpoch})`);
    }
    if (phase !== "ACTIVE" && phase !== "FREEZING")
      violated("OG-3", `an order of ${name} left in phase ${phase}, epoch ${epoch}`);
    if (killedAtMs !== undefined && system.nowMs - killedAtMs > 3_060) {
      violated("OG-7", `an order of ${name} left ${system.nowMs - killedAtMs} ms after the kill`);
    }
  }

  // ---- the run

  const run = (untilMs: number): Promise<void> =>
    system.runSettledUntil(untilMs, settled, async () => {
      await look();
      if (broken !== undefined) throw broken;
    });
  try {
    // Before anything goes wrong there is a world, and two strategies that trade on paper.
    system.at(500, () => {
      void (async () => {
        await operatorClient.call("POST", "/worlds", { body: { id: "w" } });
        await apply();
      })();
    });
    await run(healAtMs);
    if (runs === 0 || epoch < 3) violated("W-3", "the world was never set up");
    settle();
    await run(endMs);
    await checkEnd();
    if (broken !== undefined) throw broken;
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    broken = error;
  } finally {
    await Promise.all([worldDatabase.destroy(), gatewayDatabase.destroy()]);
  }
  return { broken, ordersLeft, freezes, trace: system.trace };

  /** After the heal an operator looks again and again: opens the world, and has one more change applied. */
  function settle(): void {
    let applied = false;
    const open = async (): Promise<void> => {
      const state = await operatorClient.world<{ phase: string; killed: boolean; epoch: number }>(
        "GET",
        "w",
        "/order-state",
      );
      if (state.killed) await ask("/revive", { reason: "all is well" });
      else if (state.phase === "ROLLED_BACK") {
        await ask("/unfreeze", { reason: "all is well", expected_epoch: state.epoch });
      } else if (state.phase === "ACTIVE" && !applied) {
        applied = (await apply())?.phase === "completed";
      }
    };
    // To the end: what was asked for before the heal may come after it.
    const lookAgain = (): void => {
      open()
        .catch(() => {})
        .finally(() => operator.after(500, lookAgain));
    };
    operator.after(300, lookAgain);
  }

  async function checkEnd(): Promise<void> {
    if (phase !== "ACTIVE" || killedAtMs !== undefined)
      violated("W-3", `after the heal the world is in phase ${phase}`);
    for (const { name, closedBecause, epoch: seen } of holders) {
      const closed = closedBecause();
      if (closed !== undefined || seen() !== epoch) {
        violated("OG-4", `after the heal ${name} stays closed (${closed}), epoch ${seen()} of ${epoch}`);
      }
    }
    const audit = await verifyAudit(worldDatabase, "w");
    if (audit.kind === "broken") violated("W-6", "the audit chain is broken");
    if (accepted.size !== submitted) violated("S-1", `${submitted} submissions were sent, ${accepted.size} accepted`);
    const stored = await gatewayDatabase.selectFrom("submissions").select(["strategy_id", "status"]).execute();
    for (const id of accepted) {
      const status = stored.find(({ strategy_id }) => strategy_id === id)?.status;
      if (status === undefined) violated("S-1", `${id} was accepted and is not there`);
      else if (status !== "completed") violated("S-2", `${id} is ${status}`);
    }
    if (stored.length !== accepted.size) violated("S-4", `${stored.length} submissions under ${accepted.size} keys`);
  }

  function failureOf(process: FaultyProcess): "inside" | "committed" | undefined {
    let done = false;
    try {
      process.write(() => (done = true));
      return undefined;
    } catch {
      return done ? "committed" : "inside";
    }
  }
}

/** A service with all that loading it takes; from there on it needs no time but the simulated one. */
function made<App>(app: Promise<App>, http: (app: App) => { ready(): PromiseLike<unknown> }): Promise<App> {
  return inRealTime(
    app.then(async (service) => {
      await http(service).ready();
      return service;
    }),
  );
}

function clockOf(system: FaultySystem): Clock {
  return {
    nowMs: () => Math.floor(Date.UTC(2026, 0, 1) + system.nowMs),
    monotonicMs: () => system.nowMs,
    after: (delayMs, run) => {
      let cancelled = false;
      system.at(system.nowMs + delayMs, () => cancelled || run());
      return () => void (cancelled = true);
    },
  };
}

function onWallClock(process: FaultyProcess): Clock {
  return {
    nowMs: () => process.nowMs(),
    monotonicMs: () => process.nowMs(),
    after: (delayMs, run) => process.after(delayMs, run),
  };
}

function seededIds(seed: number): Ids {
  const random = seededRandom(seed).split("ids");
  const hex = (digits: number): string =>
    random
      .integer(16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  return { next: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}` };
}
