import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { VirtualClock } from "@qmtl/testkit/clock";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../config/index.ts";
import { systemIds } from "../edge/index.ts";
import {
  allows,
  Authenticator,
  checkBinding,
  EventTokens,
  LocalKeySet,
  localOperator,
  openAuthenticator,
  openLocalKeySet,
  Tickets,
  type Credentials,
  type Principal,
} from "./index.ts";

const ids = systemIds;
const clock = new VirtualClock();
const keys = await LocalKeySet.inMemory();
const rea: Principal = { subject: "rea", kind: "user", grants: { w1: "reader" } };

function credentials(changed: Partial<Credentials> = {}): Credentials {
  return {
    authorization: undefined,
    remoteAddress: "127.0.0.1",
    host: "localhost:8000",
    origin: undefined,
    ...changed,
  };
}

describe("roles", () => {
  it.each([
    [{ w1: "reader" }, "reader", "w1", true],
    [{ w1: "reader" }, "operator", "w1", false],
    [{ w1: "owner" }, "operator", "w1", true],
    [{ w1: "owner" }, "reader", "w2", false],
    [{ w1: "owner" }, "reader", undefined, true],
    [{ w1: "owner" }, "reader", "*", false],
    [{ "*": "operator" }, "reader", "w2", true],
    [{ "*": "operator" }, "operator", "*", true],
    [{ "*": "operator" }, "owner", "*", false],
    [{}, "reader", undefined, false],
    [{}, "reader", "toString", false],
  ] as const)("%j as %s of %s: %s", (grants, role, world, expected) => {
    expect(allows({ subject: "s", kind: "user", grants }, role, world)).toBe(expected);
  });
});

