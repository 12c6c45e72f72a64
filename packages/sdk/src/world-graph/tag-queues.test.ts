import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { computeContextOf, computeKey, QmtlError } from "@qmtl/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../edge/system-clock.ts";
import { buildGraphs } from "../graph/build-graph.ts";
import { encodeRow } from "../sharing/row-payload.ts";
import type { NodeExchange } from "../sharing/index.ts";
import { ProcessingNode, Strategy, StreamInput, TagQueryNode } from "../strategy/index.ts";
import { readWorldQueues, type TagQueuesOptions } from "./tag-queues.ts";
import { UnreadQueues } from "../world-run/unread-queues.ts";

/** Reads moods: its own when it is told to have one, and those of others. */
class Crowd extends Strategy<{ own: boolean }> {
  static override readonly defaults = { own: true };
  override setup(): void {
    const price = new StreamInput({ name: "price", interval: "1m" });
    const own = new ProcessingNode({
      name: "own",
      tags: ["mood"],
      input: price,
      compute: (view) => view.get("close"),
    });
    // A node that names no interval has none before the graph is built: a query that names none takes every one.
    const crowd = new TagQueryNode({ name: "crowd", queryTags: ["mood"], compute: (view) => view.inputs.length });
    this.addNodes(price, ...(this.params.own ? [own] : []), crowd);
  }
}

function crowd(own: boolean): Crowd {
  const made = new Crowd({ params: { own }, defaultInterval: "1m" });
  made.setup();
  return made;
}

const keyOf = (letter: string) => `blake3:${letter.repeat(64)}`;

let folder: string;
let queues: Map<string, { key: string; rows: number }>;
let notices: string[];
let away: boolean;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-queues-"));
  queues = new Map();
  notices = [];
  away = false;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function options(): TagQueuesOptions {
  const exchange = {
    read: async (topic: string) => {
      const { key, rows } = queues.get(topic)!;
      const payload = encodeRow(["value"], [1]);
      const records = Array.from({ length: rows }, (_, row) => ({
        key,
        bucketMs: row * 60_000,
        inputHash: String(row),
        token: 1,
        payload,
      }));
      return { records, nextOffset: rows };
    },
  } as Partial<NodeExchange> as NodeExchange;
  return {
    client: {
      queuesByTag: async () => {
        if (away) throw new QmtlError("DEPENDENCY_UNAVAILABLE", "the gateway cannot be reached");
        return [...queues.keys()].map((queue) => ({ queue, global: false }));
      },
    },
    exchange,
    clock: systemClock,
    worldId: "w",
    folder,
    signal: undefined,
    onNotice: (message) => notices.push(message),
  };
}

const namesRead = (strategy: Strategy) => {
  buildGraphs([strategy]);
  return strategy.nodes.find((node) => node.name === "crowd")!.inputs.map(({ name }) => name);
};

