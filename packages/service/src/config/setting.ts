import { Type, type TUnsafe } from "typebox";
import type { Secret } from "./secret.ts";

// The few kinds of settings there are. Each has a default, because a service starts without a file, and a line that
// says what it is for: the same line documents it in `qmtl config generate`.

export function text(value: string, description: string) {
  return Type.String({ default: value, description, minLength: 1, maxLength: 2_048 });
}

export function textOrNull(description: string) {
  return Type.Union([Type.String({ minLength: 1, maxLength: 2_048 }), Type.Null()], { default: null, description });
}

export function flag(value: boolean, description: string) {
  return Type.Boolean({ default: value, description });
}

export function count(value: number, description: string, { minimum = 0, maximum = 1_000_000_000 } = {}) {
  return Type.Integer({ default: value, description, minimum, maximum });
}

export function countOrNull(description: string) {
  return Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { default: null, description });
}

export function portNumber(value: number, description: string) {
  return Type.Integer({ default: value, description, minimum: 0, maximum: 65_535 });
}

export function seconds(value: number, description: string, { maximum = 86_400 } = {}) {
  return Type.Number({ default: value, description, exclusiveMinimum: 0, maximum });
}

export function choice<const Words extends readonly string[]>(words: Words, value: Words[number], description: string) {
  return Type.Unsafe<Words[number]>(Type.Enum([...words], { default: value, description }));
}

export function texts(description: string) {
  return Type.Array(Type.String({ minLength: 1, maxLength: 2_048 }), { default: [], description, maxItems: 1_000 });
}

/** A text in the file, a `Secret` in the program. */
export function secretOrNull(description: string): TUnsafe<Secret | null> {
  const schema = Type.Union([Type.String({ minLength: 1, maxLength: 8_192 }), Type.Null()], {
    default: null,
    description: `${description}; env:NAME, file:path or the text itself`,
    secret: true,
  });
  return schema as unknown as TUnsafe<Secret | null>;
}

/** What is known of a setting or a section besides its type. */
export interface SettingSchema {
  readonly type?: string;
  readonly anyOf?: readonly SettingSchema[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly default?: unknown;
  readonly description?: string;
  readonly secret?: boolean;
}
