import { Type } from "typebox";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Authenticator, LocalKeySet } from "../auth/index.ts";
import { systemClock, systemIds } from "../edge/index.ts";
import { createHttpServer, type HttpServer } from "../http/index.ts";
import { silentLogger } from "../logging/index.ts";
import { createMetrics } from "../metrics/index.ts";
import type { ApiDocument } from "./index.ts";

const [clock, ids] = [systemClock, systemIds];
const auth = new Authenticator({ clock, ids, keys: await LocalKeySet.inMemory(), loopback: true });
let server: HttpServer;
beforeEach(async () => {
  const metrics = createMetrics("probe");
  server = await createHttpServer({ name: "probe", version: "1.2.3", auth, logger: silentLogger, metrics, clock, ids });
  server.route({
    method: "PUT",
    url: "/worlds/:id/things/:name",
    config: { access: { role: "operator", world: "params.id" } },
    schema: {
      summary: "set a thing <b>",
      tags: ["things"],
      params: Type.Object({ id: Type.String({ description: "world" }) }),
      querystring: Type.Object({ limit: Type.Optional(Type.Integer({ description: 'most & "more"' })) }),
      body: Type.Object({ parts: Type.Array(Type.Object({ size: Type.Number() })), kind: Type.Enum(["a", "b"]) }),
      response: { 201: Type.Object({ etag: Type.String() }, { description: "made" }), 204: {} },
    },
    handler: async () => "",
  });
});
afterEach(() => server.close());

describe("the API document", () => {
  it("says what each route takes, gives and asks", async () => {
    const document = (await server.inject("/openapi.json")).json<ApiDocument>();
    expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "QMTL probe", version: "1.2.3" } });
    expect(Object.keys(document.paths)).toEqual(["/worlds/{id}/things/{name}"]);
    const operation = document.paths["/worlds/{id}/things/{name}"]!["put"]!;
    expect(operation).toMatchObject({
      operationId: "put_worlds_id_things_name",
      security: [{ bearer: [] }],
      description: "Who may call it: operator.",
      requestBody: { content: { "application/json": { schema: { required: ["parts", "kind"] } } } },
    });
    expect(operation.parameters.map(({ name, in: place, required }) => [name, place, required])).toEqual([
      ["id", "path", true],
      ["name", "path", true],
      ["limit", "query", false],
    ]);
    expect(Object.keys(operation.responses).toSorted()).toEqual(["201", "204", "default"]);
    expect(operation.responses["204"]).toEqual({ description: "done" });
    // Every reference leads somewhere.
    for (const [, path = ""] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = path.split("/").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
      expect(found, path).toBeDefined();
    }
  });

  it("is a page that loads nothing from elsewhere and runs nothing", async () => {
    const reply = await server.inject("/docs");
    expect(reply.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(reply.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(reply.body).toContain("PUT /worlds/{id}/things/{name}");
    expect(reply.body).toContain("set a thing &lt;b&gt;");
    expect(reply.body).toContain("<code>parts[].size</code>");
    expect(reply.body).toContain("&quot;a&quot; or &quot;b&quot;");
    expect(reply.body).not.toMatch(/<script|https?:|\son\w+=/);
    const [, style = ""] = /<link rel="stylesheet" href="([^"]+)">/.exec(reply.body) ?? [];
    expect((await server.inject(`/${style}`)).headers["content-type"]).toBe("text/css; charset=utf-8");
  });
});
