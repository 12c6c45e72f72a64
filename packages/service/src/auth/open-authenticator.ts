import { QmtlError, type Clock, type Ids } from "@qmtl/core";
import { isAbsolute, join } from "node:path";
import type { Config } from "../config/index.ts";
import { Authenticator } from "./authenticator.ts";
import { issuerKeys } from "./issuer-keys.ts";
import { openLocalKeySet } from "./key-set.ts";

export interface OpenAuthenticatorOptions {
  readonly config: Pick<Config, "auth">;
  /** Folder of the embedded state; the keys are in `keys` below it unless the configuration says otherwise. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly fetch?: typeof fetch;
}

/**
 * The authenticator a configuration describes. The services' own keys are made when there are none.
 *
 * @throws QmtlError `CONFIG_INVALID`, `STORE_CORRUPT`
 */
export async function openAuthenticator({
  config,
  stateFolder,
  ...options
}: OpenAuthenticatorOptions): Promise<Authenticator> {
  const { mode, keys_path: keysPath, issuer, jwks_url: jwksUrl, audience } = config.auth;
  const folder = keysPath === null ? "keys" : keysPath;
  const keys = await openLocalKeySet(isAbsolute(folder) ? folder : join(stateFolder, folder), options.ids);
  const base = { clock: options.clock, ids: options.ids, keys, loopback: mode === "loopback" };
  if (mode !== "oidc") return new Authenticator(base);
  if (issuer === null) {
    throw new QmtlError("CONFIG_INVALID", "auth.issuer must name the OpenID issuer when auth.mode is oidc; found null");
  }
  const { clock, fetch } = options;
  const find = issuerKeys({
    issuer,
    clock,
    ...(jwksUrl !== null && { jwksUrl }),
    ...(fetch !== undefined && { fetch }),
  });
  return new Authenticator({ ...base, oidc: { issuer, audience, find } });
}
