import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A server that is not ours. */
export interface RealMongo {
  readonly host: string;
  readonly port: number;
  readonly uri: string;
  stop(): Promise<void>;
}

/**
 * Starts mongo-java-server on a free port, or gives undefined when `test/servers/install/mongo-java-server.sh` has not
 * been run. It knows neither sign-in nor TLS nor validators.
 */
export async function startMongoJavaServer(): Promise<RealMongo | undefined> {
  const bin = process.env['WRITEBACK_TEST_BIN'] ?? join(homedir(), '.cache/writeback-test/bin');
  const dir = join(bin, 'mongo-java-server');
  if (!existsSync(join(dir, 'TestMongo.class'))) return undefined;
  const options = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const child = spawn('java', [...options, '-cp', `${dir}/*:${dir}`, 'TestMongo', '0'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const port = await new Promise<number>((done, fail) => {
    child.once('error', fail).once('exit', (code) => fail(new Error(`mongo-java-server ended with ${code}`)));
    createInterface(child.stdout).on('line', (line) => {
      const match = /^listening on (\d+)$/.exec(line);
      if (match) done(Number(match[1]));
    });
  });
  return {
    host: '127.0.0.1',
    port,
    uri: `mongodb://127.0.0.1:${port}`,
    // It ends by itself when its standard input ends, so that it cannot outlive a test that was killed.
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
