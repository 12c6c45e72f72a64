import type { WorldTransport } from "@qmtl/gateway";
import { checkBinding } from "@qmtl/service/auth";
import { openEmbeddedDatabase } from "@qmtl/store";
import { createWorld, worldMigrations, type WorldTables } from "@qmtl/world";
import { join } from "node:path";
import type { Foundation } from "./foundation.ts";
import { localWorldTransport } from "./local-world.ts";
import { holdPlace } from "./single-instance.ts";

export interface StartedWorld {
  readonly url: string;
  /** For those of its process. */
  readonly local: WorldTransport;
}

/** Adds the WorldService to the host and starts it. */
export async function startWorld(foundation: Foundation): Promise<StartedWorld> {
  const { config, stateFolder, clock, ids, auth, bus, host, version } = foundation;
  checkBinding(config.worldservice.bind.host, "worldservice.bind.host", auth);
  const release = holdPlace(stateFolder, "worldservice");
  await host.run({ name: "place of the WorldService", stop: async () => release() });
  const path = join(stateFolder, "world.db");
  const database = await openEmbeddedDatabase<WorldTables>({ path, migrations: worldMigrations, clock });
  await host.run({ name: "database of the WorldService", stop: () => database.destroy() });
  const app = await createWorld({
    ...foundation.ofService("worldservice"),
    version,
    config,
    database,
    bus,
    clock,
    ids,
    auth,
  });
  await host.run({ name: "WorldService", start: () => app.start(), stop: () => app.stop() });
  return { url: app.url!, local: localWorldTransport(app) };
}
