import { randomUUID } from 'node:crypto';
import { damaged } from './damage.js';
import { ensureDataDir } from './data-dir.js';
import { readIfThere, syncDirectory, writeDurably } from './files.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** This agent's UUID: made on the first call, the same ever after. Rows are owned by it. */
export async function readOrCreateNodeId(dataDir: string): Promise<string> {
  const dir = await ensureDataDir(dataDir);
  const known = readIfThere(dir.nodeId)?.trim();
  if (known === undefined) {
    const id = randomUUID();
    writeDurably(dir.nodeId, `${id}\n`);
    syncDirectory(dir.path);
    return id;
  }
  if (!UUID.test(known)) {
    const hint = `remove ${dir.nodeId}: the agent makes itself a new one and keeps its data`;
    throw damaged(dir, dir.nodeId, 'it does not hold a UUID', undefined, hint);
  }
  return known;
}
