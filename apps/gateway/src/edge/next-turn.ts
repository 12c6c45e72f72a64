/**
 * Resolves when everything that has arrived in the meantime has been looked at. The embedded store answers without ever
 * leaving the process: work on it that does not pause keeps requests waiting in their sockets.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
