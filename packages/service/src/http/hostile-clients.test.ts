import { connect, type Socket } from "node:net";
import { createGzip } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Authenticator, LocalKeySet } from "../auth/index.ts";
import { systemClock, systemIds } from "../edge/index.ts";
import { silentLogger } from "../logging/index.ts";
import { createMetrics } from "../metrics/index.ts";
import { createHttpServer, listen, type HttpServer } from "./index.ts";

// What only a real socket shows: how much a client can make the server read, keep and wait for.

const [clock, ids] = [systemClock, systemIds];
const auth = new Authenticator({ clock, ids, keys: await LocalKeySet.inMemory(), loopback: true });
let server: HttpServer;
let port: number;
beforeEach(async () => {
  const metrics = createMetrics("probe");
  const limits = { bodyBytesMax: 200_000, requestMsMax: 1_000 };
  server = await createHttpServer({ name: "probe", auth, logger: silentLogger, metrics, clock, ids, limits });
  server.get("/status", { config: { access: { role: "public" } } }, async () => ({ status: "ok" }));
  server.post("/bodies", { config: { access: { role: "public" } } }, async ({ body }) => typeof body);
  port = Number(new URL(await listen(server, { host: "127.0.0.1", port: 0 })).port);
});
afterEach(() => server.close());

function dial(): Socket {
  return connect(port, "127.0.0.1").on("error", () => {});
}

/** Everything the server says until it hangs up. */
async function replyTo(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket.setEncoding("utf8")) text += chunk as string;
  return text;
}

const head = (...lines: string[]): string =>
  ["POST /bodies HTTP/1.1", "host: localhost", "content-type: application/json", ...lines, "", ""].join("\r\n");

describe("a hostile client", () => {
  it("cannot announce more than the limit", async () => {
    const socket = dial();
    socket.write(head("content-length: 5000000000"));
    expect(await replyTo(socket)).toMatch(/^HTTP\/1.1 413 .*E_REQUEST_TOO_LARGE/s);
  });

  it("cannot send without end: the server hangs up soon after the limit", async () => {
    const socket = dial();
    socket.write(head("transfer-encoding: chunked"));
    const reply = replyTo(socket).catch(() => "cut");
    const chunk = `10000\r\n${" ".repeat(0x10000)}\r\n`;
    let sentBytes = 0;
    while (!socket.destroyed && socket.writable && sentBytes < 50_000_000) {
      sentBytes += chunk.length;
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
    }
    expect(await reply).toMatch(/413|cut/);
    expect(sentBytes).toBeLessThan(20_000_000);
  });

  it("cannot fill the memory with a bomb, nor keep others waiting", async () => {
    const packed: Buffer[] = [];
    const gzip = createGzip({ level: 9 });
    const done = (async () => {
      for await (const part of gzip) packed.push(part as Buffer);
    })();
    const megabyte = Buffer.alloc(1_000_000, 0x20);
    for (let count = 0; count < 150; count++) gzip.write(megabyte);
    gzip.end();
    await done;
    const bomb = Buffer.concat(packed);
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage();
    const bombs = Array.from({ length: 10 }, async () => {
      const socket = dial();
      socket.write(head("content-encoding: gzip", `content-length: ${bomb.length}`));
      socket.write(bomb);
      return replyTo(socket);
    });
    const startedMs = performance.now();
    const status = await fetch(`http://127.0.0.1:${port}/status`);
    expect(status.status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(500);
    for (const reply of await Promise.all(bombs)) expect(reply).toMatch(/^HTTP\/1.1 413 /);
    const after = process.memoryUsage();
    expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(60_000_000);
  });

  it("cannot hold a request open by sending it slowly", async () => {
    const socket = dial();
    socket.write(head("content-length: 1000"));
    const dripping = setInterval(() => socket.write(" "), 100);
    const startedMs = performance.now();
    const reply = await replyTo(socket).catch(() => "cut");
    clearInterval(dripping);
    expect(reply).toMatch(/^(HTTP\/1.1 408 |cut|$)/);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it("cannot send a head without end, nor two lengths", async () => {
    const long = dial();
    long.write(`GET /status HTTP/1.1\r\nhost: localhost\r\nx: ${"a".repeat(40_000)}\r\n\r\n`);
    expect(await replyTo(long)).toMatch(/^HTTP\/1.1 431 /);
    const smuggled = dial();
    smuggled.write(head("content-length: 2", "transfer-encoding: chunked"));
    expect(await replyTo(smuggled)).toMatch(/^HTTP\/1.1 400 /);
  });
});
