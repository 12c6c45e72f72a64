import { describePlan, type Fault, type FaultPlan } from "./fault-plan.ts";

/** An invariant that does not hold: its id of the safety page, and what was seen. */
export class InvariantBroken extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** Runs a plan to its end. Undefined when every invariant held and everything came right after the heal. */
export type PlayPlan = (plan: FaultPlan) => InvariantBroken | undefined;

export interface Failure {
  readonly plan: FaultPlan;
  /** Of the short plan. */
  readonly broken: InvariantBroken;
  /** The least of the plan that still breaks something: leave out any one thing and nothing does. */
  readonly short: FaultPlan;
}

/** Plays one seed after the other; answers the first failure, its plan made short. */
export function firstFailure(
  seeds: Iterable<number>,
  planOf: (seed: number) => FaultPlan,
  play: PlayPlan,
): Failure | undefined {
  for (const seed of seeds) {
    const plan = planOf(seed);
    if (play(plan) !== undefined) return shortened(plan, play);
  }
  return undefined;
}

/** For people: what broke, the short plan, and the number that brings it all back. */
export function describeFailure({ plan, broken, short }: Failure): string {
  const whole = `the whole plan of seed ${plan.seed} has ${plan.faults.length} things`;
  return [broken.message, describePlan(short), `(${whole})`].join("\n");
}

/** Delta debugging: halves, quarters and at last single things are left out for as long as something still breaks. */
export function shortened(plan: FaultPlan, play: PlayPlan): Failure {
  const search = shorterPlans(plan);
  let next = search.next();
  while (next.done !== true) next = search.next(play(next.value));
  return next.value;
}

/** The same where a play takes promises. */
export async function shortenedLater(
  plan: FaultPlan,
  play: (plan: FaultPlan) => Promise<InvariantBroken | undefined>,
): Promise<Failure> {
  const search = shorterPlans(plan);
  let next = search.next();
  while (next.done !== true) next = search.next(await play(next.value));
  return next.value;
}

/** Yields plans to be played, and takes what came of each. */
function* shorterPlans(plan: FaultPlan): Generator<FaultPlan, Failure, InvariantBroken | undefined> {
  let { faults } = plan;
  let broken = yield plan;
  if (broken === undefined) throw new Error("internal: the plan of a failure breaks nothing");
  for (let size = Math.ceil(faults.length / 2); size >= 1;) {
    let shrunk = false;
    for (let start = 0; start < faults.length;) {
      const fewer: readonly Fault[] = [...faults.slice(0, start), ...faults.slice(start + size)];
      const found: InvariantBroken | undefined = yield { ...plan, faults: fewer };
      if (found === undefined) start += size;
      else [faults, broken, shrunk] = [fewer, found, true];
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (!shrunk) break;
  }
  return { plan, broken, short: { ...plan, faults } };
}

/** `count` seeds from `first` on. */
export function* seedsFrom(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed;
}
