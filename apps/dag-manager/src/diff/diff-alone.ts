import { dryRunSentinel } from "@qmtl/core";
import { planDiff } from "./plan-diff.ts";
import { inContext, readDag, type DiffSubject } from "./read-dag.ts";

/**
 * What a diff against an empty graph answers: a look at a DAG without any service.
 *
 * @throws QmtlError what `readDag` and `inContext` throw
 */
export function diffAlone(subject: DiffSubject, withNamespace = true) {
  const dag = inContext(readDag(subject.dagJson), subject, withNamespace);
  const nothing = {
    version: 0,
    knownNodes: new Set<string>(),
    queues: new Map<string, never>(),
    sentinel: undefined,
    weight: undefined,
    submission: undefined,
    isSetKnown: false,
  };
  const { queueMap } = planDiff(dag, nothing, () => false);
  return {
    queueMap: Object.fromEntries(queueMap),
    sentinelId: dryRunSentinel(dag.documentIds),
    version: dag.version,
  };
}
