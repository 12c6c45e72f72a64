import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startCli } from "../../apps/cli/src/testing/start-cli.ts";
import { GatewayClient } from "../../packages/sdk/src/gateway-client/index.ts";

const ports = ["GATEWAY__PORT", "DAGMANAGER__GRPC_PORT", "DAGMANAGER__HTTP_PORT", "WORLDSERVICE__BIND__PORT"];
const environment = Object.fromEntries(ports.map((name) => [`QMTL__${name}`, "0"]));

// docs/services.md, "Backup and restore".
it("a copy of the state folder, made while nothing runs, is a whole system elsewhere", async () => {
  const place = await mkdtemp(join(tmpdir(), "qmtl-backup-"));
  const during = async (folder: string, work: (client: GatewayClient) => Promise<void>): Promise<void> => {
    const services = await startCli(["up"], { folder, environment });
    await work(new GatewayClient({ url: services.addresses["Gateway"]!, timeoutMs: 10_000 }));
    expect((await services.stop("SIGINT")).exitCode).toBe(0);
  };
  try {
    const submission = { dag_json: `{"nodes":[]}`, node_ids_crc32: 0, world_ids: ["kept"] };
    let strategyId = "";
    await during(place, async (client) => {
      await client.call("POST", "/worlds", { body: { id: "kept" } });
      await client.world("POST", "kept", "/kill", { body: { reason: "before the copy" } });
      strategyId = (await client.submit(submission, "key")).strategy_id;
    });
    await cp(join(place, ".qmtl"), join(place, "copy", ".qmtl"), { recursive: true });
    await during(join(place, "copy"), async (client) => {
      expect(await client.world("GET", "kept", "/order-state")).toMatchObject({ killed: true });
      expect(await client.world("GET", "kept", "/audit/verify")).toMatchObject({ intact: true });
      expect((await client.submit(submission, "key")).strategy_id).toBe(strategyId);
    });
  } finally {
    await rm(place, { recursive: true });
  }
});
