import type { ControlBus, DataLog, Leases } from "@qmtl/bus";
import { QmtlError, type Clock, type Ids, type Random } from "@qmtl/core";
import { EventTokens, Tickets, type Authenticator, type EventClaims } from "@qmtl/service/auth";
import { createHttpServer, listen, type HttpLimits, type HttpServer } from "@qmtl/service/http";
import { ServiceHost, type ServicePart } from "@qmtl/service/lifecycle";
import type { Logger } from "@qmtl/service/logging";
import type { Metrics } from "@qmtl/service/metrics";
import type { Tracing } from "@qmtl/service/tracing";
import { OutboxRelay } from "@qmtl/store";
import type { Kysely } from "kysely";
import { DataPlane } from "./data-plane/data-plane.ts";
import type { DagManagerClient } from "./dag/dag-manager-client.ts";
import { BusRelay } from "./events/bus-relay.ts";
import type { Outlet } from "./events/client-channel.ts";
import { nextTurn } from "./edge/next-turn.ts";
import { EventHub } from "./events/event-hub.ts";
import { Snapshots } from "./events/snapshots.ts";
import { StreamSession } from "./events/stream-session.ts";
import type { StreamEvent } from "./events/stream-event.ts";
import { SubmissionFeed } from "./events/submission-feed.ts";
import { streamTopics } from "./events/topics.ts";
import { Fills } from "./fills/fills.ts";
import { gatewayMetrics, topicLabel, type GatewayMetrics } from "./gateway-metrics.ts";
import { degradeLevels, HealthMonitor } from "./health/health-monitor.ts";
import { addEventRoutes } from "./http/event-routes.ts";
import { addFillRoutes } from "./http/fill-routes.ts";
import { addQueueRoutes } from "./http/queue-routes.ts";
import { addStatusRoutes } from "./http/status-routes.ts";
import { addStrategyRoutes } from "./http/strategy-routes.ts";
import { StreamServer, type StreamCredentials } from "./http/stream-server.ts";
import { addWorldRoutes } from "./http/world-routes.ts";
import { defaultSettings, type GatewaySettings } from "./settings.ts";
import { Submissions } from "./store/submissions.ts";
import type { GatewayTables } from "./store/tables.ts";
import { acceptingMany, SubmissionService } from "./submission/submission-service.ts";
import { SubmissionWorker } from "./submission/worker.ts";
import { BindingDelivery } from "./worlds/binding-delivery.ts";
import { PretradeCounts } from "./worlds/pretrade.ts";
import { WorldClient, type WorldTransport } from "./worlds/world-client.ts";
import { ProxiedWorldStates } from "./worlds/world-states.ts";

export interface GatewayDeps {
  readonly settings?: Partial<GatewaySettings>;
  /** From `openGatewayDatabase`; whoever opened it closes it. */
  readonly database: Kysely<GatewayTables>;
  readonly bus?: ControlBus;
  /** Both or neither: the data plane of nodes. */
  readonly dataLog?: DataLog;
  readonly leases?: Leases;
  /** Without one submissions wait. */
  readonly dagManager?: DagManagerClient;
  /** Without one everything that needs no world works. */
  readonly world?: WorldTransport;
  readonly auth: Authenticator;
  /** Names who signs event tokens; Gateways that share keys share it. */
  readonly issuer?: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<HttpLimits>;
  /** By default requests are not traced. */
  readonly tracing?: Tracing;
  /** Nobody else works on the database: claims that are there at the start are of a process that has ended. */
  readonly isAlone?: boolean;
  /** Of the product, for the API document. */
  readonly version?: string;
  /** Load of the machine since it was last asked for; absent: the level of service does not depend on it. */
  readonly cpuPercent?: () => number;
}

export interface Gateway {
  /** Every route, callable without a socket: `server.inject(…)`. */
  readonly server: HttpServer;
  readonly hub: EventHub;
  /** Opens an event stream without a socket. @throws QmtlError `TOKEN_INVALID`, `REQUEST_INVALID` */
  openStream(credentials: StreamCredentials, outlet: Outlet, query?: URLSearchParams): Promise<StreamSession>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Starts to listen. @returns the address @throws QmtlError `PORT_TAKEN` */
  listen(address: { readonly host: string; readonly port: number }): Promise<string>;
  /** Whether its store answers and it has started. */
  ready(): Promise<boolean>;
}

