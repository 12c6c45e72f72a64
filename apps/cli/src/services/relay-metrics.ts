import { loadConfig } from "@qmtl/service/config";
import { listenError } from "@qmtl/service/http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { CommandContext, CommandResult } from "../shell/index.ts";
import { announce, stopAsked } from "./run-services.ts";

const host = "127.0.0.1";
const callMs = 5_000;

/** Serves the metrics of the DAG Manager that runs on another port, for scrapers that are set to this one. */
export async function relayMetrics(
  configPath: string | undefined,
  port: number,
  context: CommandContext,
): Promise<CommandResult> {
  const { config } = loadConfig({ path: configPath, folder: process.cwd(), environment: process.env });
  const { http_host: sourceHost, http_port: sourcePort } = config.dagmanager;
  const source = `http://${sourceHost}:${sourcePort}/metrics`;
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    fetch(source, { signal: AbortSignal.timeout(callMs) }).then(
      async (reply) => {
        const type = reply.headers.get("content-type") ?? "text/plain";
        response.writeHead(reply.status, { "content-type": type }).end(await reply.text());
      },
      () => response.writeHead(503, { "content-type": "text/plain" }).end("the DAG Manager does not answer\n"),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, { host, port }) as Error));
    server.listen(port, host, resolve);
  });
  announce({ "DAG Manager metrics": `http://${host}:${(server.address() as AddressInfo).port}/metrics` }, context);
  await stopAsked(context.signal);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { exitCode: 0, json: undefined, text: () => "" };
}
