/**
 * The one catalog of error codes. `exitCode` is what the command line returns: 2 when the caller's words
 * are off (usage), 1 when the work itself failed. Adding a code here is the only way to raise one.
 */
export const errorCatalog = {
  // time, names, tags
  INTERVAL_INVALID: { exitCode: 2, http: 422, summary: "an interval is not a positive duration" },
  PERIOD_INVALID: { exitCode: 2, http: 422, summary: "a period is not a whole number of rows within bounds" },
  TIME_INVALID: { exitCode: 2, http: 422, summary: "a time cannot be read" },
  TAG_INVALID: { exitCode: 2, http: 422, summary: "a tag is empty, too long or holds a refused character" },
  NAME_INVALID: { exitCode: 2, http: 422, summary: "a name is empty, too long or holds a refused character" },
  // JSON and identity
  JSON_INVALID: { exitCode: 1, http: 400, summary: "a text is not the JSON that was expected" },
  SCHEMA_INVALID: { exitCode: 1, http: 400, summary: "a document does not have the shape its contract asks for" },
  VALUE_NOT_HASHABLE: { exitCode: 1, http: 422, summary: "a value has no canonical form" },
  NODE_ID_FIELDS: { exitCode: 1, http: 400, summary: "a node lacks fields its id is made of" },
  CHECKSUM_MISMATCH: { exitCode: 1, http: 400, summary: "the checksum over the node ids differs" },
  NODE_ID_MISMATCH: { exitCode: 1, http: 400, summary: "a node id differs from the hash of its content" },
  CODE_CAPTURE: {
    exitCode: 1,
    http: 422,
    summary: "a compute function reads a variable that its identity cannot cover",
  },
  CODE_UNREADABLE: { exitCode: 1, http: 422, summary: "the source of a compute function cannot be found or parsed" },
  // graph
  GRAPH_CYCLE: { exitCode: 1, http: 422, summary: "nodes depend on each other in a circle" },
  GRAPH_NODE_MISSING: { exitCode: 1, http: 422, summary: "a node reads an input that was not added" },
  GRAPH_NAME_TAKEN: { exitCode: 1, http: 422, summary: "two nodes of a strategy have one name" },
  GRAPH_EMPTY: { exitCode: 1, http: 422, summary: "a strategy has no nodes" },
  NODE_INVALID: { exitCode: 1, http: 422, summary: "a node's definition does not hold together" },
  PARAMETER_INVALID: { exitCode: 2, http: 422, summary: "a parameter is missing, unknown or out of range" },
  FIELD_UNKNOWN: { exitCode: 1, http: 422, summary: "a node has no such field" },
  // run
  COMPUTE_FAILED: { exitCode: 1, http: 500, summary: "a compute function threw" },
  COMPUTE_RESULT_INVALID: {
    exitCode: 1,
    http: 500,
    summary: "a compute function returned something that is no output",
  },
  HOOK_FAILED: { exitCode: 1, http: 500, summary: "a hook of a strategy threw" },
  VIEW_READ_ONLY: { exitCode: 1, http: 500, summary: "a compute function tried to write to its input" },
  VIEW_OUT_OF_RANGE: { exitCode: 1, http: 500, summary: "a compute function asked for rows its node does not keep" },
  DATA_GAP: { exitCode: 1, http: 422, summary: "a bucket is missing and the node does not allow gaps" },
  DATA_LATE: { exitCode: 1, http: 422, summary: "a row came later than the allowed lateness" },
  DATA_UNSORTED: { exitCode: 1, http: 422, summary: "rows are not in time order" },
  DATA_DUPLICATE: { exitCode: 1, http: 422, summary: "two rows have one time" },
  DATA_INVALID: { exitCode: 1, http: 422, summary: "a value in the data breaks a rule" },
  DATA_EMPTY: { exitCode: 1, http: 422, summary: "there are no rows where rows are needed" },
  DATA_MISSING: { exitCode: 1, http: 422, summary: "a stream has no data bound to it" },
  DATA_FORMAT: { exitCode: 1, http: 422, summary: "a data file cannot be read in the format it claims" },
  DATA_TIME_UNIT: { exitCode: 1, http: 422, summary: "the unit of epoch times is ambiguous" },
  DATA_STALE: { exitCode: 1, http: 422, summary: "data ends before the time that was asked for" },
  CATALOG_CONFLICT: { exitCode: 1, http: 409, summary: "new rows overlap rows the catalog already holds" },
  CATALOG_CORRUPT: { exitCode: 1, http: 500, summary: "a catalog file does not match its checksum" },
  SNAPSHOT_MISMATCH: { exitCode: 1, http: 409, summary: "a snapshot belongs to another graph or version" },
  // orders and money
  ORDER_INVALID: { exitCode: 1, http: 422, summary: "an order's fields do not make an order" },
  INSTRUMENT_INVALID: { exitCode: 1, http: 422, summary: "an instrument's definition does not hold together" },
  INSTRUMENT_UNKNOWN: { exitCode: 1, http: 422, summary: "an order names an instrument the run does not have" },
  BROKER_OPTION_INVALID: { exitCode: 2, http: 422, summary: "a broker option is unknown or out of range" },
  ACCOUNTING_BROKEN: { exitCode: 1, http: 500, summary: "an accounting identity does not hold" },
  // files, projects, command line
  FILE_NOT_FOUND: { exitCode: 1, http: 404, summary: "a file is not there" },
  FILE_UNREADABLE: { exitCode: 1, http: 500, summary: "a file cannot be read" },
  FILE_UNWRITABLE: { exitCode: 1, http: 500, summary: "a file cannot be written" },
  STRATEGY_NOT_FOUND: { exitCode: 1, http: 422, summary: "a file holds no strategy, or several without a choice" },
  STRATEGY_LOAD_FAILED: { exitCode: 1, http: 422, summary: "a strategy file cannot be loaded" },
  TEMPLATE_UNKNOWN: { exitCode: 2, http: 422, summary: "there is no template of that name" },
  TARGET_NOT_EMPTY: { exitCode: 1, http: 409, summary: "a scaffold would overwrite files" },
  USAGE: { exitCode: 2, http: 400, summary: "a command was called with words it does not know" },
  CONFIG_INVALID: { exitCode: 2, http: 422, summary: "a configuration has an unknown key or a wrong value" },
  RUN_NOT_FOUND: { exitCode: 1, http: 404, summary: "there is no run of that id or folder" },
  REPRODUCE_MISMATCH: { exitCode: 1, http: 409, summary: "a replay differs from the recorded run" },
  PARITY_BROKEN: { exitCode: 1, http: 500, summary: "two executions of one plan differ" },
  LOOKAHEAD_FOUND: { exitCode: 1, http: 422, summary: "a node's past output changed when later data arrived" },
  CANCELLED: { exitCode: 1, http: 499, summary: "the user stopped the work" },
} as const satisfies Record<string, { exitCode: 1 | 2; http: number; summary: string }>;

export type ErrorCode = keyof typeof errorCatalog;
