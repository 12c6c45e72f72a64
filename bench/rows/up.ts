import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { qmtlCommand, requireBuiltPackage } from "../harness/package.ts";
import type { Bench } from "../harness/row.ts";
import { sampleOf } from "../harness/timing.ts";

/** The three services in one process of the published package: from the start of the process to the line "ready". */
export const up: Bench = {
  name: "up",
  summary: "qmtl up in an empty folder, and in one with state: process start to ready, resident memory",
  async run({ rounds }) {
    requireBuiltPackage();
    const folder = temporaryFolder();
    await start(folder); // compiles
    const first: number[] = [];
    const again: number[] = [];
    const resident: number[] = [];
    for (let round = 0; round < rounds; round++) {
      rmSync(join(folder, ".qmtl"), { recursive: true, force: true });
      first.push((await start(folder)).readyMs);
      const second = await start(folder);
      again.push(second.readyMs);
      resident.push(second.residentMb);
    }
    return [
      { workload: "qmtl up, first start to ready", ours: sampleOf(first, "ms"), must: { atMost: 1_500 } },
      { workload: "qmtl up, later start to ready", ours: sampleOf(again, "ms"), must: { atMost: 1_500 } },
      { workload: "qmtl up, resident memory when ready", ours: sampleOf(resident, "MB"), must: { atMost: 200 } },
    ];
  },
};

async function start(folder: string): Promise<{ readyMs: number; residentMb: number }> {
  const anyPort = ["GATEWAY__PORT", "DAGMANAGER__GRPC_PORT", "DAGMANAGER__HTTP_PORT", "WORLDSERVICE__BIND__PORT"];
  const env = { ...process.env, ...Object.fromEntries(anyPort.map((name) => [`QMTL__${name}`, "0"])) };
  const startedMs = performance.now();
  const stdio = ["ignore", "pipe", "ignore"] as const;
  const child = spawn(process.execPath, [qmtlCommand, "up", "--json"], { cwd: folder, env, stdio: [...stdio] });
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  const readyMs = performance.now() - startedMs;
  const { addresses } = JSON.parse(line.toString()) as { addresses: Record<string, string> };
  const status = await fetch(`${addresses["Gateway"]}/status`);
  requireSame("status of the Gateway", ((await status.json()) as { status: string }).status, "ok");
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
  child.kill("SIGINT");
  const [exitCode] = (await once(child, "exit")) as [number | null];
  requireSame("exit code", exitCode, 0);
  return { readyMs, residentMb: Number(kilobytes) / 1_024 };
}
