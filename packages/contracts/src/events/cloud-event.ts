import { formatInstant, plainJson, QmtlError, readJson, type EpochMs } from "@qmtl/core";
import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";

/** ISO-8601 with an offset, as in "2026-01-01T00:00:00.000Z". */
export const InstantText = Type.String({
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$",
});

/** CloudEvents 1.0 in its JSON form, with the id of the request or run that caused it. */
export type CloudEvent = Static<typeof CloudEvent>;
export const CloudEvent = Type.Object({
  specversion: Type.Literal("1.0"),
  id: Type.String({ minLength: 1 }),
  source: Type.String({ minLength: 1 }),
  type: Type.String({ minLength: 1 }),
  time: InstantText,
  datacontenttype: Type.Literal("application/json"),
  data: Type.Record(Type.String(), Type.Unknown()),
  correlation_id: Type.Optional(Type.String({ minLength: 1 })),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkCloudEvent = shapeCheck(CloudEvent, "the event");

/** Who sends events. */
export const eventSources = {
  gateway: "qmtl.services.gateway",
  worldService: "qmtl.services.worldservice",
  dagManager: "qmtl.services.dagmanager",
} as const;

export interface CloudEventFields {
  /** A fresh UUID. */
  readonly id: string;
  readonly source: (typeof eventSources)[keyof typeof eventSources];
  readonly type: string;
  readonly timeMs: EpochMs;
  readonly data: CloudEvent["data"];
  readonly correlationId: string;
}

export function cloudEvent(fields: CloudEventFields): CloudEvent {
  return {
    specversion: "1.0",
    id: fields.id,
    source: fields.source,
    type: fields.type,
    time: formatInstant(fields.timeMs),
    datacontenttype: "application/json",
    data: fields.data,
    correlation_id: fields.correlationId,
  };
}

/**
 * Reads an event from its text, which may be anyone's.
 *
 * @throws QmtlError `JSON_INVALID`, `SCHEMA_INVALID`, `REQUEST_TOO_LARGE` over 1 MiB of text
 */
export function readCloudEvent(text: string): CloudEvent {
  if (text.length > eventTextMax) {
    throw new QmtlError("REQUEST_TOO_LARGE", `an event has at most ${eventTextMax} characters; found ${text.length}`);
  }
  return checkCloudEvent(plainJson(readJson(text, "the event")));
}

const eventTextMax = 1_048_576;
