/** From least to most: read; change what a strategy or world does; change the world's rules and who may act in it. */
export const roles = ["reader", "operator", "owner"] as const;
export type Role = (typeof roles)[number];

/** The grant that holds in every world, those to come included. */
export const everyWorld = "*";

/** Who asks, as far as a verified token (or the loopback rule) says so. Headers never make one. */
export interface Principal {
  readonly subject: string;
  /** A service acts for itself; when it acts for somebody, the principal is that somebody and `via` names it. */
  readonly kind: "user" | "service" | "runner";
  /** World id, or `*`, to role. */
  readonly grants: Readonly<Record<string, Role>>;
  /** Subject of the service that passed the request on. */
  readonly via?: string;
}

/** Who works on this machine, in a process that only this machine can reach. */
export const localOperator: Principal = { subject: "local", kind: "user", grants: { [everyWorld]: "owner" } };

/**
 * True when the principal has the role, or a higher one: in that world; in every world for `*`; in any world at all
 * when none is named.
 */
export function allows(principal: Principal, role: Role, world?: string): boolean {
  const needed = roles.indexOf(role);
  const holds = (granted: Role | undefined): boolean => granted !== undefined && roles.indexOf(granted) >= needed;
  if (holds(grantOf(principal, everyWorld))) return true;
  if (world === everyWorld) return false;
  return world === undefined ? Object.values(principal.grants).some(holds) : holds(grantOf(principal, world));
}

// World ids are names from outside: "constructor" must not find what every object has.
function grantOf({ grants }: Principal, world: string): Role | undefined {
  return Object.hasOwn(grants, world) ? grants[world] : undefined;
}
