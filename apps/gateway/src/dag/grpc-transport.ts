import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Authenticator } from "@qmtl/service/auth";
import type { Tracing } from "@qmtl/service/tracing";

export interface GrpcTransportOptions {
  /** "http://127.0.0.1:50051". */
  readonly baseUrl: string;
  readonly auth: Pick<Authenticator, "serviceToken">;
  readonly tracing: Pick<Tracing, "headers">;
}

/** gRPC to the DAG Manager, each call with the Gateway's own token and the trace it is part of. */
export function grpcTransport({ baseUrl, auth, tracing }: GrpcTransportOptions): Transport {
  return createGrpcTransport({
    baseUrl,
    // Packing costs more than it saves between processes of one machine or rack.
    acceptCompression: [],
    interceptors: [
      (next) => async (request) => {
        for (const [name, value] of Object.entries(tracing.headers())) request.header.set(name, value);
        request.header.set("authorization", `Bearer ${await auth.serviceToken("gateway")}`);
        return next(request);
      },
    ],
  });
}
