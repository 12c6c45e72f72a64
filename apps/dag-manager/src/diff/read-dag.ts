import { readDagDocument, wireNodeSpec, type DagDocument, type DagNode } from "@qmtl/contracts";
import {
  blake3Text,
  blake3Texts,
  asWindows,
  sortByCodePoint,
  computeContextOf,
  crc32OfNodeIds,
  Float,
  NodeSpecTexts,
  partitionKeysIn,
  QmtlError,
  TextIndex,
  type ComputeContext,
  type NodeSpec,
  type WireObject,
  type WireValue,
} from "@qmtl/core";
import type { GraphNode } from "../graph/index.ts";
import { declaredNamespace, namespaceOf, versionOf } from "../naming/index.ts";
import { normalizedTags } from "../tag-query/index.ts";
import { topologicalOrder } from "./node-order.ts";

export interface DiffSubject extends DiffContext {
  readonly strategyId: string;
  readonly dagJson: string;
}

/** What a caller says beside the document. Text that is not blank wins over what the document says. */
export interface DiffContext {
  readonly worldId?: string;
  readonly executionDomain?: string;
  readonly asOf?: string;
  readonly partition?: string;
  readonly datasetFingerprint?: string;
}

export interface DagEntry extends GraphNode {
  readonly schemaHash: string;
  readonly schemaCompatId: string;
  readonly codeHash: string;
  readonly bucketSeconds: number;
  /** A tag query node: how it matches the tags it reads. */
  readonly reads: "any" | "all" | undefined;
}

/** What a DAG is, whoever asks and wherever it is to run. */
export interface DagContent {
  readonly document: DagDocument;
  /** Every node after its inputs. */
  readonly entries: readonly DagEntry[];
  /** Name of the set of its nodes, whatever the order they came in. */
  readonly setId: string;
  /** In the document's order. */
  readonly documentIds: readonly string[];
  /** Over the node ids in the document's order. */
  readonly crc32: number;
  readonly version: string;
  /** What the document's sentinel asks for, in [0, 1]. */
  readonly trafficWeight: number | undefined;
}

export interface Dag extends DagContent {
  readonly context: ComputeContext;
  readonly namespace: string;
  /** Of the entries, in their order. */
  readonly partitionKeys: readonly string[];
}

export interface DagLimits {
  readonly nodeCountMax: number;
  readonly dagBytesMax: number;
}

export const defaultDagLimits: DagLimits = { nodeCountMax: 20_000, dagBytesMax: 32 * 2 ** 20 };

/**
 * Reads a DAG: parses it strictly, takes version sentinels out of it, checks that every id is the hash of its node
 * (D-1) and orders the nodes.
 *
 * @throws QmtlError `REQUEST_TOO_LARGE`, `JSON_INVALID`, `SCHEMA_INVALID`, `NODE_ID_FIELDS`, `NODE_ID_MISMATCH`,
 *   `VALUE_NOT_HASHABLE`, `GRAPH_CYCLE`
 */
export function readDag(dagJson: string, limits = defaultDagLimits): DagContent {
  if (dagJson.length > limits.dagBytesMax) refuseSize("bytes", limits.dagBytesMax, dagJson.length);
  const params = new Map<WireValue, string>();
  const document = readDagDocument(dagJson === "" ? '{"nodes":[]}' : dagJson, params);
  const nodes = document.nodes.filter(({ node_type }) => node_type !== "VersionSentinel");
  const sentinels = document.nodes.filter(({ node_type }) => node_type === "VersionSentinel");
  if (nodes.length > limits.nodeCountMax) refuseSize("nodes", limits.nodeCountMax, nodes.length);
  const { entries, documentIds } = readNodes(nodes, params);
  return {
    document: { ...document, nodes: [] },
    entries,
    setId: setIdOf(entries),
    documentIds,
    crc32: crc32OfNodeIds(documentIds),
    version: declaredVersion(document, sentinels),
    trafficWeight: declaredWeight(document, sentinels),
  };
}

