import { QmtlError } from "@qmtl/core";

/** An address that only programs on this machine can reach. */
export function isLoopbackAddress(address: string): boolean {
  const bare = address.replace(/^\[(.*)\]$/, "$1").replace(/^::ffff:/i, "");
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

/**
 * Refuses to listen where others can reach while nobody has to prove who they are.
 *
 * @param setting - the key of the configuration that names the host: "gateway.host"
 * @throws QmtlError `CONFIG_INVALID`
 */
export function checkBinding(host: string, setting: string, auth: { readonly requiresTokens: boolean }): void {
  if (auth.requiresTokens || isLoopbackAddress(host)) return;
  throw new QmtlError("CONFIG_INVALID", `${setting} is ${host}, which other machines can reach, and auth has no keys`, {
    hint: "set auth.mode to local or oidc, or bind to 127.0.0.1",
    details: { setting, host },
  });
}
