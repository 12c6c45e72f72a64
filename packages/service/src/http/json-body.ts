import { plainJson, QmtlError, readJson } from "@qmtl/core";
import type { FastifyInstance, FastifyRequest } from "fastify";

const valuesMax = 100_000;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads JSON bodies strictly: see `readJson`. Other kinds of bodies are refused. */
export function useStrictJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const kinds = /^application\/(?:json|[\w.-]+\+json)(?:\s*;|$)/;
  server.addContentTypeParser(kinds, { parseAs: "buffer" }, async (request: FastifyRequest, body: Buffer) =>
    parsed(request, body),
  );
}

// oxlint-disable-next-line require-await -- Fastify takes the value, or the error, of the promise
async function parsed(request: FastifyRequest, body: Buffer): Promise<unknown> {
  const text = textOf(body);
  if (request.routeOptions.config.rawBody === true) request.rawBody = text;
  if (text === "") return undefined;
  return plainJson(readJson(text, "the request body", valuesMax));
}

function textOf(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new QmtlError("JSON_INVALID", "the request body is not UTF-8", { cause });
  }
}
