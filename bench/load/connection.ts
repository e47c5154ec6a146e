import { connect, type Socket } from 'node:net';

export interface Answered {
  readonly status: number;
  readonly header: string;
  /** Of a failure, as much of the body as came with the header; else empty. */
  readonly body: string;
}

/** One keep-alive HTTP/1.1 connection with one request under way at a time, kept cheap so that the generator is not what is measured. */
export class Connection {
  readonly #socket: Socket;
  #pending: Buffer | undefined;
  #onAnswer: ((answer: Answered | undefined) => void) | undefined;
  #missing = 0;
  #answer: Answered | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => this.#finish(undefined));
    socket.on('close', () => this.#finish(undefined));
  }

  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host, () => resolve(new Connection(socket)));
      socket.once('error', reject);
    });
  }

  /** Calls back with the answer, or with undefined when the connection broke. */
  send(request: Buffer, onAnswer: (answer: Answered | undefined) => void): void {
    this.#onAnswer = onAnswer;
    if (this.#socket.destroyed) queueMicrotask(() => this.#finish(undefined));
    else this.#socket.write(request);
  }

  close(): void {
    this.#onAnswer = undefined;
    this.#socket.destroy();
  }

  get broken(): boolean {
    return this.#socket.destroyed;
  }

  #read(chunk: Buffer): void {
    if (this.#answer !== undefined) {
      this.#missing -= chunk.length;
      if (this.#missing <= 0) this.#finish(this.#answer);
      return;
    }
    const data = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    const end = data.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#pending = data;
      return;
    }
    this.#pending = undefined;
    const header = data.toString('latin1', 0, end);
    const length = /content-length: (\d+)/i.exec(header);
    const status = Number(header.slice(9, 12));
    this.#answer = { status, header, body: status < 400 ? '' : data.toString('utf8', end + 4) };
    this.#missing = Number(length?.[1] ?? 0) - (data.length - end - 4);
    if (this.#missing <= 0) this.#finish(this.#answer);
  }

  #finish(answer: Answered | undefined): void {
    this.#answer = undefined;
    const callback = this.#onAnswer;
    this.#onAnswer = undefined;
    callback?.(answer);
  }
}
