import { seededRandom } from "@qmtl/core";
import { createGateway, openGatewayDatabase, type Gateway } from "@qmtl/gateway";
import { Authenticator, LocalKeySet } from "@qmtl/service/auth";
import { systemClock as clock, systemIds as ids } from "@qmtl/service/edge";
import { silentLogger as logger } from "@qmtl/service/logging";
import { createMetrics } from "@qmtl/service/metrics";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The largest bodies the system takes, filled with what costs most to read.

let gateway: Gateway;
let close: () => Promise<void>;
beforeAll(async () => {
  const auth = new Authenticator({ clock, ids, keys: await LocalKeySet.inMemory(), loopback: true });
  const database = await openGatewayDatabase({ path: ":memory:", clock });
  const metrics = createMetrics("gateway");
  gateway = await createGateway({ clock, ids, auth, logger, metrics, database, random: seededRandom(1) });
  close = async () => {
    await gateway.server.close();
    await database.destroy();
  };
});
afterAll(() => close());

const size = 15_000_000;
const filled = (piece: string, head: string, tail: string): string =>
  head + piece.repeat(Math.floor((size - 100) / JSON.stringify(piece).length)) + tail;

const documents: Readonly<Record<string, string>> = {
  "empty lists": filled("[],", '{"nodes":[', "[]]}"),
  "empty objects": filled("{},", '{"nodes":[', "{}]}"),
  numbers: filled("1,", '{"nodes":[', "1]}"),
  escapes: filled(String.raw`"\u0041",`, '{"nodes":[', '""]}'),
  brackets: `{"nodes":${filled("[", "", "")}`,
  objects: `{"nodes":${filled('{"a":', "", "")}`,
  keys: `{"nodes":[],${Array.from({ length: 600_000 }, (_, index) => `"k${index}":1`).join(",")}}`,
  blanks: filled(" ", "", ""),
  nodes: filled('{"node_id":"x"},', '{"nodes":[', "{}]}"),
};

describe("a submission of fifteen megabytes of", () => {
  it.each(Object.keys(documents))("%s is refused at once, in bounded memory", async (name) => {
    const payload = gzipSync(JSON.stringify({ dag_json: documents[name], node_ids_crc32: 0 }), { level: 1 });
    const before = process.memoryUsage();
    const startedMs = performance.now();
    const reply = await gateway.server.inject({
      method: "POST",
      url: "/strategies",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      payload,
    });
    const elapsedMs = performance.now() - startedMs;
    const after = process.memoryUsage();
    expect([400, 413]).toContain(reply.statusCode);
    expect(reply.body.length).toBeLessThan(2_000);
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(250_000_000);
    // Without the limit on values some took twenty seconds and two gigabytes: no machine is that busy.
    expect(elapsedMs).toBeLessThan(5_000);
  });
});