/**
 * A DAG in the context it is to run in: what the request says, else what the document says.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function inContext(content: DagContent, subject: DiffContext, withNamespace: boolean): Dag {
  const { document, entries } = content;
  const context = mergedContext(subject, document);
  return {
    ...content,
    context,
    namespace: withNamespace
      ? declaredNamespace(document.meta?.topic_namespace) || namespaceOf(context.worldId, context.executionDomain)
      : "",
    partitionKeys: partitionKeysIn(context, entries),
  };
}

/**
 * Texts of their own, one of each. A piece of a large text may be a window onto it, and would keep all of it in memory for
 * as long as the graph knows the piece.
 */
class OwnTexts {
  readonly #texts = new Map<string, string>();

  /** A text of its own equal to this one. What it most likely equals needs no looking up. */
  like(text: string, likely?: string): string {
    if (text === likely) return likely;
    let own = this.#texts.get(text);
    if (own === undefined) {
      own = Buffer.from(text).toString();
      this.#texts.set(own, own);
    }
    return own;
  }
}

function readNodes(
  nodes: readonly DagNode[],
  params: ReadonlyMap<unknown, string>,
): Pick<DagContent, "entries" | "documentIds"> {
  const declared = new TextIndex(digitsOfIds); // each id once
  const firsts: number[] = []; // of the nodes with each of them
  for (let index = 0; index < nodes.length; index++) {
    const { node_id: nodeId, code_hash: codeHash, schema_hash: schemaHash } = nodes[index]!;
    if (!isText(nodeId) || !isText(codeHash) || !isText(schemaHash)) refuseMissing(nodes[index]!, index);
    if (declared.numberOf(nodeId) !== undefined) continue;
    declared.add(nodeId);
    firsts.push(index);
  }
  const texts = new NodeSpecTexts(params);
  const specs = nodes.map((node) => wireNodeSpec(node as WireObject));
  const inputPlaces = specs.map(({ inputs = [] }) => inputs.map((input) => declared.numberOf(input)));
  // That a declared id is a hash is seen below.
  const specTexts = asWindows(specs.map((spec, index) => texts.text(spec, !inputPlaces[index]!.includes(undefined))));
  const ids = blake3Texts(specTexts);
  for (let index = 0; index < ids.length; index++) {
    if (nodes[index]!.node_id !== ids[index]) refuseId(index, nodes[index]!.node_id!, ids[index]!);
  }
  const own = new OwnTexts();
  const entries: DagEntry[] = [];
  let isInOrder = declared.size === nodes.length;
  for (let index = 0; index < ids.length; index++) {
    const spec = specs[index]!;
    const inputs = inputPlaces[index]!.map((place, input) => {
      if (place !== undefined && place >= index) isInOrder = false;
      return place === undefined ? own.like(spec.inputs![input]!) : ids[firsts[place]!]!;
    });
    const content = { nodeId: ids[index]!, specText: specTexts[index]!, inputs };
    entries.push(entryOf(content, nodes[index]!, spec, own, entries[index - 1]));
  }
  return { entries: isInOrder ? entries : ordered(entries), documentIds: ids };
}

function entryOf(
  { nodeId, specText, inputs }: Pick<DagEntry, "nodeId" | "specText" | "inputs">,
  node: DagNode,
  spec: NodeSpec,
  own: OwnTexts,
  before: DagEntry | undefined,
): DagEntry {
  const { tags, match_mode: matchMode } = node;
  return {
    nodeId,
    specText,
    nodeType: own.like(spec.nodeType, before?.nodeType),
    intervalSeconds: node.interval ?? 0,
    period: node.period ?? 0,
    inputs,
    tags: tags === undefined || tags.length === 0 ? noTags : normalizedTags(tags).map((tag) => own.like(tag)),
    schemaHash: own.like(node.schema_hash!, before?.schemaHash),
    schemaCompatId: spec.schemaCompatId ?? "",
    codeHash: node.code_hash!,
    bucketSeconds: node.bucket ?? 0,
    reads: spec.nodeType !== "TagQueryNode" ? undefined : matchMode?.trim().toLowerCase() === "all" ? "all" : "any",
  };
}

