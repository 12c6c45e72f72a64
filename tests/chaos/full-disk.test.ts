import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startCli, type RunningCli } from "../../apps/cli/src/testing/start-cli.ts";
import { chainOf, submissionOf } from "../../apps/gateway/src/testing/submissions.ts";
import { GatewayClient } from "../../packages/sdk/src/gateway-client/index.ts";

const environment = {
  QMTL__GATEWAY__PORT: "0",
  QMTL__DAGMANAGER__GRPC_PORT: "0",
  QMTL__DAGMANAGER__HTTP_PORT: "0",
  QMTL__WORLDSERVICE__BIND__PORT: "0",
  QMTL__TELEMETRY__LOG_LEVEL: "error",
};

let folder: string;
let running: RunningCli | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-small-"));
});
afterEach(async () => {
  await running?.stop("SIGKILL");
  detach(folder);
  rmSync(folder, { recursive: true, force: true });
});

/** A disk of its own for the folder, where that is allowed; and what is left of it taken, but for so much. */
function attach(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function detach(path: string): void {
  try {
    execFileSync("umount", [path], { stdio: "ignore" });
  } catch {
    // It was not attached.
  }
}

async function start(): Promise<GatewayClient> {
  running = await startCli(["up"], { folder, environment });
  return new GatewayClient({ url: running.addresses["Gateway"]!, timeoutMs: 5_000 });
}

const bodyOf = (key: string): ReturnType<typeof submissionOf> => submissionOf(chainOf(40, key));

// S-1 with no room left: a loud no, never a yes that is forgotten.
it("refuses what it cannot keep when the disk is full, and keeps all that it has accepted", async () => {
  const isSmall = attach();
  const client = await start();
  // Without a disk of its own the folder has as much as the files may grow: the test then only shows that none is lost.
  if (isSmall) writeFileSync(join(folder, "ballast"), Buffer.alloc(14 * 1_024 * 1_024));
  const accepted = new Map<string, string>();
  const refusals: string[] = [];
  for (let index = 0; index < (isSmall ? 5_000 : 50) && refusals.length < 3; index++) {
    const key = `k${index}`;
    try {
      accepted.set(key, (await client.submit(bodyOf(key), key)).strategy_id);
    } catch (error) {
      refusals.push((error as { code: string }).code);
    }
  }
  expect(accepted.size).toBeGreaterThan(10);
  if (isSmall) {
    expect(refusals).toHaveLength(3);
    expect(new Set(refusals)).toEqual(new Set(["STORE_FAILED"]));
    rmSync(join(folder, "ballast"));
  }
  await running!.stop("SIGKILL");

  const after = await start();
  await vi.waitFor(
    async () => {
      for (const [key, id] of accepted) expect((await after.status(id)).status, key).toBe("completed");
    },
    { timeout: 40_000, interval: 500 },
  );
  // There is room again, and nothing has to be repaired by hand.
  expect((await after.submit(bodyOf("later"), "later")).strategy_id).toBeDefined();
}, 120_000);
