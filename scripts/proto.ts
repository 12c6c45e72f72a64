// Writes the TypeScript of the .proto files anew: `node scripts/proto.ts` after a change to packages/contracts/proto.

import { generatedFolder, generateProtocol } from "./proto/generate.ts";

generateProtocol(generatedFolder);
