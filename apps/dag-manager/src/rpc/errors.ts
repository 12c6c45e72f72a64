import { Code, ConnectError } from "@connectrpc/connect";
import { dagManagerMetadata } from "@qmtl/contracts/dag-manager";
import { errorCatalog, QmtlError } from "@qmtl/core";
import type { Logger } from "@qmtl/service";

/** The error a caller gets: a status for programs that know gRPC, and the code of the catalog in the trailer. */
export function connectErrorOf(error: unknown, logger: Logger): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof QmtlError)) {
    logger.error("call failed", { error });
    return new ConnectError("internal error", Code.Internal);
  }
  const status = statusByHttp[errorCatalog[error.code].http] ?? Code.Internal;
  if (status === Code.Internal) logger.error("call failed", { code: error.code, error });
  const converted = new ConnectError(error.message, status);
  converted.metadata.set(dagManagerMetadata.errorCode, error.code);
  return converted;
}

const statusByHttp: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  409: Code.FailedPrecondition,
  413: Code.ResourceExhausted,
  422: Code.InvalidArgument,
  429: Code.ResourceExhausted,
  499: Code.Canceled,
  500: Code.Internal,
  502: Code.Unavailable,
  503: Code.Unavailable,
  504: Code.DeadlineExceeded,
};
