import type { WorldTransport } from "@qmtl/gateway";
import type { World } from "@qmtl/world";

/**
 * Requests to a WorldService of this process: everything but the sockets. Holders of a lease say all at once that their
 * gates are closed, and an apply waits for the last of them. It is there as long as this process is, so nothing is given
 * up for time.
 */
export function localWorldTransport({ http }: Pick<World, "http">): WorldTransport {
  return async ({ method, path, headers, body }) => {
    const answer = await http.inject({
      method: method as "GET",
      url: path,
      headers: { ...headers },
      ...(body !== undefined && { payload: body }),
    });
    const shown = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
    return { status: answer.statusCode, headers: Object.fromEntries(shown), body: answer.body };
  };
}