describe("loopback", () => {
  const auth = new Authenticator({ clock, ids, keys, loopback: true });

  it.each(["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])("takes %s for the local operator", async (address) => {
    expect(await auth.authenticate(credentials({ remoteAddress: address }))).toEqual(localOperator);
  });

  it.each([
    ["another machine", { remoteAddress: "10.0.0.7" }],
    ["no address", { remoteAddress: undefined }],
    ["a name of another site that points here", { host: "evil.example:8000" }],
    ["a page of another site", { origin: "https://evil.example" }],
    ["a page without a site", { origin: "null" }],
  ])("does not take %s for it", async (_what, changed) => {
    await expect(auth.authenticate(credentials(changed))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("takes a page of this machine, and prefers a token to the address", async () => {
    expect(await auth.authenticate(credentials({ origin: "http://localhost:8000" }))).toEqual(localOperator);
    const authorization = `Bearer ${await auth.issueToken(rea, 1_000)}`;
    expect(await auth.authenticate(credentials({ authorization }))).toEqual(rea);
  });

  it("refuses to be reachable by others", () => {
    expect(() => checkBinding("0.0.0.0", "gateway.host", auth)).toThrow("gateway.host is 0.0.0.0");
    expect(() => checkBinding("::", "gateway.host", auth)).toThrow("other machines can reach");
    expect(() => checkBinding("127.0.0.1.evil.example", "gateway.host", auth)).toThrow();
    checkBinding("127.0.0.1", "gateway.host", auth);
    checkBinding("0.0.0.0", "gateway.host", { requiresTokens: true });
  });
});

describe("tokens of the local keys", () => {
  const auth = new Authenticator({ clock, ids, keys, loopback: false });
  const authenticate = (token: string): Promise<Principal> =>
    auth.authenticate(credentials({ authorization: `Bearer ${token}` }));

  it("carry who it is until they end", async () => {
    const token = await auth.issueToken(rea, 60_000);
    expect(await authenticate(token)).toEqual(rea);
    await clock.advance(60_000 + 4_000);
    expect(await authenticate(token)).toEqual(rea); // clocks may differ by five seconds
    await clock.advance(2_000);
    const [from, to, now] = [-66_000, -6_000, 0].map((agoMs) => secondOf(clock.nowMs() + agoMs));
    await expect(authenticate(token)).rejects.toMatchObject({
      code: "TOKEN_INVALID",
      message: `the token is over: it lasts from ${from} to ${to}; this service's clock says ${now}`,
      hint: "ask for a new one; where it was made just now, set the clocks of the two machines",
    });
  });

  it("of a service whose clock is an hour behind are refused with both times", async () => {
    const behind = new Authenticator({
      clock: new VirtualClock({ startMs: clock.nowMs() - 3_600_000 }),
      ids,
      keys,
      loopback: false,
    });
    await expect(authenticate(await behind.serviceToken("gateway"))).rejects.toThrow(
      `to ${secondOf(clock.nowMs() - 3_540_000)}; this service's clock says ${secondOf(clock.nowMs())}`,
    );
  });

  it("let a service act for somebody, with that somebody's rights", async () => {
    expect(await authenticate(await auth.serviceToken("gateway"))).toMatchObject({
      subject: "service:gateway",
      kind: "service",
    });
    expect(await authenticate(await auth.serviceToken("gateway", rea))).toEqual({ ...rea, via: "service:gateway" });
  });

  it("of a service are made anew long before they end", async () => {
    const first = await auth.serviceToken("gateway");
    await clock.advance(19_000);
    expect(await auth.serviceToken("gateway")).toBe(first);
    await clock.advance(1_000);
    const second = await auth.serviceToken("gateway");
    expect(second).not.toBe(first);
    await clock.advance(19_000);
    expect(await authenticate(second)).toMatchObject({ kind: "service" });
    expect(await auth.serviceToken("gateway", { ...rea, grants: { w1: "owner" } })).not.toBe(second);
  });

  it.each([
    ["nothing", ""],
    ["two parts", "aa.bb"],
    ["a megabyte", "a".repeat(1_000_000)],
    ["no algorithm", `${part({ alg: "none" })}.${part({ sub: "x", iss: "qmtl", aud: "qmtl", exp: 9e9 })}.`],
    ["another issuer", `${part({ alg: "EdDSA" })}.${part({ sub: "x", iss: "https://evil.example" })}.AAAA`],
  ])("are refused as %s", async (_what, token) => {
    await expect(authenticate(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  it("are refused when a byte changed, when another key signed, and when meant for somebody else", async () => {
    const token = await auth.issueToken(rea, 60_000);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const raised = part({ ...unpart(payload), qmtl_grants: { "*": "owner" } });
    await expect(authenticate(`${header}.${raised}.${signature}`)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    const stranger = new Authenticator({ clock, ids, keys: await LocalKeySet.inMemory(), loopback: false });
    await expect(authenticate(await stranger.issueToken(rea, 60_000))).rejects.toMatchObject({
      code: "TOKEN_INVALID",
      message: "the token was changed, or signed by a key this service does not know",
    });
    const events = new EventTokens({ keys, issuer: "qmtl", clock, ids });
    const { token: eventToken } = await events.sign({ sub: "rea", world_id: "w1", strategy_id: "s", topics: [] });
    await expect(authenticate(eventToken)).rejects.toMatchObject({
      code: "TOKEN_INVALID",
      message: 'the token has the claim "aud": "controlbus", which this service does not take',
    });
  });

  it("are refused whatever else they are", async () => {
    const good = await auth.issueToken(rea, 60_000);
    // The last letter has bits that no byte needs: it may change and mean the same.
    const garbled = fc.tuple(fc.nat(good.length - 5), fc.string({ minLength: 1, maxLength: 3 })).map(([at, text]) => {
      return good.slice(0, at) + text + good.slice(at + text.length);
    });
    const parts = fc.array(
      fc.oneof(
        fc.base64String(),
        fc.json().map((json) => Buffer.from(json).toString("base64url")),
      ),
      {
        maxLength: 5,
      },
    );
    const tokens = fc.oneof(
      fc.string(),
      garbled,
      parts.map((list) => list.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(tokens, async (token) => {
        fc.pre(token !== good);
        await expect(authenticate(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
      }),
      { numRuns: 300 },
    );
  });

  it("refuse roles that do not exist", async () => {
    const token = await auth.issueToken({ ...rea, grants: { w1: "emperor" as "owner" } }, 60_000);
    await expect(authenticate(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });
});

describe("event tokens", () => {
  const events = new EventTokens({ keys, issuer: "gateway", clock, ids });
  const scope = { sub: "rea", world_id: "w1", strategy_id: "s1", topics: ["activation"] };

  it("hold their scope for at most five minutes", async () => {
    const { token, claims, expiresAtMs } = await events.sign(scope, 3_600_000);
    expect(expiresAtMs - clock.nowMs()).toBeLessThanOrEqual(300_000);
    expect(await events.verify(token)).toMatchObject({ ...scope, jti: claims.jti });
    await clock.advance(300_000);
    await expect(events.verify(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  it("are signed with Ed25519 by a key whose public half is all that is shown", async () => {
    const { token } = await events.sign(scope);
    expect(unpart(token.split(".")[0]!)).toEqual({ alg: "EdDSA", kid: "memory", typ: "JWT" });
    for (const key of keys.publicKeys.keys) {
      expect(Object.keys(key).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
    }
  });

  it.each([
    ["HS256 with the public key", { alg: "HS256" }],
    ["no signature", { alg: "none" }],
  ])("are refused with %s", async (_what, header) => {
    const { token } = await events.sign(scope);
    const [, payload = "", signature = ""] = token.split(".");
    await expect(events.verify(`${part(header)}.${payload}.${signature}`)).rejects.toMatchObject({
      code: "TOKEN_INVALID",
    });
  });

  it.each([
    ["another audience", { aud: "fills" }],
    ["another issuer", { iss: "world" }],
    ["no end", { exp: undefined }],
    ["an end a year away", { iat: undefined }],
    ["no id", { jti: undefined }],
    ["no world", { world_id: undefined }],
    ["topics that are no list", { topics: "activation" }],
  ])("are refused with %s", async (_what, changed) => {
    const nowS = Math.floor(clock.nowMs() / 1_000);
    const claims = { ...scope, jti: "j", aud: "controlbus", iss: "gateway", iat: nowS, exp: nowS + 31_536_000 };
    const sign = (over: object): Promise<string> =>
      new SignJWT({ ...claims, ...over }).setProtectedHeader({ alg: "EdDSA", kid: "memory" }).sign(keys.signing.key);
    expect(await events.verify(await sign({}))).toMatchObject(scope);
    await expect(events.verify(await sign(changed))).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });
});

describe("tickets", () => {
  const claims = { sub: "rea", world_id: "w1", strategy_id: "s1", topics: [], jti: "j", exp: 0 };

  it("are good once", () => {
    const tickets = new Tickets({ clock, ids });
    const { ticket, expiresInMs } = tickets.issue(claims);
    expect(expiresInMs).toBe(30_000);
    expect(ticket).toMatch(/^[0-9a-f]{64}$/);
    expect(tickets.redeem(ticket)).toEqual(claims);
    expect(() => tickets.redeem(ticket)).toThrow("unknown, used or older");
    expect(() => tickets.redeem("0".repeat(64))).toThrow("unknown, used or older");
  });

  it("are good for half a minute at most", async () => {
    const tickets = new Tickets({ clock, ids });
    const { ticket } = tickets.issue(claims, 3_600_000);
    const young = tickets.issue(claims).ticket;
    await clock.advance(29_999);
    expect(tickets.redeem(young)).toEqual(claims);
    await clock.advance(1);
    expect(() => tickets.redeem(ticket)).toThrow();
  });
});

describe("keys on disk", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qmtl-keys-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("are made once, for their owner's eyes", async () => {
    const inside = join(folder, "state", "keys");
    const first = await openLocalKeySet(inside, ids);
    const [name = ""] = readdirSync(inside);
    expect(statSync(join(inside, name)).mode & 0o777).toBe(0o600);
    expect(statSync(inside).mode & 0o777).toBe(0o700);
    const second = await openLocalKeySet(inside, ids);
    expect(second.publicKeys).toEqual(first.publicKeys);
    expect(readdirSync(inside)).toEqual([name]);
  });

  it("still check tokens of the key before", async () => {
    const before = new Authenticator({ clock, ids, keys: await openLocalKeySet(folder, ids), loopback: false });
    const token = await before.issueToken(rea, 60_000);
    const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const later = { ...(await exportJWK(privateKey)), kid: "z-later" };
    writeFileSync(join(folder, "signing-z-later.json"), JSON.stringify(later));
    const both = await openLocalKeySet(folder, ids);
    expect(both.signing.kid).toBe("z-later");
    const after = new Authenticator({ clock, ids, keys: both, loopback: false });
    expect(await after.authenticate(credentials({ authorization: `Bearer ${token}` }))).toEqual(rea);
  });

  it("are closed again when somebody opened them", async () => {
    await openLocalKeySet(folder, ids);
    const path = join(folder, readdirSync(folder)[0]!);
    chmodSync(path, 0o644);
    await openLocalKeySet(folder, ids);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each(["{}", "not json", '{"kty":"oct","k":"c2VjcmV0","kid":"broken"}'])("refuse %s", async (text) => {
    writeFileSync(join(folder, "signing-broken.json"), text);
    await expect(openLocalKeySet(folder, ids)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

describe("an OpenID issuer", () => {
  const issuer = "https://id.example/realm";

  async function openIssuer() {
    const time = new VirtualClock();
    const calls: string[] = [];
    let pair = await generateKeyPair("ES256");
    let kid = "one";
    let down = false;
    const answer = async (url: string): Promise<unknown> => {
      calls.push(url);
      if (down) throw new Error("no route to host");
      if (url === `${issuer}/.well-known/openid-configuration`) return { issuer, jwks_uri: `${issuer}/keys` };
      return { keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: "ES256" }] };
    };
    const auth = await openAuthenticator({
      config: { auth: { mode: "oidc", issuer, audience: "qmtl", jwks_url: null, keys_path: null } },
      stateFolder: folder,
      clock: time,
      ids,
      fetch: async (url) => Response.json(await answer(url as string)),
    });
    const token = (claims: object = {}): Promise<string> =>
      new SignJWT({ sub: "olive", qmtl_grants: { w1: "operator" }, ...claims })
        .setProtectedHeader({ alg: "ES256", kid })
        .setIssuer(issuer)
        .setAudience("qmtl")
        .setExpirationTime(Math.floor(time.nowMs() / 1_000) + 60)
        .sign(pair.privateKey);
    return {
      auth,
      calls,
      token,
      time,
      rotate: async () => void ([pair, kid] = [await generateKeyPair("ES256"), `${kid}-next`]),
      cut: () => void (down = true),
      ask: async (claims: object = {}): Promise<Principal> =>
        auth.authenticate(credentials({ authorization: `Bearer ${await token(claims)}` })),
    };
  }
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "qmtl-keys-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("vouches for users, and is asked for its keys once", async () => {
    const { ask, calls } = await openIssuer();
    const olive = { subject: "olive", kind: "user", grants: { w1: "operator" } };
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([olive, olive, olive]);
    expect(calls).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/keys`]);
  });

  it("makes no services, and cannot act for others", async () => {
    const { ask } = await openIssuer();
    const actingFor = { subject: "root", kind: "user", grants: { "*": "owner" } };
    expect(await ask({ kind: "service", acting_for: actingFor })).toEqual({
      subject: "olive",
      kind: "user",
      grants: { w1: "operator" },
    });
  });

  it("may change its keys; made-up key ids do not make us ask all the time", async () => {
    const { ask, calls, rotate, time } = await openIssuer();
    await ask();
    await rotate();
    await expect(ask()).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    expect(calls).toHaveLength(2);
    await time.advance(30_000);
    expect(await ask()).toMatchObject({ subject: "olive" });
    await rotate();
    for (let count = 0; count < 20; count++) await expect(ask()).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    expect(calls).toHaveLength(4);
  });

  it("may be away for an hour", async () => {
    const { ask, cut, time } = await openIssuer();
    await ask();
    cut();
    await time.advance(3_599_000);
    expect(await ask()).toMatchObject({ subject: "olive" });
    await time.advance(2_000);
    await expect(ask()).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
  });

  it("is named, and reached safely", async () => {
    const open = (auth: object) =>
      openAuthenticator({
        config: { auth: { ...loadConfig({ folder, environment: {} }).config.auth, mode: "oidc" as const, ...auth } },
        stateFolder: folder,
        clock,
        ids,
      });
    await expect(open({})).rejects.toThrow("auth.issuer must name the OpenID issuer");
    await expect(open({ issuer: "http://id.example" })).rejects.toThrow("must be an https address");
    await expect(open({ issuer, jwks_url: "file:///etc/passwd" })).rejects.toThrow("must be an https address");
  });
});

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function unpart(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as Record<string, unknown>;
}

/** A token's times are whole seconds. */
function secondOf(timeMs: number): string {
  return new Date(Math.floor(timeMs / 1_000) * 1_000).toISOString();
}
