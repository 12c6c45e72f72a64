/**
 * Encoded instructions, laid flat once all are there: an expression leaves its value on the stack, a statement nothing.
 */
export type Code = readonly (number | Code)[];

type ValueType = "i32" | "i64" | "f64" | "v128";

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b };

const operator =
  (...opcode: readonly number[]) =>
  (...operands: readonly Code[]): Code => [operands, opcode];
const vector = (opcode: number) => operator(0xfd, ...unsigned(opcode));
/** A load or store: address (and value) first, then the bytes added to the address. Any alignment is allowed. */
const memory =
  (...opcode: readonly number[]) =>
  (operands: readonly Code[], offset = 0): Code => [operands, opcode, 0, unsigned(offset)];

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  load: (at: Code, offset?: number) => memory(0x28)([at], offset),
  load8: (at: Code, offset?: number) => memory(0x2d)([at], offset),
  load16: (at: Code, offset?: number) => memory(0x2f)([at], offset),
  store: (at: Code, value: Code, offset?: number) => memory(0x36)([at, value], offset),
  eqz: operator(0x45),
  eq: operator(0x46),
  ne: operator(0x47),
  ltU: operator(0x49),
  gtU: operator(0x4b),
  leU: operator(0x4d),
  geU: operator(0x4f),
  ctz: operator(0x68),
  add: operator(0x6a),
  sub: operator(0x6b),
  mul: operator(0x6c),
  divU: operator(0x6e),
  remU: operator(0x70),
  and: operator(0x71),
  or: operator(0x72),
  xor: operator(0x73),
  shl: operator(0x74),
  shrS: operator(0x75),
  shrU: operator(0x76),
  fromI64: operator(0xa7),
};

export const i64 = {
  const: (value: bigint): Code => [0x42, signedLong(BigInt.asIntN(64, value))],
  load: (at: Code, offset?: number) => memory(0x29)([at], offset),
  load32: (at: Code, offset?: number) => memory(0x35)([at], offset),
  store: (at: Code, value: Code, offset?: number) => memory(0x37)([at, value], offset),
  eqz: operator(0x50),
  eq: operator(0x51),
  ne: operator(0x52),
  leU: operator(0x58),
  gtS: operator(0x55),
  gtU: operator(0x56),
  clz: operator(0x79),
  ctz: operator(0x7a),
  popcnt: operator(0x7b),
  add: operator(0x7c),
  sub: operator(0x7d),
  mul: operator(0x7e),
  and: operator(0x83),
  or: operator(0x84),
  shl: operator(0x86),
  shrU: operator(0x88),
  fromI32: operator(0xad),
  ofF64: operator(0xbd),
};

export const f64 = {
  load: (at: Code, offset?: number) => memory(0x2b)([at], offset),
  ne: operator(0x62),
  add: operator(0xa0),
  sub: operator(0xa1),
  mul: operator(0xa2),
  div: operator(0xa3),
  fromI64: operator(0xb9),
  fromI32: operator(0xb7),
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
};

export const v128 = {
  const: (bytes: readonly number[]): Code => [0xfd, 12, bytes],
  load: (at: Code, offset?: number) => memory(0xfd, 0)([at], offset),
  and: vector(78),
  andNot: vector(79),
  or: vector(80),
  select: vector(82), // bits of the first where the third has ones, else of the second
  anyTrue: vector(83),
};

export const i8x16 = {
  splat: vector(15),
  shuffle: (low: Code, high: Code, lanes: readonly number[]): Code => [low, high, 0xfd, 13, lanes],
  swizzle: vector(14),
  /** As `swizzle`; only lanes below 16 and from 128 on mean the same everywhere. */
  relaxedSwizzle: vector(0x100),
  eq: vector(35),
  gtS: vector(39),
  gtU: vector(40),
  leS: vector(41),
  geS: vector(43),
  bitmask: vector(100),
  add: vector(110),
  sub: vector(113),
};

export const i16x8 = {
  narrowI32: vector(134),
  shrU: vector(141),
  add: vector(142),
  mul: vector(149),
  /** Sums of two products of neighbours, the second operand's below 128. */
  relaxedDot: vector(0x112),
  lane: (value: Code, lane: number): Code => [value, 0xfd, 25, lane],
};
export const i32x4 = { dot: vector(186), lane: (value: Code, lane: number): Code => [value, 0xfd, 27, lane] };
export const f64x2 = {
  splat: vector(20),
  lane: (value: Code, lane: number): Code => [value, 0xfd, 33, lane],
  /** The third less the product of the others, which is rounded before it is taken away or not: see `fusesProducts`. */
  relaxedLessProduct: vector(0x108),
};
export const i64x2 = { lane: (value: Code, lane: number): Code => [value, 0xfd, 29, lane] };

export const select = operator(0x1b); // the first where the third is not zero, else the second

export interface Local {
  readonly get: Code;
  readonly set: (value: Code) => Code;
  readonly tee: (value: Code) => Code;
}

/** Where a branch goes: the start of a loop, the end of a block. */
export interface Label {
  readonly depth: number;
}

