import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { TLSSocket } from 'node:tls';

/** How a stand-in differs from one that offers STARTTLS and lets nobody in without it. */
export interface SmtpOptions {
  readonly tls: { readonly key: string; readonly cert: string };
  /** `tls` from the first byte, after STARTTLS, or never. */
  readonly security?: 'tls' | 'startTls' | 'none';
  /** Who may sign in; nobody has to when it is not given. */
  readonly login?: { readonly user: string; readonly password: string };
  /** What the server offers. */
  readonly mechanisms?: readonly ('PLAIN' | 'LOGIN')[];
}

/** A message that was taken. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it was meant: the dots of the transfer are gone. */
  readonly text: string;
  readonly wasEncrypted: boolean;
}

/** A strict SMTP server on this machine. */
export interface SmtpStandIn {
  readonly port: number;
  readonly taken: readonly TakenMail[];
  /** The commands of all sessions, without what was signed in with. */
  readonly commands: readonly string[];
  /** These are answered with 550 from now on. */
  readonly refused: Set<string>;
  /** So many commands MAIL are answered with 451 from now on. */
  busy: number;
  stop(): Promise<void>;
}

const base64 = (text: string) => Buffer.from(text, 'base64').toString();

/** A line with its end; text before the end of a line waits for it. RFC 5321 knows no other end than CR LF. */
async function* linesOf(socket: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const bytes of socket) {
    const lines = (rest + bytes.toString('latin1')).split('\r\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (/[\r\n]/.test(line)) throw new Error('a bare CR or LF');
      yield line;
    }
  }
}

interface Session {
  greeted: boolean;
  signedIn: boolean;
  from: string | undefined;
  to: string[];
}

/** One connection, from the greeting to QUIT; begins anew inside TLS. */
class Conversation {
  readonly #options: SmtpOptions;
  readonly #standIn: { taken: TakenMail[]; commands: string[]; refused: Set<string>; busy: number };
  #session: Session = { greeted: false, signedIn: false, from: undefined, to: [] };
  #socket: Socket;

  constructor(
    socket: Socket,
    options: SmtpOptions,
    standIn: { taken: TakenMail[]; commands: string[]; refused: Set<string>; busy: number },
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#standIn = standIn;
  }

  get #isEncrypted(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  #say(...lines: string[]): void {
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  #offers(): string[] {
    const { security = 'startTls', login, mechanisms = ['PLAIN', 'LOGIN'] } = this.#options;
    const offered = ['smtp.test', 'PIPELINING', '8BITMIME', 'SMTPUTF8'];
    if (security === 'startTls' && !this.#isEncrypted) offered.push('STARTTLS');
    else if (login) offered.push(`AUTH ${mechanisms.join(' ')}`);
    return offered.map((word, index) => `250${index === offered.length - 1 ? ' ' : '-'}${word}`);
  }

