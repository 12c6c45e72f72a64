/** Which chunks of a stream were sent and acknowledged. Plain data: a stream that broke goes on from it. */
export interface AckWindow {
  readonly chunkCount: number;
  readonly acknowledged: ReadonlySet<number>;
  /** Sent on the present connection. */
  readonly sent: ReadonlySet<number>;
  /** Chunks below this one were sent on some connection. */
  readonly reached: number;
}

const unacknowledgedMax = 10;

export function openWindow(chunkCount: number): AckWindow {
  return { chunkCount, acknowledged: new Set(), sent: new Set(), reached: 0 };
}

/**
 * What to do next: send a chunk, wait for an acknowledgement, or end. At most ten chunks are under way; the stream ends
 * when all are sent, without waiting for the last acknowledgements.
 */
export function nextStep(
  window: AckWindow,
): { readonly do: "send"; readonly chunkId: number } | { readonly do: "wait" | "end" } {
  const { chunkCount, acknowledged, sent } = window;
  let underWay = 0;
  for (const chunkId of sent) if (!acknowledged.has(chunkId)) underWay++;
  for (let chunkId = 0; chunkId < chunkCount; chunkId++) {
    if (acknowledged.has(chunkId) || sent.has(chunkId)) continue;
    return underWay < unacknowledgedMax ? { do: "send", chunkId } : { do: "wait" };
  }
  return { do: "end" };
}

export function chunkSent(window: AckWindow, chunkId: number): AckWindow {
  return { ...window, sent: new Set(window.sent).add(chunkId), reached: Math.max(window.reached, chunkId + 1) };
}

/** Of a chunk that was never sent it is none; one that comes twice counts once. */
export function chunkAcknowledged(window: AckWindow, chunkId: number): AckWindow {
  if (!Number.isInteger(chunkId) || chunkId < 0 || chunkId >= window.reached) return window;
  return { ...window, acknowledged: new Set(window.acknowledged).add(chunkId) };
}

/** The stream on a new connection: what was acknowledged is done, everything else is sent again. */
export function resumed(window: AckWindow): AckWindow {
  return { ...window, sent: new Set() };
}

export function isComplete({ chunkCount, acknowledged }: AckWindow): boolean {
  return acknowledged.size === chunkCount;
}
