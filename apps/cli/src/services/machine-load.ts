import { cpus } from "node:os";

/** Milliseconds that processors have spent, as the operating system counts them. */
export type ProcessorTimes = Readonly<Record<"user" | "nice" | "sys" | "idle" | "irq", number>>;

/** How busy all processors of the machine were since it was last asked for, in percent; 0 when no time was counted. */
export function machineLoad(read: () => readonly ProcessorTimes[] = timesOfMachine): () => number {
  let before = sumsOf(read());
  return () => {
    const now = sumsOf(read());
    const total = now.total - before.total;
    const busy = total - (now.idle - before.idle);
    before = now;
    return total > 0 ? Math.min(100, Math.max(0, (100 * busy) / total)) : 0;
  };
}

function timesOfMachine(): readonly ProcessorTimes[] {
  return cpus().map(({ times }) => times);
}

function sumsOf(processors: readonly ProcessorTimes[]): { readonly total: number; readonly idle: number } {
  let [total, idle] = [0, 0];
  for (const times of processors) {
    for (const part of ["user", "nice", "sys", "idle", "irq"] as const) total += times[part];
    idle += times.idle;
  }
  return { total, idle };
}
