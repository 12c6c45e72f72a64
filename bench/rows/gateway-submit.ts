import { crc32OfNodeIds, nodeIdOf } from "@qmtl/core";
import { wireNodeSpec } from "@qmtl/contracts";
import { startControlPlane } from "../harness/control-plane.ts";
import { requireSame } from "../harness/equality.ts";
import { send, type HttpAnswer } from "../harness/http-client.ts";
import type { Bench, Row } from "../harness/row.ts";
import { sampleOf } from "../harness/timing.ts";

interface Ack {
  readonly strategy_id: string;
  readonly queue_map: Record<string, { queue: string }[]>;
}

/** 100 nodes a submission, 50 a second, each another strategy; an answer has the queue of every node. */
export const gatewaySubmit: Bench = {
  name: "gateway-submit",
  summary: "submit strategies of 100 nodes over HTTP, 50 a second, until their queue maps",
  async run({ quick }) {
    const seconds = quick ? 3 : 20;
    const perSecond = 50;
    const plane = await startControlPlane();
    try {
      // The first requests of a process meet code that is not compiled yet.
      await sendAtRate(plane.url, bodies(100, perSecond * 2, "warm-up"), perSecond, withQueueMap);
      const sent = bodies(100, perSecond * seconds, "timed");
      const cpuBeforeMs = plane.cpuMs();
      const { answers, latenciesMs } = await sendAtRate(plane.url, sent, perSecond, withQueueMap);
      const cpuMs = plane.cpuMs() - cpuBeforeMs;
      for (const { status, text } of answers) {
        requireSame("status", status, 202);
        requireSame("nodes with a queue", queueCountOf(text), 100);
      }
      const { median, min } = sampleOf(latenciesMs, "ms");
      const shown = [`median ${median.toFixed(1)} ms`, `least ${min.toFixed(1)} ms`];
      const note = `${shown.join(", ")}, ${(cpuMs / sent.length).toFixed(1)} ms of processor time each; no node shared`;
      return [
        {
          workload: "submit 100 nodes until queue map, p95 of 50/s",
          ours: percentile(latenciesMs, 0.95),
          must: { atMost: 25 },
          note,
        },
        {
          workload: "submit 100 nodes until queue map, p99 of 50/s",
          ours: percentile(latenciesMs, 0.99),
          must: { atMost: 60 },
        },
      ];
    } finally {
      await plane.stop();
    }
  },
};

/** Small strategies, 1,000 a second for 30 seconds; then everything that was accepted has to come to its end. */
export const gatewayBurst: Bench = {
  name: "gateway-burst",
  summary: "a burst of 1,000 submissions a second for 30 s, then drain: accept time, losses, memory",
  async run({ quick }) {
    const perSecond = 1_000;
    const seconds = quick ? 3 : 30;
    const plane = await startControlPlane();
    try {
      await sendAtRate(plane.url, bodies(2, 200, "warm-up"), 100);
      const sent = bodies(2, perSecond * seconds, "burst");
      let peakMb = await plane.memoryMb();
      const cpuBeforeMs = plane.cpuMs();
      const look = async (): Promise<void> => void (peakMb = Math.max(peakMb, await plane.memoryMb()));
      const watch = setInterval(() => void look().catch(() => undefined), 1_000);
      const { answers, latenciesMs } = await sendAtRate(plane.url, sent, perSecond);
      const drainMs = await drained(plane.url);
      clearInterval(watch);
      const cpuMs = plane.cpuMs() - cpuBeforeMs;
      requireSame("accepted", answers.filter(({ status }) => status === 202).length, sent.length);
      const ids = answers.map(({ text }) => (JSON.parse(text) as Ack).strategy_id);
      requireSame("distinct strategies", new Set(ids).size, sent.length);
      const topics = await topicsOf(plane.url, ids);
      requireSame("topics, one for each node", topics, sent.length * 2);
      return [
        {
          workload: `accept at 1,000/s for ${seconds} s, p95`,
          ours: percentile(latenciesMs, 0.95),
          must: { atMost: 150 },
          note: `none lost, no topic twice; ${(cpuMs / sent.length).toFixed(1)} ms of processor time each, with the drain`,
        },
        { workload: "drain after it, until the last queue map", ours: sampleOf([drainMs], "ms") },
        {
          workload: "peak memory of the whole control plane in it",
          ours: sampleOf([peakMb], "MB"),
          must: { atMost: 600 },
        },
      ] satisfies Row[];
    } finally {
      await plane.stop();
    }
  },
};

