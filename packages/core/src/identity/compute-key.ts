import type { ComputeContext } from "./compute-context.ts";
import { asWindows } from "../text/index.ts";
import { blake3Texts } from "./blake3-texts.ts";
import { blake3Text } from "./hash.ts";
import { joinedField } from "./joined-field.ts";

/**
 * Key of a node's results in one context: `blake3:` and the BLAKE3-256 of node id, world, domain, as_of and partition
 * joined by U+001F (which no field may hold, X-4). Different contexts never share results. The dataset fingerprint
 * is not a part: a dataset is told apart by the ids of the nodes that read it.
 *
 * @param context - after the safe-mode rule: see `computeContextOf`
 * @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function computeKey(nodeId: string, context: ComputeContext): `blake3:${string}` {
  return blake3Text(joinedField(nodeId, "node_id", "") + restOf(context));
}

/** The fields behind the node id, checked. */
function restOf(context: ComputeContext): string {
  return [
    "",
    joinedField(context.worldId, "world_id", ""),
    joinedField(context.executionDomain || "backtest", "execution_domain", ""),
    joinedField(context.asOf ?? "", "as_of", ""),
    joinedField(context.partition ?? "", "partition", ""),
  ].join("\u001f");
}

/** What a validation's outcome depends on. */
export interface EvaluationSubject {
  readonly worldId: string;
  readonly nodeId: string;
  readonly executionDomain: string;
  readonly contractId: string;
  readonly datasetFingerprint: string;
  readonly codeVersion: string;
  readonly resourcePolicy: string;
}

/**
 * Key of a cached validation: `blake3:` and the BLAKE3-256 of the literal `validation-cache` and the subject's fields,
 * joined by U+0000. Of the two forms in use this is the one whose leading literal keeps it apart from every other
 * hashed tuple. Readers take it as opaque.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function evalKey(subject: EvaluationSubject): `blake3:${string}` {
  return blake3Text(
    [
      "validation-cache",
      joinedField(subject.worldId, "world_id", ""),
      joinedField(subject.nodeId, "node_id", ""),
      joinedField(subject.executionDomain, "execution_domain", ""),
      joinedField(subject.contractId, "contract_id", ""),
      joinedField(subject.datasetFingerprint, "dataset_fingerprint", ""),
      joinedField(subject.codeVersion, "code_version", ""),
      joinedField(subject.resourcePolicy, "resource_policy", ""),
    ].join("\u0000"),
  );
}

/**
 * Key under which a node's rows of one bucket travel: `node_id:interval:bucket`, and `#ck=` with the compute key when
 * there is one. Interval and bucket are digits and the id holds no `#`, so the key reads one way only.
 *
 * @param intervalSeconds - 0 when there is none
 * @param bucketSeconds - start of the bucket in epoch seconds, 0 when there is none
 */
export function partitionKey(nodeId: string, intervalSeconds = 0, bucketSeconds = 0, computeKeyText = ""): string {
  const suffix = computeKeyText === "" ? "" : `#ck=${joinedField(computeKeyText, "compute key", "#")}`;
  return `${joinedField(nodeId, "node_id", "#")}:${intervalSeconds}:${bucketSeconds}${suffix}`;
}

/** What a partition key says beside the context. */
export interface KeyedNode {
  readonly nodeId: string;
  readonly intervalSeconds: number;
  readonly bucketSeconds: number;
}

/**
 * `partitionKey` with the compute key of each of many nodes in one context.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function partitionKeysIn(context: ComputeContext, nodes: readonly KeyedNode[]): string[] {
  const rest = restOf(context);
  joinedField(nodes.map(({ nodeId }) => nodeId).join(), "node_id", "#"); // one look is enough for all
  const keys = blake3Texts(nodes.map(({ nodeId }) => nodeId + rest));
  const texts = nodes.map(
    ({ nodeId, intervalSeconds, bucketSeconds }, index) =>
      `${nodeId}:${intervalSeconds}:${bucketSeconds}#ck=${keys[index]!}`,
  );
  return asWindows(texts);
}
