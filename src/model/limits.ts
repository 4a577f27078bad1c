/** Every bound of every queue, map and message, in one place. Sizes in bytes, times in milliseconds. */
export const limits = {
  /** Consul's kv_max_value_size and txn_max_req_len. */
  kvValueBytes: 512 * 1024,
  txnBytes: 512 * 1024,
  txnOperations: 128,
  /** Any other request body. */
  requestBodyBytes: 1024 * 1024,
  /** Nesting of free-form JSON in a body. */
  jsonDepth: 256,
  snapshotBytes: 2 * 1024 * 1024 * 1024,
  requestHeaderBytes: 64 * 1024,
  urlBytes: 16 * 1024,
  httpConnections: 10_000,
  /** Connections made and not yet accepted; the system has a limit of its own, often the same. */
  listenBacklog: 4_096,
  httpConnectionsPerClient: 200,
  /** Descriptors kept free for the store, checks and DNS. */
  descriptorReserve: 256,
  /** Answers that clients are slow to take, in all: beyond it large ones are refused. */
  waitingAnswerBytes: 256 * 1024 * 1024,
  /** Bodies of reads by service, kept for those who ask alike. */
  preparedBytes: 64 * 1024 * 1024,
  /** `?cached` reads remembered for X-Cache. */
  cachedReads: 1_024,
  /** Request lines kept parsed, and the longest one kept. */
  parsedTargets: 4_096,
  parsedTargetChars: 512,
  headersTimeoutMs: 10_000,
  /** How often connections are looked through for requests that take too long. */
  slowRequestsEveryMs: 2_500,
  /** Requests of one connection that may wait for an earlier answer before no more are read. */
  pipelinedRequests: 64,
  tlsHandshakeMs: 10_000,
  /** The whole of a request, snapshots included. */
  requestTimeoutMs: 600_000,
  /** A connection without a request. */
  httpIdleMs: 120_000,
  /** How long answers under way may take once the server closes. */
  httpCloseMs: 2_000,
  watchHeartbeatMs: 15_000,
  watchStreams: 10_000,
  bodyTimeoutMs: 60_000,
  /** How much, and how long, of a refused body is thrown away before the connection is closed. */
  unreadBodyBytes: 64 * 1024 * 1024,
  unreadBodyMs: 5_000,
  /** Bytes that may wait in one slow client's socket before it is cut. */
  socketBacklogBytes: 4 * 1024 * 1024,
  checkOutputBytes: 4096,
  checkHistory: 32,
  checksAtOnce: 256,
  checksAtOncePerTarget: 8,
  /** Room in a check's output for what stands before the captured part. */
  checkOutputPrefixBytes: 1024,
  /** A probed body is read no further than this. */
  checkBodyBytes: 16 * 1024 * 1024,
  checkRedirects: 10,
  /** How long an aborted check may take to stop before its slot is given away, and all of them at close. */
  checkStopMs: 1_000,
  metaPairs: 64,
  metaKeyChars: 128,
  metaValueChars: 512,
  dnsWeight: 65_535,
  events: 256,
  eventPayloadBytes: 512,
  filterChars: 8 * 1024,
  filterDepth: 64,
  filterCacheEntries: 512,
  /** `matches` in one filter; below regexpCacheEntries, or a filter would compile anew for every item. */
  filterRegexps: 16,
  semverRangeChars: 256,
  regexpChars: 1024,
  /** Instructions of a compiled expression: what one step over one character may cost. */
  regexpProgram: 1024,
  /** Each may hold 8 MB of matching states. */
  regexpCacheEntries: 32,
  /** Characters that rendering one query template may produce in all. */
  queryRenderedChars: 64 * 1024,
  dnsUdpBytes: 65_467,
  /** Answers over UDP without EDNS, whatever the configuration says. */
  dnsUdpAnswers: 8,
  /** Following a CNAME: levels inside our domain, records it may bring, names outside asked of recursors. */
  dnsAliasDepth: 3,
  dnsAliasRecords: 5,
  dnsForeignNames: 8,
  dnsNameServers: 3,
  dnsTcpConnections: 1_000,
  dnsTcpConnectionsPerClient: 50,
  dnsTcpIdleMs: 15_000,
  dnsTcpPipelined: 100,
  /** Answers waiting in one slow client's connection before we stop reading from it. */
  dnsTcpBacklogBytes: 256 * 1024,
  dnsReceiveBufferBytes: 4 * 1024 * 1024,
  /** Questions with answers kept ready, twice (see prepared-answers.ts), and variants of each. */
  dnsPreparedQuestions: 4096,
  dnsPreparedBytes: 32 * 1024 * 1024,
  dnsPreparedVariants: 8,
  /** Asks for one variant before it is made anew. */
  dnsPreparedUses: 128,
  /** Sizes (with and without EDNS) to which one question's answers are cut and kept. */
  dnsPreparedSizes: 8,
  dnsRecursions: 500,
  dnsRateLimitKeys: 50_000,
  searchCacheEntries: 512,
  /** Instances in all cached results together. */
  searchCacheInstances: 1_000_000,
  /** Fields whose indexes are kept, and parts of one search. */
  searchFieldIndexes: 64,
  searchConditions: 1024,
  /** Services with fewer instances are filtered one by one: that is faster than asking an index. */
  narrowedInstances: 256,
  /** Distinct values of one sort (strings, tag lists, metadata) that the catalog shares between rows. */
  internedValues: 16_384,
  /** What a store keeps of the past for followers to resume from; who is further behind gets a fresh snapshot. */
  storeHistorySets: 1_024,
  storeHistoryChanges: 4_096,
  /** A batch takes waiting commits up to this size, and always one. */
  storeBatchBytes: 4 * 1024 * 1024,
  /** How far lazy commits may run ahead of the index on disk. */
  storeIndexReserve: 4_096,

  // ---- Consul's HTTP API, as a client
  /** Reads held at once by an agent of ours on this machine. */
  consulHeldNearby: 4_096,
  consulAnswerBytes: 64 * 1024 * 1024,
  /** Addresses of one client. */
  consulAddresses: 32,
  /** Of the connections to an address, one in so many is kept for calls that are not held. */
  consulCallsPart: 5,
  /** Calls of one client that are under way or wait for a connection. */
  consulCallsAtOnce: 20_000,
  /** Indexes beyond 2^53 that are remembered as they were spelt. */
  consulWideIndexes: 64,

  // ---- watches of the client library
  /** Local watchers that share one watch of the registry. */
  watchersPerQuery: 10_000,
  /** How far a server's Retry-After is believed. */
  watchRetryAfterMs: 60_000,

  // ---- registrations of the client library
  /** Of one batch, and of lost ones being put back: under way. */
  registrationsAtOnce: 16,
  /** Up to so many registrations are watched each; more are looked at together. */
  registrationsWatched: 8,
  /** Instances whose removal failed and is tried again, and for how long. */
  removalsPending: 1_000,
  removalRetryMs: 15 * 60_000,

  // ---- caches
  cacheMemoryBytes: 32 * 1024 * 1024,
  /** Keys of which a loading cache remembers more than the value: failures, floors, hits. */
  cacheKeys: 65_536,
  /** Index spaces of one key whose floors are remembered. */
  cacheFloors: 4,
  /** How far in the future an entry may have been stored before its times are not believed: clocks of machines differ. */
  cacheClockSkewMs: 60_000,
  /** Commands of one cache that wait for Redis; more are answered as misses. */
  redisCommandsAtOnce: 1_000,
  /** A larger entry is not sent to Redis. */
  redisEntryBytes: 8 * 1024 * 1024,
  /** Writes of our own that are known again when Redis tells of them. */
  redisOwnWrites: 4_096,
  /** The file of values for the next start. */
  lastKnownKeys: 10_000,
  lastKnownBytes: 16 * 1024 * 1024,

  // ---- balancing
  /** Size of the Maglev table: a prime, over 100 entries for each of 600 endpoints. */
  maglevTable: 65_537,
  /** Points on a hash ring of an endpoint of average weight. */
  ringPoints: 256,
  /** A request that waits longer says no more about its endpoint: it is a stream, or its end was never told. */
  balancerWaitingMs: 30_000,
  /** A pick that was not done by then no longer counts as in flight. */
  balancerPickMs: 600_000,

  // ---- DNS, as a client
  /** The EDNS buffer we offer: no fragments on any path in use (RFC 9715). */
  dnsClientUdpBytes: 1_232,
  dnsClientServers: 16,
  dnsClientRounds: 16,
  /** Questions of one client under way, and waiting for their turn; beyond that they are refused. */
  dnsClientQueries: 1_000,
  dnsClientWaiting: 10_000,
  /** Sockets, and so source ports, in use for one server; questions and idle time after which a port is given up. */
  dnsClientUdpSockets: 8,
  dnsClientUdpUses: 256,
  dnsClientUdpIdleMs: 5_000,
  /** Connections to one server, questions waiting on one before another is opened, and at most. */
  dnsClientConnections: 4,
  dnsClientBusyConnection: 16,
  dnsClientPipelined: 512,
  dnsClientConnectionIdleMs: 10_000,
  /** CNAMEs from the asked name to the records, and questions asked to follow them. */
  dnsClientAliases: 16,
  dnsClientFollowed: 8,
  /** Seconds; RFC 2308 section 5. */
  dnsClientNegativeTtl: 10_800,

  // ---- names asked of DNS, and what is kept of the answers
  dnsNamesAtOnce: 32,
  /** CNAMEs and SVCB aliases followed from a target. */
  dnsAliasesBeside: 8,
  /** Addresses whose health is tracked, connections to them at once, and how long one is tracked that nobody asks about. */
  dnsHealthTargets: 10_000,
  dnsHealthAtOnce: 32,
  dnsHealthForgetMs: 300_000,

  // ---- adapters
  adapterAttempts: 3,
  /** Host names whose services are watched for an adapter. */
  adapterNames: 1_000,
  /** How much of an answer that is not wanted is read, to keep its connection. */
  adapterUnreadBytes: 64 * 1024,

  // ---- the manager
  lookupAttempts: 10,
  /** Services with counters of their own; a client that asks for names without end stays bounded. */
  metricServices: 2_000,
  /** Services whose last write by this process is remembered one by one. */
  ownWrites: 2_000,
  lookupsAtOnce: 32,
  /** Services whose set is kept ready for `pick` though nobody holds it. */
  idleResolutions: 1_000,

  // ---- sync: connections and frames
  /** One message: that of the largest body of the HTTP API as well. */
  peerFrameBytes: 4 * 1024 * 1024,
  /** A frame before both sides have let each other in, and what may be held of one who is not let in yet. */
  peerHelloBytes: 64 * 1024,
  /** What is said in parting, for a log. */
  peerReasonChars: 256,
  /** Bytes handed to the system ahead: beyond it what is more urgent could not overtake. */
  peerWriteAheadBytes: 64 * 1024,
  /** What was sent last, to compress against. */
  peerHistoryBytes: 10 * 1024,
  /** Items of all lists and maps of one message: a body of the HTTP API has less. */
  peerFrameItems: 640 * 1024,
  /** Of one list in a message. */
  peerMembers: 4_096,
  peerStreams: 8_192,
  peerKeys: 64,

  // ---- sync: members
  /** Agents of all datacenters together, and remembered ones that left. */
  members: 1_000,
  memberMarkers: 1_000,
  membersPerMessage: 256,
  /** Characters of a name, an address, a version. */
  memberTextLength: 255,
  /** Of the id of an agent or of an index space, of the name of a datacenter: parts of the names of files. */
  memberIdLength: 64,
  /** Agents whose name one took over, latest ones. */
  memberSucceeds: 32,
  /** Wall-clock milliseconds in the year 5138: far above every real one, with room for raising. */
  incarnation: 100_000_000_000_000,
  /** Of Lifeguard's local health multiplier. */
  localHealth: 8,

  // ---- sync: streams
  /** How far the clocks of two agents may differ before the hybrid clock of one is not believed by the other. */
  clockSkewMs: 10 * 60_000,
  /** Records of one delta: longer ones are sent in pieces. */
  deltaRecords: 512,
  deltaBytes: 64 * 1024,
  /** Pieces sent for one question; whoever wants more asks again. Both ends count them. */
  deltaWindow: 4,
  /** Sent for one message that asks for several streams, and unasked to a peer that lacks it. */
  pullAnswerBytes: 1024 * 1024,
  unaskedBytes: 64 * 1024,
  /** Streams that are being fetched at once; more wait. */
  transfersAtOnce: 16,
  /** Of one origin, tombstones included: what goes beyond is not taken. */
  streamRecords: 1_000_000,
  /** Deletions of one stream that are spoken of; beyond, the oldest are forgotten early. */
  streamTombstones: 100_000,
  /** Origins that left, remembered so that what they said does not come back. */
  goneOrigins: 1_000,

  // ---- sync: calls between agents
  peerCallsAtOnce: 1_000,

  // ---- sync: the loop
  /** What waits for a write to disk before it may be said. */
  outboxMessages: 10_000,
  /** Connections of agents that have not introduced themselves yet. */
  peerHandshakesAtOnce: 128,
  /** Machines that were refused and of which the log was told lately. */
  refusedMachines: 1_000,

  // ---- replicas
} as const;