/** Event streams one Gateway serves. */
const socketsMax = 10_000;

export async function createGateway(deps: GatewayDeps): Promise<Gateway> {
  const settings = { ...defaultSettings, ...deps.settings };
  const { database, bus, dagManager, auth, clock, ids, random, logger, dataLog, leases } = deps;
  const metrics = gatewayMetrics(deps.metrics);
  const hub = createHub(metrics);
  const holder = ids.next();
  const worldClient = deps.world && createWorldClient(deps, deps.world, metrics);

  const wakeables: { wake(): void }[] = [];
  const changed = (): void => {
    for (const part of wakeables) part.wake();
  };
  const submissions = new Submissions({ database, clock, limits: settings.retries, changed });
  const worker =
    dagManager &&
    new SubmissionWorker({
      submissions,
      dagManager,
      clock,
      random,
      logger,
      holder,
      limits: settings.worker,
      turn: nextTurn,
      yields: () => service.accepting > acceptingMany,
      onFinal: (row) => service.settled(row),
    });
  const service = new SubmissionService({
    submissions,
    dagManager,
    decisions: async (worldId, asOf) =>
      worldClient === undefined ? { kind: "unavailable" } : worldClient.decisionReading(worldId, asOf, holder),
    reserve: () => worker?.reserve(),
    clock,
    ids,
    logger,
    insertSentinel: settings.insertSentinel,
    queueMapWaitMs: settings.queueMapWaitMs,
    dryRunMs: settings.dryRunMs,
    waitersMax: settings.waitersMax,
  });
  const snapshots = new Snapshots({
    hub,
    worlds: worldClient && new ProxiedWorldStates(worldClient, () => ids.next()),
    dagManager,
    clock,
    ids,
  });
  const tokens = new EventTokens({ keys: auth.keys, issuer: deps.issuer ?? "qmtl-gateway", clock, ids });
  const tickets = new Tickets({ clock, ids });
  const streams = new StreamServer({
    clock,
    logger,
    socketsMax,
    claimsOf: (credentials) => claimsOf(credentials, tokens, tickets),
    open: (claims, outlet, query) => openSession(claims, outlet, query),
    observer: {
      connected: () => metrics.connections.increment(),
      disconnected: () => metrics.disconnects.increment(),
      refused: () => metrics.authFailures.increment(),
    },
  });

  function openSession(claims: EventClaims, outlet: Outlet, query: URLSearchParams): StreamSession {
    const observer = {
      heartbeat: () => metrics.heartbeats.increment(),
      acknowledged: () => metrics.acks.increment(),
      refreshed: () => metrics.refreshes.increment(),
      refreshFailed: () => metrics.refreshFailures.increment(),
    };
    const verify = (token: string): Promise<EventClaims> => tokens.verify(token);
    const { messagesPerSecondMax } = settings;
    const options = { hub, snapshots, clock, verify, observer, query, messagesPerSecondMax };
    return new StreamSession(options, claims, outlet);
  }

  const outbox =
    bus &&
    new OutboxRelay({
      database,
      bus,
      clock,
      pollMs: 1_000, // it is woken for whatever is put in
      onFailure: (error) => logger.warn("fills wait: the bus cannot be written", { error }),
      onRefused: ({ key, reason }) => logger.error("the bus refuses a fill", { key, reason }),
    });
  const relay = bus && createRelay(deps, bus, hub, metrics, snapshots, worldClient);
  const feed = new SubmissionFeed({ submissions, hub, clock, ids, logger, pollMs: settings.worker.pollMs });
  const everyMs = settings.probeEveryMs;
  const delivery = worldClient && new BindingDelivery({ database, client: worldClient, clock, logger, everyMs });
  wakeables.push(...[worker, feed, delivery].filter((part) => part !== undefined));
  const monitor = new HealthMonitor({
    probes: {
      postgres: async () => {
        await database.selectFrom("submissions").select("seq").limit(1).execute();
        return "ok" as const;
      },
      ...(bus !== undefined && {
        bus: async () => {
          await bus.read("control.policy", 0, 1);
          return "ok" as const;
        },
      }),
      ...(dagManager !== undefined && {
        dagmanager: async () => {
          if (dagManager.breaker === "open") return "open" as const;
          return (await dagManager.healthy()) ? ("ok" as const) : ("error" as const);
        },
      }),
      ...(worldClient !== undefined && {
        worldservice: () => (worldClient.breaker === "open" ? ("open" as const) : ("ok" as const)),
      }),
    },
    clock,
    logger,
    everyMs,
    probeMs: settings.probeMs,
    ...(deps.cpuPercent !== undefined && { cpuPercent: deps.cpuPercent }),
    onLevel: (level) => metrics.level.set(degradeLevels.indexOf(level), { service: "gateway" }),
  });

  const server = await createHttpServer({
    name: "gateway",
    auth,
    logger,
    metrics: deps.metrics,
    clock,
    ids,
    ...(deps.limits !== undefined && { limits: deps.limits }),
    ...(deps.tracing !== undefined && { tracing: deps.tracing }),
    ...(deps.version !== undefined && { version: deps.version }),
  });
  deps.metrics.beforeReading(() => {
    for (const topic of streamTopics) metrics.subscribers.set(hub.subscribers(topic), { topic });
  });
  const pretrade = new PretradeCounts(deps.metrics);
  addStatusRoutes(server, {
    monitor,
    enforceLiveGuard: settings.enforceLiveGuard,
    openSubmissions: () => submissions.openCounts(),
    sockets: () => streams.size,
    pretrade,
  });
  addStrategyRoutes(server, {
    service,
    bodyBytesMax: settings.submissionBytesMax,
    level: () => monitor.level,
    metrics,
    now: () => clock.monotonicMs(),
  });
  addEventRoutes(server, {
    keys: auth.keys,
    tokens,
    tickets,
    clock,
    tokenMs: settings.eventTokenMs,
    streamUrl: settings.streamUrl,
    fallbackUrl: settings.fallbackUrl,
  });
  addFillRoutes(server, {
    fills: new Fills({ database, clock, ids, onOutgoing: outbox && (() => outbox.wake()) }),
    auth,
    secret: settings.fillSecret,
    clock,
    accepted: metrics.fillsAccepted,
    rejected: metrics.fillsRejected,
  });
  const dataPlane = dataLog && leases && new DataPlane({ log: dataLog, leases, clock });
  addQueueRoutes(server, { dagManager, dataPlane, logger });
  addWorldRoutes(server, {
    client: worldClient,
    enforceLiveGuard: settings.enforceLiveGuard,
    downgrades: metrics.downgrades,
    pretrade,
  });
  streams.attach(server.server);

  let started = false;
  const host = new ServiceHost({ clock, logger });
  const parts: readonly ServicePart[] = [
    { name: "outbox", start: async () => outbox?.start(), stop: async () => outbox?.stop() },
    { name: "relay", start: async () => relay?.start(), stop: async () => relay?.stop() },
    { name: "feed", start: () => feed.start(), stop: async () => feed.stop() },
    {
      name: "worker",
      start: async () => {
        if (deps.isAlone === true) await submissions.endOtherClaims(holder);
        worker?.start();
      },
      stop: async () => worker?.stop(),
    },
    { name: "bindings", start: async () => delivery?.start(), stop: async () => delivery?.stop() },
    { name: "health", start: () => monitor.start(), stop: async () => monitor.stop() },
    { name: "sweep", ...sweeping(submissions, clock, logger) },
    {
      name: "http",
      start: async () => {
        await server.ready();
      },
      stop: async () => {
        streams.close();
        hub.closeAll(1001, "the Gateway stops");
        const cancel = clock.after(1_000, () => streams.terminate());
        await server.close();
        cancel();
      },
    },
  ];

  return {
    server,
    hub,
    openStream: async (credentials, outlet, query = new URLSearchParams()) => {
      const session = openSession(await claimsOf(credentials, tokens, tickets), outlet, query);
      await session.begin();
      return session;
    },
    start: async () => {
      for (const part of parts) await host.run(part);
      started = true;
    },
    stop: async () => {
      started = false;
      await host.stop();
    },
    listen: (address) => listen(server, address),
    ready: async () => started && (await monitor.health()).postgres === "ok",
  };
}

