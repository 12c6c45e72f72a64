import type { Role } from "@qmtl/service/auth";
import { isAbsolute, join } from "node:path";
import { serviceToken } from "../commands/service.ts";

export const command = serviceToken(async ({ config: path, subject, kind, grants, hours }, { note }) => {
  const [{ loadConfig }, { openAuthenticator }, { systemClock: clock, systemIds: ids }] = await Promise.all([
    import("@qmtl/service/config"),
    import("@qmtl/service/auth"),
    import("@qmtl/service/edge"),
  ]);
  const { config, folder, warnings } = loadConfig({ path, folder: process.cwd(), environment: process.env });
  warnings.forEach(note);
  const state = config.project.state_path;
  const stateFolder = isAbsolute(state) ? state : join(folder, state);
  const auth = await openAuthenticator({ config, stateFolder, clock, ids });
  const principal = { subject, kind, grants: grants as Readonly<Record<string, Role>> };
  const token = await auth.issueToken(principal, hours * 3_600_000);
  return { exitCode: 0, json: { token, ...principal, hours }, text: () => token };
});
