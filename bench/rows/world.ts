import { startControlPlane, type ControlPlane } from "../harness/control-plane.ts";
import { requireSame } from "../harness/equality.ts";
import { openEventStream, subscribe, type EventStream } from "../harness/event-streams.ts";
import { send } from "../harness/http-client.ts";
import type { Bench } from "../harness/row.ts";
import { sampleOf, timeOf } from "../harness/timing.ts";

const holderCount = 100;
const worldId = "bench";

/**
 * What a world decides, asked over HTTP at the WorldService, which remembers no answer; and an apply with a hundred
 * holders of the order lease, each on a socket of the event stream, that close their gate when they hear of the freeze and
 * say so over HTTP. It counts from the request to its answer "completed".
 */
export const world: Bench = {
  name: "world",
  summary: "decide: p95; apply with 100 holders of the order lease that acknowledge over HTTP, until completed",
  async run({ quick }) {
    const plane = await startControlPlane();
    try {
      await post(`${plane.url}/worlds`, { id: worldId });
      await post(`${plane.url}/worlds/${worldId}/bindings`, { strategies: ["a", "b"] });
      await post(`${plane.url}/worlds/${worldId}/decisions`, { strategies: ["a"] });
      const decideMs = await decideTimes(plane, quick ? 300 : 2_000);
      const applyMs = await applyTimes(plane, quick ? 5 : 20);
      return [
        {
          workload: "decide over HTTP, p95",
          ours: { ...sampleOf(decideMs, "ms"), median: percentile(decideMs, 0.95) },
          must: { atMost: 20 },
          note: `median ${percentile(decideMs, 0.5).toFixed(1)} ms`,
        },
        {
          workload: `apply with ${holderCount} holders of the lease, until completed`,
          ours: sampleOf(applyMs, "ms"),
          must: { atMost: 100 },
        },
      ];
    } finally {
      await plane.stop();
    }
  },
};

async function decideTimes(plane: ControlPlane, count: number): Promise<number[]> {
  const times: number[] = [];
  const ask = () => send("GET", `${plane.worldUrl}/worlds/${worldId}/decide`);
  for (let call = 0; call < 200; call++) await ask();
  for (let call = 0; call < count; call++) {
    times.push(
      await timeOf(async () => {
        const { status } = await ask();
        requireSame("status", status, 200);
      }),
    );
  }
  return times;
}

async function applyTimes(plane: ControlPlane, rounds: number): Promise<number[]> {
  const holders: Holder[] = [];
  try {
    for (let index = 0; index < holderCount; index++) holders.push(await Holder.open(plane, index));
    const times: number[] = [];
    for (let round = 0; round < rounds + 2; round++) {
      const { epoch } = await get<{ epoch: number }>(`${plane.url}/worlds/${worldId}`);
      // Holders ask at moments of their own, not all at one.
      for (let from = 0; from < holderCount; from += 10) {
        await Promise.all(holders.slice(from, from + 10).map((holder) => holder.takeLease(epoch)));
      }
      const plan = round % 2 === 0 ? { activate: ["a"], deactivate: ["b"] } : { activate: ["b"], deactivate: ["a"] };
      const request = { run_id: `run-${round}`, plan, expected_epoch: epoch };
      const ms = await timeOf(async () => {
        const answer = await post<{ phase: string }>(`${plane.url}/worlds/${worldId}/apply?wait_ms=10000`, request);
        requireSame("phase", answer.phase, "completed");
      });
      if (round >= 2) times.push(ms);
      // All holders are one caller here, and a caller has a rate.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await Promise.all(holders.map((holder) => holder.acknowledged()));
    }
    return times;
  } finally {
    for (const holder of holders) holder.close();
  }
}

/** Has the order lease, and gives it up at the first news after that. */
class Holder {
  readonly #url: string;
  readonly #name: string;
  #stream: EventStream | undefined;
  #closesForEpoch: number | undefined;
  #acknowledged: Promise<void> = Promise.resolve();

  private constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  static async open({ url }: ControlPlane, index: number): Promise<Holder> {
    const holder = new Holder(`${url}/worlds/${worldId}`, `holder-${index}`);
    const { stream_url, token } = await subscribe(url, worldId, ["activation"]);
    holder.#stream = await openEventStream(stream_url, token, () => holder.#heard());
    return holder;
  }

  async takeLease(epoch: number): Promise<void> {
    const request = { holder: this.#name, incarnation: "1", strategy_id: "a", seen_epoch: epoch, sequence: 0 };
    const { granted } = await post<{ granted: boolean }>(`${this.#url}/lease`, request);
    requireSame(`lease of ${this.#name}`, granted, true);
    this.#closesForEpoch = epoch + 1;
  }

  acknowledged(): Promise<void> {
    return this.#acknowledged;
  }

  close(): void {
    this.#stream?.close();
  }

  #heard(): void {
    const epoch = this.#closesForEpoch;
    if (epoch === undefined) return;
    this.#closesForEpoch = undefined;
    this.#acknowledged = post(`${this.#url}/acks`, { holder: this.#name, incarnation: "1", closed_epoch: epoch });
  }
}

async function post<Answer = void>(url: string, body: object): Promise<Answer> {
  const { status, text } = await send("POST", url, JSON.stringify(body), { "x-allow-live": "true" });
  if (status >= 300) throw new Error(`POST ${url}: ${status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as Answer;
}

async function get<Answer>(url: string): Promise<Answer> {
  return JSON.parse((await send("GET", url)).text) as Answer;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1]!;
}