function createHub(metrics: GatewayMetrics): EventHub {
  return new EventHub(undefined, {
    fannedOut: ({ topic }, clients) => metrics.fannedOut.increment({ topic: topicLabel(topic) }, clients),
    duplicate: ({ topic }) => metrics.relayDropped.increment({ topic: topicLabel(topic) }),
    slowClient: () => metrics.socketsDropped.increment(),
  });
}

function createWorldClient(deps: GatewayDeps, transport: WorldTransport, metrics: GatewayMetrics): WorldClient {
  const { auth, clock, random, settings } = deps;
  let [asked, hits] = [0, 0];
  return new WorldClient({
    transport,
    auth,
    clock,
    random,
    retries: settings?.worldRetries ?? defaultSettings.worldRetries,
    retryFirstMs: 50,
    breakerOpenMs: settings?.breakerOpenMs ?? defaultSettings.breakerOpenMs,
    observer: {
      request: (durationMs) => {
        metrics.worldRequests.increment();
        metrics.worldLatency.observe(durationMs);
      },
      cache: (hit) => {
        asked++;
        hits += hit ? 1 : 0;
        if (hit) metrics.cacheHits.increment();
        metrics.cacheHitRatio.set(hits / asked);
      },
      stale: () => metrics.staleResponses.increment(),
      breaker: metrics.worldBreaker,
    },
  });
}

