import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCli, type RunningCli } from "../../apps/cli/src/testing/start-cli.ts";
import { expectDone, installPackage, run, runNpm, type InstalledPackage } from "./setup/installed-package.ts";
import { freePorts } from "./setup/page-services.ts";

let installed: InstalledPackage;
let place: string;
const running: RunningCli[] = [];
beforeAll(async () => {
  installed = await installPackage();
  place = join(installed.folder, "empty");
  await mkdir(place);
});
afterEach(() => Promise.all(running.splice(0).map((service) => service.stop("SIGKILL"))));
afterAll(() => installed.remove());

/** `qmtl up` on free ports, once it says that it is ready. */
async function up(): Promise<RunningCli> {
  const service = await startCli(["up"], { folder: place, environment: freePorts, entry: installed.command });
  running.push(service);
  return service;
}

describe("qmtl up, installed in an empty folder", () => {
  // How long the start takes, and how much memory: the bench `up`.
  it("says when it is ready, serves its page offline, and stops in order; a first time and again", async () => {
    for (const start of ["first", "second"]) {
      const services = await up();
      expect(services.readyMs, start).toBeGreaterThan(0);
      const status = await fetch(`${services.addresses["Gateway"]}/status`);
      expect(await status.json()).toMatchObject({
        status: "ok",
        dagmanager: "ok",
        worldservice: "ok",
      });
      const page = await (await fetch(services.addresses["API page"]!)).text();
      expect(page).toContain("<code>POST /strategies</code>");
      expect((await services.stop("SIGINT")).exitCode).toBe(0);
      expect(services.errors()).not.toMatch(/"level":"(warn|error)"/);
    }
  });

  it("keeps its keys and what it accepted when it is killed", async () => {
    const before = await up();
    const keys = await (await fetch(`${before.addresses["Gateway"]}/events/jwks`)).text();
    const submission = await fetch(`${before.addresses["Gateway"]}/strategies`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ dag_json: `{"nodes":[]}`, node_ids_crc32: 0 }),
    });
    expect(submission.status).toBe(202);
    const { strategy_id: strategyId } = (await submission.json()) as { strategy_id: string };
    await before.stop("SIGKILL");

    const after = await up();
    expect(await (await fetch(`${after.addresses["Gateway"]}/events/jwks`)).text()).toBe(keys);
    await expect
      .poll(async () => (await fetch(`${after.addresses["Gateway"]}/strategies/${strategyId}/status`)).json())
      .toMatchObject({ status: "completed" });
    for (const name of await readdir(join(place, ".qmtl"))) {
      expect((await stat(join(place, ".qmtl", name))).mode & 0o077, name).toBe(0);
    }
    expect((await after.stop("SIGTERM")).exitCode).toBe(0);
  });

  it("has the strategy of a project follow a world", async () => {
    const services = await up();
    const gatewayUrl = services.addresses["Gateway"]!;
    const project = join(installed.folder, "project");
    const init = ["project", "init", "--path", project, "--strategy", "single_indicator", "--with-sample-data"];
    await expectDone(await installed.qmtl(init));
    await expectDone(await runNpm(["install"], project));
    await expectDone(await installed.qmtl(["world", "create", "demo", "--gateway-url", gatewayUrl], project));
    const words = ["strategy.ts", "--world-id", "demo", "--gateway-url", gatewayUrl, "--replay", "max"];
    const { exitCode, stdout, stderr } = await run(process.execPath, words, project);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('submitted to world "demo" as ')]);
    expect(stdout).toMatch(/^From +20\d\d-/m);
    expect((await services.stop("SIGTERM")).exitCode).toBe(0);
  });

  it("runs once in a folder", async () => {
    const first = await up();
    await expect(up()).rejects.toThrow("another process runs the dagmanager service");
    expect((await first.stop("SIGINT")).exitCode).toBe(0);
  });
});
