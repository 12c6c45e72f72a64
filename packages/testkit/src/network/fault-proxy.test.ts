import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultProxy } from "./index.ts";

let server: Server;
let proxy: FaultProxy;
beforeEach(async () => {
  server = createServer((_, reply) => reply.end("there"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy = await FaultProxy.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ask = async (): Promise<string> =>
  (await fetch(proxy.url, { signal: AbortSignal.timeout(150), headers: { connection: "close" } })).text();

describe("a proxy whose cable can be pulled", () => {
  it("leads through, then nowhere, then through again", async () => {
    expect(await ask()).toBe("there");
    proxy.cut();
    await expect(ask()).rejects.toMatchObject({ name: "TimeoutError" });
    proxy.heal();
    expect(await ask()).toBe("there");
  });

  it("tells both ends at once when it breaks a connection", async () => {
    server.removeAllListeners("request").on("request", () => proxy.reset());
    await expect(ask()).rejects.toMatchObject({ name: "TypeError" });
  });
});