function createRelay(
  { clock, logger }: GatewayDeps,
  bus: ControlBus,
  hub: EventHub,
  metrics: GatewayMetrics,
  snapshots: Snapshots,
  worldClient: WorldClient | undefined,
): BusRelay {
  const resync = async (event: StreamEvent): Promise<void> => {
    if (event.topic === null) return;
    for (const channel of hub.channelsOf({ ...event, strategyId: null })) {
      const { frames } = await snapshots.of(channel.scope, [event.topic], new URLSearchParams());
      for (const frame of frames) channel.answer(frame);
      channel.flush();
    }
  };
  return new BusRelay({
    bus,
    hub,
    clock,
    logger,
    turn: nextTurn,
    observer: {
      relayed: (topic, lagMs) => {
        metrics.relayed.increment({ topic });
        metrics.busLag.set(lagMs, { topic });
        metrics.relaySkew.set(lagMs, { topic });
      },
      dropped: (topic) => metrics.relayDropped.increment({ topic }),
      sentinelWeight: (sentinelId, weight, skewMs) => {
        metrics.sentinelRatio.set(weight, { sentinel_id: sentinelId });
        metrics.sentinelSkew.set(skewMs / 1_000, { sentinel_id: sentinelId });
      },
    },
    worldChanged: (worldId) => worldClient?.invalidate(worldId),
    resync: (event) => void resync(event).catch((error: unknown) => logger.error("a gap cannot be healed", { error })),
    closeWorld: (worldId, reason) => {
      for (const channel of hub.channelsOf({ topic: "activation", worldId, strategyId: null })) {
        channel.close(internalErrorCode, reason);
        hub.disconnect(channel);
      }
    },
  });
}

const internalErrorCode = 1011;

async function claimsOf(credentials: StreamCredentials, tokens: EventTokens, tickets: Tickets): Promise<EventClaims> {
  if (credentials.bearer !== undefined) return tokens.verify(credentials.bearer);
  if (credentials.ticket !== undefined) return tickets.redeem(credentials.ticket);
  throw new QmtlError("TOKEN_INVALID", "expected a token or a ticket; found neither");
}

/** Once an hour what has run out is forgotten. */
function sweeping(submissions: Submissions, clock: Clock, logger: Logger) {
  let cancel = (): void => {};
  const sweep = async (): Promise<void> => {
    await submissions.forgetOldAnswers().catch((error: unknown) => logger.warn("old answers stay", { error }));
    cancel = clock.after(3_600_000, () => void sweep());
  };
  return { start: sweep, stop: async () => cancel() };
}
