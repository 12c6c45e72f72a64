/**
 * How many seeds to play: what `name` says, else as many as a change has to pass, else as many as one waits for at the
 * desk. `QMTL_SIMULATION_FIRST` is the first of them.
 */
export function seedCount(name: string, { ci, desk }: { readonly ci: number; readonly desk: number }): number {
  const asked = Number(process.env[name] ?? Number.NaN);
  if (Number.isSafeInteger(asked) && asked > 0) return asked;
  return process.env["CI"] === undefined ? desk : ci;
}

export const firstSeed = Number(process.env["QMTL_SIMULATION_FIRST"] ?? 1);
