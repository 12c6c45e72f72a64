import { shapeCheck } from "@qmtl/contracts";
import { plainJson, QmtlError, readJson, type Clock } from "@qmtl/core";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { Type } from "typebox";
import { isLoopbackAddress } from "./binding.ts";

export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Where the keys are; by default what the issuer's OpenID metadata says. */
  readonly jwksUrl?: string;
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
}

const freshMs = 600_000;
const staleMsMax = 3_600_000;
const pauseMs = 30_000;
const callMs = 5_000;
const bytesMax = 262_144;

const checkMetadata = shapeCheck(
  Type.Object({ issuer: Type.String(), jwks_uri: Type.String() }),
  "the issuer's metadata",
);
const checkKeys = shapeCheck(
  Type.Object({ keys: Type.Array(Type.Object({ kty: Type.String() }), { maxItems: 100 }) }),
  "the issuer's key set",
);

interface CachedKeys {
  readonly find: JWTVerifyGetKey;
  readonly fetchedAtMs: number;
}

/**
 * The public keys of an OpenID issuer, fetched when first needed and every ten minutes. An unknown key id fetches at
 * once, but not more often than twice a minute, so that tokens made up by anybody do not make us ask. When the issuer
 * does not answer, what was fetched holds for an hour.
 *
 * @throws QmtlError `CONFIG_INVALID` for addresses that are not https (this machine excepted); the key function throws
 *   `DEPENDENCY_UNAVAILABLE` when there are no keys to be had
 */
export function issuerKeys({ issuer, jwksUrl, clock, fetch: ask = fetch }: IssuerKeysOptions): JWTVerifyGetKey {
  checkAddress(issuer, "auth.issuer");
  if (jwksUrl !== undefined) checkAddress(jwksUrl, "auth.jwks_url");
  let cached: CachedKeys | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<CachedKeys> | undefined;

  const refresh = (): Promise<CachedKeys> => {
    askedAtMs = clock.monotonicMs();
    asking ??= fetchKeys()
      .then((keys) => (cached = keys))
      .finally(() => (asking = undefined));
    return asking;
  };

  const fetchKeys = async (): Promise<CachedKeys> => {
    const address = jwksUrl ?? (await keysAddress());
    const keys = checkKeys(await fetchDocument(address)) as JSONWebKeySet;
    return { find: createLocalJWKSet(keys), fetchedAtMs: clock.monotonicMs() };
  };

  const keysAddress = async (): Promise<string> => {
    const metadata = checkMetadata(
      await fetchDocument(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`),
    );
    if (metadata.issuer !== issuer) {
      throw new QmtlError("DEPENDENCY_FAILED", `the issuer calls itself ${metadata.issuer}; expected ${issuer}`);
    }
    checkAddress(metadata.jwks_uri, "jwks_uri of the issuer");
    return metadata.jwks_uri;
  };

  const fetchDocument = async (url: string): Promise<unknown> => {
    const signal = AbortSignal.timeout(callMs);
    const response = await ask(url, { signal, redirect: "error", headers: { accept: "application/json" } });
    if (!response.ok) throw new QmtlError("DEPENDENCY_FAILED", `${url} answered with status ${response.status}`);
    return plainJson(readJson(await boundedText(response, url), url));
  };

  const current = async (): Promise<CachedKeys> => {
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - cached.fetchedAtMs;
    if (cached !== undefined && ageMs < freshMs) return cached;
    if (asking !== undefined || clock.monotonicMs() - askedAtMs >= pauseMs) {
      try {
        return await refresh();
      } catch (cause) {
        if (cached === undefined || ageMs >= staleMsMax) throw unavailable(issuer, cause);
      }
    }
    if (cached !== undefined && ageMs < staleMsMax) return cached;
    throw unavailable(issuer);
  };

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || clock.monotonicMs() - askedAtMs < pauseMs) throw error;
      const fetched = await refresh().catch((cause: unknown) => {
        throw unavailable(issuer, cause);
      });
      return fetched.find(header, token);
    }
  };
}

function checkAddress(address: string, setting: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackAddress(url.hostname))) return;
  throw new QmtlError("CONFIG_INVALID", `${setting} must be an https address; found ${address}`);
}

async function boundedText(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new QmtlError("DEPENDENCY_FAILED", `${url} answered with more than ${bytesMax} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function unavailable(issuer: string, cause?: unknown): QmtlError {
  return new QmtlError("DEPENDENCY_UNAVAILABLE", `the keys of ${issuer} cannot be fetched`, {
    cause,
    details: { retry_after_ms: pauseMs },
  });
}