function percentile(values: readonly number[], share: number) {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil(share * sorted.length) - 1]!;
  return { ...sampleOf(values, "ms"), median: value };
}

function bodies(nodeCount: number, count: number, salt: string): string[] {
  return Array.from({ length: count }, (_, index) => {
    const nodes: { node_id: string }[] = [];
    for (let at = 0; at < nodeCount; at++) {
      const node = {
        node_type: at === 0 ? "StreamInput" : "ProcessingNode",
        name: `n${at}`,
        interval: 60,
        period: 2,
        tags: at === 0 ? [`bench-${index % 100}`] : [],
        inputs: at === 0 ? [] : [nodes[at - 1]!.node_id],
        params: { at, salt, index },
        code_hash: `c${index}-${at}`,
        config_hash: "f",
        schema_hash: "h",
        schema_compat_id: "s",
      };
      nodes.push({ node_id: nodeIdOf(wireNodeSpec(node)), ...node });
    }
    const dag = Buffer.from(JSON.stringify({ schema_version: "v1", nodes })).toString("base64");
    return JSON.stringify({ dag_json: dag, node_ids_crc32: crc32OfNodeIds(nodes.map(({ node_id }) => node_id)) });
  });
}

/** Sends at a fixed rate whatever the answers do; a latency counts from when its request was due. */
async function sendAtRate(
  url: string,
  sent: readonly string[],
  perSecond: number,
  complete: (url: string, answer: HttpAnswer) => Promise<HttpAnswer> = async (_, answer) => answer,
) {
  const latenciesMs: number[] = [];
  const answers: HttpAnswer[] = [];
  const startedMs = performance.now() + 50;
  await Promise.all(
    sent.map(async (body, index) => {
      const dueMs = startedMs + (index * 1_000) / perSecond;
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
      const answer = await complete(url, await send("POST", `${url}/strategies`, body));
      latenciesMs.push(performance.now() - dueMs);
      answers.push(answer);
    }),
  );
  return { answers, latenciesMs };
}

/** What an answer does not say yet, the status does. */
async function withQueueMap(url: string, answer: HttpAnswer): Promise<HttpAnswer> {
  if (answer.status !== 202) return answer;
  const { strategy_id: id } = JSON.parse(answer.text) as Ack;
  for (let { text } = answer; ;) {
    if (queueCountOf(text) > 0) return { status: answer.status, text };
    await new Promise((resolve) => setTimeout(resolve, 5));
    ({ text } = await send("GET", `${url}/strategies/${id}/status`));
  }
}

function queueCountOf(text: string): number {
  return Object.keys((JSON.parse(text) as Ack).queue_map).length;
}

async function drained(url: string): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const { text } = await send("GET", `${url}/status`);
    const status = JSON.parse(text) as { submissions: Record<string, number> };
    if (Object.keys(status.submissions).length === 0) return performance.now() - startedMs;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function topicsOf(url: string, ids: readonly string[]): Promise<number> {
  const topics = new Set<string>();
  for (let from = 0; from < ids.length; from += 50) {
    await Promise.all(
      ids.slice(from, from + 50).map(async (id) => {
        const { text } = await send("GET", `${url}/strategies/${id}/status`);
        const status = JSON.parse(text) as Ack & { status: string };
        requireSame(`status of ${id}`, status.status, "completed");
        for (const queues of Object.values(status.queue_map)) for (const { queue } of queues) topics.add(queue);
      }),
    );
  }
  return topics.size;
}
