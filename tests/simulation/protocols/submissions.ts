import {
  acceptedSubmission,
  isFinal,
  stepLifeCycle,
  type LifeCycle,
  type LifeCycleInput,
  type RetryLimits,
} from "../../../apps/gateway/src/submission/life-cycle.ts";
import {
  FaultySystem,
  InvariantBroken,
  planFaults,
  WriteFailed,
  type FaultPlan,
  type FaultyProcess,
  type Topology,
} from "../../../packages/testkit/src/simulation/index.ts";

/** Known ways to lose or to double a submission. */
export interface SubmissionMutant {
  /** Work is taken out of the queue, not claimed. */
  readonly pops?: boolean;
  /** The client is answered, then the record is written. */
  readonly answersFirst?: boolean;
  /** Answers of a claim that has run out are taken. */
  readonly ignoresTokens?: boolean;
  /** A key that was used before is not looked for. */
  readonly forgetsKeys?: boolean;
  /** Faults are tried again for ever. */
  readonly neverGivesUp?: boolean;
}

export const submissionMutants: Readonly<Record<string, SubmissionMutant>> = {
  "work is popped, not claimed": { pops: true },
  "202 before the record is durable": { answersFirst: true },
  "the answer of a lost claim counts": { ignoresTokens: true },
  "an idempotency key makes a second submission": { forgetsKeys: true },
  "faults are retried for ever": { neverGivesUp: true },
};

const healAtMs = 8_000;
const workers = ["worker-0", "worker-1"];
const submissionCount = 6;
const claimMs = 1_500;
const limits: RetryLimits = { attemptsMax: 6, backoffMs: 50, backoffMsMax: 1_000, waitMsMax: 600_000 };

const topology: Topology = {
  links: [
    ["client", "gateway"],
    ["gateway", "client"],
    ...workers.flatMap((name): [string, string][] => [
      [name, "dag-manager"],
      ["dag-manager", name],
    ]),
  ],
  processes: [
    { name: "gateway", points: ["begin", "committed"], writes: true },
    ...workers.map((name) => ({
      name,
      points: ["claimed", "answered", "written"],
      writes: true,
      rates: [0.98, 1.02] as const,
    })),
    { name: "dag-manager" },
  ],
  requests: {},
};

export function planSubmissions(seed: number): FaultPlan {
  return planFaults(seed, topology, { healAtMs, faultsMax: 10 });
}

interface Item {
  readonly id: string;
  readonly key: string;
  readonly body: string;
  life: LifeCycle;
  /** The mutant's: it was taken out. */
  popped?: boolean;
}

const rank = { queued: 0, processing: 1, completed: 2, failed: 2, "dead-lettered": 2 };

/**
 * Submissions from a client that asks again until it is answered, over two workers that claim them, to a DAG Manager: the
 * life cycle's reducer under S-1 to S-4 and X-2. Undefined when all of it held and every submission came to its end.
 */
