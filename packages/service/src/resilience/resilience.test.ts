import { seededRandom } from "@qmtl/core";
import { VirtualClock } from "@qmtl/testkit/clock";
import { describe, expect, it } from "vitest";
import { CircuitBreaker, retry, type BreakerState } from "./index.ts";

const works = async (): Promise<string> => "answer";
const fails = async (): Promise<string> => {
  throw new Error("down");
};

describe("CircuitBreaker", () => {
  function openBreaker() {
    const clock = new VirtualClock();
    const changes: BreakerState[] = [];
    const onChange = (state: BreakerState): void => void changes.push(state);
    const breaker = new CircuitBreaker({ name: "the WorldService", clock, failuresMax: 3, openMs: 1_000, onChange });
    return { breaker, clock, changes };
  }
  const trip = async (breaker: CircuitBreaker): Promise<void> => {
    for (let call = 0; call < 3; call++) await expect(breaker.call(fails)).rejects.toThrow("down");
  };

  it("opens at the third failure in a row, and then asks nobody", async () => {
    const { breaker, changes } = openBreaker();
    await expect(breaker.call(fails)).rejects.toThrow("down");
    await expect(breaker.call(fails)).rejects.toThrow("down");
    await breaker.call(works);
    expect(breaker.failures).toBe(0);
    await trip(breaker);
    expect(breaker.state).toBe("open");
    let asked = false;
    const call = breaker.call(async () => (asked = true));
    await expect(call).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE", details: { retry_after_ms: 1_000 } });
    expect(asked).toBe(false);
    expect(changes).toEqual(["open"]);
  });

  it("lets one call through after a while, and closes when that one works", async () => {
    const { breaker, clock, changes } = openBreaker();
    await trip(breaker);
    await clock.advance(1_000);
    expect(breaker.state).toBe("half-open");
    let release: (answer: string) => void = () => {};
    const trial = breaker.call(() => new Promise<string>((resolve) => (release = resolve)));
    await expect(breaker.call(works)).rejects.toThrow("failed 3 times in a row");
    release("answer");
    expect(await trial).toBe("answer");
    expect(breaker.state).toBe("closed");
    expect(changes).toEqual(["open", "closed"]);
  });

  it("waits again when the trial fails", async () => {
    const { breaker, clock } = openBreaker();
    await trip(breaker);
    await clock.advance(1_000);
    await expect(breaker.call(fails)).rejects.toThrow("down");
    expect(breaker.state).toBe("open");
    await clock.advance(999);
    expect(breaker.state).toBe("open");
    await clock.advance(1);
    expect(await breaker.call(works)).toBe("answer");
  });

  it("tries another call when the trial is not answered for long, and does not mind how that one ends", async () => {
    const { breaker, clock, changes } = openBreaker();
    await trip(breaker);
    await clock.advance(1_000);
    let refuse: (error: Error) => void = () => {};
    const lost = breaker.call(() => new Promise<string>((_resolve, reject) => (refuse = reject)));
    await clock.advance(999);
    await expect(breaker.call(works)).rejects.toThrow("failed 3 times in a row");
    await clock.advance(1);
    expect(await breaker.call(works)).toBe("answer");
    refuse(new Error("late"));
    await expect(lost).rejects.toThrow("late");
    expect([breaker.state, changes]).toEqual(["closed", ["open", "closed"]]);
  });

  it("is not put off by calls that began before it opened", async () => {
    const { breaker, clock } = openBreaker();
    let refuse: (error: Error) => void = () => {};
    const late = breaker.call(() => new Promise<string>((_resolve, reject) => (refuse = reject)));
    await trip(breaker);
    await clock.advance(900);
    refuse(new Error("late"));
    await expect(late).rejects.toThrow("late");
    await clock.advance(100);
    expect(breaker.state).toBe("half-open");
  });

  it("takes an answer that says no for an answer", async () => {
    const clock = new VirtualClock();
    const breaker = new CircuitBreaker({ name: "x", clock, failuresMax: 1, counts: () => false });
    await expect(breaker.call(fails)).rejects.toThrow("down");
    expect(breaker.state).toBe("closed");
  });
});

describe("retry", () => {
  const options = { random: seededRandom(1), attemptsMax: 5, firstPauseMs: 100, pauseMsMax: 300 };

  it("waits longer each time, within its bounds, and gives up with the last error", async () => {
    const clock = new VirtualClock();
    const pauses: number[] = [];
    let attempts = 0;
    const run = retry(
      async () => {
        attempts++;
        throw new Error(`down ${attempts}`);
      },
      { ...options, clock, onFailure: (_error, _attempt, pauseMs) => pauses.push(pauseMs) },
    );
    const outcome = expect(run).rejects.toThrow("down 5");
    await clock.advance(2_000);
    await outcome;
    const ranges = [100, 200, 300, 300];
    expect(pauses).toHaveLength(4);
    pauses.forEach((pause, index) => {
      expect(pause).toBeGreaterThanOrEqual(ranges[index]! / 2);
      expect(pause).toBeLessThan(ranges[index]!);
    });
  });

  it("does not repeat what waiting cannot mend", async () => {
    const clock = new VirtualClock();
    let attempts = 0;
    const run = async (): Promise<never> => {
      attempts++;
      throw new Error("refused");
    };
    await expect(retry(run, { ...options, clock, worthIt: () => false })).rejects.toThrow("refused");
    expect(attempts).toBe(1);
  });

  it("stops waiting when told to", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const run = retry(fails, { ...options, clock, signal: controller.signal });
    const outcome = expect(run).rejects.toThrow("stopped");
    await Promise.resolve();
    controller.abort(new Error("stopped"));
    await outcome;
  });

  it("returns the first answer", async () => {
    const clock = new VirtualClock();
    const run = retry(async (attempt) => (attempt < 3 ? fails() : attempt), { ...options, clock });
    await clock.advance(1_000);
    expect(await run).toBe(3);
  });
});
