export { inspectSnapshot, readSnapshotArchive } from './read-archive.js';
export { SnapshotSchedule } from './snapshot-schedule.js';
export { writeSnapshotArchive } from './write-archive.js';
export type { SnapshotSource } from './write-archive.js';