/** One function: its locals, and how deep the nested blocks are while their code is put together. */
export class FunctionCode {
  readonly #locals: ValueType[] = [];
  readonly #params: number;
  readonly #constantsAt: number;
  readonly #constants = new Map<string, Local>();
  #depth = 0;

  /**
   * @param params - all i32
   * @param constantsAt - where in memory the constants will be: see `constant`
   */
  constructor(params: number, constantsAt: number) {
    this.#params = params;
    this.#constantsAt = constantsAt;
  }

  param(index: number): Local {
    return local(index);
  }

  local(type: ValueType): Local {
    return local(this.#params + this.#locals.push(type) - 1);
  }

  locals<N extends number>(type: ValueType, count: N): Tuple<Local, N> {
    return Array.from({ length: count }, () => this.local(type)) as readonly Local[] as Tuple<Local, N>;
  }

  /**
   * A vector that is loaded once, when the function starts. Written where it is used it would be put together each time
   * from four instructions.
   */
  constant(bytes: readonly number[]): Code {
    const key = bytes.join();
    const known = this.#constants.get(key) ?? this.local("v128");
    this.#constants.set(key, known);
    return known.get;
  }

  /** Bytes of the constants, in the order in which they are loaded. */
  constants(): number[] {
    return [...this.#constants.keys()].flatMap((key) => key.split(",").map(Number));
  }

  block(body: (end: Label) => Code): Code {
    return this.#nested([0x02, 0x40], body);
  }

  loop(body: (start: Label) => Code): Code {
    return this.#nested([0x03, 0x40], body);
  }

  if(condition: Code, then: () => Code, otherwise?: () => Code): Code {
    if (otherwise === undefined) return this.#nested([condition, 0x04, 0x40], then);
    return [this.#open([condition, 0x04, 0x40], then), this.#nested([0x05], otherwise)];
  }

  branch(to: Label): Code {
    return [0x0c, unsigned(this.#depth - to.depth)];
  }

  branchIf(to: Label, condition: Code): Code {
    return [condition, 0x0d, unsigned(this.#depth - to.depth)];
  }

  /** The body with its locals, as the code section wants it. */
  encoded(body: Code): Code {
    const locals = this.#locals.map((type) => [1, typeCodes[type]]);
    const loads = [...this.#constants.values()].map((constant, index) =>
      constant.set(v128.load(i32.const(this.#constantsAt + 16 * index))),
    );
    return sized([unsigned(this.#locals.length), locals, loads, body, 0x0b]);
  }

  #nested(open: Code, body: (label: Label) => Code): Code {
    return [this.#open(open, body), 0x0b];
  }

  #open(open: Code, body: (label: Label) => Code): Code {
    this.#depth++;
    const code = body({ depth: this.#depth });
    this.#depth--;
    return [open, code];
  }
}

/** `N` of `T`. */
export type Tuple<T, N extends number, Rest extends readonly T[] = readonly []> = Rest["length"] extends N
  ? Rest
  : Tuple<T, N, readonly [T, ...Rest]>;

/** Bytes that stand in memory before the function runs. */
export interface Data {
  readonly at: number;
  readonly bytes: readonly number[];
}

/**
 * A module of one exported function `run` of `params` i32 numbers that returns one, on a shared memory that it imports
 * as `env.memory`.
 *
 * @see WebAssembly Core Specification 2.0, chapter 5, for the encoding; threads proposal for the shared memory
 */
export function wasmModule(
  params: number,
  body: Code,
  pagesMax: number,
  data: readonly Data[],
): Uint8Array<ArrayBuffer> {
  const name = (text: string) => sized(Array.from(text, (letter) => letter.codePointAt(0)!));
  const i32s = Array.from({ length: params }, () => typeCodes.i32);
  const segments = data.map(({ at, bytes }) => [0, i32.const(at), 0x0b, sized(bytes)]);
  const sections = [
    [1, sized([1, 0x60, params, i32s, 1, typeCodes.i32])],
    [2, sized([1, name("env"), name("memory"), 2, 3, unsigned(1), unsigned(pagesMax)])],
    [3, sized([1, 0])],
    [7, sized([1, name("run"), 0, 0])],
    [10, sized([1, body])],
    [11, sized([data.length, segments])],
  ];
  return Uint8Array.from(flat([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, sections]));
}

/** After its length in bytes. */
function sized(code: Code): Code {
  const bytes = flat(code);
  return [unsigned(bytes.length), bytes];
}

function flat(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === "number") into.push(part);
    else flat(part, into);
  }
  return into;
}

function local(index: number): Local {
  const place = unsigned(index);
  return {
    get: [0x20, place],
    set: (value) => [value, 0x21, place],
    tee: (value) => [value, 0x22, place],
  };
}

/** LEB128 */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  return rest === (low >= 0x40 ? -1 : 0) ? [low] : [low | 0x80, ...signed(rest)];
}

function signedLong(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  return rest === (low >= 0x40 ? -1n : 0n) ? [low] : [low | 0x80, ...signedLong(rest)];
}
