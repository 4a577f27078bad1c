/** Counted since the start; docs/sync.md says what each means. */
export function newCounters() {
  return {
    pushedDeltas: 0,
    pushedRecords: 0,
    servedDeltas: 0,
    servedRecords: 0,
    receivedDeltas: 0,
    receivedRecords: 0,
    pullsSent: 0,
    pullsRepeated: 0,
    summariesSent: 0,
    summariesEqual: 0,
    digestsSent: 0,
    digestsReceived: 0,
    adoptions: 0,
    resetsBehind: 0,
    resetsIncarnation: 0,
    resetsCorrupt: 0,
    incarnationsRaised: 0,
    conflicts: 0,
    /** Messages and parts of them that broke a rule, or came from whom they cannot come. */
    refusedMessages: 0,
  };
}

export type StreamCounters = ReturnType<typeof newCounters>;
