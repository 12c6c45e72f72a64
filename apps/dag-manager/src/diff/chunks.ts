import type { BufferedNode } from "./plan-diff.ts";

/** A part of a diff's answer, small enough for one message. */
export interface DiffPart {
  readonly queueMap: readonly (readonly [partitionKey: string, topic: string])[];
  readonly bufferedNodes: readonly BufferedNode[];
}

const partItemsMax = 100;
const partBytesMax = 1_048_576;

/**
 * The answer in parts of at most 100 items and 1 MiB: queue map entries first, then nodes to buffer. There is always one
 * part, so that an answer about no nodes arrives too.
 */
export function partsOf(
  queueMap: DiffPart["queueMap"],
  bufferedNodes: readonly BufferedNode[],
  limits = { itemsMax: partItemsMax, bytesMax: partBytesMax },
): readonly DiffPart[] {
  const parts: { queueMap: DiffPart["queueMap"][number][]; bufferedNodes: BufferedNode[] }[] = [];
  let [items, bytes] = [0, 0];
  const roomFor = (itemBytes: number): (typeof parts)[number] => {
    if (parts.length === 0 || items === limits.itemsMax || (items > 0 && bytes + itemBytes > limits.bytesMax)) {
      parts.push({ queueMap: [], bufferedNodes: [] });
      [items, bytes] = [0, 0];
    }
    items++;
    bytes += itemBytes;
    return parts.at(-1)!;
  };
  for (const entry of queueMap) roomFor(bytesOf(entry)).queueMap.push(entry);
  for (const node of bufferedNodes) roomFor(bufferedBytes(node)).bufferedNodes.push(node);
  return parts.length > 0 ? parts : [{ queueMap: [], bufferedNodes: [] }];
}

// Tags and lengths of protocol buffers take at most this much per field.
const fieldOverhead = 12;

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + fieldOverhead + 3 * text.length, 0);
}

function bufferedBytes({ entry }: BufferedNode): number {
  const { nodeId, nodeType, codeHash, schemaHash, schemaCompatId, tags } = entry;
  return bytesOf([nodeId, nodeType, codeHash, schemaHash, schemaCompatId, ...tags]) + 4 * fieldOverhead;
}
