import { MemberMesh } from '../src/testing/member-mesh.js';
const names = (n: number): string[] => Array.from({ length: n }, (_, at) => String(at + 1));
const mesh = MemberMesh.of(names(20));
mesh.run(3000);
const t = process.hrtime.bigint();
mesh.run(600_000);
console.log('20 nodes, 600 s:', Number(process.hrtime.bigint() - t) / 1e6, 'ms', mesh.get('1').members.counters());