describe("tag queries of a run in a world", () => {
  it("read the queues of others beside the strategy's own streams, and its own streams once", async () => {
    const own = buildGraphs([crowd(true)])[0]!.nodes.find(({ node }) => node.name === "own")!;
    queues.set("w.of-own", { key: computeKey(own.id, computeContextOf({ worldId: "w" })), rows: 1 });
    queues.set("w.of-others", { key: keyOf("a"), rows: 1 });
    queues.set("w.without-rows", { key: keyOf("b"), rows: 0 });
    const strategy = crowd(true);
    await readWorldQueues(strategy, options());
    expect(namesRead(strategy)).toEqual(["own", "w.of-others"]);
  });

  it("wait where nothing matches yet", async () => {
    const strategy = crowd(false);
    const reading = readWorldQueues(strategy, options());
    await expect.poll(() => notices).toEqual([expect.stringContaining('world "w" has rows and the tags mood yet')]);
    queues.set("w.late", { key: keyOf("a"), rows: 1 });
    await reading;
    expect(namesRead(strategy)).toEqual(["w.late"]);
  });

  it("go on without the gateway where they have streams of their own", async () => {
    away = true;
    const strategy = crowd(true);
    await readWorldQueues(strategy, options());
    expect(namesRead(strategy)).toEqual(["own"]);
    expect(notices).toEqual([
      expect.stringContaining("cannot be reached; tag queries read the strategy's own streams"),
    ]);
  });

  it("read after a restart what they read before: their identity and their state hang on it", async () => {
    queues.set("w.first", { key: keyOf("a"), rows: 1 });
    const before = crowd(false);
    await readWorldQueues(before, options());
    queues.set("w.second", { key: keyOf("b"), rows: 1 });
    away = true;
    const after = crowd(false);
    await readWorldQueues(after, options());
    expect(namesRead(after)).toEqual(["w.first"]);
    expect(JSON.parse(await readFile(join(folder, "tag-queues.json"), "utf8"))).toMatchObject({ queues: [{}] });
    const ids = [before, after].map((strategy) => buildGraphs([strategy])[0]!.nodes.map(({ id }) => id));
    expect(ids[0]).toEqual(ids[1]);
  });

  it("are settled anew where the strategy asks for something else than before", async () => {
    queues.set("w.first", { key: keyOf("a"), rows: 1 });
    await readWorldQueues(crowd(false), options());
    queues.set("w.second", { key: keyOf("b"), rows: 1 });
    const changed = crowd(false);
    changed.addNodes(
      new TagQueryNode({ name: "other", queryTags: ["mood"], interval: "1m", compute: (view) => view.inputs.length }),
    );
    await readWorldQueues(changed, options());
    expect(namesRead(changed)).toEqual(["w.first", "w.second"]);
  });

  it("of a submission do not wait for rows, nor at a terminal for the gateway", async () => {
    const missing = { code: "GRAPH_NODE_MISSING", message: expect.stringContaining("has rows and the tags mood yet") };
    await expect(readWorldQueues(crowd(false), { ...options(), waitsFor: "gateway" })).rejects.toMatchObject(missing);
    away = true;
    const nothing = { ...options(), waitsFor: "nothing" } as const;
    const unavailable = { code: "DEPENDENCY_UNAVAILABLE" };
    await expect(readWorldQueues(crowd(false), nothing)).rejects.toMatchObject(unavailable);
    await expect(readWorldQueues(crowd(true), nothing)).rejects.toMatchObject(unavailable);
    const reading = readWorldQueues(crowd(true), { ...options(), waitsFor: "gateway", keep: false });
    away = false;
    queues.set("w.others", { key: keyOf("a"), rows: 1 });
    expect((await reading).map(({ name }) => name)).toEqual(["w.others"]);
    await expect(readFile(join(folder, "tag-queues.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("tell streams from two queues apart by whose rows they are", async () => {
    queues.set("w.a", { key: keyOf("a"), rows: 1 });
    queues.set("w.b", { key: keyOf("b"), rows: 1 });
    const strategy = crowd(false);
    await readWorldQueues(strategy, options());
    const ids = buildGraphs([strategy])[0]!.nodes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("queues that come later", () => {
  const event = (topic: string) => ({ tags: ["mood"], interval: 60, match_mode: "any", queues: [{ queue: topic }] });

  it("are told of once each, when the strategy's own are known", () => {
    const said: string[] = [];
    class Asks extends Strategy {
      override setup(): void {
        const compute = (): number => 1;
        this.addNodes(new TagQueryNode({ name: "crowd", queryTags: ["mood"], interval: "1m", compute }));
      }
    }
    const strategy = new Asks();
    strategy.setup();
    const unread = new UnreadQueues(strategy, (message) => said.push(message));
    unread.heard(event("w.own"));
    unread.heard(event("w.other"));
    expect(said).toEqual([]);
    unread.know(["w.own"]);
    unread.heard(event("w.other"));
    unread.heard({ ...event("w.hourly"), interval: 3_600 });
    expect(said).toEqual([expect.stringMatching(/^queue "w.other" matches the tag query "crowd" now; /)]);
  });
});
