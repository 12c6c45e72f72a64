import type { Clock, Ids } from "@qmtl/core";
import { jwtVerify, SignJWT } from "jose";
import { shapeCheck } from "@qmtl/contracts";
import { Type, type Static } from "typebox";
import type { KeySet } from "./key-set.ts";
import { tokenRefused } from "./token-refused.ts";

/** The longest a token may open streams. */
export const eventTokenMsMax = 300_000;

const audience = "controlbus";

/** What a stream may show: the events of these topics, of this world and strategy. */
export type EventClaims = Static<typeof EventClaims>;
const EventClaims = Type.Object({
  sub: Type.String({ minLength: 1 }),
  world_id: Type.String(),
  strategy_id: Type.String(),
  topics: Type.Array(Type.String()),
  jti: Type.String({ minLength: 1 }),
  exp: Type.Integer(), // epoch seconds
});

const checkClaims = shapeCheck(EventClaims, "the claims of the event token");

/** Signed, short permissions to follow the event stream. */
export class EventTokens {
  readonly #keys: KeySet;
  readonly #issuer: string;
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor(options: { keys: KeySet; issuer: string; clock: Clock; ids: Ids }) {
    this.#keys = options.keys;
    this.#issuer = options.issuer;
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  /** @param ttlMs - at most five minutes; longer is cut */
  async sign(
    scope: Pick<EventClaims, "sub" | "world_id" | "strategy_id" | "topics">,
    ttlMs = eventTokenMsMax,
  ): Promise<{ readonly token: string; readonly claims: EventClaims; readonly expiresAtMs: number }> {
    const issuedAt = Math.floor(this.#clock.nowMs() / 1_000);
    const exp = issuedAt + Math.ceil(Math.min(Math.max(ttlMs, 1_000), eventTokenMsMax) / 1_000);
    const { sub, world_id, strategy_id, topics } = scope;
    const claims: EventClaims = { sub, world_id, strategy_id, topics: [...topics], jti: this.#ids.next(), exp };
    const token = await new SignJWT({ ...claims, aud: audience, iss: this.#issuer, iat: issuedAt })
      .setProtectedHeader({ alg: "EdDSA", kid: this.#keys.signing.kid, typ: "JWT" })
      .sign(this.#keys.signing.key);
    return { token, claims, expiresAtMs: exp * 1_000 };
  }

  /** @throws QmtlError `TOKEN_INVALID` */
  async verify(token: string): Promise<EventClaims> {
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        algorithms: ["EdDSA"],
        audience,
        issuer: this.#issuer,
        requiredClaims: ["exp", "iat", "jti", "sub"],
        maxTokenAge: eventTokenMsMax / 1_000,
        currentDate: new Date(this.#clock.nowMs()),
      });
      return checkClaims(payload);
    } catch (cause) {
      const hint = "ask for a new one at POST /events/subscribe";
      throw tokenRefused("the event token", cause, { nowMs: this.#clock.nowMs(), hint });
    }
  }
}
