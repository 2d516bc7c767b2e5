import type { AnyAuthMethod, AuthHandlerMiddleware, AuthenticationType, ParsedKey, Prompt } from 'ssh2';
import { UserError } from '../../errors.ts';

/** Who signs in, with what. */
export interface Identity {
  readonly username: string;
  readonly password: string | undefined;
  readonly key: ParsedKey | undefined;
}

/** What happened while signing in, for the sentence that tells why it failed. */
export interface SignInLog {
  /** Methods that the server offered, ever. */
  readonly offered: Set<string>;
  /** Methods that were tried and did not suffice. */
  readonly tried: Set<string>;
  /** Methods that the server took, while it wanted another one as well. */
  readonly accepted: Set<string>;
  /** A question of the server that no stored answer fits. */
  question?: string;
}

/** An empty log. */
export function createSignInLog(): SignInLog {
  return { offered: new Set(), tried: new Set(), accepted: new Set() };
}

const secondFactor = /one.?time|verification|otp|token|passcode|authenticator|duo|code/i;
const newPassword = /new password|retype|expired/i;

/** Answers the questions of keyboard-interactive by their text; undefined when one cannot be answered. */
export function answerPrompts(
  prompts: readonly Prompt[],
  identity: Identity,
  log: SignInLog,
): string[] | undefined {
  const answers: string[] = [];
  for (const { prompt, echo } of prompts) {
    const isName = echo === true && /user|login|name/i.test(prompt);
    const known = !newPassword.test(prompt) && !secondFactor.test(prompt);
    const answer = isName ? identity.username : known ? identity.password : undefined;
    if (answer === undefined) {
      log.question = prompt.trim();
      return undefined;
    }
    answers.push(answer);
  }
  return answers;
}

function method(name: string, identity: Identity, log: SignInLog): AnyAuthMethod | undefined {
  const { username, password, key } = identity;
  if (name === 'publickey' && key) return { type: 'publickey', username, key };
  if (name === 'password' && password) return { type: 'password', username, password };
  if (name !== 'keyboard-interactive' || !password) return undefined;
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _instructions, _language, prompts, finish) =>
      finish(answerPrompts(prompts, identity, log) ?? []),
  };
}

const order = ['publickey', 'password', 'keyboard-interactive'] as const;

/**
 * Offers a key, or asks the server what it wants, and gives that, each method once. ssh2's own order fails where a server
 * wants two methods in its own order, so `methodsLeft` is followed instead.
 */
export function followServer(identity: Identity, log: SignInLog): AuthHandlerMiddleware {
  let last: string | undefined;
  return (left: AuthenticationType[] | null, partial, next) => {
    for (const name of left ?? []) log.offered.add(name);
    if (last !== undefined && partial) log.accepted.add(last);
    if (left === null && !identity.key) return next('none');
    // A key that came before the server offered to take one may be wanted later.
    if (!log.offered.has('publickey')) log.tried.delete('publickey');
    for (const name of order) {
      const open = left?.includes(name) ?? name === 'publickey';
      const auth = open && !log.tried.has(name) ? method(name, identity, log) : undefined;
      if (auth === undefined) continue;
      last = name;
      log.tried.add(name);
      return next(auth);
    }
    // The type leaves out `false`, which is how ssh2 is told to give up.
    next(false as unknown as AuthenticationType);
  };
}

const names: Record<string, string> = {
  publickey: 'a private key',
  password: 'a password',
  'keyboard-interactive': 'a password (asked as a question)',
};

const spoken = (methods: Iterable<string>) => [...methods].map((name) => names[name] ?? name).join(' or ');

/** Says why nobody was let in: what the server offers, what was given, and what is missing. */
export function loginRefused(identity: Identity, log: SignInLog, cause: unknown): UserError {
  const told = (message: string, remedy: string, field: string) =>
    new UserError('sftp-login-refused', message, { remedy, field, cause });
  const { username } = identity;
  if (log.question !== undefined) {
    const message = `The server asks “${log.question}”, which nobody can answer in an unattended run.`;
    return told(
      message,
      'Ask the administrator for an account without a one-time code, or with a key.',
      'username',
    );
  }
  const given = [...log.tried].filter((name) => !log.accepted.has(name));
  const first =
    log.accepted.size > 0
      ? `The server took ${spoken(log.accepted)} of ${username} but wants more`
      : undefined;
  if (given.length > 0) {
    const field = given.includes('publickey') && !given.includes('password') ? 'sshPrivateKey' : 'password';
    const message = `${first ?? 'The server refused to sign in'} ${first ? 'and refused' : `${username} with`} ${spoken(given)}. It offers ${spoken(log.offered)}.`;
    return told(
      message,
      'Check the user name, the password, and that the public half of the key is installed on the server.',
      field,
    );
  }
  const field = log.offered.has('publickey') && identity.key === undefined ? 'sshPrivateKey' : 'password';
  const message = `${first ?? `The server wants ${spoken(log.offered)} of ${username}`}, and none that fits was given.`;
  return told(message, `Enter ${spoken(log.offered)}.`, field);
}

/** The server wants a new password before it lets anybody in; ssh2 would wait for ever. */
export function passwordExpired(identity: Identity): UserError {
  return new UserError('sftp-password-expired', `The password of ${identity.username} has expired.`, {
    field: 'password',
    remedy: 'Sign in once with another program, set a new password, and enter it here.',
  });
}
