import type { Leases } from "@qmtl/bus/leases";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PassingTime } from "./passing-time.ts";

export interface LeasesHarness extends PassingTime {
  readonly leases: Leases;
  close(): Promise<void>;
}

/** What every lease service does. `open` gives one where nothing was ever leased. */
export function leasesContract(name: string, open: () => Promise<LeasesHarness>): void {
  describe(`${name}, as a lease service`, () => {
    let harness: LeasesHarness;
    let leases: Leases;
    beforeEach(async () => {
      harness = await open();
      leases = harness.leases;
    });
    afterEach(() => harness.close());

    it("gives a resource to one of those who ask at once, and names it to the others", async () => {
      const holders = Array.from({ length: 10 }, (_, index) => `h${index}`);
      const answers = await Promise.all(holders.map((holder) => leases.acquire("node", holder, 500)));
      const granted = answers.flatMap((answer, index) => (answer.kind === "granted" ? [holders[index]!] : []));
      expect(granted).toHaveLength(1);
      for (const answer of answers) if (answer.kind === "held") expect(answer).toMatchObject({ by: granted[0] });
    });

    it("X-2: gives tokens that only rise, over expiry, release and re-acquisition", async () => {
      const tokens: number[] = [];
      const acquire = async (holder: string): Promise<number> => {
        const answer = await leases.acquire("node", holder, 100);
        if (answer.kind !== "granted") throw new Error(`held by ${answer.by}`);
        tokens.push(answer.token);
        return answer.token;
      };
      await acquire("a");
      await harness.pass(150);
      await acquire("b");
      const again = await acquire("b");
      await leases.release("node", again);
      await acquire("a");
      expect(tokens).toEqual(tokens.toSorted((x, y) => x - y));
      expect(new Set(tokens).size).toBe(tokens.length);
    });

    it("says how long a lease still runs", async () => {
      await leases.acquire("node", "a", 500);
      await harness.pass(200);
      const answer = await leases.acquire("node", "b", 500);
      expect(answer.kind).toBe("held");
      expect(answer.expiresInMs).toBeGreaterThan(0);
      expect(answer.expiresInMs).toBeLessThanOrEqual(310);
    });

    it("extends a running lease and no other", async () => {
      const answer = await leases.acquire("node", "a", 300);
      if (answer.kind !== "granted") throw new Error("expected a lease");
      await harness.pass(200);
      await leases.renew("node", answer.token, 300);
      await harness.pass(200);
      expect(await leases.acquire("node", "b", 300)).toMatchObject({ kind: "held", by: "a" });
      await expect(leases.renew("node", answer.token - 1, 300)).rejects.toMatchObject({ code: "LEASE_LOST" });
      await harness.pass(200);
      await expect(leases.renew("node", answer.token, 300)).rejects.toMatchObject({ code: "LEASE_LOST" });
      await expect(leases.renew("other", 1, 300)).rejects.toMatchObject({ code: "LEASE_LOST" });
    });

    it("gives a resource back only for the token that holds it", async () => {
      const first = await leases.acquire("node", "a", 100);
      await harness.pass(150);
      const second = await leases.acquire("node", "b", 500);
      if (first.kind !== "granted" || second.kind !== "granted") throw new Error("expected two leases");
      await leases.release("node", first.token);
      expect(await leases.acquire("node", "c", 500)).toMatchObject({ kind: "held", by: "b" });
      await leases.release("node", second.token);
      await expect(leases.renew("node", second.token, 500)).rejects.toMatchObject({ code: "LEASE_LOST" });
      expect(await leases.acquire("node", "c", 500)).toMatchObject({ kind: "granted" });
    });

    it("keeps resources apart", async () => {
      expect(await leases.acquire("one", "a", 500)).toMatchObject({ kind: "granted" });
      expect(await leases.acquire("two", "b", 500)).toMatchObject({ kind: "granted" });
    });
  });
}
