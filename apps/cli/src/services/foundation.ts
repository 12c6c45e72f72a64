import { openEmbeddedControlBus, openEmbeddedQueues, type ControlBus, type EmbeddedQueues } from "@qmtl/bus";
import { QmtlError, seededRandom, type Clock, type Ids, type Random } from "@qmtl/core";
import { openAuthenticator, type Authenticator } from "@qmtl/service/auth";
import { budgets, loadConfig, type Config } from "@qmtl/service/config";
import { systemClock, systemIds } from "@qmtl/service/edge";
import { ServiceHost } from "@qmtl/service/lifecycle";
import { createLogger, type Logger } from "@qmtl/service/logging";
import { createMetrics, type Metrics } from "@qmtl/service/metrics";
import { createTracing, type Tracing } from "@qmtl/service/tracing";
import { chmodSync, mkdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { settingsWithoutEffect } from "../configuration/unsupported.ts";
import { packageVersion } from "@qmtl/sdk/runs";

export interface FoundationOptions {
  /** `--config`. */
  readonly configPath: string | undefined;
  readonly note: (line: string) => void;
  readonly logDestination: { write(line: string): void };
}

/** What the services of one process share, and what each gets for itself. */
export interface Foundation {
  readonly config: Config;
  readonly version: string;
  /** Absolute. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly auth: Authenticator;
  readonly host: ServiceHost;
  readonly bus: ControlBus;
  readonly queues: EmbeddedQueues;
  ofService(name: string): ServiceTools;
}

export interface ServiceTools {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly random: Random;
}

/**
 * Reads the configuration, makes the state folder and opens what is below it.
 *
 * @throws QmtlError `CONFIG_INVALID`, `FILE_NOT_FOUND`, `STORE_FAILED`, `STORE_CORRUPT`
 */
export async function openFoundation({ configPath, note, logDestination }: FoundationOptions): Promise<Foundation> {
  const loaded = loadConfig({ path: configPath, folder: process.cwd(), environment: process.env });
  loaded.warnings.forEach(note);
  const { config } = loaded;
  refuseWithoutEffect(config);
  const path = config.project.state_path;
  const stateFolder = isAbsolute(path) ? path : join(loaded.folder, path);
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  chmodSync(stateFolder, 0o700);
  const [clock, ids] = [systemClock, systemIds];
  const auth = await openAuthenticator({ config, stateFolder, clock, ids });
  const tracings: Tracing[] = [];
  const ofService = (service: string): ServiceTools => {
    const logger = createLogger({ service, clock, level: config.telemetry.log_level, destination: logDestination });
    const endpoint = config.telemetry.otel_exporter_endpoint;
    const tracing = createTracing({ service, endpoint, clock, ids, logger });
    tracings.push(tracing);
    return { logger, metrics: createMetrics(service), tracing, random: seededRandom(ids.next()) };
  };
  const { logger } = ofService("qmtl");
  const host = new ServiceHost({ clock, logger, stopMsMax: budgets(config).stopMs });
  // First in, last out: everything that stops after it may still end a span.
  await host.run({
    name: "traces",
    stop: async () => void (await Promise.all(tracings.map((tracing) => tracing.flush()))),
  });
  const bus = await openEmbeddedControlBus({ path: join(stateFolder, "bus.db"), clock, ids });
  await host.run({ name: "control bus", stop: () => bus.close() });
  const queues = await openEmbeddedQueues({ path: join(stateFolder, "queues.db"), clock, ids });
  await host.run({ name: "queues", stop: () => queues.close() });
  return { config, version: packageVersion(), stateFolder, clock, ids, auth, host, bus, queues, ofService };
}

function refuseWithoutEffect(config: Config): void {
  const [first] = settingsWithoutEffect(config);
  if (first === undefined) return;
  const { message, hint, setting } = first;
  throw new QmtlError("CONFIG_INVALID", message, { hint, details: { setting } });
}
