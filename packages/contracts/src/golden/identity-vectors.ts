/**
 * Golden vectors of the identity contract, computed with other implementations of the same algorithms. Any client
 * in any language must reproduce them. Nodes are JSON text, because only text tells 1 from 1.0.
 */
export interface NodeVector {
  readonly what: string;
  readonly nodeJson: string;
  readonly specText: string;
  readonly nodeId: string;
}

export const nodeVectors: readonly NodeVector[] = [
  {
    what: "A: a stream input without params",
    nodeJson:
      '{"node_type":"StreamInput","interval":60,"period":0,"params":null,"schema_compat_id":"bar-v1","code_hash":"c0"}',
    specText: "StreamInput|60|0|null||bar-v1|c0",
    nodeId: "blake3:7039732c4227424d15e3e3adf16ad09da6f4b96edbcc5f8929b76118c479fe64",
  },
  {
    what: "B: context keys dropped at every level, floats kept, inputs sorted",
    nodeJson:
      '{"node_type":"ProcessingNode","interval":60,"period":20,"params":{"window":20,"alpha":1.0,"beta":0.1,' +
      '"world_id":"w1","nested":{"execution_domain":"live","z":true,"a":null}},"inputs":["blake3:bb","blake3:aa"],' +
      '"schema_compat_id":"s1","code_hash":"c1"}',
    specText:
      'ProcessingNode|60|20|{"alpha":1.0,"beta":0.1,"nested":{"a":null,"z":true},"window":20}|blake3:aa,blake3:bb|s1|c1',
    nodeId: "blake3:e66b058bc35f9bced35b9007e362a7f0b9ef0ad8157767b11a9a3d16ec5fac9d",
  },
  {
    what: "C: config for params, dependencies for inputs, schema_id for schema_compat_id, text raw",
    nodeJson:
      '{"node_type":"N","interval":null,"period":null,"config":{"한":"é\\n","b":[1,2.5,"x"]},' +
      '"dependencies":["d2","d1"],"schema_id":"legacy","code_hash":"c2"}',
    specText: 'N|0|0|{"b":[1,2.5,"x"],"한":"é\\n"}|d1,d2|legacy|c2',
    nodeId: "blake3:40b9abbe98787c4842f3d9119ee99e9805a8b87f289eec0bd1539c445f16950d",
  },
  {
    what: "D: empty params",
    nodeJson: '{"node_type":"N","interval":60,"period":1,"params":{},"schema_compat_id":"s","code_hash":"c"}',
    specText: "N|60|1|{}||s|c",
    nodeId: "blake3:9d2f273131552e5ad41c7a672e7bf9859e4aba41cf3541aedbb5d69130c8582e",
  },
  {
    what: "E: floats",
    nodeJson:
      '{"node_type":"N","params":{"x":1e16,"y":1e-7,"z":123456789.123,"w":-0.0,"v":1e22,"u":100000.0},' +
      '"schema_compat_id":"s","code_hash":"c"}',
    specText: 'N|0|0|{"u":100000.0,"v":1e+22,"w":-0.0,"x":1e+16,"y":1e-07,"z":123456789.123}||s|c',
    nodeId: "blake3:e2b7b07dc436960a4c2c465e0ba9026d7081e7cff9b8f2d2d21e87fe7f834aff",
  },
  {
    what: "F: keys in code-point order, beyond the basic plane last",
    nodeJson:
      '{"node_type":"N","params":{"～":1,"😀":2,"a":{"b":[1,1.0,"x",null,true]},"A":-0.0,"":1e-7},' +
      '"schema_compat_id":"s","code_hash":"c"}',
    specText: 'N|0|0|{"":1e-07,"A":-0.0,"a":{"b":[1,1.0,"x",null,true]},"～":1,"😀":2}||s|c',
    nodeId: "blake3:1422d983f8d1c5b6cd47db027a26967e6a6473129ed0539473267d3aed93b0ff",
  },
];

