// The arrows of docs/architecture.md, as rules. Each says why it is there.

/** Packages in the order they may be built upon: what each may import besides itself. */
const mayImport = {
  "packages/core": [],
  "packages/contracts": ["packages/core"],
  "packages/engine": ["packages/core"],
  "packages/policy": ["packages/core"],
  "packages/bus": ["packages/core", "packages/contracts", "packages/store"], // the embedded log lies on the embedded store
  "packages/store": ["packages/core", "packages/contracts"],
  "packages/service": ["packages/core", "packages/contracts"],
  "packages/sdk": ["packages/core", "packages/contracts", "packages/engine", "packages/policy"],
  "packages/testkit": [
    "packages/core",
    "packages/contracts",
    "packages/engine",
    "packages/policy",
    "packages/bus",
    "packages/store",
  ],
};

const arrows = Object.entries(mayImport).map(([from, allowed]) => ({
  name: `arrows-${from.replace("/", "-")}`,
  comment: `${from} may import ${allowed.join(", ") || "nothing of the workspace"}: the arrows point down, so that a part can be understood and tested without what stands above it`,
  severity: "error",
  from: { path: `^${from}/src/`, pathNot: [testFiles(), "/fixtures/"] },
  to: { path: "^(packages|apps)/", pathNot: [from, ...allowed].map((folder) => `^${folder}/`) },
}));

/** Tests and their fixtures may look sideways: at the testkit, and at whatever they check against. */
function testFiles() {
  return "\\.test\\.ts$";
}

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: "apps-meet-on-the-wire",
      comment: "an app that imports another one has to be deployed with it",
      severity: "error",
      from: { path: "^apps/([^/]+)/", pathNot: "^apps/cli/" },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    {
      name: "testkit-in-tests-only",
      comment: "fault injection and seeded clocks have no place in what is shipped",
      severity: "error",
      from: { path: "^(packages|apps)/", pathNot: ["^packages/testkit/", testFiles(), "/fixtures/"] },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "pure-packages-do-no-io",
      comment: "core, engine and policy compute: what they read or write comes through their arguments",
      severity: "error",
      from: { path: "^packages/(core|engine|policy)/src/", pathNot: testFiles() },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "tests-are-not-imported",
      comment: "importing a test runs it",
      severity: "error",
      from: {},
      to: { path: testFiles() },
    },
    {
      name: "no-cycles",
      comment: "files in a circle can only be understood all at once",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "everything-resolves",
      comment: "an import that is not found is not checked by any other rule",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "declared-dependencies",
      comment: "a package that works only because another one installed something breaks when that one moves on",
      severity: "error",
      from: { path: "^(packages|apps)/", pathNot: [testFiles(), "/fixtures/"] },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Templates import the published name; the bin imports its bundle, which is beside it only after a build.
    exclude: { path: "^apps/cli/(templates|bin)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".cjs", ".d.ts", ".json"],
    },
  },
};
