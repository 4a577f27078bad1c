/** Sent by our agents with every read that has an index, and by no Consul (docs/http.md). */
export const SPACE_HEADER = 'x-discovery-index-space';
