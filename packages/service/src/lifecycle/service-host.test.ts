import { VirtualClock } from "@qmtl/testkit/clock";
import { describe, expect, it } from "vitest";
import { createLogger } from "../logging/index.ts";
import { ServiceHost } from "./index.ts";

function openHost() {
  const clock = new VirtualClock();
  const steps: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const host = new ServiceHost({ clock, logger: createLogger({ service: "x", clock, destination }), stopMsMax: 1_000 });
  const add = (name: string, changed: { start?: () => Promise<void>; stop?: () => Promise<void> } = {}) =>
    host.run({
      name,
      start: changed.start ?? (async () => void steps.push(`start ${name}`)),
      stop: changed.stop ?? (async () => void steps.push(`stop ${name}`)),
    });
  return { clock, host, steps, lines, add };
}
const fails = async (): Promise<void> => {
  throw new Error("broken");
};

describe("ServiceHost", () => {
  it("starts in order and stops in reverse, once", async () => {
    const { host, steps, add } = openHost();
    for (const name of ["database", "relay", "server"]) await add(name);
    await Promise.all([host.stop(), host.stop()]);
    expect(steps).toEqual([
      "start database",
      "start relay",
      "start server",
      "stop server",
      "stop relay",
      "stop database",
    ]);
    await expect(add("late")).rejects.toThrow("must not start while the others stop");
  });

  it("stops a part that failed to start too: it may hold something", async () => {
    const { host, steps, add } = openHost();
    await add("database");
    await expect(add("relay", { start: fails })).rejects.toThrow("broken");
    await host.stop();
    expect(steps).toEqual(["start database", "stop relay", "stop database"]);
  });

  it("goes on stopping when a part fails to, or does not end", async () => {
    const { clock, host, steps, lines, add } = openHost();
    await add("database");
    await add("relay", { stop: () => new Promise(() => {}) });
    await add("server", { stop: fails });
    const stopped = host.stop();
    await clock.advance(1_000);
    await stopped;
    expect(steps.at(-1)).toBe("stop database");
    expect(lines.map(({ message, part }) => `${message as string}: ${part as string}`)).toEqual([
      "part failed to stop: server",
      "part does not stop: relay",
    ]);
  });
});
