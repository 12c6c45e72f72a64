import { Agent, request } from "node:http";

// As many connections as a load balancer would keep; a client that opens one per request measures the kernel.
const agent = new Agent({ keepAlive: true, maxSockets: 128 });

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** One request; rejects when there is no answer. */
export function send(
  method: "GET" | "POST",
  url: string,
  body?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const ofBody =
      body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const headers = { ...ofBody, ...more };
    const outgoing = request(url, { method, agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode!, text }));
      answer.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
