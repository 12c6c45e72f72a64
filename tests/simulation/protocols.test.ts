import { describe, expect, it } from "vitest";
import { firstFailure, seedsFrom } from "../../packages/testkit/src/simulation/index.ts";
import { planEventRelay, playEventRelay, relayMutants } from "./protocols/event-relay.ts";
import { planSubmissions, playSubmissions, submissionMutants } from "./protocols/submissions.ts";
import { playSeeds } from "./play-seeds.ts";
import { seedCount } from "./seed-count.ts";

const count = seedCount("QMTL_PROTOCOL_SEEDS", { ci: 20_000, desk: 1_000 });

const player = new URL("protocols/seed-player.ts", import.meta.url);

describe(`the protocols hold on everything that fails, ${count} seeds each (safety §6)`, () => {
  it.each([["order lease"], ["submission life cycle"], ["event relay"]])(
    "%s",
    async (protocol) => {
      const failures = await playSeeds<string | undefined>(player, count, [protocol]);
      expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
    },
    300_000,
  );
});

describe("wrong submissions are caught (S-1 to S-4, X-2)", () => {
  it.each(Object.entries(submissionMutants))("%s", (_, mutant) => {
    expect(firstFailure(seedsFrom(1, 200), planSubmissions, (plan) => playSubmissions(plan, mutant))).toBeDefined();
  });
});

describe("a wrong relay of events is caught (§4)", () => {
  it.each(Object.entries(relayMutants))("%s", (_, mutant) => {
    expect(firstFailure(seedsFrom(1, 200), planEventRelay, (plan) => playEventRelay(plan, mutant))).toBeDefined();
  });
});
