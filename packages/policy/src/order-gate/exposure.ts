/**
 * What may be at stake, and what is (OG-8). The book is the sender's own: it counts an order from the moment it is about
 * to leave, not from when a venue says so.
 */
export interface ExposureBook {
  readonly limits: ExposureLimits;
  readonly positions: ReadonlyMap<string, BookPosition>;
  /** Orders in flight and open, by client order id. */
  readonly orders: ReadonlyMap<string, BookOrder>;
}

/** Largest notional, in the account's currency, under any outcome of the open orders. An absent scope has no limit. */
export interface ExposureLimits {
  readonly account?: number;
  readonly world?: number;
  readonly strategy?: number;
  readonly symbol?: number;
}

/** Whose exposure it is. */
export interface ExposureScope {
  readonly accountId: string;
  readonly worldId: string;
  readonly strategyId: string;
  readonly symbol: string;
}

export interface BookPosition extends ExposureScope {
  /** Signed: negative is short. */
  readonly quantity: number;
  /** Price of one unit, contract multiplier included. */
  readonly price: number;
}

export interface BookOrder extends ExposureScope {
  /** Signed: negative sells. What has not been filled yet. */
  readonly quantity: number;
  /** The worst price at which a unit may be filled, contract multiplier included. */
  readonly price: number;
}

export interface LimitBreach {
  readonly scope: keyof ExposureLimits;
  readonly limit: number;
  readonly exposure: number;
}

export function emptyBook(limits: ExposureLimits): ExposureBook {
  return { limits, positions: new Map(), orders: new Map() };
}

/** The book with an order that is about to leave, or with what is left of it. */
export function withOrder(book: ExposureBook, clientOrderId: string, order: BookOrder): ExposureBook {
  return { ...book, orders: new Map(book.orders).set(clientOrderId, order) };
}

/** The book without an order that is filled, cancelled, rejected or expired. */
export function withoutOrder(book: ExposureBook, clientOrderId: string): ExposureBook {
  if (!book.orders.has(clientOrderId)) return book;
  const orders = new Map(book.orders);
  orders.delete(clientOrderId);
  return { ...book, orders };
}

/** The book after a fill of `quantity` (signed) of an order: the position moves, the order shrinks. */
export function withFill(book: ExposureBook, clientOrderId: string, fill: BookOrder): ExposureBook {
  const key = positionKey(fill);
  const { accountId, worldId, strategyId, symbol } = fill;
  const quantity = (book.positions.get(key)?.quantity ?? 0) + fill.quantity;
  const position = { accountId, worldId, strategyId, symbol, quantity, price: fill.price };
  const after = { ...book, positions: new Map(book.positions).set(key, position) };
  const order = book.orders.get(clientOrderId);
  if (order === undefined) return after;
  const left = order.quantity - fill.quantity;
  // Filled beyond what was asked for: the position says so, the order is over.
  return Math.sign(left) === Math.sign(order.quantity)
    ? withOrder(after, clientOrderId, { ...order, quantity: left })
    : withoutOrder(after, clientOrderId);
}

/** The book at another price of a symbol. */
export function withPrice(book: ExposureBook, symbol: string, price: number): ExposureBook {
  const positions = new Map(book.positions);
  for (const [key, position] of positions) if (position.symbol === symbol) positions.set(key, { ...position, price });
  return { ...book, positions };
}

/**
 * The first limit that an order would break, were it and every open order filled in the worst way. An order that only
 * brings exposure down within a scope that is over its limit already is no breach.
 *
 * @returns undefined if the order is within all limits; a breach with `exposure: NaN` if that cannot be said
 */
export function breachOf(book: ExposureBook, order: BookOrder): LimitBreach | undefined {
  for (const scope of scopes) {
    const limit = book.limits[scope];
    if (limit === undefined) continue;
    const covers = (other: ExposureScope): boolean => sameScope(scope, order, other);
    const after = exposureWith(book, order, covers);
    const within = after <= limit || after <= exposureWith(book, undefined, covers);
    if (!(limit >= 0) || !within) return { scope, limit, exposure: after };
  }
  return undefined;
}

/** Whether an order can do nothing but shrink the position that stands, whatever else is open. */
export function onlyShrinks(book: ExposureBook, order: BookOrder): boolean {
  const position = book.positions.get(positionKey(order))?.quantity ?? 0;
  let asked = order.quantity;
  for (const other of book.orders.values()) {
    // Every open order on the same side may be filled before this one.
    if (positionKey(other) === positionKey(order) && Math.sign(other.quantity) === Math.sign(order.quantity)) {
      asked += other.quantity;
    }
  }
  return position !== 0 && Math.sign(asked) === -Math.sign(position) && Math.abs(asked) <= Math.abs(position);
}

const scopes = ["account", "world", "strategy", "symbol"] as const;

function sameScope(scope: keyof ExposureLimits, a: ExposureScope, b: ExposureScope): boolean {
  if (a.accountId !== b.accountId) return false;
  switch (scope) {
    case "account":
      return true;
    case "world":
      return a.worldId === b.worldId;
    case "strategy":
      return a.worldId === b.worldId && a.strategyId === b.strategyId;
    case "symbol":
      return a.symbol === b.symbol;
  }
}

// Per position the larger of two outcomes: all buys filled and no sell, or all sells and no buy.
function exposureWith(
  book: ExposureBook,
  order: BookOrder | undefined,
  covers: (scope: ExposureScope) => boolean,
): number {
  const worst = new Map<string, { held: number; buys: number; sells: number; price: number }>();
  const at = (scope: ExposureScope): { held: number; buys: number; sells: number; price: number } => {
    const key = positionKey(scope);
    const found = worst.get(key) ?? { held: 0, buys: 0, sells: 0, price: 0 };
    worst.set(key, found);
    return found;
  };
  for (const position of book.positions.values()) {
    if (!covers(position)) continue;
    const row = at(position);
    row.held += position.quantity;
    row.price = Math.max(row.price, position.price);
  }
  const add = (open: BookOrder): void => {
    const row = at(open);
    if (open.quantity >= 0) row.buys += open.quantity;
    else if (open.quantity < 0) row.sells -= open.quantity;
    else row.held = Number.NaN;
    row.price = Math.max(row.price, open.price);
  };
  for (const open of book.orders.values()) if (covers(open)) add(open);
  if (order !== undefined) add(order);
  let total = 0;
  for (const { held, buys, sells, price } of worst.values()) {
    total += Math.max(Math.abs(held + buys), Math.abs(held - sells)) * price;
  }
  return total;
}

function positionKey(scope: ExposureScope): string {
  return JSON.stringify([scope.accountId, scope.worldId, scope.strategyId, scope.symbol]);
}
