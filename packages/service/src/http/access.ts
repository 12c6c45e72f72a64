import { assert, QmtlError } from "@qmtl/core";
import type { FastifyContextConfig, FastifyRequest, RouteOptions } from "fastify";
import { allows, everyWorld, type Principal, type Role } from "../auth/index.ts";

/**
 * Who may call a route.
 *
 * - `public`: everybody, without credentials. Health, and what is meant to be read by all.
 * - `ticket`: the handler itself checks a ticket or an event token (streams, signed webhooks).
 * - `authenticated`: everybody with credentials; the handler filters by grants.
 * - `service`: services, also when they act for somebody.
 * - a role: whoever holds it, or a higher one, in the world the rule names.
 */
export interface AccessRule {
  readonly role: "public" | "ticket" | "authenticated" | "service" | Role;
  /**
   * Where the request names the world. `*` asks for the role in every world. Where the place is empty, or no place is
   * given, the role must be held in some world.
   */
  readonly world?: WorldPlace;
}

/** `params.id`, `query.world_id`, `body.world_ids`: a text or a list of texts; several places count together. */
export type WorldPlace =
  | typeof everyWorld
  | `params.${string}`
  | `query.${string}`
  | `body.${string}`
  | readonly (`params.${string}` | `query.${string}` | `body.${string}`)[];

declare module "fastify" {
  interface FastifyContextConfig {
    access?: AccessRule;
    /** Routes that only take risk away keep their own budget of requests. */
    rate?: "default" | "reserved";
    /** Keep the text of the body as `request.rawBody`, for signatures over it. */
    rawBody?: boolean;
  }
  interface FastifyRequest {
    /** Who asks. Routes that are public or check tickets see the loopback operator or nobody (`subject` empty). */
    principal: Principal;
    correlationId: string;
    rawBody: string | undefined;
  }
}

/** Nobody in particular. */
export const anonymous: Principal = { subject: "", kind: "user", grants: {} };

/** The rule of a route that is being added: one without must not come into being. */
export function requireAccessRule(route: RouteOptions): AccessRule {
  const access = (route.config as FastifyContextConfig | undefined)?.access;
  assert(access !== undefined, `${String(route.method)} ${route.url} has no access rule: set config.access`);
  return access;
}

export function needsCredentials({ role }: AccessRule): boolean {
  return role !== "public" && role !== "ticket";
}

/**
 * Checks the rule as far as it is known at this point of the request.
 *
 * @param stage - `head`: before the body is read, so that nobody without a right to call makes us read one;
 *   `body`: afterwards, for worlds that the body names
 * @throws QmtlError `PERMISSION_DENIED`
 */
export function checkAccess(request: FastifyRequest, stage: "head" | "body"): void {
  const access = request.routeOptions.config.access;
  if (access === undefined || !needsCredentials(access)) return;
  const { role, world } = access;
  const { principal } = request;
  if (role === "authenticated") return;
  if (role === "service") {
    if (principal.kind !== "service" && principal.via === undefined) deny(principal, "is for services");
    return;
  }
  if (role === "public" || role === "ticket") return;
  if (world === everyWorld) {
    if (!allows(principal, role, everyWorld)) deny(principal, `asks for the role ${role} in every world`);
    return;
  }
  if (!allows(principal, role)) deny(principal, `asks for the role ${role}`);
  for (const name of worldsNamed(request, world, stage)) {
    if (!allows(principal, role, name)) deny(principal, `asks for the role ${role} in the world "${name}"`);
  }
}

function worldsNamed(request: FastifyRequest, place: WorldPlace | undefined, stage: "head" | "body"): string[] {
  const places = place === undefined ? [] : typeof place === "string" ? [place] : place;
  const parts = { params: request.params, query: request.query, body: stage === "body" ? request.body : undefined };
  return places.flatMap((path) => {
    const [part = "", key = ""] = path.split(".", 2);
    const found = (parts[part as keyof typeof parts] as Record<string, unknown> | null | undefined)?.[key];
    return [found].flat().filter((name): name is string => typeof name === "string" && name !== "");
  });
}

function deny({ subject }: Principal, asks: string): never {
  throw new QmtlError("PERMISSION_DENIED", `this route ${asks}, which "${subject}" does not hold`, {
    hint: "ask an owner of the world for the role",
  });
}
