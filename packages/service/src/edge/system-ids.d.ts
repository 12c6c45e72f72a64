import type { Ids } from "@qmtl/core";
/** Identifiers from the platform's secure source: 122 random bits each. */
export declare const systemIds: Ids;
