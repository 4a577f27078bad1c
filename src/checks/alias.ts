import type { CheckRunner } from '../model/index.js';

export interface AliasedCheck {
  readonly name: string;
  readonly status: string;
  readonly output: string;
}

/** What an alias check reads. The registry's view; kept small so that checks know nothing of catalogs. */
export interface AliasSource {
  /**
   * The checks of one instance and of its node, the alias itself left out. '' as node is the agent's own; '' as
   * service means the node's checks alone. Undefined when there is no such instance.
   */
  checksOf(aliasNode: string, aliasService: string): readonly AliasedCheck[] | undefined;
}

const SEVERITY = new Map([
  ['passing', 0],
  ['warning', 1],
]);
const CRITICAL = 2;

/** Mirrors another instance: the worst of its checks and its node's. No checks at all is passing, as in Consul. */
export function aliasRunner(source: AliasSource): CheckRunner {
  return {
    run: (check) => {
      const checks = source.checksOf(check.aliasNode, check.target);
      if (!checks) {
        const where = check.aliasNode === '' ? 'this node' : `node ${check.aliasNode}`;
        return Promise.resolve({
          status: 'critical',
          output: `Service ${check.target} could not be found on ${where}`,
        });
      }
      return Promise.resolve(worstOf(checks));
    },
  };
}

function worstOf(checks: readonly AliasedCheck[]): { status: 'passing' | 'warning' | 'critical'; output: string } {
  const [first, ...others] = checks;
  if (!first) return { status: 'passing', output: 'No checks found.' };
  const worst = others.reduce((worse, check) => (severity(check) > severity(worse) ? check : worse), first);
  if (severity(worst) === 0) return { status: 'passing', output: 'All checks passing.' };
  const output = `Aliased check "${worst.name}" failing: ${worst.output}`;
  return { status: severity(worst) === CRITICAL ? 'critical' : 'warning', output };
}

/** Other words than the three count as critical. */
function severity({ status }: AliasedCheck): number {
  return SEVERITY.get(status) ?? CRITICAL;
}
