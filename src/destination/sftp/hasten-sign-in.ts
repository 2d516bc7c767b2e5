import type { Client, ParsedKey } from 'ssh2';
import { entryOf } from './ssh2-internals.ts';

/** What signing in told besides. */
export interface SignInPace {
  /** Milliseconds of a round trip, of a question that costs the server nothing. Infinity when it was not measured. */
  roundTrip: number;
}

const hashes: Readonly<Record<string, string>> = {
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
  'ssh-rsa': 'sha1',
};

/**
 * Saves two round trips of ssh2's signing in, where its inside is known. Requests may follow each other without an answer
 * between (RFC 4252, 5), so the first one goes out with the request for the service: as soon as the server has told which
 * signatures it takes (RFC 8308), which comes right behind its keys; one that tells nothing is waited for. And a key signs
 * at once, without asking before whether it would be taken. Call it after `client.connect`.
 */
export function hastenSignIn(client: Client, key: ParsedKey | undefined): SignInPace {
  const pace: SignInPace = { roundTrip: Infinity };
  const protocol = entryOf(client);
  if (!protocol) return pace;
  client.once('handshake', () => {
    const { SERVICE_ACCEPT: begin, EXT_INFO: learn } = protocol._handlers;
    const asked = performance.now();
    let begun = false;
    const beginOnce = () => {
      if (!begun) begin?.(protocol, 'ssh-userauth');
      begun = true;
    };
    protocol._handlers['EXT_INFO'] = (...values) => {
      learn?.(...values);
      beginOnce();
    };
    protocol._handlers['SERVICE_ACCEPT'] = () => {
      pace.roundTrip = performance.now() - asked;
      beginOnce();
    };
  });
  if (key) signAtOnce(protocol, key);
  return pace;
}

function signAtOnce(protocol: NonNullable<ReturnType<typeof entryOf>>, key: ParsedKey): void {
  const request = protocol.authPK.bind(protocol);
  protocol.authPK = (username, publicKey, algorithm, sign) => {
    if (sign) return request(username, publicKey, algorithm, sign);
    request(username, publicKey, algorithm, (data, done) => {
      const signature = key.sign(data, algorithm === undefined ? undefined : hashes[algorithm]);
      // Asked first, ssh2 tells of a key that cannot sign.
      if (signature instanceof Error) request(username, publicKey, algorithm);
      else done(signature);
    });
  };
}
