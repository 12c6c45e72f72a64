import { QmtlError } from "@qmtl/core";
import { errors } from "jose";

/**
 * Why a token does not hold, `TOKEN_INVALID`; the cause itself when the keys could not be had. What stands in the token is shown only where its signature was found good:
 * claims are looked at after it.
 */
export function tokenRefused(
  name: string,
  cause: unknown,
  { nowMs, hint }: { readonly nowMs: number; readonly hint: string },
): QmtlError {
  if (cause instanceof QmtlError && cause.code === "DEPENDENCY_UNAVAILABLE") return cause;
  const refused = (why: string, next = hint) => new QmtlError("TOKEN_INVALID", `${name} ${why}`, { cause, hint: next });
  const clock = `this service's clock says ${new Date(nowMs).toISOString()}`;
  const apart = `${hint}; where it was made just now, set the clocks of the two machines`;
  if (cause instanceof errors.JWTExpired) return refused(`is over: it ${spanOf(cause.payload)}; ${clock}`, apart);
  if (cause instanceof errors.JWTClaimValidationFailed) {
    const { claim, payload, reason } = cause;
    if (claim === "iat" && payload.iat !== undefined) return refused(`${spanOf(payload)}; ${clock}`, apart);
    if (reason === "missing") return refused(`has no claim "${claim}"`);
    return refused(`has the claim "${claim}": ${JSON.stringify(payload[claim])}, which this service does not take`);
  }
  if (cause instanceof errors.JWSSignatureVerificationFailed || cause instanceof errors.JWKSNoMatchingKey)
    return refused("was changed, or signed by a key this service does not know");
  return refused(cause instanceof QmtlError ? `does not hold what it has to: ${cause.message}` : "is malformed");
}

function spanOf({ iat, exp }: { readonly iat?: number; readonly exp?: number }): string {
  const time = (seconds = Number.NaN) => {
    const date = new Date(seconds * 1_000);
    return Number.isNaN(date.getTime()) ? "an unknown time" : date.toISOString();
  };
  return `lasts from ${time(iat)} to ${time(exp)}`;
}
