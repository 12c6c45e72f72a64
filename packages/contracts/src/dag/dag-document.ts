import { Float, QmtlError, readJson, type WireObject, type WireValue } from "@qmtl/core";
import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";

const textOrNull = Type.Union([Type.String(), Type.Null()]);
const countOrNull = Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]);
const objectOrNull = Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]);

/**
 * One node of a submitted DAG. The shape is lenient on purpose: which fields an id needs is for
 * `validateNodeIdentity` to say, with its own error; a version sentinel has hardly any of them.
 */
export type DagNode = Static<typeof DagNode>;
export const DagNode = Type.Object({
  node_id: Type.Optional(textOrNull), // "blake3:" and 64 hex digits
  node_type: Type.Optional(textOrNull), // StreamInput, ProcessingNode, TagQueryNode, VersionSentinel, ...
  name: Type.Optional(textOrNull),
  interval: Type.Optional(countOrNull), // seconds
  period: Type.Optional(countOrNull), // rows
  tags: Type.Optional(Type.Array(Type.String())),
  inputs: Type.Optional(Type.Union([Type.Array(textOrNull), Type.Null()])), // ids of upstream nodes
  dependencies: Type.Optional(Type.Union([Type.Array(textOrNull), Type.Null()])), // older name of inputs
  params: Type.Optional(objectOrNull),
  config: Type.Optional(objectOrNull), // read where params is absent or null
  code_hash: Type.Optional(textOrNull),
  config_hash: Type.Optional(textOrNull),
  schema_hash: Type.Optional(textOrNull),
  schema_compat_id: Type.Optional(textOrNull),
  schema_id: Type.Optional(textOrNull), // older name of schema_compat_id
  pre_warmup: Type.Optional(Type.Boolean()),
  expected_schema: Type.Optional(objectOrNull),
  bucket: Type.Optional(countOrNull),
  match_mode: Type.Optional(textOrNull), // TagQueryNode: any or all
  version: Type.Optional(textOrNull), // version sentinel, as the next two
  strategy_version: Type.Optional(textOrNull),
  build_version: Type.Optional(textOrNull),
});

/** Where and as of when the nodes are meant to run, as a client writes it. See `computeContextOf`. */
export const DagComputeContext = Type.Record(Type.String(), Type.Unknown());

export const DagMeta = Type.Object({
  topic_namespace: Type.Optional(
    Type.Union([Type.String(), Type.Object({ world: Type.String(), domain: Type.String() }), Type.Null()]),
  ),
  compute_context: Type.Optional(DagComputeContext),
  dataset_fingerprint: Type.Optional(textOrNull),
  world: Type.Optional(textOrNull),
  world_id: Type.Optional(textOrNull),
  execution_domain: Type.Optional(textOrNull),
  version: Type.Optional(textOrNull),
  strategy_version: Type.Optional(textOrNull),
  build_version: Type.Optional(textOrNull),
});

/** The DAG JSON document of a submission. The order of `nodes` is the order of the checksum. Unknown keys are kept. */
export type DagDocument = Static<typeof DagDocument>;
export const DagDocument = Type.Object({
  schema_version: Type.Optional(Type.Unknown()), // v1, 1 or 1.0; absent means v1
  nodes: Type.Array(DagNode),
  meta: Type.Optional(Type.Union([DagMeta, Type.Null()])),
  compute_context: Type.Optional(DagComputeContext),
  version: Type.Optional(textOrNull),
  strategy_version: Type.Optional(textOrNull),
});

/** A node with everything its id and its submission need: what a client writes. */
export type IdentifiedNode = DagNode &
  Record<"node_id" | "node_type" | "code_hash" | "config_hash" | "schema_hash" | "schema_compat_id", string>;

export const schemaVersions = ["1", "1.0", "v1"] as const;

/**
 * Reads a DAG document from its text: strict JSON (integers and floats kept apart, as ids need it), shape, version.
 * Ids and checksum are for `validateNodeIdentity`.
 *
 * @param params - takes the canonical text of parameters that stand in the document just so
 * @throws QmtlError `JSON_INVALID`, `SCHEMA_INVALID`, `REQUEST_TOO_LARGE`
 */
export function readDagDocument(text: string, params?: Map<WireValue, string>): DagDocument & WireObject {
  const read = readJson(text, "the DAG document", valuesMax, params);
  const document = checkDagDocument(read) as DagDocument & WireObject;
  checkSchemaVersion(document);
  return document;
}

/** Fifty for each of ten thousand nodes. */
const valuesMax = 500_000;

const checkDagDocument = shapeCheck(DagDocument, "the DAG document");

function checkSchemaVersion(document: DagDocument): void {
  const declared = [document, ...document.nodes].find((part) => "schema_version" in part) as
    { schema_version?: unknown } | undefined;
  if (declared === undefined) return;
  const version = declared.schema_version;
  const text = version instanceof Float ? version.value.toFixed(1) : String(version);
  if (schemaVersions.some((known) => known === text)) return;
  const message = `must be one of ${schemaVersions.join(", ")}; found ${JSON.stringify(text)}`;
  throw new QmtlError("SCHEMA_INVALID", `schema_version of the DAG document ${message}`, {
    details: { code: "E_SCHEMA_INVALID", errors: [{ path: ["schema_version"], message, supported: schemaVersions }] },
  });
}