/** Of `blake3:` and hex digits a dozen tells nearly all apart. */
const digitsOfIds = { from: 7, to: 19 };
const noTags: readonly string[] = [];

function ordered(entries: readonly DagEntry[]): readonly DagEntry[] {
  const order = topologicalOrder(entries);
  if (order !== undefined) return order;
  throw new QmtlError("GRAPH_CYCLE", "the nodes of the DAG depend on each other in a circle");
}

function setIdOf(entries: readonly DagEntry[]): string {
  return blake3Text(sortByCodePoint(entries.map(({ nodeId }) => nodeId)).join("\n"));
}

function mergedContext(subject: DiffContext, { compute_context, meta }: DagDocument): ComputeContext {
  const declared = { ...meta?.compute_context, ...compute_context };
  const first = (...values: unknown[]): unknown => values.find((value) => !isBlank(value));
  return computeContextOf({
    worldId: first(subject.worldId, declared["world_id"], declared["world"], meta?.world_id, meta?.world),
    executionDomain: first(
      subject.executionDomain,
      declared["execution_domain"],
      declared["domain"],
      meta?.execution_domain,
    ),
    asOf: first(subject.asOf, declared["as_of"]),
    partition: first(subject.partition, declared["partition"]),
    datasetFingerprint: first(
      subject.datasetFingerprint,
      declared["dataset_fingerprint"],
      declared["datasetFingerprint"],
      meta?.dataset_fingerprint,
    ),
  });
}

function declaredVersion(document: DagDocument, sentinels: readonly DagNode[]): string {
  const { meta } = document;
  return versionOf([
    ...sentinels.flatMap((node) => [node.version, node.strategy_version, node.build_version, node.node_id]),
    document.strategy_version,
    document.version,
    meta?.version,
    meta?.strategy_version,
    meta?.build_version,
  ]);
}

function declaredWeight(document: DagDocument, sentinels: readonly DagNode[]): number | undefined {
  if (sentinels.length === 0) return undefined;
  for (const place of [...sentinels, document.meta ?? {}] as readonly Readonly<Record<string, unknown>>[]) {
    const declared = place["traffic_weight"];
    const weight = declared instanceof Float ? declared.value : declared;
    if (typeof weight === "number") return Math.min(1, Math.max(0, weight));
  }
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

function refuseMissing(node: DagNode, index: number): never {
  const missing = (["node_id", "code_hash", "schema_hash"] as const).filter((field) => !isText(node[field]));
  const message = `node ${index} must have ${missing.join(", ")}`;
  const nodeId = isText(node.node_id) ? { node_id: node.node_id } : {};
  const hint = "build the document with the SDK, or send these fields with every node";
  throw new QmtlError("NODE_ID_FIELDS", message, {
    details: { code: "E_NODE_ID_FIELDS", message, missing_fields: [{ index, missing, ...nodeId }], hint },
    hint,
  });
}

function refuseId(index: number, nodeId: string, expected: string): never {
  const message = `node ${index} must have the id ${expected}; found ${nodeId}`;
  const hint = "compute each id from the node's final content, after its inputs' ids";
  throw new QmtlError("NODE_ID_MISMATCH", message, {
    details: { code: "E_NODE_ID_MISMATCH", message, node_id_mismatch: [{ index, node_id: nodeId, expected }], hint },
    hint,
  });
}

function refuseSize(unit: string, most: number, found: number): never {
  throw new QmtlError("REQUEST_TOO_LARGE", `a DAG has at most ${most} ${unit}; found ${found}`, {
    details: { unit, most, found },
  });
}
