/**
 * Encoded instructions of a WebAssembly function, in pieces. An expression leaves its value on the stack, a statement
 * nothing.
 */
export type Code = readonly (number | Code)[];

export type ValueType = "i32" | "f64" | "v128";

/** A parameter or a local variable of a function. */
export interface Variable {
  readonly get: Code;
  set(value: Code): Code;
}

/** What a function is written with: its parameters, and variables declared on the way. */
export interface Scope {
  readonly params: readonly Variable[];
  readonly variable: (type: ValueType) => Variable;
}

export interface FunctionSource {
  readonly params: readonly ValueType[];
  readonly result?: ValueType;
  readonly body: (scope: Scope) => Code;
}

/**
 * Encodes a module of exported functions over a memory that is imported as `env.memory`.
 * The memory is a shared one of at most 4 GB.
 *
 * @see WebAssembly Core Specification 2.0, chapter 5
 */
export function encodeModule(functions: Readonly<Record<string, FunctionSource>>): Uint8Array<ArrayBuffer> {
  const sources = Object.entries(functions);
  const type = ({ params, result }: FunctionSource): Code => [
    0x60,
    vector(params.map((param) => [typeCodes[param]])),
    vector(result === undefined ? [] : [[typeCodes[result]]]),
  ];
  const sections: readonly (readonly [number, Code])[] = [
    [1, vector(sources.map(([, source]) => type(source)))],
    [2, vector([[name("env"), name("memory"), 0x02, 0x03, unsigned(1), unsigned(65_536)]])],
    [3, vector(sources.map((_, index) => unsigned(index)))],
    [7, vector(sources.map(([exported], index) => [name(exported), 0x00, unsigned(index)]))],
    [10, vector(sources.map(([, source]) => sized(encodeFunction(source))))],
  ];
  const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  return Uint8Array.from(flat([magic, ...sections.map(([id, content]) => [id, sized(content)])]));
}

export function seq(...statements: readonly Code[]): Code {
  return statements;
}

/** Runs the body, then again as long as the condition holds. */
export function repeatWhile(condition: Code, ...body: readonly Code[]): Code {
  return [0x03, 0x40, body, condition, 0x0d, 0x00, 0x0b];
}

export function when(condition: Code, ...body: readonly Code[]): Code {
  return [condition, 0x04, 0x40, body, 0x0b];
}

export function either(condition: Code, body: Code, otherwise: Code): Code {
  return [condition, 0x04, 0x40, body, 0x05, otherwise, 0x0b];
}

/** What `leaveWhen` directly within leaves; within one more loop or condition it is one level further out. */
export function block(...body: readonly Code[]): Code {
  return [0x02, 0x40, body, 0x0b];
}

/** Goes on after the block that many levels out, 0 being the nearest block, loop or condition. */
export function leaveWhen(condition: Code, level: number): Code {
  return [condition, 0x0d, unsigned(level)];
}

/** Leaves the function with a value. */
export function returnWhen(condition: Code, value: Code): Code {
  return when(condition, value, [0x0f]);
}

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  add: binary([0x6a]),
  sub: binary([0x6b]),
  mul: binary([0x6c]),
  and: binary([0x71]),
  or: binary([0x72]),
  lessThan: binary([0x49]),
  notEqual: binary([0x47]),
  not: unary([0x45]),
  /** Of a number that is whole. */
  ofNumber: unary([0xaa]),
} as const;

export const i64 = {
  bitsOf: unary([0xbd]),
  notZero: (value: Code): Code => [value, 0x42, 0x00, 0x52],
} as const;

export const f64 = {
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  load: (address: Code, offset = 0): Code => [address, 0x2b, 3, unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, 0x39, 3, unsigned(offset)],
  add: binary([0xa0]),
  sub: binary([0xa1]),
  mul: binary([0xa2]),
  div: binary([0xa3]),
  equal: binary([0x61]),
  notEqual: binary([0x62]),
  less: binary([0x63]),
  greater: binary([0x64]),
  atLeast: binary([0x66]),
  abs: unary([0x99]),
  /** As `Math.min` and `Math.max`. */
  min: binary([0xa4]),
  max: binary([0xa5]),
  /** The magnitude of the first with the sign of the second. */
  withSign: binary([0xa6]),
  ofInteger: unary([0xb7]),
  /** The first where the condition holds, the second where not. */
  pick: (condition: Code, value: Code, otherwise: Code): Code => [value, otherwise, condition, 0x1b],
} as const;

