import { WireError } from "@qmtl/contracts/errors";
import type { TSchema } from "typebox";

declare module "fastify" {
  interface FastifySchema {
    /** One line: what the route does. */
    summary?: string;
    description?: string;
    /** The chapter of the documentation page the route stands in. */
    tags?: readonly string[];
    /** Keeps the route out of the document. */
    hide?: boolean;
  }
}

/** What is known of a route when it is added. */
export interface DocumentedRoute {
  readonly method: string;
  /** As it is matched: `/worlds/:id`. */
  readonly url: string;
  readonly schema: {
    readonly summary?: string;
    readonly description?: string;
    readonly tags?: readonly string[];
    readonly hide?: boolean;
    readonly body?: unknown;
    readonly querystring?: unknown;
    readonly params?: unknown;
    readonly headers?: unknown;
    readonly response?: unknown;
  };
  /** Who may call it, in words: "operator", "public". */
  readonly role: string;
}

export interface ApiOperation {
  readonly summary: string;
  readonly description: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly ApiParameter[];
  readonly requestBody?: { readonly required: true; readonly content: ApiContent };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: ApiContent }>>;
}

export interface ApiParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export type JsonSchema = Readonly<Record<string, unknown>>;
type ApiContent = Readonly<Record<string, { readonly schema: JsonSchema }>>;

/** A document of OpenAPI 3.1, whose schemas are the very ones requests are checked against. */
export interface ApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components: Readonly<Record<string, unknown>>;
}

export function apiDocument(title: string, version: string, routes: readonly DocumentedRoute[]): ApiDocument {
  const paths: Record<string, Record<string, ApiOperation>> = {};
  for (const route of routes.filter(({ schema }) => schema.hide !== true)) {
    const path = route.url.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title, version },
    paths,
    components: {
      schemas: { Error: plain(WireError) },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

const errorReply = {
  description: "refused or failed: see the code",
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
};

function operationOf({ method, url, schema, role }: DocumentedRoute): ApiOperation {
  const { summary = `${method} ${url}`, description, tags = [url.split("/")[1] || "root"], body } = schema;
  return {
    summary,
    description: [description, `Who may call it: ${role}.`].filter((text) => text !== undefined).join(" "),
    operationId: `${method} ${url}`
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "_")
      .replace(/_$/, ""),
    tags,
    security: role === "public" ? [] : [{ bearer: [] }],
    parameters: [
      ...parametersOf("path", schema.params),
      ...pathParametersWithoutSchema(url, schema.params),
      ...parametersOf("query", schema.querystring),
      ...parametersOf("header", schema.headers),
    ],
    ...(body !== undefined && { requestBody: { required: true, content: jsonContent(body) } }),
    responses: responsesOf(schema.response),
  };
}

function parametersOf(place: ApiParameter["in"], schema: unknown): ApiParameter[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, JsonSchema>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, part]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(typeof part["description"] === "string" && { description: part["description"] }),
    schema: plain(part),
  }));
}

function pathParametersWithoutSchema(url: string, schema: unknown): ApiParameter[] {
  const declared = Object.keys((schema as { properties?: object } | undefined)?.properties ?? {});
  const named = [...url.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  return named
    .filter((name) => !declared.includes(name))
    .map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
}

function responsesOf(response: unknown): ApiOperation["responses"] {
  const declared = Object.entries((response ?? { 200: {} }) as Record<string, JsonSchema>);
  const replies = declared.map(([status, schema]): [string, ApiOperation["responses"][string]] => {
    const description = typeof schema["description"] === "string" ? schema["description"] : "done";
    const empty = status === "204" || Object.keys(schema).every((key) => key === "description");
    return [status, { description, ...(!empty && { content: jsonContent(schema) }) }];
  });
  return { ...Object.fromEntries(replies), default: errorReply };
}

function jsonContent(schema: unknown): ApiContent {
  return { "application/json": { schema: plain(schema) } };
}

/** Without what only the library that made the schema reads. */
function plain(schema: unknown): JsonSchema {
  return JSON.parse(JSON.stringify(schema as TSchema)) as JsonSchema;
}
