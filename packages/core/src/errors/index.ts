export { errorCatalog, type ErrorCode } from "./catalog.ts";
export { assert, nearestWord, QmtlError, type QmtlErrorOptions } from "./qmtl-error.ts";
