import { QmtlError, type Clock, type Ids } from "@qmtl/core";
import { shapeCheck } from "@qmtl/contracts";
import { jwtVerify, SignJWT, type JWTVerifyGetKey } from "jose";
import { Type, type Static } from "typebox";
import { isLoopbackAddress } from "./binding.ts";
import type { KeySet } from "./key-set.ts";
import { localOperator, roles, type Principal } from "./principal.ts";
import { ShortMemory } from "./short-memory.ts";
import { tokenRefused } from "./token-refused.ts";

/** What a request brings, as the transport saw it. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** The other end of the socket, not what a header says. */
  readonly remoteAddress: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

export interface AuthenticatorOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  /** The services' own keys: tokens between services, and those of users where no issuer is named. */
  readonly keys: KeySet;
  /** Whoever reaches the service from this machine without a token is its operator. */
  readonly loopback: boolean;
  /** An OpenID issuer that vouches for users. */
  readonly oidc?: { readonly issuer: string; readonly audience: string; readonly find: JWTVerifyGetKey };
}

const localIssuer = "qmtl";
const audience = "qmtl";
const serviceTokenMs = 60_000;
/** A token that was found good is taken for so long without looking at its signature again, and a service uses its own. */
const rememberedMs = 20_000;
const rememberedMax = 2_000;
const algorithms = ["EdDSA", "ES256", "RS256", "PS256"];

const role = Type.Enum([...roles]);
const Grants = Type.Record(Type.String({ minLength: 1, maxLength: 256 }), role);
const PrincipalClaims = Type.Object({
  sub: Type.String({ minLength: 1, maxLength: 256 }),
  kind: Type.Optional(Type.Enum(["user", "service", "runner"])),
  qmtl_grants: Type.Optional(Grants),
  acting_for: Type.Optional(
    Type.Object({
      subject: Type.String({ minLength: 1, maxLength: 256 }),
      kind: Type.Enum(["user", "service", "runner"]),
      grants: Grants,
    }),
  ),
});
const checkClaims = shapeCheck(PrincipalClaims, "the claims of the token");

/** Says who asks: by a signed token, or by the fact that only this machine can ask. Makes the services' own tokens. */
export class Authenticator {
  readonly keys: KeySet;
  readonly #options: AuthenticatorOptions;
  readonly #verified: ShortMemory<Principal>;
  readonly #made: ShortMemory<string>;

  constructor(options: AuthenticatorOptions) {
    this.keys = options.keys;
    this.#options = options;
    this.#verified = new ShortMemory(options.clock, rememberedMax);
    this.#made = new ShortMemory(options.clock, rememberedMax);
  }

  /** False where callers on this machine need none. Then nothing may listen beyond it: see `checkBinding`. */
  get requiresTokens(): boolean {
    return !this.#options.loopback;
  }

  /** @throws QmtlError `UNAUTHENTICATED` without credentials, `TOKEN_INVALID` for a token that does not hold */
  async authenticate({ authorization, remoteAddress, host, origin }: Credentials): Promise<Principal> {
    if (authorization !== undefined) return this.#principalOf(bearerOf(authorization));
    // A page of another site can make a browser on this machine ask, and a name of another site can point to this
    // machine: both are told by the names in these two headers.
    const local =
      isLoopbackAddress(remoteAddress ?? "") &&
      isLoopbackAddress(withoutPort(host ?? "localhost")) &&
      (origin === undefined || isLoopbackOrigin(origin));
    if (this.#options.loopback && local) return localOperator;
    throw new QmtlError("UNAUTHENTICATED", "expected a bearer token; found none", {
      hint: 'send "Authorization: Bearer <token>"',
    });
  }

  /** A token for a user, runner or service of the local key set. */
  async issueToken(principal: Principal, ttlMs: number): Promise<string> {
    return this.#sign({ sub: principal.subject, kind: principal.kind, qmtl_grants: principal.grants }, ttlMs);
  }

  /** One minute's permission for a service to call another one, for itself or for who asked it. */
  async serviceToken(service: string, actingFor?: Principal): Promise<string> {
    const own = { sub: `service:${service}`, kind: "service", qmtl_grants: { "*": "operator" } };
    const { subject, kind, grants } = actingFor ?? {};
    const claims = { ...own, ...(actingFor !== undefined && { acting_for: { subject, kind, grants } }) };
    const key = JSON.stringify(claims);
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = await this.#sign(claims, serviceTokenMs);
    this.#made.set(key, made, rememberedMs);
    return made;
  }

  async #sign(claims: Record<string, unknown>, ttlMs: number): Promise<string> {
    const { clock, ids } = this.#options;
    const issuedAt = Math.floor(clock.nowMs() / 1_000);
    const exp = issuedAt + Math.ceil(ttlMs / 1_000);
    return new SignJWT({ ...claims, iss: localIssuer, aud: audience, iat: issuedAt, exp, jti: ids.next() })
      .setProtectedHeader({ alg: "EdDSA", kid: this.keys.signing.kid, typ: "JWT" })
      .sign(this.keys.signing.key);
  }

  async #principalOf(token: string): Promise<Principal> {
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    const { oidc, clock } = this.#options;
    const local = issuerOf(token) === localIssuer;
    if (!local && oidc === undefined) throw tokenInvalid("of an issuer this service does not know");
    try {
      const { payload } = await jwtVerify(token, local ? this.keys.find : oidc!.find, {
        algorithms: local ? ["EdDSA"] : algorithms,
        issuer: local ? localIssuer : oidc!.issuer,
        audience: local ? audience : oidc!.audience,
        requiredClaims: ["exp", "sub"],
        clockTolerance: 5,
        currentDate: new Date(clock.nowMs()),
      });
      const principal = principalOf(checkClaims(payload), local);
      this.#verified.set(token, principal, Math.min(rememberedMs, payload.exp! * 1_000 - clock.nowMs()));
      return principal;
    } catch (cause) {
      throw tokenRefused("the token", cause, { nowMs: clock.nowMs(), hint: "ask for a new one" });
    }
  }
}

function principalOf(claims: Static<typeof PrincipalClaims>, local: boolean): Principal {
  const { sub, kind = "user", qmtl_grants: grants = {}, acting_for: actingFor } = claims;
  // Only our own keys make services: an issuer of users cannot.
  if (!local) return { subject: sub, kind: kind === "service" ? "user" : kind, grants };
  if (actingFor === undefined) return { subject: sub, kind, grants };
  return { ...actingFor, via: sub };
}

function bearerOf(authorization: string): string {
  const token = /^bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > 8_192) throw tokenInvalid("not a bearer token");
  return token;
}

/** Who a token says made it, to choose the key that will tell whether that is true. */
function issuerOf(token: string): unknown {
  try {
    const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
    return (JSON.parse(payload) as { iss?: unknown }).iss;
  } catch {
    throw tokenInvalid("malformed");
  }
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, "");
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackAddress(new URL(origin).hostname);
}

function tokenInvalid(what: string): QmtlError {
  return new QmtlError("TOKEN_INVALID", `the token is ${what}`);
}
