import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openEmbeddedQueues } from "../../packages/bus/src/index.ts";
import { QmtlError, seededRandom } from "../../packages/core/src/index.ts";
import { GatewayClient } from "../../packages/sdk/src/gateway-client/index.ts";
import { systemClock, systemIds } from "../../packages/service/src/edge/index.ts";
import { chainOf, submissionOf } from "../../apps/gateway/src/testing/submissions.ts";
import { Cluster, serviceNames } from "./processes/cluster.ts";

const killCount = 6;
const shapes = 12;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster.remove());

/** Four nodes that many submissions share, and one of its own. */
function bodyOf(key: string): ReturnType<typeof submissionOf> {
  return submissionOf([...chainOf(4, `shape ${shapeOf(key)}`), ...chainOf(1, key)]);
}

function shapeOf(key: string): number {
  return Number(key.split("-")[1]) % shapes;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// S-1, S-2, S-4, D-2, with real processes, files and signals.
it("loses no submission that was acknowledged and makes no topic twice, however often services are killed", async () => {
  const random = seededRandom(Number(process.env["QMTL_CHAOS_SEED"] ?? 1));
  const client = new GatewayClient({ url: cluster.gatewayUrl, timeoutMs: 3_000 });
  const acknowledged = new Map<string, string>();
  let over = false;

  /** One user, who asks again with the same key until he is answered. */
  async function user(name: string): Promise<void> {
    for (let index = 0; !over; index++) {
      const key = `${name}-${index}`;
      const body = bodyOf(key);
      for (;;) {
        try {
          const { strategy_id } = await client.submit(body, key);
          acknowledged.set(key, strategy_id);
          break;
        } catch (error) {
          if (!(error instanceof QmtlError) || error.code !== "DEPENDENCY_UNAVAILABLE") throw error;
          await pause(50);
        }
      }
      await pause(30);
    }
  }
  const users = ["ann", "bob", "cat"].map(user);
  for (let kill = 0; kill < killCount; kill++) {
    await pause(300 + random.integer(700));
    const name = serviceNames[random.integer(serviceNames.length)]!;
    await cluster.kill(name);
    await pause(random.integer(400));
    await cluster.start(name);
  }
  over = true;
  await Promise.all(users);
  expect(acknowledged.size).toBeGreaterThan(50);
  expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);

  // Whoever asks again with a key that was answered is answered the same.
  const [key, id] = [...acknowledged][0]!;
  expect((await client.submit(bodyOf(key), key)).strategy_id).toBe(id);

  // Equal nodes have equal queues, whoever submitted them and whoever was killed meanwhile.
  const queueOf = new Map<string, string>();
  await vi.waitFor(
    async () => {
      for (const [key, strategyId] of acknowledged) {
        const { status, queue_map } = await client.status(strategyId);
        expect(status, `${key}: ${strategyId}`).toBe("completed");
        for (const [nodeId, entries] of Object.entries(queue_map ?? {})) {
          for (const { queue } of entries) {
            expect(queueOf.get(nodeId) ?? queue).toBe(queue);
            queueOf.set(nodeId, queue);
          }
        }
      }
    },
    { timeout: 40_000, interval: 250 },
  );
  await cluster.stop();

  const queues = await openEmbeddedQueues({
    path: join(cluster.folder, ".qmtl", "queues.db"),
    clock: systemClock,
    ids: systemIds,
  });
  const topics = (await queues.dataLog.topics()).map(({ name }) => name);
  await queues.close();
  const usedShapes = new Set([...acknowledged.keys()].map(shapeOf)).size;
  expect(queueOf.size).toBe(4 * usedShapes + acknowledged.size);
  expect(new Set(queueOf.values()).size).toBe(queueOf.size);
  expect(topics.toSorted()).toEqual([...queueOf.values()].toSorted());
}, 120_000);
