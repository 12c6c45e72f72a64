import { shapeCheck, type ShapeError } from "@qmtl/contracts";
import { QmtlError } from "@qmtl/core";
import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "typebox";

const places: Readonly<Record<string, string>> = {
  body: "the request body",
  querystring: "the query",
  params: "the path",
  headers: "the headers",
};

/**
 * Checks what a route declares, without changing bodies: a text is no number there. Path and query are text by
 * nature, so their parts become what the schema says before they are checked.
 */
export const shapeValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = "body" }) => {
  const what = places[httpPart] ?? httpPart;
  const check = shapeCheck(schema, what);
  return (value: unknown) => {
    try {
      return { value: check(httpPart === "body" ? value : fromText(schema, value)) };
    } catch (error) {
      return { error: asRequestError(error, what) };
    }
  };
};

function asRequestError(error: unknown, what: string): Error {
  if (!(error instanceof QmtlError)) return error as Error;
  const errors = error.details["errors"] as readonly ShapeError[];
  return new QmtlError("REQUEST_INVALID", error.message, { details: { in: what.replace("the ", ""), errors } });
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { type?: string; items?: { type?: string } }>>;
}

function fromText(schema: TSchema, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { properties = {} } = schema as ObjectSchema;
  const entries = Object.entries(value as Record<string, unknown>).map(([key, text]): [string, unknown] => {
    const part = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (part?.type === "array") return [key, [text].flat().map((item) => scalarFromText(part.items?.type, item))];
    return [key, scalarFromText(part?.type, text)];
  });
  return Object.fromEntries(entries);
}

function scalarFromText(type: string | undefined, text: unknown): unknown {
  if (typeof text !== "string") return text;
  if (type === "integer" && /^-?\d{1,16}$/.test(text)) return Number(text);
  if (type === "number" && /^-?\d{1,16}(\.\d{1,17})?([eE][+-]?\d{1,3})?$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}
