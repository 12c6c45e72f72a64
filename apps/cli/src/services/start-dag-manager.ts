import { createDagManager, dagManagerMigrations, FolderArchive, type DagManagerTables } from "@qmtl/dag-manager";
import { openEmbeddedDatabase } from "@qmtl/store";
import { join } from "node:path";
import type { Foundation } from "./foundation.ts";
import { LocalDagManager } from "./local-dag-manager.ts";
import { holdPlace } from "./single-instance.ts";

export interface StartedDagManager {
  /** "127.0.0.1:50051". */
  readonly grpc: string;
  readonly http: string;
  /** For those of its process. */
  readonly local: LocalDagManager;
}

/** Adds the DAG Manager to the host and starts it. */
export async function startDagManager(foundation: Foundation): Promise<StartedDagManager> {
  const { config, stateFolder, clock, ids, auth, bus, queues, host, version } = foundation;
  const settings = config.dagmanager;
  const release = holdPlace(stateFolder, "dagmanager");
  await host.run({ name: "place of the DAG Manager", stop: async () => release() });
  const path = join(stateFolder, "dag.db");
  const database = await openEmbeddedDatabase<DagManagerTables>({ path, migrations: dagManagerMigrations, clock });
  await host.run({ name: "database of the DAG Manager", stop: () => database.destroy() });
  const tools = foundation.ofService("dagmanager");
  const app = await createDagManager({
    ...tools,
    version,
    database,
    bus,
    dataLog: queues.dataLog,
    clock,
    ids,
    auth,
    ...(settings.gc_archive_bucket !== null && { archive: new FolderArchive(settings.gc_archive_bucket) }),
    settings: {
      withNamespace: settings.enable_topic_namespace,
      gcIntervalMs: Math.ceil(settings.gc_interval_seconds * 1_000),
    },
    listenOn: {
      grpc: { host: settings.grpc_host, port: settings.grpc_port },
      http: { host: settings.http_host, port: settings.http_port },
    },
  });
  await host.run({ name: "DAG Manager", start: () => app.start(), stop: () => app.stop() });
  return { ...app.addresses!, local: new LocalDagManager(app.manager, tools.tracing) };
}
