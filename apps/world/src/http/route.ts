import { QmtlError } from "@qmtl/core";
import type { Role } from "@qmtl/service/auth";
import type { HttpServer } from "@qmtl/service/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import { etagsOf } from "../domain/preconditions.ts";
import { headerOf } from "./asked.ts";

type Params = Readonly<Record<string, string>>;
type Query = Readonly<Record<string, string | undefined>>;
type Request = FastifyRequest<{ Params: Params; Querystring: Query }>;

interface RouteSpec<Body extends TSchema> {
  readonly role: Role | "authenticated" | "public";
  readonly body?: Body;
  readonly summary: string;
  /** Requests that only take risk away do not wait behind the others. */
  readonly reserved?: boolean;
  /** The role is needed in every world, or for a world the path does not name. */
  readonly everywhere?: boolean;
}

interface Call<Body extends TSchema> {
  readonly request: Request;
  readonly reply: FastifyReply;
  /** Of the world, where the path names one. */
  readonly id: string;
  readonly body: Static<Body>;
}

/** Adds a route: who may call it, what it takes, and what it answers. */
export type AddRoute = <Body extends TSchema>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  url: string,
  spec: RouteSpec<Body>,
  handle: (call: Call<Body>) => Promise<unknown>,
) => void;

export function routesOf(server: HttpServer): AddRoute {
  return (method, url, spec, handle) => {
    const { role, body, summary, reserved = false, everywhere = false } = spec;
    const world = everywhere ? ({ world: "*" } as const) : url.includes(":id") ? ({ world: "params.id" } as const) : {};
    server.route({
      method,
      url,
      config: { access: { role, ...world }, rate: reserved ? "reserved" : "default" },
      schema: { summary, ...(body === undefined ? {} : { body }) },
      handler: async (request, reply) => {
        const call = request as Request;
        const answer = await handle({
          request: call,
          reply,
          id: call.params["id"] ?? "",
          body: request.body as never, // checked against spec.body
        });
        return reply.sent ? reply : answer;
      },
    });
  };
}

/** Answers 304 to whoever has it already. */
export function conditional(request: FastifyRequest, reply: FastifyReply, etag: string, body: unknown): FastifyReply {
  void reply.header("etag", quoted(etag));
  if (etagsOf(headerOf(request, "if-none-match")).includes(etag)) return reply.code(304).send();
  return reply.send(body);
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** @throws QmtlError `REQUEST_INVALID` */
export function wholeNumber(text: string | undefined, name: string): number {
  if (text !== undefined && /^\d{1,12}$/.test(text)) return Number(text);
  throw new QmtlError("REQUEST_INVALID", `${name} must be a whole number; found "${text ?? ""}"`);
}
