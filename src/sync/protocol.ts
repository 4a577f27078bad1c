/** Versions of the peer protocol this package speaks: both ends use the largest one that both speak (docs/sync.md). */
export const protocolVersions = { min: 1, max: 1 } as const;
