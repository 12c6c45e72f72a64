import {
  checkBinding,
  createHttpServer,
  listen,
  type Authenticator,
  type HttpServer,
  type Tracing,
} from "@qmtl/service";
import { addHttpRoutes } from "./http/add-http-routes.ts";
import { DagManager, type DagManagerDeps } from "./manager/index.ts";
import { GrpcServer } from "./rpc/index.ts";

export interface DagManagerAppDeps extends DagManagerDeps {
  readonly auth: Authenticator;
  /** By default calls are not traced. */
  readonly tracing?: Tracing;
  /** Of the product, for the API document. */
  readonly version?: string;
  /** Where to listen; without it nothing is opened, and the handlers are called as they are. */
  readonly listenOn?: { readonly grpc: Address; readonly http: Address };
}

export interface Address {
  readonly host: string;
  readonly port: number; // 0: any free one
}

export interface DagManagerApp {
  /** Everything it can be asked, as plain methods. */
  readonly manager: DagManager;
  /** For `inject`. */
  readonly http: HttpServer;
  /** After the start, where it listens: "127.0.0.1:50051", "http://127.0.0.1:8001". */
  readonly addresses: { readonly grpc: string; readonly http: string } | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  ready(): Promise<boolean>;
}

/**
 * The DAG Manager with its two servers.
 *
 * @throws QmtlError `STORE_CORRUPT`, `STORE_FAILED`; from `start`: `PORT_TAKEN`, `CONFIG_INVALID` for an address that
 *   others can reach while callers need no keys
 */
export async function createDagManager(deps: DagManagerAppDeps): Promise<DagManagerApp> {
  const { auth, logger, metrics, clock, ids, listenOn } = deps;
  const manager = await DagManager.open(deps);
  const http = await createHttpServer({
    name: "dag-manager",
    auth,
    logger,
    metrics,
    clock,
    ids,
    ...(deps.tracing !== undefined && { tracing: deps.tracing }),
    ...(deps.version !== undefined && { version: deps.version }),
  });
  addHttpRoutes(http, manager);
  await http.ready();
  const grpc = new GrpcServer({ manager, auth, logger, clock, ids, tracing: deps.tracing });
  let addresses: DagManagerApp["addresses"];
  return {
    manager,
    http,
    get addresses() {
      return addresses;
    },
    async start() {
      await manager.start();
      if (listenOn === undefined) return;
      checkBinding(listenOn.grpc.host, "dagmanager.grpc_host", auth);
      checkBinding(listenOn.http.host, "dagmanager.http_host", auth);
      addresses = { grpc: await grpc.listen(listenOn.grpc), http: await listen(http, listenOn.http) };
      logger.info("dag manager listens", addresses);
    },
    async stop() {
      await grpc.close();
      await http.close();
      await manager.stop();
    },
    async ready() {
      const { graph, state } = await manager.status();
      return graph === "ok" && state === "running";
    },
  };
}
