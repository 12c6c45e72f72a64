import { leasesContract } from "@qmtl/testkit/contracts";
import { VirtualClock } from "@qmtl/testkit/clock";
import { MemoryLeases } from "./index.ts";

leasesContract("leases of one process", async () => {
  const clock = new VirtualClock();
  const leases = new MemoryLeases(clock);
  return { leases, pass: (ms) => clock.advance(ms), close: () => leases.close() };
});
