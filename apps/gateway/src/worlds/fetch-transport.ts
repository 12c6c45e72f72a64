import type { WorldTransport } from "./world-client.ts";

const answerCharsMax = 16_777_216;

/** A change is carried out or it is not: it gets the time it needs, where a read has a remembered answer to fall back on. */
const changeMs = 30_000;

/**
 * Requests to WorldService over HTTP.
 *
 * @param baseUrl - without a path: "http://127.0.0.1:8080"
 * @param timeoutMs - how long a read may take, and a request for a lease, which is asked for again soon
 */
export function fetchTransport(baseUrl: string, timeoutMs: number): WorldTransport {
  const base = baseUrl.replace(/\/+$/, "");
  return async ({ method, path, headers, body }) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
      redirect: "error", // our token is for WorldService alone
      signal: AbortSignal.timeout(method === "GET" || path.endsWith("/lease") ? timeoutMs : changeMs),
    });
    const text = await response.text();
    if (text.length > answerCharsMax) throw new Error(`WorldService answered more than ${answerCharsMax} characters`);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: text };
  };
}