  async #signIn([mechanism, initial]: string[], lines: AsyncIterator<string>): Promise<void> {
    const ask = async (question: string) => {
      this.#say(`334 ${question}`);
      return (await lines.next()).value as string;
    };
    const { login, mechanisms = ['PLAIN', 'LOGIN'] } = this.#options;
    if (!login || !mechanisms.includes(mechanism as 'PLAIN')) return this.#say('504 5.5.4 Not offered');
    const [, user, password] =
      mechanism === 'PLAIN'
        ? base64(initial ?? (await ask(''))).split('\0')
        : ['', base64(await ask('VXNlcm5hbWU6')), base64(await ask('UGFzc3dvcmQ6'))];
    this.#session.signedIn = user === login.user && password === login.password;
    this.#say(this.#session.signedIn ? '235 2.7.0 Welcome' : '535 5.7.8 Wrong user or password');
  }

  #mail(argument: string): void {
    const address = /^FROM:<([^>]*)>/i.exec(argument)?.[1];
    const { security = 'startTls', login } = this.#options;
    if (!this.#session.greeted || address === undefined) return this.#say('503 5.5.1 Not now');
    if (security !== 'none' && !this.#isEncrypted) return this.#say('530 5.7.0 STARTTLS first');
    if (login && !this.#session.signedIn) return this.#say('530 5.7.0 Sign in first');
    if (this.#standIn.busy > 0) {
      this.#standIn.busy -= 1;
      return this.#say('451 4.3.0 Busy');
    }
    this.#session = { ...this.#session, from: address, to: [] };
    this.#say('250 2.1.0 Go on');
  }

  #recipient(argument: string): void {
    const address = /^TO:<([^>]+)>/i.exec(argument)?.[1];
    if (this.#session.from === undefined || address === undefined) return this.#say('503 5.5.1 Not now');
    if (this.#standIn.refused.has(address)) return this.#say(`550 5.1.1 <${address}> No such user here`);
    this.#session.to.push(address);
    this.#say('250 2.1.5 Go on');
  }

  async #data(lines: AsyncIterator<string>): Promise<void> {
    const { from, to } = this.#session;
    if (from === undefined || to.length === 0) return this.#say('554 5.5.1 Nobody to give it to');
    this.#say('354 End with a dot');
    const text: string[] = [];
    for (;;) {
      const { value: line, done } = await lines.next();
      if (done === true) return;
      if (line === '.') break;
      // A dot that stands for itself was doubled (RFC 5321, 4.5.2); any other first dot is an error of the sender's.
      if (/^\.[^.]/.test(line)) throw new Error('a dot that was not doubled');
      text.push(line.replace(/^\.\./, '.'));
    }
    this.#standIn.taken.push({ from, to, text: text.join('\r\n'), wasEncrypted: this.#isEncrypted });
    this.#session = { ...this.#session, from: undefined, to: [] };
    this.#say('250 2.0.0 Taken');
  }

  async #answer(line: string, lines: AsyncIterator<string>): Promise<'go on' | 'tls' | 'end'> {
    const [verb = '', ...words] = line.split(' ');
    this.#standIn.commands.push(verb.toUpperCase() === 'AUTH' ? `AUTH ${words[0]}` : line);
    const argument = words.join(' ');
    switch (verb.toUpperCase()) {
      case 'EHLO':
        this.#session.greeted = true;
        this.#say(...this.#offers());
        break;
      case 'STARTTLS':
        if ((this.#options.security ?? 'startTls') !== 'startTls' || this.#isEncrypted) this.#say('502 No');
        else return 'tls';
        break;
      case 'AUTH':
        await this.#signIn(words, lines);
        break;
      case 'MAIL':
        this.#mail(argument);
        break;
      case 'RCPT':
        this.#recipient(argument);
        break;
      case 'DATA':
        await this.#data(lines);
        break;
      case 'RSET':
      case 'NOOP':
        this.#say('250 2.0.0 Well');
        break;
      case 'QUIT':
        this.#say('221 2.0.0 Bye');
        return 'end';
      default:
        this.#say('500 5.5.2 Not known');
    }
    return 'go on';
  }

  #encrypt(): void {
    this.#say('220 2.0.0 Begin');
    this.#socket = new TLSSocket(this.#socket, { isServer: true, ...this.#options.tls });
    this.#session = { greeted: false, signedIn: false, from: undefined, to: [] };
  }

  async run(): Promise<void> {
    if (this.#options.security === 'tls')
      this.#socket = new TLSSocket(this.#socket, { isServer: true, ...this.#options.tls });
    this.#say('220 smtp.test ESMTP');
    for (let next: 'go on' | 'tls' | 'end' = 'go on'; next !== 'end';) {
      const lines = linesOf(this.#socket.iterator({ destroyOnReturn: false }));
      next = 'end';
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
        next = await this.#answer(line.value, lines);
        if (next !== 'go on') break;
      }
      if (next === 'tls') this.#encrypt();
    }
    this.#socket.end();
  }
}

/** Starts a server that keeps what it is sent; stop it at the end. */
export async function startSmtp(options: SmtpOptions): Promise<SmtpStandIn> {
  const standIn = { taken: [], commands: [], refused: new Set<string>(), busy: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).once('close', () => sockets.delete(socket)));
    new Conversation(socket, options, standIn).run().catch(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(standIn, {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  });
}