/** Vectors as bits. */
export const v128 = {
  and: binary(simd(0x4e)),
  or: binary(simd(0x50)),
  /** Bits of the first where the mask has them, of the second where not. */
  pick: (value: Code, otherwise: Code, mask: Code): Code => [value, otherwise, mask, simd(0x52)],
  /** Whether no lane of two is 0. */
  allTrue: unary(simd(0xc3)),
  /** The highest bit of either lane: 3 when both have it. */
  signs: unary(simd(0xc4)),
  /** The first where the condition holds, the second where not. */
  either: (condition: Code, value: Code, otherwise: Code): Code => [value, otherwise, condition, 0x1b],
} as const;

/** Vectors of two numbers. */
export const f64x2 = {
  load: (address: Code, offset = 0): Code => [address, simd(0x00), 3, unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, simd(0x0b), 3, unsigned(offset)],
  /** Two numbers from two places. */
  gather: (low: Code, high: Code, offset = 0): Code => [
    high,
    low,
    simd(0x5d),
    3,
    unsigned(offset),
    simd(0x57),
    3,
    unsigned(offset),
    1,
  ],
  storeLane: (lane: 0 | 1, address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    simd(0x5b),
    3,
    unsigned(offset),
    lane,
  ],
  splat: unary(simd(0x14)),
  fromNumbers: (low: Code, high: Code): Code => [low, simd(0x14), high, simd(0x22), 1],
  loadSplat: (address: Code, offset = 0): Code => [address, simd(0x0a), 3, unsigned(offset)],
  lane: (value: Code, index: 0 | 1): Code => [value, simd(0x21), index],
  /** The lanes of two vectors are numbered 0, 1 and 2, 3. */
  pick: (left: Code, right: Code, low: 0 | 1 | 2 | 3, high: 0 | 1 | 2 | 3): Code => [
    left,
    right,
    simd(0x0d),
    ...[low, high].flatMap((lane) => Array.from({ length: 8 }, (_, byte) => lane * 8 + byte)),
  ],
  abs: unary(simd(0xec)),
  /** The bits of the left that are not set in the right: without the bits of `-0`, numbers are their magnitudes. */
  without: binary(simd(0x4f)),
  sqrt: unary(simd(0xef)),
  add: binary(simd(0xf0)),
  sub: binary(simd(0xf1)),
  mul: binary(simd(0xf2)),
  div: binary(simd(0xf3)),
  /** All bits of a lane where the left is greater, none where not. */
  greater: binary(simd(0x4a)),
  less: binary(simd(0x49)),
  notEqual: binary(simd(0x48)),
  /** `b < a ? b : a`, one instruction: of equals, or where one is NaN, the first. */
  smaller: binary(simd(0xf6)),
  larger: binary(simd(0xf7)),
} as const;

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f64: 0x7c, v128: 0x7b };

function encodeFunction({ params, body }: FunctionSource): Code {
  const locals: ValueType[] = [];
  const variableAt = (index: number): Variable => ({
    get: [0x20, unsigned(index)],
    set: (value) => [value, 0x21, unsigned(index)],
  });
  const code = body({
    params: params.map((_, index) => variableAt(index)),
    variable: (type) => variableAt(params.length + locals.push(type) - 1),
  });
  return [vector(locals.map((type) => [1, typeCodes[type]])), code, 0x0b];
}

function unary(opcode: Code) {
  return (value: Code): Code => [value, opcode];
}

function binary(opcode: Code) {
  return (left: Code, right: Code): Code => [left, right, opcode];
}

function simd(opcode: number): Code {
  return [0xfd, unsigned(opcode)];
}

function vector(items: readonly Code[]): Code {
  return [unsigned(items.length), items];
}

function sized(content: Code): Code {
  const bytes = flat(content);
  return [unsigned(bytes.length), bytes];
}

function flat(code: Code): number[] {
  // By the language's own function, which is as fast the first time as ever: this code runs once.
  return (code as readonly unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
}

function name(text: string): Code {
  return sized(Array.from(text, (letter) => letter.codePointAt(0)!));
}

/** LEB128 of a number that is not negative. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];
}

/** LEB128 of a number that may be. */
function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, signed(value >> 7)];
}
