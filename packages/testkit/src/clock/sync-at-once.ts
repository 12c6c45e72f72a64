import { fdatasyncSync } from "node:fs";

/** Waits for the disk without letting go of the thread: virtual time must not pass while a real disk works. */
export async function syncAtOnce(descriptor: number): Promise<void> {
  fdatasyncSync(descriptor);
}
