import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startCli } from "../testing/start-cli.ts";

interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

let folder: string;
let collector: Server;
let spans: Span[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-traces-"));
  spans = [];
  collector = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        const service = resource.attributes[0].value.stringValue as string;
        spans.push(...scopeSpans[0].spans.map((span: Span) => ({ ...span, service })));
      }
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  collector.close();
  rmSync(folder, { recursive: true });
});

it("follows a submission through the three services under one id, its correlation id", async () => {
  const { port } = collector.address() as AddressInfo;
  const ports = ["GATEWAY__PORT", "DAGMANAGER__GRPC_PORT", "DAGMANAGER__HTTP_PORT", "WORLDSERVICE__BIND__PORT"];
  const environment = {
    ...Object.fromEntries(ports.map((name) => [`QMTL__${name}`, "0"])),
    QMTL_OTEL_EXPORTER_ENDPOINT: `http://127.0.0.1:${port}`,
  };
  const services = await startCli(["up"], { folder, environment });
  const gateway = services.addresses["Gateway"]!;
  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${gateway}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  expect((await post("/worlds", { id: "w1", name: "w1" })).status).toBe(201);
  const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  const submission = { dag_json: `{"nodes":[]}`, node_ids_crc32: 0, world_ids: ["w1"] };
  const answer = await post("/strategies", submission, { traceparent: `00-${traceId}-${spanId}-01` });
  expect(answer.status).toBe(202);
  expect(answer.headers.get("x-correlation-id")).toBe(traceId);
  const { strategy_id: strategyId } = (await answer.json()) as { strategy_id: string };
  await expect
    .poll(async () => (await fetch(`${gateway}/strategies/${strategyId}/status`)).json())
    .toMatchObject({ status: "completed" });
  expect((await services.stop("SIGINT")).exitCode).toBe(0);

  const ofTrace = spans.filter((span) => span.traceId === traceId);
  const found = (service: string, name: RegExp): Span | undefined =>
    ofTrace.find((span) => span.service === service && name.test(span.name));
  const submitted = found("gateway", /^POST \/strategies$/);
  expect(submitted?.parentSpanId).toBe(spanId);
  const decided = found("worldservice", /^GET \/worlds\/:id\/decide$/);
  expect(ofTrace.find((span) => span.spanId === decided?.parentSpanId)?.service).toBe("gateway");
  const diffed = found("dagmanager", /DiffService\/Diff$/);
  expect(ofTrace.find((span) => span.spanId === diffed?.parentSpanId)).toMatchObject({
    service: "gateway",
    name: "diff",
  });
});
