import type { Ids } from "@qmtl/core";
import { randomUUID } from "node:crypto";

/** Identifiers from the platform's secure source: 122 random bits each. */
export const systemIds: Ids = { next: () => randomUUID() };
