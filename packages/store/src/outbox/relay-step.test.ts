import { seededRandom } from "@qmtl/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { idleRelay, relayStep, type Relay, type RelayEffect, type RelayInput, type RelayRow } from "./index.ts";

interface Row extends RelayRow {
  readonly key: string;
  readonly sequence: number;
}

/** The outbox, the bus and what goes wrong between them; the relay's shell without time. */
class World {
  readonly rows: Row[] = [];
  readonly done = new Set<number>();
  readonly buried = new Set<number>();
  readonly onBus: Row[] = [];
  readonly poison: ReadonlySet<number>;
  relay: Relay<Row> = idleRelay;
  due: RelayEffect<Row>[] = [];
  pausing = false;

  constructor(poison: readonly number[]) {
    this.poison = new Set(poison);
  }

  append(key: string): void {
    const position = this.rows.length + 1;
    const sequence = this.rows.filter((row) => row.key === key).length + 1;
    this.rows.push({ position, topic: key < "c" ? "one" : "two", key, sequence });
  }

  take(input: RelayInput<Row>): void {
    const { relay, effects } = relayStep(this.relay, input, { firstPauseMs: 50, longestPauseMs: 5_000 });
    this.relay = relay;
    this.due.push(...effects);
  }

  crash(): void {
    this.relay = idleRelay;
    this.due = [];
    this.pausing = false;
  }

  /** Performs the next effect; `fault` makes it fail before anything happened, or after it did. */
  perform(fault: "none" | "before" | "after"): void {
    const effect = this.due.shift();
    if (effect === undefined) return;
    if (effect.kind === "pause") {
      this.pausing = true;
      return;
    }
    const outcome = fault === "before" ? undefined : this.#effect(effect);
    if (fault !== "none") this.take({ kind: "failed" });
    else if (outcome !== undefined) this.take(outcome);
  }

  endPause(): void {
    if (!this.pausing) return;
    this.pausing = false;
    this.take({ kind: "pauseOver" });
  }

  #effect(effect: Exclude<RelayEffect<Row>, { kind: "pause" }>): RelayInput<Row> | undefined {
    switch (effect.kind) {
      case "load": {
        const waiting = this.rows.filter(({ position }) => !this.done.has(position) && !this.buried.has(position));
        return { kind: "loaded", rows: waiting.slice(0, 4) };
      }
      case "publish":
        if (effect.rows.some(({ position }) => this.poison.has(position))) return { kind: "refused", reason: "poison" };
        for (const row of effect.rows) if (!this.onBus.includes(row)) this.onBus.push(row);
        return { kind: "published" };
      case "mark":
        for (const { position } of effect.rows) {
          expect(this.onBus.some((row) => row.position === position)).toBe(true);
          this.done.add(position);
        }
        return { kind: "marked", restMs: this.done.size % 3 === 0 ? 5 : 0 };
      case "bury":
        expect(this.poison.has(effect.row.position)).toBe(true);
        this.buried.add(effect.row.position);
        return undefined;
    }
  }
}

const key = fc.constantFrom("a", "b", "c", "d");

it("publishes every event in the order of its key, whatever fails and wherever it crashes", () => {
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 25 }),
      fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 3 }),
      fc.nat(),
      play,
    ),
    { numRuns: 300 },
  );

  function play(keys: readonly string[], poison: readonly number[], seed: number): void {
    const world = new World(poison);
    const random = seededRandom(seed);
    const waiting = [...keys];
    while (waiting.length > 0) {
      const draw = random.integer(12);
      if (draw < 2) world.append(waiting.shift()!);
      else if (draw < 4) world.take({ kind: "wake" });
      else if (draw < 8) world.perform("none");
      else if (draw === 8) world.perform("before");
      else if (draw === 9) world.perform("after");
      else if (draw === 10) world.endPause();
      else if (random.integer(4) === 0) world.crash();
    }
    // The faults end; a wake must be enough for everything to arrive.
    world.take({ kind: "wake" });
    for (let turn = 0; turn < 500; turn++) {
      world.perform("none");
      world.endPause();
    }
    world.take({ kind: "wake" });
    for (let turn = 0; turn < 500; turn++) world.perform("none");
    expect(world.relay).toEqual(idleRelay);
    for (const each of ["a", "b", "c", "d"]) {
      const sent = world.rows.filter((row) => row.key === each && !world.poison.has(row.position));
      expect(world.onBus.filter((row) => row.key === each)).toEqual(sent);
    }
    expect([...world.done].length + [...world.buried].length).toBe(world.rows.length);
  }
});

it("starts nothing after it was stopped", () => {
  const world = new World([]);
  world.append("a");
  world.take({ kind: "wake" });
  world.take({ kind: "stop" });
  world.take({ kind: "loaded", rows: world.rows });
  world.take({ kind: "wake" });
  expect(world.due).toEqual([{ kind: "load" }]);
});

it("doubles its pauses up to the longest, and starts over after a success", () => {
  let relay: Relay<Row> = idleRelay;
  const pauses: number[] = [];
  for (let failure = 0; failure < 10; failure++) {
    const step = relayStep<Row>(relay, { kind: "failed" }, { firstPauseMs: 50, longestPauseMs: 5_000 });
    relay = step.relay;
    for (const effect of step.effects) if (effect.kind === "pause") pauses.push(effect.durationMs);
  }
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  const options = { firstPauseMs: 50, longestPauseMs: 5_000 };
  relay = relayStep<Row>(relay, { kind: "pauseOver" }, options).relay;
  relay = relayStep<Row>(relay, { kind: "loaded", rows: [] }, options).relay;
  expect(relay).toEqual(idleRelay);
});
