import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { send } from "./http-client.ts";

const command = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));

const clockTickMs = 10;

export interface ControlPlane {
  /** Of the Gateway: "http://127.0.0.1:40001". */
  readonly url: string;
  /** Of the WorldService. */
  readonly worldUrl: string;
  /** What `qmtl up` keeps: bus.db, gateway.db, … */
  readonly stateFolder: string;
  /** Resident memory of the process now, MB. */
  readonly memoryMb: () => Promise<number>;
  /** Time on processors so far, all of its threads, ms: what it would take on a machine that does nothing else. */
  readonly cpuMs: () => number;
  readonly stop: () => Promise<void>;
}

/** The embedded control plane as users start it, `qmtl up`, in a process and an empty folder of its own. */
export async function startControlPlane(): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), "qmtl-bench-"));
  const settings = {
    gateway: { port: 0 },
    dagmanager: { grpc_port: 0, http_port: 0 },
    worldservice: { bind: { port: 0 } },
    telemetry: { log_level: "error" },
  };
  writeFileSync(join(folder, "qmtl.yml"), JSON.stringify(settings));
  const child = spawn(process.execPath, [command, "up", "--json"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.on("exit", () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const { Gateway: url, WorldService: worldUrl } = await addresses(child);
  return {
    url: url!,
    worldUrl: worldUrl!,
    stateFolder: join(folder, ".qmtl"),
    memoryMb: async () => {
      const { text } = await send("GET", `${url}/metrics`);
      return Number(/^process_resident_memory_bytes ([0-9.e+]+)$/m.exec(text)![1]) / 1_048_576;
    },
    cpuMs: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      return (Number(fields[11]) + Number(fields[12])) * clockTickMs;
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function addresses(child: ChildProcess): Promise<Readonly<Record<string, string>>> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.startsWith("{")) continue;
    const ready = JSON.parse(line) as { addresses?: Record<string, string> };
    if (ready.addresses === undefined) throw new Error(`the control plane does not start: ${line}`);
    child.stdout!.resume();
    return ready.addresses;
  }
  throw new Error("the control plane ended before it was ready");
}
