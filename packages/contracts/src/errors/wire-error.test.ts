import { errorCatalog, QmtlError, type ErrorCode } from "@qmtl/core";
import { describe, expect, it } from "vitest";
import { errorFromWire, wireCodeOf, wireErrorOf } from "./index.ts";

describe("errors on the wire", () => {
  it.each([
    [new QmtlError("SUBMISSION_DUPLICATE", "x"), "E_DUPLICATE"],
    [new QmtlError("CHECKSUM_MISMATCH", "x"), "E_CHECKSUM_MISMATCH"],
    [new QmtlError("SCHEMA_INVALID", "x", { details: { code: "E_CE_REQUIRED" } }), "E_CE_REQUIRED"],
    [new QmtlError("WORLD_NOT_FOUND", "x"), "E_WORLD_NOT_FOUND"],
  ])("%# have the name %s", (error, name) => expect(wireCodeOf(error)).toBe(name));

  it("come back as what they were, whichever they are", () => {
    for (const code of Object.keys(errorCatalog) as ErrorCode[]) {
      const error = new QmtlError(code, "what happened", { details: { world_id: "w1" }, hint: "do this" });
      const back = errorFromWire("the gateway", errorCatalog[code].http, wireErrorOf(error, "c1"));
      expect(back.code).toBe(code === "LIVE_GUARD" ? "PERMISSION_DENIED" : code);
      expect(back).toMatchObject({ message: "what happened", hint: "do this", details: { world_id: "w1" } });
    }
  });

  it.each([
    [503, undefined, "DEPENDENCY_UNAVAILABLE"],
    [502, "<html>", "DEPENDENCY_FAILED"],
    [404, { detail: "Not Found" }, "ROUTE_UNKNOWN"],
    [418, { detail: { code: "E_TEAPOT" } }, "REQUEST_INVALID"],
    [500, { detail: { code: "E_INTERNAL", message: "the service failed" } }, "DEPENDENCY_FAILED"],
    // A name that does not fit its status says less than the status.
    [500, { detail: { code: "E_WORLD_NOT_FOUND" } }, "DEPENDENCY_FAILED"],
  ])("are named by status %i where the body does not say: %j", (status, body, code) => {
    expect(errorFromWire("the gateway", status, body)).toMatchObject({ code, details: { status } });
  });
});
