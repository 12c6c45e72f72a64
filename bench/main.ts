// Benches that need nothing but this repository. `npm run bench`; what each row means: docs/benchmarks.md.

import { fileURLToPath } from "node:url";
import { runBenches } from "./harness/run-benches.ts";
import { append } from "./rows/append.ts";
import { batch } from "./rows/batch.ts";
import { catalog } from "./rows/catalog.ts";
import { command } from "./rows/command.ts";
import { csv } from "./rows/csv.ts";
import { diff } from "./rows/diff.ts";
import { gatewayActivation, gatewayFanout } from "./rows/gateway-streams.ts";
import { gatewayBurst, gatewaySubmit } from "./rows/gateway-submit.ts";
import { graph } from "./rows/graph.ts";
import { liveIntent, liveRestart } from "./rows/live.ts";
import { memory } from "./rows/memory.ts";
import { operators } from "./rows/operators.ts";
import { sharing } from "./rows/sharing.ts";
import { stream } from "./rows/stream.ts";
import { sweep } from "./rows/sweep.ts";
import { up } from "./rows/up.ts";
import { world } from "./rows/world.ts";

await runBenches("bench", fileURLToPath(import.meta.url), [
  operators,
  batch,
  stream,
  sharing,
  append,
  graph,
  csv,
  catalog,
  command,
  memory,
  sweep,
  diff,
  gatewaySubmit,
  gatewayBurst,
  gatewayFanout,
  gatewayActivation,
  world,
  liveIntent,
  liveRestart,
  up,
]);
