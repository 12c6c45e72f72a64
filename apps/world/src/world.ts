import type { ControlBus } from "@qmtl/bus/control";
import { QmtlError, type Clock, type Ids } from "@qmtl/core";
import type { Authenticator } from "@qmtl/service/auth";
import type { Config } from "@qmtl/service/config";
import { createHttpServer, listen, type HttpServer } from "@qmtl/service/http";
import type { Logger } from "@qmtl/service/logging";
import type { Metrics } from "@qmtl/service/metrics";
import type { Tracing } from "@qmtl/service/tracing";
import { OutboxRelay } from "@qmtl/store";
import type { FastifyRequest } from "fastify";
import type { Kysely } from "kysely";
import { worldMetrics } from "./domain/world-metrics.ts";
import { worldServices, type WorldServices } from "./domain/world-services.ts";
import { askedOf } from "./http/asked.ts";
import { addWorldRoutes } from "./http/world-routes.ts";
import type { WorldTables } from "./store/tables.ts";
import { WorldStore } from "./store/world-store.ts";

export interface WorldDependencies {
  readonly config: Pick<Config, "worldservice">;
  /** Opened with `worldMigrations`; closed by whoever opened it. */
  readonly database: Kysely<WorldTables>;
  readonly bus: Pick<ControlBus, "publish">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly auth: Authenticator;
  readonly tracing?: Tracing;
  /** Of the product, for the API document. */
  readonly version?: string;
  /** Told of named moments of every change: a test may end the process there. */
  readonly at?: (moment: string) => void;
}

export interface World {
  /** Requests without a socket: `http.inject`. */
  readonly http: HttpServer;
  readonly services: WorldServices;
  /** Takes over the database and goes on with what was begun; listens unless told not to. */
  start(options?: { readonly listen?: boolean }): Promise<void>;
  stop(): Promise<void>;
  /** Whether this process serves the database. */
  ready(): Promise<boolean>;
  /** "http://127.0.0.1:8080" once it listens. */
  readonly url: string | undefined;
}

/** The WorldService: worlds, policies, decisions, activation and their audit, each with one owner. */
export async function createWorld(dependencies: WorldDependencies): Promise<World> {
  const { config, database, bus, clock, logger, at = () => {} } = dependencies;
  const measured = worldMetrics(dependencies.metrics);
  const relay = new OutboxRelay({
    database,
    bus: {
      async publish(topic, events) {
        await bus.publish(topic, events);
        const last = events.at(-1);
        if (topic === "control.activation" && last !== undefined) {
          measured.activationSkew((clock.nowMs() - Date.parse(last.event.time)) / 1_000);
        }
      },
    },
    clock,
    onFailure: (error) => logger.warn("control events cannot be published for now", { error }),
    onRefused: ({ topic, key, sequence, reason }) =>
      logger.error("a control event was refused for good", { topic, world_id: key, sequence, reason }),
  });
  const store = new WorldStore({ database, clock, onEvents: () => relay.wake(), at });
  const services = worldServices({ store, clock, logger, metrics: measured });
  const http = await createHttpServer({ name: "worldservice", ...dependencies });
  http.addHook("onError", async (request, _reply, error) => auditRefusal(services, request, error));
  addWorldRoutes(http, services, clock);
  let url: string | undefined;
  return {
    http,
    services,
    async start({ listen: listens = true } = {}) {
      await services.protocol.start();
      relay.start();
      if (listens) url = await listen(http, config.worldservice.bind);
    },
    async stop() {
      services.protocol.stop();
      await http.close();
      await store.idle();
      await relay.stop();
    },
    ready: () => store.isOwner(),
    get url() {
      return url;
    },
  };
}

/** Changes that were refused leave a row too (W-6); what nobody knows who asked for does not. */
async function auditRefusal({ store }: WorldServices, request: FastifyRequest, error: unknown): Promise<void> {
  const worldId = (request.params as { readonly id?: unknown } | undefined)?.id;
  if (request.method === "GET" || typeof worldId !== "string" || !(error instanceof QmtlError)) return;
  if (request.principal.subject === "" || unaudited.has(error.code)) return;
  const action = `${request.method} ${request.routeOptions.url ?? ""}`;
  await store.refuse(worldId, askedOf(request, action), action, error);
}

const unaudited: ReadonlySet<string> = new Set(["UNAUTHENTICATED", "RATE_LIMITED", "STORE_FAILED", "FENCED"]);
