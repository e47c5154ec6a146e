import { appendFileSync } from 'node:fs';

/** A stand-in for a platform process: does what its settings say and writes down what happens to it. */
const settings = JSON.parse(process.env.SWITCHYARD_PROCESS ?? '{}') as { journal: string; mode: string; name: string };
const note = (what: string) => appendFileSync(settings.journal, `${settings.name} ${what} ${process.pid}\n`);

note('started');
process.on('SIGTERM', () => {
  note('stopped');
  if (settings.mode !== 'deaf') process.exit(0);
});
process.on('SIGINT', () => note('interrupted'));
if (settings.mode === 'fails') {
  console.error('the port is taken');
  process.exit(3);
}
setInterval(() => {}, 1_000);
process.send?.({ type: 'ready' });
if (settings.mode === 'crashes') setTimeout(() => process.exit(7), 20);
