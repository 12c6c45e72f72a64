import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * A TCP proxy on this machine whose cable can be pulled: bytes stop where they are and nobody is told, as when a network
 * goes. New connections are taken and lead nowhere.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: URL;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #waiting = new Set<Socket>();
  #isCut = false;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param target - where it leads to: "http://127.0.0.1:8000" */
  static async open(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#target.protocol}//127.0.0.1:${port}`;
  }

  /** From now on nothing gets through, in either direction. */
  cut(): void {
    this.#isCut = true;
    for (const [client, server] of this.#pairs) {
      client.unpipe(server).pause();
      server.unpipe(client).pause();
    }
  }

  /** The network is back. What was cut has been given up by then: both ends learn it now, and connect again. */
  heal(): void {
    this.#isCut = false;
    this.#breakAll();
  }

  /** Breaks every connection: both ends are told at once. */
  reset(): void {
    this.#breakAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#breakAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #breakAll(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    for (const client of this.#waiting) client.resetAndDestroy();
    this.#pairs.clear();
    this.#waiting.clear();
  }

  #accept(client: Socket): void {
    client.on("error", () => client.destroy());
    if (this.#isCut) {
      this.#waiting.add(client.pause());
      return;
    }
    const server = connect(Number(this.#target.port), this.#target.hostname);
    server.on("error", () => server.destroy());
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.once("close", () => {
        if (!this.#pairs.delete(pair)) return;
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server);
    server.pipe(client);
  }
}
