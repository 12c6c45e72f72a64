import { startCli } from "../../../apps/cli/src/testing/start-cli.ts";

/** A `qmtl up` that a page's commands talk to. */
export interface PageServices {
  /** How commands find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** A text of the page with the addresses that are listened on instead of those of a `qmtl up` without settings. */
  withAddresses(text: string): string;
  stop(): Promise<void>;
}

export const noServices: PageServices = {
  environment: {},
  withAddresses: (text) => text,
  stop: async () => {},
};

/** Settings under which every service listens on a free port. */
export const freePorts = Object.fromEntries(
  ["GATEWAY__PORT", "DAGMANAGER__GRPC_PORT", "DAGMANAGER__HTTP_PORT", "WORLDSERVICE__BIND__PORT"].map((name) => [
    `QMTL__${name}`,
    "0",
  ]),
);

const shown: Readonly<Record<string, string>> = {
  Gateway: "127.0.0.1:8000",
  WorldService: "127.0.0.1:8080",
  "DAG Manager": "127.0.0.1:8001",
  "DAG Manager (gRPC)": "127.0.0.1:50051",
};

/** Starts the `qmtl up` of an installed package in a folder, on free ports. */
export async function startServices(folder: string, entry: string): Promise<PageServices> {
  const running = await startCli(["up"], { folder, environment: freePorts, entry });
  const { addresses } = running;
  const found = Object.entries(shown).map(([name, usual]) => [usual, addresses[name]!.replace("http://", "")] as const);
  const grpcPort = addresses["DAG Manager (gRPC)"]!.split(":")[1]!;
  return {
    environment: { QMTL_GATEWAY_URL: addresses["Gateway"]!, QMTL__DAGMANAGER__GRPC_PORT: grpcPort },
    withAddresses: (text) => found.reduce((changed, [usual, own]) => changed.replaceAll(usual, own), text),
    async stop() {
      const { exitCode, stderr } = await running.stop("SIGINT");
      if (exitCode !== 0) throw new Error(`qmtl up ended with ${exitCode}:\n${stderr}`);
    },
  };
}
