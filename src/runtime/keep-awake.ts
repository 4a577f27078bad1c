/** Keeps the process alive until the returned function is called, harmless twice: for what somebody waits for. */
export function keepAwake(): () => void {
  const timer = setInterval(() => {}, DAY_MS);
  return () => clearInterval(timer);
}

const DAY_MS = 86_400_000;
