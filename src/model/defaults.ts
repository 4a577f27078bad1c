/** Defaults, Consul's where it has one (docs/contract.md section 6). Durations in milliseconds, sizes in bytes. */
export const defaults = {
  datacenter: 'dc1',
  domain: 'consul.',
  httpPort: 8500,
  dnsPort: 8600,
  peerPort: 8301,
  /** Where a Consul server's `consul` service says it is; nothing of ours listens there. */
  serverPort: 8300,
  checkTimeoutMs: 10_000,
  scriptTimeoutMs: 30_000,
  /** A shorter interval runs at this one. */
  minCheckIntervalMs: 1_000,
  /** A check without a Status runs within this, or within its interval when that is shorter. */
  firstCheckWithinMs: 1_000,
  aliasIntervalMs: 60_000,
  /** Flap damping (the scheme of RFC 2439): points per transition, and where it begins and ends. */
  flapPenalty: 1_000,
  flapHalfLifeMs: 60_000,
  flapSuppressAbove: 2_500,
  flapReuseBelow: 1_000,
  /** The registration standard's check, used by ServiceDefinition.toConsulService. */
  standardCheckPath: '/health',
  standardCheckInterval: '30s',
  standardCheckTimeout: '10s',
  standardDeregisterAfter: '1m',
  checkUpdateIntervalMs: 300_000,
  /** Smallest accepted deregister_critical_service_after, and how often it is looked at. */
  minDeregisterAfterMs: 60_000,
  reapIntervalMs: 30_000,
  sessionTtlMinMs: 10_000,
  sessionTtlMaxMs: 86_400_000,
  lockDelayMs: 15_000,
  maxLockDelayMs: 60_000,
  blockingWaitMs: 300_000,
  maxBlockingWaitMs: 600_000,
  tombstoneTtlMs: 900_000,
  fullReconcileMs: 60_000,
  reconcileRetryMs: 15_000,
  udpAnswerLimit: 3,
  recursorTimeoutMs: 2_000,
  serfHealthOutput: 'Agent alive and reachable',
  consulVersion: '1.21.4',
  /** Longest wait of a lazy commit for a synced one to travel with: what else is written so often is synced so often. */
  storeLazyDelayMs: 500,
  snapshotIntervalMs: 3_600_000,
  snapshotRetain: 30,

  // ---- Consul's HTTP API, as a client
  consulTimeoutMs: 10_000,
  consulConnectTimeoutMs: 3_000,
  /** Per address; Consul allows a client 200. */
  consulMaxConnections: 160,
  /** After so long without a word the system asks whether the other end is there, each second, ten times. */
  consulKeepAliveDelayMs: 1_000,
  /** Where reads to be held are more than connections: how long until each had its turn, and the shortest turn. */
  heldRoundMs: 10_000,
  heldShareMs: 500,

  // ---- watches of the client library
  /** Longest wait of one standing request. */
  watchWaitMs: 60_000,
  /** Between two reads that wait for nothing, in case a wake-up was lost. */
  watchResyncMs: 300_000,
  /** Answers of one standing query taken as fast as they come; then one in each `watchPaceMs`. */
  watchBurst: 2,
  watchPaceMs: 1_000,
  /** The same for answers and failures together: room for the first steps of a back-off. */
  watchAttemptBurst: 5,
  /** Full jitter after failures: base and cap. */
  watchBackoffMs: 50,
  watchBackoffCapMs: 10_000,
  /** How long a watch that nobody holds is kept for the next one. */
  watchLingerMs: 30_000,
  /** A peer with standing requests that was silent for so long is probed, which may take `peerProbeMs`. */
  peerQuietMs: 3_000,
  peerProbeMs: 3_000,
  /** Between a failed probe and the second one, which decides. */
  peerProbeAgainMs: 500,
  /** After so long without a confirmed answer an agent with standing requests is asked for the leader of its servers. */
  leaderQuietMs: 10_000,
  /** How long that may take, and between two looks that saw none. */
  leaderLookMs: 3_000,

  // ---- registrations of the client library
  /** Registering, deregistering and each call they make. */
  registrationTimeoutMs: 10_000,
  /** How long draining waits for watchers to see it. */
  drainMs: 5_000,
  /** Between two looks whether a draining instance is still served; doubled up to the second. */
  drainLookMs: 25,
  drainLookCapMs: 500,
  /** For watchers to act on the answer they were sent before ours. */
  drainSettleMs: 200,
  /** Between two looks for lost registrations, give or take a quarter. */
  registrationLookMs: 5_000,
  /** At least between two turns of watching one registration. */
  registrationWatchPaceMs: 500,
  /** Full jitter after failures to look, to report, to put back or to remove: base and cap. */
  registrationBackoffMs: 100,
  registrationBackoffCapMs: 5_000,
  /** Of a cluster that is not split (the standard's min_nodes). */
  minNodes: 3,
  /** How long an answer about the target itself, its node's address, is taken as still true. */
  targetDescriptionMs: 1_000,

  // ---- caches
  cacheTtlMs: 30_000,
  /** By which share TTLs vary, so that what was stored together does not expire together. */
  cacheTtlJitter: 0.1,
  /** Longest time that "there is none" is believed. */
  cacheNegativeTtlMs: 5_000,
  /** How long a failed load is not tried again: doubling from the first to the last (RFC 9520: from 1 s to 5 min). */
  cacheFailureMinMs: 1_000,
  cacheFailureMaxMs: 5_000,
  /** How long a call waits for a load when there is an older value (RFC 8767 section 5: 1.8 s). */
  cacheStaleAfterMs: 1_800,
  cacheLoadTimeoutMs: 30_000,
  /** How long answers must stay below what is known before the index space is held to have begun anew. */
  cacheResetAfterMs: 5_000,
  redisPrefix: 'discovery:',
  redisCommandTimeoutMs: 250,
  redisConnectTimeoutMs: 2_000,
  /** How long Redis is left alone after a failure: doubling from the first to the last. */
  redisBackOffMinMs: 250,
  redisBackOffMaxMs: 10_000,
  lastKnownWriteMs: 5_000,

  // ---- balancing
  overprovisioning: 1.4,
  panicThreshold: 0.5,
  subsetSize: 10,
  /** What a failed request counts as in averages of latency (linkerd's load biaser). */
  failureLatencyMs: 5_000,
  /** The most a hashed key's endpoint may have in flight, in averages of all (consistent hashing with bounded loads). */
  boundedLoad: 1.25,
  retryBudgetShare: 0.2,
  retryBudgetPerSecond: 10,
  retryBudgetWindowMs: 10_000,
  hedgeBudgetShare: 0.05,
  hedgePercentile: 0.95,
  hedgeUtilisation: 0.8,

  // ---- DNS, as a client
  dnsTimeoutMs: 5_000,
  dnsAttempts: 3,
  /** Full-jitter back-off between rounds over the servers: up to base × 2^n, at most the cap. */
  dnsRetryBaseMs: 100,
  dnsRetryCapMs: 2_000,
  /** Silence after which the next server is asked as well: of a server never heard of, and of the quickest. */
  dnsFirstPatienceMs: 376,
  dnsLeastPatienceMs: 50,

  // ---- names asked of DNS, and what is kept of the answers
  dnsSuffix: 'service.consul',
  /** RFC 8767 section 4 suggests one to three days. */
  dnsStaleMs: 24 * 3_600_000,
  /** TTL shown of answers past their time (RFC 8767 section 4), seconds. */
  dnsStaleTtl: 30,
  /** Between two looks of a watch when the answer's TTL is longer, and the shortest such time. */
  dnsWatchIntervalMs: 30_000,
  dnsWatchLeastMs: 1_000,
  /** Health tracking of instances found in DNS. */
  dnsHealthIntervalMs: 10_000,
  dnsHealthTimeoutMs: 2_000,
  dnsHealthFailures: 2,

  // ---- adapters
  adapterSuffixes: ['.service', '.service.consul'],
  /** Answers that are worth another instance. */
  adapterRetryStatuses: [502, 503, 504],
  /** Like undici's. */
  adapterConnectTimeoutMs: 10_000,
  /** How long a server that leaves waits for the requests it is still answering, and for the registry. */
  finishRequestsMs: 10_000,
  leaveRegistryMs: 5_000,
  /** For those who hold connections that are no HTTP any more to end them, once the server closes. */
  closeGraceMs: 1_000,
  /** Between two tries of registering at the start. */
  registerBackoff: { baseMs: 500, capMs: 10_000 },
  livePath: '/livez',
  readyPath: '/readyz',

  // ---- the manager
  healthCheckInterval: '10s',
  lookupTimeoutMs: 5_000,
  lookupAttempts: 3,
  /** How long known names go on being answered while nobody can be asked. */
  staleBudgetMs: 72 * 3_600_000,
  /** A service that was picked from stays watched this long after the last pick. */
  resolutionIdleMs: 60_000,

  // ---- sync between agents (settings.ts in sync explains each)
  sync: {
    flushMs: 2,
    flushBytes: 16 * 1024,
    digestMs: 1_000,
    remoteFlushMs: 50,
    remoteDigestMs: 5_000,
    heartbeatMs: 250,
    suspectAfterMs: 1_500,
    deadAfterMs: 6_000,
    hardDeadAfterMs: 500,
    monitors: 5,
    minNodes: 3,
    lossShare: 0.3,
    lossWindowMs: 60_000,
    tombstoneMinMs: 60_000,
    tombstoneMaxMs: 24 * 3_600_000,
    reconnectTimeoutMs: 72 * 3_600_000,
    compression: 'auto',
    queueBytes: 4 * 1024 * 1024,
    bulkBytesPerSecond: 1024 * 1024,
    exports: {},
  },
  /** How often the step is told that time passed. */
  syncTickMs: 50,
  peerDialTimeoutMs: 3_000,
  /** Full jitter between tries to reach a member. */
  peerBackoffMs: 50,
  peerBackoffCapMs: 5_000,
  peerHandshakeMs: 5_000,
  /** A connection that carried nothing of ours for so long is sent a sign that it still does. */
  peerPingMs: 6_000,
  /** One that brought nothing for so long is given up, and made anew: the system would wait for minutes. */
  peerSilentMs: 20_000,
  /** The same to an agent that is suspect or dead. */
  doubtedSilentMs: 5_000,
  /** A command on another agent's facts. */
  peerCallTimeoutMs: 10_000,
  /** How long one peer is waited for by who wants to know what all of them have. */
  peersBarrierMs: 500,

  // ---- peer connections: compression, encryption
  /** After so long without a word the system asks whether the other end is there. */
  peerKeepAliveDelayMs: 10_000,

  // ---- membership and failure detection
  membership: {
    /** Peers that are no monitors of ours get one heartbeat in so many, and may miss so many of those. */
    slowBeats: 20,
    slowBeatsMissed: 3,
    /** How long somebody who is doubted may take to say that it is well. */
    answerMs: 500,
    /** Opinions are told again after this time, doubled up to the cap. */
    opinionRepeatMs: 1_000,
    opinionRepeatCapMs: 60_000,
    /** Without a sign of being slow, local health improves by one in this time. */
    healthQuietMs: 5_000,
    /** Agents of a datacenter that keep connections to another one. */
    gateways: 2,
    /** How long a gateway tries to reach a remote member before it looks for another; between two tries of the lost ones. */
    remoteSuspectAfterMs: 5_000,
    remoteRetryMs: 5_000,
    /** How long after the last refusal of our node name it is ours again. */
    disputeMs: 10_000,
    /** Of two agents of one name the later one may be known for so long and still has to go. */
    recentMs: 60_000,
  },

  // ---- streams of records
  /** A question for records that nobody answers is asked again: doubling from the first to the last, so often. */
  pullRetryMs: 1_000,
  pullRetryCapMs: 30_000,
  pullRetries: 5,
  /** Between two looks for deletions that everybody knows. */
  stabilityMs: 1_000,
  /** A stream found damaged is fetched anew at most so often: doubling from the first to the last. */
  corruptRetryMs: 1_000,
  corruptRetryCapMs: 600_000,
  /** How long a merge may take to show: what a command changed of the same rows meanwhile is decided again. */
  mergeSettlesMs: 10_000,

  // ---- replicas and the home

  // ---- tools: CLI, bench, simulation
} as const;
