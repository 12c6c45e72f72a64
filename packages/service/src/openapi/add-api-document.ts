import type { FastifyInstance } from "fastify";
import { apiDocument, type ApiDocument, type DocumentedRoute } from "./api-document.ts";
import { apiPage, apiPageStyle } from "./api-page.ts";

/**
 * Adds `GET /openapi.json` and `GET /docs` to a server: every route that is added later, with the schemas it is
 * checked against. Made when first asked for, so that starting does not wait for it.
 */
export function addApiDocument(server: FastifyInstance, title: string, version: string): void {
  const routes: DocumentedRoute[] = [];
  server.addHook("onRoute", ({ method, url, schema = {}, config }) => {
    for (const name of [method].flat().filter((word) => word !== "HEAD")) {
      routes.push({ method: name, url, schema, role: config?.access?.role ?? "nobody" });
    }
  });
  let document: ApiDocument | undefined;
  const made = (): ApiDocument => (document ??= apiDocument(title, version, routes));
  const config = { access: { role: "public" } } as const;
  const schema = { hide: true };
  server.get("/openapi.json", { config, schema }, async () => made());
  server.get("/docs", { config, schema }, async (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(apiPage(made())),
  );
  server.get("/docs/style.css", { config, schema }, async (_request, reply) =>
    reply.type("text/css; charset=utf-8").send(apiPageStyle),
  );
}
