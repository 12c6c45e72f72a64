import type { DagManagerClient } from "@qmtl/dag-manager/client";
import type { ContextWords } from "../commands/dag-manager.ts";

/** A client of the DAG Manager at `target`, else where the configuration has it. `QMTL_TOKEN` says who asks. */
export async function dagManagerAt(target: string | undefined): Promise<DagManagerClient> {
  const { DagManagerClient: Client } = await import("@qmtl/dag-manager/client");
  return new Client(target ?? (await configuredTarget()), process.env["QMTL_TOKEN"] || undefined);
}

/** The part of a context that was given. */
export function scopeOf({ worldId, executionDomain, asOf }: ContextWords) {
  return {
    ...(worldId !== undefined && { worldId }),
    ...(executionDomain !== undefined && { executionDomain }),
    ...(asOf !== undefined && { asOf }),
  };
}

async function configuredTarget(): Promise<string> {
  const { loadConfig } = await import("@qmtl/service/config");
  const { config } = loadConfig({ folder: process.cwd(), environment: process.env });
  const { grpc_host: host, grpc_port: port } = config.dagmanager;
  return `${host}:${port}`;
}