export function playSubmissions(plan: FaultPlan, mutant: SubmissionMutant = {}): InvariantBroken | undefined {
  const system = new FaultySystem(plan);
  const items = new Map<string, Item>();
  const byKey = new Map<string, Item>();
  const acknowledged = new Map<string, string>();
  const broken = (id: string, message: string): InvariantBroken =>
    new InvariantBroken(id, `${message}, at ${system.nowMs.toFixed(1)} ms`);

  // ---- the gateway and its client

  const gateway = system.process("gateway", () => {});
  const dagManager = system.process("dag-manager", () => {});
  const client = system.process("client", () => {
    for (let index = 0; index < submissionCount; index++) {
      client.after(1_200 * index, () => submit(`key-${index}`, `body-${index}`));
    }
    // Somebody uses a key for something else.
    client.after(3_000, () => submit("key-0", "another body", true));
  });

  function submit(key: string, body: string, foreign = false): void {
    if (acknowledged.has(key + body)) return;
    system.send(client, gateway, () => {
      const answer = accept(key, body);
      if (answer === undefined) return;
      system.send(gateway, client, () => {
        if (foreign && answer !== "409" && byKey.get(key)?.body !== body) {
          throw broken("S-4", `${key} was taken for another body`);
        }
        const before = acknowledged.get(key + body);
        if (before !== undefined && before !== answer)
          throw broken("S-4", `${key} was answered with ${before} and ${answer}`);
        acknowledged.set(key + body, answer);
        // Between sending and hearing nothing can undo what is durable.
        if (answer !== "409" && !items.has(answer)) throw broken("S-1", `${key} was accepted and is not there`);
      });
    });
    client.after(700, () => submit(key, body, foreign));
  }

  function accept(key: string, body: string): string | undefined {
    const known = mutant.forgetsKeys === true ? undefined : byKey.get(key);
    if (known !== undefined) return known.body === body ? known.id : "409";
    const id = `s${items.size}`;
    const insert = (): void => {
      const item = { id, key, body, life: acceptedSubmission(gateway.nowMs()) };
      items.set(id, item);
      byKey.set(key, item);
    };
    if (mutant.answersFirst === true) {
      gateway.after(20, () => gateway.write(insert));
      return id;
    }
    gateway.reach("begin");
    try {
      gateway.write(insert);
    } catch (error) {
      if (error instanceof WriteFailed) return undefined; // 503: ask again
      throw error;
    }
    gateway.reach("committed");
    return id;
  }

  // ---- the workers

  for (const name of workers) {
    const worker: FaultyProcess = system.process(name, () => poll());
    const busy = new Map<string, number>();
    const poll = (): void => {
      worker.after(90, poll);
      const ready = [...items.values()].find(
        (item) => item.popped !== true && !isFinal(item.life.status) && !busy.has(item.id),
      );
      if (ready !== undefined && step(ready, { kind: "claim", holder: `${name}/${worker.life}`, ttlMs: claimMs })) {
        if (isFinal(ready.life.status)) return;
        if (mutant.pops === true) ready.popped = true;
        worker.reach("claimed");
        work(ready, ready.life.lastToken);
      }
    };

    const work = (item: Item, token: number): void => {
      const { life } = worker;
      let open = true;
      const answered = (input: LifeCycleInput): void => {
        if (!open) return;
        open = false;
        worker.reach("answered");
        if (step(item, input)) worker.reach("written");
      };
      const outcome = outcomeOf(item, token);
      system.send(worker, dagManager, () => system.send(dagManager, worker, () => answered(outcome), life));
      worker.after(400, () => answered({ kind: "unavailable", token, reason: "no answer" }));
    };

    const outcomeOf = (item: Item, token: number): LifeCycleInput => {
      const draw = system.draw(20, token, Number(item.id.slice(1)));
      if (mutant.neverGivesUp === true || draw < 0.15) return { kind: "faulted", token, reason: "boom" };
      return draw < 0.25 ? { kind: "rejected", token, reason: "cycle" } : { kind: "completed", token };
    };

    const step = (item: Item, asked: LifeCycleInput): boolean => {
      const before = item.life;
      const input =
        mutant.ignoresTokens === true && "token" in asked && before.claim !== null
          ? { ...asked, token: before.claim.token }
          : asked;
      const spread = system.draw(21, before.revision);
      const retries = mutant.neverGivesUp === true ? { ...limits, attemptsMax: Number.POSITIVE_INFINITY } : limits;
      const { state, taken } = stepLifeCycle(before, input, worker.nowMs(), retries, spread);
      if (!taken) return false;
      try {
        worker.write(() => {
          check(item, before, state, asked, `${name}/${worker.life}`);
          item.life = state;
        });
        return true;
      } catch (error) {
        if (error instanceof WriteFailed) return false;
        throw error;
      }
    };
  }

  function check(item: Item, before: LifeCycle, after: LifeCycle, input: LifeCycleInput, by: string): void {
    const { id } = item;
    if (isFinal(before.status)) throw broken("S-2", `${id} was ${before.status} and became ${after.status}`);
    if (rank[after.status] < rank[before.status]) throw broken("S-2", `${id} went back to ${after.status}`);
    if (after.lastToken < before.lastToken) throw broken("X-2", `the token of ${id} went down`);
    if (input.kind === "claim" && !isFinal(after.status) && after.lastToken <= before.lastToken) {
      throw broken("X-2", `${id} was claimed twice under one token`);
    }
    if ("token" in input && input.token !== before.lastToken) {
      throw broken("X-2", `${id} took the answer of ${by} under token ${input.token}; ${before.lastToken} stands`);
    }
    if (after.status !== "completed" && isFinal(after.status) && after.reason === null) {
      throw broken("S-2", `${id} ended as ${after.status} without a reason`);
    }
  }

  try {
    system.runUntil(healAtMs + 30_000, () => {});
    for (let index = 0; index < submissionCount; index++) {
      const key = `key-${index}`;
      const answer = acknowledged.get(`${key}body-${index}`);
      if (answer === undefined) throw broken("S-1", `${key} was never answered`);
      const item = items.get(answer);
      if (item === undefined) throw broken("S-1", `${key} was accepted and is not there`);
      if (answer !== "409" && !isFinal(item.life.status))
        throw broken("S-2", `${answer} is ${item.life.status} for ever`);
    }
    if (items.size !== byKey.size) throw broken("S-4", `${items.size} submissions under ${byKey.size} keys`);
    return undefined;
  } catch (error) {
    if (error instanceof InvariantBroken) return error;
    throw error;
  }
}
