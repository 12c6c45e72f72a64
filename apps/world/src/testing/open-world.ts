import type { OutgoingEvent } from "@qmtl/bus/control";
import type { Principal } from "@qmtl/service/auth";
import { Authenticator, LocalKeySet } from "@qmtl/service/auth";
import { systemIds } from "@qmtl/service/edge";
import { silentLogger } from "@qmtl/service/logging";
import { createMetrics } from "@qmtl/service/metrics";
import { openEmbeddedDatabase } from "@qmtl/store";
import type { Clock } from "@qmtl/core";
import type { Kysely } from "kysely";
import { createWorld, worldMigrations, type World, type WorldTables } from "../index.ts";

const keys = await LocalKeySet.inMemory();

export const people = {
  owner: { subject: "olive", kind: "user", grants: { "*": "owner" } },
  operator: { subject: "opa", kind: "user", grants: { w: "operator" } },
  reader: { subject: "rea", kind: "user", grants: { w: "reader" } },
  stranger: { subject: "sam", kind: "user", grants: { other: "owner" } },
} as const satisfies Record<string, Principal>;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks at what it expects to be there
  readonly body: any;
}

export interface TestWorld {
  readonly world: World;
  readonly database: Kysely<WorldTables>;
  /** What reached the bus, in order. */
  readonly events: (OutgoingEvent & { readonly topic: string })[];
  call(
    method: "GET" | "POST" | "PUT" | "DELETE",
    url: string,
    body?: unknown,
    options?: { readonly as?: Principal; readonly headers?: Record<string, string> },
  ): Promise<Reply>;
  /** As it is when the process is gone: nothing is finished, nothing is said. */
  close(): Promise<void>;
}

/** A WorldService on an embedded database, called without a socket. */
export async function openWorld(options: {
  readonly clock: Clock;
  readonly path?: string;
  readonly at?: (moment: string) => void;
}): Promise<TestWorld> {
  const { clock, path = ":memory:", at } = options;
  const database = await openEmbeddedDatabase<WorldTables>({ path, migrations: worldMigrations, clock });
  const auth = new Authenticator({ clock, ids: systemIds, keys, loopback: false });
  const events: TestWorld["events"] = [];
  const world = await createWorld({
    config: { worldservice: { bind: { host: "127.0.0.1", port: 0 } } as never },
    database,
    bus: { publish: async (topic, some) => void events.push(...some.map((event) => ({ topic, ...event }))) },
    clock,
    ids: systemIds,
    logger: silentLogger,
    metrics: createMetrics("worldservice"),
    auth,
    ...(at === undefined ? {} : { at }),
  });
  await world.start({ listen: false });
  return {
    world,
    database,
    events,
    async call(method, url, body, { as = people.owner, headers = {} } = {}) {
      const authorization = `Bearer ${await auth.issueToken(as, 60_000)}`;
      const payload = body === undefined ? {} : { payload: body as object };
      const reply = await world.http.inject({ method, url, headers: { authorization, ...headers }, ...payload });
      const text = reply.body;
      return { status: reply.statusCode, headers: reply.headers, body: text === "" ? undefined : JSON.parse(text) };
    },
    async close() {
      await world.stop();
      await database.destroy();
    },
  };
}
