import { readFileSync } from 'node:fs';
import { Connection } from './connection.ts';
import { LatencyHistogram } from './histogram.ts';

export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Instead of `path`: requests go to these addresses in turn. */
  readonly paths?: readonly string[];
  /** File with one JSON body a line; requests take them in turn. */
  readonly bodiesFile: string;
  /** Lines are base64 of bodies that are not text. */
  readonly isBase64?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Open loop: a request that finds no free connection for so long is given up and counted, not sent. */
  readonly giveUpMs?: number;
  /** Open loop: requests are due at this rate whether or not earlier ones were answered, and latency counts from when they were due. Closed loop unless given. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly failed: number;
  /** Open loop: due, and never sent. */
  readonly givenUp: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Failed requests by status and the code in the body, `broken` where there was no answer. */
  readonly failures: Readonly<Record<string, number>>;
  readonly latencyMs: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  };
  /** From when a request was written to its connection. */
  readonly sinceSentMs: { readonly p50: number; readonly p99: number };
  /** From the x-switchyard-overhead-us header, where the answers have it. */
  readonly overheadMs: { readonly p50: number; readonly p99: number } | null;
}

/** Puts load on one address of this machine. Runs in a process of its own: see `runLoad`. */
export async function generate(options: LoadOptions): Promise<LoadResult> {
  const requests = readFileSync(options.bodiesFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((body, index) => {
      const { paths } = options;
      return requestOf(paths === undefined ? options : { ...options, path: paths[index % paths.length]! }, body);
    });
  const idle = await Promise.all(
    Array.from({ length: options.connections }, () => Connection.open(options.host, options.port)),
  );
  const everyone = [...idle];
  const latency = new LatencyHistogram();
  const sinceSent = new LatencyHistogram();
  const overhead = new LatencyHistogram();
  let overheads = 0;
  const statuses: Record<string, number> = {};
  const failures: Record<string, number> = {};
  const startedAt = performance.now();
  const measureFrom = startedAt + options.warmUpSeconds * 1_000;
  const endsAt = measureFrom + options.seconds * 1_000;
  let next = 0;
  let measured = 0;
  let failed = 0;
  let givenUp = 0;

  const send = (connection: Connection, dueAt: number, done: () => void) => {
    const request = requests[next]!;
    next = (next + 1) % requests.length;
    const sentAt = performance.now();
    connection.send(request, (answer) => {
      const now = performance.now();
      if (now >= measureFrom && now < endsAt) {
        measured += 1;
        latency.add((now - dueAt) * 1_000);
        sinceSent.add((now - sentAt) * 1_000);
        const status = answer === undefined ? 'broken' : String(answer.status);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (answer === undefined || answer.status >= 400) {
          failed += 1;
          const failure = [status, ...(/"code":"(\w+)"/.exec(answer?.body ?? '')?.slice(1) ?? [])].join(' ');
          failures[failure] = (failures[failure] ?? 0) + 1;
        }
        const reported = answer === undefined ? null : /x-switchyard-overhead-us: ([\d.]+)/i.exec(answer.header);
        if (reported !== null) {
          overheads += 1;
          overhead.add(Number(reported[1]));
        }
      }
      done();
    });
  };

  await (options.perSecond === undefined ? closedLoop() : openLoop(options.perSecond));
  for (const connection of everyone) connection.close();
  return {
    requests: measured,
    perSecond: measured / options.seconds,
    failed,
    givenUp,
    statuses,
    failures,
    latencyMs: {
      p50: latency.quantileMs(0.5),
      p95: latency.quantileMs(0.95),
      p99: latency.quantileMs(0.99),
      p999: latency.quantileMs(0.999),
      max: latency.maximumMs,
    },
    sinceSentMs: { p50: sinceSent.quantileMs(0.5), p99: sinceSent.quantileMs(0.99) },
    overheadMs: overheads === 0 ? null : { p50: overhead.quantileMs(0.5), p99: overhead.quantileMs(0.99) },
  };

  function closedLoop(): Promise<void> {
    const loops = idle.map(
      (first) =>
        new Promise<void>((resolve) => {
          let connection = first;
          const again = () => {
            const now = performance.now();
            if (now >= endsAt) return resolve();
            if (!connection.broken) return send(connection, now, again);
            Connection.open(options.host, options.port).then(
              (opened) => {
                connection = opened;
                everyone.push(opened);
                again();
              },
              () => setTimeout(again, 5),
            );
          };
          again();
        }),
    );
    return Promise.all(loops).then(() => undefined);
  }

  function openLoop(perSecond: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting: number[] = [];
      let issued = 0;
      const pump = () => {
        while (idle.length > 0 && waiting.length > 0) {
          // In turn: a server cuts connections that are opened and never used, and a few are cut as they are written to.
          const connection = idle.shift()!;
          if (connection.broken) {
            Connection.open(options.host, options.port).then(
              (opened) => {
                everyone.push(opened);
                idle.push(opened);
                pump();
              },
              () => setTimeout(pump, 5),
            );
            continue;
          }
          send(connection, waiting.shift()!, () => {
            idle.push(connection);
            pump();
          });
        }
      };
      const tick = () => {
        const now = performance.now();
        if (options.giveUpMs !== undefined) {
          const oldest = now - options.giveUpMs;
          let late = 0;
          while (late < waiting.length && waiting[late]! < oldest) late += 1;
          waiting.splice(0, late);
          if (now >= measureFrom && now < endsAt) givenUp += late;
        }
        const due = Math.floor(((Math.min(now, endsAt) - startedAt) / 1_000) * perSecond);
        for (; issued < due; issued += 1) waiting.push(startedAt + ((issued + 1) / perSecond) * 1_000);
        pump();
        if (now < endsAt) setTimeout(tick, 1);
        else setTimeout(resolve, 200);
      };
      tick();
    });
  }
}

function requestOf({ host, port, path, isBase64 = false, headers = {} }: LoadOptions, line: string): Buffer {
  const body = Buffer.from(line, isBase64 ? 'base64' : 'utf8');
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\ncontent-type: application/json\r\n${more.join('')}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

if (process.argv[1] === import.meta.filename) {
  const result = await generate(JSON.parse(process.argv[2] ?? '{}') as LoadOptions);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}
