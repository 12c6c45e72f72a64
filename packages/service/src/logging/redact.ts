/** What a secret is printed as. */
const secretMark = "[secret]";

const depthMax = 6;
const textMax = 4_096;

const secretKeys =
  /pass(word|phrase|wd)?$|secret|token|ticket|credential|authorization|cookie|signature|api[_-]?key|private[_-]?key|dsn$/i;
/** Facts about secrets that are none themselves. */
const plainKeys = /(_id|_kind|_type|_count|_ms|_at|_total)$/i;

const secretTexts: readonly [RegExp, string][] = [
  // A compact JWT: header and payload are base64url of a JSON object, which always starts with `{"`.
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, secretMark],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${secretMark}`],
  // The password of a URL: postgres://user:password@host.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi, `$1${secretMark}@`],
  [/([?&](?:access_token|token|ticket|secret|password|api_?key|signature)=)[^&\s"]+/gi, `$1${secretMark}`],
];

/**
 * A copy of log fields that holds no secret: values under telling names are replaced whole; tokens, passwords inside
 * URLs and authorization headers are cut out of any text. Errors become plain objects. Deep or long values are cut.
 */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactedText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return "[deep]";
  if (value instanceof Error) return redactedError(value, depth);
  if ("toJSON" in value && typeof value.toJSON === "function") return redacted(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return value.slice(0, 100).map((entry) => redacted(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, isSecretKey(key) ? secretMark : redacted(entry, depth + 1)]),
  );
}

export function redactedText(text: string): string {
  const cut = text.length > textMax ? `${text.slice(0, textMax)}…` : text;
  return secretTexts.reduce((before, [pattern, mark]) => before.replace(pattern, mark), cut);
}

function isSecretKey(key: string): boolean {
  return secretKeys.test(key) && !plainKeys.test(key);
}

function redactedError(error: Error, depth: number): unknown {
  const { name, message, stack, cause } = error;
  const code = "code" in error ? error.code : undefined;
  const details = "details" in error ? error.details : undefined;
  return {
    name,
    ...(code !== undefined && { code }),
    message: redactedText(message),
    ...(details !== undefined && { details: redacted(details, depth + 1) }),
    ...(stack !== undefined && { stack: redactedText(stack) }),
    ...(cause !== undefined && { cause: redacted(cause, depth + 1) }),
  };
}
