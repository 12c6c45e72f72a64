import { systemClock } from "@qmtl/service/edge";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { verifyAudit } from "../audit/index.ts";
import { OutboxRelay } from "../outbox/index.ts";
import { openService } from "./fixtures/service-tables.ts";

const program = fileURLToPath(new URL("fixtures/service-process.ts", import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-service-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("S-1, S-3, W-6: keeps every request it acknowledged, does each once, tells of each once, over kill -9", async () => {
  const acknowledged: string[] = [];
  for (const name of ["a", "b", "c"]) acknowledged.push(...(await runUntilKilled(name, 150)));

  const { database, bus, queue } = await openService(folder);
  const relay = new OutboxRelay({ database, bus, clock: systemClock, pollMs: 20 });
  relay.start();
  while ((await queue.depth()) > 0) {
    for (const claim of await queue.claim("the last one", 100)) {
      await database.transaction().execute(async (transaction) => {
        await transaction.insertInto("results").values({ id: claim.id, by: "the last one" }).execute();
        await queue.complete(transaction, claim);
      });
    }
  }
  const taken = (await database.selectFrom("store_work").select("id").orderBy("position").execute()).map(
    ({ id }) => id,
  );
  await expect.poll(async () => (await bus.read("control.policy", 0, 100_000)).length).toBe(taken.length);
  const events = await bus.read("control.policy", 0, 100_000);
  const results = (await database.selectFrom("results").select("id").execute()).map(({ id }) => id);
  const audit = await verifyAudit(database, "world");
  await relay.stop();
  await Promise.all([bus.close(), database.destroy()]);

  expect(acknowledged.length).toBeGreaterThanOrEqual(450);
  expect(acknowledged.filter((id) => !taken.includes(id))).toEqual([]);
  expect(results.toSorted()).toEqual(taken.toSorted());
  expect(events.map(({ sequence }) => sequence)).toEqual(taken.map((_, index) => index + 1));
  expect(events.map(({ event }) => event.data["id"])).toEqual(taken);
  expect(audit).toMatchObject({ kind: "intact", rows: taken.length });
});

/** Runs the service until it has acknowledged `count` requests and kills it in the middle of its work. */
async function runUntilKilled(name: string, count: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, folder, name], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (text.split("\n").length > count) child.kill("SIGKILL");
  });
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals | null>();
  child.on("close", (_, signal) => resolve(signal));
  expect(await promise).toBe("SIGKILL");
  return text.split("\n").slice(0, -1);
}