/** Vector D when its own id is taken. */
export const collisionVector = {
  of: nodeVectors[3]!,
  nodeId: "blake3:755871b3bb6c4acf2ee01a34080b1610eef252b4ca95a7ce2e3021c9ce1fdf6b",
} as const;

export interface ComputeKeyVector {
  readonly input: { worldId?: string; executionDomain?: string; asOf?: string; partition?: string };
  readonly executionDomain: string; // after aliases and the safe-mode rule
  readonly downgradeReason: string | null;
  readonly computeKey: string;
}

/** All for the node id `blake3:abc`. */
export const computeKeyVectors: readonly ComputeKeyVector[] = [
  {
    input: {},
    executionDomain: "backtest",
    downgradeReason: "decision_unavailable",
    computeKey: "blake3:bc585b8d7e21c4dbb52346abe3f70b824a823f29bbf04ce2417162df7adffd1a",
  },
  {
    input: { worldId: "w1", executionDomain: "live" },
    executionDomain: "live",
    downgradeReason: null,
    computeKey: "blake3:410decbd287adf8cdfe3db17e8d4cc0337ee5039b372bb83b136e891f21a90d2",
  },
  {
    input: { worldId: "w1", executionDomain: "dryrun", asOf: "2025-01-01" },
    executionDomain: "dryrun",
    downgradeReason: null,
    computeKey: "blake3:69f4d714ae5b9d29b7fef0d45c42dfc16dda75c8c34ab43590440faf406a0746",
  },
  {
    input: { worldId: "w1", executionDomain: "backtest" },
    executionDomain: "backtest",
    downgradeReason: "missing_as_of",
    computeKey: "blake3:603fc2f6a448af4dd0b6834250307ddf4073e5c976a6073eaf989d21c7f07866",
  },
  {
    input: { worldId: "w1", executionDomain: "backtest", asOf: "2025-01-01", partition: "p0" },
    executionDomain: "backtest",
    downgradeReason: null,
    computeKey: "blake3:029eecbed21a6267e6542a075216b3e0deeaa78ca3599f7f5dd2d5df8806deeb",
  },
  {
    input: { worldId: "w1", executionDomain: "paper", asOf: "x" },
    executionDomain: "dryrun",
    downgradeReason: null,
    computeKey: "blake3:b19da14e7ea0f5475c3180ab3ea8940b526f5bc3389fe53dca91e24cd786e882",
  },
];

export const checksumVectors: readonly { readonly parts: readonly string[]; readonly crc32: number }[] = [
  { parts: [], crc32: 0 },
  { parts: ["blake3:aa", "blake3:bb"], crc32: 1_599_231_687 },
  { parts: ["sid-1", "blake3:aa"], crc32: 0x497e234c },
  { parts: ["sid:0:0"], crc32: 3_139_995_991 },
  { parts: ["s1:0:0"], crc32: 414_735_482 },
];

export const documentVectors: readonly { readonly json: string; readonly text: string; readonly sha256: string }[] = [
  {
    json: '{"nodes":[{"node_id":"n1"}],"meta":{"a":1}}',
    text: '{"meta": {"a": 1}, "nodes": [{"node_id": "n1"}]}',
    sha256: "2ee85bd45aae493b1e4679a74bf37e513f3e3f52418550a13bac116039728230",
  },
  {
    json: '{"～":1,"😀":2,"a":{"b":[1,1.0,"x",null,true]},"A":-0.0,"":1e-7}',
    text: '{"": 1e-07, "A": -0.0, "a": {"b": [1, 1.0, "x", null, true]}, "\\uff5e": 1, "\\ud83d\\ude00": 2}',
    sha256: "ac7e773b2de0f256d4226350eea0fc02f56ccc8131ae82104ae04d3e14934316",
  },
];

export const evalKeyVector = {
  subject: {
    worldId: "w1",
    nodeId: "n1",
    executionDomain: "live",
    contractId: "contract",
    datasetFingerprint: "ds",
    codeVersion: "code",
    resourcePolicy: "policy",
  },
  evalKey: "blake3:853a959bd9994a67292040272fe3103b08f4d8633d7055271a6eba9ce8f37801",
} as const;
