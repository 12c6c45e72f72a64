import { QmtlError } from "@qmtl/core";
import type { HttpServer } from "./create-http-server.ts";

/**
 * Starts to listen.
 *
 * @param port - 0 takes any free one
 * @returns the address: "http://127.0.0.1:8000"
 * @throws QmtlError `PORT_TAKEN`
 */
export async function listen(server: HttpServer, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (cause) {
    throw listenError(cause, { host, port });
  }
}

export function listenError(cause: unknown, { host, port }: { host: string; port: number }): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    return new QmtlError("PORT_TAKEN", `port ${port} of ${host} is in use by another program`, {
      cause,
      details: { host, port },
      hint: "stop that program, or choose another port in qmtl.yml",
    });
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new QmtlError("CONFIG_INVALID", `cannot listen on ${host}, port ${port}: ${code}`, { cause });
  }
  return cause;
}
