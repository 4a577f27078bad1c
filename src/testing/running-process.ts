import { readFileSync } from 'node:fs';

/** Whether a process runs. One that ended and that nobody waits for (a zombie; usual under a container's init) does not. */
export function isProcessRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // Not Linux, or gone just now.
    return false;
  }
}
