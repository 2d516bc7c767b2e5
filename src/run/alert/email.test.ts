import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { never } from '../../../test/servers/store-places.ts';
import { type SmtpOptions, startSmtp } from '../../../test/servers/smtp-stand-in.ts';
import { makeTls } from '../../../test/servers/tls.ts';
import { addressPolicy } from '../../egress/address-policy.ts';
import { createEgress } from '../../egress/egress.ts';
import type { AlertMessage } from './alert-channel.ts';
import { type EmailPlace, createEmail } from './email.ts';
import { readSmtpUrl } from './smtp-url.ts';

const tls = await makeTls();
after(() => tls.stop());
const login = { user: 'ann', password: 'p4ssw0rd-of-ann' };
const trusted = { ca: tls.ca };

const message: AlertMessage = {
  id: 'alert-7',
  kind: 'failed',
  message: '“Sales” failed: a < b & c\r\n.\r\n..Bcc: eve@example.com',
  at: new Date('2026-03-02T10:00:00Z'),
  writebackId: 'writeback_1',
  runId: 'run_1',
};

async function server(options: Partial<SmtpOptions> = {}) {
  const smtp = await startSmtp({ tls, login, ...options });
  after(() => smtp.stop());
  const place: EmailPlace = {
    host: 'localhost',
    port: smtp.port,
    security: options.security ?? 'startTls',
    username: login.user,
    password: login.password,
    from: 'Writeback <writeback@example.com>',
    to: ['ann@example.com', 'bob@example.com'],
  };
  const send = async (more: Partial<EmailPlace> = {}, told = message) =>
    createEmail({ ...place, ...more }, createEgress(), trusted).send(told, never);
  return { smtp, place, send };
}

/** The decoded part of a mail that has that content type. */
function part(text: string, type: string): string {
  const from = text.indexOf(`Content-Type: ${type}`);
  const [head = '', body = ''] = text.slice(from).split('\r\n\r\n');
  const raw = text.slice(from + head.length + 4).split('\r\n--')[0] ?? body;
  if (/base64/i.test(head)) return Buffer.from(raw, 'base64').toString();
  const bytes = raw
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

for (const security of ['startTls', 'tls', 'none'] as const)
  for (const mechanism of ['PLAIN', 'LOGIN'] as const)
    test(`a mail arrives as it was meant (${security}, ${mechanism})`, async () => {
      const { smtp, send } = await server({ security, mechanisms: [mechanism] });
      assert.equal(await send(), undefined);
      const [mail] = smtp.taken;
      assert.deepEqual(
        [mail?.from, mail?.to],
        ['writeback@example.com', ['ann@example.com', 'bob@example.com']],
      );
      assert.equal(mail?.wasEncrypted, security !== 'none');
      assert.ok(smtp.commands.includes(`AUTH ${mechanism}`));
      const text = part(mail.text, 'text/plain').replaceAll('\r\n', '\n');
      assert.match(text, /^“Sales” failed: a < b & c\n\.\n\.\.Bcc: eve@example\.com\n/);
      assert.match(text, /\nRun: run_1\n/);
      assert.match(part(mail.text, 'text/html'), /failed: a &lt; b &amp; c/);
      assert.doesNotMatch(mail.text.split('\r\n\r\n')[0]!, /^Bcc:/m);
    });

test('the same alert bears the same Message-ID, another one another', async () => {
  const { smtp, send } = await server();
  await send();
  await send();
  await send({}, { ...message, id: 'alert-8' });
  const ids = smtp.taken.map(({ text }) => /^Message-ID: (.*)$/m.exec(text)?.[1]);
  assert.equal(ids[0], '<alert-7.writeback_1@example.com>');
  assert.equal(ids[1], ids[0]);
  assert.notEqual(ids[2], ids[0]);
});

test('what must be changed is the person’s, what may pass is tried again, and no error tells the password', async () => {
  const { smtp, send } = await server();
  const refused = async (more: Partial<EmailPlace>, name: string, code: string) =>
    assert.rejects(send(more), (error: Error & { code: string; cause?: unknown }) => {
      assert.deepEqual([error.name, error.code], [name, code]);
      assert.doesNotMatch(JSON.stringify([error.message, error.stack, error]), /p4ssw0rd|wr0ng/);
      return true;
    });
  await refused({ password: 'wr0ng-p4ssw0rd' }, 'UserError', 'alert-login-refused');
  smtp.refused.add('ann@example.com').add('bob@example.com');
  await refused({}, 'UserError', 'alert-recipient-refused');
  smtp.refused.clear();
  smtp.busy = 1;
  await refused({}, 'TemporaryError', 'alert-not-sent');
  assert.equal(smtp.taken.length, 0);
  await send();
  assert.equal(smtp.taken.length, 1);
  await refused({ port: 9 }, 'TemporaryError', 'connection-refused');
});

test('a recipient that is refused does not keep the mail from the others, and is told', async () => {
  const { smtp, send } = await server();
  smtp.refused.add('bob@example.com');
  assert.match((await send()) as string, /bob@example\.com/);
  assert.deepEqual(smtp.taken[0]?.to, ['ann@example.com']);
});

test('nothing is said to a server that cannot be trusted', async () => {
  const plain = await server({ security: 'none' });
  await assert.rejects(plain.send({ security: 'startTls' }), { code: 'alert-no-tls' });
  const { place, smtp } = await server();
  const strangers = createEmail(place, createEgress()).send(message, never);
  await assert.rejects(strangers, { code: 'certificate-refused' });
  const secure = await server({ security: 'tls' });
  await assert.rejects(createEmail(secure.place, createEgress()).send(message, never), {
    code: 'certificate-refused',
  });
  for (const one of [plain.smtp, smtp, secure.smtp])
    assert.ok(!one.commands.some((command) => /^(AUTH|MAIL)/.test(command)), one.commands.join());
  const offersNone = await startSmtp({ tls });
  after(() => offersNone.stop());
  await assert.rejects(
    createEmail({ ...place, port: offersNone.port }, createEgress(), trusted).send(message, never),
  );
  assert.equal(offersNone.taken.length, 0);
});

test('the rules of egress hold, and an abort ends the sending', async () => {
  const { place, smtp } = await server();
  const closed = createEgress(addressPolicy({ allow: [] }));
  await assert.rejects(createEmail(place, closed, trusted).send(message, never), { code: 'egress-blocked' });
  const reason = new Error('enough');
  await assert.rejects(
    createEmail(place, createEgress(), trusted).send(message, AbortSignal.abort(reason)),
    reason,
  );
  assert.equal(smtp.taken.length, 0);
});

test('the address of a mail server tells how it is spoken to', () => {
  assert.deepEqual(readSmtpUrl('smtps://ann%40example.com:p%2Fw@mail.example.com'), {
    host: 'mail.example.com',
    port: 465,
    security: 'tls',
    username: 'ann@example.com',
    password: 'p/w',
  });
  const { port, security, username } = readSmtpUrl('smtp://mail.example.com:2525');
  assert.deepEqual([port, security, username], [2525, 'startTls', undefined]);
  assert.equal(readSmtpUrl('smtp://localhost:25?tls=none').security, 'none');
  for (const wrong of ['mail.example.com', 'http://x', 'smtp://x?tls=no', 'smtp://x/y', 'smtp://a:s3cr%@x'])
    assert.throws(
      () => readSmtpUrl(wrong),
      (error: Error & { code: string }) => error.code === 'alert-url' && !error.message.includes('s3cr'),
      wrong,
    );
});
