import { scenarios } from './balancing/scenarios.js';
import { simulate, type SimulationOptions } from './balancing/simulation.js';
const [, , names = 'hetero,antagonist,pause', pols = 'adaptive', n = '50', seeds = '1', loads = '0.7,0.85', forMs='16000'] = process.argv;
const N = Number(n);
for (const name of names.split(',')) {
  for (const load of loads.split(',').map(Number)) {
    for (const pol of pols.split(',')) {
      const [policy = '', ...flags] = pol.split('+');
      const balancer: SimulationOptions['balancer'] =
        policy === 'clairvoyant'
          ? 'clairvoyant'
          : {
              policy,
              ...(flags.includes('noeject') ? { ejection: false as const } : {}),
              ...(flags.includes('sub') ? { subset: {} } : {}),
              ...(flags.includes('all') ? { subset: false as const } : {}),
            };
      const rows = seeds.split(',').map((seed) =>
        simulate({
          scenario: scenarios[name as keyof typeof scenarios],
          servers: N,
          clients: N === 50 ? 20 : 4,
          load,
          seed: Number(seed),
          forMs: Number(forMs),
          warmUpMs: 4000,
          balancer,
          hedge: flags.includes('hedge'),
        }),
      );
      const med = (f: (r: (typeof rows)[number]) => number): number => {
        const s = rows.map(f).sort((a, b) => a - b);
        return s[s.length >> 1] as number;
      };
      console.log(
        `${name.padEnd(11)} ${load} N=${N} ${pol.padEnd(20)} p50 ${med((r) => r.p50Ms).toFixed(1)} p99 ${med((r) => r.p99Ms).toFixed(0)} p999 ${med((r) => r.p999Ms).toFixed(0)} ok ${(med((r) => r.success) * 100).toFixed(3)} hedged ${(med((r) => r.hedged) * 100).toFixed(1)} n ${rows[0]?.requests}`,
      );
    }
  }
}
