/** A broken invariant, by its name in README.md. Thrown where it is seen, so that the run ends there. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    message: string,
  ) {
    super(`${invariant}: ${message}`);
  }
}

export function require(holds: boolean, invariant: string, message: () => string): void {
  if (!holds) throw new Violation(invariant, message());
}
